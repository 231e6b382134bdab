/* SPDX-License-Identifier: BSD-2-Clause */
#include "tvm/tvm.h"
#include "base/check.h"
#include "base/string.h"
#include "measure/identity.h"
#include "page/page.h"
#include "rv_arch.h"

/* Descriptors in a pool page; the first descriptor's room holds the link to the next such page. */
#define REGIONS_PER_PAGE	(PAGE_SIZE / sizeof(struct region) - 1)

/* What one call does before others may have the TVM's lock. */
#define REMOVALS_PER_CALL	64

void tvm_put(struct tvm *t)
{
	if (t)
		tvm_unref(t);
}

u64 tvm_create(pfn_t pgd, pfn_t state)
{
	struct tvm *t = tvm_at(state.v);
	u64 id = state.v;

	page_scrub(pgd, GSTAGE_ROOT_PAGES);
	page_scrub(state, TVM_STATE_PAGES);
	t->id = id;
	t->word = page_word_at(state);
	identity_measure(&t->measurement);
	gstage_init(&t->gstage, pgd, &t->epoch);
	region_map_init(&t->regions);
	epoch_init(&t->epoch, t->slots, 0);
	page_commit(pgd, GSTAGE_ROOT_PAGES, PAGE_TVM_TABLE, id, 0);
	page_commit(pfn_add(state, 1), TVM_STATE_PAGES - 1, PAGE_TVM_STATE, id, 0);
	/* Last: from here on the id can be found. */
	page_commit(state, 1, PAGE_TVM_STATE, id, 0);
	return id;
}

bool tvm_build_begin(struct tvm *t)
{
	bool ok;

	spin_lock(&t->lock);
	ok = t->state == TVM_INITIALIZING;
	if (ok)
		t->builders++;
	spin_unlock(&t->lock);
	return ok;
}

void tvm_build_end(struct tvm *t)
{
	spin_lock(&t->lock);
	check(t->builders > 0);
	t->builders--;
	spin_unlock(&t->lock);
}

enum tsm_err tvm_regions_reserve(struct tvm *t)
{
	pfn_t page;
	struct region *r;

	if (t->regions.spare_count >= REGION_SPARE_NEEDED)
		return TSM_OK;
	if (!gstage_pool_has(&t->gstage, 1))
		return TSM_E_NO_MEMORY;
	page = gstage_pool_take(&t->gstage);
	r = spa_ptr(pfn_spa(page));
	*(u64 *)r = t->region_pages.v;
	t->region_pages = page;
	region_map_refill(&t->regions, r + 1, REGIONS_PER_PAGE);
	return TSM_OK;
}

enum tsm_err tvm_region_add(struct tvm *t, u64 gpa, u64 size, enum region_type type)
{
	enum tsm_err err;

	spin_lock(&t->lock);
	if (region_overlaps(&t->regions, gpa, size))
		err = TSM_E_PARAM;
	else
		err = tvm_regions_reserve(t);
	if (err == TSM_OK)
		region_set(&t->regions, gpa, size, type);
	spin_unlock(&t->lock);
	return err;
}

enum tsm_err tvm_region_remove(struct tvm *t, u64 gpa, u64 size, enum region_type type)
{
	const u64 end = gpa + size;
	const struct region *r;
	u32 removed = 0;

	spin_lock(&t->lock);
	while ((r = region_overlapping(&t->regions, gpa, end - gpa, type)) != NULL && removed < REMOVALS_PER_CALL) {
		gpa = MIN(r->base + r->size, end - 1);
		/* Whole regions go, so no descriptor is needed. */
		region_set(&t->regions, r->base, r->size, REGION_NONE);
		removed++;
	}
	spin_unlock(&t->lock);
	if (r)
		return TSM_AGAIN;
	return removed ? TSM_OK : TSM_E_ADDRESS;
}

enum region_type tvm_range_type(struct tvm *t, gpa_t gpa, u64 size)
{
	enum region_type type;

	spin_lock(&t->lock);
	type = region_of_range(&t->regions, gpa.v, MAX(size, 1ULL));
	spin_unlock(&t->lock);
	return type;
}

void tvm_pool_add(struct tvm *t, pfn_t pfn, u64 count)
{
	page_commit(pfn, count, PAGE_TVM_TABLE, t->id, 0);
	gstage_pool_chain(pfn, count);
	spin_lock(&t->lock);
	gstage_pool_give(&t->gstage, pfn, count);
	spin_unlock(&t->lock);
}

