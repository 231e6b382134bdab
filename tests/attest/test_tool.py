# SPDX-License-Identifier: BSD-2-Clause
"""cove-verify and cove-rot as one calls them, and what they take for granted of the monitor."""
import json
import os
import re
import struct
import subprocess
import tempfile
import unittest

import generate
from attest import claims, keys, measure, seal
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
VERIFY, ROT = (os.path.join(ROOT, "scripts", name) for name in ("cove-verify", "cove-rot"))
UDS = bytes(range(48))
REGISTERS = {i: keys.sha384(bytes([i])) for i in range(7)}
CHALLENGE = bytes(range(64))


def open_payload(data, key):
    """The TSM's half of scripts/attest/seal.py."""
    header = data[:seal.HEADER]
    magic, zero, size = seal.HEAD.unpack_from(header)
    assert (magic, zero, len(data)) == (seal.MAGIC, 0, seal.HEADER + size + seal.TAG)
    own = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), b"\4" + header[160:])
    out = keys.kdf(seal.KDF_SECRET, key.exchange(ec.ECDH(), own) + keys.sha384(header), seal.KEY + seal.NONCE)
    return ChaCha20Poly1305(out[:seal.KEY]).decrypt(out[seal.KEY:], data[seal.HEADER:], header)


def call(*args):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode()


