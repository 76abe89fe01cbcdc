"""A broker killed under a producing and a consuming kcat."""

import threading

from reading import numbers
from scenario import eventually, expect, restart_broker, scenario
from session import Running, create, delivered, read


class Stream(threading.Thread):
    """Feeds numbers to one kcat until it is told to stop; keeps what was acknowledged."""

    def __init__(self, bootstrap, topic):
        super().__init__()
        self.sent = 0
        self.offsets = []
        self.stopping = threading.Event()
        self.kcat = Running(bootstrap, "-P", "-t", topic, "-p", 0, "-vvv", "-u", "-E",
                            on_errors=lambda line: self.offsets.extend(delivered(line)), enable_idempotence="true", acks="all")

    def run(self):
        # Never waits for answers: kcat looks for them only between two lines of input.
        while not self.stopping.wait(0.001):
            self.kcat.process.stdin.write(f"{self.sent}\n")
            self.sent += 1

    def finish(self):
        self.stopping.set()
        self.join()
        expect("the producer's exit status", 0, self.kcat.end_of_input())
        expect("the acknowledged offsets", list(range(self.sent)), self.offsets)
        return self.sent


@scenario("restart")
def restart(bootstrap):
    topic = create(bootstrap, "restart")
    stream = Stream(bootstrap, topic)
    stream.start()
    seen = []
    eventually("first records", lambda: len(stream.offsets) > 10)
    consumer = Running(bootstrap, "-C", "-t", topic, "-p", 0, "-o", "beginning", "-u", "-q", "-E", on_output=seen.append)
    try:
        eventually("records before the restart", lambda: len(seen) >= 200)
        restart_broker()
        after = len(stream.offsets) + 200
        eventually("records acknowledged by the new broker", lambda: len(stream.offsets) > after)
        count = stream.finish()
        eventually("every record consumed", lambda: len(seen) >= count)
    finally:
        consumer.close()
    expect("what the consumer saw across the restart", list(range(count)), list(map(int, seen)))
    expect("what the log holds", list(range(count)), numbers(read(bootstrap, topic)))
