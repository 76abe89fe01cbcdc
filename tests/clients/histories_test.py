#!/usr/bin/env python3
"""That histories.py sees what it is there to see: each fault is planted into a story without one."""

import unittest

import histories

LOG = ["0 log 0 0 a:0", "0 log 0 1 b:0", "0 log 0 2 a:1", "0 final 0 3"]
PRODUCERS = {"a": ["1 acked 0 0 0", "2 acked 0 1 2", "9 sent 0 2"], "b": ["3 acked 0 0 1", "9 sent 0 1"]}
MEMBERS = {
    "m": ["1 assigning 0", "2 assigned 0 0", "3 read 0 0 a:0", "4 committing 0 1", "5 committed 0 1", "6 revoked 0"],
    "n": ["7 assigning 0", "8 assigned 0 1", "9 read 0 1 b:0", "10 read 0 2 a:1", "11 committing 0 3", "12 committed 0 3"],
}


def problems(log=(), a=(), b=(), m=(), n=()):
    """What is found once the first of each pair of lines is replaced by the second; None removes it."""
    def parsed(lines, changes):
        changes = dict(changes)
        return [histories.parse(line) for line in (changes.get(line, line) for line in lines) if line]
    return histories.Checker({"a": parsed(PRODUCERS["a"], a), "b": parsed(PRODUCERS["b"], b)},
                             {"m": parsed(MEMBERS["m"], m), "n": parsed(MEMBERS["n"], n)}, parsed(LOG, log)).problems()


class HistoriesTest(unittest.TestCase):
    def finds(self, what, **changes):
        found = problems(**changes)
        self.assertTrue(any(what in problem for problem in found), f"{what!r} is not in {found}")

    def test_a_sound_story_has_no_problems(self):
        self.assertEqual([], problems())

    def test_a_record_that_is_lost(self):
        self.finds("1 of 2 records are lost, the first 1", log=[("0 log 0 2 a:1", None), ("0 final 0 3", "0 final 0 2")])

    def test_a_record_that_is_doubled(self):
        self.finds("1 are there more than once, the first 0", log=[("0 log 0 2 a:1", "0 log 0 2 a:0")])

    def test_records_out_of_order(self):
        self.finds("out of order", log=[("0 log 0 0 a:0", "0 log 0 0 a:1"), ("0 log 0 2 a:1", "0 log 0 2 a:0")])

    def test_an_acknowledgement_that_was_not_kept(self):
        self.finds("record 1 was acknowledged at offset 5, and is at 2", a=[("2 acked 0 1 2", "2 acked 0 1 5")])

    def test_a_producer_that_failed_or_did_not_end(self):
        self.finds("record 1: why", a=[("2 acked 0 1 2", "2 failed 0 1 why")])
        self.finds("producer b did not come to its end", b=[("9 sent 0 1", None)])

    def test_a_gap_in_the_log(self):
        self.finds("3 records with offsets up to 3", log=[("0 log 0 2 a:1", "0 log 0 3 a:1")])

    def test_a_record_of_nobody(self):
        self.finds("records of nobody: ['c:0']", log=[("0 log 0 1 b:0", "0 log 0 1 c:0")])

    def test_a_read_of_what_was_lost_later(self):
        self.finds("member m read x:7 at 0@0, where a:0 is", m=[("3 read 0 0 a:0", "3 read 0 0 x:7")])

    def test_a_read_that_leaves_something_out(self):
        self.finds("member n read 0@2, and 1 was next", n=[("9 read 0 1 b:0", None)])
        self.finds("nobody of the group read 1 records, the first at 1", n=[("9 read 0 1 b:0", None)])

    def test_a_commit_beyond_what_was_read(self):
        self.finds("member m commits 0@2, and has read to 1", m=[("4 committing 0 1", "4 committing 0 2")])

    def test_a_commit_that_was_forgotten(self):
        self.finds("read on from 0; 1 was committed", n=[("8 assigned 0 1", "8 assigned 0 0")])
        self.finds("the group ends at 2; 3 was committed", log=[("0 final 0 3", "0 final 0 2")])

    def test_a_commit_that_nobody_asked_for(self):
        self.finds("read on from 2; 1 was committed and 1 was the most", n=[("8 assigned 0 1", "8 assigned 0 2")])
        self.finds("the group ends at 4", log=[("0 final 0 3", "0 final 0 4")])


if __name__ == "__main__":
    unittest.main()
