"""What is sent comes back: codecs, acks, idempotence, and the odd shapes of a record."""

import functools

from confluent_kafka import KafkaError, Producer

from scenario import PATIENCE_S, expect, scenario
from session import create, read, send

VALUES = [f"{i:05d} {'the mill turns ' * 20}".encode() for i in range(200)]


def round_trip(name, bootstrap, **config):
    """Sends VALUES to one partition and reads them back; returns the acknowledged offsets."""
    topic = create(bootstrap, name)
    offsets = send(bootstrap, topic, [(0, {"key": value[:5], "value": value}) for value in VALUES], **config)
    got = read(bootstrap, topic, len(VALUES))
    expect("the offsets", list(range(len(VALUES))), [message.offset() for message in got])
    expect("the records", [(value[:5], value) for value in VALUES], [(message.key(), message.value()) for message in got])
    return offsets


for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    scenario(f"codec-{codec}")(functools.partial(round_trip, f"codec-{codec}", compression_type=codec))


@scenario("acks-0")
def acks_0(bootstrap):
    round_trip("acks-0", bootstrap, acks=0)


@scenario("acks-1")
def acks_1(bootstrap):
    expect("the acknowledged offsets", list(range(len(VALUES))), round_trip("acks-1", bootstrap, acks=1))


@scenario("acks-all")
def acks_all(bootstrap):
    expect("the acknowledged offsets", list(range(len(VALUES))), round_trip("acks-all", bootstrap, acks="all"))


@scenario("idempotence")
def idempotence(bootstrap):
    topic = create(bootstrap, "idempotence", partitions=3)
    send(bootstrap, topic, [(i % 3, {"value": b"%d" % i}) for i in range(1500)], enable_idempotence=True,
         batch_num_messages=10)
    for partition in range(3):
        got = [int(message.value()) for message in read(bootstrap, topic, 500, partition)]
        expect(f"the records of partition {partition}", list(range(partition, 1500, 3)), got)


def one_record(name, bootstrap, **record):
    topic = create(bootstrap, name)
    # A million bytes is also this client's own limit, its framing included.
    send(bootstrap, topic, [(0, record)], message_max_bytes=1_100_000)
    (got,) = read(bootstrap, topic, 1)
    return got


@scenario("headers")
def headers(bootstrap):
    sent = [("first", b"1"), ("twice", b"a"), ("twice", b"b"), ("empty", b""), ("null", None), ("m\u00fchle", "r\u00e4der".encode())]
    expect("the headers", sent, one_record("headers", bootstrap, value=b"v", headers=sent).headers())


@scenario("null-key")
def null_key(bootstrap):
    expect("a null key", None, one_record("null-key", bootstrap, key=None, value=b"v").key())
    expect("an empty key", b"", one_record("null-key-empty", bootstrap, key=b"", value=b"v").key())


@scenario("null-value")
def null_value(bootstrap):
    got = one_record("null-value", bootstrap, key=b"k", value=None)
    expect("key and value", (b"k", None), (got.key(), got.value()))


@scenario("empty-value")
def empty_value(bootstrap):
    got = one_record("empty-value", bootstrap, key=b"k", value=b"")
    expect("key and value", (b"k", b""), (got.key(), got.value()))


@scenario("large-record")
def large_record(bootstrap):
    value = bytes(i % 251 for i in range(1_000_000))
    expect("the large record whole", True, one_record("large-record", bootstrap, value=value).value() == value)


@scenario("oversized-record")
def oversized_record(bootstrap):
    topic = create(bootstrap, "oversized-record", max_message_bytes=10_000)
    producer = Producer({"bootstrap.servers": bootstrap})
    answers = []
    for value in (b"x" * 20_000, b"small"):
        producer.produce(topic, value, partition=0, on_delivery=lambda error, _: answers.append(error and error.code()))
        expect("records without an answer", 0, producer.flush(PATIENCE_S))
    expect("the answers to a record over the limit and to the next", [KafkaError.MSG_SIZE_TOO_LARGE, None], answers)
    expect("what arrived", [b"small"], [message.value() for message in read(bootstrap, topic, 1)])
