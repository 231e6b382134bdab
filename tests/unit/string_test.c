/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>

/* The functions under other names, next to the C library's that they are compared with. */
#define memcpy	our_memcpy
#define memmove	our_memmove
#define memset	our_memset
#define memcmp	our_memcmp
#define memchr	our_memchr
#define strlen	our_strlen
#define strnlen	our_strnlen
#define strcmp	our_strcmp
#define strncmp	our_strncmp
#define strchr	our_strchr
#define strrchr	our_strrchr
#define strstr	our_strstr
#define strncpy	our_strncpy
#undef BASE_STRING_H
#include "base/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strstr
#undef strncpy

enum { LENGTHS = 200 };

static void fill(u8 *p, size_t n, u64 seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (u8)unit_random(&seed);
}

/*
 * The source and the destination are heap blocks of exactly the right size: ASan sees one byte too
 * far.
 */
static void copies_any_alignment(void **state)
{
	(void)state;
	for (size_t n = 0; n < LENGTHS; n++) {
		for (size_t ds = 0; ds < 8; ds++) {
			for (size_t ss = 0; ss < 8; ss++) {
				u8 *d = malloc(n + ds + 1), *s = malloc(n + ss + 1);

				fill(s, n + ss, n + 1);
				memset(d, 0x5a, n + ds);
				assert_ptr_equal(our_memcpy(d + ds, s + ss, n), d + ds);
				assert_memory_equal(d + ds, s + ss, n);
				for (size_t i = 0; i < ds; i++)
					assert_int_equal(d[i], 0x5a);
				free(d);
				free(s);
			}
		}
	}
}

/* One byte more than the block has is a poisoned one. */
static void copies_stay_inside(void **state)
{
	(void)state;
	for (size_t n = 1; n < LENGTHS; n++) {
		for (size_t skew = 0; skew < 8 && skew < n; skew++) {
			u8 *d = malloc(n - skew), *s = malloc(n);

			fill(s, n, n);
			our_memcpy(d, s + skew, n - skew);
			assert_memory_equal(d, s + skew, n - skew);
			our_memset(d, 1, n - skew);
			free(d);
			free(s);
		}
	}
}

static void moves_overlapping(void **state)
{
	u8 a[400], b[400];

	(void)state;
	for (size_t n = 0; n < LENGTHS; n++) {
		for (size_t from = 0; from < 90; from += 7) {
			for (size_t to = 0; to < 90; to += 3) {
				fill(a, sizeof(a), n + 1);
				fill(b, sizeof(b), n + 1);
				memmove(a + to, a + from, n);
				assert_ptr_equal(our_memmove(b + to, b + from, n), b + to);
				assert_memory_equal(a, b, sizeof(a));
			}
		}
	}
}

static void sets_any_alignment(void **state)
{
	u8 a[300], b[300];

	(void)state;
	for (size_t n = 0; n < LENGTHS; n++) {
		for (size_t skew = 0; skew < 8; skew++) {
			fill(a, sizeof(a), 1);
			fill(b, sizeof(b), 1);
			memset(a + skew, 0xfe, n);
			assert_ptr_equal(our_memset(b + skew, 0x1fe, n), b + skew);
			assert_memory_equal(a, b, sizeof(a));
		}
	}
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void compares_bytes_as_unsigned(void **state)
{
	u64 seed = 7;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t n = unit_random(&seed) % 40, skew = unit_random(&seed) % 3;
		u8 a[48], b[48];

		fill(a, sizeof(a), seed);
		memcpy(b, a, sizeof(b));
		if (n)
			b[skew + unit_random(&seed) % n] ^= (u8)(unit_random(&seed) % 3 * 0x80);
		assert_int_equal(sign(our_memcmp(a + skew, b + skew, n)),
				 sign(memcmp(a + skew, b + skew, n)));
	}
	assert_true(our_memcmp("\x80", "\x01", 1) > 0);
	assert_true(our_strcmp("\x80", "\x01") > 0);
}

static void finds_bytes(void **state)
{
	const char *s = "device-tree";

	(void)state;
	assert_ptr_equal(our_memchr(s, 'e', 11), s + 1);
	assert_null(our_memchr(s, 'e', 1));
	assert_ptr_equal(our_memchr(s, 0, 12), s + 11);
	assert_ptr_equal(our_strchr(s, 'e'), s + 1);
	assert_ptr_equal(our_strchr(s, 0), s + 11);
	assert_null(our_strchr(s, 'x'));
	assert_ptr_equal(our_strrchr(s, 'e'), s + 10);
	assert_ptr_equal(our_strrchr(s, 0), s + 11);
	assert_null(our_strrchr(s, 'x'));
	assert_ptr_equal(our_strstr(s, "tree"), s + 7);
	assert_ptr_equal(our_strstr(s, ""), s);
	assert_ptr_equal(our_strstr("", ""), "");
	assert_null(our_strstr(s, "trees"));
}

static void measures_and_compares_strings(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(our_strlen(""), 0);
	assert_int_equal(our_strlen("abc"), 3);
	assert_int_equal(our_strnlen("abc", 2), 2);
	assert_int_equal(our_strnlen("abc", 9), 3);
	assert_int_equal(our_strcmp("abc", "abc"), 0);
	assert_true(our_strcmp("abc", "abd") < 0);
	assert_true(our_strcmp("abc", "ab") > 0);
	assert_int_equal(our_strncmp("abc", "abd", 2), 0);
	assert_true(our_strncmp("abc", "abd", 3) < 0);
	assert_int_equal(our_strncmp("abc", "abc\0x", 9), 0);
	our_strncpy(buf, "abcdefghij", sizeof(buf));
	assert_memory_equal(buf, "abcdefgh", 8);
	our_strncpy(buf, "ab", sizeof(buf));
	assert_memory_equal(buf, "ab\0\0\0\0\0\0", 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("memcpy copies any length between any two alignments",
			 copies_any_alignment),
		SENTENCE("memcpy and memset touch nothing outside the ranges", copies_stay_inside),
		SENTENCE("memmove copies ranges that overlap", moves_overlapping),
		SENTENCE("memset fills any length at any alignment", sets_any_alignment),
		SENTENCE("memcmp and strcmp order bytes as unsigned numbers",
			 compares_bytes_as_unsigned),
		SENTENCE("memchr, strchr, strrchr and strstr find what is there", finds_bytes),
		SENTENCE("string lengths, comparisons and bounded copies are right",
			 measures_and_compares_strings),
	};

	return cmocka_run_group_tests_name("string", tests, NULL, NULL);
}
