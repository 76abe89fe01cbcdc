"""What producers and members of a group saw while their broker was killed again and again, and whether it can be true of a log
that loses, doubles and reorders nothing.

A history is the lines of one program: the machine's monotonic clock in ns, an event, a partition, and

    acked PARTITION NUMBER OFFSET       a producer: its NUMBERth record for the partition lies at OFFSET
    failed PARTITION NUMBER WHY         a producer: nobody knows; an idempotent one may retry for ever, so this is a fault
    sent PARTITION COUNT                a producer, at its end
    assigning PARTITION                 a member: begins to ask where to read on
    assigned PARTITION OFFSET           a member: was told
    read PARTITION OFFSET NAME:NUMBER   a member
    committing PARTITION OFFSET         a member: asks for it
    committed PARTITION OFFSET          a member: was told that it is done
    revoked PARTITION                   a member: does not own it any more
    log PARTITION OFFSET NAME:NUMBER    the reader, at the end of all: what is there
    final PARTITION OFFSET              the reader: what the group has committed
"""

import collections


def parse(line):
    """(ns, event, partition, ...) with numbers as numbers."""
    ns, event, *words = line.split()
    return int(ns), event, *(int(word) if word.lstrip("-").isdigit() else word for word in words)


class Checker:
    """Takes {program: its events} for producers and members, and the reader's events; problems() says what cannot be."""

    def __init__(self, producers, members, reader):
        self.producers = producers
        self.members = members
        self.log = collections.defaultdict(dict)  # partition: {offset: value}
        self.final = {}
        self.found = []
        for _, event, partition, offset, *value in reader:
            if event == "log":
                self.log[partition][offset] = value[0]
            elif event == "final":
                self.final[partition] = offset
            else:
                self.found.append(f"the reader: partition {partition}: {value}")

    def problems(self):
        self.log_is_dense()
        for name, events in self.producers.items():
            self.producer(name, events)
        self.nothing_else()
        for name, events in self.members.items():
            self.member(name, events)
        self.commits()
        self.coverage()
        return self.found

    def log_is_dense(self):
        for partition, records in self.log.items():
            if sorted(records) != list(range(len(records))):
                self.found.append(f"partition {partition}: {len(records)} records with offsets up to {max(records)}")

    def producer(self, name, events):
        """Each number of each partition is there once, in order, and where the broker said."""
        sent = {partition: rest[0] for _, event, partition, *rest in events if event == "sent"}
        if not sent:
            self.found.append(f"producer {name} did not come to its end")
        places = collections.defaultdict(list)  # partition: [(offset, number)]
        for partition, records in self.log.items():
            for offset in sorted(records):
                owner, number = records[offset].split(":")
                if owner == name:
                    places[partition].append((offset, int(number)))
        for partition, count in sent.items():
            numbers = [number for _, number in places[partition]]
            if numbers != list(range(count)):
                self.found.append(f"producer {name}, partition {partition}: {_difference(numbers, count)}")
        there = {(partition, number): offset for partition, of in places.items() for offset, number in of}
        for _, event, partition, *rest in events:
            if event == "failed":
                self.found.append(f"producer {name}, partition {partition}, record {rest[0]}: {rest[1]}")
            elif event == "acked" and there.get((partition, rest[0])) != rest[1]:
                self.found.append(f"producer {name}, partition {partition}: record {rest[0]} was acknowledged at offset {rest[1]}, "
                                  f"and is at {there.get((partition, rest[0]))}")

    def nothing_else(self):
        for partition, records in self.log.items():
            strangers = [value for value in records.values() if value.split(":")[0] not in self.producers]
            if strangers:
                self.found.append(f"partition {partition}: records of nobody: {strangers[:3]}")

    def member(self, name, events):
        """Reads go on without a gap from where the member was told, and what was read is in the log for ever."""
        at = {}  # partition: the next offset, while it is owned
        for _, event, partition, *rest in events:
            if event == "assigned":
                at[partition] = rest[0]
            elif event == "revoked":
                at.pop(partition, None)
            elif event == "read":
                offset, value = rest
                if self.log[partition].get(offset) != value:
                    self.found.append(f"member {name} read {value} at {partition}@{offset}, where {self.log[partition].get(offset)} is")
                if at.get(partition) != offset:
                    self.found.append(f"member {name} read {partition}@{offset}, and {at.get(partition)} was next")
                at[partition] = offset + 1
            elif event == "committing" and rest[0] > at.get(partition, 0):
                self.found.append(f"member {name} commits {partition}@{rest[0]}, and has read to {at.get(partition)}")

    def commits(self):
        """Nobody is told to begin before what was committed, nor behind what was ever asked to be committed."""
        events = sorted((event for events in self.members.values() for event in events), key=lambda event: event[0])
        done = collections.defaultdict(int)
        asked = collections.defaultdict(int)
        floor = {}  # partition: what was committed when a member began to ask
        for _, event, partition, *rest in events:
            if event == "committing":
                asked[partition] = max(asked[partition], rest[0])
            elif event == "committed":
                done[partition] = max(done[partition], rest[0])
            elif event == "assigning":
                floor[partition] = done[partition]
            elif event == "assigned" and not floor[partition] <= rest[0] <= asked[partition]:
                self.found.append(f"partition {partition} is read on from {rest[0]}; {floor[partition]} was committed and "
                                  f"{asked[partition]} was the most that anybody asked for")
        for partition in self.log:
            if not done[partition] <= self.final.get(partition, 0) <= asked[partition]:
                self.found.append(f"partition {partition}: the group ends at {self.final.get(partition, 0)}; {done[partition]} was "
                                  f"committed and {asked[partition]} was the most that anybody asked for")

    def coverage(self):
        read = collections.defaultdict(set)
        for events in self.members.values():
            for _, event, partition, *rest in events:
                if event == "read":
                    read[partition].add(rest[0])
        for partition, records in self.log.items():
            missed = sorted(set(records) - read[partition])
            if missed:
                self.found.append(f"partition {partition}: nobody of the group read {len(missed)} records, the first at {missed[0]}")


def _difference(numbers, count):
    seen = collections.Counter(numbers)
    lost = [number for number in range(count) if number not in seen]
    doubled = [number for number, times in seen.items() if times > 1]
    what = [f"{len(lost)} of {count} records are lost, the first {lost[0]}"] if lost else []
    what += [f"{len(doubled)} are there more than once, the first {doubled[0]}"] if doubled else []
    return "; ".join(what or [f"{count} records are there, out of order or with others between"])
