#!/usr/bin/env python3
"""Runs the command transcripts beside it against a broker of their own and compares what comes out.

    tests/cli/run.py --broker build/dev/millrace [FILE...]     FILE: a transcript, default all
    tests/cli/run.py --broker build/dev/millrace --update      writes what came out into the files; read the diff

Without FILE it also runs the examples of every help page (src/app/verbs.def), and gives the completion scripts to the
shells they are for.

A transcript is what one would see in a terminal: `$ COMMAND`, then stdout and stderr together, then `[N]` if the exit
code is N and not 0. In expected lines `*` stands for anything. Lines that begin with `#` before the first command are
for the reader. Commands are bash; `millrace` is the binary, and the broker's address is in MILLRACE_BOOTSTRAP.
"""

import argparse
import fnmatch
import os
import pathlib
import re
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


class Stage:
    """A folder with a broker of its own; gone afterwards."""

    def __init__(self, binary):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-cli-"))
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        (bin_folder / "millrace").symlink_to(binary)
        self.process, address = start_broker(binary, self.folder)
        self.environment = dict(os.environ, PATH=f"{bin_folder}:{os.environ['PATH']}", MILLRACE_BOOTSTRAP=address,
                                TERM="dumb", COLUMNS="100")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, command):
        return run(Step(command), self.environment, self.folder)

    def stops_well(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_LIMIT_S) == 0


def play(path, binary, update):
    head, steps = parse(path)
    failures = 0
    with Stage(binary) as stage:
        for step in steps:
            got = stage.run(step.command)
            if matches(step.expected, got):
                continue
            if update:
                step.expected = got
                continue
            failures += 1
            print(f"FAIL {path.name}: $ {step.command}")
            print("\n".join(["  expected:", *(f"    {line}" for line in step.expected),
                             "  got:", *(f"    {line}" for line in got)]))
        if not stage.stops_well():
            failures += 1
            print(f"FAIL {path.name}: the broker ended with {stage.process.returncode} after SIGTERM")
    if update:
        path.write_text("\n".join([*head, *("\n".join([f"$ {s.command}", *s.expected, ""]) for s in steps)]))
    return len(steps), failures


# Examples that want another machine, never end, or write where the reader's home is.
NOT_PLAYED = ("millrace up", "--follow", "broker.example", "~/.config")
# What the examples speak of.
SCENERY = """
millrace topic create orders -p 6 --if-missing
millrace topic create events audit --if-missing
seq 1 2000 | millrace produce orders -p 3
seq 1 10 | millrace produce orders -p 0
millrace consume orders --group audit -n 1
printf 'a:1\\nb:2\\n' > pairs.txt
printf '{"id":1}\\n' > orders.ndjson
[ -d data.copy ] || cp -r data data.copy
"""


def examples():
    source = (HERE.parents[1] / "src/app/verbs.def").read_text()
    for block in re.findall(r'R"sh\((.*?)\)sh"', source, re.S):
        for line in block.splitlines():
            yield re.split(r"  +", line)[0]


def play_examples(binary):
    """Every example ends well, or is refused for want of --yes."""
    played = failures = 0
    with Stage(binary) as stage:
        for example in examples():
            if any(word in example for word in NOT_PLAYED):
                continue
            stage.run(SCENERY)
            if "topic create" in example:
                stage.run("millrace topic delete orders events audit --yes")
            got = stage.run(example)
            played += 1
            if got and re.fullmatch(r"\[\d+\]", got[-1]) and got[-1] != "[8]":
                failures += 1
                print("\n".join([f"FAIL verbs.def: {example}", *(f"    {line}" for line in got)]))
    return played, failures


def check_completion(binary):
    """Each shell reads its script without complaint."""
    checked = failures = 0
    for shell in ("bash", "zsh", "fish"):
        if not shutil.which(shell):
            print(f"completion: {shell} is not installed, so nobody reads its script")
            continue
        script = subprocess.run([binary, "completion", shell], stdout=subprocess.PIPE, check=True).stdout
        with tempfile.NamedTemporaryFile() as file:
            file.write(script)
            file.flush()
            read = subprocess.run([shell, "-n", file.name], stderr=subprocess.PIPE, check=False)
        checked += 1
        if read.returncode or read.stderr:
            failures += 1
            print(f"FAIL completion {shell}:\n{read.stderr.decode()}")
    return checked, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", type=pathlib.Path, required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    steps = failures = 0
    for path in options.files or sorted(set(HERE.glob("*.txt")) - {HERE / "CMakeLists.txt"}):
        counted, failed = play(path, options.broker.resolve(), options.update)
        steps, failures = steps + counted, failures + failed
    for check in () if options.files else (play_examples, check_completion):
        counted, failed = check(options.broker.resolve())
        steps, failures = steps + counted, failures + failed
    print(f"{steps - failures} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
