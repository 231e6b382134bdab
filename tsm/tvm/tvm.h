/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TVM: its life from CREATE_TVM to DESTROY_TVM, its address space and its vCPUs. struct tvm lies
 * in the frames that the host donated as TVM state; the number of the first of them is the TVM's
 * id. A call takes a reference to that frame's page word when it looks the id up and drops it at
 * its single exit; RUN_VCPU holds it until the vCPU exits. DESTROY_TVM needs that there is none.
 *
 * Invariant: every frame in the tables, the pool, the vCPU list and the state is owned by the id in
 * its page word.
 */
#ifndef TVM_TVM_H
#define TVM_TVM_H

#include "base/types.h"
#include "base/err.h"
#include "base/spinlock.h"
#include "cove/payload.h"
#include "gstage/gstage.h"
#include "measure/measure.h"
#include "page/epoch.h"
#include "page/page.h"
#include "tvm/aia.h"
#include "tvm/region.h"
#include "tvm/sweep.h"
#include "vcpu/vcpu.h"

enum {
	TVM_MAX_VCPUS	= 256,
	TVM_STATE_PAGES	= 3,	/* struct tvm, then its attestation payload */
	TVM_IDENTITY_SIZE = 64,
};

enum tvm_state {
	TVM_INITIALIZING,
	TVM_FINALIZING,		/* one FINALIZE_TVM is at work */
	TVM_RUNNABLE,
	TVM_DYING,		/* DESTROY_TVM has begun: no other call finds it */
};

/* What a call that adds pages needs: a range of guest memory and the frames for it. */
struct tvm_add {
	struct gstage_range range;
	pfn_t pfn;		/* claimed by the caller */
};

/* FINALIZE_TVM under way: register 6 as far as it is computed. */
struct tvm_finalizing {
	bool begun, paused;
	u64 gpa;			/* the regions below it are in */
	struct sha384_ctx ctx;
};

/* DESTROY_TVM under way: how far it has come, and frames that are out of the TVM but not yet given back. */
struct tvm_dying {
	struct gstage_cursor cursor;
	u32 vcpu;			/* the next */
	enum page_state state;		/* of the frames; PAGE_HOST: shared memory */
	pfn_t pfn;
	u64 count;
};

struct tvm {
	u64 id;
	u64 *word;			/* the page word of the first frame */
	struct spinlock lock;		/* guards the fields below, except where one says so */
	enum tvm_state state;
	u32 builders;			/* calls at work that need INITIALIZING to last */
	struct sweep sweep;		/* one long call; while it works, the hart's that works on it */
	struct measure_reg measuring;	/* register 4 with the pages that it has measured */
	struct gstage_run removing;	/* frames that are out of the tables, not yet given back */
	u32 code_version;		/* grows with every page that is added; atomic */
	struct gstage gstage;
	struct tvm_finalizing finalizing;
	struct tvm_dying dying;
	struct region_map regions;
	pfn_t region_pages;		/* pages of descriptors, linked by first words */
	u64 htimedelta;			/* 0 until the first RUN_VCPU */
	struct measurement measurement;
	struct tvm_aia aia;
	u8 identity[TVM_IDENTITY_SIZE];
	struct epoch epoch;
	struct epoch_slot slots[TVM_MAX_VCPUS];
	u32 vcpu_pfn[TVM_MAX_VCPUS];	/* first frames, 0: none; read without the lock */
};

static_assert(sizeof(struct tvm) <= (TVM_STATE_PAGES - 1) * PAGE_SIZE, "GET_TSM_INFO says so");
static_assert(PAGE_OWNER_BITS < 32, "vcpu_pfn holds frame numbers, with and without a sign");

/* What FINALIZE_TVM was given; zeros: nothing. */
static inline struct cove_payload *tvm_payload(struct tvm *t)
{
	return (struct cove_payload *)((char *)t + (TVM_STATE_PAGES - 1) * PAGE_SIZE);
}

static inline u64 tvm_add_frames(const struct tvm_add *a)
{
	return a->range.count * (gstage_size(a->range.level) >> PAGE_SHIFT);
}

/* Gives a reference back. tvm_put() accepts NULL. */
void tvm_put(struct tvm *t);

static inline void tvm_unref(struct tvm *t)
{
	page_unref(t->word);
}

static inline enum tvm_state tvm_state(const struct tvm *t)
{
	return __atomic_load_n(&t->state, __ATOMIC_ACQUIRE);
}

static inline struct tvm *tvm_at(u64 id)
{
	return spa_ptr(pfn_spa(PFN(id)));
}

