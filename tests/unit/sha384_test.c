/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>
#include <mbedtls/sha512.h>

#include "crypto/sha384.h"

static void expect_hex(const u8 *digest, const char *hex)
{
	char have[2 * SHA384_SIZE + 1];

	for (size_t i = 0; i < SHA384_SIZE; i++)
		snprintf(have + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(have, hex);
}

/* FIPS 180-4 examples and the empty message. */
static void matches_known_answers(void **state)
{
	const char *two_blocks = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
				 "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
	u8 d[SHA384_SIZE];

	(void)state;
	sha384("", 0, d);
	expect_hex(d, "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
		      "274edebfe76f65fbd51ad2f14898b95b");
	sha384("abc", 3, d);
	expect_hex(d, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		      "8086072ba1e7cc2358baeca134c825a7");
	sha384(two_blocks, strlen(two_blocks), d);
	expect_hex(d, "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712"
		      "fcc7c71a557e2db966c3e9fa91746039");
}

/* One way of computing it against mbedTLS; the instructions that it is for are C here (rv_sha512.h). */
static void matches_mbedtls(void **state)
{
	static u8 data[8192];
	u64 seed = 11;

	assert_true(sha512_select(*(enum sha512_kind *)*state));
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (u8)unit_random(&seed);
	for (size_t n = 0; n < 1200; n++) {
		u8 ours[SHA384_SIZE], theirs[64];
		size_t len = n < 600 ? n : unit_random(&seed) % sizeof(data);
		size_t skew = len < sizeof(data) - 8 ? unit_random(&seed) % 8 : 0;
		u8 *exact = malloc(len + skew + 1);

		memcpy(exact + skew + 1, data, len);
		sha384(exact + skew + 1, len, ours);
		assert_int_equal(mbedtls_sha512(data, len, theirs, 1), 0);
		assert_memory_equal(ours, theirs, SHA384_SIZE);
		free(exact);
	}
}

static void splits_do_not_matter(void **state)
{
	static u8 data[4096];
	u64 seed = 23;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (u8)unit_random(&seed);
	for (int round = 0; round < 500; round++) {
		size_t len = unit_random(&seed) % sizeof(data), at = 0;
		u8 whole[SHA384_SIZE], split[SHA384_SIZE];
		struct sha384_ctx ctx;

		sha384(data, len, whole);
		sha384_init(&ctx);
		while (at < len) {
			size_t n = unit_random(&seed) % 300;
			struct sha384_ctx moved;

			n = n < len - at ? n : len - at;
			sha384_update(&ctx, data + at, n);
			at += n;
			moved = ctx;	/* a context is plain data */
			memset(&ctx, 0xff, sizeof(ctx));
			ctx = moved;
		}
		sha384_finish(&ctx, split);
		assert_memory_equal(whole, split, SHA384_SIZE);
	}
}

static void ignores_what_the_tail_held(void **state)
{
	u8 clean[SHA384_SIZE], dirty[SHA384_SIZE];
	struct sha384_ctx ctx;

	(void)state;
	for (size_t n = 0; n < 256; n++) {
		u8 data[256] = { 0 };

		sha384(data, n, clean);
		memset(&ctx, 0xa5, sizeof(ctx));
		sha384_init(&ctx);
		sha384_update(&ctx, data, n);
		sha384_finish(&ctx, dirty);
		assert_memory_equal(clean, dirty, SHA384_SIZE);
	}
}

int main(void)
{
	static enum sha512_kind kinds[] = { SHA512_PLAIN, SHA512_ZBB, SHA512_ZKNH };
	const struct CMUnitTest tests[] = {
		SENTENCE("SHA-384 gives the known answers of FIPS 180-4", matches_known_answers),
		{ "SHA-384 agrees with mbedTLS for any length and alignment", matches_mbedtls, NULL, NULL, &kinds[0] },
		{ "so it does with the instructions of Zbb", matches_mbedtls, NULL, NULL, &kinds[1] },
		{ "so it does with those of Zknh", matches_mbedtls, NULL, NULL, &kinds[2] },
		SENTENCE("how a message is split, and where the context lies, does not matter",
			 splits_do_not_matter),
		SENTENCE("what the memory of a context held before does not matter",
			 ignores_what_the_tail_held),
	};

	return cmocka_run_group_tests_name("sha384", tests, NULL, NULL);
}
