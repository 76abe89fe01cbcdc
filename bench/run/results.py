"""What was measured: values per row and contender, and the runs that gave none. Kept as JSON, so that a report can be
made again without measuring again."""

import json
import statistics


class Results:
    def __init__(self):
        self.values = {}    # row -> contender -> [value per round]
        self.failures = []  # {"workload", "contender", "round", "why"}
        self.facts = []     # [(name, value)]
        self.rounds = 0
        self.elapsed_s = 0

    def note(self, row, contender, value):
        self.values.setdefault(row, {}).setdefault(contender, []).append(value)

    def fail(self, workload, contender, number, why):
        self.failures.append({"workload": workload, "contender": contender, "round": number, "why": why})

    def of(self, row, contender):
        return self.values.get(row, {}).get(contender, [])

    def median(self, row, contender):
        values = self.of(row, contender)
        return statistics.median(values) if values else None

    def ratio(self, row, ours, theirs, their_row=None):
        """Of the medians; None where one is missing or theirs is nothing."""
        a, b = self.median(row, ours), self.median(their_row or row, theirs)
        return a / b if a is not None and b else None

    def save(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(vars(self), indent=1) + "\n")

    @classmethod
    def load(cls, path):
        results = cls()
        vars(results).update(json.loads(path.read_text()))
        return results
