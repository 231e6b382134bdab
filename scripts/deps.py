#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Bring the dependencies of builds and tests: one place, idempotent, silent when nothing is missing.

usage: scripts/deps [--force] [--list] GROUP...

groups:
  toolchain      cross compilers, binutils, kconfiglib, host gcc           (system packages)
  clang          clang and lld that know the hypervisor extension          (system packages)
  fuzz           clang's runtimes for libFuzzer and the sanitizers              (system packages)
  test           cmocka, libfdt, dtc, e2fsprogs for the native tests       (system packages)
  lint           cppcheck, clang-tidy, clang-format, shellcheck            (system packages)
  lint-kernel    sparse, and checkpatch from the kernel's source           -> build/deps/checkpatch/
  debug          gdb-multiarch                                             (system packages)
  verify         CBOR and cryptography for Python, openssl                 (system packages)
  qemu           qemu-system-riscv64 >= 10.0 and what is known of its bugs -> build/deps/qemu.env
  qemu-trixie    the QEMU of Debian trixie, in a prefix of its own         -> build/deps/qemu-trixie/, qemu-trixie.env
  opensbi        stock OpenSBI                                             -> build/deps/opensbi/
  src            libfdt and mbedTLS sources                                -> build/deps/src/{dtc,mbedtls}/
  sodium-src     libsodium's source, for Ed25519                           -> build/deps/src/libsodium/
  opensbi-src    OpenSBI's source, for our own firmware                    -> build/deps/src/opensbi/
  kernel-stable  Debian's stable riscv64 kernel                            -> build/deps/linux/stable/
  kernel-newest  the newest riscv64 kernel that Debian has                 -> build/deps/linux/newest/
  rootfs         busybox, lspci and libslirp for riscv64                   -> build/deps/rootfs/
  guest-root     a small Debian with initramfs-tools, for a guest          -> build/deps/guest-root/
  vmm            Debian's own QEMU for riscv64, to run in the host          -> build/deps/vmm/
  module-stable  headers and kbuild of the stable kernel                   -> build/deps/kbuild/stable/
  module-newest  headers, kbuild and compiler of the newest kernel         -> build/deps/kbuild/newest/
  cbmc           the bounded model checker of tests/proof                  -> build/deps/cbmc/
  run            all that make run needs   (toolchain qemu opensbi src kernel-stable module-stable rootfs)
  check          all that make check needs (run, test, clang, fuzz, lint, lint-kernel, cbmc, kernel-newest)

Everything comes from Debian's archive, verified by apt's own signatures. System packages are installed
with root or sudo; the rest goes below build/deps/ and needs no root. /etc/apt is never changed: suites that
the system does not list are read through private apt configurations in build/deps/apt/.

environment: QEMU=PATH uses another qemu-system-riscv64; DEPS_MIRROR=URL another Debian mirror.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import kernels  # noqa: E402
from debian import (LOG, TREE, Missing, Suite, SystemSuite, as_root, fresh_dir, install, installed,  # noqa: E402
                    log_tail, native_arch, output, path, publish, read, retry, run, say, unpack_deb, unpacked, write)

STAMPS = path("stamps")
CLANG = "19"
QEMU_NAME = "qemu-system-riscv64"

# --- groups of system packages ------------------------------------------------------------------------

