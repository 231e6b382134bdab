# SPDX-License-Identifier: BSD-2-Clause
"""What the initial registers must hold, computed from files (docs/attestation.md, tsm/measure/measure.h)."""

import struct

from .keys import DIGEST, sha384

PAGE = 4096
RAM = 0x80000000
KERNEL_OFFSET = 0x200000
INITRD_TOP = 256 << 20          # the existing VMM puts an initramfs below this much RAM
FDT_SIZE = 0x10000
FDT_ALIGN = 4 << 20
CONFIG_VERSION = 1
TSM_MAGIC = 0x314d535445564f43
ZERO = bytes(DIGEST)


class Unfit(Exception):
    """Why a file cannot be what it is said to be, in one line."""


def le64(*numbers):
    return b"".join(n.to_bytes(8, "little") for n in numbers)


def extend(register, data):
    return sha384(register, data)


# --- the platform and the TSM ---------------------------------------------------------------------

def firmware(image):
    return extend(ZERO, sha384(image))


def tsm(image):
    """Registers 2 and 3 of a tsm.bin."""
    if len(image) < 40:
        raise Unfit("no TSM: too short for a header")
    magic, size, manifest, manifest_size = struct.unpack_from("<4Q", image, 8)
    if magic != TSM_MAGIC:
        raise Unfit("no TSM: its header has no COVETSM1")
    if size != len(image) or manifest > size or manifest_size > size - manifest:
        raise Unfit("a TSM whose header does not fit its size: build it again")
    return extend(ZERO, sha384(image)), extend(ZERO, sha384(image[manifest:manifest + manifest_size]))


class Tree:
    """A flattened device tree in the canonical form that firmware hashes (platform/firmware/fdt_canon.h)."""

    BEGIN, END, PROPERTY, NOP, LAST = 1, 2, 3, 4, 9

    def __init__(self, blob):
        if len(blob) < 40 or struct.unpack_from(">I", blob)[0] != 0xd00dfeed:
            raise Unfit("no device tree: give a .dtb")
        self.blob = blob
        _, total, self.at, self.strings, self.reserved = struct.unpack_from(">5I", blob)
        if total > len(blob):
            raise Unfit("a device tree that is cut off")
        self.out = []

    def number(self, value, size=4):
        self.out.append(value.to_bytes(size, "little"))

    def text(self, data):
        self.number(len(data))
        self.out.append(data)

    def word(self):
        value = struct.unpack_from(">I", self.blob, self.at)[0]
        self.at += 4
        return value

    def string(self, at):
        return self.blob[at:self.blob.index(b"\0", at)]

    def take(self, size):
        data = self.blob[self.at:self.at + size]
        self.at += (size + 3) & ~3
        return data

    def node(self):
        """The node that begins here: its name, its own properties, and where its children begin."""
        name = self.string(self.at)
        self.take(len(name) + 1)
        properties = []
        while True:
            here, tag = self.at, self.word()
            if tag == self.PROPERTY:
                size, name_at = self.word(), self.word()
                properties.append((self.string(self.strings + name_at), self.take(size)))
            elif tag != self.NOP:
                self.at = here
                return name, properties

    def walk(self, path, left_out):
        """One node and all below it. An explicit path says where we are: () is the root."""
        name, properties = self.node()
        below = path + (name,) if path is not None else ()
        compatible = dict(properties).get(b"compatible", b"").split(b"\0")
        left_out = left_out or (path == (b"chosen",) and b"multiboot,module" in compatible)
        if not left_out:
            self.number(self.BEGIN)
            self.text(name)
            for key, value in properties if below != (b"chosen",) else []:
                self.number(self.PROPERTY)
                self.text(key)
                self.text(value)
        while True:
            tag = self.word()
            if tag == self.BEGIN:
                self.walk(below, left_out)
            elif tag == self.END:
                break
            elif tag != self.NOP:
                raise Unfit("a broken device tree")
        if not left_out:
            self.number(self.END)

    def canonical(self):
        try:
            tag = self.NOP
            while tag == self.NOP:
                tag = self.word()
            if tag != self.BEGIN:
                raise Unfit("a device tree without a root")
            self.walk(None, False)
            at = self.reserved
            while any(entry := struct.unpack_from(">2Q", self.blob, at)):
                self.number(4)
                self.number(entry[0], 8)
                self.number(entry[1], 8)
                at += 16
        except (struct.error, ValueError, RecursionError) as why:
            raise Unfit("a broken device tree") from why
        return b"".join(self.out)


