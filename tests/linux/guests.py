# SPDX-License-Identifier: BSD-2-Clause
"""TVMs that are stock kernels."""

import hashlib
import random
import re

from checks import COVE_DEBUG, HARTS, check, kcore_offset, mount_debugfs, pages_are_back, says_measurements_agree
from session import PANIC, PROMPT, Failure, Session, comment, must, qemu
import debian_root

GUEST_PROMPT = r"^cove-guest:[^#\n]*# "


def guest_login(run, command):
    """Starts a stock guest and logs in on its console."""
    machine = run.shell.machine
    machine.line(command + "; ended=$?")
    machine.expect(r"cove-guest login: ", 400, PANIC + r"|^cove-run: .*\n")
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
ip addr add 10.8.0.1/32 dev lo && mkdir -p /tmp/www && head -c 300000 /dev/urandom >/tmp/www/data &&
for at in 10.9.0.1:80 10.8.0.1:80 127.0.0.1:81; do httpd -p $at -h /tmp/www; done"""

# busybox's nc ends when the other side has no more to say: this side's input must not end first.
RECEIVERS = "mkfifo /tmp/silent; for port in 98 99; do nc -l -p $port <>/tmp/silent >/tmp/got.$port & done; sleep 0.2"


@check("cove-run debian boots a stock Debian kernel as a TVM with four vCPUs to a login", cove=True)
def debian(run):
    run.shell.ok("dd if=/dev/urandom of=/tmp/disk bs=1M count=4 2>/dev/null && sha256sum </tmp/disk >/tmp/sum.before", 60)
    run.shell.ok(GUEST_NET.replace("\n", " "), 60)
    run.guest_sums = [run.shell.ok("cut -c-64 /tmp/sum.before").strip(), run.shell.ok("sha256sum </tmp/www/data").strip()[:64]]
    run.shell.ok(RECEIVERS)
    guest_login(run, "cove-run debian --cpus 4 --memory 384M --disk /tmp/disk --net tap=tap0 --net user --append quiet")
    run.guest = True
    guest_run(run, "uname -r", r"^%s\n" % re.escape(run.release))
    guest_run(run, "nproc", r"^4\n")


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


@check("the guest's unprivileged network gives it an address, carries files both ways, and leaves the host's loopback alone", cove=True)
def guest_net_user(run):
    in_guest(run)
    guest_run(run, "udhcpc -i eth1 -n -q -t 5 && ip route && echo got it", r"^got it\n")
    guest_run(run, "wget -q -O - http://10.8.0.1/data | sha256sum", r"^%s  -\n" % run.guest_sums[1])
    guest_run(run, "nc 10.8.0.1 98 </tmp/new && echo sent it", r"^sent it\n")
    guest_run(run, "wget -T 5 -q -O - http://10.0.3.2:81/data >/tmp/stolen || echo cannot", r"^cannot\n")


@check("the guest finds its measurement, powers off, and the host has what it wrote and sent", cove=True)
def guest_end(run):
    in_guest(run)
    found = guest_run(run, "cat /sys/kernel/cove_guest/measurement", r"^measurement 4: (\w{96})\n")
    must(found.group(1).strip("0"), "the measurement is zero")
    guest_off(run)
    must(run.shell.ok("sha256sum </tmp/disk").strip()[:64] == run.guest_sums[2], "the disk's file has something else")
    run.shell.ok("dd if=/tmp/disk bs=1M skip=1 count=1 2>/dev/null | cmp - /tmp/got.99 && cmp /tmp/got.*")
    must(run.shell.run("pidof cove-slirp")[1], "cove-slirp is still there")
    run.shell.ok("rm -r /tmp/silent /tmp/got.*; ip addr del 10.8.0.1/32 dev lo; ip link del tap0; killall httpd; rm -r /tmp/www")


@check("Ctrl-] ends a guest, and the terminal is as before", cove=True)
def guest_escape(run):
    run.shell.machine.line("cove-run debian; ended=$?")
    run.shell.machine.expect(r"Linux version", 120, PANIC)
    run.shell.machine.send("\x1d")
    run.shell.machine.expect(PROMPT, 60)
    must("was 130" in run.shell.ok("echo was $ended"), "not the status of an interruption")
    terminal_is_back(run)


def terminal_is_back(run):
    said = run.shell.ok("stty -a | tr ';' ' '")
    must(" echo " in said and " icanon " in said and " -echo " not in said, "the terminal is not as before: %r" % said)


@check("after kill -9 of the VMM in the foreground the terminal is as before", cove=True)
def guest_killed(run):
    run.shell.ok("stty -a >/tmp/before; (sleep 5; kill -9 $(cat /tmp/vmm)) &")
    run.shell.machine.line("sh -c 'echo $$ >/tmp/vmm; exec cove-run debian'; sleep 3")
    run.shell.machine.expect(r"Killed", 60, PANIC)
    run.shell.machine.expect(PROMPT, 60)
    terminal_is_back(run)
    run.shell.ok("stty -a | cmp - /tmp/before")


@check("cove-run refuses a TVM that is larger than the host, with a message", cove=True)
def guest_too_large(run):
    said, status = run.shell.run("cove-run debian --memory 64G")
    must(status == 2 and "not enough memory" in said, "status %d: %r" % (status, said))


# While the VMM is killed the host's memory is filled, freed and compacted.
PRESSURE = """mkdir -p /tmp/ballast && mount -t tmpfs -o size=100% ballast /tmp/ballast && (while [ -e /tmp/pressure ]; do
dd if=/dev/zero of=/tmp/ballast/full bs=1M count=$(awk '/MemAvailable/ { print int($2 / 1280) }' /proc/meminfo) 2>/dev/null;
rm -f /tmp/ballast/full; echo 1 >/proc/sys/vm/compact_memory; done) & echo $! >/tmp/pressure"""
RELIEF = "p=$(cat /tmp/pressure); rm /tmp/pressure; wait $p; umount /tmp/ballast"


@check("after kill -9 of the VMM at random moments, on a host short of memory, every page is back, and zero", cove=True)
def kills(run):
    chance = random.Random(run.seed)
    mount_debugfs(run)
    run.shell.ok("echo 1 >%scheck_zero" % COVE_DEBUG)
    pages_are_back(run)
    run.shell.ok("touch /tmp/pressure; " + PRESSURE.replace("\n", " "))
    for _ in range(run.kills):
        cpus, wait = chance.randint(1, 4), chance.choice([0.05, 0.5, 2, 8]) * chance.random()
        run.shell.ok("cove-run debian --cpus %d --memory 256M </dev/null >/dev/null 2>&1 & sleep %.3f; kill -9 $!; wait $!; true"
                     % (cpus, wait), 60)
        pages_are_back(run)
    run.shell.ok(RELIEF, 120)
    run.shell.ok("echo 0 >%scheck_zero" % COVE_DEBUG)
    says_measurements_agree(run)


class Guest:
    """A stock guest in the background: a folder of the host has its console's input (a pipe) and output (a file)."""

    def __init__(self, run, name, options, first="true"):
        self.run, self.folder, self.count = run, "/tmp/guest-" + name, 0
        mount_debugfs(run)
        run.shell.ok("mkdir {0} && mkfifo {0}/in && (sleep 100000 >{0}/in & echo $! >{0}/holder)".format(self.folder))
        run.shell.ok(first.format(self.folder))
        run.shell.ok("cove-run debian --append quiet {1} <{0}/in >{0}/out 2>&1 & echo $! >{0}/pid".format(self.folder, options))

    def says(self, text, seconds):
        """What it prints: waits until it is there."""
        self.run.shell.ok("(n=0; until grep -q '%s' %s/out; do n=$((n+1)); [ $n -lt %d ] || exit 1; sleep 1; done)"
                          % (text, self.folder, seconds), seconds * 3)

    def send(self, text):
        self.run.shell.ok("echo '%s' >%s/in" % (text, self.folder))

    def login(self):
        self.says("cove-guest login", 600)
        self.send("root")
        self.says("^cove-guest:~#", 120)
        self.send("stty -echo; PS1=; dmesg -n 1")

    def start(self, command):
        """Types a command; a line tells its end."""
        self.count += 1
        self.send("echo begin %d; %s; echo end %d" % (self.count, command, self.count))

    def finish(self, seconds):
        """What the command printed."""
        self.says("^end %d" % self.count, seconds)
        said = self.run.shell.ok("sed -n '/^begin %d/,/^end %d/p' %s/out" % (self.count, self.count, self.folder))
        return said.replace("\r", "").split("\n", 1)[1].rsplit("end %d" % self.count, 1)[0]

    def do(self, command, seconds=60):
        self.start(command)
        return self.finish(seconds)

    def ended(self, seconds=120):
        """cove-run's exit status, when it has ended."""
        said = self.run.shell.ok("wait $(cat {0}/pid); echo was $?; kill $(cat {0}/holder); tail -n 3 {0}/out; rm -r {0}"
                                 .format(self.folder), seconds)
        return int(re.search(r"^was (\d+)$", said, re.M).group(1)), said


