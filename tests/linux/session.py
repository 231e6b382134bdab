# SPDX-License-Identifier: BSD-2-Clause
"""A shell on the console of a booted host, used as a person would: typing lines and reading answers."""

import contextlib
import os
import re
import sys

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TREE, "scripts"))
import qemu  # noqa: E402

PROMPT = r"cove-host:[^#\n]*# "
PANIC = r"Kernel panic - not syncing.*|Oops \[#\d+\]|^TSM panic.*"
BOOT_SECONDS = 120


class Failure(Exception):
    """What is not as it should be, in one line."""


def must(condition, text):
    if not condition:
        raise Failure(text)


def comment(text):
    return "".join("# %s\n" % line for line in text.splitlines()).rstrip("\n")


class Session:
    """One machine and its shell. Outputs come back without the echo of what was typed."""

    def __init__(self, machine):
        self.machine = machine

    def boot(self, seconds=BOOT_SECONDS):
        self.machine.expect(PROMPT, seconds, PANIC)
        self.run("dmesg -n 1")          # what the kernel says would stand between a command's lines

    def run(self, command, seconds=30):
        """Type a command; returns what it printed and its exit status."""
        self.machine.line("echo [begin $((6*7))]; " + command)
        self.machine.expect(r"^\[begin 42\]\n", seconds, PANIC)
        start = self.machine.mark
        self.machine.expect(PROMPT, seconds, PANIC)
        end = self.machine.text.rfind("\n", 0, self.machine.mark) + 1
        found = re.search(PROMPT, self.machine.text[end:])
        output = self.machine.text[start:end + (found.start() if found else 0)]
        self.machine.line("echo [status $?]")
        status = self.machine.expect(r"^\[status (\d+)\]\n", seconds, PANIC)
        self.machine.expect(PROMPT, seconds, PANIC)
        return output, int(status.group(1))

    def recover(self):
        """After a command that did not end: Ctrl-C. Is there a shell again?"""
        try:
            self.machine.read(0.5)
            self.machine.mark = len(self.machine.text)
            self.machine.send("\x03")
            self.machine.expect(PROMPT, 10, PANIC)
            return self.run("true")[1] == 0
        except qemu.Trouble:
            return False

    def ok(self, command, seconds=30):
        """A command that has to succeed; returns what it printed."""
        output, status = self.run(command, seconds)
        last = output.strip().splitlines()[-1:] or [""]
        must(status == 0, "'%s' ended with status %d: %s" % (command, status, last[0]))
        return output


def warnings(session):
    """The kernel's messages of level warning and worse, without what differs from run to run."""
    found = []
    for line in session.ok("dmesg -r").splitlines():
        level = re.match(r"<(\d+)>\[ *[\d.]+\](?:\[[^\]]*\])? ?(.*)", line)
        if level and int(level.group(1)) & 7 <= 4:
            if level.group(2).startswith(("Modules linked in", "CPU: ", "Hardware name")):
                continue                # the circumstances of a warning, not the warning
            text = re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{8,16}\b", "H", level.group(2))
            found.append(re.sub(r"\d+(\.\d+)?", "N", text))
    return found


@contextlib.contextmanager
def provoked(run):
    """What a check provokes is no finding: the kernel's warnings meanwhile are not counted when the session ends."""
    before = warnings(run.shell)
    yield
    run.baseline = run.baseline + [w for w in warnings(run.shell) if w not in before]
