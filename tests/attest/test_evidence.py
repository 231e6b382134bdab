# SPDX-License-Identifier: BSD-2-Clause
import os
import subprocess
import tempfile
import unittest
from unittest import mock

import cbor2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519

import generate
from attest import claims as c
from attest import evidence, keys, x509form
from attest.evidence import Refused, read_cbor
from attest.x509form import read_x509

# Every so many bits are flipped; odd, so that no bit of a byte is spared. make check-long flips all.
STRIDE = int(os.environ.get("ATTEST_STRIDE", "17"))
UDS = bytes(range(48))
REGISTERS = {i: keys.sha384(bytes([i])) for i in range(7)}
CHALLENGE = bytes(range(64))
TVM_KEY = ec.derive_private_key(0xc0de, ec.SECP384R1())


def machine(state=2, **more):
    return generate.Machine(UDS, state, REGISTERS, TVM_KEY, CHALLENGE, **more)


ROOT = machine().rot.public_key()
REAL = evidence.check_signature
READ = {"cbor": read_cbor, "x509": read_x509}


verified = set()


def remembering(key, signature, message, what):
    """check_signature, which does not compute again what it has computed with a good result."""
    seen = (keys.point(key), bytes(signature), bytes(message))
    if seen not in verified:
        REAL(key, signature, message, what)
        verified.add(seen)


