"""Members of a group on confluent-kafka; ../harness/groups.py says what they must do."""

import functools
import sys
import threading

from confluent_kafka import Consumer

import groups
from scenario import scenario
from session import create, send


class Member(groups.Member):
    """Polls and commits on a thread of its own."""

    def __init__(self, bootstrap, topic, name, strategy, group_instance_id=None):
        super().__init__()
        config = {"bootstrap.servers": bootstrap, "group.id": topic, "client.id": name, "auto.offset.reset": "earliest",
                  "enable.auto.commit": False, "partition.assignment.strategy": strategy, "heartbeat.interval.ms": 500}
        config |= groups.seat(group_instance_id)
        self.consumer = Consumer(config)
        self.consumer.subscribe([topic], on_assign=functools.partial(self._rebalanced, "assigned"),
                                on_revoke=functools.partial(self._rebalanced, "revoked"))
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self.live, args=(self._run,))
        self.thread.start()

    def close(self):
        self.closing.set()
        self.thread.join()

    def _rebalanced(self, what, _, partitions):
        self.changed(what, {partition.partition for partition in partitions})

    def _run(self):
        while not self.closing.is_set():
            message = self.consumer.poll(0.1)
            if message and message.error():
                print("a poll's error:", message.error(), file=sys.stderr)
            elif message:
                self.consumer.commit(message, asynchronous=False)
                self.records.append((message.partition(), message.value().decode()))
        self.consumer.close()


def play(name, rules, strategy, bootstrap):
    topic = create(bootstrap, name, partitions=groups.PARTITIONS)

    def produce(values):
        send(bootstrap, topic, [(p, {"value": value}) for p, value in groups.enumerate_round_robin(values)])

    rules(functools.partial(Member, bootstrap, topic, strategy=strategy), produce)


scenario("group-eager")(functools.partial(play, "group-eager", groups.eager, "roundrobin"))
scenario("group-cooperative")(functools.partial(play, "group-cooperative", groups.cooperative, "cooperative-sticky"))
scenario("group-static")(functools.partial(play, "group-static", groups.static, "roundrobin"))
