# SPDX-License-Identifier: BSD-2-Clause
"""
Reads and verifies evidence. Every byte of it counts: what is not exactly as docs/attestation.md has it is refused, so
that nothing can be changed unnoticed, signed or not.
"""

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from . import claims as c
from .keys import DIGEST, KEY, STATES, cdi_id, raw_id


class Refused(Exception):
    """Why the evidence is not accepted, in one line."""


def need(condition, why):
    if not condition:
        raise Refused(why)


def decode(data, what):
    """One CBOR item in the only encoding there is for it."""
    try:
        item = cbor2.loads(data)
        again = cbor2.dumps(item)
    except Exception as why:        # whatever the decoder stumbles over
        raise Refused("%s is no CBOR" % what) from why
    need(again == data, "%s is not encoded deterministically, or something follows it" % what)
    return item


def tagged(item, tag, what):
    need(isinstance(item, cbor2.CBORTag) and item.tag == tag, "%s has no tag %d" % (what, tag))
    return item.value


def mapping(item, keys, what, optional=()):
    """A map with exactly these keys, in this order."""
    need(isinstance(item, dict), "%s is no map" % what)
    wanted = [k for k in keys if k not in optional or k in item]
    need([type(k) for k in item] == [type(k) for k in wanted] and list(item) == wanted,
         "%s does not have the claims that it must have" % what)
    return item


def of_size(item, size, what):
    need(isinstance(item, bytes) and len(item) == size, "%s is not %d bytes" % (what, size))
    return item


def whole(item, what):
    need(type(item) is int, "%s is no number" % what)
    return item


# --- keys and signatures ------------------------------------------------------------------------------

class Key:
    """A COSE_Key as it stands in a claim."""

    def __init__(self, data, what):
        need(isinstance(data, bytes), "%s is no byte string" % what)
        item = decode(data, what)
        need(isinstance(item, dict) and item.get(c.CRV) in c.CURVES, "%s is no key on a curve that we know" % what)
        self.curve, kty, size = c.CURVES[item[c.CRV]]
        mapping(item, [c.KTY, c.CRV, c.X, c.Y] if kty == c.EC2 else [c.KTY, c.CRV, c.X], what)
        need(all(type(item[k]) is int for k in (c.KTY, c.CRV)) and item[c.KTY] == kty, "%s has the wrong type" % what)
        self.data = data
        self.x = of_size(item[c.X], size, what)
        self.y = of_size(item[c.Y], size, what) if kty == c.EC2 else None

    def id(self):
        return raw_id(self.x if self.y is None else b"\4" + self.x + self.y)

    def public(self, what):
        """The key as one that verifies: P-384 alone signs in the chain."""
        need(self.curve == "P-384", "%s is not on P-384" % what)
        try:
            return ec.EllipticCurvePublicNumbers(int.from_bytes(self.x, "big"), int.from_bytes(self.y, "big"),
                                                 ec.SECP384R1()).public_key()
        except ValueError as why:
            raise Refused("%s is no point of P-384" % what) from why


def check_signature(key, signature, message, what):
    try:
        key.verify(signature, message, ec.ECDSA(hashes.SHA384()))
    except InvalidSignature as why:
        raise Refused("the signature of %s is wrong" % what) from why


def open_token(item, key, what, kid=None):
    """The payload's map of a COSE_Sign1 that this key signed."""
    parts = tagged(item, c.TAG_SIGN1, what)
    need(isinstance(parts, list) and len(parts) == 4, "%s is no COSE_Sign1" % what)
    protected, unprotected, payload, signature = parts
    need(all(isinstance(p, bytes) for p in (protected, payload)), "%s is no COSE_Sign1" % what)
    of_size(signature, 2 * KEY, "the signature of " + what)
    need(unprotected == {} and isinstance(unprotected, dict), "%s has unprotected headers" % what)
    headers = {c.ALG: c.ES384} if kid is None else {c.ALG: c.ES384, c.KID: kid}
    need(protected == cbor2.dumps(headers), "%s has other headers than ES384%s" %
         (what, "" if kid is None else " and the id of the root key"))
    r, s = (int.from_bytes(signature[i:i + KEY], "big") for i in (0, KEY))
    message = cbor2.dumps(["Signature1", protected, b"", payload])
    check_signature(key, utils.encode_dss_signature(r, s), message, what)
    return tagged(decode(payload, "the payload of " + what), c.TAG_CWT, "the payload of " + what)


# --- the three tokens -----------------------------------------------------------------------------------

class Component:
    def __init__(self, item, kind, manifest, what):
        keys = [c.COMPONENT_TYPE, c.COMPONENT_MEASUREMENT, c.COMPONENT_SVN, c.COMPONENT_MANIFEST, c.COMPONENT_SIGNER,
                c.COMPONENT_HASH]
        mapping(item, keys if manifest else [k for k in keys if k != c.COMPONENT_MANIFEST], what)
        need(item[c.COMPONENT_TYPE] == kind, "%s is no %s" % (what, kind))
        need(item[c.COMPONENT_HASH] == c.HASH, "%s has another hash than %s" % (what, c.HASH))
        svn = item[c.COMPONENT_SVN]
        need(isinstance(svn, str) and svn.isascii() and svn.isdigit(), "%s has no security version" % what)
        self.kind, self.svn = kind, int(svn)
        self.value = of_size(item[c.COMPONENT_MEASUREMENT], DIGEST, what)
        self.manifest = of_size(item[c.COMPONENT_MANIFEST], DIGEST, what) if manifest else None
        self.signer = of_size(item[c.COMPONENT_SIGNER], DIGEST, what)


