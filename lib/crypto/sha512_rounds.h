/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rounds of SHA-512, included by each file that compiles them for other instructions. It has defined from_big_endian(), BIG0,
 * BIG1, SMALL0, SMALL1, and BLOCKS, the name of the function.
 *
 * Written for RV64: the sixteen rounds of one pass are spelled out so that the eight state words rotate by name and the message
 * schedule has constant indices.
 */
#include "base/string.h"
#include "crypto/sha512_block.h"

#ifndef __clang__
/* Moving loads up makes gcc run out of registers here: 8 % more instructions. */
#pragma GCC optimize("no-schedule-insns")
#endif

typedef u64 __attribute__((may_alias)) word_t;

/*
 * One round. ab and bc hold a ^ b and b ^ c: Maj(a, b, c) = b ^ ((a ^ b) & (b ^ c)), and this
 * round's a ^ b is the next one's b ^ c, so the two swap places from round to round.
 */
#define ROUND(a, b, c, d, e, f, g, h, ab, bc, i, wi)			\
	do {								\
		(h) += BIG1(e) + ((((f) ^ (g)) & (e)) ^ (g)) + k[i] + (wi);	\
		(d) += (h);						\
		(ab) = (a) ^ (b);					\
		(bc) = ((bc) & (ab)) ^ (b);				\
		(h) += BIG0(a) + (bc);					\
	} while (0)

#define LOAD(i)		(w[i] = from_big_endian(in[i]))
#define EXPAND(i)	(w[i] += SMALL1(w[((i) + 14) & 15]) + w[((i) + 9) & 15] +	\
				 SMALL0(w[((i) + 1) & 15]))

#define ROUNDS_16(W)							\
	do {								\
		ROUND(a, b, c, d, e, f, g, h, x, y, 0, W(0));		\
		ROUND(h, a, b, c, d, e, f, g, y, x, 1, W(1));		\
		ROUND(g, h, a, b, c, d, e, f, x, y, 2, W(2));		\
		ROUND(f, g, h, a, b, c, d, e, y, x, 3, W(3));		\
		ROUND(e, f, g, h, a, b, c, d, x, y, 4, W(4));		\
		ROUND(d, e, f, g, h, a, b, c, y, x, 5, W(5));		\
		ROUND(c, d, e, f, g, h, a, b, x, y, 6, W(6));		\
		ROUND(b, c, d, e, f, g, h, a, y, x, 7, W(7));		\
		ROUND(a, b, c, d, e, f, g, h, x, y, 8, W(8));		\
		ROUND(h, a, b, c, d, e, f, g, y, x, 9, W(9));		\
		ROUND(g, h, a, b, c, d, e, f, x, y, 10, W(10));		\
		ROUND(f, g, h, a, b, c, d, e, y, x, 11, W(11));		\
		ROUND(e, f, g, h, a, b, c, d, x, y, 12, W(12));		\
		ROUND(d, e, f, g, h, a, b, c, y, x, 13, W(13));		\
		ROUND(c, d, e, f, g, h, a, b, x, y, 14, W(14));		\
		ROUND(b, c, d, e, f, g, h, a, y, x, 15, W(15));		\
	} while (0)

static void block(u64 state[8], const word_t in[16])
{
	u64 a = state[0], b = state[1], c = state[2], d = state[3];
	u64 e = state[4], f = state[5], g = state[6], h = state[7];
	u64 x, y = b ^ c;
	const u64 *k = sha512_k;
	u64 w[16];

	ROUNDS_16(LOAD);
	for (k += 16; k != sha512_k + 80; k += 16)
		ROUNDS_16(EXPAND);
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

void BLOCKS(u64 state[8], const void *data, size_t blocks)
{
	const u8 *p = data;

	for (; blocks; blocks--, p += SHA512_BLOCK_SIZE) {
		word_t copy[16];

		if ((uintptr_t)p % sizeof(word_t)) {
			memcpy(copy, p, sizeof(copy));
			block(state, copy);
		} else {
			block(state, (const word_t *)(const void *)p);
		}
	}
}
