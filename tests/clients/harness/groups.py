"""What a group of three must do, said once for the Python programs, whatever the client below.

`start(name, **how)` returns a running Member with
    close()      leaves, as the client does it (a static member does not tell the broker)
`produce(values)` sends the values round-robin over PARTITIONS partitions and waits until they are acknowledged.
"""

import traceback

from scenario import Failure, eventually, expect

PARTITIONS = 6
EVERY = set(range(PARTITIONS))


def seat(instance_id):
    """Settings of a static member. The test waits for the end of its session, which for others may take its time: they leave."""
    return {"group.instance.id": instance_id, "session.timeout.ms": 6000} if instance_id else {}


class Member:
    """What a member has seen so far. Its client's own thread writes, the scenario reads."""

    ended = None  # why it does not go on, once it does not

    def __init__(self):
        self.partitions = set()  # the numbers of those that it owns now
        self.records = []        # (partition, value) of each that it has consumed and committed
        self.rebalances = []     # ("assigned" | "revoked", set of partition numbers), as its client called it

    def changed(self, what, numbers):
        if numbers:
            self.rebalances.append((what, numbers))
            self.partitions = self.partitions | numbers if what == "assigned" else self.partitions - numbers

    def live(self, run):
        """Calls `run` and keeps what ends it early: a thread that dies would leave the scenario waiting for nothing."""
        try:
            run()
        except Exception as error:
            traceback.print_exc()
            self.ended = repr(error)

    def __str__(self):
        return f"{sorted(self.partitions)} after {len(self.rebalances)} changes and {len(self.records)} records"


def eager(start, produce):
    with _Members(start) as members:
        _grow(members, produce)
        expect("what an eager first member had to give up", EVERY, _given_up(members.here["one"]))
        _shrink(members, produce)


def cooperative(start, produce):
    with _Members(start) as members:
        _grow(members, produce)
        first = members.here["one"]
        expect("what the first member gave up", EVERY - first.partitions, _given_up(first))
        before = {name: len(member.rebalances) for name, member in members.here.items()}
        _shrink(members, produce)
        for name, member in members.here.items():
            expect(f"what {name} gave up when another left", set(), _given_up(member, since=before[name]))


def static(start, produce):
    with _Members(start) as members:
        _begin(members, produce, group_instance_id="seat-one")
        for name in ("two", "three"):
            members.join(name, group_instance_id=f"seat-{name}")
        members.share_equally()

        share = set(members.here["two"].partitions)
        before = {name: len(members.here[name].rebalances) for name in ("one", "three")}
        members.leave("two")
        members.join("two", group_instance_id="seat-two")
        members.eventually("the share of the static member that came back", lambda: members.here["two"].partitions == share)
        _consume_once(members, produce, "after the return")
        for name, count in before.items():
            expect(f"rebalances of {name} while a static member was away and back", [],
                   members.here[name].rebalances[count:])

        members.leave("three")
        members.share_equally()
        _consume_once(members, produce, "after the session of the lost member ended")


def _given_up(member, since=0):
    return set().union(*(partitions for what, partitions in member.rebalances[since:] if what == "revoked"))


def _begin(members, produce, **how):
    """The first member reads before others come: a librdkafka that is still asking where its partitions begin when it has to
    give them up goes back there when it gets them again, whatever committed offset it is told then."""
    members.join("one", **how)
    members.share_equally()
    _consume_once(members, produce, "with one member")


def _grow(members, produce):
    _begin(members, produce)
    members.join("two")
    members.join("three")
    members.share_equally()
    _consume_once(members, produce, "with three members")


def _shrink(members, produce):
    members.leave("three")
    members.share_equally()
    _consume_once(members, produce, "with two members")


def _consume_once(members, produce, when):
    sent = [f"{when}, record {i}" for i in range(10 * PARTITIONS)]
    seen = {name: len(member.records) for name, member in members.here.items()}

    def consumed():
        return [record for name, member in members.here.items() for record in member.records[seen[name]:]]

    produce(sent)
    members.eventually(f"{len(sent)} records consumed {when}", lambda: len(consumed()) >= len(sent))
    expect(f"records consumed {when}", sorted(enumerate_round_robin(sent)), sorted(consumed()))


def enumerate_round_robin(values):
    return [(i % PARTITIONS, value) for i, value in enumerate(values)]


class _Members:
    def __init__(self, start):
        self.start = start
        self.here = {}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for member in self.here.values():
            member.close()

    def join(self, name, **how):
        self.here[name] = self.start(name, **how)

    def leave(self, name):
        member = self.here.pop(name)
        member.close()
        self._check(name, member)

    def eventually(self, what, probe):
        """The same as for everybody, but a member that has ended fails it at once, and the rest is told of each."""
        def alive():
            for name, member in self.here.items():
                self._check(name, member)
            return probe()
        eventually(what, alive, lambda: "; ".join(f"{name} with {member}" for name, member in self.here.items()))

    @staticmethod
    def _check(name, member):
        if member.ended:
            raise Failure(f"member {name}, expected to live on, got {member.ended}; it was at {member}")

    def share_equally(self):
        """Disjoint, complete, and of equal size."""
        def fair():
            shares = [set(member.partitions) for member in self.here.values()]
            return (set().union(*shares) == EVERY and sum(map(len, shares)) == PARTITIONS
                    and all(len(share) == PARTITIONS // len(shares) for share in shares))
        self.eventually(f"equal shares for {', '.join(self.here)}", fair)
