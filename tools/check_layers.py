#!/usr/bin/env python3
"""Checks every #include against src/LAYERS: nothing points upward.

Prints each offending line as file:line, what it includes and which row would have to allow it.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def read_layers():
    """folder -> set of folders it may include; '*' allows all."""
    layers = {}
    for number, line in enumerate((SOURCE / "LAYERS").read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        folder, colon, allowed = line.partition(":")
        if not colon:
            sys.exit(f"src/LAYERS:{number}: want `folder: folders`, got {line!r}")
        layers[folder.strip()] = set(allowed.split())
    return layers


def folder_of(path, layers):
    """The longest row that is a prefix of this path ("runtime/os" before "runtime")."""
    matches = [f for f in layers if path == f or path.startswith(f + "/")]
    return max(matches, key=len, default=None)


def cycles(layers):
    """Folders that can reach themselves."""
    def reach(folder, seen):
        for below in layers.get(folder, set()) - {"*"}:
            if below not in seen:
                seen.add(below)
                reach(below, seen)
        return seen
    return [f for f in layers if f in reach(f, set())]


def main():
    layers = read_layers()
    problems = [f"src/LAYERS: {f} can reach itself" for f in cycles(layers)]
    for path in sorted(SOURCE.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        relative = path.relative_to(SOURCE).as_posix()
        folder = folder_of(relative, layers)
        if folder is None:
            problems.append(f"src/{relative}: its folder has no row in src/LAYERS")
            continue
        allowed = layers[folder]
        is_test = path.stem.endswith(("_test", "_testing")) or path.name.startswith("test_")
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = folder_of(match.group(1), layers)
            if target in (None, folder) or target in allowed or "*" in allowed:
                continue
            # A test may stand its folder on the simulated world.
            if is_test and target == "simulation":
                continue
            problems.append(f"src/{relative}:{number}: {folder} may not include {match.group(1)}"
                            f" (src/LAYERS allows: {' '.join(sorted(allowed)) or 'nothing'})")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
