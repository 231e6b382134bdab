/* SPDX-License-Identifier: BSD-2-Clause */
/* CBOR: the examples of RFC 8949, appendix A, and what a hostile item does to the reader. */
#include "unit/unit.h"

#include <string.h>

#include "cbor/cbor.h"

#define ROUNDS	200000

static void writes_is(const struct cbor_out *o, const char *hex)
{
	char text[129] = { 0 };

	assert_false(o->full);
	for (size_t i = 0; i < o->used; i++)
		snprintf(text + 2 * i, 3, "%02x", o->data[i]);
	assert_string_equal(text, hex);
}

static void examples(void **state)
{
	static const struct {
		s64 value;
		const char *hex;
	} numbers[] = {
		{ 0, "00" }, { 1, "01" }, { 10, "0a" }, { 23, "17" }, { 24, "1818" }, { 25, "1819" },
		{ 100, "1864" }, { 1000, "1903e8" }, { 1000000, "1a000f4240" },
		{ 1000000000000, "1b000000e8d4a51000" }, { -1, "20" }, { -10, "29" }, { -100, "3863" },
		{ -1000, "3903e7" }, { -70001, "3a00011170" },
		{ INT64_MIN, "3b7fffffffffffffff" },
	};
	u8 data[64];

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct cbor_out o = cbor_out(data, sizeof(data));
		struct cbor_in in;

		cbor_int(&o, numbers[i].value);
		writes_is(&o, numbers[i].hex);
		in = cbor_in(data, o.used);
		assert_int_equal(cbor_read_int(&in), numbers[i].value);
		assert_true(cbor_read_done(&in));
	}
	struct cbor_out o = cbor_out(data, sizeof(data));

	cbor_head(&o, CBOR_TAG, 601);
	cbor_head(&o, CBOR_MAP, 1);
	cbor_text(&o, "IETF");
	cbor_bytes(&o, "\1\2\3\4", 4);
	writes_is(&o, "d90259a1644945544644" "01020304");
}

static void does_not_overflow(void **state)
{
	u8 data[8];

	(void)state;
	for (size_t size = 0; size < sizeof(data); size++) {
		struct cbor_out o = cbor_out(data, size);

		memset(data, 0xee, sizeof(data));
		cbor_bytes(&o, "abcdefg", 7);
		assert_true(o.full);
		cbor_int(&o, 0);
		assert_true(o.full);
		for (size_t i = size; i < sizeof(data); i++)
			assert_int_equal(data[i], 0xee);
	}
}

static bool reads(const char *bytes, size_t n)
{
	struct cbor_in in = cbor_in(bytes, n);

	cbor_skip_plain(&in);
	return cbor_read_done(&in);
}

static void refuses(void **state)
{
	(void)state;
	assert_true(reads("\x18\x18", 2));
	assert_true(reads("\x41\x00", 2));
	/* longer than need be */
	assert_false(reads("\x18\x17", 2));
	assert_false(reads("\x19\x00\xff", 3));
	assert_false(reads("\x1a\x00\x00\xff\xff", 5));
	assert_false(reads("\x1b\x00\x00\x00\x00\xff\xff\xff\xff", 9));
	/* reserved, indefinite, break */
	assert_false(reads("\x1c", 1));
	assert_false(reads("\x1f", 1));
	assert_false(reads("\x5f\x41\x00\xff", 4));
	assert_false(reads("\xff", 1));
	/* cut off; a length beyond every buffer */
	assert_false(reads("", 0));
	assert_false(reads("\x19\x01", 2));
	assert_false(reads("\x42\x00", 2));
	assert_false(reads("\x5b\xff\xff\xff\xff\xff\xff\xff\xff", 9));
	/* containers are not plain */
	assert_false(reads("\x80", 1));
	assert_false(reads("\xa0", 1));
	assert_false(reads("\xc1\x00", 2));
}

/* ASan sees a read outside: each buffer is as long as its content. */
static void random_input(void **state)
{
	u64 seed = 1, good = 0;

	(void)state;
	for (u32 i = 0; i < ROUNDS; i++) {
		size_t n = unit_random(&seed) % 40, size;
		u8 *data = malloc(n ? n : 1);
		struct cbor_in in = cbor_in(data, n);

		for (size_t k = 0; k < n; k++)
			data[k] = (u8)(unit_random(&seed) >> 16);
		while (in.at < n && !in.bad) {
			switch (unit_random(&seed) >> 30 & 3) {
			case 0:
				cbor_read_int(&in);
				break;
			case 1:
				if (cbor_read_bytes(&in, &size))
					assert_true(size <= n);
				break;
			case 2:
				cbor_read_head(&in, CBOR_MAP);
				break;
			default:
				cbor_skip_plain(&in);
			}
			good += !in.bad;
			assert_true(in.at <= n);
		}
		free(data);
	}
	assert_true(good > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("what is written is RFC 8949's encoding and reads back", examples),
		SENTENCE("what does not fit sets a flag and touches nothing behind the buffer",
			 does_not_overflow),
		SENTENCE("ill-formed, indefinite and not shortest encodings are refused", refuses),
		SENTENCE("random input never makes the reader leave its buffer", random_input),
	};

	return cmocka_run_group_tests_name("cbor", tests, NULL, NULL);
}
