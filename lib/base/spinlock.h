/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ticket lock. The order in which locks may nest is one line in page/page.h. Interrupts are off in the TSM, so a lock
 * is held for a bounded stretch: never across a world switch, a hash, a zeroing or a wait for another hart.
 */
#ifndef BASE_SPINLOCK_H
#define BASE_SPINLOCK_H

#include "base/types.h"
#include "rv_arch.h"

struct spinlock {
	u32 next;
	u32 owner;
};

static inline void spin_lock(struct spinlock *l)
{
	u32 ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket)
		rv_relax();
}

static inline void spin_unlock(struct spinlock *l)
{
	rv_store_release(&l->owner, l->owner + 1);
}

#endif
