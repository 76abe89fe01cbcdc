"""Members of a group, each a kcat; ../harness/groups.py says what they must do."""

import functools
import re
import sys

import groups
from scenario import scenario
from session import Running, create, send


class Member(groups.Member):
    """A kcat -G: its records on stdout, its rebalances on stderr. It commits what it has printed when it has to give it up."""

    def __init__(self, bootstrap, topic, name, strategy, group_instance_id=None):
        super().__init__()
        static = {name.replace(".", "_"): value for name, value in groups.seat(group_instance_id).items()}
        self.kcat = Running(bootstrap, "-G", topic, "-u", "-f", "%p %s\n", topic, on_output=self._record, on_errors=self._said,
                            client_id=name, auto_offset_reset="earliest", partition_assignment_strategy=strategy,
                            heartbeat_interval_ms=500, topic_metadata_refresh_interval_ms=500, **static)
        self.closing = False

    def close(self):
        self.closing = True
        self.kcat.close()

    @property
    def ended(self):
        status = None if self.closing else self.kcat.process.poll()
        return None if status is None else f"the end of its kcat with status {status}"

    def _record(self, line):
        partition, _, value = line.partition(" ")
        self.records.append((int(partition), value))

    def _said(self, line):
        rebalanced = re.search(r"rebalanced.*?(assign|revoke)", line)
        partitions = {int(number) for number in re.findall(r"\[(\d+)\]", line)}
        if rebalanced and partitions:
            self.changed("assigned" if rebalanced[1] == "assign" else "revoked", partitions)
        else:
            print(line, file=sys.stderr)


def play(name, rules, strategy, bootstrap):
    topic = create(bootstrap, name)

    def produce(values):
        for partition in range(groups.PARTITIONS):
            share = [value for p, value in groups.enumerate_round_robin(values) if p == partition]
            send(bootstrap, topic, [value.encode() for value in share], partition)

    rules(functools.partial(Member, bootstrap, topic, strategy=strategy), produce)


scenario("group-eager")(functools.partial(play, "group-eager", groups.eager, "roundrobin"))
scenario("group-cooperative")(functools.partial(play, "group-cooperative", groups.cooperative, "cooperative-sticky"))
scenario("group-static")(functools.partial(play, "group-static", groups.static, "roundrobin"))
