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
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(HERE, "..", "..", "scripts")
sys.path[:0] = [HERE, os.path.join(HERE, "..", "linux"), SCRIPTS]
import qemu  # noqa: E402
from session import Failure, Session, must  # noqa: E402

VERIFY, ROT = (os.path.join(SCRIPTS, name) for name in ("cove-verify", "cove-rot"))
IMAGE = os.path.join(qemu.BUILD, "tvm", "attest.bin")
MEM = "64M"                     # cove-run's for an image
SECONDS = 300


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
        self.fuses = self.path("fuses")
        subprocess.run([ROT, "make", self.fuses], check=True)
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
        return qemu.Config(image=image, initrd=initrd, smp=2, mem="1G", files=files, **ours)

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
        self.shell, self.kept = Session(machine), None
        self.shell.boot(SECONDS)

    def usual(self):
        """What attest() says of the usual image and a challenge, which is the first; made once."""
        if not self.kept:
            challenge = nonce()
            self.kept = challenge, *self.attest(challenge)
        return self.kept

    def attest(self, challenge, image="attest", options=""):
        """A TVM's evidence by the name of its form, and what cove-run said."""
        said = self.shell.ok("echo %s | cove-run %s %s" % (challenge, options, image), SECONDS)
        forms = {}
        for form, data in re.findall(r"^evidence (\w+) ((?:[0-9a-f]{2})+)$", said, re.M):
            forms[form] = forms.get(form, b"") + bytes.fromhex(data)
        must(set(forms) == {"cbor", "x509"}, "no evidence in both forms: " + said[-300:])
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
        must(text.count("  as expected") == 7 and "state: secured" in text, "not all is compared: " + text)


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
    """an image with one bit changed, or more memory, is refused where it is not expected, and accepted where it is"""
    challenge = nonce()
    data = ours.attest(challenge, "changed", "--memory 96M")[0]["cbor"]
    world.refused(r"register 4 ", data, challenge, world.root, world.all_expected())
    world.refused(r"register 6 ", data, challenge, world.root, world.all_expected(world.changed))
    world.accepted(data, challenge, world.root, world.all_expected(world.changed, "96M"))


def test_cove_run(world, ours):
    """cove-run prints the measurements that cove-verify expects of the image"""
    expected = json.loads(load(world.expected(IMAGE, MEM)))["registers"]
    found = dict(re.findall(r"^cove-run: expected measurement (\d): ([0-9a-f]{96})$", ours.usual()[2], re.M))
    must(found == expected, "it prints %s, expected is %s" % (found, expected))


# --- on a stock firmware -----------------------------------------------------------------------------------------

def test_debug(world, stock):
    """on a stock OpenSBI the evidence says debug and is refused by default; its root is everyone's, not the platform's"""
    challenge, forms, _ = stock.usual()
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
            except (Failure, qemu.Trouble, OSError, ValueError, subprocess.CalledProcessError) as why:
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
