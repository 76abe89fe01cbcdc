"""Short ways to the three kinds of kafka-python client, each closed at the end of its `with`."""

import contextlib

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetSpec, TopicPartition

from scenario import PATIENCE_S, eventually


@contextlib.contextmanager
def admin_of(bootstrap):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        yield admin
    finally:
        admin.close()


def create(bootstrap, name, partitions=1, **settings):
    """Creates a topic of this family and returns its name."""
    topic = f"kafka-python-{name}"
    configs = {setting.replace("_", "."): str(value) for setting, value in settings.items()}
    with admin_of(bootstrap) as admin:
        admin.create_topics({topic: {"num_partitions": partitions, "replication_factor": 1, "configs": configs}},
                            wait_for_metadata=True)
        # Kafka tells of a leader a moment before that leader serves.
        admin.list_partition_offsets({TopicPartition(topic, i): OffsetSpec.LATEST for i in range(partitions)})
    return topic


def send(bootstrap, topic, records, **config):
    """Sends (partition, keyword arguments of a record) and returns what the broker acknowledged, in order."""
    with KafkaProducer(bootstrap_servers=bootstrap, **config) as producer:
        futures = [producer.send(topic, partition=partition, **record) for partition, record in records]
        return [future.get(timeout=PATIENCE_S) for future in futures]


def member(bootstrap, topic, listener=None, **config):
    """A member of a group that knows its topic before it joins.

    One that does not, assigns nothing and joins again as soon as it knows. If a poll's time is up after that second JoinGroup was
    answered and before the SyncGroup is, kafka-python 3.0.12 forgets the attempt: its reason to join (other partitions than those
    assigned last) is gone once it has assigned, and join_group_async() does not look at the finished attempt unless need_rejoin().
    The member then waits for ever, without partitions and without heartbeats, whatever the broker: Apache Kafka too.
    """
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False, **config)
    consumer.subscribe([topic], listener=listener)
    eventually(f"the partitions of {topic}", lambda: consumer.partitions_for_topic(topic))
    return consumer


@contextlib.contextmanager
def reader(bootstrap, topic, partition=0, **config):
    """A consumer of one partition, outside any group, at the beginning."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest", **config)
    try:
        consumer.assign([TopicPartition(topic, partition)])
        yield consumer
    finally:
        consumer.close()


def take(consumer, count):
    """The next `count` records; fails if they do not come. More than asked is returned too, so that it is seen."""
    records = []

    def enough():
        for batch in consumer.poll(timeout_ms=200).values():
            records.extend(batch)
        return len(records) >= count
    eventually(f"{count} records", enough)
    return records


def read(bootstrap, topic, count, partition=0):
    with reader(bootstrap, topic, partition) as consumer:
        return take(consumer, count)
