/* SPDX-License-Identifier: BSD-2-Clause */
#include "dice/der.h"
#include "base/string.h"

void der_raw(struct der_out *d, const void *data, size_t n)
{
	if (d->full || n > (size_t)(d->at - d->begin)) {
		d->full = true;
		return;
	}
	d->at -= n;
	memcpy(d->at, data, n);
}

static void byte(struct der_out *d, size_t value)
{
	u8 b = (u8)value;

	der_raw(d, &b, 1);
}

void der_head(struct der_out *d, enum der_tag tag, size_t n)
{
	size_t bytes = 0;

	if (n < 128) {
		byte(d, n);
	} else {
		for (size_t rest = n; rest; rest >>= 8, bytes++)
			byte(d, rest);
		byte(d, 0x80 | bytes);
	}
	byte(d, (size_t)tag);
}

void der_wrap(struct der_out *d, enum der_tag tag, size_t before)
{
	der_head(d, tag, der_size(d) - before);
}

void der_item(struct der_out *d, enum der_tag tag, const void *data, size_t n)
{
	size_t before = der_size(d);

	der_raw(d, data, n);
	der_wrap(d, tag, before);
}

void der_text(struct der_out *d, enum der_tag tag, const char *text)
{
	der_item(d, tag, text, strlen(text));
}

void der_number(struct der_out *d, const u8 *data, size_t n)
{
	size_t before = der_size(d);

	for (; n > 1 && !*data; n--)
		data++;
	der_raw(d, data, n);
	if (*data & 0x80)
		byte(d, 0);
	der_wrap(d, DER_INTEGER, before);
}

void der_wrap_bits(struct der_out *d, size_t before)
{
	byte(d, 0);
	der_wrap(d, DER_BIT_STRING, before);
}
