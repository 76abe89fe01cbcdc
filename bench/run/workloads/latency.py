"""W4 at fixed rates and W5: how long an acknowledgement, and an arrival, take. The load is open: a late answer does not
make the next request late. A rate that was not kept gives no latency, but a failure that says what was reached."""

from load import RunFailed
from workloads.produce import PARTITIONS
from workloads.workload import KAFKA, MILLRACE, MILLRACE_CACHED, NULL, OTHER, Workload

KEPT = 0.99
CONNECTIONS = {"connections": 16, "in_flight": 64}


def require_kept(said, share=KEPT):
    if said["requests_per_s"] < share * said["intended_per_s"]:
        raise RunFailed(f"kept {said['requests_per_s']:.0f} of {said['intended_per_s']:.0f} requests/s")


BEYOND = {"p50": 0.5, "p99": 0.01, "p99_9": 0.001, "p99_99": 0.0001}
BEYOND_MIN = 10  # a percentile with fewer samples beyond it is an accident


def note_latency(run, row, said, what):
    for share, beyond in BEYOND.items():
        if said[f"{what}_count"] * beyond >= BEYOND_MIN:
            run.note(f"{row}.{share}", said[f"{what}_{share}_us"])
    run.note(f"{row}.max", said[f"{what}_max_us"])


class AckAtRate(Workload):
    key = "W4 at a rate"
    says = "one 1 KiB record to a request at a fixed rate, 16 connections"
    rates = (1000, 5000, 20_000, 50_000)

    def run(self, run):
        for rate in self.rates:
            def body(topic, rate=rate):
                said = run.load.measure("produce", topic=topic, partitions=PARTITIONS, rate=rate, **CONNECTIONS,
                                        **run.phase())
                require_kept(said)
                note_latency(run, f"ack.{rate}", said, "ack")
                run.note(f"ack.{rate}.cpu_us", said["server_cpu_s"] * 1e6 / said["requests"])
                run.note(f"ack.{rate}.write_amplification", said["server_write_bytes"] / said["payload_bytes"])
            self.with_topic(run, f"w4-rate-{rate}", PARTITIONS, body)  # who fails at one rate fails at the next


class EndToEnd(Workload):
    key = "W5"
    says = "10 000 records of 1 KiB a second, one to a request, from intended sending to arrival at a waiting consumer"
    contenders = (NULL, KAFKA, MILLRACE, MILLRACE_CACHED, OTHER)
    rate = 10_000

    def run(self, run):
        def body(topic):
            said = run.load.measure("end-to-end", topic=topic, partitions=PARTITIONS, rate=self.rate, **CONNECTIONS,
                                    **run.phase())
            require_kept(said)
            note_latency(run, "w5", said, "arrival")
            run.note("w5.cpu_us", said["server_cpu_s"] * 1e6 / said["requests"])
        self.with_topic(run, "w5", PARTITIONS, body)
