# SPDX-License-Identifier: BSD-2-Clause
"""Starts QEMU the way this project wants it, and talks with what runs in it. Used by run-qemu and by the tests."""

import ctypes
import json
import os
import re
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import cpio  # noqa: E402

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TREE, "build")
LOGS = os.path.join(BUILD, "logs")

RAM_BASE = 0x80000000
IMAGE_AT = RAM_BASE + (4 << 20)        # the lowest place above the TSM: it need not move the Image there
ALIGN = 2 << 20
MIN_RAM = 256 << 20
LAZY_RAM = 16 << 30                     # from here on the build machine promises no memory before it is touched

CPU = ("rv64,h=on,v=on,sstc=on,smaia=on,ssaia=on,smstateen=on,sscofpmf=on,svadu=on,svinval=on,svnapot=on,svpbmt=on,"
       "zicbom=on,zicbop=on,zicboz=on,zkr=on,zknh=on")
ICOUNT = ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01,clock=vm"]


# A crowded machine needs more of it: every time-out is so many times longer.
PATIENCE = float(os.environ.get("PATIENCE", "1"))


class Trouble(Exception):
    """What went wrong, in one line."""


def size_of(text):
    """256M, 2G or a number of MiB -> bytes."""
    found = re.fullmatch(r"(\d+)([KMGkmg]?)", text)
    if not found:
        raise Trouble("%s is no memory size; write 256M or 2G" % text)
    return int(found.group(1)) << {"": 20, "K": 10, "M": 20, "G": 30}[found.group(2).upper()]


def find_qemu():
    """QEMU= of the environment, else what scripts/deps found, else the one on PATH."""
    if os.environ.get("QEMU"):
        return os.environ["QEMU"]
    env = os.path.join(BUILD, "deps", "qemu.env")
    if os.path.exists(env):
        with open(env, encoding="utf-8") as f:
            found = re.search(r"^QEMU=(.*)$", f.read(), re.M)
        if found and os.access(found.group(1), os.X_OK):
            return found.group(1)
    found = shutil.which("qemu-system-riscv64")
    if not found:
        raise Trouble("there is no qemu-system-riscv64; remedy: scripts/deps qemu")
    return found


OUR_FIRMWARE = os.path.join(BUILD, "firmware", "fw.bin")
OUR_FUSES = os.path.join(BUILD, "fuses.bin")
FUSES_AT = RAM_BASE + 0x1ff000         # FW_ROT_OFFSET of platform/firmware/measured_boot.h


def find_firmware():
    return os.environ.get("OPENSBI") or os.path.join(BUILD, "deps", "opensbi", "fw_dynamic.bin")


def firmware_files(name):
    """The image and the fuses of a firmware: stock, ours, or the path of one (which then has no fuses)."""
    if name == "ours":
        return OUR_FIRMWARE, OUR_FUSES
    return find_firmware() if name == "stock" else name, None


def host_files(name):
    """Image and initramfs of a stock kernel."""
    return (os.path.join(BUILD, "deps", "linux", name, "Image"), os.path.join(BUILD, "initramfs-%s.cpio.gz" % name))


def guest_disk(name):
    """The disk with a guest of that kernel for TVMs, if it was made."""
    path = os.path.join(BUILD, "guest", name, "guest.img")
    return path if os.path.exists(path) else None


def image_memory(path):
    """What an image takes in memory: a Linux Image says so in its header, with its bss."""
    with open(path, "rb") as f:
        head = f.read(64)
    on_disk = os.path.getsize(path)
    if len(head) == 64 and head[0x30:0x35] == b"RISCV":
        return max(on_disk, struct.unpack_from("<Q", head, 0x10)[0])
    return on_disk


