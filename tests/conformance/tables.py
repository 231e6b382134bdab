# SPDX-License-Identifier: BSD-2-Clause
"""Page tables of a running machine, read through QEMU's monitor: nothing of the TSM's own code is asked."""
import os
import re
import subprocess

V, R, W, X, U = 1, 2, 4, 8, 16
SIZES = (1 << 30, 1 << 21, 1 << 12)


class Tables:
    """One Sv39 or Sv39x4 tree. `leaves` is a list of (address, size, flags), ascending; one to one unless `moved` says so."""

    def __init__(self, machine, root, entries):
        self.machine = machine
        self.leaves = []
        self.moved = []
        self._walk(root, entries, 0, 0)

    def _read(self, address, count):
        text = self.machine.monitor(f"xp /{count}gx {address:#x}")
        return [int(word, 16) for line in text.splitlines() for word in re.findall(r"0x[0-9a-f]{16}\b",
                                                                                line.split(":", 1)[1])]

    def _walk(self, table, entries, level, base):
        for i, pte in enumerate(self._read(table, entries)):
            if not pte & V:
                continue
            target = (pte >> 10 & ((1 << 44) - 1)) << 12
            address = base + i * SIZES[level]
            if pte & (R | W | X):
                self.leaves.append((address, SIZES[level], pte & 0xff))
                if target != address:
                    self.moved.append(address)
            else:
                self._walk(target, 512, level + 1, address)

    def flags(self, address):
        """Flags of the leaf that maps the address, 0 when none does."""
        for start, size, flags in self.leaves:
            if start <= address < start + size:
                return flags
        return 0


def symbols(machine):
    """Addresses in the TSM's image, by name: its banner says where it has moved to."""
    elf = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "tsm.elf")
    lines = subprocess.run(["riscv64-linux-gnu-nm", elf], check=True, capture_output=True, text=True).stdout.splitlines()
    linked = {line.split()[2]: int(line.split()[0], 16) for line in lines if len(line.split()) == 3}
    moved = int(re.search(r"tsm: CoVE TSM \S+ at (0x[0-9a-f]+):", machine.text).group(1), 16) - linked["tsm_image_start"]
    return {name: address + moved for name, address in linked.items()}


def trees(machine, symbols):
    """(the TSM's own tables, the host's G-stage), found by the variables that hold their roots."""
    def word(name):
        return int(re.findall(r"0x[0-9a-f]{16}\b", machine.monitor(f"xp /1gx {symbols[name]:#x}").split(":", 1)[1])[0], 16)

    return (Tables(machine, (word("tsm_satp") & ((1 << 44) - 1)) << 12, 512), Tables(machine, word("host_root"), 2048))
