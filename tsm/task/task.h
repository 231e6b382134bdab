/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The U-mode program (umode/, lib/notary) at work for a vCPU. It is a world of its own that runs in
 * U mode with V = 0, in an address space of the hart's: the TSM's mappings, which U mode cannot use,
 * the program's text, and the vCPU's arena, frames that the host donated with the vCPU. It has no
 * other memory, and no call but two ECALLs.
 *
 * It is interrupted by what interrupts the vCPU: an interrupt of the host's ends the vCPU's run, and
 * the task goes on in a later one, on any hart. A trap that it causes otherwise is its end.
 */
#ifndef TASK_TASK_H
#define TASK_TASK_H

#include "base/types.h"
#include "host/hart.h"
#include "notary/layout.h"
#include "notary/notary.h"
#include "rv/world.h"

enum task_state {
	TASK_NONE,		/* the arena may hold anything */
	TASK_READY,		/* to be entered, for the first time or again */
	TASK_DONE,		/* the reply is in the mailbox */
	TASK_FAILED,
};

struct task {
	enum task_state state;
	bool on_hart;
	u64 senvcfg;		/* the vCPU's, while the task is on a hart */
	struct world world;
};

enum task_event {
	TASK_STOPPED,		/* it goes on when it is entered again */
	TASK_PAUSED,		/* likewise, and it asks for a break */
	TASK_ENDED,
};

/* The arena's mailbox. @arena: the first of NOTARY_ARENA_PAGES frames. */
struct notary_mailbox *task_mailbox(pfn_t arena);

/* Zeroes the arena: what was in it is gone. TASK_NONE. */
void task_clear(struct task *t, pfn_t arena);

/* The request is in the mailbox; everything else in the arena is zero or of a task before it. */
void task_start(struct task *t, pfn_t arena);

/* Makes the hart ready for the task, which is TASK_READY; the caller enters what it returns. */
struct world *task_enter(struct hart *h, struct task *t, pfn_t arena);

/* The task trapped: the hart is as it was before task_enter(). */
enum task_event task_leave(struct hart *h, struct task *t, u64 scause);

#endif
