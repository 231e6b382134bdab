#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Evidence end to end: TVMs beneath a stock Linux obtain it, on our firmware and on a stock one, and programs that know no
code of ours judge it: cove-verify and openssl. Prints TAP. usage: system.py [TEST...]

`make check-evidence` builds what it starts. Each test names by its second argument the firmware that it wants.
"""

import contextlib
import inspect
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(HERE, "..", "..", "scripts")
sys.path[:0] = [HERE, os.path.join(HERE, "..", "linux"), SCRIPTS]
import qemu  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.exceptions import InvalidSignature  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: E402
from attest import keys, seal  # noqa: E402
from session import Failure, Session, must  # noqa: E402

VERIFY, ROT = (os.path.join(SCRIPTS, name) for name in ("cove-verify", "cove-rot"))
IMAGE = os.path.join(qemu.BUILD, "tvm", "attest.bin")
MEM = "64M"                     # cove-run's for an image
SECONDS = 300
HOST_MB = 640
SECURED = 2
SECRET = b"the key of a disk, which nobody but the TVM may see"


def call(*args):
    """(exit status, all that it said)"""
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode()


def output(*args):
    return subprocess.run(args, stdout=subprocess.PIPE, check=True).stdout


def load(path):
    with open(path, "rb") as f:
        return f.read()


class World:
    """The machines' common files: fuses, root key and certificate, an image with one bit changed, measurements."""

    def __init__(self, folder):
        self.folder = folder
        self.fuses, self.uds = self.path("fuses"), secrets.token_bytes(keys.UDS)
        subprocess.run([ROT, "make", self.fuses, "--uds", self.uds.hex()], check=True)
        self.root = self.write("root.pem", output(ROT, "key", self.fuses))
        self.root_certificate = self.write("root-certificate.pem", output(ROT, "certificate", self.fuses))
        self.debug_root = self.write("debug.pem", output(ROT, "key", "--debug"))
        changed = bytearray(load(IMAGE))
        changed[-1] ^= 1
        self.changed = self.write("changed", bytes(changed))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def config(self, firmware):
        image, initrd = qemu.host_files("stable")
        files = {"usr/share/cove/changed": load(self.changed)}
        ours = {"firmware": qemu.OUR_FIRMWARE, "fuses": self.fuses} if firmware == "ours" else {}
        return qemu.Config(image=image, initrd=initrd, smp=2, mem="%dM" % HOST_MB, files=files, **ours)

    def machine_dtb(self):
        """What QEMU hands to our firmware."""
        args = [qemu.find_qemu()] + qemu.arguments(self.config("ours"), self.folder)
        path = self.path("virt.dtb")
        if not os.path.exists(path):
            args[args.index("-M") + 1] += ",dumpdtb=" + path
            subprocess.run(args, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return path

    def expected(self, image, mem, *more):
        return self.write("expected.json", output(VERIFY, "measure", image, "--mem", mem, *more))

    def all_expected(self, image=IMAGE, mem=MEM):
        """Every initial register on our firmware, from files alone."""
        return self.expected(image, mem, "--firmware", qemu.OUR_FIRMWARE, "--machine-dtb", self.machine_dtb(), "--tsm",
                             os.path.join(qemu.BUILD, "tsm.bin"))

    def registers(self, *args):
        return {int(i): bytes.fromhex(v) for i, v in json.loads(load(self.all_expected(*args)))["registers"].items()}

    def chain(self):
        """All keys of our machine, which none but its firmware should ever have."""
        return keys.Chain(self.uds, SECURED, self.registers())

    def payload(self):
        """SECRET for the usual image on our machine."""
        return seal.seal(SECRET, self.chain().sealing.public_key(), self.registers())

    def judge(self, evidence, nonce, root, expected, *more):
        return call(VERIFY, "evidence", self.write("evidence", evidence), "--nonce", nonce, "--root", root, "--expect",
                    expected, *more)

    def accepted(self, *args):
        status, text = self.judge(*args)
        must(status == 0 and text.splitlines()[-1].startswith("verdict: accepted"), "refused: " + text[-400:])
        return text

    def refused(self, why, *args):
        status, text = self.judge(*args)
        must(status == 1 and re.search("^verdict: refused: .*" + why, text.splitlines()[-1]), "no refusal for %r: %s" %
             (why, text[-400:]))


class Host:
    """A booted host and the TVMs that it runs."""

    def __init__(self, machine):
        self.machine, self.shell, self.kept, self.salus = machine, Session(machine), None, None
        self.shell.boot(SECONDS)

    def usual(self, options=""):
        """What attest() says of the usual image and a challenge, which is the first; made once."""
        if not self.kept:
            challenge = nonce()
            self.kept = challenge, *self.attest(challenge, options=options), self.salus
        return self.kept[:3]

    def ram(self):
        """All of the machine's memory."""
        path = os.path.join(self.machine.folder, "ram")
        self.machine.monitor('pmemsave %#x %#x "%s"' % (qemu.RAM_BASE, HOST_MB << 20, path))
        data = load(path)
        os.unlink(path)
        must(len(data) == HOST_MB << 20, "QEMU saved %d bytes" % len(data))
        return data

    def put(self, path, data):
        """A small file in the host, by lines that its shell takes."""
        self.shell.ok(": >" + path)
        for at in range(0, len(data), 100):
            self.shell.ok("printf '%s' >>%s" % ("".join("\\x%02x" % b for b in data[at:at + 100]), path), SECONDS)

    def attest(self, challenge, image="attest", options=""):
        """A TVM's evidence by the name of its form, and what cove-run said."""
        said = self.shell.ok("echo %s | cove-run %s %s" % (challenge, options, image), SECONDS)
        forms = {}
        for form, data in re.findall(r"^evidence (\w+) ((?:[0-9a-f]{2})+)$", said, re.M):
            forms[form] = forms.get(form, b"") + bytes.fromhex(data)
        salus = forms.pop("salus", None)
        must(set(forms) == {"cbor", "x509"} and salus, "no evidence in all forms: " + said[-300:])
        self.salus = salus
        return forms, said


@contextlib.contextmanager
def host(world, firmware):
    with qemu.Machine(world.config(firmware), "attest-" + firmware) as machine:
        try:
            yield Host(machine)
        except qemu.Trouble as why:
            raise Failure("%s\n%s" % (why, machine.report())) from why


def nonce():
    return output(VERIFY, "nonce").decode().strip()


# --- on our firmware ----------------------------------------------------------------------------------------------

def test_accepted(world, ours):
    """cove-verify accepts both forms of a TVM's evidence for a fresh challenge against what it measured of the files"""
    challenge, forms, _ = ours.usual()
    for data in forms.values():
        text = world.accepted(data, challenge, world.root, world.all_expected())
        must(text.count("  as expected") == 7 and "state: secured" in text and "devices: all that do DMA are behind" in text, "not all is compared: " + text)


def chain_of(world, data):
    """The three certificates in a file each, the TVM's first."""
    paths = []
    while data:
        size = 4 + int.from_bytes(data[2:4], "big")
        must(data[:2] == b"\x30\x82" and size <= len(data), "no certificate")
        der = world.write("certificate.der", data[:size])
        paths.append(world.write("certificate-%d.pem" % len(paths), output("openssl", "x509", "-inform", "DER", "-in", der)))
        data = data[size:]
    must(len(paths) == 3, "%d certificates" % len(paths))
    return paths


def test_openssl(world, ours):
    """openssl verify accepts the whole chain of certificates from the root down, and no other root's"""
    tvm, tsm, platform = chain_of(world, ours.usual()[1]["x509"])
    check = ["openssl", "verify", "-x509_strict", "-ignore_critical", "-untrusted", tsm, "-untrusted", platform]
    status, said = call(*check, "-CAfile", world.root_certificate, tvm)
    must(status == 0, said)
    subprocess.run([ROT, "make", world.path("other-fuses")], check=True)
    other = world.write("other.pem", output(ROT, "certificate", world.path("other-fuses")))
    must(call(*check, "-CAfile", other, tvm)[0] != 0, "another root's certificate does as well")
    must(call(*check[:-2], "-CAfile", world.root_certificate, tvm)[0] != 0, "a chain with a gap is accepted")


def test_replay(world, ours):
    """evidence for another challenge is refused, and evidence that was accepted before is refused as a replay"""
    expected, seen = world.all_expected(), ("--seen", world.path("seen"))
    challenge, forms, _ = ours.usual()
    world.refused("different challenge", forms["cbor"], nonce(), world.root, expected)
    world.accepted(forms["cbor"], challenge, world.root, expected, *seen)
    for data in forms.values():
        world.refused("replay", data, challenge, world.root, expected, *seen)


def test_another(world, ours):
    """another image (by one bit) or more memory is refused unless it is expected, and gets no secret that is not its own"""
    challenge = nonce()
    ours.put("/tmp/payload", world.payload())
    forms, said = ours.attest(challenge, "changed", "--memory 96M --payload /tmp/payload")
    must("secret: none for this TVM" in said, "the secret: %s" % said[-200:])
    data = forms["cbor"]
    world.refused(r"register 4 ", data, challenge, world.root, world.all_expected())
    world.refused(r"register 6 ", data, challenge, world.root, world.all_expected(world.changed))
    world.accepted(data, challenge, world.root, world.all_expected(world.changed, "96M"))


def fnv(data):
    total = 0xcbf29ce484222325
    for byte in data:
        total = ((total ^ byte) * 0x100000001b3) & (1 << 64) - 1
    return total


def places(ram, secret):
    """Where any 16 bytes of it lie, in either byte order."""
    parts = [order[i:i + 16] for order in (secret, secret[::-1]) for i in range(0, len(secret) - 15, 8)]
    return sorted({m.start() for part in parts for m in re.finditer(re.escape(part), ram)})


def nowhere(ram, hidden, when):
    for name, secret in hidden.items():
        found = places(ram, secret)
        must(not found, "%s %s is at %s" % (when, name, ", ".join(hex(qemu.RAM_BASE + at) for at in found[:4])))


def scalar(key):
    return key.private_numbers().private_value.to_bytes(48, "big")


def test_secret(world, ours):
    """the TVM receives the secret that was sealed for accepted evidence; when it is gone, all of RAM has no trace of it"""
    challenge, forms, _ = ours.usual()
    world.accepted(forms["x509"], challenge, world.root, world.all_expected(), "--secret", world.write("secret", SECRET),
                   "--payload", world.path("payload"))
    ours.put("/tmp/payload", load(world.path("payload")))
    ours.shell.ok("mkfifo /tmp/in; (sleep 3000 >/tmp/in & echo $! >/tmp/holder)")
    ours.shell.ok("cove-run --payload /tmp/payload attest </tmp/in >/tmp/out 2>&1 & echo $! >/tmp/pid; echo %s >/tmp/in" % nonce())
    ours.shell.ok("until grep '^secret: bytes' /tmp/out; do kill -0 $(cat /tmp/pid) || exit 1; sleep 1; done", SECONDS)
    said = ours.shell.ok("grep ^secret /tmp/out")
    must("secret: bytes %d, sum %#x\n" % (len(SECRET), fnv(SECRET)) in said, "it received something else: %r" % said)
    chain, before = world.chain(), ours.ram()
    must(places(before, SECRET), "while the TVM has it, the secret is not found: the search is blind")
    must(places(before, chain.sealing_cdi1), "the TSM's own sealing CDI is not found: the search is blind")
    hidden = {"the UDS": world.uds, "CDI_0": chain.cdi0, "SCDI_0": chain.sealing_cdi0, "the RoT's key": scalar(chain.rot),
              "the platform's key": scalar(chain.platform), "the sealing key": scalar(chain.sealing)}
    nowhere(before, hidden, "while the TVM runs,")
    ours.shell.ok("echo >/tmp/in; wait $(cat /tmp/pid); kill $(cat /tmp/holder); rmmod cove && insmod /lib/modules/cove.ko", SECONDS)
    nowhere(ours.ram(), {**hidden, "the secret": SECRET}, "after it is destroyed,")
    must(SECRET.decode() not in ours.machine.text, "the secret is on the console")


FWIDS = (0, 1, 4, 5, 7, 8, 9, 10)       # the registers that Salus has, in its order
TCB_INFO = "2.23.133.5.4"


def test_salus(world, ours):
    """Salus's certificate is X.509 by the key that Python derives from CDI_1, for the request's key, with its eight registers"""
    ours.usual()
    certificate = x509.load_der_x509_certificate(ours.kept[3])
    seed = keys.kdf(b"CoVE Salus key", world.chain().cdi1, 32)
    signer = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key()
    signer.verify(certificate.signature, certificate.tbs_certificate_bytes)
    raw, ids = serialization.Encoding.Raw, []
    for key in (signer, certificate.public_key()):
        ids.append(keys.raw_id(key.public_bytes(raw, serialization.PublicFormat.Raw)).hex())
    must(certificate.issuer.rfc4514_string().endswith("=" + ids[0]), "the issuer is not the id of its key")
    must(certificate.serial_number == int.from_bytes(ids[1].encode(), "big"), "the serial number is not the id of the key")
    must("a guest of Salus" in certificate.subject.rfc4514_string(), "another subject than the request's")
    registers = {**{i: bytes(48) for i in FWIDS}, **world.registers()}
    items = b"".join(b"\x30\x3d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x04\x30" + registers[i] for i in FWIDS)
    size = len(items).to_bytes(2, "big"), (len(items) + 4).to_bytes(2, "big")
    found = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(TCB_INFO))
    must(found.critical and found.value.value == b"\x30\x82" + size[1] + b"\xa6\x82" + size[0] + items, "DiceTcbInfo differs")


