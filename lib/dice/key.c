/* SPDX-License-Identifier: BSD-2-Clause */
#include "dice/key.h"
#include "base/string.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/hmac_drbg.h>
#include <mbedtls/memory_buffer_alloc.h>
#include <mbedtls/platform_util.h>

static void *heap;
static size_t heap_size;

void dice_wipe(void *secret, size_t size)
{
	mbedtls_platform_zeroize(secret, size);
}

__attribute__((weak)) void dice_pause(void)
{
}

void dice_heap(void *memory, size_t size)
{
	heap = memory;
	heap_size = size;
	mbedtls_memory_buffer_alloc_init(memory, size);
	mbedtls_ecp_set_max_ops(DICE_PIECE);
}

void dice_heap_wipe(void)
{
	dice_wipe(heap, heap_size);
	mbedtls_memory_buffer_alloc_init(heap, heap_size);
}

static const mbedtls_md_info_t *sha384_info(void)
{
	return mbedtls_md_info_from_type(MBEDTLS_MD_SHA384);
}

bool dice_kdf(const char *label, const struct dice_input *in, void *out, size_t size)
{
	u8 ikm[DICE_IKM_MAX];
	size_t n = in->first_size + in->second_size;
	bool ok;

	if (in->first_size > sizeof(ikm) || in->second_size > sizeof(ikm) - in->first_size)
		return false;
	memcpy(ikm, in->first, in->first_size);
	if (in->second_size)
		memcpy(ikm + in->first_size, in->second, in->second_size);
	ok = !mbedtls_hkdf(sha384_info(), NULL, 0, ikm, n, (const u8 *)label, strlen(label), out, size);
	dice_wipe(ikm, sizeof(ikm));
	return ok;
}

/*
 * Randomness for blinding: unknown to whoever does not know the key, and the same in every run, so
 * that a signature costs the same and no entropy source is needed.
 */
static bool blinding_init(mbedtls_hmac_drbg_context *rng, const u8 *key, const u8 *context)
{
	u8 seed[COVE_KEY_SIZE + SHA384_SIZE] = { 0 };
	bool ok;

	mbedtls_hmac_drbg_init(rng);
	memcpy(seed, key, COVE_KEY_SIZE);
	if (context)
		memcpy(seed + COVE_KEY_SIZE, context, SHA384_SIZE);
	ok = !mbedtls_hmac_drbg_seed_buf(rng, sha384_info(), seed, sizeof(seed));
	dice_wipe(seed, sizeof(seed));
	return ok;
}

static bool multiply(mbedtls_ecp_group *group, mbedtls_ecp_point *q, const mbedtls_mpi *d,
		     const mbedtls_ecp_point *p, mbedtls_hmac_drbg_context *rng)
{
	mbedtls_ecp_restart_ctx restart;
	int err;

	mbedtls_ecp_restart_init(&restart);
	while ((err = mbedtls_ecp_mul_restartable(group, q, d, p, mbedtls_hmac_drbg_random, rng,
						  &restart)) == MBEDTLS_ERR_ECP_IN_PROGRESS)
		dice_pause();
	mbedtls_ecp_restart_free(&restart);
	return !err;
}

static bool sign(mbedtls_ecp_group *group, mbedtls_mpi *r, mbedtls_mpi *s, const mbedtls_mpi *d,
		 const u8 *digest, mbedtls_hmac_drbg_context *rng)
{
	mbedtls_ecdsa_restart_ctx restart;
	int err;

	mbedtls_ecdsa_restart_init(&restart);
	while ((err = mbedtls_ecdsa_sign_det_restartable(group, r, s, d, digest, SHA384_SIZE,
							 MBEDTLS_MD_SHA384, mbedtls_hmac_drbg_random,
							 rng, &restart)) == MBEDTLS_ERR_ECP_IN_PROGRESS)
		dice_pause();
	mbedtls_ecdsa_restart_free(&restart);
	return !err;
}

static bool public_half(struct dice_key *key)
{
	mbedtls_hmac_drbg_context rng;
	mbedtls_ecp_group group;
	mbedtls_ecp_point q;
	u8 point[1 + 2 * COVE_KEY_SIZE];
	mbedtls_mpi d;
	size_t n = 0;
	bool ok;

	mbedtls_ecp_group_init(&group);
	mbedtls_ecp_point_init(&q);
	mbedtls_mpi_init(&d);
	ok = blinding_init(&rng, key->d, NULL) &&
	     !mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP384R1) &&
	     !mbedtls_mpi_read_binary(&d, key->d, sizeof(key->d)) &&
	     !mbedtls_ecp_check_privkey(&group, &d) &&
	     multiply(&group, &q, &d, &group.G, &rng) &&
	     !mbedtls_ecp_point_write_binary(&group, &q, MBEDTLS_ECP_PF_UNCOMPRESSED, &n, point,
					     sizeof(point)) && n == sizeof(point);
	if (ok) {
		memcpy(key->x, point + 1, sizeof(key->x));
		memcpy(key->y, point + 1 + COVE_KEY_SIZE, sizeof(key->y));
	}
	mbedtls_mpi_free(&d);
	mbedtls_ecp_point_free(&q);
	mbedtls_ecp_group_free(&group);
	mbedtls_hmac_drbg_free(&rng);
	return ok;
}

