/* SPDX-License-Identifier: BSD-2-Clause */
#include "cbor/cbor.h"
#include "base/string.h"

/* The last five bits of an initial byte: how many bytes the number behind it has. */
enum { INFO_1_BYTE = 24, INFO_8_BYTES = 27 };

void cbor_raw(struct cbor_out *o, const void *data, size_t n)
{
	if (o->full || n > o->size - o->used) {
		o->full = true;
		return;
	}
	memcpy(o->data + o->used, data, n);
	o->used += n;
}

void cbor_head(struct cbor_out *o, enum cbor_major major, u64 value)
{
	u8 head[CBOR_HEAD_MAX];
	u32 bytes = 0, info = (u32)value;

	if (value >= INFO_1_BYTE) {
		for (bytes = 1, info = INFO_1_BYTE; bytes < 8 && value >> 8 * bytes; bytes *= 2)
			info++;
	}
	head[0] = (u8)((u32)major << 5 | info);
	for (u32 i = 0; i < bytes; i++)
		head[1 + i] = (u8)(value >> 8 * (bytes - 1 - i));
	cbor_raw(o, head, 1 + bytes);
}

void cbor_int(struct cbor_out *o, s64 value)
{
	if (value < 0)
		cbor_head(o, CBOR_NEGATIVE, ~(u64)value);
	else
		cbor_head(o, CBOR_UINT, (u64)value);
}

void cbor_bytes(struct cbor_out *o, const void *data, size_t n)
{
	cbor_head(o, CBOR_BYTES, n);
	cbor_raw(o, data, n);
}

void cbor_text(struct cbor_out *o, const char *text)
{
	size_t n = strlen(text);

	cbor_head(o, CBOR_TEXT, n);
	cbor_raw(o, text, n);
}

/* Any head: its major type, and *value. */
static u32 read_any_head(struct cbor_in *in, u64 *value)
{
	u32 initial, info, bytes;

	*value = 0;
	if (in->bad || in->at >= in->size) {
		in->bad = true;
		return 0;
	}
	initial = in->data[in->at++];
	info = initial & 31;
	if (info < INFO_1_BYTE) {
		*value = info;
		return initial >> 5;
	}
	bytes = info <= INFO_8_BYTES ? 1U << (info - INFO_1_BYTE) : 0;
	if (!bytes || bytes > in->size - in->at) {
		in->bad = true;
		return 0;
	}
	for (u32 i = 0; i < bytes; i++)
		*value = *value << 8 | in->data[in->at++];
	/* Half of the bytes, or none, would have held it. */
	if (bytes == 1 ? *value < INFO_1_BYTE : !(*value >> 4 * bytes))
		in->bad = true;
	return initial >> 5;
}

/* The next @n bytes, which are there. */
static const u8 *take(struct cbor_in *in, u64 n)
{
	const u8 *p = in->data + in->at;

	if (in->bad || n > in->size - in->at) {
		in->bad = true;
		return NULL;
	}
	in->at += n;
	return p;
}

u64 cbor_read_head(struct cbor_in *in, enum cbor_major major)
{
	u64 value;

	if (read_any_head(in, &value) != (u32)major)
		in->bad = true;
	return in->bad ? 0 : value;
}

s64 cbor_read_int(struct cbor_in *in)
{
	u64 value;
	u32 major = read_any_head(in, &value);

	if (major > CBOR_NEGATIVE || value >> 63)
		in->bad = true;
	if (in->bad)
		return 0;
	return major == CBOR_NEGATIVE ? (s64)~value : (s64)value;
}

const u8 *cbor_read_bytes(struct cbor_in *in, size_t *n)
{
	u64 size = cbor_read_head(in, CBOR_BYTES);
	const u8 *p = take(in, size);

	*n = in->bad ? 0 : size;
	return p;
}

void cbor_skip_plain(struct cbor_in *in)
{
	u64 value;
	u32 major = read_any_head(in, &value);

	if (major > CBOR_TEXT)
		in->bad = true;
	else if (major >= CBOR_BYTES)
		take(in, value);
}
