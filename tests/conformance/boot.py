#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots the TSM on machines that it must accept and on machines that it must refuse with a clear message. Prints TAP.

usage: boot.py [--long]
"""
import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "scripts"))
import qemu  # noqa: E402
sys.path.insert(0, HERE)
import tables  # noqa: E402

BOOTED = rb"tsm: boot: \d+ instructions to host entry"
REFUSED = rb"tsm: error: cannot start: "

# A host that powers off at once: an Image header, then SRST (shutdown).
IMAGE_ASM = """
	.option norvc
_start:	j 1f
	.word 0
	.dword 0x200000, 0x10000, 0
	.word 2, 0
	.dword 0
	.ascii "RISCV\\0\\0\\0"
	.ascii "RSC\\5"
	.word 0
1:	li a7, 0x53525354
	li a6, 0
	li a0, 0
	li a1, 0
	ecall
2:	j 2b
"""

failed = number = 0


def result(good, sentence, detail=""):
    global failed, number
    number += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {number} - {sentence}", flush=True)
    if not good and detail:
        print("\n".join("# " + line for line in detail.splitlines()[-30:]))


def attempt(sentence, pattern, image, seconds=30, **settings):
    """One machine: `pattern` must come on the console, and the machine must end by itself after it."""
    config = qemu.Config(image=image, **settings)
    try:
        with qemu.Machine(config, "boot") as machine:
            try:
                machine.expect(pattern if isinstance(pattern, str) else pattern.decode(), seconds)
                machine.wait(seconds)
                result(True, sentence)
            except qemu.Trouble as trouble:
                machine.report()
                result(False, sentence, str(trouble))
    except qemu.Trouble as trouble:
        result(False, sentence, str(trouble))


def assemble(folder, text, name):
    source, elf, out = (os.path.join(folder, name + end) for end in (".S", ".o", ".bin"))
    with open(source, "w", encoding="ascii") as f:
        f.write(text)
    subprocess.run(["riscv64-linux-gnu-as", "-o", elf, source], check=True)
    subprocess.run(["riscv64-linux-gnu-objcopy", "-O", "binary", elf, out], check=True)
    return out


def broken_tree(folder, name, pattern, replacement):
    """QEMU's device tree with one thing changed in its source; returns QEMU's options for a machine that gets it."""
    dtb, dts = os.path.join(folder, name + ".dtb"), os.path.join(folder, name + ".dts")
    machine = ["-cpu", qemu.CPU, "-smp", "2", "-m", "512M", "-display", "none"]
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([qemu.find_qemu(), "-M", f"virt,aia=aplic-imsic,aia-guests=5,dumpdtb={dtb}"] + machine, **quiet)
    subprocess.run(["dtc", "-I", "dtb", "-O", "dts", "-o", dts, dtb], **quiet)
    with open(dts, encoding="utf-8") as f:
        text, count = re.subn(pattern, replacement, f.read(), flags=re.S)
    if not count:
        raise SystemExit(f"boot.py: QEMU's device tree has nothing like {pattern}")
    with open(dts, "w", encoding="utf-8") as f:
        f.write(text)
    subprocess.run(["dtc", "-I", "dts", "-O", "dtb", "-f", "-o", dtb, dts], **quiet)
    return {"smp": 2, "mem": "512M", "extra": ["-dtb", dtb]}


def accepted(image):
    for harts, mem in ((1, "256M"), (2, "512M"), (4, "2G"), (8, "3G")):
        attempt(f"it boots with {harts} harts and {mem}", BOOTED, image, smp=harts, mem=mem)
    attempt("it boots on -cpu max", BOOTED, image, cpu="max")
    attempt("it boots without V, Zicboz, Smstateen and Svpbmt", BOOTED, image, cpu="rv64,smaia=on,ssaia=on")
    attempt("it boots with one guest interrupt file", BOOTED, image, aia_guests=1)


def header():
    """What firmware that measures reads from the image (include/cove/attest_handoff.h)."""
    with open(os.path.join(HERE, "..", "..", "build", "tsm.bin"), "rb") as f:
        data = f.read()
    magic, size, manifest, manifest_size = struct.unpack_from("<4Q", data, 8)
    result(magic == 0x314d535445564f43 and size == len(data), "the image's header tells the size of its file",
           f"{magic:#x} {size} {len(data)}")
    text = data[manifest:manifest + manifest_size].decode("ascii", "replace")
    result(re.fullmatch(r"name=cove-tsm\n([a-z_]+=[0-9a-fx]+\n)+", text), "and where its manifest is", text)


def devices(image):
    """What the banner says of DMA."""
    def says(sentence, words, **settings):
        attempt(sentence, "tsm: .*devices: " + words, image, **settings)

    without_msi = ["-global", "riscv-iommu.intremap=off"]
    trusted = "tsm.devices=trusted-devices"
    says("with the board's IOMMU, DMA is confined", "DMA is confined by 1 IOMMU")
    says("with an IOMMU that is a PCI function, DMA is confined", "DMA is confined by 1 IOMMU", iommu="pci")
    says("with an IOMMU without MSI tables, DMA is confined", "DMA is confined by 1 IOMMU", extra=without_msi)
    says("without an IOMMU no device may do DMA", "there is no IOMMU", iommu=None)
    says("without an IOMMU tsm.devices=trusted-devices lets them, loudly", ".*CAN REACH", iommu=None, append=trusted)
    says("of several tsm.devices= the last one counts", "there is no IOMMU", iommu=None,
         append=trusted + " tsm.devices=strict")


def refused(image, folder):
    def refuse(sentence, words, **settings):
        attempt(sentence, REFUSED.decode() + words, settings.pop("image", image), **settings)

    base = "rv64,smaia=on,ssaia=on"
    refuse("a machine without the hypervisor extension is refused by name", ".*hypervisor extension", cpu=base + ",h=off")
    refuse("a machine without Sstc is refused by name", ".*Sstc", cpu=base + ",sstc=off")
    refuse("a machine without AIA is refused with the option to give", ".*aia=aplic-imsic",
           cpu="rv64", extra=["-M", "aia=none"])
    refuse("a machine without guest interrupt files is refused", ".*guest interrupt files", aia_guests=0)
    refuse("a start without a host kernel is refused with the option to give", ".*guest-loader", image=None)
    refuse("an IOMMU that has no second stage is refused by name", "the IOMMU at .* no second stage",
           extra=["-global", "riscv-iommu.g-stage=off"])
    refuse("a policy for devices that there is not is refused", "tsm.devices=", append="tsm.devices=trusted")
    tree = "device tree: "
    for name, sentence, pattern, replacement in (
            ("wrap", "a device tree whose memory wraps around is refused",
             r"(memory@80000000 \{.*?reg = <)[^>]*>", r"\1 0xffffffff 0xfff00000 0x00 0x20000000>"),
            ("empty", "a device tree whose memory is empty is refused",
             r"(memory@80000000 \{.*?reg = <)[^>]*>", r"\1 0x00 0x80000000 0x00 0x00>"),
            ("window", "a PCI window that lies over RAM is refused",
             r"(pci@30000000 \{.*?0x2000000 0x00 0x40000000 0x00 )0x40000000", r"\1 0x80000000")):
        refuse(sentence, tree, **broken_tree(folder, name, pattern, replacement))
    chosen = r"(chosen \{)"
    for name, sentence, words, where, more in (
            ("anywhere", "a handoff in memory that is not reserved is refused", "not a reserved page", "0x90000000", ""),
            ("between", "a handoff that is no page is refused", "not a reserved page", "0x90000800",
             "hold@90000000 { reg = <0 0x90000000 0 0x2000>; };"),
            ("nothing", "a handoff without content is refused", "malformed", "0x90000000",
             "hold@90000000 { reg = <0 0x90000000 0 0x1000>; };")):
        held = "" if not more else ("reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; %s }; " % more)
        refuse(sentence, "the handoff at .*" + words,
               **broken_tree(folder, name, chosen, held + r"\1 cove,handoff = <0 %s>;" % where))
    text = os.path.join(folder, "text")
    with open(text, "wb") as f:
        f.write(b"this is no kernel\n" * 100)
    refuse("a host kernel that is no Image is refused", ".*no RISC-V Image", image=text)


def mapped(folder):
    """The page tables as the hardware sees them, while a host that does nothing runs."""
    image = assemble(folder, IMAGE_ASM.replace("ecall", "wfi"), "idle")
    at = tables.symbols()
    try:
        with qemu.Machine(qemu.Config(image=image, smp=2, mem="2G"), "tables") as machine:
            machine.expect(BOOTED.decode(), 30)
            own, host = tables.trees(machine, at)
    except qemu.Trouble as trouble:
        return result(False, "the page tables can be read", str(trouble))
    start, text, rodata = (at[name] for name in ("tsm_image_start", "tsm_text_end", "tsm_rodata_end"))
    both = [hex(a) for a, _, f in own.leaves if f & tables.W and f & tables.X]
    result(not both, "no page of the TSM is writable and executable", " ".join(both))
    code = [hex(a) for a, _, f in own.leaves if f & tables.X and not start <= a < text]
    result(not code, "only the TSM's text is executable", " ".join(code))
    result(all(own.flags(a) & 0xe == tables.R for a in range(text, rodata, 4096)), "its constants are read-only")
    result(not own.flags(at["boot_guard"]) and not own.flags(at["panic_guard"]), "no page lies under the static stacks")
    holes = guards(own, host)
    result(len(holes) == 2, "a page is missing under the stack of each hart, and nowhere else", " ".join(map(hex, holes)))
    result(not host.moved and not own.moved, "both trees are one to one")
    ram = [(a, n) for a, n, f in host.leaves if f & tables.X]
    result(all(n >= 1 << 21 for _, n in ram), "the host's memory is mapped with leaves of 2 MiB and more")
    result(all(not host.flags(a) for a in range(start, start + (2 << 20), 4096)), "the host does not reach the TSM's image")


def guards(own, host):
    """Pages of RAM that the TSM keeps for itself outside of its image and does not map."""
    kept = [a for a in range(0x80400000, 0x100000000, 1 << 21) if not host.flags(a)]
    return [page for a in kept for page in range(a, a + (1 << 21), 4096) if not own.flags(page)]


def main():
    if sys.argv[1:] == ["--help"]:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        image = assemble(folder, IMAGE_ASM, "off")
        accepted(image)
        header()
        devices(image)
        mapped(folder)
        refused(image, folder)
    print(f"1..{number}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
