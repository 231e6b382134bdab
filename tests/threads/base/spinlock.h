/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The twin of lib/base/spinlock.h for the test of harts that are threads: the same lock, which also knows its place in the
 * lock order (page/page.h) and yields at random before and after. Who takes a lock out of order, or one that has no place yet,
 * ends the test.
 */
#ifndef BASE_SPINLOCK_H
#define BASE_SPINLOCK_H

#include "base/types.h"
#include "rv_arch.h"

struct spinlock {
	u32 next;
	u32 owner;
};

/* threads_test.c. @name: the lock as the source calls it. */
void threads_lock(const struct spinlock *l, const char *name);
void threads_unlock(const struct spinlock *l);
void threads_yield(void);
/* A seeded fault: locks of this name are not taken. */
extern const char *threads_no_lock;

static inline bool threads_skip(const char *name)
{
	return threads_no_lock && __builtin_strcmp(name, threads_no_lock) == 0;
}

static inline void threads_spin_lock(struct spinlock *l, const char *name)
{
	u32 ticket;

	threads_lock(l, name);
	if (threads_skip(name))
		return;
	threads_yield();
	ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket)
		rv_relax();
	threads_yield();
}

static inline void threads_spin_unlock(struct spinlock *l, const char *name)
{
	threads_unlock(l);
	if (!threads_skip(name))
		__atomic_store_n(&l->owner, __atomic_load_n(&l->owner, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
	threads_yield();
}

#define spin_lock(l)	threads_spin_lock(l, #l)
#define spin_unlock(l)	threads_spin_unlock(l, #l)

#endif
