/* SPDX-License-Identifier: BSD-2-Clause */
#include "rv/world_switch.h"

#define LOAD(name, num)			csr_write(num, to->name);
#define LOAD_IF(name, num, bit)		if (has & (bit)) csr_write(num, to->name);
#define SWAP_IF(name, num, bit)		if (has & (bit) & WORLD_HAS_RARE) from->name = csr_swap(num, to->name);

void world_swap_rare(struct world *from, const struct world *to, u32 has)
{
	WORLD_CSRS_OPTIONAL(SWAP_IF)
	if (has & WORLD_HAS_CTR)
		rv_sctrclr();
}

void world_load(const struct world *to, u32 has)
{
	csr_write(CSR_VSATP, 0);
	csr_write(CSR_HGATP, to->hgatp);
	WORLD_CSRS_CONFIG(LOAD)
	WORLD_CSRS_CONSTANT(LOAD)
	if (has & WORLD_HAS_STATEEN)
		csr_write(CSR_HSTATEEN0, to->hstateen0);
	WORLD_CSRS_OPTIONAL(LOAD_IF)
	if (has & WORLD_HAS_CTR)
		rv_sctrclr();
	WORLD_CSRS_TOLD(LOAD)
	WORLD_CSRS_SWAPPED(LOAD)
	csr_write(CSR_VSATP, to->vsatp);
}
