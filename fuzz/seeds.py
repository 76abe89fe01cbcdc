#!/usr/bin/env python3
"""Writes seeds of the fuzz targets into fuzz/corpus: python3 fuzz/seeds.py

A seed is a small, valid input to begin from. Messages and records are encoded by their schema
(schema/kafka), so that a new field needs no change here. Seeds that are not made here were recorded
from real clients, or written by hand.
"""

import struct
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz/corpus"
sys.path.insert(0, str(ROOT / "tools"))

from kafka_schema import Range, load  # noqa: E402

NUMBERS = {"bool": ">?", "int8": ">b", "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q",
           "float64": ">d"}
TOPIC = uuid.UUID(int=0x1234567890ABCDEF1234567890ABCDEF)
DIRECTORY = uuid.UUID(int=0xFEDCBA0987654321FEDCBA0987654321)


# Messages by their schema

def uvarint(n):
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes([*out, n])


class Encoder:
    """Encodes messages of schema/kafka. Fields that are not given have their defaults, fields that the version lacks
    are left out."""

    def __init__(self):
        self.messages = {m.name: m for d in load(ROOT / "schema/kafka") for m in d.messages}

    def encode(self, name, version, /, **values):
        message = self.messages[name]
        return self.fields(message.body, values, version, message.flexible(version))

    def fields(self, of, values, version, flexible):
        if unknown := set(values) - {f.name for f in of.fields}:
            raise ValueError(f"{of.name} has no {unknown}")
        here = [f for f in of.fields if f.versions.covers(Range(version, version))]
        out = b"".join(self.value(f, values.get(f.name, self.default(f)), version, flexible)
                       for f in here if f.tag is None)
        if not flexible:
            return out
        tagged = [f for f in here if f.tag is not None and f.name in values]
        out += uvarint(len(tagged))
        for f in sorted(tagged, key=lambda f: f.tag):
            value = self.value(f, values[f.name], version, flexible)
            out += uvarint(f.tag) + uvarint(len(value)) + value
        return out

    @staticmethod
    def default(f):
        if f.default is not None:
            return {"null": None, "true": True}[f.default] if f.default in ("null", "true") else int(f.default, 0)
        if f.array:
            return []
        return {"string": "", "bytes": b"", "records": b"", "uuid": uuid.UUID(int=0)}.get(f.type, {} if f.struct else 0)

    def value(self, f, value, version, flexible):
        compact = flexible and not f.classic
        if f.array:
            if value is None:
                return b"\0" if compact else struct.pack(">i", -1)
            count = uvarint(len(value) + 1) if compact else struct.pack(">i", len(value))
            return count + b"".join(self.one(f, item, version, flexible) for item in value)
        if f.struct and f.nullable:
            return b"\xff" if value is None else b"\x01" + self.one(f, value, version, flexible)
        return self.one(f, value, version, flexible)

    def one(self, f, value, version, flexible):
        if f.struct:
            return self.fields(f.struct, value, version, flexible)
        if f.type in NUMBERS:
            return struct.pack(NUMBERS[f.type], value)
        if f.type == "uuid":
            return value.bytes
        raw = value.encode() if isinstance(value, str) else value
        if flexible and not f.classic:
            return b"\0" if raw is None else uvarint(len(raw) + 1) + raw
        sized = ">h" if f.type == "string" else ">i"
        return struct.pack(sized, -1) if raw is None else struct.pack(sized, len(raw)) + raw


ENCODER = Encoder()
encode = ENCODER.encode


def piece(raw):
    """As fuzz/input.h reads it."""
    return struct.pack(">H", len(raw)) + raw


def metadata(kind, version=0, /, **values):
    """A metadata record with its frame (metadata/record.h)."""
    number = ENCODER.messages[kind].number
    return uvarint(1) + uvarint(number) + uvarint(version) + encode(kind, version, **values)


def batch(base_offset, of="kafka_clients_4_3_1_none"):
    """A recorded batch at another offset, which its CRC does not cover."""
    recorded = (CORPUS / "record_batch" / of).read_bytes()
    return struct.pack(">q", base_offset) + recorded[8:]


# Seeds by target: name to content

