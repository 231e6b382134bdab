/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>

#include "base/fmt.h"

#define EXPECT(text, ...)							\
	do {									\
		char buf_[128];							\
										\
		assert_int_equal(fmt(buf_, sizeof(buf_), __VA_ARGS__), strlen(text));	\
		assert_string_equal(buf_, text);				\
	} while (0)

static void prints_every_conversion(void **state)
{
	(void)state;
	EXPECT("plain", "plain");
	EXPECT("a string", "a %s", "string");
	EXPECT("x", "%c", 'x');
	EXPECT("-1 0 42", "%d %i %d", -1, 0, 42);
	EXPECT("-2147483648", "%d", INT32_MIN);
	EXPECT("-9223372036854775808", "%ld", INT64_MIN);
	EXPECT("4294967295", "%u", UINT32_MAX);
	EXPECT("18446744073709551615", "%lu", UINT64_MAX);
	EXPECT("ffffffffffffffff", "%lx", UINT64_MAX);
	EXPECT("deadbeef", "%x", 0xdeadbeefU);
	EXPECT("8000000000000000", "%llx", 0x8000000000000000ULL);
	EXPECT("17", "%zu", (size_t)17);
	EXPECT("0x0000000080200000", "%p", (void *)0x80200000UL);
	EXPECT("100%", "%d%%", 100);
}

static void pads_to_a_width(void **state)
{
	(void)state;
	EXPECT("  7", "%3d", 7);
	EXPECT("007", "%03d", 7);
	EXPECT(" -7", "%3d", -7);
	EXPECT("-07", "%03d", -7);
	EXPECT("0000000080000000", "%016lx", 0x80000000UL);
	EXPECT("1234", "%2d", 1234);
	EXPECT("  ab", "%4s", "ab");
}

static void never_overruns(void **state)
{
	(void)state;
	for (size_t size = 0; size < 40; size++) {
		char *buf = malloc(size ? size : 1);
		size_t n = fmt(buf, size, "%s %08x %p %d", "some string", 0xabcd, (void *)buf, -5);

		if (size) {
			assert_true(n < size);
			assert_int_equal(strlen(buf), n);
		}
		free(buf);
	}
}

/* The compiler warns of these in ordinary code, so the format goes through a variable. */
static void prints_unknown_as_it_stands(void **state)
{
	const char *const formats[] = { "%", "%q", "%5", "50% of", "%-5d|" };
	char buf[32];

	(void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		fmt(buf, sizeof(buf), formats[i]);
		assert_string_equal(buf, formats[i]);
	}
#pragma GCC diagnostic pop
}

static void takes_a_missing_string(void **state)
{
	const char *volatile none = NULL;

	(void)state;
	EXPECT("(null)", "%s", none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("every conversion prints its argument", prints_every_conversion),
		SENTENCE("a width pads with spaces or zeros", pads_to_a_width),
		SENTENCE("the result fits any buffer and ends in NUL", never_overruns),
		SENTENCE("an unknown conversion is printed as it stands",
			 prints_unknown_as_it_stands),
		SENTENCE("a null string prints as (null)", takes_a_missing_string),
	};

	return cmocka_run_group_tests_name("fmt", tests, NULL, NULL);
}
