"""Runs kcat to its end, or beside us. Topics have six partitions, the broker's default here; most scenarios use the first."""

import json
import re
import subprocess
import sys
import threading

from groups import PARTITIONS
from scenario import PATIENCE_S, eventually, expect


def kcat(bootstrap, *arguments, stdin=None, status=0, **config):
    """Output and errors of one kcat run. Settings are named with underscores."""
    done = subprocess.run(["kcat", "-b", bootstrap, *_settings(config), *map(str, arguments)], input=stdin,
                          capture_output=True, timeout=PATIENCE_S)
    errors = done.stderr.decode(errors="replace")
    sys.stderr.write(errors)
    expect(f"kcat's exit status (last words {errors.strip()[-200:]!r})", status, done.returncode)
    return done.stdout, errors


def create(bootstrap, name):
    """Asks for a topic, which creates it, until each partition has a leader. A producer would ask only once a second."""
    topic = f"kcat-{name}"

    def led():
        partitions = list_topic(bootstrap, topic)["topics"][0]["partitions"]
        return len(partitions) == PARTITIONS and all(each["leader"] >= 0 for each in partitions)
    eventually(f"leaders of {topic}", led)
    return topic


def list_topic(bootstrap, topic):
    return json.loads(kcat(bootstrap, "-L", "-J", "-t", topic)[0])


def send(bootstrap, topic, values, partition=0, **config):
    """Sends each value as a record, and returns what kcat says of deliveries: the acknowledged offsets, in order."""
    _, errors = kcat(bootstrap, "-P", "-t", topic, "-p", partition, "-vvv", "-u", stdin=b"".join(v + b"\n" for v in values), **config)
    return delivered(errors)


def delivered(errors):
    return [int(offset) for offset in re.findall(r"Message delivered to partition \d+ \(offset (-?\d+)\)", errors)]


def read(bootstrap, topic, *arguments, partition=0, offset="beginning"):
    """Every record from the offset to the end, as kcat's JSON says it."""
    output, _ = kcat(bootstrap, "-C", "-t", topic, "-p", partition, "-o", offset, "-e", "-q", "-J", *arguments)
    return [json.loads(line) for line in output.splitlines()]


class Running:
    """A kcat that runs beside us; `on_output` and `on_errors` are called with each line, on threads of their own."""

    def __init__(self, bootstrap, *arguments, on_output=None, on_errors=None, **config):
        self.process = subprocess.Popen(["kcat", "-b", bootstrap, *_settings(config), *map(str, arguments)], text=True,
                                        bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.threads = [threading.Thread(target=self._pump, args=(stream, call), daemon=True)
                        for stream, call in ((self.process.stdout, on_output), (self.process.stderr, on_errors))]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def _pump(stream, call):
        for line in stream:
            if call:
                call(line.rstrip("\n"))

    def end_of_input(self):
        """Closes kcat's input, which makes a producer flush and end; returns its exit status."""
        self.process.stdin.close()
        return self._wait()

    def close(self):
        """Ends kcat as Ctrl-C does; it still commits, and leaves its group."""
        self.process.terminate()
        return self._wait()

    def _wait(self):
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            for thread in self.threads:
                thread.join()


def _settings(config):
    return [part for name, value in config.items() for part in ("-X", f"{name.replace('_', '.')}={value}")]
