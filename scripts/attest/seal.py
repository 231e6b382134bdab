# SPDX-License-Identifier: BSD-2-Clause
"""Attestation payloads: a secret for one TVM on one platform (include/cove/payload.h, docs/attestation.md)."""

import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from .keys import kdf, point, sha384

MAGIC = 0x3150415445564f43
HEAD = struct.Struct("<QII")
SIZE_MAX, HEADER, TAG = 4096, 256, 16
SECRET_MAX = SIZE_MAX - HEADER - TAG
POLICY = (4, 5, 6)                      # the registers that the TVM must have
KDF_SECRET = b"CoVE secret"
KEY, NONCE = 32, 12


def seal(secret, sealing_key, registers, own=None):
    """A payload for whom has those registers, beneath the TSM that has the other half of the sealing key (P-384)."""
    if not 1 <= len(secret) <= SECRET_MAX:
        raise ValueError("a secret has 1 to %d bytes" % SECRET_MAX)
    own = own or ec.generate_private_key(ec.SECP384R1())
    header = HEAD.pack(MAGIC, 0, len(secret)) + b"".join(registers[i] for i in POLICY) + point(own.public_key())[1:]
    out = kdf(KDF_SECRET, own.exchange(ec.ECDH(), sealing_key) + sha384(header), KEY + NONCE)
    return header + ChaCha20Poly1305(out[:KEY]).encrypt(out[KEY:], secret, header)
