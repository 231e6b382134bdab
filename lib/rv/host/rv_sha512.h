/* SPDX-License-Identifier: BSD-2-Clause */
/* What Zknh's instructions for SHA-512 compute (the cryptography extensions' specification, 3.44 on), in C. */
#ifndef RV_SHA512_H
#define RV_SHA512_H

#include "base/types.h"

static inline u64 rv_ror(u64 x, u32 n) { return x >> n | x << (64 - n); }
static inline u64 rv_sha512_sum0(u64 x) { return rv_ror(x, 28) ^ rv_ror(x, 34) ^ rv_ror(x, 39); }
static inline u64 rv_sha512_sum1(u64 x) { return rv_ror(x, 14) ^ rv_ror(x, 18) ^ rv_ror(x, 41); }
static inline u64 rv_sha512_sig0(u64 x) { return rv_ror(x, 1) ^ rv_ror(x, 8) ^ x >> 7; }
static inline u64 rv_sha512_sig1(u64 x) { return rv_ror(x, 19) ^ rv_ror(x, 61) ^ x >> 6; }

#endif
