"""What is sent comes back: codecs, acks, idempotence, and the odd shapes of a record."""

import functools

from kafka import KafkaProducer
from kafka.errors import MessageSizeTooLargeError

from scenario import Failure, expect, scenario
from session import create, read, send

VALUES = [f"{i:05d} {'the mill turns ' * 20}".encode() for i in range(200)]


def round_trip(name, bootstrap, **config):
    """Sends VALUES to one partition and reads them back; returns what was acknowledged."""
    topic = create(bootstrap, name)
    acknowledged = send(bootstrap, topic, [(0, {"key": value[:5], "value": value}) for value in VALUES], **config)
    got = read(bootstrap, topic, len(VALUES))
    expect("the offsets", list(range(len(VALUES))), [record.offset for record in got])
    expect("the records", [(value[:5], value) for value in VALUES], [(record.key, record.value) for record in got])
    return [each.offset for each in acknowledged]


for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    scenario(f"codec-{codec}")(functools.partial(round_trip, f"codec-{codec}",
                                                 compression_type=None if codec == "none" else codec, linger_ms=5))


@scenario("acks-0")
def acks_0(bootstrap):
    round_trip("acks-0", bootstrap, acks=0, enable_idempotence=False)


@scenario("acks-1")
def acks_1(bootstrap):
    offsets = round_trip("acks-1", bootstrap, acks=1, enable_idempotence=False)
    expect("the acknowledged offsets", list(range(len(VALUES))), offsets)


@scenario("acks-all")
def acks_all(bootstrap):
    offsets = round_trip("acks-all", bootstrap, acks="all", enable_idempotence=False)
    expect("the acknowledged offsets", list(range(len(VALUES))), offsets)


@scenario("idempotence")
def idempotence(bootstrap):
    topic = create(bootstrap, "idempotence", partitions=3)
    send(bootstrap, topic, [(i % 3, {"value": b"%d" % i}) for i in range(1500)], enable_idempotence=True, batch_size=200)
    for partition in range(3):
        got = [int(record.value) for record in read(bootstrap, topic, 500, partition)]
        expect(f"the records of partition {partition}", list(range(partition, 1500, 3)), got)


def one_record(name, bootstrap, **record):
    topic = create(bootstrap, name)
    send(bootstrap, topic, [(0, record)])
    (got,) = read(bootstrap, topic, 1)
    return got


@scenario("headers")
def headers(bootstrap):
    # This client cannot send a null value.
    sent = [("first", b"1"), ("twice", b"a"), ("twice", b"b"), ("empty", b""), ("m\u00fchle", "r\u00e4der".encode())]
    expect("the headers", sent, list(one_record("headers", bootstrap, value=b"v", headers=sent).headers))


@scenario("null-key")
def null_key(bootstrap):
    expect("a null key", None, one_record("null-key", bootstrap, key=None, value=b"v").key)
    expect("an empty key", b"", one_record("null-key-empty", bootstrap, key=b"", value=b"v").key)


@scenario("null-value")
def null_value(bootstrap):
    got = one_record("null-value", bootstrap, key=b"k", value=None)
    expect("key and value", (b"k", None), (got.key, got.value))


@scenario("empty-value")
def empty_value(bootstrap):
    got = one_record("empty-value", bootstrap, key=b"k", value=b"")
    expect("key and value", (b"k", b""), (got.key, got.value))


@scenario("large-record")
def large_record(bootstrap):
    value = bytes(i % 251 for i in range(1_000_000))
    expect("the large record whole", True, one_record("large-record", bootstrap, value=value).value == value)


@scenario("oversized-record")
def oversized_record(bootstrap):
    topic = create(bootstrap, "oversized-record", max_message_bytes=10_000)
    # Its idempotent producer takes this error for fatal.
    with KafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=False) as producer:
        try:
            producer.send(topic, b"x" * 20_000, partition=0).get(timeout=60)
            raise Failure("a record over the limit, expected a refusal, got none")
        except MessageSizeTooLargeError:
            pass
        expect("the offset of the next record", 0, producer.send(topic, b"small", partition=0).get(timeout=60).offset)
    expect("what arrived", [b"small"], [record.value for record in read(bootstrap, topic, 1)])
