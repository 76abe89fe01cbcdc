"""Where a consumer starts, and how a group remembers."""

import time

from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from scenario import expect, scenario
from session import admin_of, create, member, reader, send, take


def numbered(bootstrap, name, count=10):
    topic = create(bootstrap, name)
    send(bootstrap, topic, [(0, {"value": b"%d" % i}) for i in range(count)])
    return topic


def numbers(records):
    return [int(record.value) for record in records]


@scenario("from-beginning")
def from_beginning(bootstrap):
    topic = numbered(bootstrap, "from-beginning")
    with reader(bootstrap, topic) as consumer:
        consumer.seek_to_beginning()
        expect("the records", list(range(10)), numbers(take(consumer, 10)))


@scenario("from-end")
def from_end(bootstrap):
    topic = numbered(bootstrap, "from-end")
    with reader(bootstrap, topic) as consumer:
        consumer.seek_to_end()
        expect("the position", 10, consumer.position(TopicPartition(topic, 0)))
        send(bootstrap, topic, [(0, {"value": b"%d" % i}) for i in range(10, 15)])
        expect("the records", list(range(10, 15)), numbers(take(consumer, 5)))


@scenario("from-offset")
def from_offset(bootstrap):
    topic = numbered(bootstrap, "from-offset")
    with reader(bootstrap, topic) as consumer:
        consumer.seek(TopicPartition(topic, 0), 7)
        expect("the records", [7, 8, 9], numbers(take(consumer, 3)))


@scenario("from-timestamp")
def from_timestamp(bootstrap):
    topic = create(bootstrap, "from-timestamp")
    partition = TopicPartition(topic, 0)
    base = int(time.time()) * 1000 - 3_600_000
    send(bootstrap, topic, [(0, {"value": b"%d" % i, "timestamp_ms": base + 1000 * i}) for i in range(10)])
    with reader(bootstrap, topic) as consumer:
        def found(timestamp):
            at = consumer.offsets_for_times({partition: timestamp})[partition]
            return at and (at.offset, at.timestamp)

        expect("a time between two records", (5, base + 5000), found(base + 4500))
        expect("a record's own time", (5, base + 5000), found(base + 5000))
        expect("a time before the first", (0, base), found(base - 1))
        expect("a time after the last", None, found(base + 9001))
        consumer.seek(partition, 5)
        expect("the timestamps", [base + 1000 * i for i in range(5, 10)], [record.timestamp for record in take(consumer, 5)])


@scenario("offsets-commit")
def offsets_commit(bootstrap):
    topic = numbered(bootstrap, "offsets-commit")
    partition = TopicPartition(topic, 0)
    group = "kafka-python-offsets-commit"
    first = member(bootstrap, topic, group_id=group, max_poll_records=1)
    expect("the first four", [0, 1, 2, 3], numbers(take(first, 4)))
    first.commit({partition: OffsetAndMetadata(4, "a note", -1)})
    first.close()

    second = member(bootstrap, topic, group_id=group, max_poll_records=1)
    committed = second.committed(partition, metadata=True)
    expect("offset and note", (4, "a note"), (committed.offset, committed.metadata))
    expect("where the next member starts", [4, 5, 6, 7, 8, 9], numbers(take(second, 6)))
    second.close()
    with admin_of(bootstrap) as admin:
        never = TopicPartition(topic, 1)
        offsets = admin.list_group_offsets({group: [partition, never]})[group]
        expect("offsets without and with a commit", [4, -1], [offsets[partition].offset, offsets[never].offset])


@scenario("offsets-reset")
def offsets_reset(bootstrap):
    topic = numbered(bootstrap, "offsets-reset")
    partition = TopicPartition(topic, 0)
    group = "kafka-python-offsets-reset"
    first = member(bootstrap, topic, group_id=group, max_poll_records=1)
    take(first, 10)
    first.commit()
    first.close()
    with admin_of(bootstrap) as admin:
        expect("the offset before", 10, admin.list_group_offsets({group: None})[group][partition].offset)
        admin.reset_group_offsets(group, {partition: 3})
    second = member(bootstrap, topic, group_id=group, max_poll_records=1)
    expect("where the next member starts", [3, 4, 5, 6, 7, 8, 9], numbers(take(second, 7)))
    second.close()
