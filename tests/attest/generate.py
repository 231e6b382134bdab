# SPDX-License-Identifier: BSD-2-Clause
"""A TSM and its firmware in Python: makes the evidence that docs/attestation.md describes, or a wrong one on purpose."""

import datetime

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID

from attest import claims as c
from attest.keys import DIGEST, KEY, Chain, cdi_id, point, raw_id

UNSIGNED = bytes(DIGEST)
BEFORE, AFTER = datetime.datetime(2018, 3, 22, 23, 59, 59), datetime.datetime(9999, 12, 31, 23, 59, 59)


def raw_key(public):
    """A point in its uncompressed form, or an OKP's bytes."""
    if hasattr(public, "curve"):
        return point(public)
    return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def cose_key(public):
    raw = raw_key(public)
    if hasattr(public, "curve"):
        size = len(raw) // 2
        return cbor2.dumps({c.KTY: c.EC2, c.CRV: 1 if size == 32 else c.P384, c.X: raw[1:1 + size], c.Y: raw[1 + size:]})
    return cbor2.dumps({c.KTY: c.OKP, c.CRV: 4 if "X25519" in type(public).__name__ else 6, c.X: raw})


def sign1(key, claims, kid=None):
    protected = cbor2.dumps({c.ALG: c.ES384} if kid is None else {c.ALG: c.ES384, c.KID: kid})
    payload = cbor2.dumps(cbor2.CBORTag(c.TAG_CWT, claims))
    message = cbor2.dumps(["Signature1", protected, b"", payload])
    r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA384())))
    return cbor2.CBORTag(c.TAG_SIGN1, [protected, {}, payload, r.to_bytes(KEY, "big") + s.to_bytes(KEY, "big")])


def component(kind, value, svn="1", manifest=None):
    item = {c.COMPONENT_TYPE: kind, c.COMPONENT_MEASUREMENT: value, c.COMPONENT_SVN: svn}
    if manifest:
        item[c.COMPONENT_MANIFEST] = manifest
    return {**item, c.COMPONENT_SIGNER: UNSIGNED, c.COMPONENT_HASH: c.HASH}


def measurement(index, value):
    return {c.MEASUREMENT_INDEX: index, c.MEASUREMENT_VALUE: value, c.MEASUREMENT_HASH: c.HASH}


class Machine:
    """A platform, its TSM and one TVM. Attributes may be changed before evidence is made."""

    def __init__(self, uds, state, registers, tvm_key, challenge, identity=None):
        self.chain = Chain(uds, state, registers)
        self.state, self.registers = state, dict(registers)
        self.tvm_key, self.challenge, self.identity = tvm_key, challenge, identity
        self.profile, self.devices = c.PROFILE_TEXT, 1
        self.rot, self.platform, self.tsm = self.chain.rot, self.chain.platform, self.chain.tsm

    def platform_claims(self):
        return {c.PROFILE: self.profile, c.PLATFORM_KEY: cose_key(self.platform.public_key()),
                c.MANUFACTURER: b"a factory".ljust(c.MANUFACTURER_SIZE, b"\0"), c.PLATFORM_STATE: self.state,
                c.PLATFORM_COMPONENTS: [component(c.TYPE_FIRMWARE, self.registers[0]),
                                        component(c.TYPE_CONFIG, self.registers[1])]}

    def tsm_claims(self):
        return {c.TSM_KEY: cose_key(self.tsm.public_key()),
                c.TSM_COMPONENTS: [component(c.TYPE_TSM_DRIVER, self.registers[0]),
                                   component(c.TYPE_TSM, self.registers[2], manifest=self.registers[3])],
                c.SEALING_KEY: cose_key(self.chain.sealing.public_key())}

    def tvm_claims(self):
        out = {c.NONCE: self.challenge}
        if self.identity:
            out[c.TVM_IDENTITY] = self.identity
        out[c.TVM_KEY] = cose_key(self.tvm_key.public_key())
        out[c.INITIAL] = [measurement(i, self.registers[i]) for i in c.INITIAL_REGISTERS]
        out[c.RUNTIME] = [measurement(i, self.registers.get(i, bytes(DIGEST))) for i in c.RUNTIME_REGISTERS]
        out[c.DEVICES] = self.devices
        return out

    def evidence(self):
        return {c.SUBMODS: {"platform": sign1(self.rot, self.platform_claims(), cdi_id(self.rot.public_key())),
                            "tsm": sign1(self.platform, self.tsm_claims()),
                            "tvm": sign1(self.tsm, self.tvm_claims())}}

    def cbor(self):
        return cbor2.dumps(sign1(self.tsm, {c.ISS: cdi_id(self.tsm.public_key()).hex(),
                                            c.SUB: raw_id(raw_key(self.tvm_key.public_key())).hex(), c.EVIDENCE: self.evidence()}))

    def certificates(self):
        """TVM, TSM, platform, as one gets them."""
        raw = cbor2.dumps(cbor2.CBORTag(c.TAG_UCCS, self.evidence()))
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(c.UCCS_OID), raw)
        return [certificate(self.tsm, self.tvm_key.public_key(), 0, extension),
                certificate(self.platform, self.tsm.public_key(), 1),
                certificate(self.rot, self.platform.public_key(), 2)]

    def x509(self):
        return b"".join(cert.public_bytes(serialization.Encoding.DER) for cert in self.certificates())


def certificate(issuer, subject, path_length, extension=None, usage="key_cert_sign", after=AFTER, ids=None):
    own, above = ids or (raw_id(raw_key(subject)), cdi_id(issuer.public_key()))
    uses = {u: u == usage for u in ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                                    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")}
    builder = x509.CertificateBuilder(
        issuer_name=x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, above.hex())]),
        subject_name=x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, own.hex())]),
        public_key=subject, serial_number=int.from_bytes(above, "big"), not_valid_before=BEFORE, not_valid_after=after)
    extensions = [(x509.AuthorityKeyIdentifier(above, None, None), False), (x509.SubjectKeyIdentifier(own), False),
                  (x509.KeyUsage(**uses), True), (x509.BasicConstraints(path_length is not None, path_length), True)]
    for value, critical in extensions + ([(extension, True)] if extension else []):
        builder = builder.add_extension(value, critical)
    return builder.sign(issuer, hashes.SHA384())
