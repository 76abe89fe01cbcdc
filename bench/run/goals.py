"""The goals, as they were set, and whether the results meet them.

A limit is on a number that is made from medians: our value itself, its ratio to the null broker's, or to Kafka's. Where
a goal names "null" it means the null broker that writes to the page cache.
"""

import dataclasses
import math

from contenders import KAFKA, MILLRACE, MILLRACE_CACHED, NULL


@dataclasses.dataclass(frozen=True)
class Limit:
    text: str      # "<= 1.3x of null"
    limit: float
    number: object  # results -> float or None


@dataclasses.dataclass(frozen=True)
class Goal:
    key: str       # the heading in why.md
    title: str
    row: str       # whose value stands in the table
    ours: str
    limits: tuple


@dataclasses.dataclass(frozen=True)
class Verdict:
    limit: Limit
    number: object  # None: nothing to compare with

    @property
    def met(self):
        return None if self.number is None else self.number <= self.limit.limit


def over_null(row, ours, limit, null_row=None):
    return Limit(f"<= {limit:g}x of null", limit, lambda results: results.ratio(row, ours, NULL, null_row))


def over_kafka(row, ours, part, *kafka_rows):
    """At most 1/part of Kafka's. Several rows of Kafka's: the first that it has, hardest first."""
    def number(results):
        for kafka_row in kafka_rows or (row,):
            if results.median(kafka_row, KAFKA) is not None:
                return results.ratio(row, ours, KAFKA, kafka_row)
        return None
    text = "<= Kafka" if part == 1 else f"<= 1/{part:g} of Kafka"
    return Limit(text, 1 / part, number)


def at_most(row, ours, limit, unit):
    return Limit(f"<= {limit:g} {unit}".strip(), limit, lambda results: results.median(row, ours))


def over_device(row, ours, limit, share):
    return Limit(f"<= {limit:g}x of a device sync", limit,
                 lambda results: results.ratio(row, ours, "device", f"device.{share}"))


def codec_overhead(size):
    """The dearest codec over none, per GB on the wire."""
    def number(results):
        plain = results.median(f"w10.none_{size}", MILLRACE_CACHED)
        costs = [results.median(f"w10.{codec}_{size}", MILLRACE_CACHED) for codec in ("lz4", "zstd", "gzip")]
        costs = [cost for cost in costs if cost is not None]
        return max(costs) / plain if plain and costs else None
    return Limit("dearest codec <= 1.05x of none", 1.05, number)


def inflation_part(limit):
    """How much our p99.9 grows, over how much Kafka's does; growth is what is above 1."""
    def number(results):
        ours, theirs = results.median("w7.inflation", MILLRACE), results.median("w7.inflation", KAFKA)
        if ours is None or theirs is None:
            return None
        if ours <= 1:
            return 0
        return (ours - 1) / (theirs - 1) if theirs > 1 else math.inf
    return Limit("<= 1/5 of Kafka's inflation", limit, number)


