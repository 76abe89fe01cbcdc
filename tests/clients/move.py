"""The trial `move`: a data directory goes from Millrace to Apache Kafka and back, and what was written is there each time.

Before each change of server java/Move.java writes down every fact that a client can see (records, ends, group offsets, configs,
topic ids, the cluster's id); after it the same is written down again, and the two must be equal. After each clean stop Kafka's
DumpLogSegments and `millrace log check` go over the whole directory.
"""

import queue
import subprocess
import threading
import time

import broker
import families
import log_dump

ANSWER_LIMIT_S = 120
SHOWN = 5
TRIMMED = "moving-trimmed"  # the topic whose first records Move.java deletes

# Who runs the directory in turn, and how it is left. `kafka` begins with a directory of its own making.
JOURNEYS = {
    "from a killed Kafka": (["kafka", "millrace", "kafka"], {"dynamic_quorum": True}, "kill"),
    "from Millrace": (["millrace", "kafka", "millrace", "kafka"], {}, "stop"),
    "from Kafka": (["kafka", "millrace", "kafka"], {}, "stop"),
}
JOURNEYS_IN_CI = 1
SENTENCE = ("A data directory goes from Millrace to Apache Kafka and back, and from Kafka, stopped and killed, to Millrace and back; "
            "records, offsets, groups, configs and ids are compared one by one.")


def run(suite):
    """Every complaint, as a line; none means that the trial is passed."""
    families.jars()
    mover = families.java_program("Move")()
    dump = families.java_program("DumpLog")()
    complaints = []
    for name, (servers, options, leaving) in list(JOURNEYS.items())[:JOURNEYS_IN_CI if suite.options.ci else None]:
        journey = Journey(suite, name, mover, dump, options, leaving)
        complaints += [f"{name}: {complaint}" for complaint in journey.run(servers)]
    return complaints


class Journey:
    def __init__(self, suite, name, mover, dump, options, leaving):
        self.suite = suite
        self.name = name
        self.dump = dump
        self.mover_command = mover
        self.leaving = leaving  # the first server; all others are stopped
        self.folder = suite.folder / ("move-" + name.replace(" ", "-").lower())
        kafka = broker.Kafka(self.folder, families.JARS, families.LOG_CONFIG, **options)
        self.servers = {"kafka": kafka, "millrace": broker.Millrace(self.folder, suite.binary, address=kafka.address)}
        self.complaints = []

    def run(self, servers):
        mover, before = None, None
        try:
            for stage, name in enumerate(servers, 1):
                server = self.servers[name]
                self.say(stage, f"{server.name} starts")
                server.start()
                mover = mover or Mover(self.mover_command, self.folder, server.address)
                if before:
                    self.say(stage, f"comparing what {server.name} serves")
                    self.compare(before, mover.tell(self.folder / f"{stage}-found.txt"), server.name, stage)
                self.say(stage, f"writing to {server.name}")
                mover.command(f"write stage-{stage}")
                if name == "kafka":
                    mover.command(f"only-kafka stage-{stage}")
                before = mover.tell(self.folder / f"{stage}-left.txt")
                if stage == 1 and self.leaving == "kill":
                    self.await_start(before)
                    server.kill()
                    continue
                server.stop()
                self.say(stage, f"checking what {server.name} left")
                self.check(server.name)
        except (broker.BrokerFailed, MoveFailed) as failed:
            self.complaints.append(str(failed))
        finally:
            if mover:
                broker.end(mover.process)
            for server in self.servers.values():
                if server.process:
                    broker.end(server.process)
        return self.complaints

    def say(self, stage, what):
        self.suite.progress.enter("move", f"{self.name}, stage {stage}: {what}")

    def compare(self, left, found, server, stage):
        gone, new = sorted(set(left) - set(found)), sorted(set(found) - set(left))
        if not gone and not new and len(left) == len(found):
            return
        self.complaints.append(f"stage {stage}: of {len(left)} facts {server} does not tell {len(gone)}, and tells {len(new)} others: "
                               + "; ".join([f"-{fact}" for fact in gone[:SHOWN]] + [f"+{fact}" for fact in new[:SHOWN]]))

    def await_start(self, facts):
        """Until Kafka has written down which records were deleted: it tells a client before that."""
        (fact,) = [fact for fact in facts if fact.startswith(f"partition {TRIMMED}-0: ")]
        line = f"{TRIMMED} 0 {fact.split()[3]}\n"
        checkpoint = self.servers["kafka"].data / "log-start-offset-checkpoint"
        deadline = time.monotonic() + ANSWER_LIMIT_S
        while line not in checkpoint.read_text():
            if time.monotonic() > deadline:
                raise MoveFailed(f"{checkpoint} does not say {line!r} after {ANSWER_LIMIT_S} s")
            time.sleep(0.05)

    def check(self, server):
        data = self.servers["millrace"].data
        problems = log_dump.problems(self.dump, data, {"moving-compacted": "compacted"})
        self.complaints += [f"DumpLogSegments, after {server}: {problem}" for problem in problems]
        done = subprocess.run([self.suite.binary, "log", "check", data], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            self.complaints.append(f"millrace log check, after {server}: {done.stdout.strip()} {done.stderr.strip()}")


class MoveFailed(Exception):
    pass


class Mover:
    """The program that writes and looks, alive during the whole journey."""

    def __init__(self, command, folder, address):
        self.log = folder / "client.log"
        with self.log.open("ab") as errors:
            self.process = broker.spawn([*command, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        self.answers = queue.Queue()
        threading.Thread(target=lambda: (*map(self.answers.put, self.process.stdout), self.answers.put("its end")), daemon=True).start()

    def command(self, line):
        print(line, file=self.process.stdin, flush=True)
        try:
            answer = self.answers.get(timeout=ANSWER_LIMIT_S).strip()
        except queue.Empty:
            answer = f"no answer within {ANSWER_LIMIT_S} s"
        if answer != "done":
            raise MoveFailed(f"`{line}`: {answer}; see {self.log}")

    def tell(self, file):
        self.command(f"tell {file}")
        return file.read_text().splitlines()