class Chains(unittest.TestCase):
    def test_accepted(self):
        """good evidence is accepted in both forms, with and without an identity"""
        for identity in (None, bytes([7]) * 64):
            m = machine(identity=identity)
            for form, read in READ.items():
                e = read(getattr(m, form)(), ROOT)
                self.assertEqual((e.challenge, e.identity, e.state), (CHALLENGE, identity, 2))
                self.assertEqual({i: e.registers[i] for i in range(7)}, REGISTERS)
                self.assertEqual(e.registers[10], bytes(48))

    def test_curves(self):
        """the TVM's own key may be on P-256, X25519 or Ed25519; no other key passes for it"""
        for key in (ec.derive_private_key(5, ec.SECP256R1()), x25519.X25519PrivateKey.from_private_bytes(bytes(32)),
                    ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))):
            for form, read in READ.items():
                m = machine()
                m.tvm_key = key
                read(getattr(m, form)(), ROOT)
        honest = machine().tvm_claims()
        honest[c.TVM_KEY] = generate.cose_key(ec.derive_private_key(6, ec.SECP384R1()).public_key())
        for form, read in READ.items():
            m = machine()
            m.tvm_claims = lambda: honest
            self.assertRaises(Refused, read, getattr(m, form)(), ROOT)

    def flips(self, form):
        data = getattr(machine(), form)()
        with mock.patch.object(evidence, "check_signature", remembering), \
                mock.patch.object(x509form, "check_signature", remembering):
            READ[form](data, ROOT)
            for bit in range(0, 8 * len(data), STRIDE):
                wrong = bytearray(data)
                wrong[bit // 8] ^= 1 << bit % 8
                with self.assertRaises(Refused, msg="bit %d of %d" % (bit, 8 * len(data))):
                    READ[form](bytes(wrong), ROOT)

    def test_flips_cbor(self):
        """no single-bit flip of the CBOR form is accepted"""
        self.flips("cbor")

    def test_flips_x509(self):
        """no single-bit flip of the X.509 form is accepted"""
        self.flips("x509")

    def test_cut(self):
        """evidence that is cut off anywhere, or that something follows, is refused"""
        m = machine()
        for form, read in READ.items():
            data = getattr(m, form)()
            for size in range(0, len(data), 7):
                self.assertRaises(Refused, read, data[:size], ROOT)
            self.assertRaises(Refused, read, data + b"\0", ROOT)
            self.assertRaises(Refused, read, data + data, ROOT)

    def test_root(self):
        """evidence of another root of trust is refused"""
        other = generate.Machine(b"\1" + UDS[1:], 2, REGISTERS, TVM_KEY, CHALLENGE).rot.public_key()
        for form, read in READ.items():
            self.assertRaises(Refused, read, getattr(machine(), form)(), other)

    def test_foreign_layer(self):
        """a layer that another machine's key signed is refused"""
        other = generate.Machine(b"\1" + UDS[1:], 2, REGISTERS, TVM_KEY, CHALLENGE)
        for layer in ("rot", "platform", "tsm"):
            for form, read in READ.items():
                m = machine()
                setattr(m, layer, getattr(other, layer))
                data = getattr(m, form)()
                if layer == "rot":
                    self.assertRaises(Refused, read, data, ROOT)
        m, mixed = machine(), machine().evidence()
        for layer in ("platform", "tsm", "tvm"):
            tokens = dict(mixed[c.SUBMODS], **{layer: other.evidence()[c.SUBMODS][layer]})
            m.evidence = lambda tokens=tokens: {c.SUBMODS: tokens}
            for form, read in READ.items():
                self.assertRaises(Refused, read, getattr(m, form)(), ROOT)

    def test_layers_agree(self):
        """a TVM token with other platform registers than the tokens below is refused, though all signatures are good"""
        for index in range(4):
            m = machine()
            honest = m.tvm_claims

            def lie(index=index, honest=honest):
                claims = honest()
                claims[c.INITIAL][index][c.MEASUREMENT_VALUE] = bytes(48)
                return claims

            m.tvm_claims = lie
            for form, read in READ.items():
                with self.assertRaisesRegex(Refused, "register %d" % index):
                    read(getattr(m, form)(), ROOT)

    def test_claims(self):
        """a claim too many, too few, twice or out of order is refused, though all signatures are good"""
        def without(d):
            d.pop(c.NONCE)

        def more(d):
            d[-99999] = 1

        def order(d):
            d[c.NONCE] = d.pop(c.NONCE)

        def short(d):
            d[c.NONCE] = d[c.NONCE][:-1]

        def registers(d):
            d[c.INITIAL].pop()

        def swapped(d):
            d[c.RUNTIME][0], d[c.RUNTIME][1] = d[c.RUNTIME][1], d[c.RUNTIME][0]

        for change in (without, more, order, short, registers, swapped):
            m = machine()
            claims = m.tvm_claims()
            change(claims)
            m.tvm_claims = lambda claims=claims: claims
            for form, read in READ.items():
                self.assertRaises(Refused, read, getattr(m, form)(), ROOT)

    def test_encoding(self):
        """CBOR that is not encoded deterministically is refused"""
        data = machine().cbor()
        self.assertRaises(Refused, read_cbor, b"\xd8\x12" + data[1:], ROOT)         # a longer head than needed
        self.assertRaises(Refused, read_cbor, data[:1] + b"\x9f" + data[2:] + b"\xff", ROOT)
        for hostile in (b"", b"\xff", b"\x9b" + b"\xff" * 8, b"\x81" * 4000, b"\xd2" * 4000, b"\xc2\x40", b"\xf9\x7e\x00"):
            self.assertRaises(Refused, read_cbor, hostile, ROOT)
            self.assertRaises(Refused, read_x509, hostile, ROOT)


class Certificates(unittest.TestCase):
    def refused(self, index, pattern, **changes):
        m = machine()
        certs = m.certificates()
        signer = [m.tsm, m.platform, m.rot][index]
        subject = [m.tvm_key, m.tsm, m.platform][index].public_key()
        settings = {"path_length": index, **changes}
        if index == 0:
            settings["extension"] = generate.x509.UnrecognizedExtension(
                generate.x509.ObjectIdentifier(c.UCCS_OID), cbor2.dumps(cbor2.CBORTag(c.TAG_UCCS, m.evidence())))
        certs[index] = generate.certificate(signer, settings.pop("subject", subject), **settings)
        data = b"".join(cert.public_bytes(serialization.Encoding.DER) for cert in certs)
        if pattern is None:
            return read_x509(data, ROOT)
        with self.assertRaisesRegex(Refused, pattern):
            read_x509(data, ROOT)
        return None

    def test_fields(self):
        """a certificate with other constraints, use, validity, names or key is refused, though its signature is good"""
        wrong = bytes(20)
        for index in range(3):
            self.refused(index, None)
            self.refused(index, "constraints", path_length=5)
            self.refused(index, "constraints", path_length=None)
            self.refused(index, "uses", usage="digital_signature")
            self.refused(index, "valid today", after=generate.datetime.datetime(2020, 1, 1))
            self.refused(index, "issuer|id of", ids=(wrong, wrong))
            self.refused(index, "another key|signature of", subject=ec.derive_private_key(5, ec.SECP384R1()).public_key())

    def test_order(self):
        """certificates in another order, twice or missing are refused"""
        der = [cert.public_bytes(serialization.Encoding.DER) for cert in machine().certificates()]
        for order in ((0, 1), (1, 0, 2), (2, 1, 0), (0, 2, 1), (0, 1, 2, 2), (0, 0, 1)):
            self.assertRaises(Refused, read_x509, b"".join(der[i] for i in order), ROOT)

    def test_openssl(self):
        """openssl verify accepts the chain with the root's certificate, and no other root's"""
        with tempfile.TemporaryDirectory() as folder:
            def write(name, data):
                with open(os.path.join(folder, name), "wb") as f:
                    f.write(data)
                return os.path.join(folder, name)

            fuses = os.path.join(folder, "fuses")
            rot = os.path.join(os.path.dirname(__file__), "..", "..", "scripts", "cove-rot")
            roots = []
            for uds in (UDS, UDS[1:] + b"\0"):
                subprocess.run([rot, "make", fuses, "--uds", uds.hex()], check=True)
                roots.append(write("root%d" % len(roots), subprocess.check_output([rot, "certificate", fuses])))
                os.unlink(fuses)
            pem = [cert.public_bytes(serialization.Encoding.PEM) for cert in machine().certificates()]
            leaf, middle = write("leaf", pem[0]), write("middle", pem[1] + pem[2])
            for root, status in zip(roots, (0, 2)):
                done = subprocess.run(["openssl", "verify", "-ignore_critical", "-x509_strict", "-CAfile", root, "-untrusted", middle, leaf],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                self.assertEqual(done.returncode, status, done.stdout)
