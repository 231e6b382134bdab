/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DICE chain: known answers of its primitives (HKDF, P-384 and the chain's values computed by
 * Python's hmac and cryptography; ECDSA: RFC 6979, A.2.6). tests/attest compares whole tokens.
 */
#include "unit/unit.h"

#include <string.h>

#include "dice/layer.h"
#include "dice/token.h"

static u8 heap[DICE_HEAP_SIZE];

static void from_hex(const char *hex, u8 *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (u8)byte;
	}
}

static void is(const u8 *value, size_t n, const char *hex)
{
	u8 expected[256];

	assert_int_equal(strlen(hex), 2 * n);
	from_hex(hex, expected, n);
	assert_memory_equal(value, expected, n);
}

static void uds(u8 out[COVE_UDS_SIZE])
{
	for (u32 i = 0; i < COVE_UDS_SIZE; i++)
		out[i] = (u8)i;
}

static void derivation(void **state)
{
	u8 secret[COVE_UDS_SIZE], zeros[48] = { 0 }, cdi[COVE_CDI_SIZE], id[COVE_CDI_ID_SIZE];
	struct dice_input both = { secret, sizeof(secret), zeros, sizeof(zeros) };
	struct dice_input one = { .first = secret, .first_size = sizeof(secret) };
	struct dice_input large = { .first = secret, .first_size = DICE_IKM_MAX + 1 };
	char text[DICE_ID_TEXT + 1];
	struct dice_key key;

	(void)state;
	dice_heap(heap, sizeof(heap));
	uds(secret);
	assert_true(dice_kdf(COVE_KDF_CDI, &both, cdi, sizeof(cdi)));
	is(cdi, sizeof(cdi), "1b4754e7328858200ccba51d976da1df6f266b46736a628b92a05f8c78dd597f"
			     "10363e32b2fed40bd4b9306fb102acec");
	assert_true(dice_key_derive(COVE_KDF_ROT_KEY, &one, &key));
	is(key.d, 48, "e09d40df6a4ba90b81a8feba1e7bdf6765effd21f5d5b3e032cf8752d9895d56"
		      "c69c671e5d449d509cce695620f9d3fe");
	is(key.x, 48, "680c65d4651558e0294d0cf3624cdca9da7e1d71acdcb5f2ed225007f7bb2691"
		      "2c5fcc4782c195132cc915dbe127ec7b");
	is(key.y, 48, "60b00c10132eb15f916b0a634383e647af07d71b67b8edb3cc557df0d06df603"
		      "1237c485e121b25fb90d99abf2f5eb65");
	assert_true(dice_key_id(&key, id));
	dice_id_text(id, text);
	/* 93 without its first bit */
	assert_string_equal(text, "13ac24047b5551d4a15510aba2257482cefdccc8");
	assert_false(dice_kdf(COVE_KDF_CDI, &large, cdi, sizeof(cdi)));
}

static void signature(void **state)
{
	struct dice_signature s;
	struct dice_key key = { 0 };
	u8 digest[SHA384_SIZE];

	(void)state;
	dice_heap(heap, sizeof(heap));
	from_hex("6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8"
		 "96d5724e4c70a825f872c9ea60d2edf5", key.d, sizeof(key.d));
	sha384("sample", 6, digest);
	assert_true(dice_sign(&key, digest, &s));
	is(s.r, 48, "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
		    "81a648152e44acf96e36dd1e80fabe46");
	is(s.s, 48, "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
		    "a329c145786e679e7b82c71a38628ac8");
}

static void bad_keys(void **state)
{
	struct dice_signature s;
	struct dice_key zero = { 0 }, large;
	u8 digest[SHA384_SIZE] = { 0 };

	(void)state;
	dice_heap(heap, sizeof(heap));
	memset(&large, 0xff, sizeof(large));
	assert_false(dice_sign(&zero, digest, &s));
	assert_false(dice_sign(&large, digest, &s));
}

static void small_heap(void **state)
{
	static u8 other[DICE_HEAP_SIZE];
	struct dice_platform p;
	struct cove_handoff h;
	size_t size = 256;

	(void)state;
	dice_debug_platform(&p, 1);
	for (; dice_heap(other, size), !dice_handoff(&p, &h); size += 256)
		assert_true(size < sizeof(other));
	/* What is there is half as much again as what is needed, at least. */
	assert_true(size > 256 && size + size / 2 <= DICE_HEAP_SIZE);
}

static void handoff(void **state)
{
	struct dice_platform p;
	struct cove_handoff h, again, other;
	struct dice_input in = { .first = h.cdi, .first_size = sizeof(h.cdi) };
	struct dice_key tsm;
	u32 end = 0;

	(void)state;
	dice_debug_platform(&p, 1);
	dice_heap(heap, sizeof(heap));
	assert_true(dice_handoff(&p, &h));
	for (size_t i = 0; i < sizeof(heap); i++)
		if (i >= 256)	/* the allocator's own header */
			assert_int_equal(heap[i], 0);
	assert_int_equal(h.magic, COVE_HANDOFF_MAGIC);
	assert_int_equal(h.platform_state, COVE_STATE_DEBUG);
	assert_true(dice_key_derive(COVE_KDF_ATTESTATION_KEY, &in, &tsm));
	assert_memory_equal(tsm.d, h.private_key, sizeof(tsm.d));
	assert_memory_equal(tsm.x, h.public_key, sizeof(tsm.x));
	for (u32 i = 0; i < COVE_HANDOFF_PIECES; i++) {
		assert_int_equal(h.piece[i].offset, end);
		end += h.piece[i].size;
		assert_true(h.piece[i].size > 100 && end < sizeof(h.tail));
	}
	assert_true(dice_handoff(&p, &again));
	assert_memory_equal(&h, &again, sizeof(h));
	/* Register 1 changes the attestation chain and leaves the sealing chain as it is. */
	p.mr[1][0] ^= 1;
	assert_true(dice_handoff(&p, &other));
	assert_memory_not_equal(h.cdi, other.cdi, sizeof(h.cdi));
	assert_memory_equal(h.sealing_cdi, other.sealing_cdi, sizeof(h.sealing_cdi));
	p.mr[1][0] ^= 1;
	p.mr[2][0] ^= 1;
	assert_true(dice_handoff(&p, &other));
	assert_memory_not_equal(h.cdi, other.cdi, sizeof(h.cdi));
	assert_memory_not_equal(h.sealing_cdi, other.sealing_cdi, sizeof(h.sealing_cdi));
	p.mr[2][0] ^= 1;
	p.state = COVE_STATE_SECURED;
	assert_true(dice_handoff(&p, &other));
	assert_memory_not_equal(h.cdi, other.cdi, sizeof(h.cdi));
	assert_memory_not_equal(h.sealing_cdi, other.sealing_cdi, sizeof(h.sealing_cdi));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("key derivation, public keys and ids are what Python computes", derivation),
		SENTENCE("signatures are RFC 6979's", signature),
		SENTENCE("a scalar that is no key signs nothing", bad_keys),
		SENTENCE("a heap that is too small is an answer, not an accident", small_heap),
		SENTENCE("the handoff is the same each time, and each measurement changes its keys",
			 handoff),
	};

	return cmocka_run_group_tests_name("dice", tests, NULL, NULL);
}