def settings():
    return {
        "kraft": b"""# The minimal file of a node that is broker and controller
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
advertised.listeners=PLAINTEXT://localhost:9092
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=/tmp/data
num.partitions=1
log.retention.hours=168
""",
        "topic": b"cleanup.policy=compact,delete\nretention.ms=-1\nmin.cleanable.dirty.ratio=0.5\n"
                 b"compression.type=zstd\nleader.replication.throttled.replicas=0:1,1:2\n",
        "syntax": b"! bang\n\\u0061cks : 1\nlong=a,\\\n   b,\\\r\n\tc\nescaped\\=name\\ x=\\t\\\\end\\\nlast",
        "listener": b"listener.name.internal.ssl.keystore.location=/k\nlistener.name.internal.scram-sha-256."
                    b"sasl.jaas.config=x;\nssl.client.auth=required\n",
        "wrong": b"log.retention.hors=1\nnum.network.threads=0\nlog.segment.bytes=10 GiB\nzookeeper.connect=z:2181\n",
    }


def listeners():
    return {
        "two": b"listeners=PLAINTEXT://:9092,CONTROLLER://localhost:9093\ncontroller.listener.names=CONTROLLER\n"
               b"advertised.listeners=PLAINTEXT://broker.example:19092\n"
               b"listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n",
        "named": b"listeners=INSIDE://[::1]:9092,OUTSIDE://0.0.0.0:0\ninter.broker.listener.name=INSIDE\n"
                 b"listener.security.protocol.map=INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT\n",
        "limits": b"max.connections.per.ip.overrides=10.0.0.1:5,host:7\nmax.connections=100\n",
        "logs": b"log.retention.hours=-1\nlog.segment.bytes=1048576\ncompression.type=lz4\nlog.roll.jitter.ms=5\n",
    }


def names():
    return {
        "uuid": b"8T8l0Yp2Q7qRj6jCk1rJ2w",
        "address": b"broker-1.example:9092",
        "address_v6": b"[2001:db8::1]:9092",
        "segment": b"00000000000000000042.timeindex.cleaned",
        "snapshot": b"00000000000000001000.snapshot",
        "partition": b"orders.eu-west_1-17",
        "deleted": b"orders-3." + b"0123456789abcdef" * 2 + b"-delete",
    }


def ranges():
    texts = ["start..end", "3@100..+50", "-10", "@2026-05-01..@2026-05-01T10:00:00.123+02:00", "-2h30m..now",
             "s@1714550400000", "beginning..", "@-90m", "500ms", "1714550400000", "2026-05-01T10:00Z"]
    return {f"{i:02}": text.encode() for i, text in enumerate(texts)}


def consumer_protocol():
    owned = [{"topic": "orders", "partitions": [0, 1, 5]}, {"topic": "audit", "partitions": [2]}]
    seeds = {}
    for version in range(4):
        values = {"topics": ["orders", "audit"], "user_data": b"\1\2" if version == 0 else None}
        if version >= 1:
            values["owned_partitions"] = owned
        if version >= 2:
            values["generation_id"] = 7
        if version >= 3:
            values["rack_id"] = "a"
        seeds[f"subscription_v{version}"] = (struct.pack(">h", version) +
                                             encode("ConsumerProtocolSubscription", version, **values))
    seeds["assignment"] = struct.pack(">h", 0) + encode("ConsumerProtocolAssignment", 0, assigned_partitions=owned)
    return seeds


def record_text():
    def seed(form, choices, chunk, text):
        return bytes([form, choices, chunk]) + text

    return {
        "lines": seed(0, 0, 3, b"one\ntwo\r\n\nfour"),
        "keys": seed(0, 1 | 2 | 8, 255, b"a:1\nb:NULL\nNULL:x\n"),
        "ndjson": seed(1, 4, 10, b'{"id": 7, "name": "caf\xc3\xa9"}\n{"id": "x", "n": 1.5e3, "deep": [{"a": null}]}\n'),
        "envelope": seed(2, 0, 64, b'{"topic":"t","partition":1,"offset":9,"timestamp":1714550400000,"key":"k",'
                                   b'"value":null,"headers":[{"key":"h","value":"v"},'
                                   b'{"key":"b","value_base64":"/wA="}]}\n'),
        "csv": seed(3, 4, 7, b'id,name\n1,"Smith, ""J"""\n2,\n'),
    }


