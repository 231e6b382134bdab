/* SPDX-License-Identifier: BSD-2-Clause */
/* For harts with Zbb and Zknh: the four functions of FIPS 180-4, 4.1.3, are one instruction each. */
#include "crypto/sha512_block.h"
#include "rv_sha512.h"

#define from_big_endian(x)	__builtin_bswap64(x)

#define BIG0(x)		rv_sha512_sum0(x)
#define BIG1(x)		rv_sha512_sum1(x)
#define SMALL0(x)	rv_sha512_sig0(x)
#define SMALL1(x)	rv_sha512_sig1(x)

#define BLOCKS		sha512_blocks_zknh
#include "crypto/sha512_rounds.h"
