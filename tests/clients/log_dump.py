"""The scenario `log-dump`: Apache Kafka's DumpLogSegments over a data directory whose broker was stopped cleanly (java/DumpLog.java)."""

import subprocess

SHOWN = 5


def problems(command, data, topics):
    """What Kafka's tool complains of; nothing when it reads everything, and each topic of `topics` has batches of that codec,
    or, where that is "compacted", gaps at most."""
    topics = [f"{topic}={what}" for topic, what in topics.items()]
    done = subprocess.run([str(part) for part in (*command, data, *topics)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    complaints = done.stdout.splitlines()
    if done.returncode and not complaints:
        complaints = [f"DumpLog ended with {done.returncode}: {done.stderr.strip()[-300:]}"]
    more = [f"and {len(complaints) - SHOWN} more"] if len(complaints) > SHOWN else []
    return complaints[:SHOWN] + more