def command_line():
    lines = ["topic list --internal --sort -bytes -o json", "consume orders -r -1h..now --follow --group audit",
             "produce orders -k : -i ndjson --key-field id", "help topic create",
             "topic create a b -p 6 --set retention.ms=1", "up --data /tmp/d --listen 127.0.0.1:0 --set node.id=2",
             "group reset audit --to @2026-05-01 --yes -vv", "config get --help", "completion bash",
             "status -b broker:9092 --timeout 5 --columns name,id --color never", "topc list", "--version"]
    return {f"{i:02}": line.replace(" ", "\n").encode() for i, line in enumerate(lines)}


def group_records():
    def record(key_type, name, key, value_version=None, value=None):
        key = struct.pack(">h", key_type) + encode(f"{name}Key", 0, **key)
        if value is None:
            return b"\1" + piece(key)
        value = struct.pack(">h", value_version) + encode(f"{name}Value", value_version, **value)
        return b"\0" + piece(key) + piece(value)

    subscription = consumer_protocol()["subscription_v1"]
    assignment = consumer_protocol()["assignment"]
    member = {"member_id": "m-1", "client_id": "c", "client_host": "/127.0.0.1", "rebalance_timeout": 300000,
              "session_timeout": 10000, "subscription": subscription, "assignment": assignment}
    group = {"protocol_type": "consumer", "generation": 3, "protocol": "range", "leader": "m-1",
             "current_state_timestamp": 1779999999000, "members": [member, {**member, "member_id": "m-2",
                                                                            "group_instance_id": "s"}]}
    older = {**group, "members": [member]}
    offset_key = {"group": "g", "topic": "orders", "partition": 0}
    offset = {"offset": 17, "metadata": "note", "commit_timestamp": 1779999999000}
    return {
        "group_v3": record(2, "GroupMetadata", {"group": "g"}, 3, group),
        "group_v4": record(2, "GroupMetadata", {"group": "g"}, 4, group),
        "group_then_gone": (record(2, "GroupMetadata", {"group": "g"}, 2, older) +
                            record(2, "GroupMetadata", {"group": "g"})),
        "offset": record(1, "OffsetCommit", offset_key, 3, offset) + record(1, "OffsetCommit", offset_key),
        "offset_expires": record(1, "OffsetCommit", offset_key, 1, {**offset, "expire_timestamp": 1780000001000}),
        "offset_topic_id": record(1, "OffsetCommit", offset_key, 4, {**offset, "topic_id": TOPIC}),
        "transaction": (b"\x52" + record(1, "OffsetCommit", offset_key, 3, offset)[1:] + b"\x54" +
                        record(1, "OffsetCommit", offset_key, 3, {**offset, "offset": 18})),
        "consumer_group": (record(3, "ConsumerGroupMetadata", {"group_id": "m"}, 0, {"epoch": 2}) +
                           record(5, "ConsumerGroupMemberMetadata", {"group_id": "m", "member_id": "x"}, 0,
                                  {"client_id": "c", "subscribed_topic_names": ["orders"]})),
    }


def a_cluster():
    """The metadata records of a broker, a topic and some configs."""
    endpoint = {"name": "PLAINTEXT", "host": "127.0.0.1", "port": 9092}
    return [
        metadata("FeatureLevelRecord", name="metadata.version", feature_level=30),
        metadata("FeatureLevelRecord", name="group.version", feature_level=1),
        metadata("RegisterBrokerRecord", 3, broker_id=1, incarnation_id=TOPIC, broker_epoch=5, endpoints=[endpoint],
                 features=[{"name": "metadata.version", "min_supported_version": 7, "max_supported_version": 30}],
                 rack="a", fenced=True, log_dirs=[DIRECTORY]),
        metadata("BrokerRegistrationChangeRecord", 2, broker_id=1, broker_epoch=5, fenced=-1),
        metadata("TopicRecord", name="orders", topic_id=TOPIC),
        metadata("PartitionRecord", 1, partition_id=0, topic_id=TOPIC, replicas=[1], isr=[1], leader=1, leader_epoch=0,
                 partition_epoch=0, directories=[DIRECTORY]),
        metadata("PartitionChangeRecord", 2, partition_id=0, topic_id=TOPIC, isr=[1], leader=1,
                 eligible_leader_replicas=[]),
        metadata("ConfigRecord", resource_type=2, resource_name="orders", name="retention.ms", value="1000"),
        metadata("ConfigRecord", resource_type=2, resource_name="orders", name="retention.ms", value=None),
        metadata("ProducerIdsRecord", broker_id=1, broker_epoch=5, next_producer_id=1000),
    ]


