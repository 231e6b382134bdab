#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Bring the dependencies of builds and tests: one place, idempotent, silent when nothing is missing.

usage: scripts/deps [--force] [--list] GROUP...

groups:
  toolchain      cross compilers, binutils, kconfiglib, host gcc           (system packages)
  clang          clang and lld that know the hypervisor extension          (system packages)
  test           cmocka, libfdt, dtc, e2fsprogs for the native tests       (system packages)
  lint           cppcheck, clang-tidy, clang-format, shellcheck            (system packages)
  debug          gdb-multiarch                                             (system packages)
  qemu           qemu-system-riscv64 >= 10.0 and what is known of its bugs -> build/deps/qemu.env
  opensbi        stock OpenSBI                                             -> build/deps/opensbi/
  src            libfdt and mbedTLS sources                                -> build/deps/src/{dtc,mbedtls}/
  kernel-stable  Debian's stable riscv64 kernel                            -> build/deps/linux/stable/
  kernel-newest  the newest riscv64 kernel that Debian has                 -> build/deps/linux/newest/
  rootfs         busybox and lspci for riscv64                             -> build/deps/rootfs/
  module-stable  headers and kbuild of the stable kernel                   -> build/deps/kbuild/stable/
  module-newest  headers, kbuild and compiler of the newest kernel         -> build/deps/kbuild/newest/
  run            all that make run needs   (toolchain qemu opensbi src kernel-stable module-stable rootfs)
  check          all that make check needs (run, test, clang, kernel-newest)

Everything comes from Debian's archive, verified by apt's own signatures. System packages are installed
with root or sudo; the rest goes below build/deps/ and needs no root. /etc/apt is never changed: suites that
the system does not list are read through private apt configurations in build/deps/apt/.

environment: QEMU=PATH uses another qemu-system-riscv64; DEPS_MIRROR=URL another Debian mirror.
"""

import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TREE, "build")
DEPS = os.path.join(BUILD, "deps")
STAMPS = os.path.join(DEPS, "stamps")
LOG = os.path.join(DEPS, "deps.log")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

CLANG = "19"
QEMU_NAME = "qemu-system-riscv64"
TRIES = 3


class Missing(Exception):
    """What is missing and the remedy, in one line."""


# --- small tools -----------------------------------------------------------------------------------

def say(text):
    print("deps: " + text, file=sys.stderr, flush=True)


def path(*parts):
    return os.path.join(DEPS, *parts)


def read(name):
    with open(name, encoding="utf-8", errors="replace") as f:
        return f.read()


def write(name, text):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name + ".tmp", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(name + ".tmp", name)


def fresh_dir(name):
    shutil.rmtree(name, ignore_errors=True)
    os.makedirs(name)
    return name


def output(cmd, **kw):
    """A command's standard output; empty if it fails."""
    done = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False, **kw)
    return done.stdout if done.returncode == 0 else ""


def log_tail():
    """The last line of the log that says what went wrong."""
    lines = [l.strip() for l in read(LOG).splitlines() if l.strip()]
    errors = [l for l in lines[-40:] if re.match(r"(E:|Err:|error|sudo:)", l, re.I)]
    return (errors or lines or ["no output"])[-1]


def fetched_mb(folder):
    total = 0
    for where, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(where, name)).st_size
            except OSError:
                pass
    return total >> 20


def run(cmd, watch=None, cwd=None):
    """Run with output to the log and a sign of life on stderr. True if it succeeded."""
    tty = sys.stderr.isatty()
    started, told = time.time(), time.time()
    with open(LOG, "a", encoding="utf-8") as log:
        log.write("\n$ " + " ".join(cmd) + "\n")
        log.flush()
        env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8")
        stdin = None if cmd[0] == "sudo" else subprocess.DEVNULL
        with subprocess.Popen(cmd, stdin=stdin, stdout=log, stderr=log, cwd=cwd, env=env) as proc:
            while True:
                try:
                    proc.wait(timeout=0.5)
                    break
                except subprocess.TimeoutExpired:
                    pass
                if time.time() - told < (0.5 if tty else 20):
                    continue
                told = time.time()
                text = "      %d s" % (told - started)
                if watch:
                    text += ", %d MB" % fetched_mb(watch)
                print("\r" + text + "   " if tty else text, end="" if tty else "\n", file=sys.stderr, flush=True)
            if tty and time.time() - started > 1:
                print("\r" + " " * 30 + "\r", end="", file=sys.stderr, flush=True)
            return proc.returncode == 0


