#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Our firmware in QEMU: what it measures, derives and signs, and what it leaves for others to see. Prints TAP.

usage: run.py [TEST...]      `make firmware-tests` builds what it starts
"""

import inspect
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "scripts"), os.path.join(HERE, "..", "attest")]
import qemu  # noqa: E402
from attest import evidence, keys, measure  # noqa: E402
from attest.claims import TYPE_TSM  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402

PROBES = os.path.join(qemu.BUILD, "tests", "firmware")
ROT = os.path.join(HERE, "..", "..", "scripts", "cove-rot")
UDS = bytes(range(0xa0, 0xd0))
SECURED, DEBUG = 2, 3
HEAD = struct.Struct("<QII192s48s48s48s96s8H")
MAGIC = 0x31444e4845564f43
ATTESTED = "firmware: measured boot"


class Wrong(Exception):
    """What is not as it should be, in one line."""


def need(condition, why):
    if not condition:
        raise Wrong(why)


class Handoff:
    """The page that firmware leaves for the TSM."""

    def __init__(self, page):
        fields = HEAD.unpack_from(page)
        need(fields[:2] == (MAGIC, 1), "the handoff page has no handoff")
        self.page = page
        self.state, mr, self.cdi, self.sealing_cdi, self.private, self.public = fields[2:8]
        self.mr = [mr[i:i + 48] for i in range(0, 192, 48)]
        tail = page[HEAD.size:]
        self.pieces = [tail[o:o + n] for o, n in zip(fields[8::2], fields[9::2])]


def files():
    return {name: os.path.join(PROBES, name + ".bin") for name in ("plain", "probe", "changed")}


def fuses(folder, state="secured", uds=UDS):
    path = os.path.join(folder, "fuses-%s-%s" % (state, uds[:2].hex()))
    if not os.path.exists(path):
        subprocess.run([ROT, "make", path, "--state", state, "--uds", uds.hex()], check=True)
    return path


def firmware_with_a_bit(folder, at):
    with open(qemu.OUR_FIRMWARE, "rb") as f:
        image = bytearray(f.read())
    image[at] ^= 1
    path = os.path.join(folder, "fw.bin")
    with open(path, "wb") as f:
        f.write(image)
    return path


def config(folder, kernel="probe", **settings):
    settings = {"kernel": files()[kernel], "firmware": qemu.OUR_FIRMWARE, "fuses": fuses(folder), "smp": 1,
                "mem": "256M", **settings}
    return qemu.Config(**settings)


def read_memory(machine, at, size):
    path = os.path.join(machine.folder, "memory")
    machine.monitor('pmemsave %#x %#x "%s"' % (at, size, path))
    with open(path, "rb") as f:
        data = f.read()
    need(len(data) == size, "QEMU saved %d bytes of %d" % (len(data), size))
    return data


def boot(folder, expect=ATTESTED, **settings):
    """Starts a machine; returns its handoff."""
    with qemu.Machine(config(folder, **settings), "firmware") as machine:
        try:
            machine.expect(expect, 60)
            page = bytes.fromhex(machine.expect(r"^handoff ([0-9a-f]{8192})$", 60).group(1))
        except qemu.Trouble:
            machine.report()
            raise
    return Handoff(page) if expect == ATTESTED else page


def machine_dtb(folder, **settings):
    path = os.path.join(folder, "virt.dtb")
    args = [qemu.find_qemu()] + qemu.arguments(config(folder, **settings), folder)
    args[args.index("-M") + 1] += ",dumpdtb=" + path
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(path, "rb") as f:
        return f.read()


def load(path):
    with open(path, "rb") as f:
        return f.read()


# --- what it measures and derives -----------------------------------------------------------------------------

def test_registers(folder):
    """registers 0 to 3 are what cove-verify measure computes from the files"""
    got = boot(folder)
    tsm, manifest = measure.tsm(load(files()["probe"]))
    expected = [measure.firmware(load(qemu.OUR_FIRMWARE)), measure.configuration(machine_dtb(folder)), tsm, manifest]
    for index in range(4):
        need(got.mr[index] == expected[index], "register %d is %s" % (index, got.mr[index].hex()))


def test_chain(folder):
    """CDI_1, the sealing CDI and the TSM's key are what Python derives from the UDS"""
    got = boot(folder)
    chain = keys.Chain(UDS, SECURED, got.mr)
    need(got.cdi == chain.cdi1, "CDI_1 differs")
    need(got.sealing_cdi == chain.sealing_cdi1, "SCDI_1 differs")
    need(got.private == scalar(chain.tsm), "the TSM's private key differs")
    need(b"\4" + got.public == keys.point(chain.tsm.public_key()), "the TSM's public key differs")


