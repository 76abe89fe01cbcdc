"""What each row of the results is called, and in what unit. In the order of the report."""

import dataclasses

from scale import FULL


@dataclasses.dataclass(frozen=True)
class Row:
    title: str
    unit: str
    lower_is_better: bool = True


def _named():
    cpu = "CPU-s/GB"
    for key, name in (("w1", "W1 produce, 1 KiB in big batches"), ("w2", "W2 produce, 100 B in big batches")):
        yield f"{key}.cpu_per_gb", Row(f"{name}: broker", cpu)
        yield f"{key}.client_per_gb", Row(f"{name}: client", cpu)
        yield f"{key}.machine_per_gb", Row(f"{name}: machine", cpu)
        yield f"{key}.mb_per_s", Row(f"{name}: rate", "MB/s", False)
        yield f"{key}.write_amplification", Row(f"{name}: written per payload byte", "x")
    yield "w1.rss_loaded", Row("W1: memory behind it", "bytes")
    yield "w1.max_rate", Row("W1: rate", "requests/s", False)
    yield "w2.cpu_ns_per_record", Row("W2: broker per record", "ns")
    yield "w2.records_per_s", Row("W2: rate", "records/s", False)
    for share in FULL.ladder:
        yield f"w1.p99_at_{share}", Row(f"W1 ack p99 at {share} % of its own maximum", "us")
    yield "consume.cpu_per_gb", Row("Consume, 1 KiB in big batches: broker", cpu)
    yield "consume.client_per_gb", Row("Consume: client", cpu)
    yield "consume.mb_per_s", Row("Consume: rate", "MB/s", False)
    for producers in (2, 8, 32):
        yield f"w3.cpu_us_at_{producers}", Row(f"W3 keyed small batches, {producers} producers: broker", "us/request")
        yield f"w3.p99_9_at_{producers}", Row(f"W3, {producers} producers: ack p99.9", "us")
    yield "w3.write_amplification", Row("W3, 8 producers: written per payload byte", "x")
    for connections in (1, 16, 64):
        name = f"W4 one-record requests, {connections} connection{'s' * (connections > 1)}"
        yield f"w4.cpu_us_at_{connections}", Row(f"{name}: broker", "us/request")
        yield f"w4.per_s_at_{connections}", Row(f"{name}: rate", "requests/s", False)
        yield f"w4.wakeups_at_{connections}", Row(f"{name}: wake-ups", "per request")
    yield "allocations.per_request", Row("Allocations for a one-record request, 16 connections", "calls")
    yield "allocations.per_batch", Row("Allocations for a request with a batch of 256 KiB", "calls")
    for rate in (1000, 5000, 20_000, 50_000):
        name = f"W4 at {rate} x 1 KiB a second"
        for share in SHARES:
            yield f"ack.{rate}.{share}", Row(f"{name}: ack {SHARES[share]}", "us")
        yield f"ack.{rate}.cpu_us", Row(f"{name}: broker", "us/request")
        yield f"ack.{rate}.write_amplification", Row(f"{name}: written per payload byte", "x")
    for share in SHARES:
        yield f"w5.{share}", Row(f"W5 end to end at 10 000 x 1 KiB a second: {SHARES[share]}", "us")
    yield "w5.cpu_us", Row("W5: broker", "us/record")
    for consumers in (1, 4, 16):
        name = f"W6 51 MB/s in, {consumers} consumer{'s' * (consumers > 1)}"
        yield f"w6.cpu_per_gb_in_{consumers}", Row(f"{name}: broker", "CPU-s/GB in")
        yield f"w6.p99_{consumers}", Row(f"{name}: arrival p99", "us")
    yield "w6.slope", Row("W6: broker, for each GB that one more consumer reads", cpu)
    yield "w7.p99_9_alone", Row("W7 arrival p99.9 without cold reads", "us")
    yield "w7.p99_9_during", Row("W7 arrival p99.9 while a backlog is read cold", "us")
    yield "w7.inflation", Row("W7: the one over the other", "x")
    yield "w7.cold_mb_per_s", Row("W7: the cold reads", "MB/s", False)
    yield from _many()
    for size in ("4k", "256k"):
        for codec in ("none", "lz4", "zstd", "gzip"):
            yield f"w10.{codec}_{size}", Row(f"W10 {codec}, batches of {size} on the wire: broker", "CPU-s/wire GB")
    yield "w12.cleaner_cpu_per_gb", Row("W12 compaction, over not compacting", cpu)
    yield "w12.kept", Row("W12: left on disk, over the payload", "x")
    yield "w12.write_amplification", Row("W12: written per payload byte", "x")
    yield "w12.p99_plain", Row("W12 ack p99 without compaction", "us")
    yield "w12.p99_compacted", Row("W12 ack p99 with it", "us")
    yield from _starts()