# What a log says, what it means, the remedy, and what may help: another try, fresh package lists, or nothing.
REASONS = [
    (r"sudo: .*", "sudo is refused", "run 'scripts/deps all-system' once as root", "nothing"),
    (r"No space left on device", "the disk is full", "free some GiB", "nothing"),
    (r"Unable to locate package (\S+)|Package '(\S+)' has no installation candidate",
     "the package lists do not have it", "apt-get update, or set DEPS_MIRROR to a complete Debian mirror", "lists"),
    (r"Temporary failure resolving|Could not resolve|Could not connect|Network is unreachable|Connection timed out"
     r"|Connection failed", "no connection to the Debian mirror", "check the network, then run again", "again"),
    (r"404 +Not Found|Hash Sum mismatch|unexpected size", "the mirror lacks a file that its lists name",
     "it is being updated: run again in some minutes", "lists"),
    (r"dpkg was interrupted|Unmet dependencies|held broken", "the system's packages are in a broken state",
     "apt-get --fix-broken install", "nothing"),
    (r"Could not get lock|Unable to acquire the dpkg", "another package manager is running", "wait for it, then run again", "again"),
]


def diagnosis():
    """What the log's last command stumbled over: the reason, the remedy, and what may help."""
    text = read(LOG).split("\n$ ")[-1]
    for pattern, reason, remedy, helps in REASONS:
        if re.search(pattern, text):
            return reason, remedy, helps
    return log_tail()[:160], "see build/deps/deps.log, then run again", "again"


def failure(what):
    reason, remedy, _ = diagnosis()
    return Missing("%s failed: %s; remedy: %s (build/deps/deps.log tells more)" % (what, reason, remedy))


def retry(cmd, what, **kw):
    for n in range(TRIES):
        if run(cmd, **kw):
            return
        if diagnosis()[2] == "nothing" or n + 1 == TRIES:
            raise failure(what)
        say("%s failed (%s), trying again" % (what, diagnosis()[0]))
        time.sleep(2 + 5 * n)


def unpack_deb(deb, dest):
    os.makedirs(dest, exist_ok=True)
    if not run(["dpkg", "-x", deb, dest]):
        raise Missing("%s cannot be unpacked: %s; remedy: free some disk space, then run again"
                      % (os.path.basename(deb), log_tail()[:120]))


def publish(temp, final):
    """Put a finished folder in place of an older one."""
    shutil.rmtree(final, ignore_errors=True)
    os.makedirs(os.path.dirname(final), exist_ok=True)
    os.rename(temp, final)


# --- the system's own packages ----------------------------------------------------------------------

def as_root():
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        return ["sudo"]
    raise Missing("packages must be installed and this is neither root nor is there sudo; "
                  "remedy: run 'scripts/deps all-system' once as root")


def installed(package):
    return "ok installed" in output(["dpkg-query", "-W", "-f=${Status}", package])


def apt_update():
    """Read the system's package lists. A source of others that fails is no reason to stop."""
    say("reading the system's package lists")
    if not run(as_root() + ["apt-get", "-q", "update"]):
        if diagnosis()[2] == "nothing":
            raise failure("apt-get update")
        say("apt-get update: " + diagnosis()[0])


def install(packages, config=(), suite=None):
    """Install what is missing of `packages` into the system."""
    lacking = [p for p in packages if not installed(p)]
    if not lacking:
        return
    if not config and not output(["apt-get", "indextargets"]).strip():
        apt_update()
    what = "installing " + " ".join(lacking)
    say(what)
    cmd = as_root() + ["apt-get", *config, "-q", "-y", "--no-install-recommends", "-o", "Acquire::Retries=3",
                       *(["-t", suite] if suite else []), "install", *lacking]
    if run(cmd):
        return
    if diagnosis()[2] == "nothing":
        raise failure(what)
    say("that failed: " + diagnosis()[0])
    if not config:
        apt_update()
    retry(cmd, what)


