"""W8, W9, W15 and W16: many partitions, many connections, many consumers, most of them idle."""

import time

from machine import MIB, cpu_s, descriptors, rss_bytes
from workloads.start import start_to_ack
from workloads.workload import KAFKA, MILLRACE, NULL, OWN_SERVER, READERS, Workload, fresh

TOPIC_PARTITIONS_MAX = 1000


def spread(partitions):
    """So many partitions as topics of at most a thousand: (topics, partitions of each)."""
    topics = max(1, partitions // TOPIC_PARTITIONS_MAX)
    return topics, partitions // topics


class Partitions(Workload):
    key = "W8"
    says = "many partitions: made, written to once, a record a second in each, then idle, restarted, killed"
    contenders = OWN_SERVER
    rounds = 1
    own_server = True

    def run(self, run):
        for count in run.scale.partitions:
            run.say(f"{count} partitions")
            contender, load = fresh(run)
            try:
                self.measure(run, contender, load, count)
            finally:
                contender.server.set_aside(run.folder.parent)

    def measure(self, run, contender, load, count):
        server = contender.server
        server.start()
        time.sleep(1)
        empty = rss_bytes(server.pid)
        topics, each = spread(count)
        made = load.create("many", each, topics, ready=False)
        run.note(f"w8.create_{count}", made["created_s"])
        time.sleep(1)
        run.note(f"w8.rss_per_partition_{count}", (rss_bytes(server.pid) - empty) / count)
        if contender.key != NULL:  # it keeps nothing over a restart
            load.run("first-ack", topic="many-0")
            server.stop()
            run.note(f"w8.start_unwritten_{count}", start_to_ack(contender, load, "many-0") * 1e3)
        written = load.create("many", each, topics, limit_s=600)
        run.note(f"w8.first_records_{count}", written["ready_s"])
        said = load.measure("produce", topic="many-0", partitions=each, record_bytes=100, rate=each, connections=4,
                            in_flight=64, **run.phase())
        run.note(f"w8.p99_{count}", said["ack_p99_us"])
        run.note(f"w8.cpu_us_{count}", said["server_cpu_s"] * 1e6 / said["requests"])
        before, begin = cpu_s(server.pid), time.monotonic()
        time.sleep(run.scale.idle_s / 3)
        run.note(f"w8.idle_cpu_{count}", 100 * (cpu_s(server.pid) - before) / (time.monotonic() - begin))
        run.note(f"w8.rss_{count}", rss_bytes(server.pid) / MIB)
        run.note(f"w8.descriptors_{count}", descriptors(server.pid))
        if contender.key == NULL:
            return
        server.stop()
        run.note(f"w8.start_{count}", start_to_ack(contender, load, "many-0") * 1e3)
        server.kill()
        run.note(f"w8.start_killed_{count}", start_to_ack(contender, load, "many-0") * 1e3)


class IdlePartitions(Workload):
    key = "W8 idle"
    says = "partitions that nobody ever wrote to"
    contenders = (MILLRACE,)  # Kafka ends at 33 000: it maps two files for each
    rounds = 1
    own_server = True

    def run(self, run):
        contender, load = fresh(run)
        server = contender.server
        try:
            server.start()
            time.sleep(1)
            rss, open_before = rss_bytes(server.pid), descriptors(server.pid)
            topics, each = spread(run.scale.partitions_idle)
            run.note("idle_partitions.create", load.create("idle", each, topics, ready=False)["created_s"])
            time.sleep(2)
            count = topics * each
            run.note("idle_partitions.count", count)
            run.note("idle_partitions.rss_each", (rss_bytes(server.pid) - rss) / count)
            run.note("idle_partitions.rss", rss_bytes(server.pid) / MIB)
            run.note("idle_partitions.descriptors", descriptors(server.pid) - open_before)
            load.run("first-ack", topic="idle-0")
            server.stop()
            run.note("idle_partitions.start", start_to_ack(contender, load, "idle-0") * 1e3)
        finally:
            server.remove()


class IdleConnections(Workload):
    key = "W9"
    says = "idle connections, and 10 active ones beside them"
    contenders = READERS
    rounds = 1

    def run(self, run):
        pid = run.contender.server.pid
        count = run.scale.connections_idle

        def active(topic):
            return run.load.measure("produce", topic=topic, partitions=6, rate=1000, connections=10, in_flight=16,
                                    **run.phase())

        def body(topic):
            run.note("w9.p99_without", active(topic)["ack_p99_us"])
            rss, open_before = rss_bytes(pid), descriptors(pid)
            holder = run.load.begin("idle", connections=count)
            try:
                if not holder.stdout.readline():
                    run.load.finish(holder)  # tells why
                run.note("w9.rss_each", max(0, rss_bytes(pid) - rss) / count)
                run.note("w9.descriptors", descriptors(pid) - open_before)
                run.note("w9.p99", active(topic)["ack_p99_us"])
                before, begin = cpu_s(pid), time.monotonic()
                time.sleep(run.scale.idle_s / 6)
                run.note("w9.idle_cpu", 100 * (cpu_s(pid) - before) / (time.monotonic() - begin))
            finally:
                holder.kill()
                holder.communicate()
        self.with_topic(run, "w9", 6, body)


class LongPolling(Workload):
    key = "W16"
    says = "100 consumers wait for records of 1000 partitions, 10 each, and none come"
    contenders = READERS
    rounds = 1

    def run(self, run):
        def body(topic):
            said = run.load.measure("long-poll", topic=topic, partitions=1000, consumers=100,
                                    **run.phase(run.scale.idle_s))
            run.note("w16.cpu", 100 * said["server_cpu_s"] / said["wall_s"])
            run.note("w16.wakeups", said["server_wakeups"] / said["wall_s"])
        self.with_topic(run, "w16", 1000, body)


class Group(Workload):
    key = "W15"
    says = "members join a group at once, then commit offsets one after another"
    contenders = (KAFKA, MILLRACE)
    rounds = 2

    def run(self, run):
        def body(topic):
            said = run.load.measure("group", group=topic, topic=topic, members=run.scale.members, **run.phase())
            run.note("w15.join", said["join_s"] * 1e3)
            run.note("w15.commit_cpu_us", said["server_cpu_s"] * 1e6 / said["commits"])
            run.note("w15.commits_per_s", said["commits_per_s"])
        self.with_topic(run, "w15", run.scale.members, body)
