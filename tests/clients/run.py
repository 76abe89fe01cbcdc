#!/usr/bin/env python3
"""Runs the foreign-client suite: eight client families, one list of scenarios, one table; then the trials."""

import argparse
import concurrent.futures
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import broker
import families
import log_dump
import record
import report
import trials

EXAMPLES = """\
examples:
  ./dev clients                                      every family, every scenario, every trial, against Millrace
  ./dev clients --only kcat,kafkajs                  two families
  ./dev clients --only java --scenarios restart      one scenario of one family
  ./dev clients --only move                          one trial: a data directory goes to Apache Kafka and back
  ./dev clients --against kafka                      Apache Kafka instead: are the scenarios themselves right?
  ./dev clients --only sarama --keep                 leave the broker's data and logs, and say where
  ./dev clients --record tests/wire                  note each client's real request and response frames

`restart` and `log-dump` are scenarios like any other. A family whose toolchain is missing is not run; with --ci that fails.
"""

SCENARIO_LIMIT_S = 150  # Twice a program's own patience: past it, the program itself hangs.
CI_LIMIT_S = 450  # Twice what two busy cores need; what is left of the scenarios then has failed. Trials come after it, and are shorter.
LAST_LINES = 25  # of each log, after a failure


def main():
    options = arguments()
    scenarios = report.read_scenarios(families.HERE / "scenarios.txt")
    chosen = choose("scenario", options.scenarios, list(scenarios))
    known = [each.name for each in (*families.FAMILIES, *trials.TRIALS)]
    names = choose("family or trial", options.only, known)
    todo = [family for family in families.FAMILIES if family.name in names]
    tried = [trial for trial in trials.TRIALS if trial.name in names and options.against == "millrace"]

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    progress = report.Progress(len(todo) * len(chosen) + len(tried))
    suite = Suite(options, chosen, progress)
    try:
        results, tried = suite.run(todo, tried)
    except KeyboardInterrupt:
        progress.say(f"interrupted; everything started here is stopped; it was at: {progress.status()}")
        return 130
    finally:
        broker.end_all()
        progress.close()

    table = report.Table(scenarios, chosen, todo, results, tried)
    print(table.text())
    if options.against == "millrace" and len(chosen) == len(scenarios) and names == known:
        page = families.HERE.parents[1] / "docs" / "clients.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(table.page())
        print(f"written to {page.relative_to(families.HERE.parents[1])}")
    print(f"took {progress.elapsed():.0f} s against {suite.broker_name}")
    print(table.closing_line())
    return 1 if table.failed or (options.ci and table.not_run) else 0