# --- private apt configurations -----------------------------------------------------------------------

def mirror():
    """Where the system takes Debian from."""
    chosen = os.environ.get("DEPS_MIRROR")
    if chosen:
        return chosen
    form = "$(ORIGIN)|$(LABEL)|$(REPO_URI)"
    for attempt in (0, 1):
        for line in output(["apt-get", "indextargets", "--format", form]).splitlines():
            origin, label, uri = line.split("|")
            if origin == "Debian" and label == "Debian" and uri.startswith(("http", "file", "mirror")):
                return uri.rstrip("/")
        if attempt == 0:
            apt_update()
    raise Missing("no Debian mirror among the system's package sources; remedy: set DEPS_MIRROR=URL")


def native_arch():
    return output(["dpkg", "--print-architecture"]).strip()


class Suite:
    """One Debian suite for one architecture, read without touching the system's configuration."""

    made = {}

    def __init__(self, name, arch):
        self.name, self.arch = name, arch
        self.root = path("apt", name + "-" + arch)
        self.debs = os.path.join(self.root, "cache", "archives")
        os.makedirs(os.path.join(self.root, "lists", "partial"), exist_ok=True)
        os.makedirs(os.path.join(self.debs, "partial"), exist_ok=True)
        write(os.path.join(self.root, "status"), "")
        write(os.path.join(self.root, "sources.list"), self.sources())
        self.options = self.private_options() + [
            "-o", "APT::Architecture=" + arch, "-o", "APT::Architectures=" + arch,
            "-o", "Dir::State::status=" + os.path.join(self.root, "status")]
        say("reading the package lists of %s (%s)" % (name, arch))
        retry(["apt-get", *self.options, "-q", "-o", "APT::Update::Error-Mode=any", "update"],
              "reading the package lists of " + name, watch=os.path.join(self.root, "lists"))

    @classmethod
    def get(cls, name, arch="riscv64"):
        if (name, arch) not in cls.made:
            cls.made[name, arch] = cls(name, arch)
        return cls.made[name, arch]

    def sources(self):
        line = "%s [signed-by=" + KEYRING + "%s] " + mirror() + " " + self.name + " main\n"
        return line % ("deb", "") + line % ("deb-src", "")

    def private_options(self):
        options = {
            "Dir::Etc::SourceList": os.path.join(self.root, "sources.list"),
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State::lists": os.path.join(self.root, "lists"),
            "Dir::Cache": os.path.join(self.root, "cache"),
            "Acquire::Retries": "3",
            "Acquire::Languages": "none",
            "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
            "APT::Sandbox::User": "",
            "APT::Install-Recommends": "false",
        }
        if self.name == "sid":        # its index is allowed to be older than it says
            options["Acquire::Check-Valid-Until"] = "false"
        return [x for key, value in options.items() for x in ("-o", key + "=" + value)]

    def fields(self, package):
        """The control fields of the newest version of a package; empty if there is none."""
        text = output(["apt-cache", *self.options, "--no-all-versions", "show", package])
        return dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", text.split("\n\n")[0], re.M))

    def depends(self, package):
        names = self.fields(package).get("Depends", "")
        return [re.split(r"[ (:|]", item.strip())[0] for item in names.split(",") if item.strip()]

    def download(self, packages):
        """These packages alone; returns their .deb files."""
        sizes = [int(self.fields(p).get("Size", 0)) for p in packages]
        say("downloading %s (%s, %d MB)" % (" ".join(packages), self.name, (sum(sizes) >> 20) + 1))
        folder = fresh_dir(os.path.join(self.root, "download"))
        retry(["apt-get", *self.options, "-q", "download", *packages], "downloading " + " ".join(packages), watch=folder, cwd=folder)
        return sorted(glob.glob(os.path.join(folder, "*.deb")))

    def closure(self, packages):
        """These packages with all that they depend on; returns their .deb files."""
        say("downloading %s and what they need (%s)" % (" ".join(packages), self.name))
        for old in glob.glob(os.path.join(self.debs, "*.deb")):
            os.unlink(old)
        retry(["apt-get", *self.options, "-q", "-y", "--download-only", "-o", "APT::Keep-Downloaded-Packages=true",
               "install", *packages], "downloading " + " ".join(packages), watch=self.debs)
        return sorted(glob.glob(os.path.join(self.debs, "*.deb")))

    def tarball(self, package):
        """The upstream tarball of a source package."""
        say("downloading the source of %s (%s)" % (package, self.name))
        folder = fresh_dir(os.path.join(self.root, "source"))
        retry(["apt-get", *self.options, "-q", "source", "--tar-only", "--download-only", package],
              "downloading the source of " + package, cwd=folder)
        found = glob.glob(os.path.join(folder, "*.orig.tar.*"))
        found = [f for f in found if not f.endswith(".asc")]
        if len(found) != 1:
            raise Missing("%s has no single upstream tarball in %s; remedy: see scripts/deps.py" % (package, self.name))
        return found[0]

    def clean(self):
        """Forget downloads that have been unpacked."""
        for folder in ("download", "source"):
            shutil.rmtree(os.path.join(self.root, folder), ignore_errors=True)
        for deb in glob.glob(os.path.join(self.debs, "*.deb")):
            os.unlink(deb)