/* The TVM with that id, with one more reference, or NULL. */
static inline struct tvm *tvm_get(u64 id)
{
	struct tvm *t;

	/* Every state frame is owned by the id; only the first one's number is it. */
	if (unlikely(id >> PAGE_OWNER_BITS || !page_ref(PFN(id), PAGE_TVM_STATE, id)))
		return NULL;
	t = tvm_at(id);
	if (unlikely(tvm_state(t) == TVM_DYING)) {
		tvm_unref(t);
		return NULL;
	}
	return t;
}

/* The TVM that a running vCPU belongs to: RUN_VCPU holds a reference to it. */
static inline struct tvm *tvm_of(const struct vcpu *v)
{
	return tvm_at(v->tvm_id);
}

/*
 * Makes a TVM of four frames at @pgd and TVM_STATE_PAGES frames at @state, which the caller has
 * claimed as PAGE_CONVERTED. Returns its id.
 */
u64 tvm_create(pfn_t pgd, pfn_t state);

/* The vCPU with that id, or NULL. tvm_vcpu_at(): the id is in range. */
static inline struct vcpu *tvm_vcpu_at(const struct tvm *t, u64 id)
{
	/* What the number leads to depends on it: no fence is needed. */
	s32 pfn = (s32)rv_load(&t->vcpu_pfn[id]);

	return likely(pfn) ? spa_ptr(pfn_spa(PFN((u64)pfn))) : NULL;
}

static inline struct vcpu *tvm_vcpu(const struct tvm *t, u64 id)
{
	return id < TVM_MAX_VCPUS ? tvm_vcpu_at(t, id) : NULL;
}

/* A call that needs the TVM to stay INITIALIZING; false: it is not. */
bool tvm_build_begin(struct tvm *t);
void tvm_build_end(struct tvm *t);


/* Room for one change of the region map. Lock held. TSM_E_NO_MEMORY: the pool is empty. */
enum tsm_err tvm_regions_reserve(struct tvm *t);
/* Declares a region. TSM_E_PARAM: overlap; TSM_E_NO_MEMORY: no descriptor. */
enum tsm_err tvm_region_add(struct tvm *t, u64 gpa, u64 size, enum region_type type);
/*
 * Takes every region of @type out that overlaps the range, as a whole. TSM_E_ADDRESS: there is none; TSM_AGAIN: some are
 * gone, not yet all.
 */
enum tsm_err tvm_region_remove(struct tvm *t, u64 gpa, u64 size, enum region_type type);
/*
 * Type of the one region that holds the whole range, REGION_NONE where there is none. An empty
 * range counts as one byte.
 */
enum region_type tvm_range_type(struct tvm *t, gpa_t gpa, u64 size);

/* Scrubbed frames that the caller has claimed join the page-table pool. */
void tvm_pool_add(struct tvm *t, pfn_t pfn, u64 count);

/*
 * Lock held: what an add of that kind (enum sweep_kind) asks of the TVM's state (TSM_E_PARAM) and of the one region that its leaves
 * are to lie in (TSM_E_ADDRESS). TSM_AGAIN: a long call is at these leaves.
 */
enum tsm_err tvm_add_allowed(struct tvm *t, const struct gstage_range *r, enum sweep_kind kind);
/* ADD_ZERO: puts the range in flight. Errors as above, TSM_E_ADDRESS: not empty; TSM_E_NO_PTPAGES. */
enum tsm_err tvm_add_reserve(struct tvm *t, const struct tvm_add *a);
/* One page of 4 KiB, which the caller has claimed and zeroed, at once; errors likewise. */
enum tsm_err tvm_add_page(struct tvm *t, gpa_t gpa, pfn_t pfn);
/* The frames become the TVM's and visible to it. */
void tvm_add_commit(struct tvm *t, const struct tvm_add *a);
void tvm_add_cancel(struct tvm *t, const struct tvm_add *a);

/*
 * TSM_OK: the whole range is mapped to exactly these frames; TSM_AGAIN: it is about to be; else
 * TSM_E_ADDRESS.
 */
enum tsm_err tvm_add_is_done(struct tvm *t, const struct tvm_add *a);

/*
 * Host frames, which the caller has pinned, become visible to the TVM as shared memory. Errors as
 * tvm_add_reserve().
 */
enum tsm_err tvm_shared_add(struct tvm *t, const struct tvm_add *a);

/*
 * Makes vCPU @id of frames at @pfn that the caller has claimed and scrubbed. TSM_E_PARAM: it
 * exists.
 */
enum tsm_err tvm_vcpu_add(struct tvm *t, u64 id, pfn_t pfn);

