/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sweeps over frames of the host: places for them, found by what the call names. The key of a place is written by whoever
 * holds it, and says whether that is a hart.
 */
#include "base/check.h"
#include "tvm/sweep.h"

#define PLACES		64

#define KEY_PAUSED	BIT(62)
#define KEY_WORKING	BIT(63)
#define KEY_FRAMES	PAGE_OWNER_BITS			/* number of the first, below */
#define KEY_KIND	(KEY_FRAMES + 20)

static struct place {
	u64 key;		/* 0: free */
	struct sweep sweep;
} places[PLACES];

static u64 key_of(const struct sweep_call *c)
{
	return c->pfn.v | c->frames << KEY_FRAMES | (u64)c->kind << KEY_KIND;
}

static bool move(struct place *p, u64 from, u64 to)
{
	return __atomic_compare_exchange_n(&p->key, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* The place of a call that is under way, or a free one, which is the caller's then. */
static enum tsm_err place_of(u64 key, struct place **place)
{
	struct place *free = NULL;

	for (struct place *p = places; p < places + PLACES; p++) {
		u64 k = __atomic_load_n(&p->key, __ATOMIC_RELAXED);

		if ((k & ~(KEY_PAUSED | KEY_WORKING)) == key) {
			*place = p;
			return move(p, key | KEY_PAUSED, key | KEY_WORKING) ? TSM_OK : TSM_AGAIN;
		}
		if (!k && !free)
			free = p;
	}
	if (!free)
		return TSM_E_FAILED;
	*place = free;
	return move(free, 0, key | KEY_WORKING) ? TSM_OK : TSM_AGAIN;
}

enum tsm_err sweep_host_begin(const struct sweep_call *c, struct sweep **s)
{
	struct place *p;
	enum tsm_err err = place_of(key_of(c), &p);

	if (err != TSM_OK)
		return err;
	*s = &p->sweep;
	if (p->sweep.active)
		return TSM_OK;
	p->sweep = (struct sweep){ .active = true, .call = *c };
	return TSM_OK;
}

static struct place *place_holding(struct sweep *s)
{
	return (struct place *)((char *)s - offsetof(struct place, sweep));
}

void sweep_host_pause(struct sweep *s)
{
	struct place *p = place_holding(s);
	u64 key = key_of(&s->call);

	check(move(p, key | KEY_WORKING, key | KEY_PAUSED));
}

enum tsm_err sweep_host_end(struct sweep *s)
{
	struct place *p = place_holding(s);
	enum tsm_err err = s->err;
	u64 key = key_of(&s->call);

	*s = (struct sweep){ 0 };
	check(move(p, key | KEY_WORKING, 0));
	return err;
}

bool sweep_host_overlaps(pfn_t pfn, u64 count)
{
	for (const struct place *p = places; p < places + PLACES; p++) {
		u64 k = __atomic_load_n(&p->key, __ATOMIC_RELAXED);

		if ((k & KEY_PAUSED) && ranges_overlap(pfn.v, count, k & PAGE_OWNER_MASK, k >> KEY_FRAMES & (BIT(20) - 1)))
			return true;
	}
	return false;
}

const struct sweep *sweep_host_at(u32 i)
{
	return i < PLACES ? &places[i].sweep : NULL;
}
