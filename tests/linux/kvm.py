# SPDX-License-Identifier: BSD-2-Clause
"""cove.ko as VMMs and the rest of the kernel see it: KVM's interface, kvm.ko beside it, cgroups, tracepoints, a stock QEMU."""

import os
import re

from checks import COVE_DEBUG, HARTS, check, mount_debugfs, pages_are_back, says_measurements_agree
from guests import guest_run
from session import PANIC, PROMPT, Failure, Session, comment, must, provoked, qemu


@check("/dev/cove answers KVM's ioctls, used well, badly and in a strange order, as KVM's interface says", cove=True)
def kvm_api(run):
    with provoked(run):
        said, status = run.shell.run("/usr/share/cove/kvm-api", 180)
    wrong = [line for line in said.splitlines() if not line.startswith("ok ")]
    must(status == 0 and len(wrong) == 1 and wrong[0].startswith("1.."), "status %d: %s" % (status, wrong))


@check("tracepoints show a TVM's exits, its memory, and what is converted and comes back", cove=True)
def tracepoints(run):
    run.shell.ok("mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing; cd /sys/kernel/tracing; "
                 "echo >trace; echo 1 >events/cove/enable; cd")
    says_measurements_agree(run)
    run.shell.ok("cd /sys/kernel/tracing; echo 0 >events/cove/enable; cp trace /tmp/trace; cd", 60)
    for what in (r"cove_exit: tvm [0-9]* vcpu 0 error 0 cause", "cove_fault: tvm [0-9]* gpa 0x8.* private", "cove_pages: convert pa .*: 0",
                 "cove_pages: reclaim pa .*: 0"):
        must(int(run.shell.run("grep -c '%s' /tmp/trace" % what)[0]) > 0, "no line '%s'" % what)


@check("a TVM's memory is charged to the VMM's cgroup: beyond its limit the TVM ends, and every page is back", cove=True)
def cgroup(run):
    mount_debugfs(run)
    run.shell.ok("mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup; cd /sys/fs/cgroup && "
                 "echo +memory >cgroup.subtree_control && mkdir -p cove && echo 100M >cove/memory.max && cd")
    with provoked(run):
        said, _ = run.shell.run("sh -c 'echo $$ >/sys/fs/cgroup/cove/cgroup.procs && exec cove-run debian --memory 256M </dev/null' "
                                "2>&1 | tail -n 3; cat /sys/fs/cgroup/cove/memory.peak", 180)
    must("login" not in said, "the guest got more than its limit: %r" % said)
    must(int(said.split()[-1]) > 60 << 20, "little was charged: %r" % said)
    pages_are_back(run)
    run.shell.ok("rmdir /sys/fs/cgroup/cove")
    says_measurements_agree(run)


@check("the host is not suspended while there is a TVM, and says why", cove=True)
def suspend(run):
    must("freeze" in run.shell.ok("cat /sys/power/state"), "this kernel cannot be suspended")
    run.shell.ok("cove-run debian --memory 256M </dev/null >/dev/null 2>&1 & echo $! >/tmp/pid; n=0; "
                 "until grep -q runs %svms; do n=$((n+1)); [ $n -lt 60 ] || exit 1; sleep 1; done" % COVE_DEBUG, 120)
    with provoked(run):
        said, status = run.shell.run("echo freeze >/sys/power/state", 60)
    run.shell.ok("kill -9 $(cat /tmp/pid); wait $(cat /tmp/pid); true")
    must(status != 0, "it was: %s" % said)
    must("no suspend or hibernation while there are TVMs" in run.shell.ok("dmesg | tail -n 30"), "it does not say why")


# Debian's stable kernel leaves the name of an interrupt handler behind when kvm.ko is unloaded, with or without a TSM, and
# crashes on it later: once loaded, kvm.ko stays.
@check("kvm.ko can be loaded or refuses, and the host lives on")
def kvm(run):
    said, status = run.shell.run("modprobe kvm")
    must(status < 128, "modprobe was killed: %s" % said.strip())
    run.shell.ok("true")


@check("cove.ko and kvm.ko are loaded together, in either order, and TVMs run", cove=True)
def kvm_beside(run):
    run.shell.run("modprobe kvm")
    must("kvm " in run.shell.ok("lsmod"), "kvm.ko refuses here")
    says_measurements_agree(run)
    run.shell.ok("rmmod cove && insmod /lib/modules/cove.ko", 60)
    says_measurements_agree(run)


# --- stock VMMs: they are asked for by 'vmm' ----------------------------------------------------------------

