"""Topics, settings, cluster and groups, by the admin client."""

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (AlterConfigOpType, ConfigEntry, ConfigResource, ConfigSource, NewPartitions, NewTopic)

from scenario import PATIENCE_S, Failure, eventually, expect, not_applicable, scenario
from session import admin_of, create, read, send

not_applicable("librdkafka has no request for log directories", "admin-log-dirs")


def refusal(future):
    """The error code with which the broker refused."""
    try:
        future.result(PATIENCE_S)
    except KafkaException as error:
        return error.args[0].code()
    raise Failure("a refusal, expected, got none")


@scenario("admin-topics")
def topics(bootstrap):
    topic = create(bootstrap, "admin-topics", partitions=3)
    admin = admin_of(bootstrap)
    described = admin.list_topics(timeout=PATIENCE_S).topics[topic]
    partitions = sorted((each.id, len(each.replicas), len(each.isrs)) for each in described.partitions.values())
    expect("its partitions, replicas and in-sync replicas", [(0, 1, 1), (1, 1, 1), (2, 1, 1)], partitions)
    expect("a second topic of that name", KafkaError.TOPIC_ALREADY_EXISTS,
           refusal(admin.create_topics([NewTopic(topic, 1, 1)])[topic]))
    admin.delete_topics([topic])[topic].result(PATIENCE_S)
    eventually("the topic gone", lambda: topic not in admin.list_topics(timeout=PATIENCE_S).topics)


@scenario("admin-partitions")
def partitions(bootstrap):
    topic = create(bootstrap, "admin-partitions")
    admin = admin_of(bootstrap)
    admin.create_partitions([NewPartitions(topic, 3)])[topic].result(PATIENCE_S)
    eventually("three partitions", lambda: len(admin.list_topics(topic, timeout=PATIENCE_S).topics[topic].partitions) == 3)
    send(bootstrap, topic, [(2, {"value": b"to the new one"})])
    expect("the record in the new partition", [b"to the new one"], [m.value() for m in read(bootstrap, topic, 1, partition=2)])


@scenario("admin-config")
def config(bootstrap):
    topic = create(bootstrap, "admin-config", cleanup_policy="compact")
    admin = admin_of(bootstrap)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)

    def setting(name):
        found = admin.describe_configs([resource])[resource].result(PATIENCE_S)[name]
        return found.value, ConfigSource(found.source)

    def change(operation, value=None):
        entry = ConfigEntry("retention.ms", value, incremental_operation=operation)
        change = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
        admin.incremental_alter_configs([change])[change].result(PATIENCE_S)

    expect("a setting given at creation", ("compact", ConfigSource.DYNAMIC_TOPIC_CONFIG), setting("cleanup.policy"))
    expect("the default", ("604800000", ConfigSource.DEFAULT_CONFIG), setting("retention.ms"))
    change(AlterConfigOpType.SET, "3600000")
    eventually("the new value", lambda: setting("retention.ms") == ("3600000", ConfigSource.DYNAMIC_TOPIC_CONFIG))
    change(AlterConfigOpType.DELETE)
    eventually("the default again", lambda: setting("retention.ms") == ("604800000", ConfigSource.DEFAULT_CONFIG))


@scenario("admin-cluster")
def cluster(bootstrap):
    admin = admin_of(bootstrap)
    described = admin.describe_cluster().result(PATIENCE_S)
    expect("a cluster id", True, bool(described.cluster_id))
    expect("the brokers", [bootstrap], [f"{node.host}:{node.port}" for node in described.nodes])
    expect("the controller", described.nodes[0].id, described.controller.id)


@scenario("admin-groups")
def groups(bootstrap):
    group = "confluent-kafka-admin-groups"
    kept = create(bootstrap, "admin-groups")
    admin = admin_of(bootstrap)

    def listed():
        return [each.group_id for each in admin.list_consumer_groups().result(PATIENCE_S).valid if each.group_id == group]

    committed = ConsumerGroupTopicPartitions(group, [TopicPartition(kept, 0, 0, metadata="note")])
    admin.alter_consumer_group_offsets([committed])[group].result(PATIENCE_S)
    expect("the group in the list", [group], listed())
    described = admin.describe_consumer_groups([group])[group].result(PATIENCE_S)
    expect("its state and members", ("EMPTY", []), (described.state.name, described.members))
    offsets = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(PATIENCE_S)
    expect("its offsets", [(kept, 0, "note")], [(at.topic, at.offset, at.metadata) for at in offsets.topic_partitions])
    admin.delete_consumer_groups([group])[group].result(PATIENCE_S)
    expect("the group gone", [], listed())
    expect("deleting it again", KafkaError.GROUP_ID_NOT_FOUND, refusal(admin.delete_consumer_groups([group])[group]))
