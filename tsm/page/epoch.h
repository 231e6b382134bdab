/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB epochs: which translations of an address space may still be cached. One tracker per address space, with one slot
 * per user of it (host: a hart; TVM: a vCPU).
 *
 * A frame that loses its translation is stamped with the epoch at that moment. epoch_advance() (the fence call) starts the
 * next one. The stamp has passed once every user that is inside the address space has flushed since: then no hart can reach
 * the frame through that address space. A user that is outside holds nothing back, because it flushes before it enters.
 * Epochs are counted in 64 bits, which do not wrap; a stamp keeps the low 32 of them. A stamp that is 2^32 epochs old looks young: it
 * asks for another fence, which is safe.
 */
#ifndef PAGE_EPOCH_H
#define PAGE_EPOCH_H

#include "base/types.h"
#include "rv_arch.h"

struct epoch_slot {
	u64 version;		/* the epoch that this user has flushed for */
	u32 active;		/* inside the address space */
};

struct epoch {
	u64 current;
	u64 passed;		/* every stamp before this one has passed; a cache, moves forward only */
	u32 slot_count;
	struct epoch_slot *slots;
};

void epoch_init(struct epoch *e, struct epoch_slot *slots, u32 slot_count);

/* The epoch now. */
u64 epoch_current(const struct epoch *e);

/* The stamp for a translation that the caller has just taken out of the tables. */
u32 epoch_stamp(const struct epoch *e);

/* True when no user is inside. One may enter right after. */
bool epoch_idle(const struct epoch *e);

/* From now on there are so many slots, not fewer than before; those that join have not been used. */
void epoch_grow(struct epoch *e, u32 slot_count);

/* Starts the next epoch. False: a user is still in the previous one, nothing has changed. */
bool epoch_advance(struct epoch *e);

/* True when no user can hold a translation that was stamped with @stamp. */
bool epoch_passed(struct epoch *e, u32 stamp);

/*
 * Entering is two steps, so that the slot never claims a flush that has not happened: epoch_enter() says whether the
 * caller must flush, epoch_flushed() records that it has. epoch_enter() of a slot that is inside already is a local fence.
 * @version receives the epoch to pass on.
 */
bool epoch_enter(const struct epoch *e, struct epoch_slot *slot, u64 *version);
void epoch_flushed(struct epoch_slot *slot, u64 version);

/*
 * Entering where nothing has to be flushed, the usual case. False: something has; the caller goes on with
 * the two steps.
 */
static inline bool epoch_rejoin(const struct epoch *e, struct epoch_slot *slot)
{
	if (__atomic_load_n(&e->current, __ATOMIC_RELAXED) != slot->version)
		return false;
	rv_store(&slot->active, 1);
	/* As epoch_enter(): seen as active first, then the epoch is read for good. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&e->current, __ATOMIC_RELAXED) == slot->version;
}

void epoch_leave(struct epoch_slot *slot);

/* The same, for callers that cannot afford a call. */
static inline void epoch_leave_inline(struct epoch_slot *slot)
{
	rv_store_release(&slot->active, 0);
}

#endif
