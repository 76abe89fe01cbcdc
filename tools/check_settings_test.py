#!/usr/bin/env python3
"""Tests of tools/check_settings.py: which rows it believes."""

import unittest

import check_settings


def row(name, state, synonyms=""):
    return {"name": name, "state": state, "synonyms": synonyms}


class Problems(unittest.TestCase):
    SOURCE = 'const auto bytes = topic.get<"segment.bytes">();  // not "retention.ms"'

    def found(self, *rows, allowed=None):
        return list(check_settings.problems(rows, [self.SOURCE], allowed or {}))

    def test_a_row_that_is_read_is_built_and_one_that_is_not_is_not(self):
        self.assertEqual(self.found(row("segment.bytes", "kBuilt"), row("retention.ms", "kUnbuilt")), [])
        self.assertIn("nothing in src/ reads it", self.found(row("retention.ms", "kBuilt"))[0])
        self.assertIn("src/ reads it", self.found(row("segment.bytes", "kNoEffect"))[0])

    def test_what_stands_for_a_row_that_is_read_is_read(self):
        self.assertEqual(self.found(row("segment.bytes", "kBuilt", "log.segment.bytes"),
                                    row("log.segment.bytes", "kBuilt")), [])

    def test_an_exception_needs_a_reason_and_a_setting(self):
        unread = row("retention.ms", "kBuilt")
        self.assertEqual(self.found(unread, allowed={"retention.ms": "why"}), [])
        self.assertIn("no reason", self.found(unread, allowed={"retention.ms": ""})[0])
        self.assertIn("no setting", self.found(allowed={"retention.ms": "why"})[0])


if __name__ == "__main__":
    unittest.main()
