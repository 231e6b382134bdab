/* SPDX-License-Identifier: BSD-2-Clause */
/* A payload's secret (cove/payload.h): for the TVM that it was sealed to. */
#include "notary/notary.h"
#include "base/string.h"

#include <mbedtls/chachapoly.h>

static bool matches(const struct notary_unseal *u)
{
	return u->payload.magic == COVE_PAYLOAD_MAGIC && !u->payload.reserved && u->payload.size &&
	       u->payload.size <= COVE_PAYLOAD_SECRET_MAX &&
	       !memcmp(u->payload.mr, u->mr, sizeof(u->mr));
}

/*
 * ECDH with the sealing key, then key and nonce of the cipher; the header is part of what they are derived
 * from. A key is used for one message, since its other half was made for this payload.
 */
static bool derive(const struct notary_unseal *u, u8 out[COVE_SECRET_KEY + COVE_SECRET_NONCE])
{
	struct dice_input cdi = { .first = u->sealing_cdi, .first_size = sizeof(u->sealing_cdi) };
	u8 shared[COVE_KEY_SIZE], digest[SHA384_SIZE];
	struct dice_input in = { shared, sizeof(shared), digest, sizeof(digest) };
	bool ok;

	sha384(&u->payload, COVE_PAYLOAD_HEADER, digest);
	ok = dice_agree(COVE_KDF_SEALING_KEY, &cdi, u->payload.key, shared) &&
	     dice_kdf(COVE_KDF_SECRET, &in, out, COVE_SECRET_KEY + COVE_SECRET_NONCE);
	dice_wipe(shared, sizeof(shared));
	return ok;
}

bool notary_unseal(const struct notary_unseal *u, u8 *secret)
{
	u8 key[COVE_SECRET_KEY + COVE_SECRET_NONCE];
	mbedtls_chachapoly_context cipher;
	bool ok;

	if (!matches(u) || !derive(u, key))
		return false;
	mbedtls_chachapoly_init(&cipher);
	ok = !mbedtls_chachapoly_setkey(&cipher, key) &&
	     !mbedtls_chachapoly_auth_decrypt(&cipher, u->payload.size, key + COVE_SECRET_KEY,
					      (const u8 *)&u->payload, COVE_PAYLOAD_HEADER,
					      u->payload.data + u->payload.size, u->payload.data, secret);
	mbedtls_chachapoly_free(&cipher);
	dice_wipe(key, sizeof(key));
	return ok;
}
