"""How long and how much: the full run, the quick one, and the gate's."""

import dataclasses

GB = 10**9


@dataclasses.dataclass(frozen=True)
class Scale:
    rounds: int
    seconds: float           # of a measured phase
    warm_up_s: float         # before each
    warm_kafka_s: float      # once, before anything counts
    ladder: tuple            # latency at these percentages of each contender's own maximum
    cold_bytes: int          # read back from disk (W7), or lying there when the broker is killed (W14)
    partitions: tuple        # how many (W8, W14)
    partitions_idle: int     # how many that nobody ever wrote to
    connections_idle: int    # W9
    updates: int             # W12
    keys: int
    idle_s: float
    members: int             # W15
    starts: int              # restarts of an empty broker

    def facts(self):
        return [("measured phases", f"{self.seconds:g} s"), ("backlog", f"{self.cold_bytes / GB:g} GB"),
                ("idle partitions", f"{self.partitions_idle}"), ("idle connections", f"{self.connections_idle}"),
                ("updates", f"{self.updates}")]


FULL = Scale(rounds=3, seconds=4, warm_up_s=1, warm_kafka_s=60, ladder=(25, 50, 90), cold_bytes=10 * GB,
             partitions=(100, 1000, 10_000), partitions_idle=100_000, connections_idle=10_000, updates=20_000_000,
             keys=1_000_000, idle_s=30, members=100, starts=3)
QUICK = Scale(rounds=2, seconds=2, warm_up_s=0.5, warm_kafka_s=20, ladder=(), cold_bytes=GB, partitions=(1000,),
              partitions_idle=10_000, connections_idle=1000, updates=2_000_000, keys=100_000, idle_s=5, members=20,
              starts=3)
GATE = dataclasses.replace(QUICK, rounds=5)
