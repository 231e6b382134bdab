# SPDX-License-Identifier: BSD-2-Clause
"""Writes cpio archives ("newc") for Linux's initramfs: same input, same bytes."""

import os
import stat


class Archive:
    """An archive under construction: paths are relative to the root, parents are made as needed."""

    def __init__(self):
        self.members = {}

    def add(self, name, mode, data=b"", device=(0, 0)):
        name = self.resolve(name.strip("/"))
        parent = os.path.dirname(name)
        if parent and parent not in self.members:
            self.add(parent, stat.S_IFDIR | 0o755)
        self.members[name] = (mode, data, device)

    def resolve(self, name):
        """A name whose first folder is a link (lib -> usr/lib) with the link followed."""
        head, slash, rest = name.partition("/")
        mode, target, _ = self.members.get(head, (0, b"", None))
        return os.path.join(target.decode(), rest) if slash and stat.S_ISLNK(mode) else name

    def directory(self, name, mode=0o755):
        self.add(name, stat.S_IFDIR | mode)

    def file(self, name, data, mode=0o644):
        self.add(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def char_device(self, name, major, minor, mode=0o600):
        self.add(name, stat.S_IFCHR | mode, b"", (major, minor))

    def copy(self, source, name):
        """A file or link of this machine, with its permission to execute."""
        if os.path.islink(source):
            self.link(name, os.readlink(source))
            return
        with open(source, "rb") as f:
            self.file(name, f.read(), 0o755 if os.access(source, os.X_OK) else 0o644)

    def tree(self, folder, name=""):
        """All that is below a folder."""
        for where, _, files in sorted(os.walk(folder)):
            for one in sorted(files):
                full = os.path.join(where, one)
                self.copy(full, os.path.join(name, os.path.relpath(full, folder)))

    def bytes(self):
        out = bytearray()
        for inode, name in enumerate(sorted(self.members), 1):
            mode, data, device = self.members[name]
            _member(out, name, inode, mode, data, device)
        _member(out, "TRAILER!!!", 0, 0, b"", (0, 0))
        return bytes(out)


def _member(out, name, inode, mode, data, device):
    encoded = name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (inode, mode, 0, 0, links, 0, len(data), 0, 0, device[0], device[1], len(encoded), 0)
    out += b"070701" + b"".join(b"%08X" % f for f in fields) + encoded
    out += b"\0" * (-len(out) % 4) + data
    out += b"\0" * (-len(out) % 4)
