/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>

#include "fdt/isa.h"

static bool parse(struct isa_set *s, const char *isa)
{
	size_t n = strlen(isa);
	char *exact = malloc(n + 1);
	bool ok;

	*s = (struct isa_set){ { 0 } };
	memcpy(exact, isa, n);
	ok = isa_parse_string(s, exact, n);	/* without its NUL */
	free(exact);
	return ok;
}

static u32 count(const struct isa_set *s)
{
	u32 n = 0;

	for (u32 e = 0; e < ISA_COUNT; e++)
		n += isa_has(s, (enum isa_ext)e);
	return n;
}

static void table_is_sorted(void **state)
{
	(void)state;
	for (u32 e = 0; e + 1 < ISA_COUNT; e++)
		assert_true(strcmp(isa_name((enum isa_ext)e), isa_name((enum isa_ext)(e + 1))) < 0);
	for (u32 e = 0; e < ISA_COUNT; e++) {
		const char *name = isa_name((enum isa_ext)e);

		assert_int_equal(isa_find(name, strlen(name)), e);
	}
	assert_int_equal(isa_find("zicbo", 5), ISA_COUNT);
	assert_int_equal(isa_find("zicbomx", 7), ISA_COUNT);
	assert_int_equal(isa_find("zicbom", 5), ISA_COUNT);
	assert_int_equal(isa_find("", 0), ISA_COUNT);
	assert_int_equal(isa_find("i\0", 2), ISA_COUNT);
	assert_int_equal(isa_find("ZiCBoM", 6), ISA_ZICBOM);
}

static void parses_strings(void **state)
{
	struct isa_set s;

	(void)state;
	assert_true(parse(&s, "rv64imafdch_zicbom_sstc"));
	assert_int_equal(count(&s), 9);
	assert_true(isa_has(&s, ISA_H) && isa_has(&s, ISA_ZICBOM) && isa_has(&s, ISA_SSTC));
	assert_true(parse(&s, "rv64i2p1m2a2p0_zicbom1p0_zve32f2_sstc"));
	assert_int_equal(count(&s), 6);
	assert_true(isa_has(&s, ISA_ZVE32F) && isa_has(&s, ISA_ZICBOM));
	assert_true(parse(&s, "RV64GC"));
	assert_int_equal(count(&s), 8);
	assert_true(isa_has(&s, ISA_ZIFENCEI) && isa_has(&s, ISA_C));
	assert_true(parse(&s, "rv64imac_xventanacondops_zfoo_zba"));
	assert_int_equal(count(&s), 5);
	assert_true(parse(&s, "rv64imacq_zba__zbb_"));
	assert_int_equal(count(&s), 6);
}

static void refuses_other_strings(void **state)
{
	const char *const bad[] = {
		"", "rv64", "rv32imac", "rv128i", "rv64e", "rv64mac", "rv64i-", "rv64i zba",
		"rv64i_zba,zbb", "rv64i_zba\x80", "rv64i_1", "v64i", "rv64\0i",
	};
	struct isa_set s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(parse(&s, bad[i]));
}

static void parses_lists(void **state)
{
	struct isa_set s = { { 0 } };

	(void)state;
	assert_true(isa_parse_list(&s, "i\0m\0zicbom\0unknown\0\0sstc", 25));
	assert_int_equal(count(&s), 4);
	assert_false(isa_parse_list(&s, "i\0m", 3));
	assert_true(isa_parse_list(&s, "", 0));
}

static void filters_strings(void **state)
{
	struct isa_set allowed = { { 0 } };
	char out[64];
	size_t n;

	(void)state;
	assert_true(parse(&allowed, "rv64imafdc_zicbom_zicsr_zifencei_sstc"));
	n = isa_filter_string(&allowed, "rv64gcvh_zicbom1p0_zkr_xfoo_sstc", 33, out, sizeof(out));
	assert_string_equal(out, "rv64imafdc_zicsr_zifencei_zicbom_sstc");
	assert_int_equal(n, strlen(out) + 1);
	n = isa_filter_string(&allowed, "rv64g", 5, out, sizeof(out));
	assert_string_equal(out, "rv64imafd_zicsr_zifencei");
	assert_int_equal(n, strlen(out) + 1);
	n = isa_filter_string(&allowed, "rv64imv2p0h_sstc0p5", 20, out, sizeof(out));
	assert_string_equal(out, "rv64im_sstc");
	assert_int_equal(n, strlen(out) + 1);
	n = isa_filter_string(&allowed, "rv64i_sstc_g_m", 14, out, sizeof(out));
	assert_string_equal(out, "rv64i_sstc_imafdm_zicsr_zifencei");
	assert_int_equal(n, strlen(out) + 1);
	assert_int_equal(isa_filter_string(&allowed, "rv32i", 6, out, sizeof(out)), 0);
	assert_int_equal(isa_filter_string(&allowed, "rv64i+", 7, out, sizeof(out)), 0);
	for (size_t size = 0; size < 12; size++) {
		char *exact = malloc(size + 1);

		assert_int_equal(isa_filter_string(&allowed, "rv64im_sstc", 12, exact, size), 0);
		free(exact);
	}
}

