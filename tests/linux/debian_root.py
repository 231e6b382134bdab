# SPDX-License-Identifier: BSD-2-Clause
"""A disk with Debian's own userland, initramfs-tools and the hook for cove-guest.ko, for a stock guest to boot from."""

import os
import shutil
import subprocess

from session import TREE, qemu

# What maintainer scripts do on a machine where packages are installed, not only unpacked.
LINKS = {"usr/bin/awk": "mawk"}
COPIES = {"usr/share/base-passwd/passwd.master": "etc/passwd", "usr/share/base-passwd/group.master": "etc/group"}
# The modules that the hook and this list name, not all that any machine may need.
CONF = "MODULES=list\nBUSYBOX=y\nCOMPRESS=gzip\nRUNSIZE=10%\n"


def install(tree, where, *parts):
    source, target = os.path.join(TREE, tree), os.path.join(where, *parts)
    os.makedirs(target, exist_ok=True)
    shutil.copytree(source, target, dirs_exist_ok=True)


def kernel_modules(root, kernel):
    """The stock kernel's modules, as shipped, and ours among them."""
    linux = os.path.join(TREE, "build", "deps", "linux", kernel)
    with open(os.path.join(linux, "release"), encoding="utf-8") as f:
        release = f.read().strip()
    folder = os.path.join(root, "usr/lib/modules", release)
    shutil.copytree(os.path.join(linux, "modules"), folder)
    os.makedirs(os.path.join(folder, "updates"))
    shutil.copy(os.path.join(TREE, "build", "linux", "guest", kernel, "cove-guest.ko"), os.path.join(folder, "updates"))
    subprocess.run([shutil.which("depmod") or "/usr/sbin/depmod", "-b", os.path.join(root, "usr"), release], check=True)
    os.makedirs(os.path.join(root, "boot"), exist_ok=True)
    shutil.copy(os.path.join(linux, "config"), os.path.join(root, "boot", "config-" + release))
    return release


def build(kernel, folder):
    """Makes the disk below a folder; returns its path and the kernel's release."""
    packages = os.path.join(TREE, "build", "deps", "guest-root")
    if not os.path.isdir(packages):
        raise qemu.Trouble("Debian's userland for guests is missing; remedy: scripts/deps guest-root")
    root = os.path.join(folder, "root")
    shutil.copytree(packages, root, symlinks=True)
    for link, target in LINKS.items():
        os.symlink(target, os.path.join(root, link))
    for source, target in COPIES.items():
        shutil.copy(os.path.join(root, source), os.path.join(root, target))
    release = kernel_modules(root, kernel)
    install("linux/guest/initramfs-tools", root, "etc/initramfs-tools")
    install("linux/guest/modprobe.d", root, "etc/modprobe.d")
    with open(os.path.join(root, "etc/initramfs-tools/initramfs.conf"), "w", encoding="utf-8") as f:
        f.write(CONF)
    with open(os.path.join(root, "etc/initramfs-tools/modules"), "w", encoding="utf-8") as f:
        f.write("ext4\n")
    disk = os.path.join(folder, "debian.img")
    subprocess.run(["/usr/sbin/mkfs.ext4", "-q", "-d", root, disk, "600M"], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(root)
    return disk, release
