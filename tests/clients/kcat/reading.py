"""Where a consumer starts, and how a group remembers."""

import json

from scenario import eventually, expect, scenario
from session import Running, create, kcat, read, send


def numbered(bootstrap, name, count=10):
    topic = create(bootstrap, name)
    send(bootstrap, topic, [b"%d" % i for i in range(count)])
    return topic


def numbers(records):
    return [int(record["payload"]) for record in records]


@scenario("from-beginning")
def from_beginning(bootstrap):
    topic = numbered(bootstrap, "from-beginning")
    expect("the records", list(range(10)), numbers(read(bootstrap, topic)))


@scenario("from-end")
def from_end(bootstrap):
    topic = numbered(bootstrap, "from-end")
    seen, said = [], []
    consumer = Running(bootstrap, "-C", "-t", topic, "-p", 0, "-o", "end", "-u", on_output=seen.append, on_errors=said.append)
    try:
        eventually("the consumer at the end", lambda: any(f"Reached end of topic {topic} [0] at offset 10" in line for line in said))
        send(bootstrap, topic, [b"%d" % i for i in range(10, 15)])
        eventually("five records", lambda: len(seen) >= 5)
    finally:
        consumer.close()
    expect("the records", [str(i) for i in range(10, 15)], seen)


@scenario("from-offset")
def from_offset(bootstrap):
    topic = numbered(bootstrap, "from-offset")
    expect("from an offset", [7, 8, 9], numbers(read(bootstrap, topic, offset=7)))
    expect("from three before the end", [7, 8, 9], numbers(read(bootstrap, topic, offset=-3)))


@scenario("from-timestamp")
def from_timestamp(bootstrap):
    # kcat cannot set a record's time, so a second record is sent until the clock has moved on from the first.
    topic = create(bootstrap, "from-timestamp")

    def two_times():
        send(bootstrap, topic, [b"one more"])
        times = [record["ts"] for record in read(bootstrap, topic)]
        return times if times[-1] > times[0] else None

    times = eventually("two different times", two_times)
    later = next(i for i, time in enumerate(times) if time > times[0])
    for time, offset in ((times[0] - 1, 0), (times[0], 0), (times[0] + 1, later), (times[later], later), (times[-1] + 1, -1)):
        said, _ = kcat(bootstrap, "-Q", "-t", f"{topic}:0:{time}")
        expect("the offset for a time", f"{topic} [0] offset {offset}", said.decode().strip())
    expect("the records from a time", times[later:], [r["ts"] for r in read(bootstrap, topic, offset=f"s@{times[0] + 1}")])


@scenario("offsets-commit")
def offsets_commit(bootstrap):
    topic = numbered(bootstrap, "offsets-commit")

    def next_member(count):
        output, _ = kcat(bootstrap, "-G", "kcat-offsets-commit", "-c", count, "-J", topic, auto_offset_reset="earliest")
        return numbers(map(json.loads, output.splitlines()))

    expect("the first member's records", [0, 1, 2, 3], next_member(4))
    expect("where the next member starts", [4, 5, 6, 7, 8, 9], next_member(6))