class Verdicts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.fuses = self.path("fuses")
        self.assertEqual(call(ROT, "make", self.fuses, "--uds", UDS.hex())[0], 0)
        self.root = self.write("root.pem", call(ROT, "key", self.fuses)[1].encode())
        self.expect(REGISTERS)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def expect(self, registers):
        item = {"hash": "sha-384", "registers": {str(i): v.hex() for i, v in registers.items()}}
        self.expected = self.write("expected.json", json.dumps(item).encode())

    def evidence(self, state=2, form="cbor", devices=1):
        machine = generate.Machine(UDS, state, REGISTERS, ec.derive_private_key(3, ec.SECP384R1()), CHALLENGE)
        machine.devices = devices
        return self.write("evidence", getattr(machine, form)())

    def judge(self, *more, nonce=CHALLENGE, evidence=None):
        return call(VERIFY, "evidence", evidence or self.evidence(), "--nonce", nonce.hex(), "--root", self.root,
                    "--expect", self.expected, *more)

    def refused(self, words, *more, **settings):
        status, text = self.judge(*more, **settings)
        self.assertEqual(status, 1, text)
        self.assertRegex(text.splitlines()[-1], "^verdict: refused: .*" + words)

    def accepted(self, *more, **settings):
        status, text = self.judge(*more, **settings)
        self.assertEqual(status, 0, text)
        self.assertRegex(text.splitlines()[-1], "^verdict: accepted")
        return text

    def test_accepted(self):
        """cove-verify accepts good evidence in both forms, by root key and by root certificate, and shows three layers"""
        for form in ("cbor", "x509"):
            text = self.accepted(evidence=self.evidence(form=form))
            for line in ("platform (signed by the root key)", "  state: secured", "tsm (signed by the platform key)",
                         "tvm (signed by the TSM key)", "  challenge: " + CHALLENGE.hex()):
                self.assertIn(line + "\n", text)
            self.assertEqual(text.count("  as expected"), 7)
        self.root = self.write("root.pem", call(ROT, "certificate", self.fuses)[1].encode())
        self.accepted()

    def test_devices(self):
        """devices that no IOMMU confines are refused unless the policy allows them; a policy that is none always"""
        self.accepted(evidence=self.evidence(devices=2))
        self.refused("trusted-devices", evidence=self.evidence(devices=3))
        self.assertIn("devices: trusted\n", self.accepted("--policy", "trusted-devices", evidence=self.evidence(devices=3)))
        for devices in (0, 4, 1 << 32, -1, "1"):
            self.refused("policy", "--policy", "trusted-devices", evidence=self.evidence(devices=devices))

    def test_secret(self):
        """a secret is sealed for accepted evidence only, anew each time; who has not the key or changes a bit gets nothing"""
        secret, payload = self.write("secret", b"hush"), self.path("payload")
        self.refused("state", "--secret", secret, "--payload", payload, evidence=self.evidence(state=3))
        self.assertFalse(os.path.exists(payload))
        sealed = []
        for form in ("cbor", "x509"):
            self.accepted("--secret", secret, "--payload", payload, evidence=self.evidence(form=form))
            with open(payload, "rb") as f:
                sealed.append(f.read())
        self.assertNotEqual(sealed[0], sealed[1])
        key = keys.Chain(UDS, 2, REGISTERS).sealing
        self.assertEqual([open_payload(data, key) for data in sealed], [b"hush", b"hush"])
        self.assertNotIn(b"hush", sealed[0])
        self.assertEqual(sealed[0][16:160], b"".join(REGISTERS[i] for i in (4, 5, 6)))
        for what, name in ((b"", "empty"), (bytes(seal.SECRET_MAX + 1), "large")):
            self.assertEqual(self.judge("--secret", self.write(name, what), "--payload", payload)[0], 2)
        self.assertEqual(self.judge("--secret", secret)[0], 2)

    def test_nonce(self):
        """evidence for another nonce is refused, and a nonce that was accepted before is a replay"""
        self.refused("nonce is another one", nonce=CHALLENGE[:-1] + b"\0")
        seen = self.path("seen")
        self.refused("nonce is another one", "--seen", seen, nonce=bytes(64))
        self.accepted("--seen", seen)
        self.refused("replay", "--seen", seen)
        self.accepted()

    def test_state(self):
        """a debug platform is refused unless the policy allows it; other states are refused whatever the policy"""
        self.refused("state \"debug\"", evidence=self.evidence(state=3))
        self.accepted("--policy", "allow-debug", evidence=self.evidence(state=3))
        for state, name in ((1, "not configured"), (4, "recovery")):
            self.refused("state \"%s\"" % name, "--policy", "allow-debug", evidence=self.evidence(state=state))

    def test_registers(self):
        """a register that differs is refused, and one that nothing is known of too, unless it is ignored"""
        for index in range(7):
            self.expect({**REGISTERS, index: bytes(48)})
            self.refused(r"register %d \(" % index)
            self.expect({i: v for i, v in REGISTERS.items() if i != index})
            self.refused("register %d .*not expected to be anything" % index)
            self.assertIn("unchecked: register %d" % index, self.accepted("--ignore", str(index)))
        self.expect({**REGISTERS, 7: bytes(48)})
        self.accepted()
        self.expect({**REGISTERS, 7: bytes([1]) * 48})
        self.refused("register 7")

    def test_versions(self):
        """a security version below the least one is refused"""
        self.accepted("--min-svn", "1")
        self.refused("security version 1, less than 2", "--min-svn", "2")

    def test_root(self):
        """evidence beneath another root key is refused; the well-known debug root is another one"""
        self.root = self.write("root.pem", call(ROT, "key", "--debug")[1].encode())
        self.refused("platform token")

    def test_debug_root(self):
        """the evidence of a machine without a root of trust verifies beneath the debug root and is refused as debug"""
        registers = {**REGISTERS, **dict(enumerate(keys.debug_registers()))}
        machine = generate.Machine(keys.debug_uds(), 3, registers, ec.derive_private_key(3, ec.SECP384R1()), CHALLENGE)
        data = self.write("evidence", machine.cbor())
        self.root = self.write("root.pem", call(ROT, "key", "--debug")[1].encode())
        self.expect(registers)
        self.refused("state \"debug\"", evidence=data)
        self.accepted("--policy", "allow-debug", evidence=data)

    def test_usage(self):
        """wrong calls end with status 2 and one line that says what to give"""
        good = ["evidence", self.evidence(), "--nonce", CHALLENGE.hex(), "--root", self.root, "--expect", self.expected]
        for at, value, words in ((3, "12", "has 1 bytes"), (3, "xyz", "64 bytes in hex"), (5, self.expected, "PEM"),
                                 (5, "/nowhere", "No such file"), (7, self.root, "cove-verify measure prints"),
                                 (1, "/nowhere", "No such file")):
            args = good[:at] + [value] + good[at + 1:]
            status, text = call(VERIFY, *args)
            self.assertEqual(status, 2, text)
            self.assertRegex(text, "^cove-verify: .*%s.*\n$" % words)

    def test_help(self):
        """help names every command; nonce gives 64 fresh bytes"""
        status, text = call(VERIFY, "--help")
        self.assertEqual(status, 0)
        for word in ("nonce", "measure", "evidence", "--policy", "--machine-dtb", "Exit status"):
            self.assertIn(word, text)
        first, second = call(VERIFY, "nonce")[1], call(VERIFY, "nonce")[1]
        self.assertRegex(first, "^[0-9a-f]{128}\n$")
        self.assertNotEqual(first, second)

    def test_fuses(self):
        """cove-rot makes a new UDS each time and never overwrites fuses"""
        self.assertNotEqual(call(ROT, "make", self.fuses)[0], 0)
        one, two = self.path("one"), self.path("two")
        for name in (one, two):
            self.assertEqual(call(ROT, "make", name)[0], 0)
        self.assertNotEqual(call(ROT, "key", one), call(ROT, "key", two))
        self.assertNotEqual(call(ROT, "key", self.root)[0], 0)