class SystemSuite(Suite):
    """The system with one more suite: what is installed from it stays in step with the system's own packages."""

    def __init__(self, name):
        super().__init__(name, native_arch())
        self.options = self.private_options()      # the real dpkg status

    def sources(self):
        base = self.name.split("-")[0]
        text = ""
        for suite in (base, base + "-updates", self.name):
            text += "deb [signed-by=%s] %s %s main\n" % (KEYRING, mirror(), suite)
        return text


# --- groups of system packages ------------------------------------------------------------------------

SYSTEM = {
    "toolchain": ["gcc-riscv64-linux-gnu", "binutils-riscv64-linux-gnu", "libc6-dev-riscv64-cross",
                  "gcc-riscv64-unknown-elf", "gcc", "make", "libc6-dev", "python3-kconfiglib",
                  "cpio", "xz-utils", "zstd", "bzip2", "debian-archive-keyring"],
    "clang": ["clang-" + CLANG, "lld-" + CLANG],
    "test": ["gcc", "libc6-dev", "libcmocka-dev", "libfdt-dev", "device-tree-compiler", "e2fsprogs"],
    "lint": ["cppcheck", "clang-tidy", "clang-format", "shellcheck"],
    "debug": ["gdb-multiarch"],
}


def toolchain():
    install(SYSTEM["toolchain"])
    libgcc = output(["riscv64-unknown-elf-gcc", "-march=rv64imac", "-mabi=lp64", "-print-libgcc-file-name"]).strip()
    if not os.path.exists(libgcc):
        raise Missing("riscv64-unknown-elf-gcc has no lp64 libgcc; remedy: apt-get install --reinstall "
                      "gcc-riscv64-unknown-elf")
    write(path("toolchain.env"), "LIBGCC_LP64=%s\n" % libgcc)


def clang():
    install(SYSTEM["clang"])
    write(path("clang.env"), "CLANG=clang-%s\nLLD=ld.lld-%s\n" % (CLANG, CLANG))


# --- QEMU ------------------------------------------------------------------------------------------------

PROBE = """
	.globl _start
_start:	li	t0, 1 << 39		# mstatus.MPV
	csrs	mstatus, t0
	csrr	t1, mstatus
	and	t1, t1, t0
	li	t2, 0x5555		# leave QEMU with status 0
	bnez	t1, 1f
	li	t2, 0x33333		# with status 3
1:	li	t3, 0x100000
	sw	t2, 0(t3)
	j	.
"""


def qemu_version(qemu):
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", output([qemu, "--version"]))
    return tuple(int(x) for x in found.groups()) if found else None