def configuration(dtb):
    return extend(ZERO, sha384(Tree(dtb).canonical()))


# --- a TVM -------------------------------------------------------------------------------------------

class Tvm:
    """A TVM in the making: what its registers 4, 5 and 6 depend on."""

    def __init__(self, mem, vcpus):
        self.pages = ZERO
        self.entry, self.arg = 0, 0
        self.regions = [(RAM, mem)]
        self.vcpus = list(range(vcpus))
        self.aia = None                 # (base, group bits, group shift, hart bits, guest bits, file addresses)

    def add(self, gpa, data):
        """Measured pages: a file, its last page filled up with zeros."""
        if gpa % PAGE:
            raise Unfit("%#x is not the address of a page" % gpa)
        for at in range(0, len(data), PAGE):
            page = data[at:at + PAGE].ljust(PAGE, b"\0")
            self.pages = extend(self.pages, le64(gpa + at) + page)

    def merged_regions(self):
        merged = []
        for base, size in sorted(self.regions):
            if merged and sum(merged[-1]) == base:
                merged[-1] = (merged[-1][0], merged[-1][1] + size)
            else:
                merged.append((base, size))
        return merged

    def registers(self):
        regions = self.merged_regions()
        words = [CONFIG_VERSION, len(regions), *(n for r in regions for n in r), len(self.vcpus), *sorted(self.vcpus)]
        words += [1, *self.aia[:5], *self.aia[5]] if self.aia else [0]
        return {4: self.pages, 5: extend(extend(ZERO, le64(self.entry)), le64(self.arg)), 6: extend(ZERO, le64(*words))}


def image_header(image):
    """(offset from the start of RAM, size in memory, size of the file or 0) of a RISC-V Image; None: it is none."""
    if len(image) < 64 or image[0x30:0x38] != b"RISCV\0\0\0" or image[0x38:0x3c] != b"RSC\x05":
        return None
    offset, memory = struct.unpack_from("<2Q", image, 8)
    return offset, memory, struct.unpack_from("<Q", image, 0x28)[0]


def cove_run(image, mem, vcpus):
    """As cove-run builds a TVM from one image: no interrupt files, argument 0."""
    header = image_header(image)
    if not header or not header[2]:
        raise Unfit("no image for cove-run: its header lacks the size of the file")
    if header[2] != len(image):
        raise Unfit("its header says %d bytes, the file has %d" % (header[2], len(image)))
    tvm = Tvm(mem, vcpus)
    tvm.entry = RAM + header[0]
    tvm.add(tvm.entry, image)
    return tvm


def kernel(image, initrd, dtb, mem, vcpus):
    """As the existing VMM (kvmtool, --cove-vm) builds a TVM from a kernel, an initramfs and the tree that it made."""
    if not image_header(image):
        raise Unfit("no RISC-V Image")
    tvm = Tvm(mem, vcpus)
    tvm.entry = RAM + KERNEL_OFFSET
    tvm.add(tvm.entry, image)
    if initrd:
        top = RAM + min(mem, INITRD_TOP) - 1 - len(initrd) - PAGE
        tvm.add((top + PAGE - 1) & -PAGE, initrd)
    if dtb:
        end = tvm.entry + len(image)
        tvm.arg = ((end + FDT_ALIGN - 1) & -FDT_ALIGN) + FDT_ALIGN
        tvm.add(tvm.arg, dtb.ljust(FDT_SIZE, b"\0"))
    base = 0x08000000
    tvm.aia = (base, 0, 24, vcpus.bit_length(), 0, [base + i * PAGE for i in range(vcpus)])
    return tvm
