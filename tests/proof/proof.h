/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounded proofs of the handlers by CBMC: tsm/abi, tsm/host/convert.c and the epochs as they ship, with any arguments, against a
 * world of PROOF_FRAMES frames of RAM and an interrupt file in any state. What stands below them (page/, tvm/, host/, irq/) is a
 * contract: it checks what its header demands of the caller, may answer all that its header allows, and counts what it hands out.
 *
 * A handler is one hart's call; other harts show in words that are busy already and in memory and registers that hold anything at
 * every read.
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
#define PROOF_FILES	1
#define PROOF_FIRST	0x80400ULL
#define PROOF_IMSIC	0x28000ULL
/* The first frame of the TVM that there is, and of its vCPU. */
#define PROOF_TVM	0x80300ULL
#define PROOF_VCPU	0x80310ULL
#define PROOF_WORDS	(PROOF_FRAMES + PROOF_FILES)

u64 nondet_u64(void);
u32 nondet_u32(void);
bool nondet_bool(void);

#define proof_check(x, text)	__CPROVER_assert(x, text)
/* scripts/proof wants this to fail: there is a run in which it comes true. */
#define proof_reach(x)		__CPROVER_assert(!(x), "not reached: " #x)
#define proof_assume(x)		__CPROVER_assume(x)

/* What a call holds or has done, by the contracts. */
struct proof_ghost {
	u32 builders;		/* tvm_build_begin() */
	bool reserved;		/* tvm_add_reserve() */
	bool sweeping;		/* a long call: begun, not paused and not ended */
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

/* Its page word: references that calls of other harts hold, PROOF_OTHERS, and those of this call. */
extern u64 proof_tvm_word;
#define PROOF_OTHERS	5
u32 proof_refs(void);
/* Set before proof_world(): the call may look for a vCPU, of which there is one. */
extern bool proof_vcpus;
extern bool proof_fenced[PROOF_WORDS];
/* The call holds the frame of word @i, or has pinned it. */
bool proof_touchable(u64 i);

/* Any world. */
void proof_world(void);
/* A call with arguments of any value. */
struct call proof_call(void);
/* Registers of any value, but a6. */
void proof_registers(struct world *w, u64 fid);
/* The word is as it was, but for what nobody can tell: its epoch has passed, its frame is zero. */
bool proof_same(u32 i);
bool proof_nothing_changed(void);
/* What holds at the end of every call of the host; @may_fail: it can be refused. */
void proof_end(struct reply r, bool may_fail);

#endif
