#!/usr/bin/env python3
"""The flights of vega-datasets through Millrace and out again, record for record, with a kill -9 in the middle.

    examples/flights/run.py                    builds nothing: wants the path of the binary, or build/release/millrace
    examples/flights/run.py --broker PATH

  1. fetches the npm package vega-datasets (flights-200k, movies, seattle-weather) into build/datasets
  2. starts a broker; `millrace produce` writes the flights, one JSON object a record
  3. kills the broker with SIGKILL while the producer runs, and starts it again on the same directory
  4. a group of three kcat members and `millrace consume` read everything back
  5. compares: nothing lost, nothing doubled, nothing changed, and each partition in the order of the source

Then movies (nulls, odd characters) and seattle-weather (CSV) in the same way, without the kill.
"""

import argparse
import collections
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATASETS = ROOT / "build/datasets"
PACKAGE = "vega-datasets@2.11.0"
PARTITIONS = 6
KILL_AFTER = 60_000  # records on disk
LIMIT_S = 120        # for any one wait


def say(text):
    print(text, file=sys.stderr, flush=True)


def fetch_datasets():
    wanted = ["flights-200k.json", "movies.json", "seattle-weather.csv"]
    if not all((DATASETS / name).exists() for name in wanted):
        say(f"fetching {PACKAGE}")
        DATASETS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            packed = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=scratch, capture_output=True, text=True)
            if packed.returncode:
                sys.exit(f"error: npm does not give {PACKAGE}: {packed.stderr.strip()}")
            archive = pathlib.Path(scratch) / packed.stdout.strip().splitlines()[-1]
            shutil.unpack_archive(archive, scratch)
            for name in wanted:
                shutil.copy(pathlib.Path(scratch) / "package/data" / name, DATASETS / name)
    flights = json.loads((DATASETS / "flights-200k.json").read_text())
    movies = json.loads((DATASETS / "movies.json").read_text())
    weather = (DATASETS / "seattle-weather.csv").read_text()
    return flights, movies, weather