/*
 * block.c: pages out of a TVM's reach, and out of the TVM. The TVM is RUNNABLE, else TSM_E_PARAM.
 */

/*
 * Blocks or unblocks all pages of a span, or none. TSM_E_ADDRESS: a page is not there, or not
 * mapped or blocked as it should be. @lenient: in a region that is about to change hands, absent
 * pages count as done (ABI.md 17.2).
 */
enum tsm_err tvm_block(struct tvm *t, const struct gstage_span *s, bool lenient);
enum tsm_err tvm_unblock(struct tvm *t, const struct gstage_span *s);
/*
 * Takes blocked and fenced pages out: confidential frames become PAGE_CONVERTED, shared ones lose a
 * reference. TSM_E_ADDRESS: not one removable region, a page not blocked, the fence not complete.
 */
enum tsm_err tvm_remove(struct tvm *t, const struct gstage_span *s, bool lenient);
/*
 * 512 blocked and fenced leaves become one of the next larger size @level, or one becomes 512 of
 * the next smaller size @level; what comes out is mapped. @gpa is aligned to the larger size.
 * TSM_E_ADDRESS: not in one region of memory (promote only), not such leaves, frames not contiguous or not aligned, the
 * fence not complete; TSM_E_NO_PTPAGES; TSM_AGAIN.
 */
enum tsm_err tvm_promote(struct tvm *t, gpa_t gpa, enum gstage_level level);
enum tsm_err tvm_demote(struct tvm *t, gpa_t gpa, enum gstage_level level);
/* Starts the next TLB epoch. TSM_E_ALREADY_STARTED: a vCPU is in the one before. */
enum tsm_err tvm_fence(struct tvm *t);

/*
 * SWEEP_BLOCK and on, lock held: whether @part of the span @all may be blocked, unblocked, removed, and doing it. Of a leaf that is
 * larger than a stretch the frames are left in @t->removing, which tvm_removing_step() empties, @max at a time; nothing else is
 * removed before.
 */
enum tsm_err tvm_span_check(const struct tvm *t, const struct gstage_span *all, const struct gstage_span *part,
			    enum sweep_kind kind, bool lenient);
void tvm_span_perform(struct tvm *t, const struct gstage_span *part, enum sweep_kind kind);
void tvm_removing_step(struct tvm *t, u64 max);

/*
 * COVG share and unshare. tvm_share_request() marks one region of type @from, or a part of it, as
 * @to. TSM_E_PARAM: it is none; TSM_E_NO_MEMORY.
 */
enum tsm_err tvm_share_request(struct tvm *t, const struct gstage_span *s, enum region_type from,
			       enum region_type to);
/*
 * The host agrees: the removable region becomes @to once nothing is mapped in it. TSM_E_ADDRESS:
 * something is. @remove: what is left is taken out here (ABI.md 17.2); TSM_AGAIN: not all of it yet,
 * or that waits for a fence.
 */
enum tsm_err tvm_share_complete(struct tvm *t, struct vcpu_share *s, enum region_type to,
				bool remove);
/* The host refuses: the region is what it was. */
void tvm_share_revert(struct tvm *t, const struct gstage_span *s, enum region_type from);

/* finalize.c */

/*
 * INITIALIZING -> FINALIZING, or on with one that was paused. TSM_E_PARAM: not INITIALIZING, or no
 * vCPU 0; TSM_AGAIN: a call that builds is at work.
 */
enum tsm_err tvm_finalize_begin(struct tvm *t);
/* Measures the configuration, a bounded part of it. True: all of it; false: call it again, or pause. */
bool tvm_finalize_step(struct tvm *t);
/* Leaves a TVM between two steps, for another tvm_finalize_begin(). */
void tvm_finalize_pause(struct tvm *t);
/* Measures the entry, powers vCPU 0 on: RUNNABLE. @identity: TVM_IDENTITY_SIZE bytes. */
void tvm_finalize(struct tvm *t, u64 entry_pc, u64 entry_arg, const u8 *identity);

/* destroy.c */

/*
 * Claims a TVM for its end. TSM_E_PARAM: no such id; TSM_E_FAILED: a call or a vCPU is at work in
 * it.
 */
enum tsm_err tvm_destroy_begin(u64 id, struct tvm **t);
/*
 * Gives frames back, a bounded stretch of them. True: nothing is left, the id is free. False: call
 * it again.
 */
bool tvm_destroy_step(struct tvm *t);
/* Leaves a TVM between two steps, for another tvm_destroy_begin(). */
void tvm_destroy_pause(struct tvm *t);

#endif
