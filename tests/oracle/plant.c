/* SPDX-License-Identifier: BSD-2-Clause */
/* Seeded faults on the native build: what each is called, and how it is planted. */
#include "oracle/seeds.h"

#include "oracle/watch.h"
#include "rv_arch.h"

const struct seed_info seed_infos[SEEDS] = {
	[SEED_NO_SCRUB]		= { "a frame goes on with what it held", "zero" },
	[SEED_NO_UNMAP]		= { "CONVERT leaves the host's leaf", "the host reaches nothing but its own" },
	[SEED_NO_MAP]		= { "RECLAIM makes no leaf", "the host reaches all that is its own" },
	[SEED_TABLE_MAPPED]	= { "a pool's page is in the host's tables", "the host reaches nothing but its own" },
	[SEED_PIN_LEAK]		= { "a pin stays", "pins are" },
	[SEED_NO_DISOWN]	= { "what leaves a TVM stays its own", "" },
	[SEED_STRAIGHT]		= { "what leaves a TVM is the host's at once", "a frame moves as" },
	[SEED_STEAL]		= { "a frame of a TVM counts as converted", "data frames are those in its tables" },
	[SEED_TWO_ADDRESSES]	= { "a page appears at two addresses", "data frames are those in its tables" },
	[SEED_NEIGHBOUR]	= { "the frame behind the right one is mapped", "" },
	[SEED_LOST_TABLE]	= { "an empty table goes nowhere", "table frames are its tables" },
	[SEED_POOL_COUNT]	= { "a pool says that it has a page more", "a pool has as many pages" },
	[SEED_REF_LEAK]		= { "a call keeps its reference to a TVM", "references to a TVM" },
	[SEED_CLAIM_LEAK]	= { "a call keeps its claim", "claims are those of paused calls" },
	[SEED_CHANGED]		= { "a refused call leaves a mark", "a refused call has changed nothing" },
	[SEED_NO_WAIT]		= { "every fence counts as complete", "a translation cached that it must have lost" },
	[SEED_OLD_STAMP]	= { "a stamp is of the epoch before", "a translation cached that it must have lost" },
	[SEED_STAY]		= { "a hart leaves and does not say so", "in the epoch while it runs" },
	[SEED_NO_GVMA_VMID]	= { "hfence.gvma of a VMID does nothing", "cached that" },
	[SEED_NO_GVMA_ALL]	= { "hfence.gvma of all does nothing", "" },
	[SEED_NO_VVMA]		= { "hfence.vvma does nothing", "VS-stage" },
	[SEED_NO_FENCE_I]	= { "fence.i does nothing", "instructions cached" },
};

void seed_plant(enum seed seed)
{
	seed_planted = seed;
	/* The comparison would find this one first. */
	watch_compare = seed != SEED_CLAIM_LEAK;
	if (seed >= SEED_NO_GVMA_VMID)
		tlb_deaf = seed == SEED_NO_GVMA_VMID ? BIT(RV_FENCE_GVMA_VMID) :
			   seed == SEED_NO_GVMA_ALL ? BIT(RV_FENCE_GVMA_ALL) :
			   seed == SEED_NO_VVMA ? BIT(RV_FENCE_VVMA_ALL) : BIT(RV_FENCE_I);
}