static void filters_lists(void **state)
{
	struct isa_set allowed = { { 0 } };
	char out[32];

	(void)state;
	isa_add(&allowed, ISA_I);
	isa_add(&allowed, ISA_SSTC);
	assert_int_equal(isa_filter_list(&allowed, "i\0zkr\0sstc\0x", 13, out, sizeof(out)), 7);
	assert_memory_equal(out, "i\0sstc", 7);
	assert_int_equal(isa_filter_list(&allowed, "i\0zkr\0sstc\0x", 13, out, 6), 0);
	assert_int_equal(isa_filter_list(&allowed, "i\0zkr", 5, out, sizeof(out)), 0);
}

/* Whatever comes in: a result that is parsed again is a subset of what is allowed. */
static void filtered_noise_stays_allowed(void **state)
{
	static const char letters[] = "rv64imafdcbhgqszx_019pzicbomsstckr\0 -";
	struct isa_set allowed = { { 0 } };
	u64 seed = 99;

	(void)state;
	isa_add_plain(&allowed);
	for (int round = 0; round < 200000; round++) {
		size_t n = unit_random(&seed) % 24, len;
		char *in = malloc(n + 6), out[80];
		struct isa_set before = { { 0 } }, after = { { 0 } };
		bool ok;

		memcpy(in, "rv64i", 5);
		for (size_t i = 0; i < n; i++)
			in[5 + i] = letters[unit_random(&seed) % (sizeof(letters) - 1)];
		ok = isa_parse_string(&before, in, n + 5);
		len = isa_filter_string(&allowed, in, n + 5, out, sizeof(out));
		assert_int_equal(ok, len != 0);
		if (ok) {
			assert_true(isa_parse_string(&after, out, len));
			isa_and(&before, &allowed);
			assert_memory_equal(&before, &after, sizeof(after));
		}
		free(in);
	}
}

static void plain_needs_nothing(void **state)
{
	static const enum isa_ext not_plain[] = {
		ISA_H, ISA_SSTC, ISA_SSAIA, ISA_SMAIA, ISA_SMSTATEEN, ISA_SVPBMT, ISA_SVINVAL,
		ISA_SVADU, ISA_ZKR, ISA_ZK, ISA_ZICBOM, ISA_ZICBOZ, ISA_ZICFISS, ISA_ZICFILP,
		ISA_SDTRIG, ISA_SSCOFPMF, ISA_ZICNTR, ISA_ZIHPM, ISA_ZCMT, ISA_SSNPM,
		ISA_SSDBLTRP, ISA_SSCTR,
	};
	struct isa_set s = { { 0 } };

	(void)state;
	isa_add_plain(&s);
	for (size_t i = 0; i < ARRAY_SIZE(not_plain); i++)
		assert_false(isa_has(&s, not_plain[i]));
	assert_true(isa_has(&s, ISA_I) && isa_has(&s, ISA_V) && isa_has(&s, ISA_ZBB));
	isa_remove(&s, ISA_V);
	assert_false(isa_has(&s, ISA_V));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("the table is sorted, and every name is found by its own length only",
			 table_is_sorted),
		SENTENCE("an ISA string is read with versions, capitals, g and unknown names",
			 parses_strings),
		SENTENCE("what is not an RV64I string is refused", refuses_other_strings),
		SENTENCE("an extension list is read, and refused without its last NUL",
			 parses_lists),
		SENTENCE("a filtered string has the allowed names in their order", filters_strings),
		SENTENCE("a filtered list has the allowed names in their order", filters_lists),
		SENTENCE("a filtered string never names what is not allowed",
			 filtered_noise_stays_allowed),
		SENTENCE("no extension that needs enabling counts as plain", plain_needs_nothing),
	};

	return cmocka_run_group_tests_name("isa", tests, NULL, NULL);
}
