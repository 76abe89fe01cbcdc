"""Calls the load generator (bench/load) and checks what it says."""

import json
import subprocess


RUNS = []  # (contender, command, answer) of every run of the load generator in this process


class RunFailed(Exception):
    """One run of one workload that gave no number. It is reported, not dropped."""


class Load:
    """The load generator, set on one contender."""

    def __init__(self, binary, contender, page_cache):
        self.binary = binary
        self.contender = contender
        self.page_cache = page_cache

    def command(self, workload, **settings):
        words = [str(self.binary), workload, "--bootstrap", self.contender.server.address]
        for name, value in settings.items():
            words += [f"--{name.replace('_', '-')}", str(value)]
        return words

    def begin(self, workload, **settings):
        """In the background, with a pipe to its standard input."""
        return subprocess.Popen(self.command(workload, **settings), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def finish(self, process, limit_s=300):
        try:
            out, err = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise RunFailed(f"the load did not end in {limit_s} s") from None
        if process.returncode:
            raise RunFailed(self._why(out, err))
        said = json.loads(out.splitlines()[-1])
        RUNS.append({"contender": self.contender.key, "command": process.args[1:], "said": said})
        return said

    def run(self, workload, limit_s=300, **settings):
        return self.finish(self.begin(workload, **settings), limit_s)

    def measure(self, workload, limit_s=300, **settings):
        """With the server's cost, and the page cache full: what was deleted before has left memory free."""
        self.page_cache.fill()
        return self.run(workload, limit_s, watch=self.contender.server.pid, **settings)

    def create(self, topic, partitions, topics=None, ready=True, limit_s=300, **config):
        settings = {"topics": topics} if topics else {}
        config = self.contender.topic | {name.replace("_", "."): value for name, value in config.items()}
        text = ",".join(f"{name}={value}" for name, value in config.items())
        return self.run("create", limit_s, topic=topic, partitions=partitions, config=text, ready=int(ready),
                        **settings)

    def delete(self, topic, topics=None):
        subprocess.run(self.command("delete", topic=topic, **({"topics": topics} if topics else {})),
                       capture_output=True, timeout=120, check=False)

    @staticmethod
    def _why(out, err):
        text = err.strip().splitlines()
        if text:
            return text[-1].removeprefix("bench_load: ")
        try:
            said = json.loads(out.splitlines()[-1])
        except (IndexError, ValueError):
            return "the load ended without a word"
        if said.get("failed"):
            return f"{said['failed']} of {said['requests'] + said['failed']} answers were errors: {said['first_error']}"
        if said.get("unanswered"):
            return f"{said['unanswered']} requests were not answered"
        if said.get("missing"):
            return f"{said['missing']} records did not arrive"
        return "the load did not come to a good end"