class Broker:
    """One millrace process and its directory; the port stays the same over restarts."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.address = "127.0.0.1:0"
        self.process = None

    def start(self):
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        log = (self.folder / "broker.log").open("ab")
        self.process = subprocess.Popen(
            [self.binary, "up", "--data", self.folder / "data", "--listen", self.address, "--ready-file", ready,
             "--set", "group.initial.rebalance.delay.ms=0"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(lambda: ready.exists() or self.process.poll() is not None, "the broker to start")
        if self.process.poll() is not None:
            sys.exit(f"error: the broker ended at its start:\n{(self.folder / 'broker.log').read_text()[-2000:]}")
        self.address = ready.read_text().strip()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(LIMIT_S) != 0:
            sys.exit("error: the broker did not stop cleanly")

    def run(self, *words, **options):
        done = subprocess.run([self.binary, *words, "-b", self.address], capture_output=True, **options)
        if done.returncode:
            sys.exit(f"error: millrace {' '.join(words)}: {done.stderr.decode()}")
        return done.stdout

    def records(self, topic):
        return json.loads(self.run("topic", "get", topic, "-o", "json"))["records"]


def wait_for(condition, what):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"error: waited {LIMIT_S} s for {what}")
        time.sleep(0.02)


def lines_of(objects):
    return [json.dumps(o, ensure_ascii=False, separators=(",", ":")) for o in objects]


def produce(broker, topic, text, *options):
    return subprocess.Popen([broker.binary, "produce", topic, *options, "-b", broker.address],
                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE), text


def feed(process, text, pace=None):
    """Writes in a thread, so that what happens meanwhile can happen; `pace` is waited for between chunks."""
    def write():
        data = text.encode()
        for start in range(0, len(data), 256 * 1024):
            process.stdin.write(data[start:start + 256 * 1024])
            if pace:
                pace()
        process.stdin.close()
    thread = threading.Thread(target=write)
    thread.start()
    return thread


def finish(process, thread):
    thread.join()
    error = process.stderr.read().decode()
    if process.wait(LIMIT_S):
        sys.exit(f"error: millrace produce: {error}")
    say("  " + error.strip().splitlines()[-1])


def check(name, got, expected):
    """got: partition -> values in order; expected: values in order."""
    counted, wanted = collections.Counter(v for values in got.values() for v in values), collections.Counter(expected)
    lost, extra = wanted - counted, counted - wanted
    if lost or extra:
        sys.exit(f"error: {name}: {sum(lost.values())} lost or changed, {sum(extra.values())} doubled or changed; "
                 f"for instance lost {list(lost)[:2]}, extra {list(extra)[:2]}")
    say(f"  {name}: {sum(counted.values()):,} records, all there once")


def in_source_order(name, got, expected):
    """Each partition must be a subsequence of the source."""
    for partition, values in got.items():
        source = iter(expected)
        if not all(value in source for value in values):
            sys.exit(f"error: {name}: partition {partition} is not in the order of the source")
    say(f"  {name}: every partition in the order of the source")


def read_with_millrace(broker, topic):
    got = collections.defaultdict(list)
    for line in broker.run("consume", topic, "-o", "ndjson").splitlines():
        record = json.loads(line)
        got[record["partition"]].append(record["value"])
    return got


def read_with_kcat_group(broker, topic, count):
    """Three members of one group, until together they have everything."""
    files = [broker.folder / f"kcat-{i}" for i in range(3)]
    members = [subprocess.Popen(["kcat", "-b", broker.address, "-G", "flights-readers", "-u", "-q",
                                 "-X", "auto.offset.reset=earliest", "-f", "%p %o %s\n", topic],
                                stdout=file.open("wb"), stderr=subprocess.DEVNULL) for file in files]
    try:
        wait_for(lambda: sum(file.read_bytes().count(b"\n") for file in files) >= count, "the kcat group")
    finally:
        for member in members:
            member.terminate()
        for member in members:
            member.wait()
    placed = {}
    for line in b"".join(file.read_bytes() for file in files).decode().splitlines():
        partition, offset, value = line.split(" ", 2)
        # A rebalance may hand a record to two members; it must be the same record.
        if placed.setdefault((int(partition), int(offset)), value) != value:
            sys.exit(f"error: kcat saw two records at {partition}@{offset}")
    shares = [file.read_bytes().count(b"\n") for file in files]
    say(f"  kcat members read {', '.join(f'{share:,}' for share in shares)}")
    got = collections.defaultdict(list)
    for (partition, _), value in sorted(placed.items()):
        got[partition].append(value)
    return got


def flights_with_a_kill(broker, flights):
    lines = lines_of(flights)
    broker.run("topic", "create", "flights", "-p", str(PARTITIONS))
    killed = threading.Event()
    say(f"flights: {len(lines):,} records, kill -9 after {KILL_AFTER:,}")

    def pace():  # the source must not be through before the kill
        if not killed.is_set():
            killed.wait(0.05)

    process, text = produce(broker, "flights", "\n".join(lines) + "\n", "-i", "ndjson", "-c", "lz4")
    thread = feed(process, text, pace)
    wait_for(lambda: broker.records("flights") >= KILL_AFTER, "the first records")
    broker.kill()
    killed.set()
    say("  killed; starting again")
    broker.start()
    finish(process, thread)

    got = read_with_millrace(broker, "flights")
    check("millrace consume", got, lines)
    in_source_order("millrace consume", got, lines)
    got = read_with_kcat_group(broker, "flights", len(lines))
    check("three kcat members", got, lines)


def movies(broker, rows):
    lines = lines_of(rows)
    say(f"movies: {len(lines):,} records with nulls and odd characters")
    process, text = produce(broker, "movies", "\n".join(lines) + "\n", "-i", "ndjson", "-c", "zstd", "--key-field", "Title")
    finish(process, feed(process, text))
    check("millrace consume", read_with_millrace(broker, "movies"), lines)


def weather(broker, text):
    header, *rows = text.strip().splitlines()
    names = header.split(",")
    expected = lines_of(dict(zip(names, row.split(","))) for row in rows)
    say(f"seattle-weather: {len(expected):,} rows of CSV")
    process, text = produce(broker, "weather", text, "-i", "csv", "-c", "gzip", "--key-field", "weather")
    finish(process, feed(process, text))
    check("millrace consume", read_with_millrace(broker, "weather"), expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", type=pathlib.Path, default=ROOT / "build/release/millrace")
    options = parser.parse_args()
    if not options.broker.exists():
        sys.exit(f"error: {options.broker} is not there; ./dev build makes it")
    if not shutil.which("kcat"):
        sys.exit("error: kcat is not installed (Debian package kcat)")
    flight_rows, movie_rows, weather_text = fetch_datasets()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-flights-"))
    broker = Broker(options.broker.resolve(), folder)
    try:
        broker.start()
        flights_with_a_kill(broker, flight_rows)
        movies(broker, movie_rows)
        weather(broker, weather_text)
        broker.stop()
    finally:
        if broker.process and broker.process.poll() is None:
            broker.kill()
        shutil.rmtree(folder, ignore_errors=True)
    print("flights, movies and seattle-weather: record for record")


if __name__ == "__main__":
    main()