CANARY = hashlib.sha256(b"cove").hexdigest()


@check("the host finds nothing of a guest's memory: VMM's mapping by ptrace, /proc/kcore", cove=True)
def canary(run):
    run.single = Guest(run, "single", "--memory 256M")
    run.single.login()
    run.single.do("printf cove | sha256sum >/tmp/canary")
    vmm = "/proc/$(cat %s/pid)/" % run.single.folder
    run.shell.ok("awk '{ split($1, a, \"-\"); print a[1], a[2] }' " + vmm + "maps | while read a b; do "
                 "[ $((0x$b - 0x$a)) -ge $((256<<20)) ] && echo $((0x$a / 4096)); done | head -n 1 >/tmp/page; "
                 "dd if=" + vmm + "mem bs=4096 skip=$(cat /tmp/page) count=65536 2>/dev/null | tr -d '\\0' >/tmp/seen", 240)
    must(int(run.shell.ok("grep -c 'Linux version' /tmp/seen")) > 0, "the kernel's file is not found in the VMM's mapping")
    must(run.shell.run("grep -c %s /tmp/seen" % CANARY)[0].strip() == "0", "the canary is in the VMM's mapping")
    first = int(run.shell.ok("rm /tmp/seen; head -n 1 %schunks" % COVE_DEBUG).split()[0], 16)
    delta = kcore_offset(run, first) - first
    seen = run.shell.ok("head -n 12 %schunks | while read a s; do dd if=/proc/kcore bs=4096 count=512 iflag=skip_bytes "
                        "skip=$((a + %d)) 2>/dev/null; done | tr -d '\\0' | wc -c" % (COVE_DEBUG, delta), 240)
    must(int(seen) == 0, "%s bytes of it are in /proc/kcore" % seen.strip())