def test_cove_run(world, ours):
    """cove-run prints the measurements that cove-verify expects of the image"""
    expected = json.loads(load(world.expected(IMAGE, MEM)))["registers"]
    found = dict(re.findall(r"^cove-run: expected measurement (\d): ([0-9a-f]{96})$", ours.usual()[2], re.M))
    must(found == expected, "it prints %s, expected is %s" % (found, expected))


# --- on a stock firmware -----------------------------------------------------------------------------------------

def test_debug(world, stock):
    """on a stock OpenSBI the evidence says debug and is refused by default; nor does it get a secret of ours"""
    stock.put("/tmp/payload", world.payload())
    challenge, forms, said = stock.usual("--payload /tmp/payload")
    must("secret: none for this TVM" in said, "another platform's secret: %s" % said[-200:])
    expected = world.expected(IMAGE, MEM)
    ignore = [word for n in "0123" for word in ("--ignore", n)]
    for data in forms.values():
        world.refused("signature|root key", data, challenge, world.root, expected, *ignore)
        world.refused('state "debug"', data, challenge, world.debug_root, expected, *ignore)
        text = world.accepted(data, challenge, world.debug_root, expected, "--policy", "allow-debug", *ignore)
        must("state: debug" in text, "the state: " + text)


# --- running them --------------------------------------------------------------------------------------------------

