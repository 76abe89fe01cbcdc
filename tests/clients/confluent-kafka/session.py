"""Short ways to admin, producer and consumer of confluent-kafka."""

import contextlib

from confluent_kafka import Consumer, KafkaException, OFFSET_BEGINNING, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from scenario import PATIENCE_S, eventually, expect


def admin_of(bootstrap):
    return AdminClient({"bootstrap.servers": bootstrap})


def create(bootstrap, name, partitions=1, **settings):
    """Creates a topic of this family and returns its name once every partition has a leader."""
    topic = f"confluent-kafka-{name}"
    config = {setting.replace("_", "."): str(value) for setting, value in settings.items()}
    admin = admin_of(bootstrap)
    admin.create_topics([NewTopic(topic, partitions, 1, config=config)])[topic].result(PATIENCE_S)

    def led():
        described = admin.list_topics(topic, timeout=PATIENCE_S).topics[topic].partitions
        return len(described) == partitions and all(each.leader >= 0 for each in described.values())
    eventually(f"leaders of {topic}", led)

    def answering():  # Kafka tells of a leader a moment before that leader serves.
        answers = admin.list_offsets({TopicPartition(topic, i): OffsetSpec.latest() for i in range(partitions)}).values()
        return all(answer.exception(PATIENCE_S) is None for answer in answers)
    eventually(f"answers of all leaders of {topic}", answering)
    return topic


def send(bootstrap, topic, records, **config):
    """Sends (partition, keyword arguments of a record) and returns the acknowledged offsets, in order."""
    offsets = [None] * len(records)
    producer = Producer({"bootstrap.servers": bootstrap} | {name.replace("_", "."): value for name, value in config.items()})

    def note(i):
        def delivered(error, message):
            if error:
                raise KafkaException(error)
            offsets[i] = message.offset()
        return delivered

    for i, (partition, record) in enumerate(records):
        producer.produce(topic, partition=partition, on_delivery=note(i), **record)
    expect("records without an answer", 0, producer.flush(PATIENCE_S))
    return offsets


@contextlib.contextmanager
def reader(bootstrap, topic, partition=0, offset=OFFSET_BEGINNING):
    """A consumer of one partition, outside any group."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "nobody", "enable.auto.commit": False,
                         "auto.offset.reset": "error"})
    try:
        consumer.assign([TopicPartition(topic, partition, offset)])
        yield consumer
    finally:
        consumer.close()


def take(consumer, count):
    """The next `count` messages; fails if they do not come. More than asked is returned too, so that it is seen."""
    messages = []

    def enough():
        for message in consumer.consume(num_messages=500, timeout=0.2):
            if message.error():
                raise KafkaException(message.error())
            messages.append(message)
        return len(messages) >= count
    eventually(f"{count} records", enough)
    return messages


def read(bootstrap, topic, count, partition=0):
    with reader(bootstrap, topic, partition) as consumer:
        return take(consumer, count)
