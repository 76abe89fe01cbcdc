#!/usr/bin/env python3
"""Runs clang-tidy-19 over our C++: tools/lint.py BUILD_DIRECTORY [--jobs N] [FILE...]

A file that was clean is not looked at again until it, a header it reaches, its compile command or
.clang-tidy changes. What was clean is kept in BUILD_DIRECTORY/lint.json, by content: another branch,
or a change taken back, costs nothing.
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
CLEAN_MAX = 20_000  # the oldest are forgotten


class Includes:
    """Which of our files a file reaches. Read from the text, without the preprocessor: what is behind
    an #if counts too."""

    def __init__(self, build):
        self.roots = [ROOT / "src", ROOT, build / "src/kafka/generated", build / "tests/wire"]
        self.direct = functools.cache(self._direct)
        self.digest = functools.cache(self._digest)

    def _direct(self, path):
        wanted = (match.decode() for match in INCLUDE.findall(path.read_bytes()))
        places = ([path.parent / name, *(root / name for root in self.roots)] for name in wanted)
        return [found for place in places if (found := next((p for p in place if p.is_file()), None))]

    def reached_from(self, path):
        reached, todo = {path}, [path]
        while todo:
            new = [p.resolve() for p in self.direct(todo.pop()) if p.resolve() not in reached]
            reached.update(new)
            todo += new
        return sorted(reached)

    def _digest(self, path):
        return hashlib.sha256(path.read_bytes()).digest()

    def fingerprint(self, command):
        whole = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
        whole.update(command["command"].encode())
        for path in self.reached_from(pathlib.Path(command["file"])):
            whole.update(self.digest(path))
        return whole.hexdigest()


def lint(build, source):
    return source, subprocess.run(
        ["clang-tidy-19", "-p", str(build), "--quiet", "--warnings-as-errors=*", source],
        capture_output=True, text=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("files", nargs="*")
    options = parser.parse_intermixed_args()
    only = {str(pathlib.Path(f).resolve()) for f in options.files}

    includes = Includes(options.build)
    commands = {c["file"]: c for c in json.loads((options.build / "compile_commands.json").read_text())
                if not c["file"].startswith(str(options.build)) and (not only or c["file"] in only)}
    prints = {source: includes.fingerprint(command) for source, command in sorted(commands.items())}
    memory_path = options.build / "lint.json"
    clean = json.loads(memory_path.read_text()) if memory_path.exists() else []
    todo = [source for source in prints if prints[source] not in set(clean)]

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for done, (source, result) in enumerate(pool.map(functools.partial(lint, options.build), todo), 1):
            if sys.stderr.isatty():
                print(f"\rclang-tidy {done}/{len(todo)}", end="", file=sys.stderr, flush=True)
            if result.returncode == 0:
                clean.append(prints[source])
                memory_path.write_text(json.dumps(clean[-CLEAN_MAX:]))
            else:
                failed += 1
                print(f"\n{result.stdout}{result.stderr}", flush=True)
    print(f"\rclang-tidy: {len(todo)} linted, {len(prints) - len(todo)} unchanged, {failed} with findings",
          file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
