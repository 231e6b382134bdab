#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the fuzzers.

usage: run.py check|run|merge [--hours N] NAME:RUNS:LENGTH...

check: RUNS executions of each, the committed corpus (tests/fuzz/corpus/NAME) first, always the same; then the same with a
fault planted in the monitor where the fuzzer has the oracle, which must be found. TAP.
run: each in turn for its share of N hours, with what it found so far in build/fuzz/corpus/NAME.
merge: the smallest corpus that covers as much as build/fuzz/corpus and the committed one.
A failure leaves its input in build/fuzz/failures.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
OUT = os.path.join(ROOT, "build", "fuzz")
FAILURES = os.path.join(OUT, "failures")
# Fuzzers that can plant a fault, and what they say of it.
SEEDED = [("calls", "ORACLE"), ("evidence", "evidence: ")]


def committed(name):
    return os.path.join(ROOT, "tests", "fuzz", "corpus", name)


def given(name):
    """Directories of inputs that are not ours to change: the committed ones, and the unit tests' device trees."""
    trees = os.path.join(ROOT, "build", "unit", "dtb")
    return [committed(name)] + ([trees] if name == "tree" else [])


def grown(name):
    path = os.path.join(OUT, "corpus", name)
    os.makedirs(path, exist_ok=True)
    return path


def fuzz(name, arguments, env=None):
    """Runs a fuzzer from the root; returns (status, its output)."""
    os.makedirs(FAILURES, exist_ok=True)
    command = [os.path.join(OUT, name), f"-artifact_prefix={FAILURES}/{name}-", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ, **(env or {})), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    return done.returncode, done.stdout


def figures(text):
    """(executions, edges) that libFuzzer reported last."""
    runs = re.findall(r"stat::number_of_executed_units:\s+(\d+)", text)
    edges = re.findall(r"cov: (\d+)", text)
    return int(runs[-1]) if runs else 0, int(edges[-1]) if edges else 0


def check(fuzzers):
    failed = 0
    for name, runs, length in fuzzers:
        seeds = len(os.listdir(committed(name)))
        # What is found goes into the first directory, and with it.
        with tempfile.TemporaryDirectory() as found:
            status, text = fuzz(name, [f"-runs={runs}", "-seed=1", f"-max_len={length}", "-print_final_stats=1",
                                       "-timeout=60", "-reload=0", found, *given(name)])
        executed, edges = figures(text)
        good = status == 0 and executed >= runs and seeds > 0
        failed += not good
        print(f"{'ok' if good else 'not ok'} - fuzz: {name}: {executed} executions from {seeds} inputs find nothing ({edges} edges)")
        if not good:
            print("\n".join("# " + line for line in text.splitlines()[-40:]))
    for name, wanted in SEEDED:
        status, text = fuzz(name, ["-runs=0", committed(name)], {"ORACLE_STATUS": "77", "FUZZ_SEEDED": "1"})
        good = status == 77 and wanted in text
        failed += not good
        print(f"{'ok' if good else 'not ok'} - fuzz: {name}: the corpus finds a fault that is planted in the monitor")
    return failed


def run(fuzzers, hours):
    for name, _, length in fuzzers:
        status, text = fuzz(name, [f"-max_total_time={int(hours * 3600 / len(fuzzers))}", f"-max_len={length}", "-timeout=60",
                                   "-print_final_stats=1", grown(name), *given(name)])
        print(f"{name}: %d executions, %d edges, status {status}" % figures(text))
        if status:
            print(text[-4000:])
            return 1
    return 0


def merge(fuzzers):
    for name, _, length in fuzzers:
        new = committed(name) + ".new"
        os.makedirs(new, exist_ok=True)
        status, text = fuzz(name, ["-merge=1", f"-max_len={length}", new, grown(name), *given(name)])
        if status:
            sys.exit(text[-2000:])
        for old in os.listdir(committed(name)):
            os.unlink(os.path.join(committed(name), old))
        for path in os.listdir(new):
            os.rename(os.path.join(new, path), os.path.join(committed(name), path))
        os.rmdir(new)
        print(f"{name}: {len(os.listdir(committed(name)))} inputs")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["check", "run", "merge"])
    parser.add_argument("--hours", type=float, default=1)
    parser.add_argument("fuzzer", nargs="+", metavar="NAME:RUNS:LENGTH")
    args = parser.parse_args()
    fuzzers = [(name, int(runs), int(length)) for name, runs, length in (f.split(":") for f in args.fuzzer)]
    for name, _, _ in fuzzers:
        os.makedirs(committed(name), exist_ok=True)
    if args.what == "check":
        sys.exit(1 if check(fuzzers) else 0)
    sys.exit(run(fuzzers, args.hours) if args.what == "run" else merge(fuzzers))


main()
