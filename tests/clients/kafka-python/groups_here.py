"""Members of a group on kafka-python; ../harness/groups.py says what they must do."""

import functools
import threading

from kafka import ConsumerRebalanceListener
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

import groups
from scenario import scenario
from session import create, member, send


class Member(groups.Member, ConsumerRebalanceListener):
    """Polls and commits on a thread of its own."""

    def __init__(self, bootstrap, topic, name, assignor, group_instance_id=None):
        super().__init__()
        static = {name.replace(".", "_"): value for name, value in groups.seat(group_instance_id).items()}
        self.start = functools.partial(member, bootstrap, topic, listener=self, group_id=topic, client_id=name,
                                       partition_assignment_strategy=[assignor], heartbeat_interval_ms=500, **static)
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self.live, args=(self._run,))
        self.thread.start()

    def close(self):
        self.closing.set()
        self.thread.join()

    def on_partitions_assigned(self, assigned):
        self.changed("assigned", {partition.partition for partition in assigned})

    def on_partitions_revoked(self, revoked):
        self.changed("revoked", {partition.partition for partition in revoked})

    def _run(self):
        consumer = self.start()
        while not self.closing.is_set():
            batches = consumer.poll(timeout_ms=100)
            if batches:
                consumer.commit()
            for partition, batch in batches.items():
                self.records.extend((partition.partition, record.value.decode()) for record in batch)
        consumer.close()


def play(name, rules, assignor, bootstrap):
    topic = create(bootstrap, name, partitions=groups.PARTITIONS)

    def produce(values):
        send(bootstrap, topic, [(p, {"value": value.encode()}) for p, value in groups.enumerate_round_robin(values)])

    rules(functools.partial(Member, bootstrap, topic, assignor=assignor), produce)


scenario("group-eager")(functools.partial(play, "group-eager", groups.eager, RoundRobinPartitionAssignor))
scenario("group-cooperative")(functools.partial(play, "group-cooperative", groups.cooperative, CooperativeStickyAssignor))
scenario("group-static")(functools.partial(play, "group-static", groups.static, RoundRobinPartitionAssignor))
