/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The oracle on the native build: every call of a host and every trap of a TVM goes through here (the linker's --wrap), and
 * after each of them everything is looked at: tsm/check/, what frames were before (shadow.c), what each hart may still have
 * cached (tlb.c), and, when the call was refused, that nothing has changed.
 */
#ifndef ORACLE_WATCH_H
#define ORACLE_WATCH_H

#include "base/types.h"
#include "host/hart.h"
#include "unit/rig.h"

/* Off where several threads are at work, and for tests that break the monitor's state by hand. */
extern bool watch_on;
/* Off: refused calls are not compared, only looked at like the others. */
extern bool watch_compare;
/* tsm/check/ looks, and nobody else: what happened since the last look is not known. */
extern bool watch_only_check;
/* How many calls were watched, and how many of them were refused. */
extern u64 watch_calls, watch_refused;

/* Now, as after a call. */
void watch_all(void);
/* A hash of all that a call of @caller must not change when it is refused. */
u64 watch_hash(const struct world *caller);

/*
 * shadow.c: what each frame was after the last call. A frame moves only as docs/page-states.md says; what a TVM had is zero
 * before the host or another TVM has it.
 */
void shadow_step(void);
/* TVM frames get secrets written into them as soon as they are a TVM's: for tests that do not look at them. */
extern bool shadow_secrets;
/* How many words have changed so far. */
extern u64 shadow_changes;

/* Frames by the order of the banks: RAM, then interrupt files. */
#define FRAMES		((u32)(RIG_RAM_SIZE / PAGE_SIZE))
#define FILES		((u32)(RIG_HARTS * RIG_FILE_PAGES))
static inline u32 frame_index(u64 frame)
{
	if (frame - (RIG_RAM_BASE >> PAGE_SHIFT) < FRAMES)
		return (u32)(frame - (RIG_RAM_BASE >> PAGE_SHIFT));
	return (u32)(FRAMES + frame - (RIG_FILES >> PAGE_SHIFT)) % (FRAMES + FILES);
}

static inline u64 index_frame(u32 i)
{
	return i < FRAMES ? (RIG_RAM_BASE >> PAGE_SHIFT) + i : (RIG_FILES >> PAGE_SHIFT) + i - FRAMES;
}

/* By index: who had the frame's content last, host: 0; which vCPU or TVM lies there: numbers that are never used twice. */
extern u64 shadow_holder[], shadow_serial[];

/*
 * tlb.c: everything that a hart may have cached: all that the tables have said while it was in the address space, until a
 * fence. What is cached under the tag that a hart is using must be right.
 */
void tlb_start(void);
/* Kinds of fences that do nothing: a seeded fault. A bit an enum rv_fence_kind. */
extern u32 tlb_deaf;
void tlb_step(void);

#endif