class Agreement(unittest.TestCase):
    def test_labels(self):
        """labels, names and sizes are those of include/cove/claims.h"""
        with open(os.path.join(ROOT, "include", "cove", "claims.h"), encoding="utf-8") as f:
            header = {m[1]: m[2] for m in re.finditer(r'^#define (\w+)\s+(\(?-?\d+\)?|"[^"]*")', f.read(), re.M)}
        value = lambda name: json.loads(header[name].strip("()"))
        pairs = {
            "CBOR_TAG_COSE_SIGN1": claims.TAG_SIGN1, "CBOR_TAG_CWT": claims.TAG_CWT, "CBOR_TAG_UCCS": claims.TAG_UCCS,
            "CWT_ISS": claims.ISS, "CWT_SUB": claims.SUB, "EAT_NONCE": claims.NONCE, "EAT_PROFILE": claims.PROFILE,
            "EAT_SUBMODS": claims.SUBMODS, "COVE_EAT_PROFILE": claims.PROFILE_TEXT,
            "COVE_CLAIM_PLATFORM_KEY": claims.PLATFORM_KEY, "COVE_CLAIM_MANUFACTURER": claims.MANUFACTURER,
            "COVE_CLAIM_PLATFORM_STATE": claims.PLATFORM_STATE, "COVE_CLAIM_PLATFORM_COMPONENTS": claims.PLATFORM_COMPONENTS,
            "COVE_CLAIM_TSM_KEY": claims.TSM_KEY, "COVE_CLAIM_TSM_COMPONENTS": claims.TSM_COMPONENTS,
            "COVE_CLAIM_SEALING_KEY": claims.SEALING_KEY, "COVE_CLAIM_TVM_IDENTITY": claims.TVM_IDENTITY,
            "COVE_CLAIM_TVM_KEY": claims.TVM_KEY, "COVE_CLAIM_INITIAL": claims.INITIAL, "COVE_CLAIM_RUNTIME": claims.RUNTIME,
            "COVE_CLAIM_DEVICES": claims.DEVICES,
            "COVE_CLAIM_EVIDENCE": claims.EVIDENCE, "COVE_COMPONENT_TYPE": claims.COMPONENT_TYPE,
            "COVE_COMPONENT_MEASUREMENT": claims.COMPONENT_MEASUREMENT, "COVE_COMPONENT_SVN": claims.COMPONENT_SVN,
            "COVE_COMPONENT_MANIFEST": claims.COMPONENT_MANIFEST, "COVE_COMPONENT_SIGNER": claims.COMPONENT_SIGNER,
            "COVE_COMPONENT_HASH": claims.COMPONENT_HASH, "COVE_TYPE_FIRMWARE": claims.TYPE_FIRMWARE,
            "COVE_TYPE_CONFIG": claims.TYPE_CONFIG, "COVE_TYPE_TSM_DRIVER": claims.TYPE_TSM_DRIVER,
            "COVE_TYPE_TSM": claims.TYPE_TSM, "COVE_MEASUREMENT_INDEX": claims.MEASUREMENT_INDEX,
            "COVE_MEASUREMENT_VALUE": claims.MEASUREMENT_VALUE, "COVE_MEASUREMENT_HASH": claims.MEASUREMENT_HASH,
            "COVE_HASH_NAME": claims.HASH, "COVE_MANUFACTURER_SIZE": claims.MANUFACTURER_SIZE,
            "COVE_CHALLENGE_SIZE": claims.CHALLENGE_SIZE, "COSE_HEADER_ALG": claims.ALG, "COSE_HEADER_KID": claims.KID,
            "COSE_ALG_ES384": claims.ES384, "COVE_UDS_SIZE": keys.UDS, "COVE_CDI_SIZE": keys.CDI, "COVE_KEY_SIZE": keys.KEY,
            "COVE_CDI_ID_SIZE": keys.CDI_ID, "COVE_KDF_CDI": keys.KDF_CDI.decode(),
            "COVE_KDF_SEALING_CDI": keys.KDF_SEALING_CDI.decode(), "COVE_KDF_ROT_KEY": keys.KDF_ROT_KEY.decode(),
            "COVE_KDF_ATTESTATION_KEY": keys.KDF_ATTESTATION_KEY.decode(),
            "COVE_KDF_SEALING_KEY": keys.KDF_SEALING_KEY.decode(), "COVE_KDF_CDI_ID": keys.KDF_CDI_ID.decode(),
            "COVE_KDF_SECRET": seal.KDF_SECRET.decode(),
            "COVE_DEBUG_TEXT": keys.DEBUG.decode()}
        self.assertEqual({name: value(name) for name in pairs}, pairs)
        states = {value("COVE_STATE_" + name.upper().replace(" ", "_")): name for name in keys.STATES.values()}
        self.assertEqual(states, keys.STATES)


