"""kcat: what can be seen with the command-line client alone, over Debian's librdkafka."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "harness"))

import groups_here  # noqa: F401  each of these registers its scenarios
import metadata  # noqa: F401
import reading  # noqa: F401
import records  # noqa: F401
import scenario
import trouble  # noqa: F401

if __name__ == "__main__":
    scenario.run()
