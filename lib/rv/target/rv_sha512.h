/* SPDX-License-Identifier: BSD-2-Clause */
/* Zknh's instructions for SHA-512, written as .insn because the base ISA of the build lacks them. */
#ifndef RV_SHA512_H
#define RV_SHA512_H

#include "base/types.h"

#define RV_SHA512(name, imm)								\
static inline u64 rv_sha512_##name(u64 x)						\
{											\
	u64 y;										\
											\
	__asm__(".insn i 0x13, 1, %0, %1, " #imm : "=r"(y) : "r"(x));			\
	return y;									\
}

RV_SHA512(sum0, 0x104)
RV_SHA512(sum1, 0x105)
RV_SHA512(sig0, 0x106)
RV_SHA512(sig1, 0x107)

#endif