def mpv_probe(qemu):
    """Does a write to mstatus.MPV stick? yes: the bug of some QEMUs is there; no; or unknown."""
    folder = path("probe")
    os.makedirs(folder, exist_ok=True)
    source, elf = os.path.join(folder, "mpv.S"), os.path.join(folder, "mpv")
    write(source, PROBE)
    cc = next((c for c in ("riscv64-linux-gnu-gcc", "riscv64-unknown-elf-gcc") if shutil.which(c)), None)
    if not cc or not run([cc, "-nostdlib", "-nostartfiles", "-static", "-Wl,--build-id=none", "-Ttext=0x80000000",
                          "-march=rv64imac_zicsr", "-mabi=lp64", source, "-o", elf]):
        return "unknown"
    cmd = [qemu, "-M", "virt", "-cpu", "rv64,h=on", "-display", "none", "-serial", "none", "-monitor", "none",
           "-bios", elf]
    try:
        done = subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return "unknown"
    return {0: "no", 3: "yes"}.get(done.returncode, "unknown")


def find_qemu():
    wanted = os.environ.get("QEMU")
    if wanted:
        if not shutil.which(wanted) or not qemu_version(wanted):
            raise Missing("QEMU=%s is no qemu-system-riscv64; remedy: give its path, or unset QEMU" % wanted)
        return shutil.which(wanted)
    found = shutil.which(QEMU_NAME)
    if found and (qemu_version(found) or (0,)) >= (10,):
        return found
    release = re.search(r'VERSION_CODENAME=(\w+)', read("/etc/os-release"))
    if not release or release.group(1) == "bookworm":
        more = SystemSuite("bookworm-backports")
        packages = ["qemu-system-riscv"]
        if not installed(packages[0]) and not os.path.exists("/usr/bin/" + QEMU_NAME):
            install(packages, more.options, more.name)
        else:
            say("bringing QEMU up to date from " + more.name)
            retry(as_root() + ["apt-get", *more.options, "-q", "-y", "--no-install-recommends", "-t", more.name,
                               "install", *packages], "installing QEMU")
        more.clean()
    else:
        install(["qemu-system-riscv"])
    found = shutil.which(QEMU_NAME)
    if not found or (qemu_version(found) or (0,)) < (10,):
        raise Missing("qemu-system-riscv64 of version 10.0 or newer is needed; remedy: install one and set QEMU=PATH")
    return found


def qemu():
    where = find_qemu()
    version = ".".join(str(x) for x in qemu_version(where))
    bug = mpv_probe(where)
    write(path("qemu.env"), "QEMU=%s\nQEMU_VERSION=%s\nQEMU_MPV_BUG=%s\n" % (where, version, bug))
    say("QEMU %s at %s" % (version, where))
    if bug == "yes":
        say("warning: this QEMU drops writes to mstatus.MPV: traps that the firmware redirects can arrive in the "
            "wrong mode; remedy: QEMU 10.0.2 (bookworm-backports), with QEMU=PATH")


# --- what is unpacked below build/deps -----------------------------------------------------------------------

def unpacked(suite, debs):
    """A folder with these packages unpacked."""
    folder = fresh_dir(os.path.join(suite.root, "unpacked"))
    for deb in debs:
        unpack_deb(deb, folder)
    suite.clean()
    return folder


def opensbi():
    suite = Suite.get("trixie")
    folder = unpacked(suite, suite.download(["opensbi"]))
    files = os.path.join(folder, "usr/lib/riscv64-linux-gnu/opensbi/generic")
    publish(files, path("opensbi"))
    shutil.rmtree(folder)


def src():
    suite = Suite.get("trixie")
    for package, name in (("device-tree-compiler", "dtc"), ("mbedtls", "mbedtls")):
        tarball = suite.tarball(package)
        folder = fresh_dir(path("src", name + ".new"))
        if not run(["tar", "-x", "--strip-components=1", "--no-same-owner", "-f", tarball, "-C", folder]):
            raise Missing("%s cannot be unpacked: %s; remedy: free some disk space, then run again"
                          % (os.path.basename(tarball), log_tail()[:120]))
        publish(folder, path("src", name))
    suite.clean()


