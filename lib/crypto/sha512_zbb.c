/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same C for harts with Zbb, which the compiler makes use of (Makefile): rotations and byte order are one instruction each. Not
 * to be called where there is no Zbb.
 */
#include "crypto/sha512_block.h"

static inline __attribute__((always_inline)) u64 ror(u64 x, unsigned int n)
{
	return x >> n | x << (64 - n);
}

#define from_big_endian(x)	__builtin_bswap64(x)

#define BIG0(x)		(ror(x, 28) ^ ror(x, 34) ^ ror(x, 39))
#define BIG1(x)		(ror(x, 14) ^ ror(x, 18) ^ ror(x, 41))
#define SMALL0(x)	(ror(x, 1) ^ ror(x, 8) ^ (x) >> 7)
#define SMALL1(x)	(ror(x, 19) ^ ror(x, 61) ^ (x) >> 6)

#define BLOCKS		sha512_blocks_zbb
#include "crypto/sha512_rounds.h"
