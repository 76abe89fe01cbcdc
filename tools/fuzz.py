#!/usr/bin/env python3
"""Builds and runs the fuzz targets of fuzz/: `./dev fuzz`, whose help says how."""

import argparse
import math
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path("build/fuzz")  # relative to ROOT, so that printed commands can be typed

INPUT_SECONDS_MAX = 10
# Inputs are a few KiB: a decoder that asks for this much believed a number it read.
ALLOCATION_MIB_MAX = 64
MEMORY_MIB_MAX = 1024


class Target:
    """One fuzz/NAME_fuzz.cc, with all the places that follow from its name."""

    def __init__(self, source):
        self.source = source
        self.name = source.name.removesuffix("_fuzz.cc")
        self.binary = BUILD / "fuzz" / f"{self.name}_fuzz"
        self.seeds = Path("fuzz/corpus") / self.name
        self.learned = BUILD / "corpus" / self.name
        self.findings = BUILD / "findings" / self.name
        self.log = BUILD / "findings" / f"{self.name}.log"

    def summary(self):
        """The first sentence of the comment that opens the source."""
        comment = []
        for line in self.source.read_text().splitlines():
            if not line.startswith("//"):
                break
            comment.append(line.removeprefix("//").strip())
        return re.split(r"(?<=\.)\s", " ".join(comment) + " ")[0]

    def command(self, *arguments):
        return [str(self.binary), f"-timeout={INPUT_SECONDS_MAX}", f"-rss_limit_mb={MEMORY_MIB_MAX}",
                f"-malloc_limit_mb={ALLOCATION_MIB_MAX}", "-detect_leaks=1", *arguments]


def targets():
    return [Target(source) for source in sorted((ROOT / "fuzz").glob("*_fuzz.cc"))]


class Status:
    """What libFuzzer's output says so far."""

    LINE = re.compile(r"^#(\d+)\s.*?\bcov: (\d+).*?\bcorp: (\d+)/.*?\bexec/s: (\d+)")
    REASON = re.compile(r"(\S+:\d+: CHECK\(.*|.*runtime error: .*|"
                        r"ERROR: (?:libFuzzer|AddressSanitizer|LeakSanitizer): [^(]*)")

    def __init__(self):
        self.runs = self.coverage = self.inputs = self.rate = 0
        self.reason = self.finding = None

    def read(self, line):
        if found := self.LINE.match(line):
            self.runs, self.coverage, self.inputs, self.rate = map(int, found.groups())
        elif found := re.match(r"stat::number_of_executed_units:\s*(\d+)", line):
            self.runs = int(found.group(1))
        elif found := re.match(r"stat::average_exec_per_sec:\s*(\d+)", line):
            self.rate = int(found.group(1))
        elif found := re.search(r"Test unit written to (\S+)", line):
            self.finding = found.group(1)
        elif found := self.REASON.search(line):
            # The first one is the cause; libFuzzer's "deadly signal" after it is the consequence.
            self.reason = self.reason or found.group(1).strip()


class Hunt:
    """One target at work, until its time is over or it fails."""

    def __init__(self, target, seconds):
        self.target = target
        self.seconds = seconds
        self.status = Status()
        self.started = None
        self.elapsed = 0
        self.process = None
        self.cancelled = False
        self.code = None

    @property
    def failed(self):
        return self.code not in (None, 0) and not self.cancelled

    def run(self):
        if self.cancelled:
            return self
        for folder in (self.target.learned, self.target.findings):
            (ROOT / folder).mkdir(parents=True, exist_ok=True)
        command = self.target.command(
            f"-max_total_time={self.seconds}", "-print_final_stats=1", f"-artifact_prefix={self.target.findings}/",
            str(self.target.learned), str(self.target.seeds))
        self.started = time.monotonic()
        with open(ROOT / self.target.log, "w") as log:
            # In a session of its own: Ctrl-C is for us to handle, libFuzzer would call it a success.
            with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True,
                                  errors="replace", start_new_session=True) as self.process:
                for line in self.process.stdout:
                    log.write(line)
                    self.status.read(line)
            self.code = self.process.returncode
        self.elapsed = time.monotonic() - self.started
        return self

    def stop(self):
        if self.code is None:
            self.cancelled = True
            if self.process:
                self.process.kill()

    def now(self):
        """For the progress line."""
        elapsed = time.monotonic() - self.started if self.started else 0
        return f"{self.target.name} {elapsed:.0f}s {self.status.rate}/s"

    def report(self):
        word = "FAIL" if self.failed else "stop" if self.cancelled else "ok"
        s = self.status
        lines = [f"{word:<5} {self.target.name:<18} {self.elapsed:4.0f}s {s.runs:>11,} runs {s.rate:>8,}/s "
                 f"{s.coverage:>6} edges {s.inputs:>5} inputs".replace(",", " ")]
        if self.failed:
            lines.append(f"      why     {s.reason or f'exit status {self.code}'}")
            if s.finding:
                lines.append(f"      input   {s.finding} ({(ROOT / s.finding).stat().st_size} bytes)")
                lines.append(f"      replay  ./dev fuzz {self.target.name} --replay {s.finding}")
            lines.append(f"      log     {self.target.log}")
        return "\n".join(lines)