def arguments():
    options = argparse.ArgumentParser(prog="./dev clients", description=EXAMPLES, usage=argparse.SUPPRESS,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", metavar="NAME[,..]", help="only these client families or trials")
    options.add_argument("--scenarios", metavar="ID[,..]", help="only these scenarios of tests/clients/scenarios.txt")
    options.add_argument("--against", choices=("millrace", "kafka"), default="millrace", help="which broker (default millrace)")
    options.add_argument("--broker", metavar="PATH", help="the millrace binary (default: the release build)")
    options.add_argument("--ci", action="store_true", help=f"a missing toolchain is a failure, and so is what {CI_LIMIT_S} s do not reach")
    options.add_argument("--keep", action="store_true", help="leave the brokers' data and logs")
    options.add_argument("--record", metavar="DIR", help="write the frames seen on the wire, a file per family")
    options.add_argument("--jobs", type=int, default=2, metavar="N", help="families at once (default 2)")
    return options.parse_args()


def choose(kind, wanted, known):
    if not wanted:
        return known
    names = wanted.split(",")
    for name in names:
        if name not in known:
            sys.exit(f"no {kind} is called {name!r}; there are: {', '.join(known)}")
    return [name for name in known if name in names]


class Suite:
    """Makes the families ready one after another, and runs each that is ready against a broker of its own, a few at a time."""

    def __init__(self, options, chosen, progress):
        self.options = options
        self.chosen = chosen
        self.progress = progress
        self.stopping = threading.Event()
        self.deadline = time.monotonic() + CI_LIMIT_S if options.ci else float("inf")
        self.broker_name = "Apache Kafka" if options.against == "kafka" else "Millrace"

    def run(self, todo, tried):
        """{family: {scenario: verdict}} and {trial: verdict}."""
        if self.options.against == "millrace":
            self.binary = pathlib.Path(self.options.broker or families.HERE.parents[1] / "build" / "release" / "millrace")
            if not self.binary.exists():
                sys.exit(f"no broker at {self.binary}: build it (./dev build), or name it with --broker PATH")
        families.BUILD.mkdir(parents=True, exist_ok=True)
        # Frames tell where the broker's data is, and golden frames must not tell where this checkout is.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=None if self.options.record else families.BUILD))
        pool = concurrent.futures.ThreadPoolExecutor(self.options.jobs)
        try:
            if todo:
                self.prepare_tools()
            results, running = {}, {}
            for family in todo:
                if command := self.prepare(family, results):
                    running[family.name] = pool.submit(self.family, family, command)
            results |= {name: future.result() for name, future in running.items()}
            return results, {trial: self.trial(trial) for trial in tried}
        except BaseException:
            self.stopping.set()
            broker.end_all()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
            self.tidy()

    def tidy(self):
        """Logs stay in build/clients/logs for reading after a failure; data only on demand."""
        for log in self.folder.glob("*/*.log"):
            (families.BUILD / "logs").mkdir(exist_ok=True)
            shutil.copy(log, families.BUILD / "logs" / f"{log.parent.name}-{log.name}")
        if self.options.keep:
            self.progress.say(f"data and logs are kept in {self.folder}")
        else:
            shutil.rmtree(self.folder)

    def prepare(self, family, results):
        """The command of a family that can run; otherwise nothing, and its verdicts are in `results`."""
        self.progress.enter(family.name, "getting ready")
        try:
            return family.ready()
        except families.Missing as missing:
            self.progress.say(f"NOT RUN {family.name}: {missing}")
            results[family.name] = report.everything(self.chosen, "not run", str(missing))
        except families.PrepareFailed as failed:
            self.progress.say(f"FAIL {family.name} cannot be made ready: {failed}")
            results[family.name] = report.everything(self.chosen, "fail", "it cannot be made ready (see above)")
        finally:
            self.progress.leave(family.name)

    def prepare_tools(self):
        """What the runner itself takes from Apache Kafka: the broker, and the program that reads its logs."""
        self.progress.enter("the runner", "getting ready")
        self.dump, self.without_dump = None, None
        try:
            if self.options.against == "kafka":
                families.jars()
            if "log-dump" in self.chosen:
                self.dump = families.java_program("DumpLog")()
        except (families.Missing, families.PrepareFailed) as why:
            if self.options.against == "kafka":
                sys.exit(f"Apache Kafka cannot be started: {why}")
            self.without_dump = ("not run" if isinstance(why, families.Missing) else "fail"), " ".join(str(why).split())
        finally:
            self.progress.leave("the runner")

    def family(self, family, command):
        """Runs one family against its own broker and returns {scenario: (verdict, detail)}."""
        folder = self.folder / family.name
        verdicts = {}
        started = time.monotonic()
        self.progress.enter(family.name, "starting the broker")
        try:
            with record.maybe(self.options.record, family.name) as tap:
                server = self.new_broker(folder, tap.address)
                try:
                    server.start()
                    tap.forward_to(server.address)
                    self.programs(family, command, server, folder, verdicts)
                    if "log-dump" in self.chosen:
                        verdicts["log-dump"] = self.log_dump(family, server, verdicts)
                finally:
                    if server.process:
                        broker.end(server.process)
        except broker.BrokerFailed as failed:
            self.progress.say(f"FAIL {family.name}: {failed}")
            for scenario in self.chosen:
                verdicts.setdefault(scenario, ("fail", f"the broker, expected to serve, got: {failed}"))
        self.progress.leave(family.name)
        self.progress.say(report.family_line(family.name, verdicts, time.monotonic() - started))
        return verdicts

    def trial(self, trial):
        """Runs one trial and returns (verdict, detail)."""
        started = time.monotonic()
        self.progress.enter(trial.name, "getting ready")
        try:
            complaints = trial.run(self)
            verdict = ("fail", "; ".join(complaints)) if complaints else ("ok", "")
        except families.Missing as missing:
            verdict = "not run", str(missing)
        except (families.PrepareFailed, broker.BrokerFailed) as failed:
            verdict = "fail", str(failed)
        self.progress.leave(trial.name)
        self.progress.done()
        said = f": {verdict[1]}" if verdict[1] else ""
        self.progress.say(f"{trial.name}: {report.CELLS[verdict[0]]} in {time.monotonic() - started:.0f} s{said}")
        return verdict

    def new_broker(self, folder, advertised):
        if self.options.against == "kafka":
            return broker.Kafka(folder, families.JARS, families.LOG_CONFIG, advertised)
        return broker.Millrace(folder, self.binary, advertised)

    def programs(self, family, command, server, folder, verdicts):
        """Calls the family's program until every scenario has a verdict: once, unless it dies or hangs on the way. One that
        dies twice without an answer in between is not called again."""
        silent_deaths = 0
        while todo := [id for id in self.chosen if id not in verdicts and id != "log-dump"]:
            if self.stopping.is_set():
                return
            if time.monotonic() > self.deadline:
                for id in todo:
                    self.judge(family, id, ("fail", f"a turn, expected, got none: the {CI_LIMIT_S} s of the whole run are over"), verdicts)
                return
            log = folder / "client.log"
            with log.open("ab") as errors:
                process = broker.spawn([*command, "--bootstrap", server.advertised, "--scenarios", ",".join(todo)],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=folder, text=True,
                                       errors="replace")
            try:
                answers = self.conversation(family, process, log, server, todo, verdicts)
            finally:
                broker.end(process)
            silent_deaths = 0 if answers else silent_deaths + 1
            if silent_deaths == 2:
                for id in todo:
                    verdicts.setdefault(id, verdicts[todo[0]])

    def conversation(self, family, process, log, server, todo, verdicts):
        """Reads the program's lines until each scenario of `todo` has a verdict, or one of them ended the program; returns how
        many the program answered."""
        lines = queue.Queue()
        threading.Thread(target=lambda: (*map(lines.put, process.stdout), lines.put(None)), daemon=True).start()
        for answers, id in enumerate(todo):
            self.progress.enter(family.name, id)
            logs = [Tail(log), Tail(server.log)]
            while True:
                patience = max(1, min(SCENARIO_LIMIT_S, self.deadline - time.monotonic()))
                try:
                    line = lines.get(timeout=patience)
                except queue.Empty:
                    why = "" if patience == SCENARIO_LIMIT_S else f": the {CI_LIMIT_S} s of the whole run are over"
                    verdict = "fail", f"the program, expected an answer within {patience:.0f} s, got none{why}"
                    self.judge(family, id, verdict, verdicts, logs)
                    return answers
                if line is None:
                    if not self.stopping.is_set():
                        verdict = "fail", (f"the program, expected an answer, got its end with status {process.wait()}, "
                                           f"last words {last_words(log)}")
                        self.judge(family, id, verdict, verdicts, logs)
                    return answers
                if line.strip() == "control restart":
                    server.kill()
                    server.start()
                    print("restarted", file=process.stdin, flush=True)
                elif verdict := report.parse_verdict(line, id):
                    self.judge(family, id, verdict, verdicts, logs)
                    break
        return len(todo)

    def judge(self, family, id, verdict, verdicts, logs=()):
        verdicts[id] = verdict
        self.progress.done()
        if verdict[0] == "fail":
            said = "".join(f"\n  {log.path.name}: {line}" for log in logs for line in log.lines())
            self.progress.say(f"FAIL {family.name} {id}: {verdict[1]}{said}")

    def log_dump(self, family, server, verdicts):
        self.progress.enter(family.name, "log-dump")
        codecs = {f"{family.name}-{id}": id.removeprefix("codec-") for id in verdicts
                  if id.startswith("codec-") and verdicts[id][0] == "ok"}
        verdict = self.without_dump
        if self.dump:
            try:
                server.stop()
                problems = log_dump.problems(self.dump, server.data, codecs)
                verdict = ("fail", "; ".join(problems)) if problems else ("ok", "")
            except broker.BrokerFailed as failed:
                verdict = ("fail", f"a clean stop, expected, got: {failed}")
        self.judge(family, "log-dump", verdict, {})
        return verdict


class Tail:
    """What a log has told since this was made."""

    def __init__(self, path):
        self.path = path
        self.start = path.stat().st_size

    def lines(self):
        with self.path.open("rb") as log:
            log.seek(self.start)
            return log.read().decode(errors="replace").splitlines()[-LAST_LINES:]


def last_words(log):
    """The last line of a program's log that speaks of an error, or its last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return repr(next((line for line in reversed(lines) if "error" in line.lower()), lines[-1] if lines else ""))


if __name__ == "__main__":
    sys.exit(main())
