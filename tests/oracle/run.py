#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The conformance suite on the monitor with the oracle in it (target.c). Prints TAP.

usage: run.py check|long

Every run must end with the oracle's own count of what it has looked at. Then the same binary with a seeded fault (a word of the
image says which): the oracle must stop the machine with the sentence that is for it.
"""
import os
import re
import subprocess
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))

BIN, ELF = "build/oracle/tsm.bin", "build/oracle/tsm.elf"
HOST = "build/conformance/testhost.bin"
# (settings, looks at least, seconds). With one hart the oracle looks after every trap; with more whenever no other is inside.
RUNS = {
    "check": [("smp=1,mem=256M,only=info+create+add+measure+finalize+exits+covi+bind+block+pci", 1000, 500),
              ("smp=4,mem=256M,only=fence+harts+attest_harts+block_harts+client_harts", 200, 300)],
    "long": [("smp=1,mem=256M", 10000, 3000), ("smp=4,mem=256M", 10000, 3000),
             ("smp=2,mem=256M,no=v,no=smstateen,no=sscofpmf,no=zicboz", 10000, 3000)],
}
# seed of tests/oracle/seeds.h: (groups that meet it, words of the sentence)
SEEDS = {
    "SEED_NO_UNMAP": ("convert", "the host reaches nothing but its own"),
    "SEED_NO_MAP": ("convert", "the host reaches all that is its own"),
    "SEED_PIN_LEAK": ("nacl+measure", "pins are"),
    "SEED_POOL_COUNT": ("create+add", "a pool has as many pages"),
    "SEED_REF_LEAK": ("create+add", "references to a TVM"),
    "SEED_CHANGED": ("create", "a refused call has changed nothing"),
}
COUNT = re.compile(r"^# oracle: (\d+) traps of VS mode, (\d+) looks, (\d+) refusals compared")


class Tap:
    def __init__(self):
        self.count, self.bad = 0, 0

    def verdict(self, sentence, problems):
        self.count += 1
        self.bad += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.count} - {sentence}")
        for problem in problems:
            print("# " + problem)
        sys.stdout.flush()


def tap_run(kernel, settings, seconds, name):
    return subprocess.run(["scripts/tap-run", "--image", HOST, "--kernel", kernel, "--name", name, "--timeout", str(seconds),
                           "--run", settings], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def suite(tap, settings, least, seconds):
    looks = 0
    for line in tap_run(BIN, settings, seconds, "oracle").splitlines():
        found = re.match(r"(ok|not ok) \d+ - (.*)", line)
        count = COUNT.match(line)
        if found:
            tap.verdict("oracle: " + found.group(2), [] if found.group(1) == "ok" else ["see what follows"])
        elif not line.startswith("1.."):
            print(line)
        looks = int(count.group(2)) if count else looks
    tap.verdict(f"oracle: it has looked at least {least} times in {settings}", [] if looks >= least else [f"{looks} times"])


def numbers():
    """The seeds' numbers, as their enum counts them."""
    with open("tests/oracle/seeds.h", encoding="utf-8") as f:
        body = re.search(r"enum seed \{(.*?)\};", f.read(), re.S).group(1)
    return {name: i for i, name in enumerate(re.findall(r"\b(SEED\w+)\b(?=,)", re.sub(r"/\*.*?\*/", "", body, flags=re.S)))}


def planted(number):
    """The monitor with that fault in it."""
    symbols = subprocess.check_output(["riscv64-linux-gnu-nm", ELF], text=True)
    at = {name: int(value, 16) for value, name in re.findall(r"^(\w+) \w (oracle_plant|tsm_image_start)$", symbols, re.M)}
    path = f"build/oracle/tsm-seed{number}.bin"
    with open(BIN, "rb") as f:
        image = bytearray(f.read())
    offset = at["oracle_plant"] - at["tsm_image_start"]
    image[offset:offset + 4] = number.to_bytes(4, "little")
    with open(path, "wb") as f:
        f.write(image)
    return path


def seeds(tap):
    known = numbers()
    for name, (groups, words) in SEEDS.items():
        text = tap_run(planted(known[name]), f"smp=1,mem=256M,only={groups}", 200, "oracle-seed")
        said = re.findall(r"Bail out! oracle: (.*)", text)
        tap.verdict(f"oracle: in QEMU it finds {name}: {words}",
                    [] if said and words in said[0] else [f"it said: {said}"] + text.splitlines()[-5:])


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in RUNS:
        sys.exit(__doc__)
    tap = Tap()
    for settings, least, seconds in RUNS[sys.argv[1]]:
        suite(tap, settings, least, seconds)
    seeds(tap)
    print(f"1..{tap.count}")
    sys.exit(1 if tap.bad else 0)


main()
