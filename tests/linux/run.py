#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Stock Debian Linux beneath the TSM, end to end: boots it to a shell and does there what a person would.

usage: tests/linux/run.py --kernel stable|newest [--only NAME]... [--bare] [--list]

Prints TAP: one sentence a check. Most checks share one boot with 4 harts, a disk and a network; the same session on
bare OpenSBI before it tells which kernel warnings are the kernel's own. --bare runs the checks that need no TSM on bare
OpenSBI. Consoles are kept in build/logs/.
"""

import argparse
import base64
import hashlib
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from session import PANIC, PROMPT, Failure, Session, must, qemu, warnings  # noqa: E402
import tables  # noqa: E402

HARTS = 4
DISK_MB = 16
CHECKS = []


class Check:
    """One sentence that holds or not. tsm: beneath the TSM only; own: it starts its own machine; cove: needs cove.ko."""

    def __init__(self, function, sentence, tsm, own, cove):
        self.name, self.function, self.sentence = function.__name__, function, sentence
        self.tsm, self.own, self.cove = tsm or cove, own, cove


def check(sentence, tsm=False, own=False, cove=False):
    def register(function):
        CHECKS.append(Check(function, sentence, tsm, own, cove))
        return function
    return register


# --- what the host sees of its machine ------------------------------------------------------------------

@check("the host boots to a shell on its console")
def boots(run):
    run.shell.boot()


@check("no kernel warning at boot that bare OpenSBI does not show", tsm=True)
def boot_warnings(run):
    extra = [w for w in warnings(run.shell) if w not in run.baseline]
    must(not extra, "%d more, the first: %s" % (len(extra), extra[:1]))


@check("uname -r tells the release of Debian's kernel")
def uname(run):
    said = run.shell.ok("uname -r").strip()
    must(said == run.release, "it says %s, not %s" % (said, run.release))


@check("/proc/cpuinfo shows four harts with the hypervisor and AIA extensions")
def cpuinfo(run):
    text = run.shell.ok("cat /proc/cpuinfo")
    must(len(re.findall(r"^processor\s*:", text, re.M)) == HARTS, "not %d processors" % HARTS)
    for isa in re.findall(r"^isa\s*: (\S+)", text, re.M):
        extensions = isa.split("_")
        must("h" in extensions[0][4:], "no hypervisor extension in " + isa)
        must("ssaia" in extensions and "sstc" in extensions, "no Ssaia or Sstc in " + isa)


@check("/proc/interrupts counts the UART's wired interrupt and IPIs by the IMSIC")
def interrupts(run):
    before = run.shell.ok("cat /proc/interrupts")
    uart = re.search(r"^\s*\d+:([\s\d]+)APLIC-MSI\S*\s.*ttyS0$", before, re.M)
    must(uart, "the UART's interrupt does not come by the APLIC in MSI mode")
    must(sum(map(int, uart.group(1).split())) > 0, "the UART never interrupted")
    for hart in range(HARTS):
        run.shell.ok("taskset %x cat /proc/interrupts >/dev/null" % (1 << hart))
    ipis = re.findall(r"^IPI[01]:([\s\d]+)", before, re.M)
    must(len(ipis) == 2, "no IPI lines")
    totals = [sum(int(line.split()[hart]) for line in ipis) for hart in range(HARTS)]
    must(all(totals), "a hart never got an IPI: %s" % totals)
    said = run.shell.ok("dmesg | grep -i 'imsic.*ipi'")
    must("IPI" in said, "the IMSIC does not provide the IPIs")


@check("lspci lists the disks and the network device")
def lspci(run):
    text = run.shell.ok("lspci")
    must(all(re.search(name, text) for name in ("Virtio (1.0 )?block device", "Virtio (1.0 )?network device", "NVM Express")),
         "a device is missing: %r" % text)


# --- devices ------------------------------------------------------------------------------------------

@check("a virtio-blk-pci disk with ext4 mounts and its files have the right checksums")
def disk_read(run):
    run.shell.ok("mount -t ext4 /dev/vda /mnt")
    run.shell.ok("cd /mnt && sha256sum -c sums && cd")


@check("what is written to the disk is there after unmounting, for the host and for this machine")
def disk_write(run):
    run.shell.ok("dd if=/mnt/data of=/mnt/copy bs=64k && sha256sum /mnt/copy >/tmp/sum && umount /mnt", 60)
    run.shell.ok("echo 3 >/proc/sys/vm/drop_caches; mount -t ext4 /dev/vda /mnt && sha256sum -c /tmp/sum")
    run.shell.ok("umount /mnt && sync")
    folder = tempfile.mkdtemp(dir=run.folder)
    subprocess.run(["/usr/sbin/debugfs", "-R", "dump /copy %s/copy" % folder, run.disk], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(os.path.join(folder, "copy"), "rb") as f:
        must(f.read() == run.content, "the disk's file is another one, seen from outside")


def checksum(run, device, seconds=60):
    """Of all of a disk, read from it."""
    return run.shell.ok("echo 3 >/proc/sys/vm/drop_caches; sha256sum %s" % device, seconds).split()[0]


@check("an NVMe disk reads as it is, by interrupts of its own")
def nvme_read(run):
    must(checksum(run, "/dev/nvme0n1") == hashlib.sha256(run.nvme_content).hexdigest(), "the disk reads wrong")
    lines = re.findall(r"^\s*\d+:([\s\d]+)PCI-MSIX\S*.*nvme0q\d+$", run.shell.ok("cat /proc/interrupts"), re.M)
    must(len(lines) >= 2, "no MSI-X interrupts of the NVMe controller")
    must(sum(int(n) for line in lines for n in line.split()) > 0, "the controller never interrupted")


@check("virtio-net-pci gets an address by DHCP")
def dhcp(run):
    run.shell.ok("udhcpc -i eth0 -n -q -t 5", 60)
    must("10.0.2.15" in run.shell.ok("ip addr show dev eth0"), "no address")


@check("the network carries pings and a file whose checksum is right")
def network(run):
    run.shell.ok("ping -c 3 -i 0.2 10.0.2.2")
    run.shell.ok("cd /tmp && tftp -g -r data 10.0.2.2 && cd", 60)
    said = run.shell.ok("sha256sum /tmp/data").split()[0]
    must(said == hashlib.sha256(run.content).hexdigest(), "the file arrived changed")


@check("the real-time clock and a sleep of two seconds agree with the wall clock")
def clocks(run):
    said = int(run.shell.ok("date +%s"))
    must(abs(said - time.time()) < 120, "the date is %d s off" % (said - time.time()))
    took = re.search(r"^real\s+(\d+)m ([\d.]+)s", run.shell.ok("time sleep 2"), re.M)
    seconds = int(took.group(1)) * 60 + float(took.group(2)) if took else 0
    must(1.9 <= seconds < 6, "sleep 2 took %s s" % seconds)


# --- harts --------------------------------------------------------------------------------------------

@check("floating point gives the same results in eight processes at once on all harts")
def floating_point(run):
    sums = run.shell.ok("for n in 1 2 3 4 5 6 7 8; do awk 'BEGIN { for (i = 1; i < 40000; i++) s += 1 / (i * i);"
                        " printf \"%.15f\\n\", s }' & done | sort | uniq -c", 90)
    must(re.fullmatch(r"\s*8 1\.6449\d+\s*", sums), "the results: %r" % sums)


@check("a hart goes off line and comes back, and works again")
def hotplug(run):
    cpu = "/sys/devices/system/cpu/cpu%d/online"
    for hart in range(1, HARTS):
        run.shell.ok("echo 0 >" + cpu % hart)
    must(run.shell.ok("nproc").strip() == "1", "not one hart left on line")
    for hart in range(1, HARTS):
        run.shell.ok("echo 1 >" + cpu % hart)
        run.shell.ok("taskset %x sh -c 'sleep 0.1; exit 0'" % (1 << hart))
    must(run.shell.ok("nproc").strip() == str(HARTS), "not all harts are back")


@check("kvm.ko can be loaded or refuses, and the host lives on")
def kvm(run):
    said, status = run.shell.run("modprobe kvm")
    must(status < 128, "modprobe was killed: %s" % said.strip())
    run.shell.run("modprobe -r kvm")
    run.shell.ok("true")


# --- confidential VMs ---------------------------------------------------------------------------------

HELLO = "/usr/share/cove/hello"


def says_measurements_agree(run):
    said = run.shell.ok("cove-run hello", 60)
    must(re.search(r"measurements agree", said), "it does not say that measurements agree: %r" % said)


@check("cove-run hello runs a TVM whose measurement agrees with the image's", cove=True)
def hello(run):
    says_measurements_agree(run)


@check("cove-run hello runs three times more: nothing is lost by a TVM", cove=True)
def hello_again(run):
    for _ in range(3):
        says_measurements_agree(run)


@check("two TVMs run at the same time", cove=True)
def hello_twice(run):
    said = run.shell.ok("(cove-run hello >/tmp/one; echo one $?) & cove-run hello >/tmp/two; echo two $?; wait;"
                        " cat /tmp/one /tmp/two", 60)
    must("one 0" in said and "two 0" in said, "a status is not 0: %r" % said)
    must(len(re.findall("measurements agree", said)) == 2, "not twice: %r" % said)


def refused(run, prepare, image):
    """cove-run refuses an image with one line and a status of its own, not by a signal."""
    if prepare:
        run.shell.ok(prepare)
    said, status = run.shell.run("cove-run " + image, 60)
    must(0 < status < 126, "status %d: %r" % (status, said))
    must(said.strip(), "it says nothing")


@check("cove-run refuses an image that is missing, with a message", cove=True)
def image_missing(run):
    refused(run, None, "/tmp/nothing")


@check("cove-run refuses an empty image, with a message", cove=True)
def image_empty(run):
    refused(run, ": >/tmp/empty", "/tmp/empty")


@check("cove-run refuses a truncated image, with a message", cove=True)
def image_truncated(run):
    refused(run, "head -c 100 %s >/tmp/short" % HELLO, "/tmp/short")


@check("cove-run refuses an image that is too large, with a message", cove=True)
def image_large(run):
    refused(run, "cp %s /tmp/large && truncate -s 8G /tmp/large" % HELLO, "/tmp/large")
    run.shell.ok("rm /tmp/large")


COVE_DEBUG = "/sys/kernel/debug/cove/"


def mount_debugfs(run):
    run.shell.ok("mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug")


@check("the module's copy from a converted page faults in the host, and the page comes back zero", cove=True)
def converted_hook(run):
    mount_debugfs(run)
    said = run.shell.ok("cat %sprobe_converted" % COVE_DEBUG)
    must(re.search(r"^result: pass$", said, re.M), "it says %r" % said)


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


def bytes_by_kcore(run, address):
    """How many bytes of a page are not zero, read by /proc/kcore."""
    return int(run.shell.ok("dd if=/proc/kcore bs=4096 count=1 iflag=skip_bytes skip=%d 2>/dev/null | tr -d '\\0' | wc -c"
                            % kcore_offset(run, address)))


@check("reading a converted page by /proc/kcore gives nothing of it, and the host lives on", cove=True)
def converted_kcore(run):
    mount_debugfs(run)
    code = int(re.search(r"([0-9a-f]+)-[0-9a-f]+ : Kernel code", run.shell.ok("cat /proc/iomem")).group(1), 16)
    must(bytes_by_kcore(run, code) > 0, "/proc/kcore does not show the kernel's code")
    run.shell.ok("echo 1 >%shold_converted" % COVE_DEBUG)
    address = int(run.shell.ok("cat %shold_converted" % COVE_DEBUG).strip(), 16)
    seen = bytes_by_kcore(run, address)
    run.shell.ok("echo 0 >%shold_converted" % COVE_DEBUG)
    must(seen == 0, "%d bytes of the page are not zero" % seen)


# Reads and writes both disks and the network at the same time, so many times, and prints checksums.
LOAD_SCRIPT = """
cd /tmp
for n in $(seq $1); do
	echo 3 >/proc/sys/vm/drop_caches
	dd if=/dev/nvme0n1 of=nvme bs=256k count=16 2>/dev/null &
	tftp -g -r data -l net 10.0.2.2 >/dev/null 2>&1 &
	dd if=/mnt/data of=blk bs=64k 2>/dev/null
	wait
	dd if=blk of=/dev/nvme0n1 bs=128k seek=64 conv=notrunc,fsync 2>/dev/null &
	dd if=nvme of=/mnt/scratch bs=64k conv=fsync 2>/dev/null
	wait
	echo 3 >/proc/sys/vm/drop_caches
	dd if=/dev/nvme0n1 of=back bs=128k skip=64 count=8 2>/dev/null
	sha256sum blk net back /mnt/data nvme /mnt/scratch | cut -d' ' -f1