#define ZERO_REGIONS	(BIT(REGION_CONFIDENTIAL) | BIT(REGION_CONFIDENTIAL_REMOVABLE))
#define SHARED_REGIONS	(BIT(REGION_SHARED) | BIT(REGION_SHARED_REMOVABLE))

enum tsm_err tvm_add_allowed(struct tvm *t, const struct gstage_range *r, enum sweep_kind kind)
{
	u64 size = r->count * gstage_size(r->level);
	enum tvm_state state = TVM_RUNNABLE;
	u64 regions = ZERO_REGIONS;

	if (kind == SWEEP_SHARED)
		regions = SHARED_REGIONS;
	if (kind == SWEEP_MEASURED) {
		state = TVM_INITIALIZING;
		regions = BIT(REGION_CONFIDENTIAL);
	}
	if (t->state != state)
		return TSM_E_PARAM;
	if (!(regions & BIT(region_of_range(&t->regions, r->gpa.v, size))))
		return TSM_E_ADDRESS;
	return tvm_span_is_swept(t, r->gpa, size) ? TSM_AGAIN : TSM_OK;
}

enum tsm_err tvm_add_reserve(struct tvm *t, const struct tvm_add *a)
{
	enum tsm_err err;

	spin_lock(&t->lock);
	err = tvm_add_allowed(t, &a->range, SWEEP_ZERO);
	if (err == TSM_OK)
		err = gstage_reserve(&t->gstage, &a->range, a->pfn, GSTAGE_CONFIDENTIAL);
	spin_unlock(&t->lock);
	return err;
}

enum tsm_err tvm_add_page(struct tvm *t, gpa_t gpa, pfn_t pfn)
{
	const struct gstage_range r = { gpa, 1, GSTAGE_4K };
	enum tsm_err err;
	u64 *place;

	spin_lock(&t->lock);
	err = tvm_add_allowed(t, &r, SWEEP_ZERO);
	if (err == TSM_OK)
		err = gstage_place(&t->gstage, gpa, &place);
	if (err == TSM_OK) {
		page_commit(pfn, 1, PAGE_TVM_DATA, t->id, 0);
		gstage_fill(place, pfn, GSTAGE_CONFIDENTIAL);
		__atomic_add_fetch(&t->code_version, 1, __ATOMIC_RELEASE);
	}
	spin_unlock(&t->lock);
	return err;
}

void tvm_add_commit(struct tvm *t, const struct tvm_add *a)
{
	/* The words first: as soon as a leaf is valid, its page may be blocked and removed. */
	page_commit(a->pfn, tvm_add_frames(a), PAGE_TVM_DATA, t->id, 0);
	gstage_commit(&t->gstage, &a->range);
	__atomic_add_fetch(&t->code_version, 1, __ATOMIC_RELEASE);
}

void tvm_add_cancel(struct tvm *t, const struct tvm_add *a)
{
	gstage_cancel(&t->gstage, &a->range);
}

enum tsm_err tvm_shared_add(struct tvm *t, const struct tvm_add *a)
{
	enum tsm_err err;

	spin_lock(&t->lock);
	err = tvm_add_allowed(t, &a->range, SWEEP_SHARED);
	if (err == TSM_OK)
		err = gstage_reserve(&t->gstage, &a->range, a->pfn, GSTAGE_SHARED);
	if (err == TSM_OK)
		gstage_commit(&t->gstage, &a->range);
	spin_unlock(&t->lock);
	return err;
}

enum tsm_err tvm_add_is_done(struct tvm *t, const struct tvm_add *a)
{
	bool busy;
	bool same;

	spin_lock(&t->lock);
	same = gstage_maps(&t->gstage, &a->range, a->pfn, &busy);
	spin_unlock(&t->lock);
	if (!same)
		return TSM_E_ADDRESS;
	return busy ? TSM_AGAIN : TSM_OK;
}

enum tsm_err tvm_vcpu_add(struct tvm *t, u64 id, pfn_t pfn)
{
	enum tsm_err err = TSM_E_PARAM;

	check(id < TVM_MAX_VCPUS);
	spin_lock(&t->lock);
	if (!t->vcpu_pfn[id]) {
		vcpu_init(spa_ptr(pfn_spa(pfn)), t->id, (u32)id, &t->slots[id]);
		page_commit(pfn, vcpu_state_pages(), PAGE_VCPU_STATE, t->id, 0);
		epoch_grow(&t->epoch, (u32)id + 1);
		__atomic_store_n(&t->vcpu_pfn[id], (u32)pfn.v, __ATOMIC_RELEASE);
		err = TSM_OK;
	}
	spin_unlock(&t->lock);
	return err;
}
