"""Charts as SVG, by hand: readable in light and in dark, without a script and without a library.

Three of them: each goal's number over its limit, CPU per contender over the null broker's, and the latency of an
acknowledgement by percentile. Colours come from one palette that is told apart in both modes and by colour-blind eyes;
every bar also has its number, so that colour is never alone.
"""

import math
from xml.sax.saxutils import escape

from contenders import KAFKA, KAFKA_SYNCED, MILLRACE, MILLRACE_CACHED, NULL, NULL_DURABLE, OTHER, TITLES
from goals import judge
from report import number
from rows import ROWS

STYLE = """
:root { color-scheme: light dark; }
svg { background: #ffffff; font-family: system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
text { fill: #1f2328; font-size: 13px; }
.title { font-size: 16px; font-weight: 600; }
.small { font-size: 12px; fill: #59636e; }
.grid { stroke: #d1d9e0; stroke-width: 1; }
.limit { stroke: #1f2328; stroke-width: 2; }
.null { fill: #8c959f; } .null-durable { fill: #b6bec7; }
.kafka { fill: #c4570b; } .kafka-synced { fill: #e39a63; }
.millrace { fill: #0969da; } .millrace-cached { fill: #6cabf0; }
.other { fill: #8250df; }
.met { fill: #0969da; } .missed { fill: #c4570b; }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; }
  text { fill: #e6edf3; }
  .small { fill: #9198a1; }
  .grid { stroke: #30363d; }
  .limit { stroke: #e6edf3; }
  .null { fill: #7d8590; } .null-durable { fill: #545d68; }
  .kafka { fill: #f0883e; } .kafka-synced { fill: #a3622d; }
  .millrace { fill: #4493f8; } .millrace-cached { fill: #23548f; }
  .other { fill: #ab7df8; }
  .met { fill: #4493f8; } .missed { fill: #f0883e; }
}
"""

BAR, GAP, WIDTH, MARGIN = 16, 3, 960, 20
LETTER = 7.1  # average width of one at 13 px, for placing texts


class Svg:
    def __init__(self, title, says):
        self.parts, self.height, self.title, self.says = [], 0, title, says

    def add(self, kind, text=None, **attributes):
        words = " ".join(f'{name.rstrip("_").replace("_", "-")}="{escape(str(value), {chr(34): "&quot;"})}"'
                         for name, value in attributes.items())
        self.parts.append(f"<{kind} {words}/>" if text is None else f"<{kind} {words}>{escape(text)}</{kind}>")

    def text(self, x, y, text, class_="", anchor="start"):
        self.add("text", text, x=f"{x:.1f}", y=f"{y:.1f}", class_=class_, text_anchor=anchor)

    def render(self):
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height:.0f}" width="{WIDTH}" '
            f'height="{self.height:.0f}" role="img" aria-label="{escape(self.title)}">',
            f"<title>{escape(self.title)}</title>", f"<desc>{escape(self.says)}</desc>", f"<style>{STYLE}</style>",
            *self.parts, "</svg>", ""])


class LogAxis:
    """Values to x, by decades; draws its grid and says its unit."""

    def __init__(self, low, high, left, right):
        self.low, self.high = math.floor(math.log10(low)), math.ceil(math.log10(high))
        if self.high == self.low:
            self.high += 1
        self.left, self.right = left, right

    def x(self, value):
        share = (math.log10(max(value, 10.0 ** self.low)) - self.low) / (self.high - self.low)
        return self.left + min(share, 1) * (self.right - self.left)

    def draw(self, svg, bands, label, limit=None):
        """Grid and limit stand behind the bars only, so that no line goes through a heading."""
        bottom = bands[-1][1]
        marks = [(10.0 ** power, "grid") for power in range(self.low, self.high + 1)]
        for value, class_ in marks + ([(limit, "limit")] if limit else []):
            x = f"{self.x(value):.1f}"
            for top, end in bands:
                svg.add("line", x1=x, y1=top, x2=x, y2=end, class_=class_)
        for value, _ in marks:
            svg.text(self.x(value), bottom + 16, number(value), "small", "middle")
        svg.text((self.left + self.right) / 2, bottom + 36, label, "small", "middle")


