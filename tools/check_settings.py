#!/usr/bin/env python3
"""Says which settings promise what the sources do not keep: tools/check_settings.py

A row of schema/settings.def marked kBuilt is read somewhere in src/, as get<"its.name">, or a row is
that it stands for. A row marked otherwise is read nowhere: the start would warn that it is ignored.
Exceptions have a row in tools/settings.allow, with the reason.
"""

import collections
import pathlib
import re
import sys

from settings_docs import COLUMNS, ROOT, ROWS, rows_of

ALLOWED = ROOT / "tools/settings.allow"
READ = re.compile(r'get<"([^"]+)">')


def sources():
    """What acts on settings: the checks of base, of one value against another, are no use of them."""
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix in (".h", ".cc") and not path.name.endswith("_test.cc") and path.parent.name != "base":
            yield path.read_text()


def allowances():
    lines = (line.split("#")[0].strip() for line in ALLOWED.read_text().splitlines())
    return {name: reason.strip() for name, _, reason in (line.partition(" ") for line in lines if line)}


def problems(rows, texts, allowed):
    read = {name for text in texts for name in READ.findall(text)}
    states = collections.defaultdict(set)
    for row in rows:
        states[row["name"]].add(row["state"])
    # What stands for a setting is read with it.
    alive = read.union(*(row["synonyms"].split() for row in rows if row["name"] in read))
    for name, found in states.items():
        if name in allowed:
            if not allowed[name]:
                yield f"tools/settings.allow: {name} has no reason"
        elif "kBuilt" in found and name not in alive:
            yield f"schema/settings.def: {name} is marked kBuilt, and nothing in src/ reads it"
        elif "kBuilt" not in found and name in read:
            yield f"schema/settings.def: {name} is not marked kBuilt, and src/ reads it"
    for name in allowed.keys() - states.keys():
        yield f"tools/settings.allow: {name} is no setting; remove its row"


def main():
    rows = [dict(zip(COLUMNS, columns, strict=True)) for columns in rows_of(ROWS.read_text(), "MILLRACE_SETTING")]
    found = list(problems(rows, sources(), allowances()))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