def place(image, initrd, ram):
    """Where image and initrd go; an initrd of None takes no place."""
    image_end = IMAGE_AT + image_memory(image)
    initrd_at = (image_end + ALIGN - 1) // ALIGN * ALIGN
    end = initrd_at + (os.path.getsize(initrd) if initrd else 0)
    if end > RAM_BASE + ram - (4 << 20):        # QEMU puts the device tree at the top
        raise Trouble("image and initramfs do not fit into %d MiB of RAM; remedy: --mem 512M" % (ram >> 20))
    return IMAGE_AT, initrd_at


class Config:
    """What to run. Paths may be None."""

    def __init__(self, **settings):
        self.kernel = os.path.join(BUILD, "tsm.bin")    # what OpenSBI starts
        self.bare = False                               # the image itself on OpenSBI, nothing between
        self.image = None
        self.initrd = None
        self.append = None
        self.smp = 4
        self.mem = "2G"
        self.aia_guests = 5
        self.cpu = CPU
        self.firmware = find_firmware()
        self.fuses = None                               # the root of trust, for our firmware (scripts/cove-rot)
        self.disks = []                                 # virtio-blk; or nvme:PATH
        self.guest_disk = None                          # scripts/mkguest's, read-only
        # The board's ("sys"), one that is a PCI function ("pci"), or None. "auto": the board's beneath the TSM, none on bare
        # firmware, since Debian's stable kernel has no driver for one and waits for it.
        self.iommu = "auto"
        self.net = False
        self.tftp = None
        self.icount = False
        self.gdb = None
        self.interactive = False
        self.files = {}                                 # path in the initramfs -> bytes, 0755
        self.extra = []
        for name, value in settings.items():
            if not hasattr(self, name):
                raise TypeError(name)
            setattr(self, name, value)

    def check(self):
        wanted = [self.firmware, self.fuses, self.image, self.initrd] + [disk_path(d) for d in self.disks]
        wanted += [] if self.bare else [self.kernel]
        for path in wanted:
            if path and not os.path.isfile(path):
                raise Trouble("%s is missing; remedy: make, or scripts/deps" % os.path.relpath(path))
        if self.bare and not self.image:
            raise Trouble("--bare needs --host or --image")
        if size_of(self.mem) < MIN_RAM:
            raise Trouble("at least 256M of memory is needed")


# QEMU's virtio devices go past an IOMMU unless they offer VIRTIO_F_ACCESS_PLATFORM, which old drivers do not know.
VIRTIO = ",iommu_platform=on,disable-legacy=on"


def disk_path(disk):
    return disk.removeprefix("nvme:")


def iommu_arguments(config):
    """The machine's part, and a device."""
    kind = (None if config.bare else "sys") if config.iommu == "auto" else config.iommu
    if kind not in ("sys", "pci", None):
        raise Trouble("%s is no IOMMU; write sys, pci or none" % kind)
    return (",iommu-sys=on" if kind == "sys" else "", ["-device", "riscv-iommu-pci,addr=1.0"] if kind == "pci" else [])


def disk_arguments(number, disk):
    kind = "nvme,serial=disk%d,drive=disk%d" if disk.startswith("nvme:") else "virtio-blk-pci,drive=disk%d" + VIRTIO
    return ["-drive", "file=%s,if=none,id=disk%d,format=raw" % (disk_path(disk), number),
            "-device", kind.replace("%d", str(number))]


def with_files(initrd, files, folder):
    """The initramfs with a second archive behind it, which holds `files`."""
    if not files:
        return initrd
    archive = cpio.Archive()
    for name, data in files.items():
        archive.file(name, data, 0o755)
    with open(initrd, "rb") as f:
        data = f.read()
    path = os.path.join(folder, "initrd")
    with open(path, "wb") as f:
        f.write(data + b"\0" * (-len(data) % 4) + archive.bytes())
    return path