def single(run):
    must(run.single, "the guest did not boot")
    return run.single


@check("the guest has shared a SWIOTLB pool of 64 MiB when its first driver comes", cove=True)
def guest_pool(run):
    said = single(run).do("dmesg | grep cove-guest:")
    must(re.search(r"the host reaches 65536 KiB at", said), "it says %r" % said)
    shared = int(re.search(r"shared (\d+)", run.shell.ok("cat %svms" % COVE_DEBUG)).group(1))
    must(shared <= 16384 + 64, "%d pages are shared" % shared)


# All that is free but what the kernel needs to go on, in a file system in memory; every 16th MiB is compared.
FILL = """mount -t tmpfs -o size=100% t /mnt; yes cove | head -c 1048576 >/tmp/piece; n=$(awk "/MemAvailable/ { print int(\\$2 / 1024) - 12 }"
/proc/meminfo); for i in $(seq $n); do cat /tmp/piece; done >/mnt/all; grep MemFree /proc/meminfo; for i in $(seq 0 16 $((n-1))) $((n-1)); do dd if=/mnt/all bs=1M skip=$i count=1 2>/dev/null |
cmp - /tmp/piece || echo other $i; done; echo wrote $n; umount /mnt"""


@check("a guest allocates all of its memory, and finds in it what it wrote", cove=True)
def guest_memory(run):
    said = single(run).do(FILL.replace("\n", " "), 600)
    free = int(re.search(r"MemFree:\s+(\d+)", said).group(1))
    must(free < 32 << 10, "%d KiB were still free" % free)
    must("other" not in said and int(re.search(r"^wrote (\d+)$", said, re.M).group(1)) > 64, "it finds something else: %r" % said)
    pages = int(re.search(r"pages (\d+)", run.shell.ok("cat %svms" % COVE_DEBUG)).group(1))
    must(pages > 150 << 8, "of its 65536 pages it has only %d" % pages)


