/* SPDX-License-Identifier: BSD-2-Clause */
/* What is asked before a call and after it, natively (watch.c) and in QEMU (target.c): a refused call has changed nothing. */
#ifndef ORACLE_REFUSED_H
#define ORACLE_REFUSED_H

#include "check/check.h"
#include "cove/attest.h"
#include "cove/covg.h"
#include "rv/world.h"
#include <sbi.h>

/* By whoever watches: a hash of all that a call of @caller must not change when it is refused. */
u64 watch_hash(const struct world *caller);

struct watched {
	const struct world *caller;
	u64 fid;
	u64 pc;
	bool compare;
	u64 hash;
	u64 paused;
};

static inline struct watched watched_begin(const struct world *caller, bool compare)
{
	return (struct watched){ caller, caller->gpr[REG_A6], caller->sepc, compare, compare ? watch_hash(caller) : 0,
				 compare ? check_paused() : 0 };
}

/*
 * Evidence is made, and a secret unsealed, in steps, over several runs of the vCPU that asked for it: the call that says that it
 * failed ends the job and wipes what it worked in.
 */
static inline bool watched_ends_job(const struct world *w)
{
	if (w->gpr[REG_A7] == SBI_EXT_ATST)
		return w->gpr[REG_A6] == ATST_GET_EVIDENCE;
	return w->gpr[REG_A7] == SBI_EXT_COVG &&
	       (w->gpr[REG_A6] == COVG_GET_EVIDENCE || w->gpr[REG_A6] == COVG_RETRIEVE_SECRET);
}

/* After it, where @next goes on. True: it was refused. */
static inline bool watched_refused(const struct watched *x, const struct world *next)
{
	const struct world *w = x->caller;

	if (next != w || w->sepc != x->pc + 4 || (s64)w->gpr[REG_A0] >= 0)
		return false;
	/* A call that ends after it was paused had begun before: what it had claimed goes back. */
	check_that(!x->compare || check_paused() < x->paused || watched_ends_job(w) || watch_hash(w) == x->hash,
		   "a refused call has changed nothing", x->fid, w->gpr[REG_A0]);
	return true;
}

#endif
