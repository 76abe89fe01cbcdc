"""kafka-python: a client written in Python alone."""

import logging
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "harness"))

import admin  # noqa: F401  each of these registers its scenarios
import groups_here  # noqa: F401
import reading  # noqa: F401
import records  # noqa: F401
import scenario
import trouble  # noqa: F401

if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("kafka.coordinator").setLevel(logging.INFO)  # who joined what, and what it was assigned
    scenario.run()
