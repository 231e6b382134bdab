# SPDX-License-Identifier: BSD-2-Clause
"""Debian's riscv64 kernels: image, modules, and what a module of ours needs to be built against them."""

import glob
import os
import re
import shutil

from debian import (Missing, Suite, fresh_dir, install, log_tail, native_arch, output, path, publish, read, run, say,
                    unpack_deb, unpacked, write)


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
            raise Missing("%s is no raw RISC-V Image; remedy: see kernel() in scripts/kernels.py"
                          % os.path.basename(image))
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
    search = ":".join(sorted(glob.glob(os.path.join(libs, "usr/lib/*-linux-gnu"))) + [os.path.join(libs, "usr/lib")])
    for where, _, files in os.walk(folder):
        for name in (os.path.join(where, f) for f in sorted(files)):
            if is_elf_program(name) and output(["patchelf", "--print-interpreter", name]):
                if not run(["patchelf", "--set-interpreter", os.path.realpath(loader[0]), "--force-rpath",
                            "--set-rpath", search, name]):
                    raise Missing("patchelf failed: %s; remedy: apt-get install --reinstall patchelf"
                                  % log_tail()[:120])


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