def scalar(key):
    return key.private_numbers().private_value.to_bytes(48, "big")


class Tokens(evidence.Evidence):
    """The two lower layers alone."""

    def __init__(self, got, root):
        self.read_platform(self.open(got.pieces[0], root, "platform", keys.cdi_id(root)))
        self.read_tsm(self.open(got.pieces[1], self.platform_key.public(""), "tsm"))

    @staticmethod
    def open(data, key, what, kid=None):
        return evidence.open_token(evidence.decode(data, what), key, what, kid)


def test_tokens(folder):
    """the platform token and the TSM token verify from the root key down and say what was measured"""
    for state, number in (("secured", SECURED), ("debug", DEBUG)):
        got = boot(folder, fuses=fuses(folder, state))
        chain = keys.Chain(UDS, number, got.mr)
        tokens = Tokens(got, chain.rot.public_key())
        need(tokens.state == number == got.state, "the state is %d" % tokens.state)
        need(tokens.manufacturer.startswith(b"CoVE TSM project"), "the manufacturer is %r" % tokens.manufacturer)
        need([c.value for c in tokens.platform] == got.mr[:2], "the platform's components differ from registers 0, 1")
        need([c.value for c in tokens.tsm] == [got.mr[0], got.mr[2]], "the TSM's components differ from registers 0, 2")
        need(tokens.tsm[1].kind == TYPE_TSM and tokens.tsm[1].manifest == got.mr[3], "the manifest differs from register 3")
        need(tokens.tsm[1].svn == 7, "the manifest's svn=7 became %d" % tokens.tsm[1].svn)
        need(tokens.sealing_key.x == keys.point(chain.sealing.public_key())[1:49], "the sealing key differs")


def test_certificates(folder):
    """openssl verify accepts the platform's and the TSM's certificate beneath the root's, which cove-rot makes"""
    got = boot(folder)
    chain = [x509.load_der_x509_certificate(p).public_bytes(serialization.Encoding.PEM) for p in got.pieces[2:]]
    paths = [os.path.join(folder, name) for name in ("root.pem", "platform.pem", "tsm.pem")]
    root = subprocess.check_output([ROT, "certificate", fuses(folder)])
    for path, data in zip(paths, [root] + chain):
        with open(path, "wb") as f:
            f.write(data)
    done = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", paths[0], "-untrusted", *paths[1:]],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    need(done.returncode == 0, done.stdout.decode().strip())


def test_stable(folder):
    """the same image has the same identity on every start, whatever the seed, command line and host kernel"""
    first = boot(folder)
    image = files()["plain"]
    again = boot(folder, append="another command line", image=image, initrd=image, extra=["-seed", "5"])
    need(first.page == again.page, "two starts made two different handoffs")


