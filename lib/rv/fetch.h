/* SPDX-License-Identifier: BSD-2-Clause */
/* The instruction at a VS-mode pc, fetched with the translation and the privilege that trapped. */
#ifndef RV_FETCH_H
#define RV_FETCH_H

#include "rv_arch.h"

/* 16 bits of *@insn count when its lowest two are not 11. False: the fetch faults now. */
static inline bool rv_fetch_insn(u64 pc, u32 *insn)
{
	u16 low, high;

	if (!rv_hlvx_hu(pc, &low))
		return false;
	*insn = low;
	if ((low & 3) != 3)
		return true;
	if (!rv_hlvx_hu(pc + 2, &high))
		return false;
	*insn |= (u32)high << 16;
	return true;
}

#endif