@check("a guest has evidence: of the challenge that it gives, with its registers; and no secret that nobody sent", cove=True)
def guest_evidence(run):
    guest = single(run)
    said = guest.do("head -c 64 /dev/urandom >/tmp/nonce; exec 3<>/dev/cove-evidence; cat <&3 2>&1; cat /tmp/nonce >&3 && cat <&3 >/tmp/evidence;"
                    " exec 3>&-; od -An -v -tx1 /tmp/nonce /tmp/evidence | tr -d \" \\n\"; echo; head -c 63 /tmp/nonce >/dev/cove-evidence;"
                    " cat /dev/cove-secret || echo no secret; cat /sys/kernel/cove_guest/measurement", 300)
    blob = re.search(r"^([0-9a-f]{256,})$", said, re.M)
    must(blob, "no evidence: %r" % said)
    nonce, evidence = blob.group(1)[:128], blob.group(1)[128:]
    must(nonce in evidence, "the challenge is not in the evidence")
    for index, digest in re.findall(r"^measurement (\d+): (\w{96})", said, re.M):
        must(digest in evidence, "register %s is not in the evidence" % index)
    must(len(re.findall("No data available", said)) == 1, "evidence before a challenge: %r" % said)
    must("no secret" in said, "there is a secret: %r" % said)
    must("Invalid argument" in said, "a challenge of 63 bytes was taken: %r" % said)


@check("a guest lives on when CPUs go and come, and while it is there cove.ko is not unloaded", cove=True)
def guest_hotplug(run):
    for hart in range(1, HARTS):
        run.shell.ok("echo 0 >/sys/devices/system/cpu/cpu%d/online" % hart)
    must("still" in single(run).do("echo still", 60), "it says nothing")
    for hart in range(1, HARTS):
        run.shell.ok("echo 1 >/sys/devices/system/cpu/cpu%d/online" % hart)
    said, status = run.shell.run("rmmod cove")
    must(status != 0, "the module is gone: %s" % said)


@check("a guest's panic is told from its end; then cove.ko can be unloaded and loaded", cove=True)
def guest_panic(run):
    single(run).send("echo c >/proc/sysrq-trigger")
    status, said = single(run).ended()
    must(status == 3, "it ended so: %r" % said)
    pages_are_back(run)
    run.shell.ok("rmmod cove && insmod /lib/modules/cove.ko")
    says_measurements_agree(run)


@check("eight TVMs run at the same time", cove=True)
def hello_eight(run):
    mount_debugfs(run)
    said = run.shell.ok("(for n in 1 2 3 4 5 6 7 8; do (cove-run hello >/tmp/said.$n; echo status $?) & done; wait); cat /tmp/said.*; rm /tmp/said.*", 240)
    must(len(re.findall("^status 0$", said, re.M)) == 8, "not all statuses are 0: %r" % said)
    must(len(re.findall("measurements agree", said)) == 8, "not eight times: %r" % said)
    pages_are_back(run)


# --- slow ones ----------------------------------------------------------------------------------------

@check("a guest's registers 4 to 6 are what cove-run --attest computes from its files", cove=True, slow=True)
def guest_measured(run):
    guest = Guest(run, "measured", "--attest --memory 256M --cpus 2")
    guest.login()
    expected = re.findall(r"expected (measurement [456]: \w{96})", run.shell.ok("head -n 3 %s/out" % guest.folder))
    said = guest.do("cat /sys/kernel/cove_guest/measurement")
    must(len(expected) == 3 and all(line in said for line in expected), "it says %r, not %r" % (said, expected))
    guest.send("poweroff")
    status, said = guest.ended()
    must(status == 0, "it ended so: %r" % said)


# Eight times the same work on each vCPU; what it comes to is counted.
WORK = """head -c 1000000 /dev/urandom >/tmp/data; for n in 1 2 3 4; do (for i in $(seq 100); do sha256sum </tmp/data; done
>/tmp/sums.$n) & done; wait; cat /tmp/sums.* | sort | uniq -c"""

