#!/usr/bin/env python3
"""Runs the same load against the null broker, Apache Kafka and Millrace, in turn, in one run, and prints ratios.

What counts is the broker's CPU (user + system, from /proc), not throughput: client and broker share this machine.
The brokers take turns within each round, so that a slow moment of the machine meets all of them; the table has the
median of the rounds and, in brackets, lowest and highest.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/clients"))
import broker as brokers  # noqa: E402
import families  # noqa: E402

MIB, GB = 1 << 20, 1e9
KAFKA, KAFKA_SYNCED = "Kafka", "Kafka, synced"
MILLRACE, MILLRACE_CACHED = "Millrace", "Millrace, page cache"


class NullBroker:
    """Decodes and acknowledges, stores nothing: what the protocol itself costs."""

    def __init__(self, binary):
        self.binary = binary
        self.process = None
        self.address = None

    def start(self):
        self.process = brokers.spawn([self.binary], stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def stop(self):
        brokers.end(self.process)


class WarmKafka(brokers.Kafka):
    """With the flags of Kafka's own start scripts and its own heartbeats, not the quick ones of the client tests."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        lines = self.properties.read_text().splitlines(keepends=True)
        self.properties.write_text("".join(line for line in lines if not line.startswith("broker.")))

    def _java(self, *arguments):
        if "kafka.Kafka" not in arguments:
            return super()._java(*arguments)
        return ["java", "-Xms1G", "-Xmx1G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
                "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent",
                "-Djava.awt.headless=true", f"-Dlog4j2.configurationFile={self.log_config}", *arguments]


class SyncedKafka:
    """The same Kafka process, with topics that sync every batch before it is acknowledged (flush.messages=1)."""

    def __init__(self, kafka):
        self.kafka = kafka

    @property
    def process(self):
        return self.kafka.process

    @property
    def address(self):
        return self.kafka.address


class PageCacheMillrace(brokers.Millrace):
    """Acknowledges what is in the page cache, as Kafka does by default."""

    def command(self):
        return [*super().command(), "--set", "durability=page-cache"]


def cpu_s(pid):
    """User and system seconds of a process so far, all its threads together, to the nanosecond: Linux lets one read
    another process's CPU clock, whose number is made like this (clock_getcpuclockid)."""
    return time.clock_gettime(~pid << 3 | 2)


