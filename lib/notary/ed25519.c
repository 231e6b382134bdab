/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libsodium's Ed25519, and what its sources ask of the rest of libsodium. Its multiplication of the base point by a table of
 * 30 KiB is left out (lib/third_party.mk): the general one, in constant time too, takes its place.
 */
#include "notary/ed25519.h"
#include "base/string.h"
#include "dice/key.h"

#include <crypto_hash_sha512.h>
#include <crypto_sign_ed25519.h>
#include <private/ed25519_ref10.h>
#include <utils.h>

void ed25519_scalarmult_base(ge25519_p3 *h, const unsigned char *a);

void sodium_memzero(void *p, size_t n)
{
	dice_wipe(p, n);
}

static u8 difference(const u8 *a, const u8 *b, size_t n)
{
	u8 all = 0;

	for (size_t i = 0; i < n; i++)
		all |= a[i] ^ b[i];
	return all;
}

int sodium_memcmp(const void *a, const void *b, size_t n)
{
	return difference(a, b, n) ? -1 : 0;
}

int crypto_verify_32(const unsigned char *a, const unsigned char *b)
{
	return sodium_memcmp(a, b, 32);
}

int sodium_is_zero(const unsigned char *p, const size_t n)
{
	u8 all = 0;

	for (size_t i = 0; i < n; i++)
		all |= p[i];
	return !all;
}

void ed25519_scalarmult_base(ge25519_p3 *h, const unsigned char *a)
{
	/* y = 4/5, x is even; decoded with the sign of x flipped, as the function negates. */
	static const u8 base[32] = {
		0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
		0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0xe6,
	};
	ge25519_p3 b;

	(void)ge25519_frombytes_negate_vartime(&b, base);
	ge25519_scalarmult(h, a, &b);
}

void ed25519_key(const u8 seed[ED25519_SEED], u8 secret[ED25519_SECRET])
{
	u8 scalar[64];
	ge25519_p3 public;

	(void)crypto_hash_sha512(scalar, seed, ED25519_SEED);
	scalar[0] &= 248;
	scalar[31] = (scalar[31] & 63) | 64;
	ed25519_scalarmult_base(&public, scalar);
	memcpy(secret, seed, ED25519_SEED);
	ge25519_p3_tobytes(secret + ED25519_SEED, &public);
	dice_wipe(scalar, sizeof(scalar));
}

void ed25519_sign(const u8 secret[ED25519_SECRET], const void *data, size_t n, u8 signature[ED25519_SIGNATURE])
{
	(void)crypto_sign_ed25519_detached(signature, NULL, data, n, secret);
}

bool ed25519_verify(const u8 key[ED25519_PUBLIC], const void *data, size_t n, const u8 signature[ED25519_SIGNATURE])
{
	return !crypto_sign_ed25519_verify_detached(signature, data, n, key);
}