GOALS = (
    Goal("produce", "broker CPU-s/GB, produce 1 KiB in big batches, page cache", "w1.cpu_per_gb", MILLRACE_CACHED,
         (over_null("w1.cpu_per_gb", MILLRACE_CACHED, 1.3), over_kafka("w1.cpu_per_gb", MILLRACE_CACHED, 8))),
    Goal("produce-durable", "broker CPU-s/GB, produce 1 KiB in big batches, durable ack", "w1.cpu_per_gb", MILLRACE,
         (over_null("w1.cpu_per_gb", MILLRACE, 1.5), over_kafka("w1.cpu_per_gb", MILLRACE, 6))),
    Goal("consume", "broker CPU-s/GB, consume", "consume.cpu_per_gb", MILLRACE,
         (over_null("consume.cpu_per_gb", MILLRACE, 1.4), over_kafka("consume.cpu_per_gb", MILLRACE, 2.5))),
    Goal("request", "CPU per one-record request (W4, 16 connections), page cache", "w4.cpu_us_at_16", MILLRACE_CACHED,
         (over_null("w4.cpu_us_at_16", MILLRACE_CACHED, 2), over_kafka("w4.cpu_us_at_16", MILLRACE_CACHED, 15))),
    Goal("request-durable", "CPU per one-record request (W4, 16 connections), durable ack", "w4.cpu_us_at_16", MILLRACE,
         (over_null("w4.cpu_us_at_16", MILLRACE, 2.2), over_kafka("w4.cpu_us_at_16", MILLRACE, 15))),
    Goal("ack-p50", "ack at 20 k/s x 1 KiB, durable: p50", "ack.20000.p50", MILLRACE,
         (over_device("ack.20000.p50", MILLRACE, 1.5, "p50"),
          over_kafka("ack.20000.p50", MILLRACE, 1, "ack.20000.p50", "ack.5000.p50", "ack.1000.p50"))),
    Goal("ack-p99.9", "ack at 20 k/s x 1 KiB, durable: p99.9", "ack.20000.p99_9", MILLRACE,
         (over_device("ack.20000.p99_9", MILLRACE, 1.5, "p99_9"),
          over_kafka("ack.20000.p99_9", MILLRACE, 5, "ack.20000.p99_9", "ack.5000.p99_9", "ack.1000.p99_9"))),
    Goal("compressed-256k", "zstd batches of 256 KiB, per wire GB", "w10.zstd_256k", MILLRACE_CACHED,
         (codec_overhead("256k"), over_kafka("w10.zstd_256k", MILLRACE_CACHED, 8))),
    Goal("compressed-4k", "zstd batches of 4 KiB, per wire GB", "w10.zstd_4k", MILLRACE_CACHED,
         (codec_overhead("4k"), over_kafka("w10.zstd_4k", MILLRACE_CACHED, 8))),
    Goal("start-empty", "start to first ack, empty", "start.empty", MILLRACE,
         (at_most("start.empty", MILLRACE, 20, "ms"), over_kafka("start.empty", MILLRACE, 50))),
    Goal("start-1000", "start to first ack, 1000 written partitions", "w8.start_1000", MILLRACE,
         (at_most("w8.start_1000", MILLRACE, 50, "ms"), over_kafka("w8.start_1000", MILLRACE, 50))),
    Goal("start-10000", "start to first ack, 10 000 written partitions", "w8.start_10000", MILLRACE,
         (at_most("w8.start_10000", MILLRACE, 200, "ms"), over_kafka("w8.start_10000", MILLRACE, 50))),
    Goal("killed", "kill -9 under load with 10 GB on disk, to first ack", "start.killed", MILLRACE,
         (at_most("start.killed", MILLRACE, 1000, "ms"), over_kafka("start.killed", MILLRACE, 10))),
    Goal("idle-rss", "idle RSS, whole binary", "idle.rss", MILLRACE,
         (at_most("idle.rss", MILLRACE, 14, "MiB"), over_kafka("idle.rss", MILLRACE, 25))),
    Goal("idle-partition", "RSS of an idle partition", "idle_partitions.rss_each", MILLRACE,
         (at_most("idle_partitions.rss_each", MILLRACE, 2048, "bytes"),)),
    Goal("idle-partition-descriptors", "descriptors of 100 000 idle partitions", "idle_partitions.descriptors",
         MILLRACE, (at_most("idle_partitions.descriptors", MILLRACE, 0, ""),)),
    Goal("idle-connection", "RSS of an idle connection", "w9.rss_each", MILLRACE,
         (at_most("w9.rss_each", MILLRACE, 4096, "bytes"), over_kafka("w9.rss_each", MILLRACE, 25))),
    Goal("idle-cpu", "idle CPU, 1000 partitions, 100 long-polling consumers", "w16.cpu", MILLRACE,
         (at_most("w16.cpu", MILLRACE, 0.5, "% of a core"), over_kafka("w16.cpu", MILLRACE, 10))),
    Goal("written-small", "bytes written per payload byte, small batches (W3), durable", "w3.write_amplification",
         MILLRACE, (at_most("w3.write_amplification", MILLRACE, 2.0, "x"),)),
    Goal("written-large", "bytes written per payload byte, large batches (W1), durable", "w1.write_amplification",
         MILLRACE, (at_most("w1.write_amplification", MILLRACE, 1.05, "x"),)),
    Goal("cold", "arrival p99.9 while 10 GB are read cold, over without", "w7.inflation", MILLRACE,
         (at_most("w7.inflation", MILLRACE, 1.5, "x of without"), inflation_part(0.2))),
)


def judge(results):
    """[(goal, [verdict])]."""
    return [(goal, [Verdict(limit, limit.number(results)) for limit in goal.limits]) for goal in GOALS]