VMM_DISK = os.path.join(qemu.BUILD, "vmm", "vmm.img")
QEMU_VMM = """cove-as-kvm /mnt/qemu-system-riscv64 -M virt,aia=aplic-imsic -accel kvm,kernel-irqchip=%s -cpu host -smp 2
-m 256M -nodefaults -display none -serial stdio -no-reboot -kernel /usr/share/cove/debian/kernel
-initrd /usr/share/cove/debian/initrd -append "console=ttyS0 earlycon=sbi swiotlb=force panic=-1 quiet"
-drive file=/tmp/disk,if=none,id=disk,format=raw -device virtio-blk-pci,drive=disk,iommu_platform=on,disable-legacy=on
-netdev user,id=net,tftp=/tmp/www -device virtio-net-pci,netdev=net,iommu_platform=on,disable-legacy=on,romfile="""
WATCH = "while sleep 1; do cat %svms >/tmp/vms.new; [ -s /tmp/vms.new ] && mv /tmp/vms.new /tmp/vms; done" % COVE_DEBUG


def vmm_login(run, command):
    machine = run.shell.machine
    machine.line(command + "; ended=$?")
    machine.expect(r"cove-guest login: ", 400, PANIC + "|^qemu-system-riscv64: .*")
    machine.line("root")
    machine.expect(r"^cove-guest:[^#\n]*# ", 60, PANIC)


def vmm_guest(run):
    """A guest of QEMU's: its vCPUs, disk and network."""
    guest_run(run, "uname -r; nproc", r"^%s\n2\n" % re.escape(run.release))
    guest_run(run, "sha256sum </dev/vda", r"^%s  -\n" % run.guest_sums[0])
    guest_run(run, "dd if=/dev/urandom of=/dev/vda bs=1M count=1 seek=1; sync; echo wrote", r"^wrote\n")
    run.guest_sums.append(guest_run(run, "sha256sum </dev/vda", r"^(\w{64})  -\n").group(1))
    guest_run(run, "udhcpc -i eth0 -n -q -t 9; cd /tmp; tftp -g -r data 10.0.2.2; sha256sum data", r"^%s  data\n" % run.guest_sums[1], 120)
    guest_run(run, "cat /sys/kernel/cove_guest/measurement", r"^measurement 4: \w{96}\n")


def vmm_session(run, irqchip):
    run.shell.boot()
    run.shell.ok("mount -t ext4 -o ro /dev/vda /mnt && mount -t debugfs debugfs /sys/kernel/debug && export LD_LIBRARY_PATH=/mnt/lib")
    run.shell.ok("dd if=/dev/urandom of=/tmp/disk bs=1M count=4 2>/dev/null && sha256sum </tmp/disk >/tmp/sum.before && "
                 "mkdir /tmp/www && head -c 30000 /dev/urandom >/tmp/www/data", 60)
    run.guest_sums = [run.shell.ok("cut -c-64 /tmp/sum.before").strip(), run.shell.ok("sha256sum </tmp/www/data").strip()[:64]]
    run.shell.ok("(%s) >/dev/null 2>&1 & echo $! >/tmp/watch" % WATCH)
    vmm_login(run, QEMU_VMM.replace("\n", " ") % irqchip)
    vmm_guest(run)
    run.shell.machine.line("poweroff")
    run.shell.machine.expect(PROMPT, 90)
    must("was 0" in run.shell.ok("echo was $ended"), "QEMU does not end with 0")
    must(run.shell.ok("sha256sum </tmp/disk").strip()[:64] == run.guest_sums[2], "the disk's file has something else")
    said = run.shell.ok("kill $(cat /tmp/watch); cat /tmp/vms")
    # This QEMU sends its interrupts by KVM_SIGNAL_MSI; no eventfd is one.
    must(sum(map(int, re.findall(r"doorbell (\d+)", said))) > 0, "no store was an eventfd: %r" % said)
    pages_are_back(run)


def with_vmm(run, irqchip):
    config = run.config(smp=HARTS, disks=[VMM_DISK], guest_disk=qemu.guest_disk(run.kernel))
    with qemu.Machine(config, run.name + "-vmm-" + irqchip) as machine:
        run.shell = Session(machine)
        try:
            vmm_session(run, irqchip)
        except (qemu.Trouble, Failure):
            print(comment(machine.report()))
            raise
        finally:
            run.shell = None


@check("Debian's own QEMU with its KVM accelerator on /dev/cove boots a stock guest with virtio disk and network, by cove.ko's APLIC",
       own=True, cove=True, slow="vmm")
def vmm_kernel(run):
    with_vmm(run, "on")


@check("and by an APLIC of QEMU's", own=True, cove=True, slow="vmm")
def vmm_split(run):
    with_vmm(run, "split")
