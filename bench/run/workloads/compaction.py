"""W12: what compaction costs, over what the same records cost in a topic that is not compacted."""

import time

from load import RunFailed
from machine import GB, cpu_s
from workloads.produce import PARTITIONS
from workloads.workload import KAFKA, MILLRACE, Workload

RECORDS_PER_BATCH = 250
SECONDS = 20  # over which the updates come
IDLE_SHARE = 0.15  # of a core: Kafka does not come lower
SETTLE_LIMIT_S = 90


class Compaction(Workload):
    key = "W12"
    says = "20 million updates of 100 bytes over a million keys, with and without compaction"
    contenders = (KAFKA, MILLRACE)
    rounds = 1

    def run(self, run):
        plain = self.with_topic(run, "w12-plain", PARTITIONS, lambda topic: self.update(run, topic))
        compacted = self.with_topic(run, "w12", PARTITIONS, lambda topic: self.update(run, topic), **{
            "cleanup.policy": "compact", "segment.bytes": 16 << 20, "min.cleanable.dirty.ratio": 0.5})
        payload_gb = compacted["payload_bytes"] / GB
        run.note("w12.cleaner_cpu_per_gb", (compacted["cpu_s"] - plain["cpu_s"]) / payload_gb)
        run.note("w12.kept", compacted["left_bytes"] / compacted["payload_bytes"])  # who cleans nothing has no merit
        run.note("w12.write_amplification", compacted["written_bytes"] / compacted["payload_bytes"])
        run.note("w12.p99_plain", plain["ack_p99_us"])
        run.note("w12.p99_compacted", compacted["ack_p99_us"])

    def update(self, run, topic):
        server = run.contender.server
        seconds = min(SECONDS, run.scale.updates / 1_000_000)
        rate = run.scale.updates / RECORDS_PER_BATCH / seconds
        begin, written = cpu_s(server.pid), write_bytes(server.pid)
        said = run.load.measure("produce", topic=topic, partitions=PARTITIONS, record_bytes=100, keys=run.scale.keys,
                                records_per_batch=RECORDS_PER_BATCH, rate=rate, connections=2, in_flight=64,
                                warm_up_s=0, seconds=seconds)
        wait_until_idle(server.pid)
        return said | {"cpu_s": cpu_s(server.pid) - begin, "written_bytes": write_bytes(server.pid) - written,
                       "left_bytes": log_bytes(server.data, topic)}


def write_bytes(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("write_bytes:"))


def log_bytes(data, topic):
    return sum(path.stat().st_size for path in data.glob(f"{topic}-*/*.log"))


def wait_until_idle(pid):
    """Three quiet seconds, one after another: the cleaner rests a second between two looks."""
    quiet, deadline = 0, time.monotonic() + SETTLE_LIMIT_S
    while quiet < 3:
        before = cpu_s(pid)
        time.sleep(1)
        quiet = quiet + 1 if cpu_s(pid) - before < IDLE_SHARE else 0
        if time.monotonic() > deadline:
            raise RunFailed(f"still busy {SETTLE_LIMIT_S} s after the last record")