def machine_of(test):
    """A test's second argument is named after the firmware of the machine that it wants."""
    return list(inspect.signature(test).parameters)[1]


def run_tests(world, tests, number):
    """The tests of one machine; how many failed."""
    failed = 0
    with host(world, machine_of(tests[0])) as booted:
        for test in tests:
            number += 1
            sentence = inspect.getdoc(test).splitlines()[0]
            try:
                test(world, booted)
                print("ok %d - %s" % (number, sentence), flush=True)
            except (Failure, qemu.Trouble, OSError, ValueError, InvalidSignature, subprocess.CalledProcessError) as why:
                failed += 1
                print("not ok %d - %s\n%s" % (number, sentence, re.sub("^", "# ", str(why), flags=re.M)), flush=True)
    return failed


def main():
    tests = [t for name, t in globals().items() if name.startswith("test_") and (not sys.argv[1:] or name in sys.argv[1:])]
    failed = done = 0
    print("1..%d" % len(tests))
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        for firmware in ("ours", "stock"):
            here = [t for t in tests if machine_of(t) == firmware]
            if here:
                failed += run_tests(world, here, done)
            done += len(here)
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failure, qemu.Trouble, OSError, subprocess.CalledProcessError) as why:
        sys.exit("Bail out! %s" % why)
