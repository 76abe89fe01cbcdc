"""The line protocol of a client program written in Python; ../run.py is on the other side.

A program is called with `--bootstrap HOST:PORT --scenarios a,b,c` and prints one line for each scenario, in that order:
`ok ID`, `fail ID: what, expected, got` or `n/a ID: reason`. It logs to stderr.
"""

import argparse
import sys
import time
import traceback

PATIENCE_S = 60  # Nothing here takes a tenth of it on an idle machine.

_scenarios = {}


class Failure(Exception):
    pass


def scenario(id):
    """Registers a function that takes the bootstrap address and raises when it does not see what it must."""
    def register(run):
        _scenarios[id] = run
        return run
    return register


def not_applicable(reason, *ids):
    _scenarios.update(dict.fromkeys(ids, reason))


def expect(what, expected, got):
    if expected == got:
        return
    if isinstance(expected, list) and isinstance(got, list) and len(expected) + len(got) > 10:
        same = next((i for i, (e, g) in enumerate(zip(expected, got)) if e != g), min(len(expected), len(got)))
        what += f" ({len(expected)} expected, {len(got)} seen) from number {same}"
        expected, got = expected[same:same + 3], got[same:same + 3]
    raise Failure(f"{what}, expected {_short(expected)}, got {_short(got)}")


def eventually(what, probe, seen=lambda: "nothing"):
    """Calls `probe` until it returns something true, and returns that; `seen` tells what there was instead."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if result := probe():
            return result
        time.sleep(0.02)
    raise Failure(f"{what}, expected within {PATIENCE_S} s, got {seen()}")


def restart_broker():
    """Returns once the runner has killed the broker and the new one serves at the same address."""
    print("control restart", flush=True)
    expect("the runner's answer to a restart", "restarted", sys.stdin.readline().strip())


def run():
    options = argparse.ArgumentParser(description="Runs scenarios of ../scenarios.txt against one broker.")
    options.add_argument("--bootstrap", required=True, metavar="HOST:PORT")
    options.add_argument("--scenarios", required=True, metavar="ID[,ID..]")
    chosen = options.parse_args()
    verdicts = [_verdict(id, chosen.bootstrap) for id in chosen.scenarios.split(",")]
    sys.exit(any(verdict == "fail" for verdict in verdicts))


def _verdict(id, bootstrap):
    print(f"--- {id}", file=sys.stderr, flush=True)
    verdict, detail = "ok", ""
    try:
        todo = _scenarios.get(id)
        if todo is None:
            raise Failure("the program, expected a scenario of this name, got none")
        if isinstance(todo, str):
            verdict, detail = "n/a", todo
        else:
            todo(bootstrap)
    except Failure as failure:
        verdict, detail = "fail", str(failure)
    except Exception as error:
        traceback.print_exc()
        verdict, detail = "fail", f"an error, expected none, got {error!r}"
    print(f"{verdict} {id}" + (": " + " ".join(detail.split()) if detail else ""), flush=True)
    return verdict


def _short(value, limit=160):
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"
