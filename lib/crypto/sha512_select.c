/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of the variants is used. */
#include "base/string.h"
#include "crypto/sha512_block.h"

static enum sha512_kind kind;		/* written by one hart, before others start */

static void blocks_of(enum sha512_kind k, u64 state[8], const void *data, size_t blocks)
{
	switch (k) {
	case SHA512_PLAIN:
		break;
	case SHA512_ZBB:
		return sha512_blocks_zbb(state, data, blocks);
	case SHA512_ZKNH:
		return sha512_blocks_zknh(state, data, blocks);
	}
	sha512_blocks_plain(state, data, blocks);
}

void sha512_blocks(u64 state[8], const void *data, size_t blocks)
{
	blocks_of(kind, state, data, blocks);
}

bool sha512_select(enum sha512_kind k)
{
	u64 a[8], b[8];

	/* What two blocks of the constants come to, from a state of constants. */
	memcpy(a, sha512_k + 40, sizeof(a));
	memcpy(b, a, sizeof(b));
	sha512_blocks_plain(a, sha512_k, 2);
	blocks_of(k, b, sha512_k, 2);
	if (memcmp(a, b, sizeof(a)) != 0)
		return false;
	kind = k;
	return true;
}