done
"""
LOAD_ROUNDS = 3
# What drivers say of an interrupt or a transfer that did not come; the pattern is not to find itself.
COMPLAINTS = "dmesg | grep -iE 'timeou[t]|timed ou[t]|I/O erro[r]|completion polle[d]|nobody care[d]|Transmit Queue'"


@check("disks and network carry the right bytes, and no interrupt is lost, while pages are converted and reclaimed without pause",
       cove=True)
def dma_and_conversion(run):
    mount_debugfs(run)
    run.shell.ok("ip addr show dev eth0 | grep -q 'inet ' || udhcpc -i eth0 -n -q -t 5; mount -t ext4 /dev/vda /mnt", 60)
    run.shell.ok("echo %s | base64 -d >/tmp/load" % base64.b64encode(LOAD_SCRIPT.encode()).decode())
    before = run.shell.run(COMPLAINTS)[0]
    run.shell.ok("echo 1 >%scheck_zero; echo 1 >%schurn" % (COVE_DEBUG, COVE_DEBUG))
    said = run.shell.ok("sh /tmp/load %d" % LOAD_ROUNDS, 300)
    pages = int(run.shell.ok("cat %schurn" % COVE_DEBUG).strip())
    run.shell.ok("echo 0 >%schurn; umount /mnt; rm /tmp/load /tmp/net /tmp/nvme /tmp/back" % COVE_DEBUG)
    data = hashlib.sha256(run.content).hexdigest()
    nvme = hashlib.sha256(run.nvme_content[:4 << 20]).hexdigest()
    must(said.split() == LOAD_ROUNDS * [data, data, data, data, nvme, nvme], "wrong bytes: %r" % said)
    must(pages > 10000, "only %d pages were converted and reclaimed" % pages)
    pages_are_back(run)
    after = run.shell.run(COMPLAINTS)[0]
    must(after == before, "the kernel complains: %r" % after)
    must("refused device" not in run.shell.machine.text, "the IOMMU refused a transfer")
    run.shell.ok("echo 0 >%scheck_zero" % COVE_DEBUG)


@check("after all that, cove-run hello still runs", cove=True)
def hello_last(run):
    says_measurements_agree(run)


@check("cove-run exits: MMIO, timers, several vCPUs of a TVM", cove=True)
def exits(run):
    said = run.shell.ok("cove-run --vcpus 3 exits", 120)
    must("not ok" not in said, said)


GUEST_PROMPT = r"^cove-guest:[^#\n]*# "


def guest_login(run, command):
    """Starts a stock guest and logs in on its console."""
    machine = run.shell.machine
    machine.line(command + "; ended=$?")
    machine.expect(r"cove-guest login: ", 180, PANIC + "|^cove-run: .*")
    machine.line("root")
    machine.expect(GUEST_PROMPT, 60, PANIC)


def guest_run(run, command, pattern, seconds=60):
    """Types a command into the guest's shell; the match of what it has to say."""
    machine = run.shell.machine
    machine.line(command)
    found = machine.expect(pattern, seconds, PANIC)
    machine.expect(GUEST_PROMPT, seconds, PANIC)
    return found


