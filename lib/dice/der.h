/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DER, written from the end of a buffer towards its beginning, so that every length is known when
 * its head is written. A structure is written last part first.
 */
#ifndef DICE_DER_H
#define DICE_DER_H

#include "base/types.h"

enum der_tag {
	DER_BOOLEAN		= 0x01,
	DER_INTEGER		= 0x02,
	DER_BIT_STRING		= 0x03,
	DER_OCTETS		= 0x04,
	DER_OID			= 0x06,
	DER_UTF8		= 0x0c,
	DER_SEQUENCE		= 0x30,
	DER_SET			= 0x31,
	DER_PRINTABLE		= 0x13,
	DER_UTC_TIME		= 0x17,
	DER_GENERALIZED_TIME	= 0x18,
	DER_CONTEXT_0		= 0xa0,
	DER_CONTEXT_3		= 0xa3,
	DER_CONTEXT_6		= 0xa6,
	DER_IMPLICIT_0		= 0x80,
};

struct der_out {
	u8 *begin;
	u8 *at;			/* what is written lies from here to end */
	u8 *end;
	bool full;		/* something did not fit */
};

static inline struct der_out der_out(u8 *buffer, size_t size)
{
	return (struct der_out){ buffer, buffer + size, buffer + size, false };
}

static inline size_t der_size(const struct der_out *d)
{
	return (size_t)(d->end - d->at);
}

void der_raw(struct der_out *d, const void *data, size_t n);
/* The head of an item whose content of @n bytes follows. */
void der_head(struct der_out *d, enum der_tag tag, size_t n);
/* Wraps what was written since der_size() was @before. */
void der_wrap(struct der_out *d, enum der_tag tag, size_t before);
/* One item with that content. */
void der_item(struct der_out *d, enum der_tag tag, const void *data, size_t n);
void der_text(struct der_out *d, enum der_tag tag, const char *text);
/* A positive number, big endian. */
void der_number(struct der_out *d, const u8 *data, size_t n);
/* A bit string of whole bytes around what was written since @before. */
void der_wrap_bits(struct der_out *d, size_t before);

/* OIDs of cove/claims.h are string constants. */
#define der_oid(d, oid)		der_item(d, DER_OID, oid, sizeof(oid) - 1)

#endif