def metadata_log():
    others = [
        metadata("RegisterControllerRecord", controller_id=1, incarnation_id=TOPIC,
                 endpoints=[{"name": "CONTROLLER", "host": "h", "port": 9093}]),
        metadata("ClientQuotaRecord", entity=[{"entity_type": "user", "entity_name": None}], key="producer_byte_rate",
                 value=1.5),
        metadata("AccessControlEntryRecord", id=TOPIC, resource_type=2, resource_name="orders", pattern_type=3,
                 principal="User:a", host="*", operation=3, permission_type=3),
        metadata("UserScramCredentialRecord", name="a", mechanism=1, salt=b"s", stored_key=b"k", server_key=b"v",
                 iterations=4096),
        metadata("DelegationTokenRecord", owner="User:a", requester="User:a", issue_timestamp=1, max_timestamp=9,
                 expiration_timestamp=5, token_id="t"),
    ]
    removals = [metadata("RemoveAccessControlEntryRecord", id=TOPIC),
                metadata("RemoveUserScramCredentialRecord", name="a", mechanism=1),
                metadata("RemoveDelegationTokenRecord", token_id="t")]
    fencing = [metadata("UnfenceBrokerRecord", id=1, epoch=5), metadata("FenceBrokerRecord", id=1, epoch=5),
               metadata("UnregisterBrokerRecord", broker_id=1, broker_epoch=5)]
    transaction = [metadata("BeginTransactionRecord", name="x"), *a_cluster()[4:6], metadata("EndTransactionRecord")]
    return {
        "cluster": b"".join(map(piece, a_cluster())),
        "others": b"".join(map(piece, others)),
        "removed": b"".join(map(piece, others + removals)),
        "topic_removed": b"".join(map(piece, a_cluster() + [metadata("RemoveTopicRecord", topic_id=TOPIC)])),
        "transaction": b"".join(map(piece, a_cluster()[:4] + transaction)),
        "aborted": b"".join(map(piece, transaction[:2] + [metadata("AbortTransactionRecord", reason="r")])),
        "fenced": b"".join(map(piece, a_cluster()[:3] + fencing)),
    }


def varint(n):
    return uvarint(n << 1 if n >= 0 else (-n << 1) - 1)


def control_batch(offset, kind, value):
    """A control batch of one record; the target makes its CRC right."""
    key = struct.pack(">hh", 0, kind)
    body = b"\0\0\0" + varint(len(key)) + key + varint(len(value)) + value + b"\0"
    record = varint(len(body)) + body
    header = struct.pack(">ibIhiqqqhii", 0, 2, 0, 0x20, 0, 1000, 1000, -1, -1, -1, 1)
    return struct.pack(">qi", offset, len(header) + len(record)) + header + record


def data_batch(offset, values):
    body = b""
    for delta, value in enumerate(values):
        record = b"\0\0" + varint(delta) + varint(-1) + varint(len(value)) + value + b"\0"
        body += varint(len(record)) + record
    header = struct.pack(">ibIhiqqqhii", 0, 2, 0, 0, len(values) - 1, 1000, 1000, -1, -1, -1, len(values))
    return struct.pack(">qi", offset, len(header) + len(body)) + header + body


def quorum_files():
    header = encode("SnapshotHeaderRecord", 0, last_contained_log_timestamp=1000)
    footer = encode("SnapshotFooterRecord", 0)
    records = a_cluster()
    snapshot = control_batch(0, 3, header) + data_batch(1, records) + control_batch(1 + len(records), 4, footer)
    return {
        "quorum_state_0": b'\0{"clusterId":"","leaderId":1,"leaderEpoch":3,"votedId":-1,"appliedOffset":0,'
                          b'"currentVoters":[{"voterId":1},{"voterId":2}],"data_version":0}',
        "quorum_state_1": b'\0{"leaderId":-1,"leaderEpoch":3,"votedId":1,"votedDirectoryId":"8T8l0Yp2Q7qRj6jCk1rJ2w",'
                          b'"data_version":1}',
        "checkpoint_name": b"\x0100000000000000000042-0000000003.checkpoint",
        "snapshot": b"\2" + snapshot,
    }