bool dice_key_derive(const char *label, const struct dice_input *in, struct dice_key *key)
{
	return dice_kdf(label, in, key->d, sizeof(key->d)) && public_half(key);
}

static bool agree(const u8 *secret, const u8 *peer, u8 *shared)
{
	mbedtls_hmac_drbg_context rng;
	mbedtls_ecp_group group;
	mbedtls_ecp_point q, product;
	u8 point[1 + 2 * COVE_KEY_SIZE] = { 4 };
	mbedtls_mpi d;
	size_t n;
	bool ok;

	memcpy(point + 1, peer, 2 * COVE_KEY_SIZE);
	mbedtls_ecp_group_init(&group);
	mbedtls_ecp_point_init(&q);
	mbedtls_ecp_point_init(&product);
	mbedtls_mpi_init(&d);
	ok = blinding_init(&rng, secret, NULL) &&
	     !mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP384R1) &&
	     !mbedtls_mpi_read_binary(&d, secret, COVE_KEY_SIZE) &&
	     !mbedtls_ecp_check_privkey(&group, &d) &&
	     !mbedtls_ecp_point_read_binary(&group, &q, point, sizeof(point)) &&
	     !mbedtls_ecp_check_pubkey(&group, &q) && multiply(&group, &product, &d, &q, &rng) &&
	     !mbedtls_ecp_point_write_binary(&group, &product, MBEDTLS_ECP_PF_UNCOMPRESSED, &n, point,
					     sizeof(point));
	memcpy(shared, point + 1, COVE_KEY_SIZE);
	dice_wipe(point, sizeof(point));
	mbedtls_mpi_free(&d);
	mbedtls_ecp_point_free(&product);
	mbedtls_ecp_point_free(&q);
	mbedtls_ecp_group_free(&group);
	mbedtls_hmac_drbg_free(&rng);
	return ok;
}

bool dice_agree(const char *label, const struct dice_input *in, const u8 peer[2 * COVE_KEY_SIZE],
		u8 shared[COVE_KEY_SIZE])
{
	u8 d[COVE_KEY_SIZE];
	bool ok = dice_kdf(label, in, d, sizeof(d)) && agree(d, peer, shared);

	dice_wipe(d, sizeof(d));
	return ok;
}

bool dice_sign(const struct dice_key *key, const u8 digest[SHA384_SIZE],
	       struct dice_signature *signature)
{
	mbedtls_hmac_drbg_context rng;
	mbedtls_ecp_group group;
	mbedtls_mpi d, r, s;
	bool ok;

	mbedtls_ecp_group_init(&group);
	mbedtls_mpi_init(&d);
	mbedtls_mpi_init(&r);
	mbedtls_mpi_init(&s);
	ok = blinding_init(&rng, key->d, digest) &&
	     !mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP384R1) &&
	     !mbedtls_mpi_read_binary(&d, key->d, sizeof(key->d)) &&
	     sign(&group, &r, &s, &d, digest, &rng) &&
	     !mbedtls_mpi_write_binary(&r, signature->r, sizeof(signature->r)) &&
	     !mbedtls_mpi_write_binary(&s, signature->s, sizeof(signature->s));
	mbedtls_mpi_free(&d);
	mbedtls_mpi_free(&r);
	mbedtls_mpi_free(&s);
	mbedtls_ecp_group_free(&group);
	mbedtls_hmac_drbg_free(&rng);
	return ok;
}

bool dice_id(const void *public_key, size_t size, u8 id[COVE_CDI_ID_SIZE])
{
	struct dice_input in = { .first = public_key, .first_size = size };

	if (!dice_kdf(COVE_KDF_CDI_ID, &in, id, COVE_CDI_ID_SIZE))
		return false;
	/* A certificate's serial number is positive and has 20 bytes at most. */
	id[0] &= 0x7f;
	return true;
}

bool dice_key_id(const struct dice_key *key, u8 id[COVE_CDI_ID_SIZE])
{
	u8 point[1 + 2 * COVE_KEY_SIZE] = { 4 };

	memcpy(point + 1, key->x, sizeof(key->x));
	memcpy(point + 1 + COVE_KEY_SIZE, key->y, sizeof(key->y));
	return dice_id(point, sizeof(point), id);
}

void dice_id_text(const u8 id[COVE_CDI_ID_SIZE], char text[DICE_ID_TEXT + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (u32 i = 0; i < COVE_CDI_ID_SIZE; i++) {
		text[2 * i] = digits[id[i] >> 4];
		text[2 * i + 1] = digits[id[i] & 15];
	}
	text[DICE_ID_TEXT] = 0;
}