def arguments(config, folder):
    """QEMU's arguments, without the program and the console."""
    ram = size_of(config.mem)
    initrd = with_files(config.initrd, config.files, folder) if config.initrd else None
    board, iommu = iommu_arguments(config)
    lazy = ["-object", "memory-backend-ram,id=ram,size=%d,reserve=off" % ram] if ram >= LAZY_RAM else []
    board += ",memory-backend=ram" if lazy else ""
    args = ["-M", "virt,aia=aplic-imsic,aia-guests=%d%s" % (config.aia_guests, board), "-cpu", config.cpu,
            "-smp", str(config.smp), "-m", "%dM" % (ram >> 20), "-nodefaults", "-display", "none",
            "-bios", config.firmware] + iommu + lazy
    if config.fuses:
        args += ["-device", "loader,file=%s,addr=%#x,force-raw=on" % (config.fuses, FUSES_AT)]
    if config.bare:
        args += ["-kernel", config.image] + (["-initrd", initrd] if initrd else [])
    else:
        args += ["-kernel", config.kernel]
        if config.image:
            image_at, initrd_at = place(config.image, initrd, ram)
            args += ["-device", "guest-loader,addr=%#x,kernel=%s" % (image_at, config.image)]
            if initrd:
                args += ["-device", "guest-loader,addr=%#x,initrd=%s" % (initrd_at, initrd)]
    append = config.append
    if append is None and config.image:
        append = "console=ttyS0 earlycon=sbi"
    if append:
        args += ["-append", append]
    for n, disk in enumerate(config.disks):
        args += disk_arguments(n, disk)
    if config.guest_disk:
        args += ["-drive", "file=%s,if=none,id=guest,format=raw,readonly=on" % config.guest_disk,
                 "-device", "virtio-blk-pci,drive=guest,serial=cove-guest" + VIRTIO]
    if config.net:
        args += ["-netdev", "user,id=net0" + (",tftp=" + config.tftp if config.tftp else ""),
                 "-device", "virtio-net-pci,netdev=net0,romfile=" + VIRTIO]
    if config.icount:
        args += ICOUNT
    if config.gdb:
        args += ["-gdb", "tcp:127.0.0.1:%d" % config.gdb, "-S"]
    return args + config.extra