def components(items, kinds, what):
    need(isinstance(items, list) and len(items) == len(kinds), "%s does not have %d components" % (what, len(kinds)))
    return [Component(item, kind, kind == c.TYPE_TSM, "component %s of %s" % (kind, what))
            for item, kind in zip(items, kinds)]


def registers(items, indices, what):
    need(isinstance(items, list) and len(items) == len(indices), "%s lacks registers" % what)
    values = {}
    for item, index in zip(items, indices):
        one = "register %d in %s" % (index, what)
        mapping(item, [c.MEASUREMENT_INDEX, c.MEASUREMENT_VALUE, c.MEASUREMENT_HASH], one)
        need(whole(item[c.MEASUREMENT_INDEX], one) == index, "%s is another one" % one)
        need(item[c.MEASUREMENT_HASH] == c.HASH, "%s has another hash than %s" % (one, c.HASH))
        values[index] = of_size(item[c.MEASUREMENT_VALUE], DIGEST, one)
    return values


class Evidence:
    """The three layers, verified from the root key down. Signatures and consistency; no policy."""

    def __init__(self, item, root):
        item = mapping(item, [c.SUBMODS], "the evidence")
        tokens = mapping(item[c.SUBMODS], ["platform", "tsm", "tvm"], "the evidence")
        self.read_platform(open_token(tokens["platform"], root, "the platform token", cdi_id(root)))
        self.read_tsm(open_token(tokens["tsm"], self.platform_key.public("the platform key"), "the TSM token"))
        self.read_tvm(open_token(tokens["tvm"], self.tsm_key.public("the TSM key"), "the TVM token"))
        self.compare_layers()

    def read_platform(self, t):
        keys = [c.PROFILE, c.PLATFORM_KEY, c.MANUFACTURER, c.PLATFORM_STATE, c.PLATFORM_COMPONENTS]
        mapping(t, keys, "the platform token")
        need(t[c.PROFILE] == c.PROFILE_TEXT, "the platform token has another profile")
        self.platform_key = Key(t[c.PLATFORM_KEY], "the platform key")
        self.manufacturer = of_size(t[c.MANUFACTURER], c.MANUFACTURER_SIZE, "the manufacturer")
        self.state = whole(t[c.PLATFORM_STATE], "the platform's state")
        need(self.state in STATES, "the platform's state is %d, which is none" % self.state)
        self.platform = components(t[c.PLATFORM_COMPONENTS], [c.TYPE_FIRMWARE, c.TYPE_CONFIG], "the platform token")

    def read_tsm(self, t):
        mapping(t, [c.TSM_KEY, c.TSM_COMPONENTS, c.SEALING_KEY], "the TSM token")
        self.tsm_key = Key(t[c.TSM_KEY], "the TSM key")
        self.tsm = components(t[c.TSM_COMPONENTS], [c.TYPE_TSM_DRIVER, c.TYPE_TSM], "the TSM token")
        self.sealing_key = Key(t[c.SEALING_KEY], "the sealing key")
        self.sealing_key.public("the sealing key")

    def read_tvm(self, t):
        keys = [c.NONCE, c.TVM_IDENTITY, c.TVM_KEY, c.INITIAL, c.RUNTIME, c.DEVICES]
        mapping(t, keys, "the TVM token", optional=[c.TVM_IDENTITY])
        self.challenge = of_size(t[c.NONCE], c.CHALLENGE_SIZE, "the challenge")
        self.identity = None
        if c.TVM_IDENTITY in t:
            self.identity = of_size(t[c.TVM_IDENTITY], c.IDENTITY_SIZE, "the TVM's identity")
        self.tvm_key = Key(t[c.TVM_KEY], "the TVM's key")
        self.registers = registers(t[c.INITIAL], c.INITIAL_REGISTERS, "the TVM token")
        self.registers.update(registers(t[c.RUNTIME], c.RUNTIME_REGISTERS, "the TVM token"))
        self.devices = whole(t[c.DEVICES], "the devices' policy")
        need(self.devices in c.DEVICE_POLICIES, "the devices' policy is %d, which is none" % self.devices)

    def compare_layers(self):
        """What more than one layer says, all say alike."""
        firmware, config = self.platform
        driver, tsm = self.tsm
        for index, value in ((0, firmware.value), (0, driver.value), (1, config.value), (2, tsm.value), (3, tsm.manifest)):
            need(self.registers[index] == value, "register %d of the TVM differs from what the layer below says" % index)


# --- the CBOR certificate ----------------------------------------------------------------------------------

def read_cbor(data, root):
    what = "the certificate"
    outer = decode(data, what)
    parts = tagged(outer, c.TAG_SIGN1, what)
    need(isinstance(parts, list) and len(parts) == 4 and isinstance(parts[2], bytes), what + " is no COSE_Sign1")
    inner = tagged(decode(parts[2], "the payload of " + what), c.TAG_CWT, "the payload of " + what)
    mapping(inner, [c.ISS, c.SUB, c.EVIDENCE], what)
    evidence = Evidence(inner[c.EVIDENCE], root)
    tsm = evidence.tsm_key.public("the TSM key")
    open_token(outer, tsm, what)
    need(inner[c.ISS] == cdi_id(tsm).hex(), "the issuer is not the TSM's id")
    need(inner[c.SUB] == evidence.tvm_key.id().hex(), "the subject is not the id of the TVM's key")
    return evidence
