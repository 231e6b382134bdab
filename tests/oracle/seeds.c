/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle/seeds.h"

#include <stddef.h>

#include "check/check.h"
#include "gstage/gstage.h"
#include "host/space.h"
#include "page/page.h"
#include "rv_arch.h"
#include "tvm/tvm.h"

enum seed seed_planted;

#define REAL(ret, name, ...)	ret __real_##name(__VA_ARGS__); ret __wrap_##name(__VA_ARGS__)
REAL(void, page_scrub, pfn_t pfn, u64 count);
REAL(void, host_space_unmap, pfn_t pfn, u64 count);
REAL(void, host_space_map, pfn_t pfn, u64 count);
REAL(void, page_unpin, pfn_t pfn, u64 count);
REAL(void, page_disown, pfn_t pfn, u64 count, enum page_state state, u64 owner);
REAL(enum tsm_err, page_claim, pfn_t pfn, u64 count, enum page_state from, u64 owner);
REAL(void, page_unclaim, pfn_t pfn, u64 count);
REAL(void, gstage_commit, const struct gstage *g, const struct gstage_range *r);
REAL(enum tsm_err, gstage_reserve, struct gstage *g, const struct gstage_range *r, pfn_t pfn, u64 perm);
REAL(void, gstage_retire, struct gstage *g, pfn_t pfn);
REAL(void, gstage_pool_give, struct gstage *g, pfn_t first, u64 count);
REAL(void, tvm_pool_add, struct tvm *t, pfn_t pfn, u64 count);
REAL(void, tvm_put, struct tvm *t);
REAL(void, tvm_build_end, struct tvm *t);
REAL(bool, epoch_passed, struct epoch *e, u32 stamp);
REAL(u32, epoch_stamp, const struct epoch *e);
REAL(void, epoch_leave, struct epoch_slot *slot);

void __wrap_page_scrub(pfn_t pfn, u64 count)
{
	if (seed_planted != SEED_NO_SCRUB)
		__real_page_scrub(pfn, count);
}

void __wrap_host_space_unmap(pfn_t pfn, u64 count)
{
	if (seed_planted != SEED_NO_UNMAP)
		__real_host_space_unmap(pfn, count);
}

void __wrap_host_space_map(pfn_t pfn, u64 count)
{
	if (seed_planted != SEED_NO_MAP)
		__real_host_space_map(pfn, count);
}

void __wrap_page_unpin(pfn_t pfn, u64 count)
{
	if (seed_planted != SEED_PIN_LEAK)
		__real_page_unpin(pfn, count);
}

static u64 *word_of(pfn_t pfn)
{
	const struct page_bank *b = check_bank(0);

	return &b->words[pfn.v - b->first];
}

void __wrap_page_disown(pfn_t pfn, u64 count, enum page_state state, u64 owner)
{
	if (seed_planted == SEED_NO_DISOWN && state == PAGE_TVM_DATA)
		return;
	__real_page_disown(pfn, count, state, owner);
	if (seed_planted != SEED_STRAIGHT || state != PAGE_TVM_DATA)
		return;
	__real_page_scrub(pfn, count);
	__real_host_space_map(pfn, count);
	for (u64 i = 0; i < count; i++)
		*word_of(pfn_add(pfn, i)) = PAGE_HOST;
}

enum tsm_err __wrap_page_claim(pfn_t pfn, u64 count, enum page_state from, u64 owner)
{
	enum tsm_err err = __real_page_claim(pfn, count, from, owner);

	if (seed_planted != SEED_STEAL || err == TSM_OK || count != 1 || from != PAGE_CONVERTED || !page_range_is_ram(pfn, 1) ||
	    page_word_state(page_word(pfn)) != PAGE_TVM_DATA)
		return err;
	*word_of(pfn) = PAGE_CONVERTED | PAGE_BUSY;
	return TSM_OK;
}

void __wrap_page_unclaim(pfn_t pfn, u64 count)
{
	if (seed_planted != SEED_CLAIM_LEAK)
		__real_page_unclaim(pfn, count);
}

/* The entry of a small leaf behind the one at @gpa, in the same table, or NULL. */
static u64 *entry_behind(const struct gstage *g, u64 gpa)
{
	u64 *table = spa_ptr(pfn_spa(g->root));

	for (u32 level = 2; level; level--) {
		u64 e = table[gpa >> (12 + 9 * level) & (level == 2 ? 2047 : 511)];

		if ((e & 15) != 1)
			return NULL;
		table = spa_ptr(SPA(e >> 10 << 12));
	}
	gpa += PAGE_SIZE;
	return gpa >> 12 & 511 ? &table[gpa >> 12 & 511] : NULL;
}

void __wrap_gstage_commit(const struct gstage *g, const struct gstage_range *r)
{
	u64 *e;

	__real_gstage_commit(g, r);
	if (seed_planted != SEED_TWO_ADDRESSES || r->level)
		return;
	e = entry_behind(g, r->gpa.v + (r->count - 1) * PAGE_SIZE);
	if (e && !*e)
		*e = e[-1];
}

enum tsm_err __wrap_gstage_reserve(struct gstage *g, const struct gstage_range *r, pfn_t pfn, u64 perm)
{
	return __real_gstage_reserve(g, r, seed_planted == SEED_NEIGHBOUR ? pfn_add(pfn, 1) : pfn, perm);
}

void __wrap_gstage_retire(struct gstage *g, pfn_t pfn)
{
	if (seed_planted != SEED_LOST_TABLE)
		__real_gstage_retire(g, pfn);
}

void __wrap_gstage_pool_give(struct gstage *g, pfn_t first, u64 count)
{
	__real_gstage_pool_give(g, first, count);
	g->pool_count += seed_planted == SEED_POOL_COUNT;
}

void __wrap_tvm_pool_add(struct tvm *t, pfn_t pfn, u64 count)
{
	__real_tvm_pool_add(t, pfn, count);
	if (seed_planted == SEED_TABLE_MAPPED)
		__real_host_space_map(pfn, 1);
}

void __wrap_tvm_put(struct tvm *t)
{
	if (seed_planted != SEED_REF_LEAK)
		__real_tvm_put(t);
}

void __wrap_tvm_build_end(struct tvm *t)
{
	__real_tvm_build_end(t);
	t->htimedelta += seed_planted == SEED_CHANGED;
}

bool __wrap_epoch_passed(struct epoch *e, u32 stamp)
{
	return seed_planted == SEED_NO_WAIT || __real_epoch_passed(e, stamp);
}

u32 __wrap_epoch_stamp(const struct epoch *e)
{
	return __real_epoch_stamp(e) - (seed_planted == SEED_OLD_STAMP);
}

void __wrap_epoch_leave(struct epoch_slot *slot)
{
	if (seed_planted != SEED_STAY)
		__real_epoch_leave(slot);
}
