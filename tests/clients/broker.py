"""A broker to point clients at: Millrace, or Apache Kafka itself. Each lives in one folder and keeps its address for life.

Not for: several nodes. Everything a broker says goes to `broker.log` beside its data, so that a failure can be read later.
"""

import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import threading
import time

START_LIMIT_S = 60  # Millrace needs milliseconds, a Java broker on two busy cores can need many seconds.
STOP_LIMIT_S = 60

# Both brokers take the same names, so that a scenario meets the same world.
SETTINGS = {
    "auto.create.topics.enable": "true",       # kcat has no other way to create a topic
    "group.initial.rebalance.delay.ms": "0",   # else every first member waits three seconds
    "num.partitions": "6",                     # what kcat's topics get
}

_alive = set()  # Every process group that this run started and has not yet seen the end of.
_formatting = threading.Lock()


class BrokerFailed(Exception):
    pass


def free_port():
    """A port below the kernel's ephemeral range: from inside it, a client that knocks while the broker is down can be
    given the broker's own port as its source and so hold it."""
    first_ephemeral = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(1000):
        port = random.randrange(10_000, max(first_ephemeral, 20_000))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise BrokerFailed("no free port below the ephemeral range")


def spawn(argv, **options):
    """Starts a program in a process group of its own, so that it can be ended with all its children."""
    process = subprocess.Popen([str(part) for part in argv], start_new_session=True, **options)
    _alive.add(process)
    return process


def end(process):
    """Kills whatever is left of a spawned program."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    _alive.discard(process)


def end_all():
    for process in list(_alive):
        end(process)


class Broker:
    """Start, kill and stop; subclasses say with which command, and how to see that it serves."""

    name = "a broker"

    def __init__(self, folder, advertised=None, address=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.log = self.folder / "broker.log"
        self.address = address or f"127.0.0.1:{free_port()}"
        self.advertised = advertised or self.address
        self.process = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = spawn(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                                 env=self.environment())
        deadline = time.monotonic() + START_LIMIT_S
        while not self.serves():
            if self.process.poll() is not None:
                raise BrokerFailed(f"{self.name} ended with {self.process.returncode} at its start; see {self.log}")
            if time.monotonic() > deadline:
                raise BrokerFailed(f"{self.name} does not serve after {START_LIMIT_S} s; see {self.log}")
            time.sleep(0.02)

    def kill(self):
        """What a power cut is to a process. The data directory stays."""
        end(self.process)

    def stop(self):
        """The clean way; raises when it is not clean."""
        code = self.process.poll()
        if code is not None:
            raise BrokerFailed(f"{self.name} had already ended with {code}; see {self.log}")
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise BrokerFailed(f"{self.name} still runs {STOP_LIMIT_S} s after SIGTERM") from None
        finally:
            end(self.process)
        if code not in self.clean_exits:
            raise BrokerFailed(f"{self.name} ended with {code} after SIGTERM; see {self.log}")


class Millrace(Broker):
    name = "millrace"
    clean_exits = (0,)

    def __init__(self, folder, binary, advertised=None, address=None):
        super().__init__(folder, advertised, address)
        self.binary = pathlib.Path(binary).resolve()
        self.ready = self.folder / "ready"

    def start(self):
        self.ready.unlink(missing_ok=True)
        super().start()

    def command(self):
        settings = dict(SETTINGS)
        if self.advertised != self.address:
            settings["advertised.listeners"] = f"PLAINTEXT://{self.advertised}"
        return [self.binary, "up", "--data", self.data, "--listen", self.address, "--ready-file", self.ready,
                *(part for item in settings.items() for part in ("--set", "=".join(item)))]

    def environment(self):
        return None

    def serves(self):
        return self.ready.exists() and self.ready.read_text().strip() == self.address


class Kafka(Broker):
    """One Java node that is both broker and controller. Its quorum is named in its settings, or, with `dynamic_quorum`, by
    what its directory is formatted with (KIP-853)."""

    name = "Apache Kafka"
    clean_exits = (0, 128 + signal.SIGTERM)

    def __init__(self, folder, jars, log_config, advertised=None, address=None, dynamic_quorum=False):
        super().__init__(folder, advertised, address)
        self.jars = jars
        self.log_config = log_config
        self.properties = self.folder / "server.properties"
        self.served = 0  # how many starts the log tells of
        self.dynamic_quorum = dynamic_quorum
        controller = f"127.0.0.1:{free_port()}"
        settings = SETTINGS | {
            "process.roles": "broker,controller",
            "node.id": "1",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.advertised}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            **({"controller.quorum.bootstrap.servers": controller} if dynamic_quorum else
               {"controller.quorum.voters": f"1@{controller}"}),
            "log.dirs": str(self.data),
            "broker.heartbeat.interval.ms": "500",
            "broker.session.timeout.ms": "3000",  # a killed node may only come back after it: 9 s by default
            "log.flush.start.offset.checkpoint.interval.ms": "500",  # until then a killed one forgets DeleteRecords: 60 s
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
        }
        self.properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    def start(self):
        if not self.data.exists():
            self._format()
        self.served = self._started_lines()
        super().start()

    def command(self):
        return self._java("kafka.Kafka", self.properties)

    def environment(self):
        return os.environ | {"CLASSPATH": f"{self.jars}/*"}

    def serves(self):
        return self._started_lines() > self.served

    def _started_lines(self):
        return self.log.read_text(errors="replace").count("Kafka Server started") if self.log.exists() else 0

    def _java(self, *arguments):
        return ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                f"-Dlog4j2.configurationFile={self.log_config}", *arguments]

    def _format(self):
        """A formatted directory is the same for every run, so one is made and copied, unless it names the quorum's ports."""
        if self.dynamic_quorum:
            return self._format_with("--standalone")
        model = self.jars.parent / "formatted"
        with _formatting:
            if not model.exists():
                self._format_with()
                self.data.rename(model)
        shutil.copytree(model, self.data)

    def _format_with(self, *how):
        command = self._java("kafka.tools.StorageTool", "format", "-t", "AAAAAAAAQACAAAAAAAAAAQ", "-c", self.properties, *how)
        done = subprocess.run([str(part) for part in command], env=self.environment(), capture_output=True, text=True)
        if done.returncode:
            raise BrokerFailed(f"Kafka's storage tool does not format: {done.stderr.strip()}")
