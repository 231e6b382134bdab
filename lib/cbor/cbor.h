/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CBOR (RFC 8949): a writer of deterministic encoding, and a reader for hostile input that accepts
 * nothing else: shortest heads, definite lengths. Neither allocates, recurses or reads outside of
 * its buffer. What does not fit, or is not as asked for, sets a flag that stays: it is looked at
 * once, at the end.
 */
#ifndef CBOR_CBOR_H
#define CBOR_CBOR_H

#include "base/types.h"

enum cbor_major {
	CBOR_UINT,
	CBOR_NEGATIVE,
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,
	CBOR_MAP,
	CBOR_TAG,
};

enum { CBOR_HEAD_MAX = 9 };

struct cbor_out {
	u8 *data;
	size_t size;
	size_t used;
	bool full;		/* something did not fit; nothing after it was written */
};

static inline struct cbor_out cbor_out(void *data, size_t size)
{
	return (struct cbor_out){ .data = data, .size = size };
}

/* An item's head: @value is the number, the length or the count. */
void cbor_head(struct cbor_out *o, enum cbor_major major, u64 value);
void cbor_raw(struct cbor_out *o, const void *data, size_t n);
void cbor_int(struct cbor_out *o, s64 value);
void cbor_bytes(struct cbor_out *o, const void *data, size_t n);
void cbor_text(struct cbor_out *o, const char *text);

struct cbor_in {
	const u8 *data;
	size_t size;
	size_t at;
	bool bad;		/* ill-formed, or not what was asked for */
};

static inline struct cbor_in cbor_in(const void *data, size_t size)
{
	return (struct cbor_in){ .data = data, .size = size };
}

/* Each returns 0 or NULL once the flag is set. */
u64 cbor_read_head(struct cbor_in *in, enum cbor_major major);
s64 cbor_read_int(struct cbor_in *in);
/* A byte string's content, inside the buffer. */
const u8 *cbor_read_bytes(struct cbor_in *in, size_t *n);
/* An item without items in it: a number, a string. */
void cbor_skip_plain(struct cbor_in *in);

static inline bool cbor_read_done(const struct cbor_in *in)
{
	return !in->bad && in->at == in->size;
}

#endif
