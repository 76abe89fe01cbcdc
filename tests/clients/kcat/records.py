"""What is sent comes back: codecs, acks, idempotence, and the odd shapes of a record."""

import functools
import pathlib
import tempfile

from scenario import expect, scenario
from session import create, delivered, kcat, read, send

VALUES = [f"{i:05d} {'the mill turns ' * 20}" for i in range(200)]


def round_trip(name, bootstrap, **config):
    """Sends VALUES to one partition and reads them back; returns the acknowledged offsets."""
    topic = create(bootstrap, name)
    offsets = send(bootstrap, topic, [value.encode() for value in VALUES], **config)
    got = read(bootstrap, topic)
    expect("the offsets", list(range(len(VALUES))), [record["offset"] for record in got])
    expect("the records", VALUES, [record["payload"] for record in got])
    return offsets


for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    scenario(f"codec-{codec}")(functools.partial(round_trip, f"codec-{codec}", compression_codec=codec))


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
    topic = create(bootstrap, "idempotence")
    for partition in range(3):
        send(bootstrap, topic, [b"%d" % i for i in range(500)], partition, enable_idempotence="true", batch_num_messages=10)
        got = [int(record["payload"]) for record in read(bootstrap, topic, partition=partition)]
        expect(f"the records of partition {partition}", list(range(500)), got)


def one_record(name, bootstrap, line, *arguments):
    topic = create(bootstrap, name)
    kcat(bootstrap, "-P", "-t", topic, "-p", 0, *arguments, stdin=line)
    (got,) = read(bootstrap, topic)
    return got


@scenario("headers")
def headers(bootstrap):
    got = one_record("headers", bootstrap, b"v\n", "-H", "first=1", "-H", "twice=a", "-H", "twice=b", "-H", "empty=",
                     "-H", "null", "-H", "m\u00fchle=r\u00e4der")
    expect("the headers", ["first", "1", "twice", "a", "twice", "b", "empty", "", "null", None, "m\u00fchle", "r\u00e4der"],
           got["headers"])


@scenario("null-key")
def null_key(bootstrap):
    expect("a null key", None, one_record("null-key", bootstrap, b"v\n")["key"])
    expect("an empty key", "", one_record("null-key-empty", bootstrap, b":v\n", "-K", ":")["key"])


@scenario("null-value")
def null_value(bootstrap):
    got = one_record("null-value", bootstrap, b"k:\n", "-K", ":", "-Z")
    expect("key and value", ("k", None), (got["key"], got["payload"]))


@scenario("empty-value")
def empty_value(bootstrap):
    got = one_record("empty-value", bootstrap, b"k:\n", "-K", ":")
    expect("key and value", ("k", ""), (got["key"], got["payload"]))


def send_files(bootstrap, topic, *values, status=0):
    """Sends each value as a file, which is the only way to send one of any size; returns kcat's errors."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, str(i)) for i in range(len(values))]
        for path, value in zip(paths, values):
            path.write_text(value)
        return kcat(bootstrap, "-P", "-t", topic, "-p", 0, "-vvv", *paths, status=status, message_max_bytes=3_000_000)[1]


@scenario("large-record")
def large_record(bootstrap):
    topic = create(bootstrap, "large-record")
    value = "".join(chr(ord("a") + i % 23) for i in range(1_000_000))
    send_files(bootstrap, topic, value)
    expect("the large record whole", True, [record["payload"] for record in read(bootstrap, topic)] == [value])


@scenario("oversized-record")
def oversized_record(bootstrap):
    topic = create(bootstrap, "oversized-record")
    errors = send_files(bootstrap, topic, "x" * 1_500_000, "small", status=1)
    expect("the refusals", 1, errors.count("Broker: Message size too large"))
    expect("the offset of the next record", [0], delivered(errors))
    expect("what arrived", ["small"], [record["payload"] for record in read(bootstrap, topic)])
