"""Runs the workloads: rounds in which the contenders take turns, so that a slow moment of the machine meets all.

While one is measured the others are stopped (SIGSTOP): even an idle Kafka takes its share of two cores. The first round
is run whole, further ones as far as the time allows.
"""

import dataclasses
import json
import shutil
import subprocess
import sys
import time

import contenders
import machine
from load import RUNS, Load, RunFailed
from page_cache import PageCache
from workloads.produce import BIG, PARTITIONS
from workloads.workload import Run

GUESS_S = {"W1": 16, "W2": 9, "W3": 26, "W4": 26, "W4 at a rate": 34, "W5": 9, "W6": 26, "W7": 60, "W8": 120, "W9": 30,
           "W10": 40, "W12": 60, "W14 empty": 30, "W14 killed": 60, "W15": 9, "W16": 35, "W8 idle": 30}


@dataclasses.dataclass(frozen=True)
class Step:
    number: int
    workload: object
    contender: object


class Plan:
    def __init__(self, options, scale, workloads, results, folder):
        self.options, self.scale, self.workloads = options, scale, workloads
        self.results, self.folder = results, folder
        self.page_cache = PageCache(folder)
        self.began = time.monotonic()
        self.took = {}       # (workload, contender) -> seconds of the last run
        self.slowness = 1.0  # what the steps so far took, over what they should have
        self.contenders = {}
        self.steps_done = 0
        self.label = ""

    # Telling the person who waits.

    def elapsed(self):
        return time.monotonic() - self.began

    def say(self, text):
        print(f"[{self.elapsed():5.0f} s] {text}", file=sys.stderr, flush=True)

    def announce(self, step, left):
        self.label = f"round {step.number}, {step.workload.key}, {step.contender.title}"
        here = sum(self.guess(s) for s in left)
        rounds = range(step.number + 1, self.scale.rounds + 1)
        later = sum(self.guess(s) for number in rounds for s in self.steps(number))
        later = max(min(later, self.options.limit_s - self.elapsed() - here), 0)
        self.say(f"{self.steps_done + 1}/{self.steps_done + len(left)}  {self.label}; about {here / 60:.0f} min to the "
                 f"end of the round, {(here + later) / 60:.0f} of all")

    def steps(self, number):
        return [Step(number, workload, self.contenders[key]) for workload in self.workloads for key in self.contenders
                if number <= workload.rounds and self.applies(workload, key)]

    def guess(self, step):
        """Units: seconds. What it took last time, else what it should take, by how slow this machine is today."""
        known = self.took.get((step.workload.key, step.contender.key))
        return known if known is not None else self.unmeasured(step.workload.key) * self.slowness

    def unmeasured(self, workload):
        return GUESS_S.get(workload, 20) * self.scale.seconds / 5

    # Running.

    def run(self, keys):
        self.begin(keys)
        for number in range(1, self.scale.rounds + 1):
            steps = self.steps(number) if number == 1 else self.affordable(self.steps(number))
            if not steps:
                break
            self.results.rounds = number
            while steps:
                self.announce(steps[0], steps)
                if self.elapsed() < self.options.limit_s:
                    self.one(steps[0])
                else:
                    self.fail(steps[0], "no time was left")
                self.steps_done += 1
                del steps[0]
        self.results.elapsed_s = self.elapsed()
        self.results.facts += machine.steal([run["said"] for run in RUNS])

    @staticmethod
    def applies(workload, key):
        return key in workload.contenders and not (workload.own_server and key == contenders.OTHER)

    def affordable(self, steps):
        """Whole workloads, so that no contender is measured more often than another."""
        left = self.options.limit_s - self.elapsed()
        chosen = []
        for workload in dict.fromkeys(step.workload for step in steps):
            of_it = [step for step in steps if step.workload is workload]
            needed = sum(self.guess(step) for step in of_it)
            if needed <= left:
                left -= needed
                chosen += of_it
            else:
                self.say(f"no time for {workload.key} again")
        return chosen

    def one(self, step):
        shared = step.contender.server
        folder = self.folder / "own"
        begin = time.monotonic()
        run = Run(step.contender, self.scale, step.number, self.options.build / "bench/bench_load", folder,
                  self.page_cache, lambda row, value: self.results.note(row, step.contender.key, value),
                  lambda text: self.say(f"{self.label}: {text}"))
        try:
            if not step.workload.own_server:
                self.resume(shared)
            step.workload.run(run)
        except (RunFailed, contenders.brokers.BrokerFailed, OSError, KeyError, subprocess.SubprocessError) as failure:
            self.fail(step, str(failure) or type(failure).__name__)
        finally:
            if not step.workload.own_server:
                self.pause(shared)
            shutil.rmtree(folder, ignore_errors=True)
        machine.settle()
        self.took[step.workload.key, step.contender.key] = time.monotonic() - begin
        self.slowness = sum(self.took.values()) / sum(self.unmeasured(workload) for workload, _ in self.took)

    def fail(self, step, why):
        self.say(f"{self.label}: FAILED: {why}")
        self.results.fail(step.workload.key, step.contender.key, step.number, why)

    def resume(self, server):
        """One that died is started again; why it did is told."""
        if death := server.death():
            self.say(f"{self.label}: the server was dead ({death}) and is started again")
            server.start()
        else:
            server.resume()

    def pause(self, server):
        if not server.death():
            server.pause()

    # Before anything counts.

    def begin(self, keys):
        commit = ("commit", machine.commit(contenders.ROOT))
        self.results.facts = [commit] + machine.facts(self.folder) + self.scale.facts()
        self.say("filling the page cache")
        self.page_cache.fill()
        self.calibrate()
        if contenders.KAFKA in keys:
            self.choose_heap()
        self.contenders = contenders.start_all(self.options, self.folder, keys)
        for key, contender in self.contenders.items():
            if key == contenders.KAFKA_SYNCED:
                continue
            seconds = self.scale.warm_kafka_s if key == contenders.KAFKA else 1
            self.say(f"warming {contender.title} for {seconds:.0f} s")
            warm(Load(self.options.build / "bench/bench_load", contender, self.page_cache), seconds)
        for contender in self.contenders.values():
            contender.server.pause()
        machine.settle()

    def calibrate(self):
        """The device's own floor, for the latency of a durable acknowledgement."""
        done = subprocess.run([self.options.build / "bench/bench_load", "device-sync", "--folder", self.folder,
                               "--seconds", "4"], capture_output=True, text=True, check=True)
        said = json.loads(done.stdout)
        best = min((kind for kind in ("append", "direct") if f"{kind}_p50_us" in said),
                   key=lambda kind: said[f"{kind}_p50_us"])
        for share in ("p50", "p99", "p99_9"):
            self.results.note(f"device.{share}", "device", said[f"{best}_{share}_us"])

    def choose_heap(self):
        """Kafka gets the heap with which it does better, of 1 and 4 GB, both warm."""
        if self.options.heap_gb:
            return
        costs = {}
        for heap_gb in (1, 4):
            self.say(f"Kafka with {heap_gb} GB of heap, on trial")
            server = contenders.Kafka(self.folder / f"heap-{heap_gb}", heap_gb)
            contender = contenders.Contender(contenders.KAFKA, "Kafka", server, contenders.TOPIC, False)
            load = Load(self.options.build / "bench/bench_load", contender, self.page_cache)
            try:
                server.start()
                warm(load, self.scale.warm_kafka_s / 2)
                costs[heap_gb] = trial(load)
            finally:
                server.remove()
            self.results.note(f"heap.{heap_gb}", contenders.KAFKA, costs[heap_gb])
        self.options.heap_gb = min(costs, key=costs.get)
        self.say(f"Kafka runs with {self.options.heap_gb} GB of heap")


def warm(load, seconds):
    """At load, in the ways that count: big batches, small requests, reading."""
    load.create("warm", PARTITIONS)
    third = seconds / 3
    for settings in ({"records_per_batch": 250, **BIG}, {"record_bytes": 100, "connections": 16, "in_flight": 1}):
        load.run("produce", topic="warm", partitions=PARTITIONS, seconds=third, warm_up_s=0, **settings)
    load.run("consume", topic="warm", partitions=PARTITIONS, consumers=2, seconds=third, warm_up_s=0)
    load.delete("warm")


def trial(load):
    """CPU seconds per GB produced in big batches, times that per million small requests: the lower the better."""
    load.create("trial", PARTITIONS)
    big = load.measure("produce", topic="trial", partitions=PARTITIONS, records_per_batch=250, **BIG, seconds=4)
    small = load.measure("produce", topic="trial", partitions=PARTITIONS, record_bytes=100, connections=16, in_flight=1,
                         seconds=4)
    load.delete("trial")
    return big["server_cpu_s"] / big["payload_bytes"] * small["server_cpu_s"] / small["requests"] * 1e15
