/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SHA-512 compression function (FIPS 180-4, 6.4.2), the one piece of cryptography that is our
 * own code.
 */
#ifndef CRYPTO_SHA512_BLOCK_H
#define CRYPTO_SHA512_BLOCK_H

#include "base/types.h"

enum { SHA512_BLOCK_SIZE = 128 };

/* Takes `blocks` times 128 bytes, of any alignment, into the state. */
void sha512_blocks(u64 state[8], const void *data, size_t blocks);

#endif
