"""Where a consumer starts, and how a group remembers."""

import time

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, OFFSET_END, OFFSET_INVALID, TopicPartition
from scenario import PATIENCE_S, eventually, expect, scenario
from session import admin_of, create, reader, send, take


def numbered(bootstrap, name, count=10):
    topic = create(bootstrap, name)
    send(bootstrap, topic, [(0, {"value": b"%d" % i}) for i in range(count)])
    return topic


def numbers(messages):
    return [int(message.value()) for message in messages]


@scenario("from-beginning")
def from_beginning(bootstrap):
    topic = numbered(bootstrap, "from-beginning")
    with reader(bootstrap, topic) as consumer:
        expect("the first and the next offset", (0, 10), consumer.get_watermark_offsets(TopicPartition(topic, 0), PATIENCE_S))
        expect("the records", list(range(10)), numbers(take(consumer, 10)))


@scenario("from-end")
def from_end(bootstrap):
    topic = numbered(bootstrap, "from-end")
    sent = 10

    def first_after_the_end():
        # The client tells no position before its first record, so one record at a time is sent until one is seen.
        nonlocal sent
        send(bootstrap, topic, [(0, {"value": b"%d" % sent})])
        sent += 1
        return consumer.consume(num_messages=1, timeout=0.5)

    with reader(bootstrap, topic, offset=OFFSET_END) as consumer:
        expect("records before any new one", [], consumer.consume(num_messages=1, timeout=0.2))
        (first,) = numbers(eventually("a first record", first_after_the_end))
        expect("the first record, sent after the start", True, first >= 10)
        send(bootstrap, topic, [(0, {"value": b"%d" % i}) for i in range(sent, sent + 5)])
        rest = numbers(take(consumer, sent + 5 - first - 1))
        expect("the records after it", list(range(first + 1, sent + 5)), rest)


@scenario("from-offset")
def from_offset(bootstrap):
    topic = numbered(bootstrap, "from-offset")
    with reader(bootstrap, topic, offset=7) as consumer:
        expect("the records", [7, 8, 9], numbers(take(consumer, 3)))


@scenario("from-timestamp")
def from_timestamp(bootstrap):
    topic = create(bootstrap, "from-timestamp")
    base = int(time.time()) * 1000 - 3_600_000
    send(bootstrap, topic, [(0, {"value": b"%d" % i, "timestamp": base + 1000 * i}) for i in range(10)])
    with reader(bootstrap, topic) as consumer:
        def found(timestamp):
            return consumer.offsets_for_times([TopicPartition(topic, 0, timestamp)], PATIENCE_S)[0].offset

        expect("a time between two records", 5, found(base + 4500))
        expect("a record's own time", 5, found(base + 5000))
        expect("a time before the first", 0, found(base - 1))
        expect("a time after the last", OFFSET_END, found(base + 9001))
        consumer.seek(TopicPartition(topic, 0, 5))
        expect("the timestamps", [base + 1000 * i for i in range(5, 10)], [message.timestamp()[1] for message in take(consumer, 5)])


def member(bootstrap, topic, group):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                         "enable.auto.commit": False})
    consumer.subscribe([topic])
    return consumer


@scenario("offsets-commit")
def offsets_commit(bootstrap):
    topic = numbered(bootstrap, "offsets-commit")
    group = "confluent-kafka-offsets-commit"
    first = member(bootstrap, topic, group)
    expect("the records", list(range(10)), numbers(take(first, 10)))
    first.commit(offsets=[TopicPartition(topic, 0, 4, metadata="a note")], asynchronous=False)
    first.close()

    second = member(bootstrap, topic, group)
    (committed,) = second.committed([TopicPartition(topic, 0)], PATIENCE_S)
    expect("offset and note", (4, "a note"), (committed.offset, committed.metadata))
    (never,) = second.committed([TopicPartition(topic, 1)], PATIENCE_S)
    expect("the offset where nothing was committed", OFFSET_INVALID, never.offset)
    expect("where the next member starts", [4, 5, 6, 7, 8, 9], numbers(take(second, 6)))
    second.close()


@scenario("offsets-reset")
def offsets_reset(bootstrap):
    topic = numbered(bootstrap, "offsets-reset")
    group = "confluent-kafka-offsets-reset"
    first = member(bootstrap, topic, group)
    take(first, 10)
    first.commit(asynchronous=False)
    first.close()

    admin = admin_of(bootstrap)
    offsets = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(PATIENCE_S)
    expect("the offset before", [10], [at.offset for at in offsets.topic_partitions])
    back = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 3)])
    admin.alter_consumer_group_offsets([back])[group].result(PATIENCE_S)
    second = member(bootstrap, topic, group)
    expect("where the next member starts", [3, 4, 5, 6, 7, 8, 9], numbers(take(second, 7)))
    second.close()
