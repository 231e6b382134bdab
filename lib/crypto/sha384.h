/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-384. A context is plain data without pointers: it may live in a donated page, be copied, and
 * be continued by another hart. Nothing here can fail.
 */
#ifndef CRYPTO_SHA384_H
#define CRYPTO_SHA384_H

#include "base/types.h"
#include "crypto/sha512_block.h"

enum { SHA384_SIZE = 48 };	/* bytes of a digest */

struct sha384_ctx {
	u64 state[8];
	u64 length;			/* bytes so far */
	u8 tail[SHA512_BLOCK_SIZE] __aligned(8);	/* the last length % 128 of them */
};

void sha384_init(struct sha384_ctx *ctx);
void sha384_update(struct sha384_ctx *ctx, const void *data, size_t n);

/* The context is used up: init it again before another update. */
void sha384_finish(struct sha384_ctx *ctx, u8 digest[SHA384_SIZE]);

void sha384(const void *data, size_t n, u8 digest[SHA384_SIZE]);

#endif
