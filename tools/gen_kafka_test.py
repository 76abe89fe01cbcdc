#!/usr/bin/env python3
"""Tests of the message schema and its generator: what the language refuses, that docs/protocol.md is
current, and that our schema says what Kafka's own says.

The last needs Kafka's JSON files, which are no part of this repository: MILLRACE_KAFKA_MESSAGES names their
folder (default: shared/kafka-messages beside the checkout). Without them the test says so and is skipped.
"""

import json
import os
import tempfile
import unittest
from pathlib import Path

import kafka_docs
from kafka_schema import Range, SchemaError, load

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "schema" / "kafka"
REFERENCE = Path(os.environ.get("MILLRACE_KAFKA_MESSAGES", ROOT.parent / "shared" / "kafka-messages"))
FOLDERS = ("protocol", "metadata", "coordinator/group", "coordinator/transaction", "coordinator/share", "raft",
           "tiered-storage")


class LanguageTest(unittest.TestCase):
    def parse(self, fields, head="api 1 Thing  versions 0-3  flexible 2+  listeners broker"):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "schema" / "kafka"
            root.mkdir(parents=True)
            (root / "01_thing.msg").write_text(f"{head}\n  For a test.\n\nrequest\n{fields}\nresponse\n")
            return load(root)[0].messages[0]

    def test_a_field_says_only_what_is_unusual(self):
        message = self.parse("  a  int32\n  b  []string?1+  1-2  = null ignorable  ; why\n      ; and how\n")
        a, b = message.body.fields
        self.assertTrue(a.versions.covers(message.versions))
        self.assertEqual((a.type, a.array, a.nullable, a.default, a.tag, a.ignorable), ("int32", False, None, None, None, False))
        self.assertEqual((b.type, b.array, b.nullable, b.default, b.ignorable), ("string", True, Range(1, 2), "null", True))
        self.assertEqual(b.text, "why and how")

    def test_a_struct_is_defined_where_it_is_first_named(self):
        message = self.parse("  a  []Part\n    x  int8\n    y  Inner  2+\n      z  bool\n  b  Part\n")
        self.assertEqual([s.name for s in message.structs], ["Inner", "Part"])
        self.assertIs(message.body.fields[1].struct, message.body.fields[0].struct)

    def test_mistakes_name_file_line_and_reason(self):
        for fields, reason in {
            "  a  int33": "unknown type int33",
            "  a  Part": "Part has no fields",
            "  a  int32  = null": "never nullable",
            "  a  int32  sometimes": "not understood: 'sometimes'",
            "  a  int32  as Offset": "Offset is no domain of int32",
            "  a  int32  tag 0": "tagged in a version that has no tags",
            "  a  int32  2+  tag 1": "tags count from 0",
            "  a  records  2+  tag 0": "records cannot be tagged",
            "  a  int32\n    b  int32": "no struct defined here",
            "  a  int32\n  a  int32": "names must differ",
            "  a  int32  7+": "in no version",
            "  a  []Part\n    x  int8\n  b  Part\n    y  int8": "no struct defined here",
            "  A  int32": "wanted: name type",
            "  a  int32  = one": "one is no default",
        }.items():
            with self.subTest(fields), self.assertRaises(SchemaError) as caught:
                self.parse(fields)
            self.assertRegex(str(caught.exception), r"^schema/kafka/01_thing\.msg:\d+: ")
            self.assertIn(reason, str(caught.exception))
        with self.assertRaisesRegex(SchemaError, "01_thing.msg:1: listeners are broker and controller"):
            self.parse("", "api 1 Thing  versions 0  listeners all")
        with self.assertRaisesRegex(SchemaError, "01_thing.msg:1: all are no versions"):
            self.parse("", "api 1 Thing  versions all  listeners broker")


class OwnSchemaTest(unittest.TestCase):
    def test_the_protocol_page_is_current(self):
        written = (ROOT / "docs" / "protocol.md").read_text()
        self.assertTrue(written == kafka_docs.protocol(load(SCHEMA)),
                        "docs/protocol.md is not current: run tools/gen_kafka.py --docs docs/protocol.md")

    def test_the_json_form_has_every_message(self):
        definitions = load(SCHEMA)
        names = [m["name"] for d in json.loads(kafka_docs.as_json(definitions)) for m in d["messages"]]
        self.assertEqual(names, [m.name for d in definitions for m in d.messages])

    def test_api_files_are_named_by_their_key(self):
        for d in load(SCHEMA):
            if d.kind == "api":
                self.assertTrue(Path(d.source).name.startswith(f"{d.number:02d}_"), d.source)


