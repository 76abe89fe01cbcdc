"""Flame graphs: where the broker's time goes under load. perf samples it, stacks are folded and drawn here.

Width is time; a frame lies on the one that called it. Nothing moves and nothing needs a script: every frame has a
tooltip, and those wide enough a name.
"""

import collections
import re
import shutil
import subprocess
from xml.sax.saxutils import escape

SECONDS = 10
HERTZ = 997  # not a round number: in step with no timer
FRAME, WIDTH, TOP, BOTTOM = 17, 1200, 62, 12
LETTER = 6.6
SHARE_MIN = 0.0008  # frames narrower than a pixel are left out


class NoPerf(Exception):
    """Why there can be no flame graph here."""


def require_perf():
    if not shutil.which("perf"):
        raise NoPerf("perf is not installed (Debian package linux-perf)")
    probe = subprocess.run(["perf", "record", "-q", "-o", "/dev/null", "-e", "cpu-clock", "--", "true"],
                           capture_output=True, text=True)
    if probe.returncode:
        why = " ".join(probe.stderr.split())[:200]
        raise NoPerf(f"perf may not record here (kernel.perf_event_paranoid is "
                     f"{open('/proc/sys/kernel/perf_event_paranoid', encoding='ascii').read().strip()}): {why}")


def record(pid, seconds, into):
    """Samples one process; `into` becomes perf's file. Stacks come from frame pointers, which the broker keeps and libc
    does not: a system call made through libc hides who made it."""
    done = subprocess.run(["perf", "record", "-q", "-F", str(HERTZ), "-e", "cpu-clock", "--call-graph", "fp", "-p",
                           str(pid), "-o", str(into), "--", "sleep", str(seconds)], capture_output=True, text=True)
    if done.returncode:
        raise NoPerf(" ".join(done.stderr.split())[:300])


def fold(path):
    """Stacks, outermost first, with how many samples each was seen in."""
    done = subprocess.run(["perf", "script", "-i", str(path), "-F", "comm,ip,sym,dso"], capture_output=True, text=True,
                          check=True)
    stacks, comm, frames = collections.Counter(), None, []
    for line in [*done.stdout.splitlines(), ""]:
        if not line.strip():
            if comm:
                stacks[(comm, *reversed(frames))] += 1
            comm, frames = None, []
        elif not line[0].isspace():
            comm = line.split()[0]
        else:
            symbol, _, where = line.split(None, 1)[1].rpartition(" (")
            frames.append(("[k] " if "[kernel" in where else "") + short(symbol))
    return stacks


def short(symbol):
    """A C++ symbol without what hides its name: arguments, template arguments, our own namespace, clone suffixes."""
    symbol = re.sub(r"\+0x[0-9a-f]+$", "", symbol).strip()
    symbol = re.sub(r" \[clone [^\]]*\]|\.(resume|destroy|cleanup|actor|cold)\b", "", symbol)
    symbol = re.sub(r"\.(isra|part|constprop)\.\d+\b", "", symbol)
    symbol = symbol.replace("(anonymous namespace)::", "").replace("operator()", "operator[]")
    previous = None
    while previous != symbol:
        previous, symbol = symbol, re.sub(r"<[^<>]*>", "", symbol)
    symbol = re.sub(r"\(.*", "", symbol) or symbol
    symbol = symbol.rsplit(" ", 1)[-1] if "::" in symbol else symbol
    return symbol.replace("millrace::", "").replace("operator[]", "operator()") or "[unknown]"


class Node:
    def __init__(self):
        self.samples, self.callees = 0, {}


def tree_of(stacks):
    root = Node()
    for stack, count in stacks.items():
        node = root
        node.samples += count
        for name in stack:
            node = node.callees.setdefault(name, Node())
            node.samples += count
    return root


def frame_class(name):
    """By the folder of src that a function lives in; "rest" are libraries."""
    if name.startswith("[k] "):
        return "kernel"
    head = name.split("::")[0]
    return head if head in LEGEND else "rest"


STYLE = """
:root { color-scheme: light dark; }
svg { background: #ffffff; font-family: system-ui, "Segoe UI", Arial, sans-serif; }
text { font-size: 12px; fill: #1f2328; } .title { font-size: 16px; font-weight: 600; } .small { fill: #59636e; }
.f text { fill: #14181d; } rect { stroke: #ffffff; stroke-width: 0.6; }
.kernel { fill: #b9c2cc; } .broker { fill: #7fb6f5; } .log { fill: #f2ad74; } .kafka { fill: #c3a3f5; }
.runtime { fill: #86d3a4; } .rest { fill: #e8d98a; }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; } text { fill: #e6edf3; } .small { fill: #9198a1; } rect { stroke: #0d1117; }
  .f text { fill: #0d1117; }
  .kernel { fill: #8b949e; } .broker { fill: #58a6ff; } .log { fill: #f0883e; } .kafka { fill: #b08af5; }
  .runtime { fill: #56c283; } .rest { fill: #d5c15a; }
}
"""
LEGEND = ("broker", "log", "kafka", "runtime", "rest", "kernel")


def draw(stacks, title):
    root = tree_of(stacks)
    if not root.samples:
        raise NoPerf("perf saw the broker do nothing")
    drawn, depth_max = [], 0

    def place(node, x, depth):
        nonlocal depth_max
        for name, callee in sorted(node.callees.items()):
            width = callee.samples / root.samples
            if width >= SHARE_MIN:
                drawn.append((name, x, width, depth, callee.samples))
                depth_max = max(depth_max, depth)
                place(callee, x, depth + 1)
            x += width
    place(root, 0.0, 0)

    height = TOP + (depth_max + 1) * FRAME + BOTTOM
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
             f'height="{height}" role="img" aria-label="{escape(title)}">',
             f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>",
             f'<text class="title" x="10" y="24">{escape(title)}</text>',
             f'<text class="small" x="10" y="44">{root.samples} samples at {HERTZ} Hz; width is CPU time, '
             "a frame lies on its caller</text>"]
    x = WIDTH - 10
    for name in reversed(LEGEND):
        x -= len(name) * LETTER + 26
        parts.append(f'<rect class="{name}" x="{x:.0f}" y="32" width="14" height="14"/>'
                     f'<text class="small" x="{x + 19:.0f}" y="44">{name}</text>')
    base = height - BOTTOM
    for name, at, width, depth, samples in drawn:
        kind = frame_class(name)
        left, wide = 10 + at * (WIDTH - 20), width * (WIDTH - 20)
        y = base - (depth + 1) * FRAME
        fits = int((wide - 6) / LETTER)
        name = name.removeprefix("[k] ")
        label = name if len(name) <= fits else name[:fits - 1] + "…" if fits >= 4 else ""
        text = f'<text x="{left + 3:.1f}" y="{y + 12.5:.1f}">{escape(label)}</text>' if label else ""
        parts.append(f'<g class="f"><title>{escape(name)}: {100 * width:.1f} %, {samples} samples</title>'
                     f'<rect class="{kind}" x="{left:.1f}" y="{y}" width="{wide:.1f}" height="{FRAME - 1}"/>'
                     f"{text}</g>")
    return "\n".join([*parts, "</svg>", ""])


def top_of(stacks, count=12):
    """Where the time itself is spent, the callers left out: [(name, share)]."""
    own = collections.Counter()
    for stack, samples in stacks.items():
        own[stack[-1].removeprefix("[k] ")] += samples
    total = sum(own.values())
    return [(name, samples / total) for name, samples in own.most_common(count)]
