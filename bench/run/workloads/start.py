"""W14: from the start of the process to the first acknowledgement, with a client that is already knocking."""

import time

import contenders
from load import RunFailed
from machine import MIB, cpu_s, rss_bytes
from workloads.consume import produce_backlog
from workloads.produce import BIG, PARTITIONS
from workloads.workload import OWN_SERVER, Workload, fresh


def start_to_ack(contender, load, topic, limit_s=240):
    """Starts the server. Units of the result: seconds."""
    knocking = load.begin("first-ack", topic=topic, give_up_s=limit_s)
    begin = time.monotonic()
    try:
        contender.server.start()
        return load.finish(knocking, limit_s)["acknowledged_at_s"] - begin
    finally:
        knocking.kill()


class Empty(Workload):
    key = "W14 empty"
    says = "start of a broker with one topic and next to nothing in it, and what it takes when idle"
    contenders = OWN_SERVER
    rounds = 1
    own_server = True

    def run(self, run):
        contender, load = fresh(run)
        server = contender.server
        try:
            server.start()
            load.create("start", 1)
            for _ in range(run.scale.starts):
                server.stop()
                run.note("start.empty", start_to_ack(contender, load, "start") * 1e3)
            time.sleep(3)  # what a start leaves to do
            before, begin = cpu_s(server.pid), time.monotonic()
            time.sleep(run.scale.idle_s / 3)
            run.note("idle.cpu", 100 * (cpu_s(server.pid) - before) / (time.monotonic() - begin))
            run.note("idle.rss", rss_bytes(server.pid) / MIB)
        finally:
            server.remove()


class Killed(Workload):
    key = "W14 killed"
    says = "kill -9 under load with a backlog on disk, to the first acknowledgement"
    contenders = (contenders.KAFKA, contenders.MILLRACE, contenders.MILLRACE_CACHED)
    rounds = 1
    own_server = True

    def run(self, run):
        contender, load = fresh(run)
        try:
            contender.server.start()
            load.create("killed", PARTITIONS)
            produce_backlog(load, "killed", run.scale.cold_bytes, run.say)
            under_load = load.begin("produce", topic="killed", partitions=PARTITIONS, records_per_batch=250, **BIG,
                                    seconds=60)
            time.sleep(2)
            if under_load.poll() is not None:
                raise RunFailed("the load ended before the broker was killed")
            contender.server.kill()
            under_load.communicate()  # it says that its connection broke
            run.note("start.killed", start_to_ack(contender, load, "killed") * 1e3)
        finally:
            contender.server.remove()
