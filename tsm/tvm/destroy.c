/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a TVM: every frame that it owns becomes PAGE_CONVERTED, unscrubbed; whoever takes a
 * converted frame next scrubs it. No fence is needed: a VMID is not handed out again before the
 * hart that used it was flushed.
 */
#include "base/check.h"
#include "page/page.h"
#include "rv_arch.h"
#include "tvm/tvm.h"

/* Runs of frames, each at most 512 entries or one leaf, that one step gives back. */
#define RUNS_PER_STEP	16

enum tsm_err tvm_destroy_begin(u64 id, struct tvm **t)
{
	u64 word;

	if (id >> PAGE_OWNER_BITS)
		return TSM_E_PARAM;
	if (page_claim_unreferenced(PFN(id), PAGE_TVM_STATE, id) == TSM_OK) {
		*t = spa_ptr(pfn_spa(PFN(id)));
		__atomic_store_n(&(*t)->state, TVM_DYING, __ATOMIC_RELEASE);
		return TSM_OK;
	}
	word = page_word(PFN(id));
	return page_word_state(word) == PAGE_TVM_STATE && page_word_owner(word) == id ? TSM_E_FAILED
										      : TSM_E_PARAM;
}

void tvm_destroy_pause(struct tvm *t)
{
	page_unclaim(PFN(t->id), 1);
}

/* Frames of the TVM in @state go back to the host, converted. */
static void give_back(const struct tvm *t, pfn_t pfn, u64 count, enum page_state state)
{
	page_disown(pfn, count, state, t->id);
}

static void run_release(const struct tvm *t, const struct gstage_run *run)
{
	switch (run->kind) {
	case GSTAGE_RUN_DATA:
		return give_back(t, run->pfn, run->count, PAGE_TVM_DATA);
	case GSTAGE_RUN_SHARED:
		/* Interrupt files go back with their vCPU. */
		if (!page_is_imsic(run->pfn))
			page_unpin(run->pfn, run->count);
		return;
	case GSTAGE_RUN_TABLE:
		return give_back(t, run->pfn, run->count, PAGE_TVM_TABLE);
	}
}

/*
 * A measured add that was paused and not made again: its frames are claimed, its source is pinned.
 */
static void measuring_release(struct tvm *t)
{
	const struct tvm_measuring *m = &t->measuring;

	if (!m->active)
		return;
	check(!m->working && m->claimed);
	page_commit(m->add.pfn, tvm_add_frames(&m->add), PAGE_CONVERTED, 0, 0);
	page_unpin(m->source, tvm_add_frames(&m->add));
	t->measuring.active = false;
}

static void region_pages_release(struct tvm *t)
{
	while (t->region_pages.v) {
		pfn_t page = t->region_pages;

		t->region_pages = PFN(*(u64 *)spa_ptr(pfn_spa(page)));
		give_back(t, page, 1, PAGE_TVM_TABLE);
	}
}

static void vcpu_release(struct tvm *t, u32 id)
{
	struct vcpu *v = tvm_vcpu(t, id);

	if (!v)
		return;
	tvm_aia_release(t, v);
	give_back(t, PFN(t->vcpu_pfn[id]), vcpu_state_pages(), PAGE_VCPU_STATE);
}

bool tvm_destroy_step(struct tvm *t)
{
	struct gstage_run run;

	measuring_release(t);
	for (u32 i = 0; i < RUNS_PER_STEP; i++) {
		if (gstage_dismantle(&t->gstage, &t->cursor, &run)) {
			run_release(t, &run);
			continue;
		}
		region_pages_release(t);
		for (u32 v = 0; v < TVM_MAX_VCPUS; v++)
			vcpu_release(t, v);
		give_back(t, t->gstage.root, GSTAGE_ROOT_PAGES, PAGE_TVM_TABLE);
		give_back(t, PFN(t->id + 1), TVM_STATE_PAGES - 1, PAGE_TVM_STATE);
		/* The first frame is claimed since the beginning. */
		page_commit(PFN(t->id), 1, PAGE_CONVERTED, 0, 0);
		return true;
	}
	return false;
}
