"""The trials: what takes a broker of its own through a story, once, and is no scenario that every client family runs.

Each is a function of the suite (run.py) that returns its complaints, a line each; none means that the trial is passed.
"""

import dataclasses

import kill
import move


@dataclasses.dataclass(frozen=True)
class Trial:
    name: str
    sentence: str  # what must be seen
    run: object


TRIALS = (
    Trial("kill", kill.SENTENCE, kill.run),
    Trial("move", move.SENTENCE, move.run),
)