def guest_off(run):
    """The guest powers off, and cove-run's status is 0."""
    run.shell.machine.line("poweroff")
    run.shell.machine.expect(PROMPT, 60)
    said = run.shell.ok("echo was $ended")
    must("was 0" in said, "cove-run does not end with 0: %r" % said)


GUEST_NET = """modprobe tun && tunctl -t tap0 >/dev/null && ip addr add 10.9.0.1/24 dev tap0 && ip link set tap0 up &&
mkdir -p /tmp/www && head -c 300000 /dev/urandom >/tmp/www/data && httpd -p 10.9.0.1:80 -h /tmp/www"""


@check("cove-run debian boots a stock Debian kernel as a TVM with two vCPUs to a login", cove=True)
def debian(run):
    run.shell.ok("dd if=/dev/urandom of=/tmp/disk bs=1M count=4 2>/dev/null && sha256sum </tmp/disk >/tmp/sum.before", 60)
    run.shell.ok(GUEST_NET.replace("\n", " "), 60)
    run.guest_sums = [run.shell.ok("cut -c-64 /tmp/sum.before").strip(), run.shell.ok("sha256sum </tmp/www/data").strip()[:64]]
    # busybox's nc ends when the other side has no more to say: this side's input must not end first.
    run.shell.ok("mkfifo /tmp/silent; nc -l -p 99 <>/tmp/silent >/tmp/got & sleep 0.2")
    guest_login(run, "cove-run debian --cpus 2 --memory 384M --disk /tmp/disk --net tap=tap0"
                     " --append quiet")
    run.guest = True
    guest_run(run, "uname -r", r"^%s\n" % re.escape(run.release))
    guest_run(run, "nproc", r"^2\n")


