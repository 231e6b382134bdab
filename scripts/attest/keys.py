# SPDX-License-Identifier: BSD-2-Clause
"""Keys as docs/attestation.md derives them, and COSE_Key."""

import hashlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DIGEST = 48
UDS = 48
CDI = 48
KEY = 48
CDI_ID = 20
ORDER = int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16)

KDF_CDI = b"CoVE CDI"
KDF_SEALING_CDI = b"CoVE sealing CDI"
KDF_ROT_KEY = b"CoVE RoT key"
KDF_ATTESTATION_KEY = b"CoVE attestation key"
KDF_SEALING_KEY = b"CoVE sealing key"
KDF_CDI_ID = b"CoVE CDI ID"

STATES = {1: "not configured", 2: "secured", 3: "debug", 4: "recovery"}
DEBUG = b"debug"


def sha384(*parts):
    return hashlib.sha384(b"".join(parts)).digest()


def kdf(label, data, size):
    return HKDF(hashes.SHA384(), size, salt=None, info=label).derive(data)


def private_key(label, data):
    d = int.from_bytes(kdf(label, data, KEY), "big")
    if not 0 < d < ORDER:               # a chance of less than 2^-189
        raise ValueError("there is no key for this input")
    return ec.derive_private_key(d, ec.SECP384R1())


def point(key):
    """A public P-384 key as it is hashed and derived from: 0x04, x, y."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def raw_id(data):
    """CDI_ID of a public key as it is hashed: a point in its uncompressed form, or an OKP's bytes."""
    out = bytearray(kdf(KDF_CDI_ID, data, CDI_ID))
    out[0] &= 0x7f
    return bytes(out)


def cdi_id(key):
    return raw_id(point(key))


class Chain:
    """All keys of a platform, from its UDS and what was measured (registers 0 to 3)."""

    def __init__(self, uds, state, mr):
        le_state = state.to_bytes(8, "little")
        self.rot = private_key(KDF_ROT_KEY, uds)
        self.cdi0 = kdf(KDF_CDI, uds + sha384(mr[0], mr[1], le_state), CDI)
        self.cdi1 = kdf(KDF_CDI, self.cdi0 + sha384(mr[2], mr[3]), CDI)
        self.sealing_cdi0 = kdf(KDF_SEALING_CDI, uds + sha384(mr[0], le_state), CDI)
        self.sealing_cdi1 = kdf(KDF_SEALING_CDI, self.sealing_cdi0 + sha384(mr[2], mr[3]), CDI)
        self.platform = private_key(KDF_ATTESTATION_KEY, self.cdi0)
        self.tsm = private_key(KDF_ATTESTATION_KEY, self.cdi1)
        self.sealing = private_key(KDF_SEALING_KEY, self.sealing_cdi1)


def debug_uds():
    """The UDS that stands in where there is no root of trust: everyone knows it."""
    return DEBUG + bytes(UDS - len(DEBUG))


def debug_registers():
    """Registers 0 to 3 where nobody has measured anything."""
    return [DEBUG + bytes(DIGEST - len(DEBUG))] * 4
