#!/usr/bin/env python3
"""Runs the command transcripts beside it against a broker of their own and compares what comes out.

    tests/cli/run.py --broker build/dev/millrace [FILE...]     FILE: a transcript, default all
    tests/cli/run.py --broker build/dev/millrace --update      writes what came out into the files; read the diff

A transcript is what one would see in a terminal: `$ COMMAND`, then stdout and stderr together, then `[N]` if the exit
code is N and not 0. In expected lines `*` stands for anything. Lines that begin with `#` before the first command are
for the reader. Commands are bash; `millrace` is the binary, and the broker's address is in MILLRACE_BOOTSTRAP.
"""

import argparse
import fnmatch
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
START_LIMIT_S = 30
COMMAND_LIMIT_S = 60


class Step:
    def __init__(self, command):
        self.command = command
        self.expected = []


def parse(path):
    """The comment lines on top, and the steps."""
    head, steps = [], []
    for line in path.read_text().splitlines():
        if line.startswith("$ "):
            steps.append(Step(line[2:]))
        elif steps:
            steps[-1].expected.append(line)
        else:
            head.append(line)
    for step in steps:
        while step.expected and not step.expected[-1]:
            step.expected.pop()
    return head, steps


def start_broker(binary, folder):
    ready = folder / "ready"
    process = subprocess.Popen(
        [binary, "up", "--data", folder / "data", "--listen", "127.0.0.1:0", "--ready-file", ready,
         "--set", "group.initial.rebalance.delay.ms=0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=(folder / "log").open("wb"))
    deadline = time.monotonic() + START_LIMIT_S
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            sys.exit(f"error: the broker does not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.01)
    return process, ready.read_text().strip()


def run(step, environment, folder):
    done = subprocess.run(["bash", "-c", step.command], env=environment, cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=COMMAND_LIMIT_S)
    lines = [line.rstrip() for line in done.stdout.decode(errors="replace").splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return lines + ([f"[{done.returncode}]"] if done.returncode else [])


def matches(expected, got):
    # Brackets mean themselves here.
    return len(expected) == len(got) and all(
        fnmatch.fnmatchcase(g, e.replace("[", "[[]")) for e, g in zip(expected, got))


def play(path, binary, update):
    head, steps = parse(path)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-cli-"))
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    (bin_folder / "millrace").symlink_to(binary)
    process, address = start_broker(binary, folder)
    environment = dict(os.environ, PATH=f"{bin_folder}:{os.environ['PATH']}", MILLRACE_BOOTSTRAP=address,
                       TERM="dumb", COLUMNS="100")
    failures = 0
    try:
        for step in steps:
            got = run(step, environment, folder)
            if matches(step.expected, got):
                continue
            if update:
                step.expected = got
                continue
            failures += 1
            print(f"FAIL {path.name}: $ {step.command}")
            print("\n".join(["  expected:", *(f"    {line}" for line in step.expected),
                             "  got:", *(f"    {line}" for line in got)]))
        process.send_signal(signal.SIGTERM)
        if process.wait(START_LIMIT_S):
            failures += 1
            print(f"FAIL {path.name}: the broker ended with {process.returncode} after SIGTERM")
    finally:
        if process.poll() is None:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)
    if update:
        path.write_text("\n".join([*head, *("\n".join([f"$ {s.command}", *s.expected, ""]) for s in steps)]))
    return len(steps), failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", type=pathlib.Path, required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    steps = failures = 0
    for path in options.files or sorted(HERE.glob("*.txt")):
        counted, failed = play(path, options.broker.resolve(), options.update)
        steps, failures = steps + counted, failures + failed
    print(f"{steps - failures} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
