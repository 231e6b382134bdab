/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/string.h"
#include "crypto/sha384.h"

typedef u64 __attribute__((may_alias)) word_t;

/* FIPS 180-4, 5.3.4 */
static const u64 sha384_initial[8] = {
	0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
	0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
};

void sha384_init(struct sha384_ctx *ctx)
{
	memcpy(ctx->state, sha384_initial, sizeof(ctx->state));
	ctx->length = 0;
}

void sha384_update(struct sha384_ctx *ctx, const void *data, size_t n)
{
	size_t used = ctx->length % SHA512_BLOCK_SIZE;
	const u8 *p = data;
	size_t blocks;

	ctx->length += n;
	/* A number behind other whole words, which many messages consist of. */
	if (n == sizeof(u64) && used && used < SHA512_BLOCK_SIZE - n && !((used | (uintptr_t)data) % sizeof(u64))) {
		*(word_t *)(void *)(ctx->tail + used) = *(const word_t *)data;
		return;
	}
	if (used) {
		size_t take = MIN(n, SHA512_BLOCK_SIZE - used);

		memcpy(ctx->tail + used, p, take);
		if (used + take < SHA512_BLOCK_SIZE)
			return;
		sha512_blocks(ctx->state, ctx->tail, 1);
		p += take;
		n -= take;
	}
	blocks = n / SHA512_BLOCK_SIZE;
	sha512_blocks(ctx->state, p, blocks);
	p += blocks * SHA512_BLOCK_SIZE;
	if (n % SHA512_BLOCK_SIZE)
		memcpy(ctx->tail, p, n % SHA512_BLOCK_SIZE);
}

static void put_big_endian(u8 *out, u64 v)
{
	for (unsigned int i = 0; i < 8; i++)
		out[i] = (u8)(v >> (56 - 8 * i));
}

/* Padding: a one bit, zeros, and the length in bits as a 128-bit number at the end of a block. */
void sha384_finish(struct sha384_ctx *ctx, u8 digest[SHA384_SIZE])
{
	size_t used = ctx->length % SHA512_BLOCK_SIZE;
	u8 *tail = ctx->tail;

	tail[used++] = 0x80;
	if (used > SHA512_BLOCK_SIZE - 16) {
		memset(tail + used, 0, SHA512_BLOCK_SIZE - used);
		sha512_blocks(ctx->state, tail, 1);
		used = 0;
	}
	memset(tail + used, 0, SHA512_BLOCK_SIZE - 16 - used);
	put_big_endian(tail + SHA512_BLOCK_SIZE - 16, ctx->length >> 61);
	put_big_endian(tail + SHA512_BLOCK_SIZE - 8, ctx->length << 3);
	sha512_blocks(ctx->state, tail, 1);
	for (unsigned int i = 0; i < SHA384_SIZE / 8; i++)
		put_big_endian(digest + 8UL * i, ctx->state[i]);
}

void sha384(const void *data, size_t n, u8 digest[SHA384_SIZE])
{
	struct sha384_ctx ctx;

	sha384_init(&ctx);
	sha384_update(&ctx, data, n);
	sha384_finish(&ctx, digest);
}
