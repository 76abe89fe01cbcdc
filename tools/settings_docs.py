#!/usr/bin/env python3
"""Writes docs/settings.md from schema/settings.def: tools/settings_docs.py [--check]

With --check it writes nothing and fails when the page is not current.
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS = ROOT / "schema/settings.def"
PAGE = ROOT / "docs/settings.md"

COLUMNS = ("scope", "name", "type", "unit", "default", "allowed", "change", "importance", "visibility",
           "state", "synonyms", "sentence")
SCOPES = {"kBroker": "Brokers", "kTopic": "Topics", "kGroup": "Groups", "kClientMetrics": "Client metrics",
          "kQuota": "Client quotas"}
STATES = {"kBuilt": "Built", "kUnbuilt": "Not built yet", "kNoEffect": "No effect"}
CHANGES = {"kReadOnly": "read-only", "kPerBroker": "per-broker", "kClusterWide": "cluster-wide", "kLive": "live"}

INTRODUCTION = """\
# Settings

Written from `schema/settings.def` by `tools/settings_docs.py`; change the rows there.

Names, types, ranges and defaults are Kafka's, so a `server.properties` works as it is. A value is
taken from the first place that has one: changed for this broker while running, changed for all
brokers while running, command line (`--set NAME=VALUE`), file, default. A topic's or group's own
setting wins over the broker's settings that stand for it.

- *change*: `read-only` at start only; `per-broker` and `cluster-wide` while running; `live` for
  topics, groups and subscriptions, at any time.
- `listener.name.NAME.SETTING` sets SETTING for one listener.
- Settings under *No effect* are accepted because Kafka has them; Millrace has nothing for them to
  act on. Those under *Not built yet* belong to parts still to come.
"""


def rows_of(text, macro):
    """The arguments of each use of a macro: texts unquoted, the rest as they stand."""
    text = re.sub(r"^\s*(//|#).*$", "", text, flags=re.MULTILINE)
    for match in re.finditer(rf"^{macro}\((.*?)\)$", text, flags=re.MULTILINE | re.DOTALL):
        # A comma parts two columns unless it is inside a text or a call.
        parts = re.findall(r'\s*((?:"(?:\\.|[^"\\])*"|\w+\([^)]*\)|[^,"()]+))\s*(?:,|$)', match.group(1))
        yield [re.sub(r"\\(.)", r"\1", p.strip()[1:-1]) if p.startswith('"') else p.strip() for p in parts]


def allowed(value):
    words = re.match(r'(\w+)(?:\((.*)\))?$', value)
    kind, arguments = words.group(1), words.group(2) or ""
    numbers = [a.strip() for a in arguments.split(",")]
    if kind == "at_least":
        return f"at least {numbers[0]}"
    if kind == "between":
        return f"{numbers[0]} to {numbers[1]}"
    if kind == "between_or":
        return f"{numbers[0]} to {numbers[1]}, or {numbers[2]}"
    if kind in ("one_of", "any_case_of", "list_of", "nonempty_list_of"):
        return ", ".join(arguments.strip('"').split(","))
    return {"kAny": "", "kNonEmpty": "not empty", "kUniqueItems": "no item twice",
            "kThrottledReplicas": "*, or partition:broker pairs",
            "kOffsetReset": "earliest, latest, by_duration:PnDTnHnMnS"}[kind]


def cell(text):
    return re.sub(r"([|*])", r"\\\1", text)


def code(text):
    return f"`{text}`" if text else ""


def line(row):
    default = {"kNull": "none", "kRequired": "required", "": "empty"}.get(row["default"], code(row["default"]))
    kind = row["type"][1:].lower() + (f", {row['unit']}" if row["unit"] else "")
    sentence = row["sentence"]
    if row["synonyms"] and row["scope"] != "kBroker":
        sentence += f" Else: {', '.join(row['synonyms'].split())}."
    if row["visibility"] == "kInternal":
        sentence += " Internal."
    return (f"| {code(row['name'])} | {kind} | {default} | {cell(allowed(row['allowed']))} | "
            f"{CHANGES[row['change']]} | {cell(sentence)} |\n")


def page(definitions):
    rows = [dict(zip(COLUMNS, columns, strict=True)) for columns in rows_of(definitions, "MILLRACE_SETTING")]
    text = INTRODUCTION
    for scope, title in SCOPES.items():
        text += f"\n## {title}\n"
        for state, heading in STATES.items():
            table = "".join(line(row) for row in rows if (row["scope"], row["state"]) == (scope, state))
            if table:
                text += f"\n### {heading}\n\n| name | type | default | allowed | change | what it is for |\n"
                text += "| --- | --- | --- | --- | --- | --- |\n" + table
    text += "\n## Zero configuration\n\nWhat a node assumes that was given no configuration.\n\n"
    text += "| name | value | why |\n| --- | --- | --- |\n"
    for name, value, why in rows_of(definitions, "MILLRACE_ZERO_CONFIG"):
        text += f"| {code(name)} | {code(value)} | {why} |\n"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    text = page(ROWS.read_text())
    if not parser.parse_args().check:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        sys.exit(f"{PAGE.relative_to(ROOT)} is not current: run tools/settings_docs.py")


if __name__ == "__main__":
    main()
