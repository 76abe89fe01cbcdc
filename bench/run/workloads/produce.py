"""W1 to W4 and W10: producing as fast as the broker takes it, and what that costs the broker."""

import struct

from machine import GB
from workloads.workload import (NULL_DURABLE, KAFKA_SYNCED, NULL, KAFKA, MILLRACE, MILLRACE_CACHED, OTHER, Workload,
                                fresh)

PARTITIONS = 6
BIG = {"connections": 2, "in_flight": 5}
BIG_BATCH = 256 * 1024


def cost(run, row, said):
    """What every produce run tells: the broker's CPU per GB, the client's and the machine's, and how fast it went."""
    payload_gb = said["payload_bytes"] / GB
    run.note(f"{row}.cpu_per_gb", said["server_cpu_s"] / payload_gb)
    run.note(f"{row}.client_per_gb", said["client_cpu_s"] / payload_gb)
    run.note(f"{row}.machine_per_gb", said["machine_cpu_s"] / payload_gb)
    run.note(f"{row}.mb_per_s", said["requests_per_s"] * said["payload_bytes"] / said["requests"] / 1e6)
    run.note(f"{row}.write_amplification", said["server_write_bytes"] / said["payload_bytes"])


class BigBatches(Workload):
    key = "W1"
    says = "1 KiB records in 256 KiB batches, 6 partitions, 2 connections; then the same is read"

    def run(self, run):
        self.with_topic(run, "w1", PARTITIONS, lambda topic: self.produce_and_read(run, topic))
        if run.number == 1 and run.contender.key not in (NULL_DURABLE, KAFKA_SYNCED):
            self.ladder(run)

    def produce_and_read(self, run, topic):
        said = run.load.measure("produce", topic=topic, partitions=PARTITIONS, records_per_batch=250, **BIG,
                                **run.phase())
        cost(run, "w1", said)
        run.note("w1.rss_loaded", said["server_rss_bytes"])
        run.note("w1.max_rate", said["requests_per_s"])
        self.max_rate = said["requests_per_s"]
        if run.contender.key in (NULL_DURABLE, KAFKA_SYNCED):
            return  # their files are read as their brothers' are
        said = run.load.measure("consume", topic=topic, partitions=PARTITIONS, consumers=2, **run.phase())
        run.note("consume.cpu_per_gb", said["server_cpu_s"] / (said["fetched_bytes"] / GB))
        run.note("consume.client_per_gb", said["client_cpu_s"] / (said["fetched_bytes"] / GB))
        run.note("consume.mb_per_s", said["fetched_bytes"] / said["seconds"] / 1e6)

    def ladder(self, run):
        """How the acknowledgement slows as each comes nearer to its own maximum."""
        for share in run.scale.ladder:
            def at_rate(topic, share=share):
                said = run.load.measure("produce", topic=topic, partitions=PARTITIONS, records_per_batch=250,
                                        rate=self.max_rate * share / 100, connections=2, in_flight=64, **run.phase())
                run.note(f"w1.p99_at_{share}", said["ack_p99_us"])
            self.with_topic(run, f"w1-{share}", PARTITIONS, at_rate)


class SmallRecords(Workload):
    key = "W2"
    says = "as W1, with 100-byte records"

    def run(self, run):
        def body(topic):
            said = run.load.measure("produce", topic=topic, partitions=PARTITIONS, record_bytes=100,
                                    batch_bytes=BIG_BATCH, **BIG, **run.phase())
            cost(run, "w2", said)
            run.note("w2.cpu_ns_per_record", said["server_cpu_s"] * 1e9 / said["records"])
            run.note("w2.records_per_s", said["records"] / said["requests"] * said["requests_per_s"])
        self.with_topic(run, "w2", PARTITIONS, body)


class KeyedSmallBatches(Workload):
    key = "W3"
    says = "keyed 200-byte records in batches of 10, 100 partitions, 4 of them in a request"

    def run(self, run):
        for producers in (2, 8, 32):
            def body(topic, producers=producers):
                said = run.load.measure("produce", topic=topic, partitions=100, partitions_per_request=4,
                                        records_per_batch=10, record_bytes=200, keys=1_000_000, connections=producers,
                                        in_flight=1, **run.phase())
                run.note(f"w3.cpu_us_at_{producers}", said["server_cpu_s"] * 1e6 / said["requests"])
                run.note(f"w3.p99_9_at_{producers}", said["ack_p99_9_us"])
                if producers == 8:
                    run.note("w3.write_amplification", said["server_write_bytes"] / said["payload_bytes"])
            self.with_topic(run, f"w3-{producers}", 100, body)


class OneRecordRequests(Workload):
    key = "W4"
    says = "one 100-byte record to a request, each connection waiting for its answer"

    def run(self, run):
        for connections in (1, 16, 64):
            def body(topic, connections=connections):
                said = run.load.measure("produce", topic=topic, partitions=PARTITIONS, record_bytes=100,
                                        connections=connections, in_flight=1, **run.phase())
                run.note(f"w4.cpu_us_at_{connections}", said["server_cpu_s"] * 1e6 / said["requests"])
                run.note(f"w4.per_s_at_{connections}", said["requests_per_s"])
                run.note(f"w4.wakeups_at_{connections}", said["server_wakeups"] / said["requests"])
            self.with_topic(run, f"w4-{connections}", PARTITIONS, body)


class Allocations(Workload):
    key = "W4 allocations"
    says = "how often the broker asks for memory: one-record requests on 16 connections, and batches of 256 KiB"
    contenders = (MILLRACE, MILLRACE_CACHED)
    rounds = 1
    own_server = True

    def run(self, run):
        contender, load = fresh(run)
        run.folder.mkdir(parents=True, exist_ok=True)
        path = run.folder.parent / "allocations"
        contender.server.count_allocations(run.binary.parent / "libbench_allocations.so", path)
        try:
            contender.server.start()
            for row, shape in (("request", {"record_bytes": 100, "connections": 16, "in_flight": 1}),
                               ("batch", {"records_per_batch": 250, **BIG})):
                load.create(row, PARTITIONS)
                load.measure("produce", topic=row, partitions=PARTITIONS, seconds=1, warm_up_s=0, **shape)
                before = calls(path)
                said = load.measure("produce", topic=row, partitions=PARTITIONS, seconds=2, warm_up_s=0, **shape)
                run.note(f"allocations.per_{row}", (calls(path) - before) / said["requests"])
        finally:
            contender.server.remove()
            path.unlink(missing_ok=True)


def calls(path):
    return struct.unpack("=Q", path.read_bytes()[:8])[0]


class Compressed(Workload):
    key = "W10"
    says = "compressed batches of the same size on the wire as uncompressed ones"
    contenders = (NULL, KAFKA, MILLRACE_CACHED, OTHER)  # what a codec costs does not depend on the acknowledgement
    rounds = 2

    def run(self, run):
        for size, name in ((4096, "4k"), (BIG_BATCH, "256k")):
            for codec in ("none", "lz4", "zstd", "gzip"):
                def body(topic, size=size, name=name, codec=codec):
                    said = run.load.measure("produce", topic=topic, partitions=PARTITIONS, data="json", codec=codec,
                                            record_bytes=170, batch_bytes=size, **BIG,
                                            **run.phase(run.scale.seconds / 2))
                    run.note(f"w10.{codec}_{name}", said["server_cpu_s"] / (said["batch_bytes"] / GB))
                self.with_topic(run, f"w10-{codec}-{name}", PARTITIONS, body)
