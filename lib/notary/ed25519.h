/* SPDX-License-Identifier: BSD-2-Clause */
/* Ed25519 (RFC 8032), which is libsodium's: for Salus's certificates only (docs/attestation.md). */
#ifndef NOTARY_ED25519_H
#define NOTARY_ED25519_H

#include "base/types.h"

enum {
	ED25519_SEED		= 32,
	ED25519_PUBLIC		= 32,
	ED25519_SECRET		= 64,	/* the seed, then the public key */
	ED25519_SIGNATURE	= 64,
};

/* In constant time. */
void ed25519_key(const u8 seed[ED25519_SEED], u8 secret[ED25519_SECRET]);
void ed25519_sign(const u8 secret[ED25519_SECRET], const void *data, size_t n, u8 signature[ED25519_SIGNATURE]);
/* Encodings that are not canonical and keys of small order are refused. */
bool ed25519_verify(const u8 key[ED25519_PUBLIC], const void *data, size_t n, const u8 signature[ED25519_SIGNATURE]);

#endif