def test_changes(folder):
    """one changed byte of firmware, TSM or machine gives other keys, and the layer below keeps its own"""
    first = boot(folder)
    platform = first.pieces[2]
    tsm = boot(folder, kernel="changed")
    need(tsm.cdi != first.cdi and tsm.sealing_cdi != first.sealing_cdi, "a changed TSM has the same CDI")
    need(tsm.pieces[2] == platform, "a changed TSM changes the platform's key")
    size = os.path.getsize(qemu.OUR_FIRMWARE)
    version = load(qemu.OUR_FIRMWARE).index(b"OpenSBI v") + 8
    for at in (version, size - 1):
        image = boot(folder, firmware=firmware_with_a_bit(folder, at))
        need(image.mr[0] != first.mr[0] and image.cdi != first.cdi and image.pieces[2] != platform,
             "firmware changed at %d has the same keys" % at)
        need(image.sealing_cdi != first.sealing_cdi, "firmware changed at %d has the same sealing CDI" % at)
    machine = boot(folder, smp=2)
    need(machine.mr[1] != first.mr[1] and machine.cdi != first.cdi, "a machine with another hart has the same CDI")
    need(machine.sealing_cdi == first.sealing_cdi, "a machine with another hart has another sealing CDI")
    other = boot(folder, fuses=fuses(folder, uds=UDS[::-1]))
    need(other.mr == first.mr and other.cdi != first.cdi and other.sealing_cdi != first.sealing_cdi,
         "another UDS gives the same CDI")
    debug = boot(folder, fuses=fuses(folder, "debug"))
    need(debug.mr == first.mr and debug.cdi != first.cdi and debug.sealing_cdi != first.sealing_cdi,
         "a machine in the state debug has a secured one's CDI")


# --- what it leaves ------------------------------------------------------------------------------------------------

def secrets(mr):
    """What nobody may find after firmware is through, by name; in mbedTLS numbers lie with their lowest byte first."""
    chain = keys.Chain(UDS, SECURED, mr)
    found = {"the UDS": UDS, "CDI_0": chain.cdi0, "SCDI_0": chain.sealing_cdi0, "the RoT's private key": scalar(chain.rot),
             "the platform's private key": scalar(chain.platform), "the sealing private key": scalar(chain.sealing)}
    return found, {"CDI_1": chain.cdi1, "the TSM's private key": scalar(chain.tsm)}


def places(ram, secret):
    """Where any 16 bytes of it lie, in either byte order."""
    parts = [order[i:i + 16] for order in (secret, secret[::-1]) for i in range(0, len(secret) - 15, 8)]
    return sorted({m.start() for part in parts for m in re.finditer(re.escape(part), ram)})


def test_leftovers(folder):
    """UDS, CDI_0 and the private keys below the TSM's are nowhere in RAM when the TSM starts; its own are in its page"""
    with qemu.Machine(config(folder), "firmware") as machine:
        machine.expect("probe done", 60)
        ram = read_memory(machine, qemu.RAM_BASE, 256 << 20)
    page = ram[qemu.FUSES_AT - qemu.RAM_BASE - 4096:][:4096]
    hidden, left = secrets(Handoff(page).mr)
    for name, secret in hidden.items():
        found = places(ram, secret)
        need(not found, "%s is at %s" % (name, ", ".join(hex(qemu.RAM_BASE + at) for at in found[:4])))
    for name, secret in left.items():
        found = places(ram, secret)
        need(found, "%s is not found where it is: the search is blind" % name)
        need(all(0x1fe000 <= at < 0x1ff000 for at in found), "%s is outside of its page" % name)


HART = r"^hart (\d\d) at ([0-9a-f]+): load (\d\d) store (\d\d) fetch (\d\d)$"


