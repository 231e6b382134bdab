/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seeded faults: what the oracle must find. They stand outside of the monitor: the linker's --wrap puts them between its
 * files, in the builds that link seeds.c, and each does nothing unless it is the one that is planted. The native tests plant one by
 * seed_plant() (plant.c), the build for QEMU by a word of its image (target.c, run.py).
 */
#ifndef ORACLE_SEEDS_H
#define ORACLE_SEEDS_H

enum seed {
	SEED_NONE,
	SEED_NO_SCRUB,			/* a frame goes on with what it held */
	SEED_NO_UNMAP,			/* CONVERT leaves the host's leaf */
	SEED_NO_MAP,			/* RECLAIM makes none */
	SEED_TABLE_MAPPED,		/* a page of a pool comes back into the host's tables */
	SEED_PIN_LEAK,			/* a pin stays */
	SEED_NO_DISOWN,			/* what leaves a TVM stays its own */
	SEED_STRAIGHT,			/* what leaves a TVM is the host's at once */
	SEED_STEAL,			/* a frame of a TVM counts as converted */
	SEED_TWO_ADDRESSES,		/* a page appears at the next address too */
	SEED_NEIGHBOUR,			/* the frame behind the right one is mapped */
	SEED_LOST_TABLE,		/* an empty table goes nowhere */
	SEED_POOL_COUNT,		/* a pool says that it has one page more */
	SEED_REF_LEAK,			/* a call keeps its reference to a TVM */
	SEED_CLAIM_LEAK,		/* a call keeps its claim */
	SEED_CHANGED,			/* a refused call leaves a mark in the TVM */
	SEED_NO_WAIT,			/* every fence counts as complete */
	SEED_OLD_STAMP,			/* what is blocked is stamped with the epoch before */
	SEED_STAY,			/* a hart leaves an address space and does not say so */
	SEED_NO_GVMA_VMID,		/* fences that do nothing */
	SEED_NO_GVMA_ALL,
	SEED_NO_VVMA,
	SEED_NO_FENCE_I,
	SEEDS,
};

extern enum seed seed_planted;

struct seed_info {
	const char *name;
	const char *found;		/* words of the sentence that says so */
};

extern const struct seed_info seed_infos[SEEDS];

/* From now on that fault is in the monitor. */
void seed_plant(enum seed seed);

#endif