def log_files():
    transaction = struct.pack(">hqqqq", 0, 5, 1000, 1010, 1000)
    producer = struct.pack(">qhiqiqiq", 7, 0, 9, 1005, 2, 1779999999000, 0, -1)
    contents = {
        "offset_checkpoint": b"0\n2\norders 0 1500\norders 1 1498\n",
        "epoch_checkpoint": b"0\n2\n0 0\n7 1200\n",
        "partition_metadata": b"version: 0\ntopic_id: 8T8l0Yp2Q7qRj6jCk1rJ2w",
        "meta_properties": b"# c\nversion=1\ncluster.id = x\nnode.id=1\ndirectory.id=8T8l0Yp2Q7qRj6jCk1rJ2w\n",
        "clean_shutdown": b'{"version":0,"brokerEpoch":12}',
        "producer_snapshot": struct.pack(">hIi", 1, 0, 2) + producer + struct.pack(">q", 8) + producer[8:38] +
                             struct.pack(">q", 1003),
        "offset_index": struct.pack(">IIII", 3, 200, 9, 900) + bytes(8),
        "time_index": struct.pack(">qiqi", 1000, 3, 2000, 9) + bytes(12),
        "transaction_index": transaction + struct.pack(">hqqqq", 0, 6, 1005, 1020, 1005),
    }
    return {name: bytes([number]) + content for number, (name, content) in enumerate(contents.items())}


def log_recovery():
    def file(number, content):
        return bytes([number]) + piece(content)

    log_0, index_0, time_0, log_10, swap, epochs, recovery, start = 0, 1, 2, 4, 10, 15, 17, 18
    first, second = data_batch(0, [b"a", b"bb"]), data_batch(2, [b"c"] * 8)
    third = data_batch(10, [b"d"])
    transactional = batch(11, "kafka_clients_4_3_1_transactional")
    marker = batch(13, "kafka_clients_4_3_1_marker")
    checkpoint = b"0\n1\norders 0 %d\n"
    return {
        "one_segment": b"\0" + file(log_0, first + second),
        "two_segments": b"\2" + file(log_0, first + second) + file(log_10, third + transactional + marker) +
                        file(recovery, checkpoint % 10),
        "torn": b"\2" + file(log_0, first + second[:70]),
        "rotten": b"\0" + file(128 | log_0, first + b"\1" * len(first) + second) + file(recovery, checkpoint % 10),
        "clean": b"\1" + file(log_0, first + second) + file(index_0, struct.pack(">II", 9, len(first))) +
                 file(time_0, struct.pack(">qi", 1000, 1)) + file(epochs, b"0\n1\n0 0\n"),
        "swap": b"\0" + file(log_0, first) + file(swap, first + second) + file(start, checkpoint % 1),
        "foreign": b"\0" + file(21, b"version=1\ncluster.id=c\nnode.id=2\n"),
    }


