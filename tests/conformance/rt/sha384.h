/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-384 (FIPS 180-4), written for the tests alone, so that it does not share a bug with what it
 * checks.
 */
#ifndef RT_SHA384_H
#define RT_SHA384_H

#include "rt.h"

#define SHA384_SIZE	48

struct sha384 {
	u64 state[8];
	u64 total;
	u8 block[128];
};

void sha384_init(struct sha384 *s);
void sha384_update(struct sha384 *s, const void *data, u64 size);
void sha384_final(struct sha384 *s, u8 digest[SHA384_SIZE]);

#endif
