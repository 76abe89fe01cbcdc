"""The report: goals with verdicts, all rows, failures, machine. Markdown, from results and nothing else.

What stands in why.md under the heading of a goal is joined to it: why it was missed, or what is remarkable. Under
`remarks` is what is remarkable in the other rows.
"""

import collections
import math
import re
import statistics

from contenders import KAFKA, MILLRACE, MILLRACE_CACHED, NULL, NULL_DURABLE, TITLES
from goals import judge
from rows import ROWS


def render(results, why_path):
    why = read_why(why_path)
    parts = [head(results), goals_table(results, why), charts(), remarks(why), all_rows(results), failures(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def read_why(path):
    """Heading -> text."""
    if not path.exists():
        return {}
    pieces = re.split(r"^## +(\S+) *$", path.read_text(), flags=re.MULTILINE)
    return {key: text.strip() for key, text in zip(pieces[1::2], pieces[2::2])}


def head(results):
    machine = "; ".join(f"{name}: {value}" for name, value in results.facts)
    device = ", ".join(f"{share} {number(results.median(f'device.{key}', 'device'))} us"
                       for key, share in (("p50", "p50"), ("p99", "p99"), ("p99_9", "p99.9"))
                       if results.median(f"device.{key}", "device") is not None)
    heap = {size: results.median(f"heap.{size}", KAFKA) for size in (1, 4)}
    lines = [
        "# Report",
        "",
        "Made by `./dev bench`; how to read it, and what is measured how: [README.md](README.md).",
        "",
        f"- {machine}",
        f"- 4 KiB made stable by the device, without a broker: {device}",
        f"- rounds: {results.rounds} at most, in {results.elapsed_s / 60:.0f} minutes; medians, and lowest-highest in "
        "brackets",
    ]
    if all(heap.values()):
        better = min(heap, key=heap.get)
        lines.append(f"- Apache Kafka 4.3.1 with {better} GB of heap, the better of 1 and 4 GB")
    return "\n".join(lines)


def goals_table(results, why):
    lines = ["## Goals", "",
             "| goal | value | null | Kafka | limits | |", "| --- | --- | --- | --- | --- | --- |"]
    counts = collections.Counter()
    notes = []
    for goal, verdicts in judge(results):
        marks = [mark(verdict) for verdict in verdicts]
        outcome = outcome_of(verdicts)
        counts[outcome] += 1
        text = why.get(goal.key)
        link = f"{outcome} ([why](#{anchor(goal.title)}))" if text else outcome
        cells = [goal.title, with_unit(results.median(goal.row, goal.ours), goal.row),
                 with_unit(results.median(goal.row, NULL), goal.row),
                 with_unit(results.median(goal.row, KAFKA), goal.row), "; ".join(marks), link]
        lines.append("| " + " | ".join(cells) + " |")
        if text:
            notes += ["", f"### {goal.title}", "", text]
        elif outcome == "missed":
            notes += ["", f"### {goal.title}", "", "Missed, and nobody has said yet why (why.md)."]
    lines += ["", f"{counts['met']} met, {counts['missed']} missed, {counts['open']} open (not measured in "
              "this run, or nothing to compare with)."]
    return "\n".join(lines + notes)


def outcome_of(verdicts):
    if all(verdict.met for verdict in verdicts):
        return "met"
    return "missed" if any(verdict.met is False for verdict in verdicts) else "open"


def anchor(title):
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def mark(verdict):
    if verdict.number is None:
        return f"{verdict.limit.text}: -"
    said = "theirs does not grow" if math.isinf(verdict.number) else number(verdict.number)
    return f"{verdict.limit.text}: {said} {'✓' if verdict.met else '✗'}"


def charts():
    return "\n\n".join(["## Charts", "![Each goal's number over its limit](goals.svg)",
                        "![CPU of the broker, over the null broker's](cpu.svg)",
                        "![Latency of acknowledgements at 20 000 requests a second](latency.svg)"])


def remarks(why):
    """What is no goal and yet bad or odd."""
    return f"## Remarks\n\n{why['remarks']}" if why.get("remarks") else ""


def all_rows(results):
    keys = [key for key in TITLES if any(key in cells for cells in results.values.values())]
    ratios = [("ours / null", MILLRACE, NULL), ("ours / null, durable", MILLRACE, NULL_DURABLE),
              ("page cache / null", MILLRACE_CACHED, NULL),
              ("ours / Kafka", MILLRACE, KAFKA), ("page cache / Kafka", MILLRACE_CACHED, KAFKA)]
    lines = ["## Everything", "",
             "| | unit | " + " | ".join(TITLES[key] for key in keys) + " | " + " | ".join(r[0] for r in ratios) + " |",
             "| --- | --- |" + " --- |" * (len(keys) + len(ratios))]
    for row, facts in ROWS.items():
        if row not in results.values:
            continue
        cells = [cell(results.of(row, key)) for key in keys]
        cells += [times(results.ratio(row, ours, theirs)) for _, ours, theirs in ratios]
        lines.append(f"| {facts.title} | {facts.unit} | " + " | ".join(cells) + " |")
    unknown = sorted(row for row in results.values if row not in ROWS and not row.startswith(("device.", "heap.")))
    if unknown:
        raise ValueError(f"rows without a name in rows.py: {', '.join(unknown)}")
    return "\n".join(lines)


def failures(results):
    if not results.failures:
        return "## Failed runs\n\nNone."
    lines = ["## Failed runs", "", "A run that gave no number is no number; it is listed.", "",
             "| workload | broker | round | why |", "| --- | --- | --- | --- |"]
    for failure in results.failures:
        why = failure["why"].replace("|", "\\|").replace("\n", " ")[:300]
        lines.append(f"| {failure['workload']} | {TITLES[failure['contender']]} | {failure['round']} | {why} |")
    return "\n".join(lines)


def cell(values):
    if not values:
        return "-"
    text = number(statistics.median(values))
    return text if len(values) == 1 else f"{text} ({number(min(values))}-{number(max(values))})"


def with_unit(value, row):
    return "-" if value is None else f"{number(value)} {ROWS[row].unit}".strip()


def times(ratio):
    return "-" if ratio is None else f"{number(ratio)}x"


def number(value):
    """Three digits that mean something, without an exponent."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    if abs(value) < 0.001:
        return f"{value:.1g}"
    return f"{value:.3g}"
