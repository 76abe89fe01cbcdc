"""What people read: progress while the suite runs, the table at its end, and docs/clients.md."""

import itertools
import sys
import threading
import time

CELLS = {"ok": "ok", "fail": "FAIL", "n/a": "n/a", "not run": "-"}
HEARTBEAT_S = 20
FALLBACKS = """\
Clients ask ApiVersions first, and what a broker does not list they do not send. So none of these shows an error:

- `ConsumerGroupDescribe` (69): Java's Admin, kafka-consumer-groups and confluent-kafka ask `DescribeGroups` (15) alone.
- `ListPartitionReassignments` (46): kafka-topics describes topics without reassignments. Only kafka-reassign-partitions,
  which is about nothing else, ends with "The node does not support LIST_PARTITION_REASSIGNMENTS"."""


def read_scenarios(path):
    """{id: sentence}, in the order of the file."""
    scenarios = {}
    for line in path.read_text().splitlines():
        if line.startswith(" "):
            scenarios[last] += " " + line.strip()
        elif line and not line.startswith("#"):
            last, sentence = line.split(maxsplit=1)
            scenarios[last] = sentence
    return scenarios


def parse_verdict(line, id):
    """(verdict, detail) if the line is one about this scenario, else None."""
    head, _, detail = line.strip().partition(": ")
    verdict, _, about = head.partition(" ")
    return (verdict, detail) if about == id and verdict in ("ok", "fail", "n/a") else None


def everything(scenarios, verdict, detail):
    return {id: (verdict, detail) for id in scenarios}


def family_line(name, verdicts, seconds):
    counts = {verdict: sum(1 for each, _ in verdicts.values() if each == verdict) for verdict in CELLS}
    said = ", ".join(f"{count} {CELLS[verdict]}" for verdict, count in counts.items() if count)
    return f"{name}: {said} in {seconds:.0f} s"


class Progress:
    """One live line on a terminal; plain lines elsewhere, with a sign of life now and then."""

    def __init__(self, total):
        self.total = total
        self.finished = 0
        self.started = time.monotonic()
        self.at = {}
        self.live = sys.stderr.isatty()
        self.lock = threading.Lock()
        self.closed = threading.Event()
        threading.Thread(target=self._tick, daemon=True).start()

    def elapsed(self):
        return time.monotonic() - self.started

    def enter(self, family, what):
        with self.lock:
            self.at[family] = (what, time.monotonic())

    def leave(self, family):
        with self.lock:
            self.at.pop(family, None)

    def done(self):
        with self.lock:
            self.finished += 1

    def say(self, text):
        with self.lock:
            print(f"{self._erase()}[{self.elapsed():5.0f} s] {text}", file=sys.stderr, flush=True)

    def close(self):
        self.closed.set()
        with self.lock:
            print(self._erase(), end="", file=sys.stderr, flush=True)

    def _erase(self):
        return "\r\033[K" if self.live else ""

    def status(self):
        doing = " | ".join(f"{family} {what} {time.monotonic() - since:.0f} s" for family, (what, since) in self.at.items())
        return f"[{self.elapsed():5.0f} s] {self.finished} of {self.total} | {doing}"

    def _tick(self):
        while not self.closed.wait(0.2 if self.live else HEARTBEAT_S):
            with self.lock:
                if self.live:
                    print(self._erase() + self.status(), end="", file=sys.stderr, flush=True)
                elif self.at:
                    print(self.status(), file=sys.stderr, flush=True)


class Table:
    """Scenarios down, families across; the trials below."""

    def __init__(self, scenarios, chosen, families, results, trials):
        self.scenarios = scenarios
        self.chosen = chosen
        self.families = families
        self.results = results
        self.trials = trials  # {trial: (verdict, detail)}
        self.verdicts = {(family.name, id): results[family.name].get(id, ("fail", "no verdict"))
                         for family in families for id in chosen}

    def count(self, *wanted):
        return sum(1 for verdict, _ in (*self.verdicts.values(), *self.trials.values()) if verdict in wanted)

    @property
    def failed(self):
        return self.count("fail")

    @property
    def not_run(self):
        return self.count("not run")

    def closing_line(self):
        skipped = self.count("n/a", "not run")
        return f"{self.count('ok')} passed, {self.failed} failed" + (f", {skipped} skipped" if skipped else "")

    def cell(self, family, id):
        return CELLS[self.verdicts[family.name, id][0]]

    def notes(self, *wanted):
        """Lines `family: scenario, scenario: why`, one for each reason."""
        for family in self.families:
            found = [(self.verdicts[family.name, id][1], id) for id in self.chosen
                     if self.verdicts[family.name, id][0] in wanted]
            for reason, group in itertools.groupby(found, key=lambda each: each[0]):
                yield family.name, [id for _, id in group], reason

    def text(self):
        names = [family.name for family in self.families]
        first = max(map(len, self.chosen))
        lines = ["", "  ".join([" " * first, *names])]
        for id in self.chosen:
            cells = (self.cell(family, id).center(len(family.name)) for family in self.families)
            lines.append("  ".join([id.ljust(first), *cells]).rstrip())
        if not names:
            lines = [""]
        for trial, (verdict, detail) in self.trials.items():
            lines.append(f"{trial.name.ljust(first)}  {CELLS[verdict]}  {detail}".rstrip())
        for title, *wanted in (("n/a, because the client cannot:", "n/a"), ("Not run:", "not run"), ("Failed:", "fail")):
            notes = [f"  {name}: {_listed(ids)}: {reason}" for name, ids, reason in self.notes(*wanted)]
            lines += ["", title, *notes] if notes else []
        return "\n".join([*lines, ""])

    def page(self):
        """docs/clients.md: no date and no timing in it, so that it changes only when something did."""
        rows = ["| scenario | " + " | ".join(family.name for family in self.families) + " |",
                "| --- |" + " :-: |" * len(self.families)]
        rows += [f"| `{id}` | " + " | ".join(self.cell(family, id) for family in self.families) + " |" for id in self.chosen]
        versions = [f"| {family.name} | {family.version()} |" for family in self.families]
        meaning = [f"| `{id}` | {self.scenarios[id]} |" for id in self.chosen]
        reasons = [f"- {name}: {_listed(ids)}: {reason}" for name, ids, reason in self.notes("n/a", "not run", "fail")]
        trials = [f"| `{trial.name}` | {CELLS[verdict]} | {trial.sentence} |" for trial, (verdict, _) in self.trials.items()]
        return "\n".join([
            "# Clients", "",
            "Unchanged clients against a running Millrace, as `./dev clients` last saw them; that command writes this page.",
            "`./dev clients --against kafka` runs the same programs against Apache Kafka.", "",
            *rows, "", "## Versions", "", "| client | version |", "| --- | --- |", *versions, "",
            "## What each scenario asks", "", "| scenario | what must be seen |", "| --- | --- |", *meaning, "",
            "## Trials", "", "Stories of one broker, told once.", "", "| trial | | what must be seen |", "| --- | :-: | --- |", *trials, "",
            "## Where a client cannot", "", *reasons, "", "## Where Millrace does not", "", FALLBACKS, ""])


def _listed(ids, limit=6):
    return ", ".join(ids) if len(ids) <= limit else f"{', '.join(ids[:limit])} and {len(ids) - limit} more"
