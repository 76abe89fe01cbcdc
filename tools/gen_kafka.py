#!/usr/bin/env python3
"""Kafka's messages from schema/kafka: C++ for the build, documents, and a look for the reader.

  tools/gen_kafka.py --out DIR       write the C++ into DIR (only what changed)
  tools/gen_kafka.py --list-outputs  print the files that --out writes, relative to DIR
  tools/gen_kafka.py --show Fetch    print one definition as a table
  tools/gen_kafka.py --json          print everything as JSON, for tests that speak the protocol
  tools/gen_kafka.py --docs FILE     write docs/protocol.md; with --check, fail when FILE is not current
"""

import argparse
import sys
from pathlib import Path

import kafka_cpp
import kafka_docs
from kafka_schema import SchemaError, load

ROOT = Path(__file__).resolve().parent.parent
# Families with a source of their own; the small ones share one. Eight to ten sources of like size
# compile fastest on few cores.
OWN_SOURCE = ("data", "discovery", "group", "transaction", "topic", "security", "cluster", "share")


def source_of(definition):
    if definition.kind == "api" or definition.path.startswith("kafka/messages/"):
        return f"kafka/messages/{definition.family if definition.family in OWN_SOURCE else 'discovery'}.cc"
    return f"kafka/records/{definition.family if definition.family in ('metadata', 'group') else 'other'}.cc"


def outputs(definitions):
    """path: text, of everything that is generated into the build tree."""
    files, by_header, by_source = {}, {}, {}
    for d in definitions:
        by_header.setdefault(f"{d.path}.h", []).append(d)
        by_source.setdefault(source_of(d), []).append(d)
    for path, members in by_header.items():
        files[path] = kafka_cpp.header(members)
    for path, members in by_source.items():
        files[path] = kafka_cpp.source(Path(path).stem, members)
    files["kafka/messages/all.def"] = kafka_cpp.rows(definitions)
    files["kafka/messages/shapes.def"] = kafka_cpp.shapes(definitions)
    files["kafka/messages/all.h"] = kafka_cpp.NOTICE.format("schema/kafka") + "#pragma once\n\n" + "".join(
        f'#include "{path}"\n' for path in sorted(by_header))
    return files


def write_changed(path, text):
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schema", type=Path, default=ROOT / "schema" / "kafka", help="folder of the .msg files")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--list-outputs", action="store_true")
    parser.add_argument("--show", metavar="NAME")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--docs", type=Path, metavar="FILE")
    parser.add_argument("--check", action="store_true", help="with --docs: compare instead of writing")
    options = parser.parse_args()
    try:
        definitions = load(options.schema)
    except SchemaError as error:
        sys.exit(str(error))
    if options.list_outputs:
        print("\n".join(outputs(definitions)))
    if options.out:
        for path, text in outputs(definitions).items():
            write_changed(options.out / path, text)
    if options.show:
        shown = kafka_docs.show(definitions, options.show)
        sys.exit(f"no API or record is called {options.show}") if shown is None else print(shown)
    if options.json:
        print(kafka_docs.as_json(definitions))
    if options.docs:
        text = kafka_docs.protocol(definitions)
        if not options.check:
            write_changed(options.docs, text)
        elif not options.docs.exists() or options.docs.read_text() != text:
            sys.exit(f"{options.docs} is not current: run tools/gen_kafka.py --docs {options.docs}")


if __name__ == "__main__":
    main()
