/* SPDX-License-Identifier: BSD-2-Clause */
/* The TVM's console: SBI DBCN, or the legacy call where that is absent or refuses. */
#include <sbi.h>

#include "tvm.h"

static void put_legacy(const char *text, size_t n)
{
	while (n--)
		(void)tvm_sbi(SBI_EXT_LEGACY_PUTCHAR, 0, (unsigned char)*text++, 0, 0);
}

/* A write may print a part only; one that prints nothing would be repeated for ever. */
static void put(const char *text, size_t n)
{
	static long has_dbcn = -1;

	if (has_dbcn < 0)
		has_dbcn = tvm_probe(SBI_EXT_DBCN) > 0;
	while (n && has_dbcn) {
		struct sbiret ret =
			tvm_sbi(SBI_EXT_DBCN, SBI_DBCN_WRITE, n, (unsigned long)text, 0);

		if (ret.error || ret.value <= 0 || (size_t)ret.value > n)
			break;
		text += ret.value;
		n -= (size_t)ret.value;
	}
	put_legacy(text, n);
}

void tvm_puts(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	put(text, n);
}

static void put_number(uint64_t value, unsigned int base)
{
	char text[20];
	size_t at = sizeof(text);

	do {
		text[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put(text + at, sizeof(text) - at);
}

void tvm_put_dec(uint64_t value)
{
	put_number(value, 10);
}

void tvm_put_hex(uint64_t value)
{
	tvm_puts("0x");
	put_number(value, 16);
}

void tvm_put_bytes(const uint8_t *bytes, size_t n)
{
	char text[128];
	size_t at = 0;

	while (n--) {
		text[at++] = "0123456789abcdef"[*bytes >> 4];
		text[at++] = "0123456789abcdef"[*bytes++ & 15];
		if (at == sizeof(text) || !n) {
			put(text, at);
			at = 0;
		}
	}
}