SHARES = {"p50": "p50", "p99": "p99", "p99_9": "p99.9", "p99_99": "p99.99", "max": "max"}


def _many():
    for n in FULL.partitions:
        yield f"w8.create_{n}", Row(f"W8 {n} partitions: made in", "s")
        yield f"w8.first_records_{n}", Row(f"W8 {n} partitions: a first record in each", "s")
        yield f"w8.rss_per_partition_{n}", Row(f"W8 {n} partitions: memory each, unwritten", "bytes")
        yield f"w8.rss_{n}", Row(f"W8 {n} partitions: memory, written", "MiB")
        yield f"w8.descriptors_{n}", Row(f"W8 {n} partitions: descriptors, written", "")
        yield f"w8.p99_{n}", Row(f"W8 {n} partitions: ack p99 at a record a second in each of a topic", "us")
        yield f"w8.cpu_us_{n}", Row(f"W8 {n} partitions: broker", "us/request")
        yield f"w8.idle_cpu_{n}", Row(f"W8 {n} partitions: idle", "% of a core")
    yield "idle_partitions.count", Row("W8 partitions never written to", "", False)
    yield "idle_partitions.create", Row("W8 never written: made in", "s")
    yield "idle_partitions.rss_each", Row("W8 never written: memory each", "bytes")
    yield "idle_partitions.rss", Row("W8 never written: memory of the process", "MiB")
    yield "idle_partitions.descriptors", Row("W8 never written: descriptors, all together", "")
    yield "idle_partitions.start", Row("W8 never written: start to first ack", "ms")
    yield "w9.rss_each", Row("W9 memory of an idle connection", "bytes")
    yield "w9.descriptors", Row("W9 descriptors of the idle connections", "")
    yield "w9.idle_cpu", Row("W9 idle connections", "% of a core")
    yield "w9.p99_without", Row("W9 ack p99 of 10 active connections, alone", "us")
    yield "w9.p99", Row("W9 ack p99 of 10 active ones beside the idle", "us")
    yield "w15.join", Row("W15 group: all members joined in", "ms")
    yield "w15.commit_cpu_us", Row("W15 offset commit: broker", "us/commit")
    yield "w15.commits_per_s", Row("W15 offset commits", "per s", False)
    yield "w16.cpu", Row("W16 100 long-polling consumers, 1000 partitions", "% of a core")
    yield "w16.wakeups", Row("W16 wake-ups", "per s")


def _starts():
    yield "start.empty", Row("W14 start to first ack, empty", "ms")
    for n in FULL.partitions:
        yield f"w8.start_unwritten_{n}", Row(f"W14 start to first ack, {n} partitions, unwritten", "ms")
        yield f"w8.start_{n}", Row(f"W14 start to first ack, {n} partitions, written", "ms")
        yield f"w8.start_killed_{n}", Row(f"W14 kill -9 to first ack, {n} partitions", "ms")
    yield "start.killed", Row("W14 kill -9 under load with a backlog, to first ack", "ms")
    yield "idle.rss", Row("Idle: memory", "MiB")
    yield "idle.cpu", Row("Idle: CPU", "% of a core")


ROWS = dict(_named())