def in_guest(run):
    must(run.guest, "the guest did not boot")


@check("the guest reads its disk and writes to it", cove=True)
def guest_disk(run):
    in_guest(run)
    guest_run(run, "sha256sum </dev/vda", r"^%s  -\n" % run.guest_sums[0])
    guest_run(run, "dd if=/dev/urandom of=/tmp/new bs=1M count=1; sha256sum </tmp/new; dd if=/tmp/new of=/dev/vda bs=1M seek=1; sync", r"^(\w{64})  -\n")
    run.guest_sums.append(guest_run(run, "sha256sum </dev/vda", r"^(\w{64})  -\n").group(1))


@check("the guest's network carries pings, and files both ways", cove=True)
def guest_net(run):
    in_guest(run)
    guest_run(run, "ip addr add 10.9.0.2/24 dev eth0 && ip link set eth0 up && ping -c 3 -i 0.2 10.9.0.1 && echo went ok", r"^went ok\n")
    guest_run(run, "wget -q -O - http://10.9.0.1/data | sha256sum", r"^%s  -\n" % run.guest_sums[1])
    guest_run(run, "nc 10.9.0.1 99 </tmp/new && echo sent it", r"^sent it\n")


@check("the guest finds its measurement, powers off, and the host has what it wrote and sent", cove=True)
def guest_end(run):
    in_guest(run)
    found = guest_run(run, "cat /sys/kernel/cove_guest/measurement", r"^measurement 4: (\w{96})\n")
    must(found.group(1).strip("0"), "the measurement is zero")
    guest_off(run)
    must(run.shell.ok("sha256sum </tmp/disk").strip()[:64] == run.guest_sums[2], "the disk's file has something else")
    run.shell.ok("dd if=/tmp/disk bs=1M skip=1 count=1 2>/dev/null | cmp - /tmp/got")
    run.shell.ok("rm /tmp/silent /tmp/got; ip link del tap0; killall httpd; rm -r /tmp/www")


