"""Topics, settings, cluster, log directories and groups, by the admin client."""

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import CoordinatorNotAvailableError, NoError, TopicAlreadyExistsError
from kafka.structs import OffsetAndMetadata

from scenario import Failure, eventually, expect, scenario
from session import admin_of, create, read, send


@scenario("admin-topics")
def topics(bootstrap):
    topic = create(bootstrap, "admin-topics", partitions=3)
    with admin_of(bootstrap) as admin:
        expect("the topic in the list", True, topic in admin.list_topics())
        (described,) = admin.describe_topics([topic])
        partitions = sorted((p["partition_index"], len(p["replica_nodes"]), len(p["isr_nodes"])) for p in described["partitions"])
        expect("its partitions, replicas and in-sync replicas", [(0, 1, 1), (1, 1, 1), (2, 1, 1)], partitions)
        try:
            admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
            raise Failure("a second topic of that name, expected a refusal, got none")
        except TopicAlreadyExistsError:
            pass
        admin.delete_topics([topic])
        eventually("the topic gone", lambda: topic not in admin.list_topics())


@scenario("admin-partitions")
def partitions(bootstrap):
    topic = create(bootstrap, "admin-partitions")
    with admin_of(bootstrap) as admin:
        admin.create_partitions({topic: 3})
        eventually("three partitions", lambda: len(admin.describe_topics([topic])[0]["partitions"]) == 3)
    send(bootstrap, topic, [(2, {"value": b"to the new one"})])
    expect("the record in the new partition", [b"to the new one"], [r.value for r in read(bootstrap, topic, 1, partition=2)])


@scenario("admin-config")
def config(bootstrap):
    topic = create(bootstrap, "admin-config", cleanup_policy="compact")
    with admin_of(bootstrap) as admin:
        def setting(name):
            described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
            found = described["topic"][topic][name]
            return found["value"], found["config_source"]

        expect("a setting given at creation", ("compact", "DYNAMIC_TOPIC_CONFIG"), setting("cleanup.policy"))
        expect("the default", ("604800000", "DEFAULT_CONFIG"), setting("retention.ms"))
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "3600000"})])
        eventually("the new value and its source", lambda: setting("retention.ms") == ("3600000", "DYNAMIC_TOPIC_CONFIG"))
        admin.reset_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": None})])
        eventually("the default again", lambda: setting("retention.ms") == ("604800000", "DEFAULT_CONFIG"))


@scenario("admin-cluster")
def cluster(bootstrap):
    with admin_of(bootstrap) as admin:
        described = admin.describe_cluster()
    expect("a cluster id", True, bool(described["cluster_id"]))
    expect("the brokers", [bootstrap], [f"{broker['host']}:{broker['port']}" for broker in described["brokers"]])
    expect("the controller", described["brokers"][0]["broker_id"], described["controller_id"])


@scenario("admin-log-dirs")
def log_dirs(bootstrap):
    topic = create(bootstrap, "admin-log-dirs")
    send(bootstrap, topic, [(0, {"value": b"x" * 5000})])
    with admin_of(bootstrap) as admin:
        (broker,) = admin.describe_log_dirs([topic])
    (replica,) = [p for directory in broker["log_dirs"] for t in directory["topics"] if t["name"] == topic for p in t["partitions"]]
    expect("the replica's bytes, 5000 and a little", True, 5000 < replica["partition_size"] < 5200)


def committed(admin, group, offsets):
    """The first question after a coordinator makes a broker create the topic behind it, which may take a few tries."""
    try:
        return set(admin.alter_group_offsets(group, offsets).values()) == {NoError}
    except CoordinatorNotAvailableError:
        return False


@scenario("admin-groups")
def groups(bootstrap):
    kept, forgotten = (TopicPartition(create(bootstrap, name), 0) for name in ("admin-groups-kept", "admin-groups-forgotten"))
    group = "kafka-python-admin-groups"
    with admin_of(bootstrap) as admin:
        offsets = {kept: OffsetAndMetadata(0, "note", -1), forgotten: OffsetAndMetadata(0, "", -1)}
        eventually("a first commit", lambda: committed(admin, group, offsets))
        expect("the group in the list", [group], [g["group_id"] for g in admin.list_groups() if g["group_id"] == group])
        described = admin.describe_groups([group])[group]
        expect("its state and members", ("Empty", []), (described["group_state"], described["members"]))
        admin.delete_group_offsets(group, [forgotten])
        offsets = admin.list_group_offsets({group: None})[group]
        expect("the offsets that are left", {kept: (0, "note")}, {tp: (at.offset, at.metadata) for tp, at in offsets.items()})
        expect("deleting the group", {group: "OK"}, admin.delete_groups([group]))
        expect("the group gone", [], [g["group_id"] for g in admin.list_groups() if g["group_id"] == group])
