"""The trial `kill`: the broker is killed with SIGKILL again and again under two idempotent producers and a group of two.

The producers are the Java client and librdkafka (confluent-kafka), and so are the members of the group; one of them leaves and
comes back now and then. What they saw is judged in histories.py.
"""

import collections
import random
import subprocess
import threading
import time

import broker
import families
import histories

KILLS = 30
KILLS_IN_CI = 5
REJOIN_EVERY = 4
PATIENCE_S = 60
SHOWN = 5
TOPIC = "killed"
GROUP = "survivors"
SENTENCE = (f"The broker is killed {KILLS} times under two idempotent producers (Java, librdkafka) and a group of both that commits; "
            "nothing is lost, doubled or out of order, and the group goes on from where it was.")


class KillFailed(Exception):
    pass


def run(suite):
    """Every complaint, as a line; none means that the trial is passed."""
    load = [families.python(), families.HERE / "confluent-kafka" / "load.py"]
    java = {name: families.java_program(name)() for name in ("LoadProducer", "LoadMember")}
    server = broker.Millrace(suite.folder / "kill", suite.binary)
    partitions = broker.SETTINGS["num.partitions"]
    server.start()
    programs = Programs(server)
    try:
        programs.start("java", [*java["LoadProducer"], server.address, TOPIC, partitions, "java"])
        programs.start("librdkafka", [*load, "producer", server.address, TOPIC, partitions, "librdkafka"])
        programs.start("member java", [*java["LoadMember"], server.address, TOPIC, GROUP])
        programs.start("member librdkafka", [*load, "member", server.address, TOPIC, GROUP])
        story = Story(suite, server, programs, KILLS_IN_CI if suite.options.ci else KILLS)
        story.kill_again_and_again()
        story.read_to_the_end()
        programs.start("reader", [*load, "reader", server.address, TOPIC, GROUP])
        programs.finish("reader")
        server.stop()
    except (KillFailed, broker.BrokerFailed) as failed:
        return [str(failed)]
    finally:
        programs.end()
        broker.end(server.process)
    return story.judged()


class Programs:
    """The clients, each with its history, and how often each event was in it."""

    def __init__(self, server):
        self.server = server
        self.processes = {}
        self.readers = {}
        self.histories = {}
        self.counts = collections.Counter()
        self.places_read = set()  # (partition, offset)

    def start(self, name, command):
        with (self.server.folder / f"{name.replace(' ', '-')}.log").open("ab") as errors:
            process = broker.spawn(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        self.processes[name] = process
        self.histories[name] = []
        self.readers[name] = threading.Thread(target=self._read, args=(name, process), daemon=True)
        self.readers[name].start()

    def _read(self, name, process):
        for line in process.stdout:
            event = histories.parse(line)
            self.histories[name].append(event)
            self.counts[name, event[1]] += 1
            if event[1] == "read":
                self.places_read.add(event[2:4])

    def check(self):
        for name, process in self.processes.items():
            if process.poll():
                raise KillFailed(f"{name} ended with {process.returncode}; see {self.server.folder}/{name.replace(' ', '-')}.log")

    def tell(self, name, line):
        print(line, file=self.processes[name].stdin, flush=True)

    def finish(self, name):
        """Lets it come to its end, and reads its last words."""
        self.processes[name].stdin.close()
        try:
            code = self.processes[name].wait(2 * PATIENCE_S)
        except subprocess.TimeoutExpired:
            code = f"nothing, for {2 * PATIENCE_S} s"
        if code:
            raise KillFailed(f"{name} ended with {code}; see {self.server.folder}/{name.replace(' ', '-')}.log")
        self.readers[name].join()
        broker.end(self.processes.pop(name))

    def end(self):
        for process in self.processes.values():
            broker.end(process)


class Story:
    PRODUCERS = ("java", "librdkafka")
    MEMBERS = ("member java", "member librdkafka")

    def __init__(self, suite, server, programs, kills):
        self.suite = suite
        self.server = server
        self.programs = programs
        self.kills = kills
        self.seed = random.randrange(2**32)
        self.random = random.Random(self.seed)
        self.restart_ms = []

    def kill_again_and_again(self):
        for kill in range(1, self.kills + 1):
            # Each life is long enough for every client to have got something from it; how much longer, chance says.
            self.await_more({(name, "acked"): self.random.randrange(50, 800) for name in self.PRODUCERS}, kill)
            if kill % REJOIN_EVERY == 0:
                self.programs.tell("member librdkafka", "rejoin")
            self.await_more_read(self.random.randrange(20, 400), kill)
            self.server.kill()
            began = time.monotonic()
            self.server.start()
            self.restart_ms.append((time.monotonic() - began) * 1000)

    def await_more(self, wanted, kill):
        goals = {key: self.programs.counts[key] + count for key, count in wanted.items()}
        self.await_until(lambda: all(self.programs.counts[key] >= goal for key, goal in goals.items()), kill, "both producers")

    def await_more_read(self, count, kill):
        goal = self.reads() + count
        self.await_until(lambda: self.reads() >= goal, kill, "the group")

    def reads(self):
        return sum(self.programs.counts[name, "read"] for name in self.MEMBERS)

    def await_until(self, condition, kill, whom):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            self.programs.check()
            if time.monotonic() > deadline:
                raise KillFailed(f"after kill {kill - 1} {whom} did not go on within {PATIENCE_S} s; seed {self.seed}")
            acked = sum(self.programs.counts[name, "acked"] for name in self.PRODUCERS)
            self.suite.progress.enter("kill", f"{kill} of {self.kills}: {acked} records acknowledged, {self.reads()} read, waiting for {whom}")
            time.sleep(0.01)

    def read_to_the_end(self):
        for name in self.PRODUCERS:
            self.programs.finish(name)
        sent = sum(event[3] for name in self.PRODUCERS for event in self.programs.histories[name] if event[1] == "sent")
        self.await_until(lambda: len(self.programs.places_read) >= sent, self.kills + 1, "the group, to the end of the log,")
        for name in self.MEMBERS:
            self.programs.finish(name)

    def judged(self):
        of = self.programs.histories
        checker = histories.Checker({name: of[name] for name in self.PRODUCERS}, {name: of[name] for name in self.MEMBERS}, of["reader"])
        problems = checker.problems()
        self.suite.progress.say(f"kill: {self.kills} kills, {sum(map(len, checker.log.values()))} records, "
                                f"back after {sorted(self.restart_ms)[len(self.restart_ms) // 2]:.0f} ms (median)")
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        return [*problems[:SHOWN], *more, f"seed {self.seed}"] if problems else []
