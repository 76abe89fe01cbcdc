#!/usr/bin/env python3
"""Writes docs/errors.md from schema/errors.def; --check only says whether it is current."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/errors.md"
ROW = re.compile(r'^MILLRACE_ERROR\((\w+), (-?\d+), "(\w*)", (\d+), (kYes|kNo),\s*"((?:\\.|[^"])*)",\s*"((?:\\.|[^"])*)"\)', re.M)


def page():
    rows = ROW.findall((ROOT / "schema/errors.def").read_text())
    lines = ["# Errors", "", "Generated from `schema/errors.def`. `millrace explain NAME` prints one.", "",
             "| error | code | HTTP | retriable | what happened | what to do |", "| --- | --- | --- | --- | --- | --- |"]
    for name, code, kafka_name, http, retriable, sentence, fix in rows:
        label = f"KAF-{code}" if kafka_name else f"MR-{name[1:]}"
        lines.append(f"| {kafka_name or name[1:]} | {label} | {http} | {'yes' if retriable == 'kYes' else ''} "
                     f"| {sentence} | {fix} |")
    return "\n".join(lines) + "\n"


def main():
    if "--check" not in sys.argv:
        PAGE.write_text(page())
        return 0
    if PAGE.exists() and PAGE.read_text() == page():
        return 0
    print("docs/errors.md is not what schema/errors.def says; tools/error_docs.py writes it anew")
    return 1


if __name__ == "__main__":
    sys.exit(main())
