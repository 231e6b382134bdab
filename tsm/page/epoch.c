/* SPDX-License-Identifier: BSD-2-Clause */
#include "page/epoch.h"

void epoch_init(struct epoch *e, struct epoch_slot *slots, u32 slot_count)
{
	*e = (struct epoch){ .current = 1, .passed = 0, .slot_count = slot_count, .slots = slots };
}

void epoch_grow(struct epoch *e, u32 slot_count)
{
	if (slot_count > e->slot_count)
		__atomic_store_n(&e->slot_count, slot_count, __ATOMIC_RELEASE);
}

u64 epoch_current(const struct epoch *e)
{
	/* A table write must be visible before the epoch is read: a later fence then covers it. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&e->current, __ATOMIC_RELAXED);
}

u32 epoch_stamp(const struct epoch *e)
{
	return (u32)epoch_current(e);
}

/* The epoch of a stamp: the latest one up to now with these low bits. */
static u64 stamp_epoch(const struct epoch *e, u32 stamp)
{
	u64 now = epoch_current(e);

	return now - (u32)((u32)now - stamp);
}

bool epoch_idle(const struct epoch *e)
{
	for (u32 i = 0; i < e->slot_count; i++)
		if (__atomic_load_n(&e->slots[i].active, __ATOMIC_SEQ_CST))
			return false;
	return true;
}

/* The oldest epoch that any active user may still use, at most the current one. */
static u64 oldest(const struct epoch *e)
{
	u64 min = __atomic_load_n(&e->current, __ATOMIC_SEQ_CST);

	for (u32 i = 0; i < e->slot_count; i++) {
		const struct epoch_slot *s = &e->slots[i];
		u64 v;

		if (!__atomic_load_n(&s->active, __ATOMIC_SEQ_CST))
			continue;
		v = __atomic_load_n(&s->version, __ATOMIC_SEQ_CST);
		min = MIN(min, v);
	}
	return min;
}

bool epoch_advance(struct epoch *e)
{
	u64 now = __atomic_load_n(&e->current, __ATOMIC_SEQ_CST);

	if (oldest(e) != now)
		return false;
	return __atomic_compare_exchange_n(&e->current, &now, now + 1, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

bool epoch_passed(struct epoch *e, u32 stamp)
{
	u64 epoch = stamp_epoch(e, stamp);
	u64 known = __atomic_load_n(&e->passed, __ATOMIC_RELAXED);
	u64 min;

	if (epoch < known)
		return true;
	min = oldest(e);
	if (epoch >= min)
		return false;
	while (known < min &&
	       !__atomic_compare_exchange_n(&e->passed, &known, min, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		;
	return true;
}

bool epoch_enter(const struct epoch *e, struct epoch_slot *slot, u64 *version)
{
	/*
	 * First be seen as active with the old version, then read the current one: whoever judged a stamp as passed without
	 * seeing this slot did so after the fence, whose increment is therefore visible here.
	 */
	__atomic_store_n(&slot->active, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*version = __atomic_load_n(&e->current, __ATOMIC_SEQ_CST);
	return slot->version != *version;
}

void epoch_flushed(struct epoch_slot *slot, u64 version)
{
	__atomic_store_n(&slot->version, version, __ATOMIC_SEQ_CST);
}

void epoch_leave(struct epoch_slot *slot)
{
	epoch_leave_inline(slot);
}
