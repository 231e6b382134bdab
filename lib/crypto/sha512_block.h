/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SHA-512 compression function (FIPS 180-4, 6.4.2), the one piece of cryptography that is our
 * own code.
 */
#ifndef CRYPTO_SHA512_BLOCK_H
#define CRYPTO_SHA512_BLOCK_H

#include "base/types.h"

enum { SHA512_BLOCK_SIZE = 128 };

/* Ways to compute it, by the instructions that the harts have. */
enum sha512_kind {
	SHA512_PLAIN,
	SHA512_ZBB,
	SHA512_ZKNH,		/* and Zbb */
};

/*
 * Before other harts run: from now on sha512_blocks() computes so, if a test shows that it computes the same as plain C. Plain C is what
 * it is at first.
 */
bool sha512_select(enum sha512_kind kind);

void sha512_blocks_plain(u64 state[8], const void *data, size_t blocks);
void sha512_blocks_zbb(u64 state[8], const void *data, size_t blocks);
void sha512_blocks_zknh(u64 state[8], const void *data, size_t blocks);
extern const u64 sha512_k[80];

/* Takes `blocks` times 128 bytes, of any alignment, into the state. */
void sha512_blocks(u64 state[8], const void *data, size_t blocks);

#endif