def kernel_packages(suite):
    """What a kernel's metapackage stands for: release and the packages with its image and modules."""
    image = next((p for p in suite.depends("linux-image-riscv64") if re.match(r"linux-image-\d", p)), None)
    if not image:
        raise Missing("%s has no riscv64 kernel; remedy: try again later" % suite.name)
    release = image[len("linux-image-"):]
    parts = [p for p in suite.depends(image) if re.match(r"linux-(binary|modules|base)-\d", p)]
    return release, parts or [image]


def kernel(name, suite):
    release, packages = kernel_packages(suite)
    folder = unpacked(suite, suite.download(packages))
    modules = first(folder, "lib/modules/" + release, "usr/lib/modules/" + release)
    image = first(folder, "boot/vmlinux-" + release, "usr/lib/modules/%s/vmlinuz" % release,
                  "lib/modules/%s/vmlinuz" % release, "boot/vmlinuz-" + release)
    config = first(folder, "boot/config-" + release, "usr/lib/modules/%s/config" % release,
                   "lib/modules/%s/config" % release)
    with open(image, "rb") as f:
        if f.read(0x38)[0x30:0x35] != b"RISCV":
            raise Missing("%s is no raw RISC-V Image; remedy: see kernel() in scripts/deps.py" % os.path.basename(image))
    dest = fresh_dir(path("linux", name + ".new"))
    shutil.copyfile(image, os.path.join(dest, "Image"))
    if config:
        shutil.copyfile(config, os.path.join(dest, "config"))
    write(os.path.join(dest, "release"), release + "\n")
    write(os.path.join(dest, "suite"), suite.name + "\n")
    os.rename(modules, os.path.join(dest, "modules"))
    for leftover in ("build", "source"):
        if os.path.islink(os.path.join(dest, "modules", leftover)):
            os.unlink(os.path.join(dest, "modules", leftover))
    depmod(dest, release)
    publish(dest, path("linux", name))
    shutil.rmtree(folder)
    say("the %s kernel is %s" % (name, release))


def depmod(dest, release):
    """Debian computes modules.dep at installation: do the same in a tree of the shape that depmod expects."""
    install(["kmod"])
    fake = os.path.join(dest, "root")
    os.makedirs(os.path.join(fake, "lib", "modules"))
    os.rename(os.path.join(dest, "modules"), os.path.join(fake, "lib", "modules", release))
    tool = shutil.which("depmod") or "/usr/sbin/depmod"
    done = run([tool, "-b", fake, release])
    os.rename(os.path.join(fake, "lib", "modules", release), os.path.join(dest, "modules"))
    shutil.rmtree(fake)
    if not done:
        raise Missing("depmod failed: %s; remedy: apt-get install --reinstall kmod" % log_tail()[:120])


def kernel_stable():
    kernel("stable", Suite.get("trixie"))


def kernel_newest():
    """sid's kernel; that of backports if sid's cannot be had (a mirror in the middle of an update lacks files)."""
    try:
        kernel("newest", Suite.get("sid"))
    except Missing as why:
        say("%s; trying trixie-backports" % why)
        kernel("newest", Suite.get("trixie-backports"))


def rootfs():
    suite = Suite.get("trixie")
    folder = unpacked(suite, suite.closure(["busybox-static", "pciutils"]))
    publish(folder, path("rootfs"))


def first(folder, *names):
    for name in names:
        if os.path.exists(os.path.join(folder, name)):
            return os.path.join(folder, name)
    return None


# --- modules for stock kernels -------------------------------------------------------------------------------

def is_elf_program(name):
    if os.path.islink(name) or not os.access(name, os.X_OK):
        return False
    with open(name, "rb") as f:
        head = f.read(18)
    return head[:4] == b"\x7fELF" and head[16] in (2, 3)


