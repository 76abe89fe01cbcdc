"""Measures Millrace next to the null broker and Apache Kafka, in one run; see docs/performance/README.md.

  ./dev bench --full             every workload, under 60 minutes; writes docs/performance/
  ./dev bench --quick            the same in short, some minutes; writes build/bench/ only
  ./dev bench --gate             5 minutes: ratios to the null broker against bench/recorded.json; exit 1 when worse
  ./dev bench --gate --record    renews that file
  ./dev bench --flame produce    a flame graph of the broker under that load (or: fetch)
  ./dev bench --report           makes the report of the last --full again, with what why.md says now
"""

import argparse
import dataclasses
import json
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import chart
import contenders
import flame
import gate
import machine
import report
from load import RUNS, Load
from page_cache import PageCache
from plan import Plan
from results import Results
from scale import FULL, GATE, QUICK
from workloads import ALL
from workloads.produce import BIG, PARTITIONS

DOCS = contenders.ROOT / "docs/performance"
STANDARD = (contenders.NULL, contenders.NULL_DURABLE, contenders.KAFKA, contenders.KAFKA_SYNCED, contenders.MILLRACE,
            contenders.MILLRACE_CACHED)


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--full", action="store_true", help="every workload; the default is --quick")
    mode.add_argument("--quick", action="store_true", help="every workload, in short")
    mode.add_argument("--gate", action="store_true", help="the subset that watches the ratios to the null broker")
    mode.add_argument("--flame", choices=("produce", "fetch"), help="a flame graph of the broker under that load")
    mode.add_argument("--report", action="store_true", help="only makes the report again")
    parser.add_argument("--record", action="store_true", help="with --gate: renews the recorded ratios")
    parser.add_argument("--only", action="append", metavar="W4", help="only this workload; may be given several times")
    parser.add_argument("--against", metavar="NAME,NAME", help=f"only these brokers, of {', '.join(STANDARD)}")
    parser.add_argument("--seconds", type=float, help="of each measured phase")
    parser.add_argument("--rounds", type=int, help="how often, at most")
    parser.add_argument("--limit-s", type=float, help="no second round of a workload begins that would end later")
    parser.add_argument("--heap-gb", type=int, help="Kafka's heap, instead of the better of 1 and 4")
    parser.add_argument("--other", metavar="HOST:PORT", help="also a broker that runs already, on this machine")
    parser.add_argument("--other-pid", type=int, help="its process id, for its CPU time")
    parser.add_argument("--build", type=pathlib.Path, default=contenders.ROOT / "build/release")
    parser.add_argument("--broker", type=pathlib.Path, help="the millrace binary (default: of the build)")
    parser.add_argument("--folder", type=pathlib.Path, help="where data goes (default: a temporary folder)")
    parser.add_argument("--out", type=pathlib.Path, help="where results and report go")
    options = parser.parse_args()
    if bool(options.other) != bool(options.other_pid):
        parser.error("--other and --other-pid go together")
    if options.record and not options.gate:
        parser.error("--record goes with --gate")
    options.limit_s = options.limit_s or (55 * 60 if options.full else 270 if options.gate else 600)
    options.broker = options.broker or options.build / "millrace"
    options.out = options.out or (DOCS if options.full or options.report or options.flame else
                                  contenders.ROOT / "build/bench")
    return parser, options


def chosen_scale(options):
    scale = FULL if options.full else GATE if options.gate else QUICK
    changes = {"seconds": options.seconds, "rounds": options.rounds}
    return dataclasses.replace(scale, **{name: value for name, value in changes.items() if value is not None})


def chosen_workloads(parser, options):
    wanted = options.only or (gate.WORKLOADS if options.gate else None)
    if not wanted:
        return ALL
    known = {workload.key.lower(): workload for workload in ALL}
    for name in wanted:
        if name.lower() not in known:
            parser.error(f"{name}: want one of {', '.join(workload.key for workload in ALL)}")
    return tuple(workload for workload in ALL if workload.key.lower() in {name.lower() for name in wanted})


def chosen_keys(parser, options, workloads):
    keys = gate.KEYS if options.gate else STANDARD
    if options.against:
        keys = tuple(options.against.split(","))
        for key in keys:
            if key not in STANDARD:
                parser.error(f"--against {key}: want some of {', '.join(STANDARD)}")
    if options.other:
        keys += (contenders.OTHER,)
    return tuple(key for key in keys if any(key in workload.contenders for workload in workloads))


def write_report(results, out):
    out.mkdir(parents=True, exist_ok=True)
    text = report.render(results, DOCS / "why.md")
    (out / "report.md").write_text(text)
    chart.write_all(results, out)
    return out / "report.md"


def write_runs(path):
    """All that the load generator said, with the CPU of server, client and machine, memory and wake-ups of each phase:
    for who wants to know more than the report tells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(run) + "\n" for run in RUNS))


def measure(parser, options, folder):
    workloads = chosen_workloads(parser, options)
    keys = chosen_keys(parser, options, workloads)
    results = Results()
    plan = Plan(options, chosen_scale(options), workloads, results, folder)
    try:
        plan.run(keys)
    finally:
        if results.values:
            results.save(options.out / "results.json")
            write_runs(contenders.ROOT / "build/bench/runs.ndjson")
    print(f"bench: {write_report(results, options.out)}")
    if not options.gate:
        return 0
    if options.record:
        gate.record(results)
        print(f"bench: renewed {gate.RECORDED.relative_to(contenders.ROOT)}")
        return 0
    lines, passed = gate.check(results)
    print("\n".join(lines))
    return 0 if passed else 1


def draw_flame(options, folder):
    flame.require_perf()
    server = contenders.makers(options)[contenders.MILLRACE](folder / "millrace")
    contender = contenders.Contender(contenders.MILLRACE, "Millrace", server, contenders.TOPIC, True)
    load = Load(options.build / "bench/bench_load", contender, PageCache(folder))
    server.start()
    load.create("flame", PARTITIONS)
    produce = {"topic": "flame", "partitions": PARTITIONS, "records_per_batch": 250, **BIG, "warm_up_s": 0}
    if options.flame == "produce":
        under = load.begin("produce", **produce, seconds=flame.SECONDS + 3)
        says = "Produce, 1 KiB records in 256 KiB batches, durable"
    else:
        load.run("produce", **produce, seconds=3)
        under = load.begin("consume", topic="flame", partitions=PARTITIONS, consumers=2, warm_up_s=0,
                           seconds=flame.SECONDS + 3)
        says = "Fetch, 1 KiB records in 256 KiB batches, from the page cache"
    time.sleep(1)
    flame.record(server.pid, flame.SECONDS, folder / "perf.data")
    load.finish(under)
    stacks = flame.fold(folder / "perf.data")
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"flame-{options.flame}.svg"
    path.write_text(flame.draw(stacks, says))
    print(f"bench: {path}")
    for name, share in flame.top_of(stacks):
        print(f"  {100 * share:5.1f} %  {name}")
    return 0


def main():
    parser, options = arguments()
    if options.report:
        print(f"bench: {write_report(Results.load(options.out / 'results.json'), options.out)}")
        return 0
    machine.allow_many_descriptors()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started here is ended, too
    folder = options.folder or pathlib.Path(tempfile.mkdtemp(prefix="millrace-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return draw_flame(options, folder) if options.flame else measure(parser, options, folder)
    except flame.NoPerf as why:
        print(f"bench: no flame graph: {why}", file=sys.stderr)
        return 1
    finally:
        contenders.brokers.end_all()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