SYSTEM = {
    "toolchain": ["gcc-riscv64-linux-gnu", "binutils-riscv64-linux-gnu", "libc6-dev-riscv64-cross",
                  "gcc-riscv64-unknown-elf", "gcc", "make", "libc6-dev", "python3-kconfiglib",
                  "cpio", "xz-utils", "zstd", "bzip2", "debian-archive-keyring"],
    "clang": ["clang-" + CLANG, "lld-" + CLANG],
    "fuzz": ["libclang-rt-%s-dev" % CLANG, "g++"],
    "test": ["gcc", "libc6-dev", "libcmocka-dev", "libfdt-dev", "device-tree-compiler", "e2fsprogs"],
    "lint": ["cppcheck", "clang-tidy", "clang-format", "shellcheck"],
    "lint-kernel": ["sparse", "perl"],
    "debug": ["gdb-multiarch"],
    "verify": ["python3-cbor2", "python3-cryptography", "openssl"],
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


def qemu_trixie():
    """Another QEMU beside the system's, with its own libraries; long tests run on it (DECISIONS 20)."""
    install(["patchelf"])
    suite = Suite.get("trixie", native_arch())
    folder = unpacked(suite, suite.closure(["qemu-system-riscv"]))
    final = path("qemu-trixie")
    publish(folder, final)
    kernels.relink(os.path.join(final, "usr", "bin"), final)
    where = os.path.join(final, "usr", "bin", QEMU_NAME)
    own_modules(where)
    version = qemu_version(where)
    if not version:
        raise Missing("the QEMU of trixie does not run; remedy: scripts/deps --force qemu-trixie")
    bug = mpv_probe(where)
    if bug == "unknown":
        raise Missing("the QEMU of trixie does not start a machine; remedy: scripts/deps --force qemu-trixie")
    write(path("qemu-trixie.env"), "QEMU=%s\nQEMU_VERSION=%s\nQEMU_MPV_BUG=%s\n"
          % (where, ".".join(map(str, version)), bug))
    say("QEMU %s at %s" % (".".join(map(str, version)), where))


def own_modules(program):
    """
    QEMU looks for its modules in the place that it was built for as well, where the system's QEMU has its own, and aborts
    when these are of another build. The place's name in the program becomes one, of the same length, that does not exist.
    """
    with open(program, "rb") as f:
        code = f.read()
    code = re.sub(rb"/usr/lib(/[a-z0-9_]+-linux-gnu/qemu\0)", rb"/nowhere\1", code)
    with open(program + ".new", "wb") as f:
        f.write(code)
    shutil.copymode(program, program + ".new")
    os.replace(program + ".new", program)


# --- what is unpacked below build/deps ------------------------------------------------------------

def opensbi():
    suite = Suite.get("trixie")
    folder = unpacked(suite, suite.download(["opensbi"]))
    files = os.path.join(folder, "usr/lib/riscv64-linux-gnu/opensbi/generic")
    publish(files, path("opensbi"))
    shutil.rmtree(folder)


def sources(packages):
    """Upstream sources of Debian packages, unpacked below build/deps/src."""
    suite = Suite.get("trixie")
    for package, name in packages:
        tarball = suite.tarball(package)
        folder = fresh_dir(path("src", name + ".new"))
        if not run(["tar", "-x", "--strip-components=1", "--no-same-owner", "-f", tarball, "-C", folder]):
            raise Missing("%s cannot be unpacked: %s; remedy: free some disk space, then run again"
                          % (os.path.basename(tarball), log_tail()[:120]))
        publish(folder, path("src", name))
    suite.clean()


def cbmc():
    """CBMC of trixie in a prefix of its own: an older Debian lacks both it and the libraries it wants."""
    install(["patchelf"])
    suite = Suite.get("trixie", native_arch())
    folder = unpacked(suite, suite.closure(["cbmc"]))
    publish(folder, path("cbmc"))
    kernels.relink(path("cbmc", "usr/bin"), path("cbmc"))


def rootfs():
    suite = Suite.get("trixie")
    folder = unpacked(suite, suite.closure(["busybox-static", "pciutils", "libslirp0"]))
    for deb in suite.download(["libslirp-dev"]):            # without what it depends on: its headers need nothing
        unpack_deb(deb, folder)
    publish(folder, path("rootfs"))
    suite.clean()


# A small Debian for a guest: what makes an initramfs, and what that needs.
GUEST_ROOT = ["initramfs-tools", "base-files", "base-passwd", "dash", "coreutils", "mount", "util-linux", "udev", "busybox", "kmod",
              "zstd", "gzip", "sed", "grep", "mawk", "findutils", "cpio", "diffutils", "libc-bin", "debianutils"]


def guest_root():
    suite = Suite.get("trixie")
    folder = unpacked(suite, suite.closure(GUEST_ROOT))
    publish(folder, path("guest-root"))


def lint_kernel():
    """Of the kernel's source, which Debian packs as an archive within a package, a few files of scripts/."""
    install(SYSTEM["lint-kernel"])
    suite = Suite.get("trixie")
    package = "linux-source-" + ".".join(read(path("linux", "stable", "release")).split(".")[:2])
    folder = unpacked(suite, suite.download([package]))
    dest = fresh_dir(path("checkpatch.new"))
    wanted = [package + "/scripts/" + name for name in ("checkpatch.pl", "spelling.txt", "const_structs.checkpatch")]
    if not run(["tar", "-x", "--strip-components=2", "--no-same-owner", "-f", os.path.join(folder, "usr/src", package + ".tar.xz"),
                "-C", dest, *wanted]):
        raise Missing("%s has no checkpatch; remedy: see lint_kernel() in scripts/deps.py" % package)
    publish(dest, path("checkpatch"))
    shutil.rmtree(folder)


def vmm():
    suite = Suite.get("trixie")
    folder = unpacked(suite, suite.closure(["qemu-system-riscv"]))
    publish(folder, path("vmm"))


# --- which group needs what ----------------------------------------------------------------------------------

class Group:
    def __init__(self, make, needs=(), files=(), programs=()):
        self.make, self.needs, self.files, self.programs = make, needs, files, programs


def system(name):
    return lambda: install(SYSTEM[name])


def unpack_sources(*packages):
    return lambda: sources(packages)


GROUPS = {
    "toolchain": Group(toolchain, files=["toolchain.env"],
                       programs=["riscv64-linux-gnu-gcc", "riscv64-unknown-elf-gcc", "gcc", "make", "xz", "cpio"]),
    "clang": Group(clang, files=["clang.env"], programs=["clang-" + CLANG, "ld.lld-" + CLANG]),
    "fuzz": Group(system("fuzz"), ["clang", "test"], programs=["g++", "objcopy"],
                  files=["/usr/lib/llvm-%s/lib/clang/%s/include/fuzzer/FuzzedDataProvider.h" % (CLANG, CLANG)]),
    "test": Group(system("test"), programs=["gcc", "dtc", "mkfs.ext4"], files=["/usr/include/cmocka.h",
                                                                            "/usr/include/libfdt.h"]),
    "lint": Group(system("lint"), programs=["cppcheck", "clang-tidy", "clang-format", "shellcheck"]),
    "lint-kernel": Group(lint_kernel, ["kernel-stable"], ["checkpatch/checkpatch.pl"], ["sparse", "perl"]),
    "debug": Group(system("debug"), programs=["gdb-multiarch"]),
    "verify": Group(system("verify"), programs=["openssl"], files=["/usr/lib/python3/dist-packages/cbor2/__init__.py",
                                                                  "/usr/lib/python3/dist-packages/cryptography/x509/__init__.py"]),
    "qemu": Group(qemu, ["toolchain"], ["qemu.env"]),
    "qemu-trixie": Group(qemu_trixie, ["toolchain"], ["qemu-trixie.env", "qemu-trixie/usr/bin/" + QEMU_NAME]),
    "opensbi": Group(opensbi, files=["opensbi/fw_dynamic.bin"]),
    "src": Group(unpack_sources(("device-tree-compiler", "dtc"), ("mbedtls", "mbedtls")),
                 files=["src/dtc/libfdt/libfdt.h", "src/mbedtls/library/sha512.c"]),
    "sodium-src": Group(unpack_sources(("libsodium", "libsodium")),
                        files=["src/libsodium/src/libsodium/crypto_core/ed25519/ref10/ed25519_ref10.c"]),
    "opensbi-src": Group(unpack_sources(("opensbi", "opensbi")), ["toolchain"], ["src/opensbi/include/sbi/sbi_init.h"]),
    "kernel-stable": Group(kernels.kernel_stable, files=["linux/stable/Image", "linux/stable/modules/modules.dep"]),
    "kernel-newest": Group(kernels.kernel_newest, files=["linux/newest/Image", "linux/newest/modules/modules.dep"]),
    "cbmc": Group(cbmc, files=["cbmc/usr/bin/cbmc", "cbmc/usr/bin/goto-cc"]),
    "rootfs": Group(rootfs, files=["rootfs/usr/bin/lspci", "rootfs/usr/include/slirp/libslirp.h",
                                   "rootfs/usr/lib/riscv64-linux-gnu/libslirp.so.0"]),
    "guest-root": Group(guest_root, files=["guest-root/usr/sbin/mkinitramfs", "guest-root/usr/bin/mawk"]),
    "vmm": Group(vmm, files=["vmm/usr/bin/" + QEMU_NAME]),
    "module-stable": Group(kernels.module_stable, ["toolchain", "kernel-stable"], ["kbuild/stable/env"]),
    "module-newest": Group(kernels.module_newest, ["toolchain", "kernel-newest"], ["kbuild/newest/env"]),
    "run": Group(None, ["toolchain", "qemu", "opensbi", "src", "sodium-src", "kernel-stable", "module-stable", "rootfs"]),
    "check": Group(None, ["run", "test", "clang", "fuzz", "lint", "lint-kernel", "cbmc", "verify", "opensbi-src",
                          "kernel-newest"]),
    "all-system": Group(None, ["toolchain", "clang", "test", "lint", "debug", "qemu"]),
}


def recipe(name):
    """What the stamp of a group holds: it changes with what decides the group's content."""
    decides = [name, repr(SYSTEM.get(name)), repr(GROUPS[name].files)]
    if name == "qemu":
        decides.append(os.environ.get("QEMU") or "")
    if name in ("qemu-trixie", "cbmc"):
        decides.append(TREE)
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
