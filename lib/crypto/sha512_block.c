/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain C, written for RV64: the sixteen rounds of one pass are spelled out so that the eight state
 * words rotate by name and the message schedule has constant indices. 37 instructions per byte on
 * rv64imac, fewer where Zbb rotates.
 */
#include "base/string.h"
#include "crypto/sha512_block.h"

#ifndef __clang__
/* Moving loads up makes gcc run out of registers here: 8 % more instructions. */
#pragma GCC optimize("no-schedule-insns")
#endif

typedef u64 __attribute__((may_alias)) word_t;

static const u64 k512[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
	0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
	0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
	0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
	0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
	0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
	0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
	0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
	0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
	0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static inline __attribute__((always_inline)) u64 ror(u64 x, unsigned int n)
{
	return x >> n | x << (64 - n);
}

/* By masks: without Zbb the compiler's own byte swap is a call into libgcc. */
static inline __attribute__((always_inline)) u64 from_big_endian(u64 x)
{
	const u64 bytes = 0x00ff00ff00ff00ff, halves = 0x0000ffff0000ffff;

	x = (x >> 8 & bytes) | (x & bytes) << 8;
	x = (x >> 16 & halves) | (x & halves) << 16;
	return x >> 32 | x << 32;
}

#define BIG0(x)		(ror(x, 28) ^ ror(x, 34) ^ ror(x, 39))
#define BIG1(x)		(ror(x, 14) ^ ror(x, 18) ^ ror(x, 41))
#define SMALL0(x)	(ror(x, 1) ^ ror(x, 8) ^ (x) >> 7)
#define SMALL1(x)	(ror(x, 19) ^ ror(x, 61) ^ (x) >> 6)

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

static void sha512_block(u64 state[8], const word_t in[16])
{
	u64 a = state[0], b = state[1], c = state[2], d = state[3];
	u64 e = state[4], f = state[5], g = state[6], h = state[7];
	u64 x, y = b ^ c;
	const u64 *k = k512;
	u64 w[16];

	ROUNDS_16(LOAD);
	for (k += 16; k != k512 + 80; k += 16)
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

void sha512_blocks(u64 state[8], const void *data, size_t blocks)
{
	const u8 *p = data;

	for (; blocks; blocks--, p += SHA512_BLOCK_SIZE) {
		word_t copy[16];

		if ((uintptr_t)p % sizeof(word_t)) {
			memcpy(copy, p, sizeof(copy));
			sha512_block(state, copy);
		} else {
			sha512_block(state, (const word_t *)(const void *)p);
		}
	}
}
