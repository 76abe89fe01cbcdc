"""Records deleted under a reader's feet, and a broker killed under a producer's and a consumer's."""

import threading

from confluent_kafka import OFFSET_BEGINNING, Producer, TopicPartition

from reading import numbered, numbers
from scenario import PATIENCE_S, eventually, expect, restart_broker, scenario
from session import admin_of, create, read, reader, take


@scenario("delete-records")
def delete_records(bootstrap):
    topic = numbered(bootstrap, "delete-records")
    before = TopicPartition(topic, 0, 6)
    admin = admin_of(bootstrap)
    (deleted,) = admin.delete_records([before]).values()
    expect("the new start", 6, deleted.result(PATIENCE_S).low_watermark)
    with reader(bootstrap, topic, offset=OFFSET_BEGINNING) as consumer:
        expect("the first and the next offset", (6, 10), consumer.get_watermark_offsets(TopicPartition(topic, 0), PATIENCE_S))
        expect("the records left", [6, 7, 8, 9], numbers(take(consumer, 4)))


class Stream(threading.Thread):
    """Sends numbers one after another until it is told to stop; keeps what was acknowledged."""

    def __init__(self, bootstrap, topic):
        super().__init__()
        self.producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all"})
        self.topic = topic
        self.sent = 0
        self.offsets = []
        self.errors = []
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(0.001):
            self.producer.poll(0)
            if len(self.producer) < 1000:  # records that may be without an answer
                self.producer.produce(self.topic, b"%d" % self.sent, partition=0, on_delivery=self._delivered)
                self.sent += 1

    def _delivered(self, error, message):
        if error:
            self.errors.append(error)
        else:
            self.offsets.append(message.offset())

    def finish(self):
        self.stopping.set()
        self.join()
        expect("records without an answer", 0, self.producer.flush(PATIENCE_S))
        expect("delivery errors", [], self.errors)
        expect("the acknowledged offsets", list(range(self.sent)), self.offsets)
        return self.sent


@scenario("restart")
def restart(bootstrap):
    topic = create(bootstrap, "restart")
    stream = Stream(bootstrap, topic)
    stream.start()
    with reader(bootstrap, topic) as consumer:
        seen = numbers(take(consumer, 200))
        restart_broker()
        after = len(stream.offsets) + 200
        eventually("records acknowledged by the new broker", lambda: len(stream.offsets) > after)
        count = stream.finish()
        seen += numbers(take(consumer, count - len(seen)))
    expect("what the consumer saw across the restart", list(range(count)), seen)
    expect("what the log holds", list(range(count)), numbers(read(bootstrap, topic, count)))
