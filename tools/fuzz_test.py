#!/usr/bin/env python3
"""Tests of tools/fuzz.py: what it makes of libFuzzer's output, and of a target's end."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import fuzz

# What libFuzzer prints, shortened.
GOOD = """echo 'INFO: Running with entropic power schedule'
echo '#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 30Mb'
echo '#4096\tpulse  cov: 123 ft: 200 corp: 7/90b lim: 40 exec/s: 2048 rss: 40Mb'
echo 'stat::number_of_executed_units: 5000'
echo 'stat::average_exec_per_sec:     2500'
"""
BAD = """echo '#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 30Mb'
echo 'millrace: a bug in Millrace itself: reader.cc:7: CHECK(a == b)'
echo '==1== ERROR: libFuzzer: deadly signal'
for a in "$@"; do case $a in -artifact_prefix=*) at=${a#*=} ;; esac; done
echo boom >${at}crash-1
echo "artifact_prefix='$at'; Test unit written to ${at}crash-1"
exit 77
"""


class FuzzTest(unittest.TestCase):
    """In a tree of its own, where targets are shell scripts."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / fuzz.BUILD / "fuzz").mkdir(parents=True)
        for name, value in (("ROOT", self.root), ("build", lambda chosen: None)):
            patch = mock.patch.object(fuzz, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def target(self, name, script):
        (self.root / "fuzz/corpus" / name).mkdir(parents=True)
        (self.root / "fuzz/corpus" / name / "seed").write_text("x")
        (self.root / f"fuzz/{name}_fuzz.cc").write_text("// Bytes from a\n// stranger. And more.\n#include <x>\n")
        binary = self.root / fuzz.BUILD / f"fuzz/{name}_fuzz"
        binary.write_text(f"#!/bin/sh\n{script}")
        binary.chmod(0o755)

    def run_fuzz(self, *arguments):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                code = fuzz.main(list(arguments))
            except SystemExit as end:
                code = end.code
        return code, out.getvalue()

    def test_a_list_shows_each_target_with_its_first_sentence(self):
        self.target("wire", GOOD)
        self.assertEqual(self.run_fuzz("--list"), (0, f"{'wire':<18} Bytes from a stranger.\n"))

    def test_a_run_without_findings_passes_and_says_the_total_time_first(self):
        self.target("wire", GOOD)
        self.target("disk", GOOD)
        code, out = self.run_fuzz("--all", "--seconds", "90", "--jobs", "1")
        self.assertEqual(code, 0)
        self.assertTrue(out.startswith("2 targets, 90 seconds each, 1 at a time: 3 min 0 s\n"), out)
        self.assertRegex(out, r"ok +wire +\d+s +5 000 runs +2 500/s +123 edges +7 inputs")
        self.assertTrue(out.endswith("2 passed, 0 failed\n"), out)

    def test_a_crash_fails_and_tells_cause_input_and_how_to_replay_it(self):
        self.target("wire", BAD)
        code, out = self.run_fuzz("wire")
        self.assertEqual(code, 1)
        self.assertIn("why     reader.cc:7: CHECK(a == b)", out)
        self.assertIn("replay  ./dev fuzz wire --replay build/fuzz/findings/wire/crash-1", out)
        self.assertEqual((self.root / "build/fuzz/findings/wire/crash-1").read_text(), "boom\n")
        self.assertTrue(out.endswith("0 passed, 1 failed\n"), out)

    def test_a_target_that_dies_without_a_word_fails_too(self):
        self.target("wire", "exit 9")
        code, out = self.run_fuzz("wire")
        self.assertEqual(code, 1)
        self.assertIn("why     exit status 9", out)

    def test_a_run_leaves_the_seeds_as_they_are(self):
        self.target("wire", "echo $* >args")
        self.run_fuzz("wire")
        arguments = (self.root / "args").read_text().split()
        # libFuzzer writes to the first of several folders only.
        self.assertEqual(arguments[-2:], ["build/fuzz/corpus/wire", "fuzz/corpus/wire"])

    def test_an_unknown_target_and_a_target_without_seeds_are_refused(self):
        self.target("wire", GOOD)
        self.assertIn('no target is named "wier"; there are: wire', self.run_fuzz("wier")[1])
        (self.root / "fuzz/corpus/wire/seed").unlink()
        self.assertIn("wire has no seeds", self.run_fuzz("wire")[0])


if __name__ == "__main__":
    unittest.main()