def relink(folder, libs):
    """Make the native programs in a folder use the libraries of a private prefix, and nothing of the system."""
    loader = glob.glob(os.path.join(libs, "usr/lib64/ld-linux-*")) + glob.glob(os.path.join(libs, "lib64/ld-linux-*")) \
        + glob.glob(os.path.join(libs, "usr/lib/ld-linux-*"))
    search = ":".join(sorted(glob.glob(os.path.join(libs, "usr/lib/*-linux-gnu"))))
    for where, _, files in os.walk(folder):
        for name in (os.path.join(where, f) for f in sorted(files)):
            if is_elf_program(name) and output(["patchelf", "--print-interpreter", name]):
                if not run(["patchelf", "--set-interpreter", os.path.realpath(loader[0]), "--force-rpath",
                            "--set-rpath", search, name]):
                    raise Missing("patchelf failed: %s; remedy: apt-get install --reinstall patchelf" % log_tail()[:120])


def replace_in(name, old, new):
    text = read(name)
    write(name, re.sub(old, new, text))


def module_build(name, packages, cross, cc):
    """Headers of the kernel `name` and all that a build needs, in one prefix, usable on a Debian that is older."""
    install(["patchelf", "make"])
    release = read(path("linux", name, "release")).strip()
    target = Suite.get(read(path("linux", name, "suite")).strip())
    native = Suite.get(target.name, native_arch())
    headers = "linux-headers-" + release
    common = next(p for p in target.depends(headers) if p.endswith("-common"))
    kbuild = next(p for p in target.depends(headers) if p.startswith("linux-kbuild-"))
    tree = fresh_dir(path("kbuild", name + ".new"))
    for deb in target.download([headers, common]):
        unpack_deb(deb, tree)
    for deb in native.closure([kbuild, *packages]):
        unpack_deb(deb, tree)
    target.clean()
    native.clean()
    final = path("kbuild", name)
    publish(tree, final)
    adapt_headers(final, headers, cross, cc)
    relink(os.path.join(final, "usr"), final)
    write(os.path.join(final, "release"), release + "\n")


def adapt_headers(tree, headers, cross, cc):
    """Debian's header packages name absolute places and one compiler: ours are below build/."""
    build = os.path.join(tree, "usr/src", headers)
    replace_in(os.path.join(build, "Makefile"), r"/usr/src/", tree + "/usr/src/")
    variables = os.path.join(build, ".kernelvariables")
    replace_in(variables, r"(?m)^CC = .*$", "CC = $(CROSS_COMPILE)" + cc)
    replace_in(variables, r"(?m)^(override )?CROSS_COMPILE = .*$", "override CROSS_COMPILE = " + cross)
    vmlinux = os.path.join(build, "vmlinux")
    if os.path.exists(vmlinux):                             # it would ask for pahole
        os.unlink(vmlinux)
    write(os.path.join(tree, "env"), "KDIR=%s\n" % build)


def module_stable():
    module_build("stable", [], "riscv64-linux-gnu-", "gcc")


def module_newest():
    """The system's compiler is too old for this kernel: its own suite's, in the same prefix."""
    suite = Suite.get(read(path("linux", "newest", "suite")).strip(), native_arch())
    package = next(p for p in suite.depends("gcc-riscv64-linux-gnu") if re.match(r"gcc-\d+-riscv64-linux-gnu$", p))
    module_build("newest", [package, "binutils-riscv64-linux-gnu"],
                 path("kbuild", "newest", "usr/bin/riscv64-linux-gnu-"), "gcc-" + package.split("-")[1])


# --- which group needs what ----------------------------------------------------------------------------------

class Group:
    def __init__(self, make, needs=(), files=(), programs=()):
        self.make, self.needs, self.files, self.programs = make, needs, files, programs


def system(name):
    return lambda: install(SYSTEM[name])


