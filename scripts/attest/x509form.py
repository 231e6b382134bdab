# SPDX-License-Identifier: BSD-2-Clause
"""The X.509 form of evidence: the certificates of TVM, TSM and platform, one behind the other; the evidence is in the first."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.x509.oid import NameOID

from . import claims as c
from .evidence import Evidence, Refused, check_signature, decode, need, tagged
from .keys import cdi_id

ECDSA_SHA384 = bytes.fromhex("300a06082a8648ce3d040303")
USAGE = {"key_cert_sign"}
USAGES = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
          "key_cert_sign", "crl_sign"]


def der(data, at, what):
    """(tag, where its content begins, where it ends) of the DER element at `at`, in the shortest form."""
    need(len(data) - at >= 2, "%s is cut off" % what)
    tag, size, begin = data[at], data[at + 1], at + 2
    if size >= 0x80:
        count = size & 0x7f
        need(1 <= count <= 3 and len(data) - begin >= count, "%s is no DER" % what)
        size = int.from_bytes(data[begin:begin + count], "big")
        need(size >= 0x80 and size >> 8 * (count - 1), "%s is no DER" % what)
        begin += count
    need(size <= len(data) - begin, "%s is cut off" % what)
    return tag, begin, begin + size


def split(data):
    """The three certificates."""
    found, at = [], 0
    while at < len(data):
        tag, _, end = der(data, at, "certificate %d" % len(found))
        need(tag == 0x30, "certificate %d is no SEQUENCE" % len(found))
        found.append(data[at:end])
        at = end
    need(len(found) == 3, "there are %d certificates; the TVM's, the TSM's and the platform's are needed" % len(found))
    return found


class Certificate:
    """One certificate, whose signature covers all of it but two fields: those are compared byte by byte."""

    def __init__(self, data, what):
        self.what, self.data = what, data
        _, begin, end = der(data, 0, what)
        tag, _, signed = der(data, begin, what)
        need(tag == 0x30, "%s is no certificate" % what)
        self.signed = data[begin:signed]
        algorithm = data[signed:signed + len(ECDSA_SHA384)]
        need(algorithm == ECDSA_SHA384, "%s is not signed with ecdsa-with-SHA384" % what)
        tag, at, last = der(data, signed + len(algorithm), what)
        need(tag == 3 and last == end and at < last and data[at] == 0, "%s is no certificate" % what)
        self.signature = data[at + 1:last]
        try:
            need(utils.encode_dss_signature(*utils.decode_dss_signature(self.signature)) == self.signature,
                 "the signature of %s is no DER" % what)
            self.cert = x509.load_der_x509_certificate(data)
            self.key = self.cert.public_key()
            self.spki = self.key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
            self.extensions = list(self.cert.extensions)
            self.fields()
        except Refused:
            raise
        except Exception as why:        # whatever the parser stumbles over
            raise Refused("%s cannot be read: %s" % (what, str(why)[:80])) from why

    def fields(self):
        cert, now = self.cert, datetime.datetime.utcnow()
        need(cert.version == x509.Version.v3, "%s is not of version 3" % self.what)
        need(cert.not_valid_before <= now <= cert.not_valid_after, "%s is not valid today" % self.what)
        self.issuer, self.subject = self.name(cert.issuer), self.name(cert.subject)

    def name(self, name):
        parts = list(name)
        need(len(parts) == 1 and parts[0].oid == NameOID.SERIAL_NUMBER, "a name in %s is no id" % self.what)
        return parts[0].value

    def extension(self, oid, critical):
        found = [e for e in self.extensions if e.oid == oid]
        need(len(found) == 1, "%s lacks extension %s" % (self.what, oid.dotted_string))
        need(found[0].critical == critical, "extension %s of %s has the wrong criticality" % (oid.dotted_string, self.what))
        return found[0].value

    def check(self, issuer, issuer_id, subject_id, path_length, more=0):
        """Signed by that key; names and extensions as documented. `subject_id` None: its own."""
        what = self.what
        check_signature(issuer, self.signature, self.signed, what)
        usage = self.extension(x509.OID_KEY_USAGE, True)
        need({u for u in USAGES if getattr(usage, u)} == USAGE, "%s is for other uses than signing certificates" % what)
        basic = self.extension(x509.OID_BASIC_CONSTRAINTS, True)
        need(basic.ca and basic.path_length == path_length, "%s has other constraints than CA, %d" % (what, path_length))
        own = self.extension(x509.OID_SUBJECT_KEY_IDENTIFIER, False).digest
        authority = self.extension(x509.OID_AUTHORITY_KEY_IDENTIFIER, False)
        need(authority.key_identifier == issuer_id and authority.authority_cert_issuer is None,
             "%s names another issuer's key" % what)
        need(self.issuer == issuer_id.hex(), "the issuer of %s is not the id of the key that signed it" % what)
        need(self.cert.serial_number == int.from_bytes(issuer_id, "big"), "the serial number of %s is wrong" % what)
        need(self.subject == own.hex() and (subject_id is None or own == subject_id),
             "the subject of %s is not the id of its key" % what)
        need(len(self.extensions) == 4 + more, "%s has extensions that nobody knows" % what)


def same_key(certificate, key):
    """Do certificate and claim have the same key?"""
    numbers = serialization.load_der_public_key(certificate.spki)
    if key.y is None:
        raw = numbers.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return type(numbers).__name__.lstrip("_").startswith(key.curve) and raw == key.x
    if not hasattr(numbers, "curve") or numbers.curve.name != {"P-256": "secp256r1", "P-384": "secp384r1"}[key.curve]:
        return False
    n, size = numbers.public_numbers(), len(key.x)
    return (n.x.to_bytes(size, "big"), n.y.to_bytes(size, "big")) == (key.x, key.y)


def p384(certificate):
    key = certificate.key
    need(getattr(getattr(key, "curve", None), "name", "") == "secp384r1", "the key of %s is not on P-384" % certificate.what)
    return key


def read_x509(data, root):
    tvm, tsm, platform = (Certificate(d, "the %s's certificate" % w)
                          for d, w in zip(split(data), ("TVM", "TSM", "platform")))
    above, above_id = root, cdi_id(root)
    for certificate, path_length in ((platform, 2), (tsm, 1)):
        key = p384(certificate)
        certificate.check(above, above_id, cdi_id(key), path_length)
        above, above_id = key, cdi_id(key)
    tvm.check(above, above_id, None, 0, more=1)
    raw = tvm.extension(x509.ObjectIdentifier(c.UCCS_OID), True).value
    evidence = Evidence(tagged(decode(raw, "the extension"), c.TAG_UCCS, "the extension"), root)
    for certificate, key in ((platform, evidence.platform_key), (tsm, evidence.tsm_key), (tvm, evidence.tvm_key)):
        need(same_key(certificate, key), "%s is for another key than the token names" % certificate.what)
    need(tvm.subject == evidence.tvm_key.id().hex(), "the subject is not the id of the TVM's key")
    return evidence


def is_x509(data):
    """CBOR evidence begins with a tag (0xd2), a certificate with a SEQUENCE (0x30)."""
    return data[:1] == b"\x30"