@check("Ctrl-] ends a guest, and the terminal is as before", cove=True)
def guest_escape(run):
    run.shell.machine.line("cove-run debian; ended=$?")
    run.shell.machine.expect(r"Linux version", 60, PANIC)
    run.shell.machine.send("\x1d")
    run.shell.machine.expect(PROMPT, 60)
    must("was 130" in run.shell.ok("echo was $ended"), "not the status of an interruption")
    must(" echo" in run.shell.ok("stty -a | tr ';' ' '"), "the terminal does not echo")


@check("after kill -9 of the VMM at random moments every page is back, and zero", cove=True)
def kills(run):
    chance = random.Random(run.seed)
    mount_debugfs(run)
    run.shell.ok("echo 1 >%scheck_zero" % COVE_DEBUG)
    pages_are_back(run)
    for _ in range(run.kills):
        cpus, wait = chance.randint(1, 4), chance.choice([0.05, 0.5, 2, 8]) * chance.random()
        run.shell.ok("cove-run debian --cpus %d --memory 256M </dev/null >/dev/null 2>&1 & sleep %.3f; kill -9 $!; wait $!; true"
                     % (cpus, wait), 60)
        pages_are_back(run)
    run.shell.ok("echo 0 >%scheck_zero" % COVE_DEBUG)
    says_measurements_agree(run)


CANARY = hashlib.sha256(b"cove").hexdigest()


def guest_says(run, text, seconds):
    """What a guest in the background has printed, once it is there."""
    run.shell.ok("n=0; until grep -q '%s' /tmp/out; do n=$((n+1)); [ $n -lt %d ] || exit 1; sleep 1; done" % (text, seconds),
                 seconds * 3)