def plain(name):
    return name.replace("_", "").lower()


def parse_range(text):
    return None if text in (None, "none") else Range.parse(text)


class DriftTest(unittest.TestCase):
    """Kafka's words are Kafka's; ours differ only in snake case, and in leaving out versions that are gone."""

    @classmethod
    def setUpClass(cls):
        if not REFERENCE.is_dir():
            raise unittest.SkipTest(f"Kafka's own schemas are not at {REFERENCE}; set MILLRACE_KAFKA_MESSAGES to compare with them")
        cls.theirs = {}
        for folder in FOLDERS:
            for path in sorted((REFERENCE / folder).glob("*.json")):
                lines = [line for line in path.read_text().splitlines() if not line.strip().startswith("//")]
                spec = json.loads("\n".join(lines))
                if spec["validVersions"] != "none":
                    cls.theirs[path.stem] = spec
        cls.ours = {m.name: (d, m) for d in load(SCHEMA) for m in d.messages}

    def test_the_same_messages_exist(self):
        self.assertGreater(len(self.theirs), 200)
        self.assertEqual(sorted(self.theirs), sorted(self.ours))

    def test_every_message_has_the_same_facts(self):
        for name, spec in self.theirs.items():
            definition, message = self.ours[name]
            with self.subTest(name):
                self.assertEqual(message.number, spec.get("apiKey"))
                self.assertEqual(message.versions, Range.parse(spec["validVersions"]))
                flexible = parse_range(spec.get("flexibleVersions"))
                self.assertEqual(message.flexible_from, flexible.low if flexible else None)
                if spec["type"] == "request":
                    self.assertEqual(list(definition.listeners), spec["listeners"])
                    unstable = message.versions.high if spec.get("latestVersionUnstable") else None
                    self.assertEqual(definition.unstable, unstable)

    def test_every_field_is_the_same(self):
        for name, spec in self.theirs.items():
            message = self.ours[name][1]
            common = {struct["name"]: struct["fields"] for struct in spec.get("commonStructs", [])}
            with self.subTest(name):
                self.compare(name, spec.get("fields", []), message.body.fields, message.versions, common)

    def compare(self, where, theirs, ours, versions, common):
        theirs = [(f, Range.parse(f.get("versions") or f["taggedVersions"]) & versions) for f in theirs]
        theirs = [(f, present) for f, present in theirs if present]
        self.assertEqual([plain(f["name"]) for f, _ in theirs], [plain(f.name) for f in ours], where)
        for (spec, present), field in zip(theirs, ours):
            at = f"{where}.{field.name}"
            array, base = spec["type"].startswith("[]"), spec["type"].removeprefix("[]")
            self.assertEqual(array, field.array, at)
            self.assertEqual(present, field.versions & versions, at)
            nullable = parse_range(spec.get("nullableVersions"))
            self.assertEqual(nullable and nullable & present, field.nullable and field.nullable & present, at)
            self.assertEqual(self.default(spec, base), field.default and self.default({"default": field.default}, base), at)
            self.assertEqual(spec.get("tag"), field.tag, at)
            self.assertEqual(spec.get("ignorable", False), field.ignorable, at)
            self.assertEqual(spec.get("flexibleVersions") == "none", field.classic, at)
            domain = {"brokerId": "BrokerId", "producerId": "ProducerId"}.get(spec.get("entityType"))
            if domain:
                self.assertEqual(domain, field.domain, at)
            if base[0].isupper():
                self.assertIsNotNone(field.struct, at)
                self.compare(at, spec.get("fields") or common[base], field.struct.fields, present, common)
            else:
                self.assertEqual(base, field.type, at)

    @staticmethod
    def default(spec, base):
        """As one text; None for what is the usual. JSON's own null is no default at all to Kafka's generator."""
        value = spec.get("default")
        if value is None or str(value).lower() in ("", "false"):
            return None
        if base.startswith(("int", "uint")) and str(value) != "null":
            return str(int(str(value), 0)) if int(str(value), 0) else None
        return str(value)


if __name__ == "__main__":
    unittest.main()
