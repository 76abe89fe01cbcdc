"""The gate: ratios of Millrace to the null broker, in one run, against those on record. Ratios carry over from machine
to machine, and from a busy hour to a quiet one; values do not.

A row that got worse than the record by more than a tenth fails, unless the record has a "reason" beside the ratio that
says why it may.
"""

import json
import pathlib

from contenders import MILLRACE, MILLRACE_CACHED, NULL, TITLES
from report import number
from rows import ROWS

RECORDED = pathlib.Path(__file__).resolve().parents[1] / "recorded.json"
WORSE_MAX = 1.10
KEYS = (NULL, MILLRACE, MILLRACE_CACHED)
WORKLOADS = ("W1", "W2", "W4", "W14 empty")
GATED = ("w1.cpu_per_gb", "consume.cpu_per_gb", "w2.cpu_per_gb", "w4.cpu_us_at_1", "w4.cpu_us_at_16",
         "w4.cpu_us_at_64", "w1.write_amplification", "start.empty", "idle.rss")


def ratios(results):
    """"row contender" -> ratio."""
    found = {f"{row} {ours}": results.ratio(row, ours, NULL) for row in GATED for ours in (MILLRACE, MILLRACE_CACHED)}
    return {name: ratio for name, ratio in found.items() if ratio is not None}


def record(results):
    """Renews the record. Reasons go: what they excused is now what is expected."""
    rows = {name: {"ratio": round(ratio, 4)} for name, ratio in ratios(results).items()}
    RECORDED.write_text(json.dumps(rows, indent=1) + "\n")


def check(results):
    """(lines to print, whether it passed)."""
    if not RECORDED.exists():
        return [f"bench: {RECORDED.name} is not there; make it with ./dev bench --gate --record"], False
    recorded = json.loads(RECORDED.read_text())
    lines, passed = [], not results.failures
    now = ratios(results)
    for name in sorted(set(recorded) | set(now)):
        row, ours = name.split(" ")
        was, reason = recorded.get(name, {}).get("ratio"), recorded.get(name, {}).get("reason")
        ratio = now.get(name)
        if was is None or ratio is None:
            verdict = "not on record" if was is None else "NOT MEASURED"
            passed = passed and ratio is not None
        elif ratio <= was * WORSE_MAX:
            verdict = "ok"
        elif reason:
            verdict = f"worse, allowed: {reason}"
        else:
            verdict, passed = "WORSE", False
        lines.append(f"{verdict:<14} {ROWS[row].title}, {TITLES[ours]}: {number(ratio)}x of null, "
                     f"recorded {number(was)}x")
    for failure in results.failures:
        lines.append(f"FAILED         {failure['workload']}, {TITLES[failure['contender']]}: {failure['why']}")
    return lines, passed
