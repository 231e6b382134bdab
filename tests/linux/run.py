#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Stock Debian Linux beneath the TSM, end to end: boots it to a shell and does there what a person would.

usage: tests/linux/run.py --kernel stable|newest [--only NAME]... [--bare] [--list]

Prints TAP: one sentence a check. Most checks share one boot with 4 harts, a disk and a network; the same session on
bare OpenSBI before it tells which kernel warnings are the kernel's own. --bare runs the checks that need no TSM on bare
OpenSBI. Consoles are kept in build/logs/.
"""

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from session import Failure, Session, comment, qemu, warnings  # noqa: E402
from checks import CHECKS, HARTS, Check  # noqa: E402
import host  # noqa: E402,F401		(the order of the checks is that of these)
import guests  # noqa: E402,F401
import kvm  # noqa: E402,F401
import end  # noqa: E402,F401

DISK_MB = 16

# --- running them -----------------------------------------------------------------------------------------

class Run:
    """The things that checks share: kernel, disk, network files, machine, warnings of the bare machine."""

    def __init__(self, kernel, bare):
        self.kernel, self.bare = kernel, bare
        self.name = "linux-" + kernel + ("-bare" if bare else "")
        self.image, self.initrd = qemu.host_files(kernel)
        release = os.path.join(os.path.dirname(self.image), "release")
        if not os.path.exists(release):
            raise qemu.Trouble("the %s kernel is missing; remedy: scripts/deps kernel-%s" % (kernel, kernel))
        with open(release, encoding="utf-8") as f:
            self.release = f.read().strip()
        self.content = random.Random(1).randbytes(1 << 20)
        self.folder = tempfile.mkdtemp(prefix="cove-linux-")
        self.disk = self.make_disk("disk")
        self.nvme_content = random.Random(2).randbytes(DISK_MB << 20)
        self.nvme = os.path.join(self.folder, "nvme")
        with open(self.nvme, "wb") as f:
            f.write(self.nvme_content)
        self.baseline, self.shell = [], None
        self.guest, self.guest_sums, self.single = False, [], None
        self.kills, self.seed = 5, random.randrange(1 << 32)

    def make_disk(self, name):
        """A disk with an ext4 file system that holds known files; its folder is what tftp offers too."""
        files = os.path.join(self.folder, "files")
        os.makedirs(files, exist_ok=True)
        with open(os.path.join(files, "data"), "wb") as f:
            f.write(self.content)
        with open(os.path.join(files, "sums"), "w", encoding="utf-8") as f:
            f.write(hashlib.sha256(self.content).hexdigest() + "  data\n")
        disk = os.path.join(self.folder, name)
        subprocess.run(["/usr/sbin/mkfs.ext4", "-q", "-d", files, disk, "%dM" % DISK_MB], check=True,
                       stdout=subprocess.DEVNULL)
        return disk

    def config(self, **more):
        return qemu.Config(**{"bare": self.bare, "image": self.image, "initrd": self.initrd, **more})

    def machine(self, disk):
        return qemu.Machine(self.config(smp=HARTS, disks=[disk, "nvme:" + self.nvme], net=True,
                                        guest_disk=qemu.guest_disk(self.kernel),
                                        tftp=os.path.join(self.folder, "files")), self.name)


class Tap:
    """The report: one line a check, the reason behind a '#'."""

    def __init__(self, prefix):
        self.prefix, self.count, self.failed = prefix, 0, 0

    def plan(self, total):
        print("1..%d" % total, flush=True)

    def tell(self, sentence, why):
        self.count += 1
        self.failed += bool(why)
        print("%s %d - %s: %s" % ("not ok" if why else "ok", self.count, self.prefix, sentence), flush=True)
        if why:
            print(comment(why), flush=True)


def attempt(function, run):
    """Runs one check: why it failed, and whether the console may still be used."""
    try:
        function(run)
        return None, True
    except Failure as why:
        return str(why), True
    except (qemu.Trouble, OSError, subprocess.CalledProcessError, ValueError) as why:
        if not run.shell:
            return str(why), False
        report = run.shell.machine.report()
        return "%s\n%s" % (why, report), run.shell.recover()


def shared_boot(run, checks, tap):
    """All checks of one machine, in order; once its console no longer answers, the rest has failed."""
    with run.machine(run.disk) as machine:
        run.shell = Session(machine)
        alive = True
        for one in checks:
            if not alive:
                tap.tell(one.sentence, "not tried: the console no longer answers")
                continue
            why, alive = attempt(one.function, run)
            if tap:
                tap.tell(one.sentence, why)
            elif why:
                raise qemu.Trouble("bare OpenSBI already fails '%s': %s" % (one.sentence, why))
        run.shell = None


def bare_warnings(kernel, checks):
    """The warnings of the same session without a TSM."""
    run = Run(kernel, bare=True)
    kept = []
    wanted = [c for c in checks if not c.tsm and c.name not in ("reboot", "poweroff", "disk_write")]
    wanted.append(Check(lambda one: kept.extend(warnings(one.shell)), "the kernel's messages are read"))
    try:
        shared_boot(run, wanted, None)
    finally:
        shutil.rmtree(run.folder)
    return kept


def select(args):
    """The checks to run: all that this kernel has a module for, or those named; a shared machine is booted first."""
    if not args.only:
        return [c for c in CHECKS if not c.slow and not (args.bare and c.tsm) and not (args.kernel == "newest" and c.cove)]
    unknown = set(args.only) - {c.name for c in CHECKS} - {"cove", "slow", "vmm"}
    if unknown:
        raise qemu.Trouble("no check %s; remedy: --list" % " ".join(sorted(unknown)))
    chosen = [c for c in CHECKS if c.name in args.only or (c.slow is True and "slow" in args.only) or (c.slow and c.slow in args.only) or
              (c.cove and not c.slow and "cove" in args.only)]
    if any(not c.own for c in chosen):
        chosen = [c for c in CHECKS if c.name == "boots" or c in chosen]
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", choices=["stable", "newest"], default="stable")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this check (several times: these); "
                        "'cove' names all that need cove.ko, but for the slow ones, 'slow' these, 'vmm' a stock QEMU")
    parser.add_argument("--bare", action="store_true", help="on bare OpenSBI, without the TSM")
    parser.add_argument("--kills", type=int, metavar="N", help="how often the VMM is killed (5)")
    parser.add_argument("--seed", type=int, help="of the moments when it is killed")
    parser.add_argument("--list", action="store_true", help="names and sentences of all checks")
    args = parser.parse_args()
    if args.list:
        print("\n".join("%-18s %s" % (c.name, c.sentence) for c in CHECKS))
        return 0
    chosen = select(args)
    main_boot = [c for c in chosen if not c.own]
    tap = Tap("Linux %s%s" % (args.kernel, " on bare OpenSBI" if args.bare else ""))
    tap.plan(len(chosen))
    run = Run(args.kernel, args.bare)
    run.kills = run.kills if args.kills is None else args.kills
    run.seed = run.seed if args.seed is None else args.seed
    print("# moments of the kills: --seed %d" % run.seed)
    try:
        if any("warnings" in c.name for c in main_boot):
            run.baseline = bare_warnings(args.kernel, main_boot)
        if main_boot:
            shared_boot(run, main_boot, tap)
        for one in (c for c in chosen if c.own):
            tap.tell(one.sentence, attempt(one.function, run)[0])
    finally:
        shutil.rmtree(run.folder)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (qemu.Trouble, OSError, subprocess.CalledProcessError) as why:
        sys.exit("Bail out! %s" % why)
    except KeyboardInterrupt:
        sys.exit(130)