def pmp(folder, harts, **settings):
    with qemu.Machine(config(folder, smp=harts, **settings), "firmware") as machine:
        machine.expect("probe done", 90)
        text = machine.text
    seen = set()
    for hart, at, *causes in re.findall(HART, text, re.M):
        blocked = int(at, 16) < 0x80200000
        need(causes == (["05", "07", "01"] if blocked else ["00"] * 3), "hart %s at %s: causes %s" % (hart, at, causes))
        seen.add((hart, blocked))
    need(len(seen) == 2 * harts, "%d harts tried of %d" % (len(seen) // 2, harts))
    borders = set(re.findall(r"^hart \d\d reads from ([0-9a-f]+) on: ([0-9a-f]+) pages$", text, re.M))
    need(len(borders) == 1, "the harts do not see the same border")
    first, pages = (int(x, 16) for x in borders.pop())
    size = int(re.search(r"Firmware Size +: (\d+) KB", text).group(1)) << 10
    need(first >= qemu.RAM_BASE + size, "S-mode reads firmware's memory from %#x on" % first)
    # All that follows the firmware but the page of the root of trust.
    need(pages == (0x80200000 - first) // 4096 - 1, "S-mode reads %d pages from %#x on" % (pages, first))


def test_pmp(folder):
    """S-mode can neither read, write nor execute firmware's memory and the root of trust's page, on any hart"""
    pmp(folder, 4)


def test_pmp_smepmp(folder):
    """the same on a machine with Smepmp"""
    pmp(folder, 2, cpu="max")


def test_tree(folder):
    """the device tree that is handed on reserves all of firmware's pages and names the handoff"""
    with qemu.Machine(config(folder), "firmware") as machine:
        at = int(machine.expect(r"^fdt ([0-9a-f]+)\s", 60).group(1), 16)
        machine.expect("probe done", 60)
        size = struct.unpack(">I", read_memory(machine, at + 4, 4))[0]
        blob = read_memory(machine, at, size)
    path = os.path.join(folder, "tree.dtb")
    with open(path, "wb") as f:
        f.write(blob)
    dts = subprocess.check_output(["dtc", "-I", "dtb", "-O", "dts", path]).decode()
    need("cove,handoff = <0x00 0x801fe000>;" in dts, "/chosen has no cove,handoff")
    for page in (0x80000000, 0x801fe000, 0x801ff000):
        need(re.search(r"\w+@%x \{\s*reg = <0x00 0x%x 0x00 0x\w+>" % (page, page), dts), "%#x is not reserved" % page)


def test_nothing(folder):
    """without fuses, with fuses of an unknown state, or before what is no TSM, nothing is attested and all secrets are wiped"""
    page = boot(folder, "no root of trust is fused", fuses=None)
    need(not any(page), "there is a handoff without fuses")
    odd = os.path.join(folder, "odd")
    with open(odd, "wb") as f:
        data = bytearray(load(fuses(folder)))
        data[8] = 9
        f.write(data)
    need(not any(boot(folder, "no root of trust is fused", fuses=odd)), "there is a handoff with odd fuses")
    with qemu.Machine(config(folder, kernel="plain"), "firmware") as machine:
        machine.expect("what comes next is no TSM", 60)
        page = machine.expect(r"^handoff ([0-9a-f]{8192})$", 60).group(1)
        machine.expect("probe done", 60)
        ram = read_memory(machine, qemu.RAM_BASE, 256 << 20)
    need(not int(page, 16), "there is a handoff for what is no TSM")
    need(not places(ram, UDS), "the UDS is in RAM")


def test_tsm(folder):
    """the TSM starts on our firmware, with 1 and with 8 harts"""
    image = os.path.join(qemu.BUILD, "conformance", "testhost.bin")
    for harts in (1, 8):
        settings = {"smp": harts, "mem": "512M", "image": image}
        with qemu.Machine(qemu.Config(firmware=qemu.OUR_FIRMWARE, fuses=fuses(folder), **settings), "firmware") as machine:
            machine.expect(ATTESTED, 60)
            machine.expect(r"tsm: boot: \d+ instructions to host entry", 60, "tsm: error.*")


def main():
    tests = [t for name, t in globals().items() if name.startswith("test_") and (not sys.argv[1:] or name in sys.argv[1:])]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, test in enumerate(tests, 1):
            try:
                test(folder)
                print("ok %d - %s" % (number, inspect.getdoc(test)), flush=True)
            except (Wrong, qemu.Trouble, evidence.Refused, measure.Unfit, OSError, subprocess.SubprocessError) as why:
                failed += 1
                print("not ok %d - %s\n# %s" % (number, inspect.getdoc(test), why), flush=True)
    print("1..%d" % len(tests))
    sys.exit(1 if failed or not tests else 0)


if __name__ == "__main__":
    main()
