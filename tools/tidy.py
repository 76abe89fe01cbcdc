#!/usr/bin/env python3
"""The rules of style that a compiler does not know. Each rule prints file:line, what and what instead.

Size budgets (a design question, not a formatting one): header 300 lines, source 800, function 70.
A file over budget needs a row in tools/tidy.allow, with the reason; the list may only shrink.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER_LINES, SOURCE_LINES, FUNCTION_LINES, COLUMNS = 300, 800, 70, 100

# What to write instead, for names that reach the world past Env, or that hide what they mean.
# (pattern, advice, folders where it is allowed)
BANNED = [
    (r"std::(this_)?thread\b", "threads live in runtime/os only", ("src/runtime/os/",)),
    (r"std::(mutex|lock_guard|unique_lock|condition_variable|atomic)\b",
     "one loop, no locks; helper threads live in runtime/os", ("src/runtime/os/",)),
    (r"std::chrono\b", "time values are base/time.h, clocks come from Env", ()),
    (r"\b(system_clock|steady_clock|gettimeofday|clock_gettime)\b",
     "ask Env's Clock", ("src/runtime/os/",)),
    (r"\b(random_device|mt19937|rand\(\))", "ask Env's Random", ()),
    (r"\bgetenv\b", "configuration is read in app", ("src/app/",)),
    (r"#include <(iostream|filesystem|regex|format|print)>",
     "fmt for text, Env's Disk for files", ()),
    (r"\b(fopen|ifstream|ofstream)\b", "Env's Disk", ("src/app/", "src/runtime/os/")),
    (r"\b(printf|puts)\(", "LOG_* or app's output", ("src/app/", "src/base/check.cc")),
    (r"\bthrow\b(?! away)", "errors are values: return fail(...)", ()),
    (r"\bassert\(", "CHECK or DCHECK", ()),
    (r"using namespace ", "name the namespace", ()),
    (r"\b(TODO|FIXME|XXX|HACK)\b", "finish it, or file an issue", ("tools/tidy.py",)),
]
BAD_FOLDERS = {"common", "util", "utils", "misc", "core", "helpers"}


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
                         cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [line for line in out.splitlines() if (ROOT / line).is_file()]


def read_allowances():
    allowed = {}
    path = ROOT / "tools/tidy.allow"
    for line in path.read_text().splitlines() if path.exists() else []:
        name, _, reason = line.split("#")[0].strip().partition(" ")
        if name:
            allowed[name] = reason.strip()
    return allowed


def strip_text(line):
    """The line without string literals and comments: rules are about code."""
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    return re.sub(r"//.*", "", line)


def long_functions(lines):
    """(line, length) of each function body longer than the budget. Counts from a line at column 0 or
    inside a class that ends with '{' and is not a type, namespace or initialiser, to its brace."""
    found = []
    opening = re.compile(r"^( *)(?!.*\b(namespace|class|struct|enum|union)\b)[^#/].*\)[^;]*\{$")
    i = 0
    while i < len(lines):
        match = opening.match(lines[i])
        if match and len(match.group(1)) <= 2 and not re.match(r"\s*(if|for|while|switch|do)\b", lines[i]):
            closing = match.group(1) + "}"
            end = next((j for j in range(i + 1, len(lines)) if lines[j].rstrip() in
                        (closing, closing + ";", closing + ")", closing + ");")), None)
            if end and end - i - 1 > FUNCTION_LINES:
                found.append((i + 1, end - i - 1))
            if end:
                i = end
        i += 1
    return found


def check_file(name, allowances):
    problems = []
    text = (ROOT / name).read_text()
    lines = text.splitlines()
    budget = HEADER_LINES if name.endswith(".h") else SOURCE_LINES
    if len(lines) > budget and name not in allowances:
        problems.append(f"{name}:1: {len(lines)} lines, budget {budget}: split it by idea")
    for number, length in long_functions(lines):
        if name not in allowances:
            problems.append(f"{name}:{number}: function of {length} lines, budget {FUNCTION_LINES}")
    if name.endswith(".h") and "#pragma once" not in lines:
        problems.append(f"{name}:1: no #pragma once")
    if name.startswith("src/") and lines and not lines[0].startswith("//") and not name.endswith(".cc"):
        problems.append(f"{name}:1: a header opens with a sentence that says what it is for")
    for number, line in enumerate(lines, 1):
        code = strip_text(line)
        # Programs that stand outside: foreign clients, and the load of the bench.
        for pattern, advice, homes in [] if name.startswith(("tests/clients/", "bench/")) else BANNED:
            subject = line if "TODO" in pattern else code
            if name.startswith(homes) or name.endswith("_test.cc") and "printf" in pattern:
                continue
            if re.search(pattern, subject) and "NOLINT: " not in line:  # with its reason
                problems.append(f"{name}:{number}: {re.search(pattern, subject).group(0)}: {advice}")
        if len(line) > COLUMNS and "R\"(" not in line and "clang-format off" not in text:
            problems.append(f"{name}:{number}: {len(line)} columns, budget {COLUMNS}")
        if re.search(r"(?<![\w./])/(home|root)/\w", line):
            problems.append(f"{name}:{number}: names a path of somebody's machine")
    return problems


def main():
    allowances = read_allowances()
    problems = []
    names = tracked(*(f"{folder}/*.{kind}" for folder in ("src", "fuzz", "bench", "tests") for kind in ("h", "cc")))
    for name in sorted(set(names)):
        problems += check_file(name, allowances)
    for name in tracked():
        bad = BAD_FOLDERS & set(pathlib.PurePath(name).parts[:-1])
        if bad:
            problems.append(f"{name}:1: no folder is named {bad.pop()}: say what it holds")
    for name in allowances:
        if not (ROOT / name).is_file():
            problems.append(f"tools/tidy.allow: {name} is gone; remove its row")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
