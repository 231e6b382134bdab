# SPDX-License-Identifier: BSD-2-Clause
"""What is checked when all else has been done, and machines of other sizes."""

import hashlib
import re

from checks import HARTS, check, tables
from session import Failure, Session, comment, must, qemu, warnings


@check("when all TVMs are gone, the host's memory is mapped with large leaves again", cove=True)
def folded(run):
    _, host = tables.trees(run.shell.machine, tables.symbols(run.shell.machine))
    small = [hex(address) for address, size, flags in host.leaves if flags & tables.X and size < 1 << 21]
    must(not small, "%d small leaves, the first at %s" % (len(small), small[:1]))


# --- the end -------------------------------------------------------------------------------------------

@check("no kernel warning in the whole session that the same session on bare OpenSBI does not show", tsm=True)
def session_warnings(run):
    extra = [w for w in warnings(run.shell) if w not in run.baseline]
    must(not extra, "%d more, the first: %s" % (len(extra), extra[:1]))


@check("reboot boots the host again")
def reboot(run):
    run.shell.machine.line("reboot")
    run.shell.machine.expect("Restarting system", 60)
    run.shell.boot()
    must(run.shell.ok("uname -r").strip() == run.release, "another kernel")
    must(run.shell.ok("nproc").strip() == str(HARTS), "not all harts are back")


@check("poweroff ends QEMU")
def poweroff(run):
    run.shell.machine.line("poweroff")
    must(run.shell.machine.wait(60) == 0, "QEMU's status is not 0")


def small_boot(run, harts, memory):
    with qemu.Machine(run.config(smp=harts, mem=memory), run.name + "-%d-%s" % (harts, memory)) as machine:
        shell = Session(machine)
        try:
            shell.boot()
            must(shell.ok("nproc").strip() == str(harts), "not %d harts" % harts)
            machine.line("poweroff")
            machine.wait(60)
        except (qemu.Trouble, Failure):
            print(comment(machine.report()))
            raise


@check("the host boots with one hart in 256 MiB", own=True)
def one_hart(run):
    small_boot(run, 1, "256M")


@check("the host boots with eight harts", own=True)
def eight_harts(run):
    small_boot(run, 8, "1G")


def other_devices(run, name, boot_words, command, **more):
    """The host with another IOMMU than the board's: what the TSM says of it, and what a command says."""
    more.setdefault("disks", [run.disk, "nvme:" + run.nvme])
    with qemu.Machine(run.config(smp=2, mem="512M", **more), run.name + "-" + name) as machine:
        shell = Session(machine)
        try:
            shell.boot()
            must(re.search(boot_words, machine.text), "the TSM does not say '%s'" % boot_words)
            said = shell.ok(command, 60)
            machine.line("poweroff")
            machine.wait(60)
        except (qemu.Trouble, Failure):
            print(comment(machine.report()))
            raise
    return said


SUMS = "sha256sum /dev/nvme0n1 /dev/vda | cut -d' ' -f1"


def file_sum(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


@check("the host's disks work behind an IOMMU that is a PCI function, which it does not see", tsm=True, own=True)
def iommu_pci(run):
    want = [file_sum(run.nvme), file_sum(run.disk)]
    said = other_devices(run, "pci", "confined by 1 IOMMU", SUMS + "; lspci", iommu="pci")
    must(said.split()[:2] == want, "the disks read wrong")
    must("IOMMU" not in said, "lspci shows the IOMMU")


@check("without an IOMMU the host boots, and no disk is there", tsm=True, own=True)
def no_iommu(run):
    said = other_devices(run, "none", "no device may do DMA", "ls /sys/block; lspci", iommu=None)
    must("nvme" not in said and "vd" not in said and "Host bridge" in said, "it sees %r" % said)


@check("without an IOMMU and with trusted devices the host's disks work, and the TSM warns", tsm=True, own=True)
def trusted(run):
    want = [file_sum(run.nvme), file_sum(run.disk)]
    said = other_devices(run, "trusted", "CAN REACH CONFIDENTIAL MEMORY", SUMS, iommu=None,
                         append="console=ttyS0 earlycon=sbi tsm.devices=trusted-devices")
    must(said.split() == want, "the disks read wrong")


@check("on a host without a TSM cove-run says so", own=True, cove=True)
def no_tsm(run):
    with qemu.Machine(run.config(smp=1, mem="512M", bare=True), run.name + "-no-tsm") as machine:
        shell = Session(machine)
        shell.boot()
        said, status = shell.run("cove-run hello")
        must(status == 2 and "no TSM" in said, "status %d: %r" % (status, said))