GROUPS = {
    "toolchain": Group(toolchain, files=["toolchain.env"],
                       programs=["riscv64-linux-gnu-gcc", "riscv64-unknown-elf-gcc", "gcc", "make", "xz", "cpio"]),
    "clang": Group(clang, files=["clang.env"], programs=["clang-" + CLANG, "ld.lld-" + CLANG]),
    "test": Group(system("test"), programs=["gcc", "dtc", "mkfs.ext4"], files=["/usr/include/cmocka.h",
                                                                            "/usr/include/libfdt.h"]),
    "lint": Group(system("lint"), programs=["cppcheck", "clang-tidy", "clang-format", "shellcheck"]),
    "debug": Group(system("debug"), programs=["gdb-multiarch"]),
    "qemu": Group(qemu, ["toolchain"], ["qemu.env"]),
    "opensbi": Group(opensbi, files=["opensbi/fw_dynamic.bin"]),
    "src": Group(src, files=["src/dtc/libfdt/libfdt.h", "src/mbedtls/library/sha512.c"]),
    "kernel-stable": Group(kernel_stable, files=["linux/stable/Image", "linux/stable/modules/modules.dep"]),
    "kernel-newest": Group(kernel_newest, files=["linux/newest/Image", "linux/newest/modules/modules.dep"]),
    "rootfs": Group(rootfs, files=["rootfs/usr/bin/lspci"]),
    "module-stable": Group(module_stable, ["toolchain", "kernel-stable"], ["kbuild/stable/env"]),
    "module-newest": Group(module_newest, ["toolchain", "kernel-newest"], ["kbuild/newest/env"]),
    "run": Group(None, ["toolchain", "qemu", "opensbi", "src", "kernel-stable", "module-stable", "rootfs"]),
    "check": Group(None, ["run", "test", "clang", "kernel-newest"]),
    "all-system": Group(None, ["toolchain", "clang", "test", "lint", "debug", "qemu"]),
}


def recipe(name):
    """What the stamp of a group holds: it changes with what decides the group's content."""
    decides = [name, repr(SYSTEM.get(name)), repr(GROUPS[name].files)]
    if name == "qemu":
        decides.append(os.environ.get("QEMU") or "")
    if name in ("module-stable", "module-newest"):
        release = path("linux", name.split("-")[1], "release")
        decides += [TREE, read(release) if os.path.exists(release) else ""]
    return hashlib.sha256("|".join(decides).encode()).hexdigest()


def qemu_is_there():
    found = re.search(r"^QEMU=(.*)$", read(path("qemu.env")), re.M)
    return bool(found and os.access(found.group(1), os.X_OK))


def ready(name):
    group, stamp = GROUPS[name], os.path.join(STAMPS, name)
    if group.make is None:
        return True
    if not os.path.exists(stamp) or read(stamp).strip() != recipe(name):
        return False
    if any(not os.path.exists(path(f)) for f in group.files):
        return False
    if name == "qemu" and not qemu_is_there():
        return False
    return all(shutil.which(p) or shutil.which(p, path="/usr/sbin:/sbin") for p in group.programs)


def order(names):
    """The groups and what they need, each once, needs first."""
    found = []
    for name in names:
        for one in order(GROUPS[name].needs) + [name]:
            if one not in found:
                found.append(one)
    return found


def bring(names, force):
    for name in order(names):
        group = GROUPS[name]
        if group.make is None or (ready(name) and not (force and name in names)):
            continue
        say("--- %s" % name)
        started = time.time()
        stamp = os.path.join(STAMPS, name)
        if os.path.exists(stamp):
            os.unlink(stamp)
        group.make()
        for lacking in (f for f in group.files if not os.path.exists(path(f))):
            raise Missing("%s did not bring %s; remedy: see build/deps/deps.log" % (name, lacking))
        write(stamp, recipe(name) + "\n")
        say("%s is there (%d s)" % (name, time.time() - started))


def main(args):
    force = "--force" in args
    names = [a for a in args if not a.startswith("-")]
    if "--help" in args or "-h" in args or not (names or "--list" in args):
        print(__doc__.strip())
        return 0 if "--help" in args or "-h" in args else 2
    if "--list" in args:
        print("\n".join(GROUPS))
        return 0
    unknown = [n for n in names if n not in GROUPS]
    if unknown:
        raise Missing("no group %s; remedy: one of %s" % (" ".join(unknown), " ".join(GROUPS)))
    if not force and all(ready(n) for n in order(names)):
        return 0
    os.makedirs(STAMPS, exist_ok=True)
    with open(path("lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write(LOG, "")
        bring(names, force)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Missing as why:
        say(str(why))
        sys.exit(1)
    except OSError as why:
        say("%s; remedy: check the disk and the permissions of build/" % why)
        sys.exit(1)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
