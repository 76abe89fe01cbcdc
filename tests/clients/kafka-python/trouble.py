"""Records deleted under a reader's feet, and a broker killed under a producer's and a consumer's."""

import threading

from kafka import KafkaProducer, TopicPartition

from reading import numbered, numbers
from scenario import PATIENCE_S, eventually, expect, restart_broker, scenario
from session import admin_of, create, read, reader, take


@scenario("delete-records")
def delete_records(bootstrap):
    topic = numbered(bootstrap, "delete-records")
    partition = TopicPartition(topic, 0)
    with admin_of(bootstrap) as admin:
        expect("the new start", 6, admin.delete_records({partition: 6})[partition]["low_watermark"])
    with reader(bootstrap, topic) as consumer:
        expect("the beginning", {partition: 6}, consumer.beginning_offsets([partition]))
        expect("the records left", [6, 7, 8, 9], numbers(take(consumer, 4)))


class Stream(threading.Thread):
    """Sends numbers one after another until it is told to stop; keeps what was acknowledged."""

    def __init__(self, bootstrap, topic):
        super().__init__()
        self.producer = KafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
        self.topic = topic
        self.sent = []
        self.stopping = threading.Event()
        self.room = threading.Semaphore(1000)  # records that may be without an answer

    def run(self):
        while not self.stopping.wait(0.001):
            if self.room.acquire(timeout=0.1):
                future = self.producer.send(self.topic, b"%d" % len(self.sent), partition=0)
                future.add_both(lambda _: self.room.release())
                self.sent.append(future)

    def acknowledged(self):
        return sum(future.is_done for future in self.sent)

    def finish(self):
        self.stopping.set()
        self.join()
        offsets = [future.get(timeout=PATIENCE_S).offset for future in self.sent]
        self.producer.close()
        return offsets


@scenario("restart")
def restart(bootstrap):
    topic = create(bootstrap, "restart")
    stream = Stream(bootstrap, topic)
    stream.start()
    with reader(bootstrap, topic) as consumer:
        seen = numbers(take(consumer, 200))
        restart_broker()
        after = stream.acknowledged() + 200
        eventually("records acknowledged by the new broker", lambda: stream.acknowledged() > after)
        offsets = stream.finish()
        expect("the acknowledged offsets", list(range(len(offsets))), offsets)
        seen += numbers(take(consumer, len(offsets) - len(seen)))
    expect("what the consumer saw across the restart", list(range(len(offsets))), seen)
    expect("what the log holds", list(range(len(offsets))), numbers(read(bootstrap, topic, len(offsets))))
