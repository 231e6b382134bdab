/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving a hart from one world to another: the CSRs that do not change at every trap. General registers, sepc, sstatus and
 * hstatus move in trap/world.S on each trap; FP and vector registers are the caller's business (vcpu/). Line by line:
 * docs/world-switch.md.
 */
#ifndef RV_WORLD_SWITCH_H
#define RV_WORLD_SWITCH_H

#include "rv/world.h"
#include "rv_arch.h"

#define WORLD_SWAP(name, num)		from->name = csr_swap(num, to->name);
#define WORLD_LOAD(name, num)		csr_write(num, to->name);

/* The optional CSRs but for sstateen0: on harts without Smstateen, or with Zfinx. */
void world_swap_rare(struct world *from, const struct world *to, u32 has);

static inline void world_swap(struct world *from, const struct world *to, u32 has)
{
	WORLD_CSRS_SWAPPED(WORLD_SWAP)
	if (has & WORLD_HAS_STATEEN)
		from->sstateen0 = csr_swap(CSR_SSTATEEN0, to->sstateen0);
	if (has & WORLD_HAS_RARE)
		world_swap_rare(from, to, has);
}

/*
 * Both save @from's swapped CSRs and vsatp into it and load @to's, hgatp included: vsatp is cleared before hgatp changes
 * and written last, so that no walk mixes two worlds. @has: the optional CSRs (WORLD_HAS_*). No TLB flush.
 *
 * The host's configuration opens all that a TVM's does, and more: what is swapped is read and written while the host's is in
 * force. @vscause and @vstval: the host's when it goes on.
 */
static inline void world_to_tvm(struct world *from, const struct world *to, u32 has)
{
	from->vsatp = csr_swap(CSR_VSATP, 0);
	csr_write(CSR_HGATP, to->hgatp);
	/* The host's is what the end of the run will be told by. */
	csr_write(CSR_VSCAUSE, to->vscause);
	from->vstval = csr_swap(CSR_VSTVAL, to->vstval);
	world_swap(from, to, has);
	WORLD_CSRS_CONFIG(WORLD_LOAD)
	csr_write(CSR_VSATP, to->vsatp);
}

static inline void world_to_host(struct world *from, const struct world *to, u32 has, u64 vscause, u64 vstval)
{
	from->vsatp = csr_swap(CSR_VSATP, 0);
	csr_write(CSR_HGATP, to->hgatp);
	from->vscause = csr_swap(CSR_VSCAUSE, vscause);
	from->vstval = csr_swap(CSR_VSTVAL, vstval);
	WORLD_CSRS_CONFIG(WORLD_LOAD)
	world_swap(from, to, has);
	csr_write(CSR_VSATP, to->vsatp);
}

/* Loads @to where no world was loaded before (a hart's first entry, or its start by HSM). */
void world_load(const struct world *to, u32 has);

#endif
