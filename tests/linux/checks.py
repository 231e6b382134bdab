# SPDX-License-Identifier: BSD-2-Clause
"""The list of checks, and what several of them do."""

import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from session import Failure, must  # noqa: E402
import tables  # noqa: E402,F401

HARTS = 4
COVE_DEBUG = "/sys/kernel/debug/cove/"
CHECKS = []


class Check:
    """
    One sentence that holds or not. tsm: beneath the TSM only; own: it starts its own machine; cove: needs cove.ko; slow: only when
    it is asked for, by name or by 'slow' (or by another word that it is).
    """

    def __init__(self, function, sentence, tsm=False, own=False, cove=False, slow=False):
        self.name, self.function, self.sentence = function.__name__, function, sentence
        self.tsm, self.own, self.cove, self.slow = tsm or cove, own, cove, slow


def check(sentence, **kinds):
    def register(function):
        CHECKS.append(Check(function, sentence, **kinds))
        return function
    return register


def says_measurements_agree(run):
    said = run.shell.ok("cove-run hello", 60)
    must(re.search(r"measurements agree", said), "it does not say that measurements agree: %r" % said)


def mount_debugfs(run):
    run.shell.ok("grep -q ' /sys/kernel/debug ' /proc/mounts || mount -t debugfs debugfs /sys/kernel/debug")


def pages_are_back(run):
    said = run.shell.ok("cat %spages" % COVE_DEBUG)
    must(said.split() == "converted 0 leaked 0 not zero 0".split(), "of the pages it says %r" % said)


def kcore_offset(run, address):
    """Where /proc/kcore, an ELF core file, shows a physical address."""
    digits = run.shell.ok("head -c 1024 /proc/kcore | od -An -v -tx1 | tr -d ' \\n'; echo")
    header = bytes.fromhex("".join(digits.split()))
    offset, size, count = struct.unpack_from("<Q", header, 32)[0], *struct.unpack_from("<HH", header, 54)
    for n in range(count):
        kind, _, at, _, physical, length = struct.unpack_from("<IIQQQQ", header, offset + n * size)
        if kind == 1 and physical <= address < physical + length:
            return at + address - physical
    raise Failure("/proc/kcore has no segment with %#x" % address)
