"""Members of a group on kafka-python; ../harness/groups.py says what they must do."""

import functools
import threading

from kafka import ConsumerRebalanceListener, KafkaConsumer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

import groups
from scenario import scenario
from session import create, send


class Member(ConsumerRebalanceListener):
    """Polls and commits on a thread of its own."""

    def __init__(self, bootstrap, topic, name, assignor, group_instance_id=None):
        self.partitions = set()
        self.records = []
        self.rebalances = []
        self.topic = topic
        static = {name.replace(".", "_"): value for name, value in groups.seat(group_instance_id).items()}
        self.config = dict(static, bootstrap_servers=bootstrap, group_id=topic, client_id=name, auto_offset_reset="earliest",
                           enable_auto_commit=False, partition_assignment_strategy=[assignor], heartbeat_interval_ms=500)
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def close(self):
        self.closing.set()
        self.thread.join()

    def on_partitions_assigned(self, assigned):
        self._changed("assigned", assigned, set.union)

    def on_partitions_revoked(self, revoked):
        self._changed("revoked", revoked, set.difference)

    def _changed(self, what, partitions, change):
        numbers = {partition.partition for partition in partitions}
        if numbers:
            self.rebalances.append((what, numbers))
            self.partitions = change(self.partitions, numbers)

    def _run(self):
        consumer = KafkaConsumer(**self.config)
        consumer.subscribe([self.topic], listener=self)
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
