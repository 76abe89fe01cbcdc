"""W6 and W7: many that read the same, and one that reads what has long left the page cache."""

import time

from load import RunFailed
import page_cache
from machine import GB
from workloads.latency import CONNECTIONS, require_kept
from workloads.produce import BIG, PARTITIONS
from workloads.workload import KAFKA, MILLRACE, NULL, READERS, Workload

FAN_OUT_RATE = 1000  # requests/s of 50 records of 1 KiB: 51 MB/s


class FanOut(Workload):
    key = "W6"
    says = "51 MB/s produced, read by 1, 4 and 16 consumers at once"
    contenders = READERS
    rounds = 2

    def run(self, run):
        for consumers in (1, 4, 16):
            def body(topic, consumers=consumers):
                said = run.load.measure("end-to-end", topic=topic, partitions=PARTITIONS, rate=FAN_OUT_RATE,
                                        records_per_batch=50, consumers=consumers, connections=2, in_flight=64,
                                        **run.phase())
                require_kept(said)
                run.note(f"w6.cpu_per_gb_in_{consumers}", said["server_cpu_s"] / (said["payload_bytes"] / GB))
                run.note(f"w6.p99_{consumers}", said["arrival_p99_us"])
                return said["server_cpu_s"], said["fetched_bytes"]
            now = self.with_topic(run, f"w6-{consumers}", PARTITIONS, body)
            if consumers == 1:
                alone = now
        # What one more consumer costs, per GB that it reads.
        run.note("w6.slope", (now[0] - alone[0]) / ((now[1] - alone[1]) / GB))


class ColdReads(Workload):
    key = "W7"
    says = "2000 records of 1 KiB a second, from sending to arrival, while a backlog is read from disk at full speed"
    contenders = (NULL, KAFKA, MILLRACE)
    rounds = 1
    rate = 2000  # which everybody keeps on two cores

    def run(self, run):
        self.with_topic(run, "w7-backlog", PARTITIONS, lambda backlog: self.with_topic(
            run, "w7", PARTITIONS, lambda topic: self.measure(run, backlog, topic)))

    def measure(self, run, backlog, topic):
        produce_backlog(run.load, backlog, run.scale.cold_bytes, run.say)
        seconds = max(run.scale.seconds, run.scale.cold_bytes / (2 * GB))
        before = run.load.measure("end-to-end", topic=topic, partitions=PARTITIONS, rate=self.rate, **CONNECTIONS,
                                  **run.phase(seconds))
        require_kept(before, 0.9)  # a stall within the phase is part of the answer here
        run.note("w7.p99_9_alone", before["arrival_p99_9_us"])
        page_cache.forget(run.contender.server.folder)
        run.page_cache.fill()
        reader = run.load.begin("consume", topic=backlog, partitions=PARTITIONS, consumers=2, once=1, warm_up_s=0,
                                seconds=120)
        try:
            during = run.load.measure("end-to-end", topic=topic, partitions=PARTITIONS, rate=self.rate, **CONNECTIONS,
                                      **run.phase(seconds))
            read = run.load.finish(reader)
        finally:
            reader.kill()
        # A rate that was not kept here is what is being asked about: the load is open, so it shows as latency.
        run.note("w7.cold_mb_per_s", read["fetched_bytes"] / read["seconds"] / 1e6)
        run.note("w7.p99_9_during", during["arrival_p99_9_us"])
        run.note("w7.inflation", during["arrival_p99_9_us"] / before["arrival_p99_9_us"])


def produce_backlog(load, topic, wanted_bytes, say):
    """At least so many bytes; stops a little above."""
    left = wanted_bytes
    deadline = time.monotonic() + 300
    while left > 0:
        said = load.run("produce", topic=topic, partitions=PARTITIONS, records_per_batch=250, **BIG, warm_up_s=0,
                        seconds=2)
        left -= said["payload_bytes"]
        if time.monotonic() > deadline:
            raise RunFailed(f"{left / GB:.1f} GB of the backlog were still missing after 300 s")
        say(f"backlog: {(wanted_bytes - left) / GB:.1f} of {wanted_bytes / GB:.0f} GB")