def requests():
    """One request of every API that a broker serves: name, key, version, values."""
    orders = {"name": "orders", "topic": "orders", "topic_id": TOPIC}

    def topics(item, **values):
        """Topic "orders" in the name the API has for it."""
        wanted = {f.name for f in item.fields}
        return [{k: v for k, v in (orders | values).items() if k in wanted}]

    def struct_of(message, name):
        return next(f.struct for f in ENCODER.messages[message].body.fields if f.name == name)

    def of_topics(api, field="topics", **values):
        return {field: topics(struct_of(f"{api}Request", field), **values)}

    def produce(codec):
        return {"acks": -1, "timeout_ms": 1000,
                **of_topics("Produce", "topic_data", partition_data=[{"index": 0, "records": batch(0, codec)}])}

    protocols = [{"name": "range", "metadata": consumer_protocol()["subscription_v1"]}]
    join = {"group_id": "g", "session_timeout_ms": 10000, "rebalance_timeout_ms": 1000, "protocol_type": "consumer",
            "protocols": protocols}
    fetched = [{"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1000}]
    resource = {"resource_type": 2, "resource_name": "orders"}
    commit = [{"partition_index": 0, "committed_offset": 3, "committed_metadata": "note"}]
    return [
        ("Produce", 13, produce("kafka_clients_4_3_1_none")),
        ("Produce", 7, produce("kafka_clients_4_3_1_zstd")),
        ("Fetch", 17, {"max_wait_ms": 10, **of_topics("Fetch", partitions=fetched)}),
        ("Fetch", 4, {"max_wait_ms": 10, **of_topics("Fetch", partitions=fetched)}),
        ("ListOffsets", 10, {"replica_id": -1, **of_topics("ListOffsets", partitions=[{"timestamp": -1}])}),
        ("Metadata", 13, {"topics": [{"name": "orders"}]}), ("Metadata", 1, {"topics": None}),
        ("OffsetCommit", 9, {"group_id": "g", **of_topics("OffsetCommit", partitions=commit)}),
        ("OffsetCommit", 2, {"group_id": "g", **of_topics("OffsetCommit", partitions=commit)}),
        ("OffsetFetch", 9, {"groups": [{"group_id": "g", "topics": None}]}),
        ("OffsetFetch", 1, {"group_id": "g", **of_topics("OffsetFetch", partition_indexes=[0])}),
        ("FindCoordinator", 6, {"coordinator_keys": ["g"]}), ("FindCoordinator", 0, {"key": "g"}),
        ("JoinGroup", 9, join), ("JoinGroup", 0, join),
        ("Heartbeat", 4, {"group_id": "g", "generation_id": 1, "member_id": "m"}),
        ("LeaveGroup", 5, {"group_id": "g", "members": [{"member_id": "m"}]}),
        ("SyncGroup", 5, {"group_id": "g", "generation_id": 1, "member_id": "m", "protocol_type": "consumer",
                          "protocol_name": "range"}),
        ("DescribeGroups", 6, {"groups": ["g"]}), ("ListGroups", 5, {}),
        ("ApiVersions", 4, {"client_software_name": "c", "client_software_version": "1"}), ("ApiVersions", 99, None),
        ("CreateTopics", 7, {"topics": [{"name": "new", "num_partitions": 1, "replication_factor": 1,
                                         "configs": [{"name": "retention.ms", "value": "1000"}]}]}),
        ("DeleteTopics", 6, {"topics": [{"name": "orders"}], "timeout_ms": 1000}),
        ("DeleteRecords", 2, {"timeout_ms": 1000, **of_topics("DeleteRecords", partitions=[{"offset": -1}])}),
        ("InitProducerId", 5, {"transactional_id": None, "transaction_timeout_ms": 1000}),
        ("OffsetForLeaderEpoch", 4, of_topics("OffsetForLeaderEpoch", partitions=[{"leader_epoch": 0}])),
        ("DescribeConfigs", 4, {"resources": [resource | {"configuration_keys": None}]}),
        ("AlterConfigs", 2, {"resources": [resource | {"configs": [{"name": "retention.ms", "value": "5"}]}]}),
        ("DescribeLogDirs", 4, {"topics": None}),
        ("CreatePartitions", 3, {"topics": [{"name": "orders", "count": 4, "assignments": None}], "timeout_ms": 1000}),
        ("DeleteGroups", 2, {"groups_names": ["g"]}),
        ("IncrementalAlterConfigs", 1, {"resources": [resource | {"configs": [
            {"name": "cleanup.policy", "config_operation": 2, "value": "compact"}]}]}),
        ("OffsetDelete", 0, {"group_id": "g", **of_topics("OffsetDelete", partitions=[{}])}),
        ("DescribeCluster", 2, {}), ("ListConfigResources", 1, {"resource_types": [2]}),
        ("DescribeTopicPartitions", 0, {"topics": [{"name": "orders"}]}),
    ]


def frame(api, version, values):
    """A request without its size; the correlation id is the target's to fill in."""
    message = ENCODER.messages[f"{api}Request"]
    header = encode("RequestHeader", 2 if message.flexible(version) else 1, request_api_key=message.number,
                    request_api_version=version, client_id="c")
    return header + (b"" if values is None else encode(message.name, version, **values))


def connection():
    send, raw, wait, end, reconnect = (bytes([n]) for n in (0, 4, 5, 6, 7))
    frames = {f"{api}_{version}": frame(api, version, values) for api, version, values in requests()}
    several = ("Produce_13", "Fetch_17", "JoinGroup_9", "OffsetCommit_9", "DeleteTopics_6")
    return {
        **{name.lower(): send + piece(content) for name, content in frames.items()},
        "several": b"".join(send + piece(frames[name]) for name in several) + wait + b"\x40",
        "reconnects": send + piece(frames["Produce_7"]) + reconnect + send + piece(frames["Fetch_4"]) + end,
        "halves": raw + piece(b"\0\0\0\x10" + frames["Metadata_1"][:5]) + raw + piece(frames["Metadata_1"][5:]),
        "huge": raw + piece(b"\x7f\xff\xff\xff"),
    }


def client():
    look, change, offsets, fetch, consume, produce = (bytes([n]) for n in range(6))

    def answer(api, version, **values):
        return b"\0" + piece(encode(f"{api}Response", version, **values))

    brokers = [{"node_id": 1, "host": "server", "port": 9092}]
    partitions = [{"partition_index": n, "leader_id": 1, "leader_epoch": 0, "replica_nodes": [1], "isr_nodes": [1]}
                  for n in range(2)]
    metadata_answer = answer("Metadata", 13, brokers=brokers, cluster_id="c", controller_id=1,
                             topics=[{"name": "orders", "topic_id": TOPIC, "partitions": partitions}])
    coordinator = answer("FindCoordinator", 6, coordinators=[{"key": "g", **brokers[0]}])
    records = batch(0) + batch(3)[:50]
    fetched = answer("Fetch", 18, responses=[{"topic_id": TOPIC, "partitions": [
        {"partition_index": 0, "high_watermark": 3, "last_stable_offset": 3, "log_start_offset": 0,
         "records": records}]}])
    subscription, assignment = consumer_protocol()["subscription_v1"], consumer_protocol()["assignment"]
    joined = answer("JoinGroup", 9, generation_id=1, protocol_type="consumer", protocol_name="range", leader="m",
                    member_id="m", members=[{"member_id": "m", "metadata": subscription}])
    synced = answer("SyncGroup", 5, protocol_type="consumer", protocol_name="range", assignment=assignment)
    committed = answer("OffsetFetch", 9, groups=[{"group_id": "g", "topics": [
        {"name": "orders", "partitions": [{"partition_index": 0, "committed_offset": 3, "metadata": ""}]}]}])
    listed = answer("ListOffsets", 11, topics=[{"name": "orders", "partitions": [
        {"partition_index": 0, "timestamp": -1, "offset": 7, "leader_epoch": 0}]}])
    produced = answer("Produce", 13, responses=[{"topic_id": TOPIC, "partition_responses": [
        {"index": 0, "base_offset": 0}]}])
    return {
        "look": look + metadata_answer,
        "topic_left_out": offsets + answer("Metadata", 13, brokers=brokers, cluster_id="c", controller_id=1) +
                          metadata_answer + listed,
        "fetch": fetch + metadata_answer + fetched,
        "offsets": offsets + metadata_answer + listed + coordinator + committed,
        "consume": consume + metadata_answer + coordinator + joined + metadata_answer + synced + committed + listed +
                   fetched,
        "produce": produce + metadata_answer + answer("InitProducerId", 5, producer_id=4) + metadata_answer + produced,
        "change": change + metadata_answer + answer("CreateTopics", 7, topics=[{"name": "orders"}]),
        "raw": look + b"\1" + piece(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    }


TARGETS = {
    "client": client, "command_line": command_line, "connection": connection, "consumer_protocol": consumer_protocol,
    "group_records": group_records, "listeners": listeners, "log_files": log_files, "log_recovery": log_recovery,
    "metadata_log": metadata_log, "names": names, "quorum_files": quorum_files, "range": ranges,
    "record_text": record_text, "settings": settings,
}


def main():
    for target, seeds in TARGETS.items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in seeds().items():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