class Screen:
    """Finished targets as lines; those at work in one line that is written over, on a terminal, or
    now and then as a line of its own."""

    PLAIN_EVERY_SECONDS = 30

    def __init__(self, hunts):
        self.hunts = hunts
        self.live = sys.stdout.isatty()
        self.lock = threading.Lock()
        self.ended = threading.Event()

    def progress(self):
        done = sum(hunt.code is not None for hunt in self.hunts)
        at_work = [hunt.now() for hunt in self.hunts if hunt.started and hunt.code is None]
        return f"{done}/{len(self.hunts)} done   " + "   ".join(at_work)

    def tick(self):
        while not self.ended.wait(0.5 if self.live else self.PLAIN_EVERY_SECONDS):
            with self.lock:
                if self.live:
                    width = shutil.get_terminal_size().columns
                    print(f"\r\033[K{self.progress()[:width - 1]}", end="", flush=True)
                else:
                    print(f"      {self.progress()}", flush=True)

    def finished(self, hunt):
        with self.lock:
            print(("\r\033[K" if self.live else "") + hunt.report(), flush=True)


def build(chosen):
    """Through the shell functions that every verb builds with."""
    script = 'source tools/dev/setup.sh; build fuzz "$@"'
    names = [f"{target.name}_fuzz" for target in chosen]
    if subprocess.run(["bash", "-euo", "pipefail", "-c", script, "build", *names], cwd=ROOT).returncode != 0:
        sys.exit("error: the fuzz preset does not build")


def hunt_all(chosen, seconds, jobs):
    hunts = [Hunt(target, seconds) for target in chosen]
    total = math.ceil(len(hunts) / jobs) * seconds
    plural = "s" if len(hunts) > 1 else ""
    print(f"{len(hunts)} target{plural}, {seconds} seconds each, {min(jobs, len(hunts))} at a time: "
          f"{total // 60} min {total % 60} s", flush=True)
    screen = Screen(hunts)
    ticker = threading.Thread(target=screen.tick, daemon=True)
    ticker.start()

    def work(hunt):
        hunt.run()
        if hunt.started:
            screen.finished(hunt)

    try:
        with ThreadPoolExecutor(jobs) as pool:
            try:
                list(pool.map(work, hunts))
            except BaseException:
                for hunt in hunts:
                    hunt.stop()
                raise
    finally:
        screen.ended.set()
        ticker.join()
        passed = sum(hunt.code == 0 for hunt in hunts)
        failed = sum(hunt.failed for hunt in hunts)
        interrupted = ", interrupted" if passed + failed < len(hunts) else ""
        print(f"{passed} passed, {failed} failed{interrupted}")
    return 1 if failed else 0


def replay(target, file):
    """Once more with one input: prints what it finds and ends with its exit status."""
    if not (ROOT / file).is_file():
        sys.exit(f"error: there is no file {file}")
    return subprocess.run(target.command(file), cwd=ROOT).returncode


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev fuzz", description="Feed every decoder what nobody would send.")
    parser.add_argument("names", nargs="*", metavar="TARGET")
    parser.add_argument("--all", action="store_true", help="every target")
    parser.add_argument("--list", action="store_true", help="the targets and what they read")
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="for each target (60)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="targets at a time (2)")
    parser.add_argument("--replay", metavar="FILE", help="run one input once")
    options = parser.parse_args(arguments)
    if options.seconds < 1 or options.jobs < 1:
        parser.error("--seconds and --jobs are at least 1")
    if not options.list and bool(options.names) == options.all:
        parser.error("name targets, or --all; --list shows them")
    if options.replay and len(options.names) != 1:
        parser.error("--replay takes one target")
    return parser, options


def main(arguments):
    parser, options = parse(arguments)
    every = targets()
    if options.list:
        for target in every:
            print(f"{target.name:<18} {target.summary()}")
        return 0
    known = {target.name: target for target in every}
    for name in options.names:
        if name not in known:
            parser.error(f'no target is named "{name}"; there are: {" ".join(known)}')
    chosen = every if options.all else [known[name] for name in options.names]
    for target in chosen:
        if not any((ROOT / target.seeds).glob("*")):
            sys.exit(f"error: {target.name} has no seeds; put a few small inputs into {target.seeds}")
    build(chosen)
    if options.replay:
        return replay(chosen[0], options.replay)
    return hunt_all(chosen, options.seconds, options.jobs)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
