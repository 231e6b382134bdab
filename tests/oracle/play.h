/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host and its TVMs that do whatever a string of bytes says, on the rig's four harts: mostly what makes sense at that
 * moment, often with one argument that does not, sometimes nonsense. The same for a fuzzer, whose bytes they are, and for
 * tests, which draw them from a seed.
 */
#ifndef ORACLE_PLAY_H
#define ORACLE_PLAY_H

#include "base/types.h"

struct play {
	const u8 *p, *end;	/* bytes that are left */
	u64 seed;		/* not 0: there are always more */
	u64 calls;		/* of the host */
	u64 refused;		/* of those */
	u64 entered, traps;	/* vCPUs entered, traps of TVMs */
	bool calm;		/* no odd arguments and no interrupts for now */
	u64 done[3][32];	/* COVH, COVI, COVG: calls of each function (RFC numbers) that were not refused */
};

/* One thread plays all harts in turn. False: each hart is a thread of its own, which keeps to it. */
extern bool play_alone;

/* From here on all harts are as after boot, and no TVM exists. */
void play_begin(struct play *p);
/* One step. False: no bytes are left. */
bool play_step(struct play *p);
/* Takes everything apart; every page comes back. */
void play_end(void);

/* A TVM with vCPUs and a few pages, runnable, on this hart; its id, or 0. @with_files: it has interrupt files. */
u64 play_build(struct play *p, u32 which, bool with_files);

#endif
