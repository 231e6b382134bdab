# SPDX-License-Identifier: BSD-2-Clause
"""What a host beneath the TSM sees and does; TVMs that are small programs."""

import base64
import hashlib
import os
import re
import subprocess
import tempfile
import time

from checks import COVE_DEBUG, HARTS, check, kcore_offset, mount_debugfs, pages_are_back, says_measurements_agree
from session import must, warnings

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


# --- confidential VMs ---------------------------------------------------------------------------------

HELLO = "/usr/share/cove/hello"


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


@check("the module's copy from a converted page faults in the host, and the page comes back zero", cove=True)
def converted_hook(run):
    mount_debugfs(run)
    said = run.shell.ok("cat %sprobe_converted" % COVE_DEBUG)
    must(re.search(r"^result: pass$", said, re.M), "it says %r" % said)


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
