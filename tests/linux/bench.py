#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a confidential VM costs: a stock kernel as a TVM against the same kernel as the host, beneath the TSM and on bare OpenSBI.

usage: tests/linux/bench.py [--kernel stable|newest] [--forks N] [--mib N] [--out FILE]

One hart, QEMU's -icount: a nanosecond of the machine's time is an instruction, whatever else the build machine does. Each of the three
runs the same script on its own clock; the host's hart is the TVM's too, so that the TVM's times contain VMM, host and TSM, and all that it
waits. Of a host's times those are left out in which it waits for QEMU's disk, which is no work of the machine's and differs from run to run.
Writes a table (Markdown) and the TVM's exits by cause, also to FILE.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from session import Session, comment, must, qemu  # noqa: E402
from guests import Guest  # noqa: E402

PATIENCE = 3000

# name, what is run; N and M are filled in
PHASES = [
    ("N processes made by fork and exec", "i=0; while [ $i -lt {forks} ]; do /bin/busybox true; i=$((i+1)); done"),
    ("M MiB read from the disk", "dd if=/dev/vda of=/dev/null bs=64k count={blocks} iflag=direct 2>/dev/null"),
    ("M MiB written to the disk", "dd if=/dev/zero of=/dev/vda bs=64k count={blocks} oflag=direct 2>/dev/null; sync"),
]


CLOCKS = "cat /proc/uptime; grep '^cpu ' /proc/stat"


def uptime(text):
    return float(text.split()[0])


def timed(command):
    return "%s; %s; %s" % (CLOCKS, command, CLOCKS)


def duration(said, waits):
    """Seconds between two readings of the clocks; without those in which the hart waited, unless waits count."""
    said = said.replace("\r", "")
    begin, end = (float(x) for x in re.findall(r"^(\d+\.\d+) \d+\.\d+$", said, re.M))
    idle = [sum(map(int, x.split()[3:5])) / 100 for x in re.findall(r"^cpu +(.*)$", said, re.M)]
    return end - begin - (0 if waits else idle[1] - idle[0])


def measure(do, phases):
    """The time of each phase; do runs a command and returns what it printed."""
    return [duration(do(timed(command)), False) for _, command in phases]


def exits(shell):
    """The exits of a TVM's only vCPU by cause."""
    line = re.search(r"exits:(.*)", shell.ok("cat /sys/kernel/debug/cove/vms")).group(1).split()
    return {name: int(count) for name, count in zip(line[::2], line[1::2])}


class Bench:
    """The machine that a Guest lives in."""

    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.shell = None
        blocks = args.mib * 16
        self.phases = [(name.replace("N", str(args.forks), 1) if "N proc" in name else name.replace("M", str(args.mib), 1),
                        command.format(forks=args.forks, blocks=blocks)) for name, command in PHASES]

    def disk(self, name):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.truncate(self.args.mib << 20)
        return path

    def machine(self, bare):
        image, initrd = qemu.host_files(self.args.kernel)
        config = qemu.Config(image=image, initrd=initrd, smp=1, bare=bare, icount=True, disks=[self.disk("bare" if bare else "tsm")],
                             guest_disk=qemu.guest_disk(self.args.kernel))
        return qemu.Machine(config, "linux-bench" + ("-bare" if bare else ""))

    def host(self, bare, then=None):
        """Time to the shell and those of the phases, of a host."""
        with self.machine(bare) as machine:
            self.shell = Session(machine)
            try:
                self.shell.boot(PATIENCE)
                booted = duration("0.00 0.00\ncpu 0 0 0 0 0\n" + self.shell.ok(CLOCKS, PATIENCE), False)
                times = [booted] + measure(lambda c: self.shell.ok(c, PATIENCE), self.phases)
                return times, then() if then else None
            except (qemu.Trouble, ValueError):
                print(comment(machine.report()))
                raise

    def tvm(self):
        """The same of a TVM, and its exits by phase."""
        shell = self.shell
        shell.ok("dd if=/dev/zero of=/tmp/disk bs=1M count=%d" % self.args.mib, PATIENCE)
        guest = Guest(self, "bench", "--memory 384M --disk /tmp/disk", "cat /proc/uptime >{0}/begin")
        shell.ok("until grep -q 'Log in as root' {0}/out; do sleep 0.2; done; cat /proc/uptime >{0}/end".format(guest.folder), PATIENCE)
        begin, end = shell.ok("cat {0}/begin {0}/end".format(guest.folder)).strip().splitlines()
        times, counts = [uptime(end) - uptime(begin)], [exits(shell)]
        guest.login()
        for _, command in self.phases:
            before = exits(shell)
            times.append(duration(guest.do(timed(command), PATIENCE), True))
            after = exits(shell)
            counts.append({cause: after[cause] - before[cause] for cause in after})
        guest.send("poweroff")
        status, said = guest.ended(PATIENCE)
        must(status == 0, "the guest ended so: %r" % said)
        return times, counts


def table(bench, bare, host, tvm, counts):
    rows = ["boot to the shell (the TVM: from cove-run's start to the login)"] + [name for name, _ in bench.phases]
    lines = ["| what | bare OpenSBI | host beneath the TSM | TVM | TVM / bare | TVM / host |", "|---|---|---|---|---|---|"]
    for row, a, b, c in zip(rows, bare, host, tvm):
        lines.append("| %s | %.2f s | %.2f s | %.2f s | %.2f | %.2f |" % (row, a, b, c, c / max(a, 0.01), c / max(b, 0.01)))
    causes = list(counts[0])
    lines += ["", "| exits a second of the TVM | %s | all |" % " | ".join(causes), "|---|%s" % ("---|" * (len(causes) + 1))]
    for row, seconds, count in zip(rows, tvm, counts):
        rates = [count[cause] / max(seconds, 0.01) for cause in causes]
        lines.append("| %s | %s | %.0f |" % (row, " | ".join("%.0f" % r for r in rates), sum(rates)))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", choices=["stable", "newest"], default="stable")
    parser.add_argument("--forks", type=int, default=1000)
    parser.add_argument("--mib", type=int, default=64)
    parser.add_argument("--out")
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="cove-bench-")
    try:
        bench = Bench(args, folder)
        bare, _ = bench.host(True)
        host, (tvm, counts) = bench.host(False, bench.tvm)
        text = table(bench, bare, host, tvm, counts)
    finally:
        shutil.rmtree(folder)
    print(text, end="")
    if args.out:
        with open(args.out, "w", encoding="utf-8") as f:
            f.write(text)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except qemu.Trouble as why:
        sys.exit("bench: %s" % why)