class Trees(unittest.TestCase):
    SOURCE = """/dts-v1/; /memreserve/ 0x1000 0x2000; / { #address-cells = <2>; compatible = "riscv-virtio";
        chosen { bootargs = "a"; rng-seed = <1 2 3>; %s
            module@1 { compatible = "multiboot,module", "x"; reg = <1>; deeper { y; }; };
            config { compatible = "opensbi,config"; heap-size = <%s>; }; };
        soc { #address-cells = <1>; uart@1 { reg = <1>; %s chosen { bootargs = "%s"; }; }; }; };"""

    @staticmethod
    def digest(text, *options):
        dtb = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", *options], input=text.encode(), stdout=subprocess.PIPE,
                             check=True).stdout
        return measure.configuration(dtb)

    def test_canonical(self):
        """a machine's tree measures the same whatever its seeds, host and layout, and differently for all else"""
        base = self.digest(self.SOURCE % ("", 5, "", "b"))
        self.assertEqual(base, self.digest(self.SOURCE % ("kaslr-seed = <9>; linux,initrd-start = <1>;", 5, "", "b")))
        self.assertEqual(base, self.digest(self.SOURCE % ("", 5, "", "b"), "-S", "9000"))
        self.assertEqual(base, self.digest((self.SOURCE % ("", 5, "", "b")).replace("module@1", "module@77").replace("deeper", "d")))
        for other in (("", 6, "", "b"), ("", 5, "status = \"okay\";", "b"), ("", 5, "", "c"), ("more { };", 5, "", "b")):
            self.assertNotEqual(base, self.digest(self.SOURCE % other))
        self.assertNotEqual(base, self.digest((self.SOURCE % ("", 5, "", "b")).replace("0x2000", "0x2001")))

    def test_broken(self):
        """what is no device tree is refused in one line"""
        good = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input=(self.SOURCE % ("", 5, "", "b")).encode(),
                              stdout=subprocess.PIPE, check=True).stdout
        for size in range(0, len(good), 5):
            self.assertRaises(measure.Unfit, measure.configuration, good[:size])
        begin = struct.unpack_from(">I", good, 8)[0]
        for word in range(begin, len(good) - 4, 4):
            bad = good[:word] + b"\0\0\1\0" + good[word + 4:]
            try:
                measure.configuration(bad)
            except measure.Unfit:
                pass


class Measuring(unittest.TestCase):
    def test_layouts(self):
        """pages, entry and configuration are measured as Salus's formulas and tsm/measure/measure.h say"""
        image = bytearray(range(256)) * 20
        image[8:24] = struct.pack("<2Q", 0x200000, 0x10000)
        image[0x28:0x30] = struct.pack("<Q", len(image))
        image[0x30:0x3c] = b"RISCV\0\0\0RSC\5"
        got = measure.cove_run(bytes(image), 64 << 20, 2).registers()
        pages = bytes(48)
        for at in range(0, len(image), 4096):
            pages = keys.sha384(pages, (0x80200000 + at).to_bytes(8, "little"), bytes(image[at:at + 4096]).ljust(4096, b"\0"))
        entry = keys.sha384(keys.sha384(bytes(48), (0x80200000).to_bytes(8, "little")), bytes(8))
        words = [1, 1, 0x80000000, 64 << 20, 2, 0, 1, 0]
        self.assertEqual(got, {4: pages, 5: entry, 6: keys.sha384(bytes(48), struct.pack("<8Q", *words))})
        self.assertNotEqual(measure.cove_run(bytes(image), 64 << 20, 1).registers()[6], got[6])
        kernel = measure.kernel(bytes(image), b"initrd", b"dtb", 512 << 20, 3)
        self.assertEqual(kernel.arg, 0x80800000)
        self.assertNotEqual(kernel.registers()[6], got[6])

    def test_files(self):
        """cove-verify measure refuses what is no image or no TSM, and prints registers of what is one"""
        for args, words in ((["measure"], "measure what"), (["measure", VERIFY], "no RISC-V Image"),
                            (["measure", "--tsm", VERIFY], "no TSM"), (["measure", "--machine-dtb", VERIFY], "no device tree"),
                            (["measure", VERIFY, "--mem", "5"], "whole pages"), (["measure", VERIFY, "--vcpus", "65"], "1 to 64")):
            status, text = call(VERIFY, *args)
            self.assertEqual((status, bool(re.search(words, text))), (2, True), text)
        status, text = call(VERIFY, "measure", "--firmware", VERIFY)
        with open(VERIFY, "rb") as f:
            self.assertEqual(json.loads(text)["registers"], {"0": keys.sha384(bytes(48), keys.sha384(f.read())).hex()})
        self.assertEqual(status, 0)