def die_with_parent():
    """In the child: no QEMU outlives us, however we end."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Machine:
    """A running QEMU whose console is read and written here. Use as a context manager: the end kills it."""

    def __init__(self, config, name="qemu", echo=None):
        config.check()
        os.makedirs(LOGS, exist_ok=True)
        self.name = name
        self.log_path = os.path.join(LOGS, name + ".log")
        self.echo = echo
        self.text = ""                  # all that the console said, without \r
        self.mark = 0                   # up to here expect() has consumed it
        self.folder = tempfile.mkdtemp(prefix="cove-qemu-")
        self.qmp_path = os.path.join(self.folder, "qmp")
        args = [find_qemu()] + arguments(config, self.folder) + [
            "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
            "-qmp", "unix:%s,server=on,wait=off" % self.qmp_path]
        self.log = open(self.log_path, "wb")
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        preexec_fn=die_with_parent, bufsize=0, start_new_session=True)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.open = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def read(self, seconds):
        """Take in what the console says, waiting at most so long for it. False once the console is closed."""
        if not self.open:
            return False
        if not self.selector.select(max(0.0, seconds)):
            return True
        data = os.read(self.process.stdout.fileno(), 65536)
        if not data:
            self.open = False
            return False
        self.log.write(data)
        self.log.flush()
        text = data.decode("utf-8", "replace").replace("\r", "")
        self.text += text
        if self.echo:
            self.echo(text)
        return True

    def expect(self, pattern, seconds, fail=None):
        """Wait for a regular expression; returns its match. Trouble if it does not come, or if `fail` comes first."""
        wanted = re.compile(pattern, re.M)
        bad = re.compile(fail, re.M) if fail else None
        seconds *= PATIENCE
        deadline = time.monotonic() + seconds
        while True:
            found = wanted.search(self.text, self.mark)
            wrong = bad.search(self.text, self.mark) if bad else None
            if found and not (wrong and wrong.start() < found.start()):
                self.mark = found.end()
                return found
            if wrong:
                raise Trouble("the console said '%s'" % wrong.group(0).strip())
            left = deadline - time.monotonic()
            if left <= 0:
                raise Trouble("'%s' did not come within %d s" % (pattern, seconds))
            if not self.read(min(left, 1.0)) and not wanted.search(self.text, self.mark):
                raise Trouble("QEMU ended%s before '%s' came" % (self.ended(), pattern))

    def ended(self):
        self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().decode("utf-8", "replace").strip().splitlines()
        return " with status %d%s" % (self.process.returncode, " (%s)" % said[-1] if said else "")

    def wait(self, seconds, fail=None):
        """Wait for QEMU's own end; returns its exit status. Trouble if the console says `fail`."""
        bad = re.compile(fail, re.M) if fail else None
        seconds *= PATIENCE
        deadline = time.monotonic() + seconds
        while self.read(min(1.0, deadline - time.monotonic())):
            wrong = bad.search(self.text, self.mark) if bad else None
            if wrong:
                raise Trouble("the console said '%s'" % wrong.group(0).strip())
            if time.monotonic() >= deadline:
                raise Trouble("QEMU did not end within %d s" % seconds)
        return self.process.wait(timeout=30)

    def send(self, text):
        """Type into the console."""
        try:
            self.process.stdin.write(text.encode())
        except BrokenPipeError as why:
            raise Trouble("QEMU ended" + self.ended()) from why

    def line(self, text):
        self.send(text + "\n")

    def monitor(self, command):
        """A command for QEMU's human monitor, by QMP."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(self.qmp_path)
            with s.makefile("rw", encoding="utf-8") as qmp:
                qmp.readline()
                for request in ({"execute": "qmp_capabilities"},
                                {"execute": "human-monitor-command", "arguments": {"command-line": command}}):
                    qmp.write(json.dumps(request) + "\n")
                    qmp.flush()
                    answer = {}
                    while not {"return", "error"} & set(answer):
                        answer = json.loads(qmp.readline())
        return answer.get("return", str(answer.get("error")))

    def registers(self):
        try:
            return self.monitor("info registers -a").replace("\r", "")
        except (OSError, ValueError) as why:
            return "no registers: %s\n" % why

    def report(self, lines=40):
        """Keep all harts' registers and say where the harts stand and what the console said last."""
        where = os.path.join(LOGS, self.name + ".registers")
        out = "--- the console's tail (%s)\n" % os.path.relpath(self.log_path)
        out += "\n".join(self.text.splitlines()[-lines:]) + "\n"
        if self.process.poll() is None:
            registers = self.registers()
            with open(where, "w", encoding="utf-8") as f:
                f.write(registers)
            out += "--- the harts (all registers: %s)\n" % os.path.relpath(where) + hart_summary(registers)
        return out


HART_LINES = re.compile(r"^\s*(CPU#|V\s*=|pc |mepc|sepc|vsepc|mcause|scause|vscause|stval|htval|x1/ra|hgatp|satp|vsatp)")


def hart_summary(registers):
    return "".join(l + "\n" for l in registers.splitlines() if HART_LINES.match(l))


def interactive(config):
    """Give the terminal to QEMU; returns its exit status. Ctrl-A X quits."""
    config.check()
    folder = tempfile.mkdtemp(prefix="cove-qemu-")
    saved = None
    try:
        if os.isatty(0):
            import termios
            saved = termios.tcgetattr(0)
        args = [find_qemu()] + arguments(config, folder) + [
            "-chardev", "stdio,id=console,mux=on,signal=off", "-serial", "chardev:console",
            "-mon", "chardev=console,mode=readline"]
        with subprocess.Popen(args, preexec_fn=die_with_parent) as process:
            while True:
                try:
                    return process.wait()
                except KeyboardInterrupt:
                    continue
    finally:
        if saved:
            termios.tcsetattr(0, termios.TCSADRAIN, saved)
        shutil.rmtree(folder, ignore_errors=True)
