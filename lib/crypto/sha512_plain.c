/* SPDX-License-Identifier: BSD-2-Clause */
/* For programs that do not know what the harts have: plain C always. Instead of sha512_select.c. */
#include "crypto/sha512_block.h"

void sha512_blocks(u64 state[8], const void *data, size_t blocks)
{
	sha512_blocks_plain(state, data, blocks);
}