def grouped_bars(title, says, label, groups, limit=None):
    """groups: [(heading, [(contender key or verdict, name of the bar, value, text)])]. A logarithmic axis."""
    values = [bar[2] for _, bars in groups for bar in bars if bar[2] and bar[2] > 0]
    if not values:
        return None
    svg = Svg(title, says)
    svg.text(MARGIN, 28, title, "title")
    left = MARGIN + max(len(name) for _, bars in groups for _, name, _, _ in bars) * LETTER + 10
    longest = max(len(text) for _, bars in groups for *_, text in bars)
    right = WIDTH - MARGIN - longest * LETTER - 8
    axis = LogAxis(min(values + ([limit] if limit else [])), max(values + ([limit] if limit else [])), left, right)
    y, placed, bands = 44, [], []
    for name, bars in groups:
        if name:
            svg.text(MARGIN, y + 14, name)
            y += 22
        bands.append((y, y + len(bars) * (BAR + GAP)))
        for bar in bars:
            placed.append((y, *bar))
            y += BAR + GAP
        y += 8
    axis.draw(svg, bands, label, limit)
    # With a limit, bars grow from it: to the left what is better, to the right what is worse.
    base = axis.x(limit) if limit else left
    for top, key, name, value, text in placed:
        svg.text(left - 8, top + BAR - 4, name, "small", "end")
        end = axis.x(value) if value and value > 0 else left
        begin, width = min(base, end), max(abs(end - base), 1)
        svg.add("rect", x=f"{begin:.1f}", y=top, width=f"{width:.1f}", height=BAR, rx=2, class_=key)
        svg.text(max(base, end) + 6, top + BAR - 4, text, "small")
    svg.height = bands[-1][1] + 52
    return svg.render()


def goals_chart(results):
    bars = []
    for goal, verdicts in judge(results):
        for verdict in verdicts:
            if verdict.number is None:
                continue
            limit = verdict.limit.limit
            # A limit of nothing (no descriptors) has no share; what is met is drawn as one.
            compares = limit and not math.isinf(verdict.number)
            share = verdict.number / limit if compares else (1.0 if verdict.met else 10.0)
            bars.append(("met" if verdict.met else "missed", f"{goal.title}: {verdict.limit.text}",
                         max(share, 0.001), f"{number(share)} {'met' if verdict.met else 'missed'}"))
    shown = [(key, name if len(name) <= 84 else name[:83] + "…", value, text) for key, name, value, text in bars]
    return grouped_bars("Each goal's number over its limit", "Left of the line at 1 a goal is met, right of it missed.",
                        "number / limit (logarithmic); the line is the limit", [("", shown)], limit=1)


COSTS = ("w1.cpu_per_gb", "consume.cpu_per_gb", "w4.cpu_us_at_16", "w3.cpu_us_at_8", "w10.zstd_256k")
ORDER = (NULL, NULL_DURABLE, MILLRACE_CACHED, MILLRACE, KAFKA, KAFKA_SYNCED, OTHER)


def cpu_chart(results):
    groups = []
    for row in COSTS:
        floor = results.median(row, NULL)
        bars = [(key, TITLES[key], results.median(row, key) / floor, f"{number(results.median(row, key) / floor)}x, "
                 f"{number(results.median(row, key))} {ROWS[row].unit}")
                for key in ORDER if floor and results.median(row, key)]
        if bars:
            groups.append((ROWS[row].title, bars))
    return grouped_bars("CPU of the broker, over the null broker's",
                        "The null broker does what no broker can leave out; it is 1 in every group.",
                        "times the null broker's CPU (logarithmic)", groups, limit=1) if groups else None


def latency_chart(results):
    groups = []
    for share, name in (("p50", "p50"), ("p99", "p99"), ("p99_9", "p99.9"), ("max", "max")):
        bars = []
        for key in ORDER:
            for rate in (20_000, 5000, 1000):
                value = results.median(f"ack.{rate}.{share}", key)
                if value is None:
                    continue
                less = "" if rate == 20_000 else f" (at {rate}/s: it did not keep up with more)"
                bars.append((key, TITLES[key], value, f"{number(value)} us{less}"))
                break
        if bars:
            groups.append((name, bars))
    return grouped_bars("Acknowledgement of 20 000 one-record requests of 1 KiB a second",
                        "Measured from the time at which the request should have left.",
                        "microseconds (logarithmic)", groups) if groups else None


def write_all(results, folder):
    """Writes what there is to draw; returns the paths."""
    written = []
    for name, chart in (("goals", goals_chart(results)), ("cpu", cpu_chart(results)),
                        ("latency", latency_chart(results))):
        path = folder / f"{name}.svg"
        path.unlink(missing_ok=True)
        if chart:
            path.write_text(chart)
            written.append(path)
    return written
