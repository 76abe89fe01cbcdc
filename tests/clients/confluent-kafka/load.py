"""What the trial `kill` has of confluent-kafka: a producer, a member of a group, and a reader of what is there in the end.

    load.py producer BOOTSTRAP TOPIC PARTITIONS NAME    until standard input ends
    load.py member BOOTSTRAP TOPIC GROUP                until standard input ends; the line `rejoin` makes it leave and come back
    load.py reader BOOTSTRAP TOPIC GROUP                reads everything, and what the group has committed

What they print is told in ../histories.py.
"""

import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, OFFSET_BEGINNING, Producer, TopicPartition

PATIENCE_S = 60
UNANSWERED_MAX = 500
LARGE_EVERY = 500
LARGE_BYTES = 300_000
COMMIT_EVERY_S = 0.05
HASTE = {"reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 100, "retry.backoff.ms": 20}

over = threading.Event()
rejoin = threading.Event()


def say(*words):
    print(time.monotonic_ns(), *words, flush=True)


def listen():
    for line in sys.stdin:
        if line.strip() == "rejoin":
            rejoin.set()
    over.set()


def producer(bootstrap, topic, partitions, name):
    partitions = int(partitions)
    client = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all", "linger.ms": 1,
                       "delivery.timeout.ms": 300_000, "message.max.bytes": 1_000_000} | HASTE)

    def answered(partition, number):
        def note(error, message):
            if error:
                say("failed", partition, number, str(error).replace(" ", "_"))
            else:
                say("acked", partition, number, message.offset())
        return note

    sent = 0
    while not over.is_set():
        client.poll(0.001)
        if len(client) >= UNANSWERED_MAX:
            continue
        for _ in range(2):
            partition, number = sent % partitions, sent // partitions
            padding = LARGE_BYTES if number % LARGE_EVERY == LARGE_EVERY - 1 else number * 37 % 200
            client.produce(topic, f"{name}:{number}|{'.' * padding}", partition=partition, on_delivery=answered(partition, number))
            sent += 1
    client.flush(PATIENCE_S)
    for partition in range(partitions):
        say("sent", partition, (sent - partition + partitions - 1) // partitions)


def value(message):
    return message.value()[:message.value().index(b"|")].decode()


class Member:
    def __init__(self, bootstrap, topic, group):
        self.topic = topic
        self.next = {}
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False,
                                  "auto.offset.reset": "earliest", "partition.assignment.strategy": "range",
                                  "session.timeout.ms": 6000, "heartbeat.interval.ms": 500, "fetch.wait.max.ms": 100} | HASTE)
        self.consumer.subscribe([topic], on_assign=self.assigned, on_revoke=self.revoked, on_lost=self.lost)

    def read_on(self):
        due = time.monotonic() + COMMIT_EVERY_S
        while not over.is_set() and not rejoin.is_set():
            for message in self.consumer.consume(num_messages=500, timeout=0.1):
                if message.error():
                    continue  # the broker is away
                say("read", message.partition(), message.offset(), value(message))
                self.next[message.partition()] = message.offset() + 1
            if time.monotonic() >= due:
                self.commit()
                due = time.monotonic() + COMMIT_EVERY_S
        self.commit()
        self.consumer.close()

    def commit(self):
        if not self.next:
            return
        for partition, offset in self.next.items():
            say("committing", partition, offset)
        try:
            self.consumer.commit(offsets=[TopicPartition(self.topic, *each) for each in self.next.items()], asynchronous=False)
        except KafkaException:
            return  # whoever gets the partitions reads some of it again
        for partition, offset in self.next.items():
            say("committed", partition, offset)

    def assigned(self, consumer, partitions):
        for each in partitions:
            say("assigning", each.partition)
        while True:
            try:
                found = consumer.committed(partitions, timeout=PATIENCE_S)
                break
            except KafkaException:
                time.sleep(0.02)  # the broker is away
        for each in found:
            each.offset = each.offset if each.offset >= 0 else 0
            say("assigned", each.partition, each.offset)
        consumer.assign(found)

    def revoked(self, consumer, partitions):
        self.commit()
        self.lost(consumer, partitions)

    def lost(self, _, partitions):
        self.next.clear()
        for each in partitions:
            say("revoked", each.partition)


def member(*arguments):
    while not over.is_set():
        rejoin.clear()
        Member(*arguments).read_on()


def reader(bootstrap, topic, group):
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False, "auto.offset.reset": "error"})
    partitions = [TopicPartition(topic, each) for each in client.list_topics(topic, PATIENCE_S).topics[topic].partitions]
    for each in client.committed(partitions, PATIENCE_S):
        say("final", each.partition, max(each.offset, 0))
    left = {}
    for each in partitions:
        first, end = client.get_watermark_offsets(each, PATIENCE_S)
        if end > first:
            left[each.partition] = end
    client.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in left])
    deadline = time.monotonic() + PATIENCE_S
    while left and time.monotonic() < deadline:
        for message in client.consume(num_messages=1000, timeout=0.5):
            if message.error():
                raise KafkaException(message.error())
            say("log", message.partition(), message.offset(), value(message))
            if message.offset() + 1 >= left.get(message.partition(), 0):
                left.pop(message.partition(), None)
    client.close()
    for partition, end in left.items():
        say("failed", partition, end, "the_log_cannot_be_read_to_here")


if __name__ == "__main__":
    threading.Thread(target=listen, daemon=True).start()
    {"producer": producer, "member": member, "reader": reader}[sys.argv[1]](*sys.argv[2:])