def rss_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.load = options.build / "bench/bench_load"
        self.servers = {}  # name -> running broker
        self.folder = folder
        self.results = {}  # (line, name) -> [value per round]
        self.started = time.monotonic()

    def say(self, text):
        elapsed = time.monotonic() - self.started
        print(f"[{elapsed:5.0f} s] {text}", file=sys.stderr, flush=True)

    def note(self, line, name, value):
        self.results.setdefault((line, name), []).append(value)

    def run_load(self, name, verb, **settings):
        """One workload: what the client reports, and the CPU seconds it cost the broker."""
        server = self.servers[name]
        words = [str(self.load), verb, "--bootstrap", server.address]
        for key, value in settings.items():
            words += [f"--{key.replace('_', '-')}", str(value)]
        before = cpu_s(server.process.pid)
        done = subprocess.run(words, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise SystemExit(f"bench: {' '.join(words)}\n{done.stderr[-2000:]}")
        # What a broker does behind the acknowledgement (write-back, clean-up) is part of the cost.
        time.sleep(0.3)
        return json.loads(done.stdout.splitlines()[-1]), cpu_s(server.process.pid) - before

    def start_all(self):
        binary = self.options.broker
        jars = families.jars()
        kafka = WarmKafka(self.folder / "kafka", jars, families.LOG_CONFIG)
        made = {
            "null": NullBroker(self.options.build / "bench/null_broker"),
            KAFKA: kafka,
            MILLRACE: brokers.Millrace(self.folder / "millrace", binary),
            MILLRACE_CACHED: PageCacheMillrace(self.folder / "page-cache", binary),
        }
        for name, server in made.items():
            self.say(f"starting {name}")
            server.start()
            if name != "null":  # it has no topics to acknowledge for, and starts with them
                self.start_to_ack(name, server)
            self.servers[name] = server
            if server is kafka:
                self.servers[KAFKA_SYNCED] = SyncedKafka(kafka)

    def start_to_ack(self, name, server):
        """W14, empty: from exec to the first acknowledgement, with a client that is already knocking."""
        run_load = [str(self.load), "ack", "--bootstrap", server.address, "--topic", "start"]
        subprocess.run(run_load, capture_output=True, check=True)  # makes the topic
        for _ in range(self.options.rounds):
            server.stop()
            client = subprocess.Popen(run_load, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            begin = time.monotonic()
            server.start()
            output, _ = client.communicate(timeout=90)
            if client.returncode:
                raise SystemExit(f"bench: {name} acknowledged nothing after its start: {output}")
            self.note("W14 start to first ack, ms", name, (json.loads(output)["acknowledged_at_s"] - begin) * 1e3)

    def idle(self):
        self.say(f"idle for {self.options.idle_s} s")
        time.sleep(5)  # what the start left to do
        alone = {name: server for name, server in self.servers.items() if name != KAFKA_SYNCED}
        before = {name: cpu_s(server.process.pid) for name, server in alone.items()}
        begin = time.monotonic()
        time.sleep(self.options.idle_s)
        elapsed = time.monotonic() - begin
        for name, server in alone.items():
            self.note("idle CPU, % of a core", name, 100 * (cpu_s(server.process.pid) - before[name]) / elapsed)
            self.note("idle RSS, MiB", name, rss_bytes(server.process.pid) / MIB)

    def create_synced(self, topic):
        subprocess.run([self.options.broker, "topic", "create", topic, f"{topic}-small", "-p", "6", "--set",
                        "flush.messages=1", "-b", self.servers[KAFKA_SYNCED].address], check=True, capture_output=True)

    def round(self, number):
        """Number 0 warms up and is not counted."""
        note = self.note if number else lambda *_: None
        for name in self.servers:
            self.say(f"round {number}, {name}{'' if number else ' (warm-up)'}")
            topic = f"bench-{number}"
            if name == KAFKA_SYNCED:
                topic += "-synced"
                self.create_synced(topic)
            records = self.options.records
            done, cpu = self.run_load(name, "produce", topic=topic, records=records, producers=2)
            note("W1 produce, CPU-s/GB", name, cpu / (done["bytes"] / GB))
            note("W1 produce, MB/s", name, done["bytes"] / 1e6 / done["seconds"])
            done, cpu = self.run_load(name, "requests", topic=f"{topic}-small", seconds=self.options.requests_s)
            note("W4 one-record requests, CPU-us each", name, cpu * 1e6 / done["records"])
            note("W4 one-record requests, per s", name, done["records"] / done["seconds"])
            if name == KAFKA_SYNCED:
                continue  # reads as Kafka does
            done, cpu = self.run_load(name, "consume", topic=topic, records=records)
            note("W6 consume, CPU-s/GB", name, cpu / (done["bytes"] / GB))
            note("W6 consume, MB/s", name, done["bytes"] / 1e6 / done["seconds"])

    def table(self):
        names = list(self.servers)
        lines = list(dict.fromkeys(line for line, _ in self.results))
        rows = [["", *names, "ours / null", "ours / Kafka", "both synced", "both page cache"]]
        for line in lines:
            cells = {n: self.results.get((line, n)) for n in names}
            middle = {n: statistics.median(v) for n, v in cells.items() if v}
            rows.append([line, *(self.cell(cells[n]) for n in names),
                         ratio(middle, MILLRACE, "null"), ratio(middle, MILLRACE, KAFKA),
                         ratio(middle, MILLRACE, KAFKA_SYNCED), ratio(middle, MILLRACE_CACHED, KAFKA)])
        return "\n".join("| " + " | ".join(row) + " |" for row in [rows[0], ["---"] * len(rows[0]), *rows[1:]])

    @staticmethod
    def cell(values):
        if not values:
            return "-"
        text = f"{statistics.median(values):.3g}"
        return text if len(values) == 1 else f"{text} ({min(values):.3g}-{max(values):.3g})"


def ratio(middle, ours, theirs):
    if ours not in middle or not middle.get(theirs):
        return "-"
    return f"{middle[ours] / middle[theirs]:.2g}x"


def machine():
    cpu = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), "?")
    return f"{os.cpu_count()} cores ({cpu}), Linux {os.uname().release}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three short rounds, under six minutes")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--broker", type=pathlib.Path, help="the millrace binary (default: of the build)")
    parser.add_argument("--write", type=pathlib.Path, help="also write the table to this Markdown file")
    options = parser.parse_args()
    options.broker = options.broker or options.build / "millrace"
    options.rounds = 3 if options.quick else 5
    options.records = 400_000 if options.quick else 1_000_000
    options.requests_s = 3 if options.quick else 10
    options.idle_s = 10 if options.quick else 60

    folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-bench-"))
    try:
        bench = Bench(options, folder)
        bench.start_all()
        bench.idle()
        for number in range(options.rounds + 1):
            bench.round(number)
        text = (f"{machine()}; 1 KiB records, 6 partitions, 2 producers (acks=all, linger 5 ms, 256 KiB batches); "
                f"median of {options.rounds} rounds (lowest-highest)\n\n{bench.table()}\n")
        print(text)
        if options.write:
            options.write.write_text(text)
    finally:
        brokers.end_all()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
