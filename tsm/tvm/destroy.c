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

/*
 * What one step does, in frames given back; finding a run of them counts as RUN_COST frames. About
 * 40,000 instructions.
 */
#define STEP_COST	4096
#define RUN_COST	16

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

/* A long call that was paused and not made again: one more stretch of taking it back. */
static u64 sweep_release(struct tvm *t)
{
	tvm_sweep_abandon(t);
	if (sweep_step(&t->sweep, t))
		t->sweep.active = false;
	return STEP_COST;
}

static void dying_run(struct tvm *t, enum page_state state, pfn_t pfn, u64 count)
{
	t->dying.state = state;
	t->dying.pfn = pfn;
	t->dying.count = count;
}

static enum page_state state_of(const struct gstage_run *run)
{
	switch (run->kind) {
	case GSTAGE_RUN_DATA:
		return PAGE_TVM_DATA;
	case GSTAGE_RUN_SHARED:
		break;
	case GSTAGE_RUN_TABLE:
		return PAGE_TVM_TABLE;
	}
	return PAGE_HOST;
}

/*
 * Takes the next frames out of the TVM, in an order that leaves to the end what finds the rest. False:
 * only its root and state are left.
 */
static bool next_run(struct tvm *t)
{
	struct gstage_run run;

	if (t->removing.count) {
		dying_run(t, state_of(&t->removing), t->removing.pfn, t->removing.count);
		t->removing.count = 0;
		return true;
	}
	if (gstage_dismantle(&t->gstage, &t->dying.cursor, &run)) {
		dying_run(t, state_of(&run), run.pfn, run.count);
		return true;
	}
	if (t->region_pages.v) {
		dying_run(t, PAGE_TVM_TABLE, t->region_pages, 1);
		t->region_pages = PFN(*(u64 *)spa_ptr(pfn_spa(t->region_pages)));
		return true;
	}
	for (; t->dying.vcpu < TVM_MAX_VCPUS; t->dying.vcpu++) {
		struct vcpu *v = tvm_vcpu(t, t->dying.vcpu);

		if (!v)
			continue;
		tvm_aia_release(t, v);
		dying_run(t, PAGE_VCPU_STATE, PFN(t->vcpu_pfn[t->dying.vcpu++]), vcpu_state_pages());
		return true;
	}
	return false;
}

/* Gives back at most @max of the frames that are out; returns how many. */
static u64 run_release(struct tvm *t, u64 max)
{
	struct tvm_dying *d = &t->dying;
	u64 n = MIN(d->count, max);

	if (d->state != PAGE_HOST)
		give_back(t, d->pfn, n, d->state);
	else if (!page_is_imsic(d->pfn))
		page_unpin(d->pfn, n);
	/* Interrupt files go back with their vCPU. */
	d->pfn = pfn_add(d->pfn, n);
	d->count -= n;
	return n;
}

bool tvm_destroy_step(struct tvm *t)
{
	for (u64 cost = 0; cost < STEP_COST;) {
		if (t->sweep.active) {
			cost += sweep_release(t);
		} else if (t->dying.count) {
			cost += run_release(t, STEP_COST - cost);
		} else if (next_run(t)) {
			cost += RUN_COST;
		} else {
			give_back(t, t->gstage.root, GSTAGE_ROOT_PAGES, PAGE_TVM_TABLE);
			give_back(t, PFN(t->id + 1), TVM_STATE_PAGES - 1, PAGE_TVM_STATE);
			/* The first frame is claimed since the beginning. */
			page_commit(PFN(t->id), 1, PAGE_CONVERTED, 0, 0);
			return true;
		}
	}
	return false;
}
