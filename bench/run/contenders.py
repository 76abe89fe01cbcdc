"""Who is measured: the null broker, Apache Kafka, Millrace, or a broker that runs already.

A server is a process with an address; a contender is a server and the topic settings it is measured with, so that one
Kafka process is both "Kafka" and "Kafka, synced".
"""

import dataclasses
import os
import pathlib
import signal
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/clients"))  # behind ours: both have a report.py
import broker as brokers  # noqa: E402
import families  # noqa: E402

brokers.START_LIMIT_S = 240  # Kafka with ten thousand partitions, on two cores

# Files of deleted topics go at once: the disk is for the next run.
TOPIC = {"file.delete.delay.ms": "100"}
SETTINGS = {"log.cleaner.backoff.ms": "1000", "log.segment.delete.delay.ms": "100"}
OWN_SETTINGS = {"log.delete.io.max.bytes.per.second": str(10**12)}  # Kafka knows no other way
# A stopped (paused) Kafka must not be declared dead by its own controller while others are measured. Not for those that
# are killed: a killed node may only come back after this time, 9 s by default.
PAUSABLE = {"broker.session.timeout.ms": "3600000"}


class Server:
    """What the workloads need of a process; the subclasses know how it is started."""

    address = None
    folder = None

    def start(self):
        raise NotImplementedError

    @property
    def pid(self):
        return self.process.pid

    def death(self):
        """How the process ended by itself, or None while it lives."""
        code = self.process.poll()
        if code is None:
            return None
        return f"signal {-code}" if code < 0 else f"exit status {code}"

    def pause(self):
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.pid, signal.SIGCONT)

    def wait_until_removed(self, topic, limit_s=30):
        """Until the files of a deleted topic are gone: what they cost is not to be the next run's."""
        deadline = time.monotonic() + limit_s
        while self.folder and any(self.data.glob(f"{topic}-*")) and time.monotonic() < deadline:
            time.sleep(0.05)

    def remove(self):
        """Ends it, and its data with it."""
        brokers.end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def set_aside(self, folder):
        """Ends it; its data goes with `folder`. For many files: an ext4 without a journal gives an inode out again only
        minutes after it was freed, and whoever makes files meanwhile, the next contender, pays for the search."""
        brokers.end(self.process)
        self.folder.rename(tempfile.mkdtemp(dir=folder))


class Null(Server):
    """bench/null: what no broker can leave out, and nothing else."""

    def __init__(self, folder, binary, keep):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.data = self.folder
        self.binary, self.keep = binary, keep
        self.address = f"127.0.0.1:{brokers.free_port()}"

    def start(self):
        command = [self.binary, "--keep", self.keep, "--data", self.folder, "--listen", self.address.split(":")[1]]
        self.process = brokers.spawn(command, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != self.address:
            raise brokers.BrokerFailed("the null broker does not start")

    def stop(self):
        brokers.end(self.process)

    kill = stop


class Millrace(brokers.Millrace, Server):
    def __init__(self, folder, binary, durability="sync"):
        super().__init__(folder, binary)
        self.durability = durability
        self.preload = None

    def count_allocations(self, library, path):
        """From the next start on, in that file; see bench/allocations/count.cc."""
        self.preload = {"LD_PRELOAD": str(library), "MILLRACE_BENCH_ALLOCATIONS": str(path)}

    def environment(self):
        return self.preload and os.environ | self.preload

    def command(self):
        settings = SETTINGS | OWN_SETTINGS | {"durability": self.durability}
        return [*super().command(), *(part for item in settings.items() for part in ("--set", "=".join(item)))]


class Kafka(brokers.Kafka, Server):
    """With the flags of Kafka's own start scripts, not the quick ones of the client tests."""

    def __init__(self, folder, heap_gb, pausable=True):
        super().__init__(folder, families.jars(), families.LOG_CONFIG)
        self.heap_gb = heap_gb
        lines = [line for line in self.properties.read_text().splitlines() if not line.startswith("broker.")]
        settings = SETTINGS | PAUSABLE if pausable else SETTINGS
        lines += [f"{name}={value}" for name, value in settings.items()]
        self.properties.write_text("".join(f"{line}\n" for line in lines))

    def _java(self, *arguments):
        if "kafka.Kafka" not in arguments:
            return super()._java(*arguments)
        return ["java", f"-Xms{self.heap_gb}G", f"-Xmx{self.heap_gb}G", "-server", "-XX:+UseG1GC",
                "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent",
                "-Djava.awt.headless=true", f"-Dlog4j2.configurationFile={self.log_config}", *arguments]


class Other(Server):
    """A broker that somebody else started. It is neither stopped nor started, so some workloads pass it by."""

    def __init__(self, address, pid):
        self.address, self._pid = address, pid

    @property
    def pid(self):
        return self._pid

    def death(self):
        return None

    def start(self):
        pass

    def pause(self):
        pass

    resume = remove = pause


@dataclasses.dataclass
class Contender:
    key: str       # in results
    title: str     # in tables
    server: Server
    topic: dict    # settings of every topic it gets
    durable: bool  # acknowledges from stable storage
    make: object = None  # makes another such server, of one's own, in a folder


NULL, NULL_DURABLE = "null", "null-durable"
KAFKA, KAFKA_SYNCED = "kafka", "kafka-synced"
MILLRACE, MILLRACE_CACHED = "millrace", "millrace-cached"
OTHER = "other"

TITLES = {
    NULL: "null", NULL_DURABLE: "null, durable", KAFKA: "Kafka", KAFKA_SYNCED: "Kafka, synced",
    MILLRACE: "Millrace", MILLRACE_CACHED: "Millrace, page cache", OTHER: "other",
}


def makers(options, shared=False):
    """Contender's key -> what makes its server in a folder. A shared one is paused while it is not its turn."""
    null = options.build / "bench/null_broker"
    return {
        NULL: lambda folder: Null(folder, null, "stored"),
        NULL_DURABLE: lambda folder: Null(folder, null, "durable"),
        KAFKA: lambda folder: Kafka(folder, options.heap_gb, shared),
        MILLRACE: lambda folder: Millrace(folder, options.broker),
        MILLRACE_CACHED: lambda folder: Millrace(folder, options.broker, "page-cache"),
    }


def start_all(options, folder, keys):
    """The contenders of these keys, each with a running server of its own, but for KAFKA_SYNCED, which shares."""
    made = {}
    for key in keys:
        if key == OTHER:
            made[key] = Contender(key, TITLES[key], Other(options.other, options.other_pid), {}, False)
            continue
        process = KAFKA if key == KAFKA_SYNCED else key
        if process in made:
            server = made[process].server
        else:
            server = makers(options, shared=True)[process](folder / process)
            server.start()
        topic = TOPIC | ({"flush.messages": "1"} if key == KAFKA_SYNCED else {})
        durable = key in (NULL_DURABLE, KAFKA_SYNCED, MILLRACE)
        made[key] = Contender(key, TITLES[key], server, topic, durable, makers(options)[process])
    return made
