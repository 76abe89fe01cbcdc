#!/usr/bin/env python3
"""Runs clang-tidy-19 over our sources, two at a time, skipping those that were clean and have not
changed since: tools/lint.py BUILD_DIRECTORY [FILE...]
"""

import concurrent.futures
import hashlib
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def fingerprint(source, headers):
    """Of the source, every header of ours and the rules: a change in any of them lints again."""
    digest = hashlib.sha256(headers)
    digest.update(pathlib.Path(source).read_bytes())
    return digest.hexdigest()


def main():
    build = pathlib.Path(sys.argv[1])
    only = {str(pathlib.Path(f).resolve()) for f in sys.argv[2:]}
    commands = json.loads((build / "compile_commands.json").read_text())
    sources = sorted({c["file"] for c in commands if c["file"].startswith(str(ROOT / "src"))})
    if only:
        sources = [s for s in sources if s in only]

    headers = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for path in sorted((ROOT / "src").rglob("*.h")):
        headers.update(path.read_bytes())
    memory_path = build / "lint.json"
    memory = json.loads(memory_path.read_text()) if memory_path.exists() else {}
    todo = [s for s in sources if memory.get(s) != fingerprint(s, headers.digest())]

    def lint(source):
        return source, subprocess.run(
            ["clang-tidy-19", "-p", str(build), "--quiet", "--warnings-as-errors=*", source],
            capture_output=True, text=True)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for done, (source, result) in enumerate(pool.map(lint, todo), 1):
            print(f"\rclang-tidy {done}/{len(todo)}", end="", file=sys.stderr, flush=True)
            if result.returncode == 0:
                memory[source] = fingerprint(source, headers.digest())
            else:
                failed += 1
                print(f"\n{result.stdout}", flush=True)
    print(f"\rclang-tidy: {len(todo)} linted, {len(sources) - len(todo)} unchanged, {failed} with findings",
          file=sys.stderr)
    memory_path.write_text(json.dumps(memory))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
