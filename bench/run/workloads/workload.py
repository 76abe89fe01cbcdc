"""What a workload is, and what it gets to work with."""

import dataclasses
import pathlib

from contenders import KAFKA, KAFKA_SYNCED, MILLRACE, MILLRACE_CACHED, NULL, NULL_DURABLE, OTHER, Contender
from load import Load
from page_cache import PageCache
from scale import Scale

EVERYBODY = (NULL, NULL_DURABLE, KAFKA, KAFKA_SYNCED, MILLRACE, MILLRACE_CACHED, OTHER)
READERS = (NULL, KAFKA, MILLRACE, OTHER)               # reading does not depend on how writes were acknowledged
OWN_SERVER = (NULL, KAFKA, MILLRACE, MILLRACE_CACHED)  # where a fresh server is started


@dataclasses.dataclass
class Run:
    """One run of one workload against one contender."""

    contender: Contender
    scale: Scale
    number: int           # of the round, from 1
    binary: pathlib.Path  # the load generator
    folder: pathlib.Path  # for a server of its own
    page_cache: PageCache
    note: object          # (row, value)
    say: object           # (text), for the person who waits

    @property
    def load(self):
        return Load(self.binary, self.contender, self.page_cache)

    def topic(self, name):
        """A name that no other run has."""
        return f"{name}-{self.contender.key}-{self.number}"

    def phase(self, seconds=None):
        return {"seconds": seconds or self.scale.seconds, "warm_up_s": self.scale.warm_up_s}


def fresh(run):
    """A server of its own for this run, and a contender and a load for it."""
    server = run.contender.make(run.folder)
    contender = Contender(run.contender.key, run.contender.title, server, run.contender.topic,
                                     run.contender.durable, run.contender.make)
    return contender, Load(run.binary, contender, run.page_cache)


class Workload:
    key = ""                # "W1"
    says = ""               # one sentence
    contenders = EVERYBODY
    rounds = 99             # at most
    own_server = False      # starts a server of its own instead of using the running one

    def run(self, run):
        raise NotImplementedError

    def with_topic(self, run, name, partitions, body, **config):
        """Makes a topic, runs, and removes it whatever happened."""
        topic = run.topic(name)
        run.load.create(topic, partitions, **config)
        try:
            return body(topic)
        finally:
            run.load.delete(topic)
            run.contender.server.wait_until_removed(topic)