# Each thread of the VMM, among them those of the vCPUs, goes to one hart or another, while all harts have other work.
MIGRATE = """for n in 1 2 3 4; do (yes >/dev/null & echo $! >>/tmp/load); done; n=0; until grep -q "^end" {0}/ended 2>/dev/null; do
for t in /proc/$(cat {0}/pid)/task/*; do taskset -p $((1 << RANDOM % 4)) ${t##*/} >/dev/null && n=$((n+1)); done;
grep "^end {1}" {0}/out >{0}/ended; done; kill $(cat /tmp/load); rm /tmp/load; echo moves $n"""


@check("vCPUs that migrate over loaded harts compute what they should", cove=True, slow=True)
def guest_migrates(run):
    guest = Guest(run, "four", "--memory 256M --cpus 4")
    guest.login()
    guest.start(WORK.replace("\n", " "))
    said = run.shell.ok(MIGRATE.replace("\n", " ").replace("{0}", guest.folder).replace("{1}", str(guest.count)), 1200)
    moves = int(re.search(r"moves (\d+)", said).group(1))
    print("# %d moves" % moves)
    must(moves > 100, "only %d moves" % moves)
    must(re.fullmatch(r"\s*400 \w{64}  -\s*", guest.finish(60)), "the sums differ")
    guest.send("poweroff")
    status, said = guest.ended()
    must(status == 0, "it ended so: %r" % said)
    pages_are_back(run)


@check("eight stock guests live at the same time, and each does its work", cove=True, slow=True)
def guests_eight(run):
    guests = [Guest(run, str(n), "--memory 160M --cpus %d" % (1 + n % 2)) for n in range(8)]
    for guest in guests:
        guest.login()
    for guest in guests:
        guest.start("yes cove | head -c 4000000 | sha256sum")
    wanted = hashlib.sha256((b"cove\n" * 800000)[:4000000]).hexdigest()
    for guest in guests:
        must(wanted in guest.finish(300), "another sum")
        guest.send("poweroff")
    for guest in guests:
        status, said = guest.ended(300)
        must(status == 0, "it ended so: %r" % said)
    pages_are_back(run)


# The initramfs is made in the host, with the guest's disk as root.
MKINITRAMFS = """mount /dev/vda /mnt && for d in proc sys dev; do mount -o bind /$d /mnt/$d; done && chroot /mnt /usr/sbin/mkinitramfs
-o /tmp/initrd %s && mv /mnt/tmp/initrd /tmp/initrd && umount /mnt/proc /mnt/sys /mnt/dev /mnt"""
ROOT_PROMPT = r"^\S*# "


def debian_guest(run, shell, release):
    said = shell.ok(MKINITRAMFS.replace("\n", " ") % release, 900)
    print(comment(said))
    machine = shell.machine
    machine.line("cove-run --kernel /usr/share/cove/debian/kernel --initrd /tmp/initrd --disk /dev/vda --memory 512M --append "
                 "'root=/dev/vda rw init=/bin/sh'; ended=$?")
    machine.expect(ROOT_PROMPT, 900, PANIC + "|^\\(initramfs\\)")
    machine.line("mount -t proc proc /proc; mount -t sysfs sysfs /sys; grep ' / ' /proc/mounts; uname -r")
    machine.expect(r"^/dev/vda / ext4 rw", 60, PANIC)
    machine.expect(r"^%s\n" % re.escape(release), 60, PANIC)
    machine.line("cat /sys/module/cove_guest/initstate; echo all do\"\"ne")
    machine.expect(r"^live\n", 60, PANIC)
    machine.expect(r"^all done\n", 60, PANIC)
    machine.line("mount -o remount,ro /; mount -t sysfs sysfs /sys; echo o >/proc/sysrq-trigger")
    machine.expect(PROMPT, 120)
    must("was 0" in shell.ok("echo was $ended"), "cove-run does not end with 0")


@check("a guest boots from a disk with Debian's userland, by an initramfs that initramfs-tools made with our hook", own=True, cove=True, slow=True)
def debian_initramfs(run):
    disk, release = debian_root.build(run.kernel, run.folder)
    config = run.config(smp=HARTS, disks=[disk], guest_disk=qemu.guest_disk(run.kernel))
    with qemu.Machine(config, run.name + "-initramfs") as machine:
        shell = Session(machine)
        try:
            shell.boot()
            debian_guest(run, shell, release)
        except (qemu.Trouble, Failure):
            print(comment(machine.report()))
            raise