@check("the host finds nothing of a guest's memory: VMM's mapping by ptrace, /proc/kcore", cove=True)
def canary(run):
    run.shell.ok("mkfifo /tmp/in; sleep 1000 >/tmp/in & echo $! >/tmp/holder")
    run.shell.ok("cove-run debian --memory 256M --append quiet </tmp/in >/tmp/out 2>&1 & echo $! >/tmp/pid")
    guest_says(run, "cove-guest login", 180)
    run.shell.ok("(echo root; sleep 3; echo 'printf cove | sha256sum >/tmp/canary; wc -c </tmp/canary; echo di\"\"d') >/tmp/in")
    guest_says(run, "^did", 60)
    run.shell.ok("m=$(grep -m1 -E '^[0-9a-f]+-[0-9a-f]+ rw-p 00000000 00:00 0 *$' /proc/$(cat /tmp/pid)/maps >/dev/null; awk "
                 "'{ split($1, a, \"-\"); print a[1], a[2] }' /proc/$(cat /tmp/pid)/maps | while read a b; do "
                 "[ $((0x$b - 0x$a)) -ge $((256<<20)) ] && echo $((0x$a / 4096)); done | head -n 1); "
                 "dd if=/proc/$(cat /tmp/pid)/mem bs=4096 skip=$m count=65536 2>/dev/null | tr -d '\\0' >/tmp/seen", 120)
    must(int(run.shell.ok("grep -c 'Linux version' /tmp/seen")) > 0, "the kernel's file is not found in the VMM's mapping")
    must(run.shell.run("grep -c %s /tmp/seen" % CANARY)[0].strip() == "0", "the canary is in the VMM's mapping")
    first = int(run.shell.ok("head -n 1 %schunks" % COVE_DEBUG).split()[0], 16)
    delta = kcore_offset(run, first) - first
    seen = run.shell.ok("head -n 12 %schunks | while read a s; do dd if=/proc/kcore bs=4096 count=512 iflag=skip_bytes "
                        "skip=$((a + %d)) 2>/dev/null; done | tr -d '\\0' | wc -c" % (COVE_DEBUG, delta), 120)
    must(int(seen) == 0, "%s bytes of it are in /proc/kcore" % seen.strip())


@check("a guest lives on when CPUs go and come, and while it is there cove.ko is not unloaded", cove=True)
def guest_hotplug(run):
    for hart in range(1, HARTS):
        run.shell.ok("echo 0 >/sys/devices/system/cpu/cpu%d/online" % hart)
    run.shell.ok("echo 'echo sti\"\"ll' >/tmp/in")
    guest_says(run, "^still", 60)
    for hart in range(1, HARTS):
        run.shell.ok("echo 1 >/sys/devices/system/cpu/cpu%d/online" % hart)
    said, status = run.shell.run("rmmod cove")
    must(status != 0, "the module is gone: %s" % said)


@check("a guest's panic is told from its end; then cove.ko can be unloaded and loaded", cove=True)
def guest_panic(run):
    run.shell.ok("echo 'echo c >/proc/sysrq-trigger' >/tmp/in")
    said = run.shell.ok("wait $(cat /tmp/pid); echo was $?; kill $(cat /tmp/holder); tail -n 3 /tmp/out", 120)
    must("was 3" in said, "it ended so: %r" % said)
    pages_are_back(run)
    run.shell.ok("rmmod cove && insmod /lib/modules/cove.ko")
    says_measurements_agree(run)


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
        self.guest, self.guest_sums = False, []
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
        return qemu.Config(bare=self.bare, image=self.image, initrd=self.initrd, **more)

    def machine(self, disk):
        return qemu.Machine(self.config(smp=HARTS, disks=[disk, "nvme:" + self.nvme], net=True,
                                        guest_disk=qemu.guest_disk(self.kernel),
                                        tftp=os.path.join(self.folder, "files")), self.name)


def comment(text):
    return "".join("# %s\n" % line for line in text.splitlines()).rstrip("\n")


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
    wanted.append(Check(lambda one: kept.extend(warnings(one.shell)), "the kernel's messages are read", False, False,
                        False))
    try:
        shared_boot(run, wanted, None)
    finally:
        shutil.rmtree(run.folder)
    return kept


def select(args):
    """The checks to run: all that this kernel has a module for, or those named; a shared machine is booted first."""
    if not args.only:
        return [c for c in CHECKS if not (args.bare and c.tsm) and not (args.kernel == "newest" and c.cove)]
    unknown = set(args.only) - {c.name for c in CHECKS} - {"cove"}
    if unknown:
        raise qemu.Trouble("no check %s; remedy: --list" % " ".join(sorted(unknown)))
    chosen = [c for c in CHECKS if c.name in args.only or (c.cove and "cove" in args.only)]
    if any(not c.own for c in chosen):
        chosen = [c for c in CHECKS if c.name == "boots" or c in chosen]
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", choices=["stable", "newest"], default="stable")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this check (several times: these); "
                        "'cove' names all that need cove.ko")
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
