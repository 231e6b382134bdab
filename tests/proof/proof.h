/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounded proofs of the handlers by CBMC: the handlers (tsm/abi) and the page words (tsm/page) as
 * they ship, with any arguments, against a world of PROOF_FRAMES frames of RAM and PROOF_FILES
 * interrupt files in any state. What stands below them (tvm/, host/, irq/) is a contract: it checks
 * what its header demands of the caller, may answer all that its header allows, and counts what it
 * hands out.
 *
 * A handler is one hart's call; other harts show in words that are busy already and in memory and
 * registers that hold anything at every read.
 */
#ifndef PROOF_PROOF_H
#define PROOF_PROOF_H

#include "abi/call.h"
#include "abi/tvm_sbi.h"
#include "page/page.h"
#include "tvm/tvm.h"

#ifndef PROOF_FRAMES
#define PROOF_FRAMES	3
#endif
#define PROOF_FILES	2
#define PROOF_FIRST	0x80400ULL
#define PROOF_IMSIC	0x28000ULL
#define PROOF_WORDS	(PROOF_FRAMES + PROOF_FILES)

u64 nondet_u64(void);
u32 nondet_u32(void);
bool nondet_bool(void);

#ifdef COVER
#define proof_check(x, text)	((void)(x))
#define proof_reach(x)		__CPROVER_cover(x)
#else
#define proof_check(x, text)	__CPROVER_assert(x, text)
#define proof_reach(x)		((void)(x))
#endif
#define proof_assume(x)		__CPROVER_assume(x)

/* What a call holds or has done, by the contracts. */
struct proof_ghost {
	u32 refs;		/* tvm_get() */
	u32 builders;		/* tvm_build_begin() */
	bool reserved;		/* tvm_add_reserve() */
	bool measuring;		/* tvm_measure_begin(), not paused and not ended */
	bool paused;
	bool dying;		/* tvm_destroy_begin(), not paused and not over */
	u32 changes;		/* of what others can see, below the page words */
	u32 replies;		/* tvm_reply(), exits, and calls of a TVM that are to be made again */
	bool refused;		/* one of them was an error */
};

extern struct proof_ghost ghost;
extern struct tvm proof_tvm;
extern struct vcpu proof_vcpu;
extern u64 words[PROOF_WORDS], before[PROOF_WORDS];

/* Any world. */
void proof_world(void);
/* A call with @arity arguments of any value. */
struct call proof_call(u32 arity);
/* The word is as it was, but for what nobody can tell: its epoch has passed, its frame is zero. */
bool proof_same(u32 i);
bool proof_nothing_changed(void);
/* What holds at the end of every call of the host; @may_fail: it can be refused. */
void proof_end(struct reply r, bool may_fail);

#endif
