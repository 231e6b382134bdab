/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/check.h"
#include "page/page.h"
#include "tvm/tvm.h"

static bool removable(enum region_type type)
{
	return type == REGION_CONFIDENTIAL_REMOVABLE || type == REGION_SHARED_REMOVABLE;
}

static enum region_type span_type(const struct tvm *t, const struct gstage_span *s)
{
	return region_of_range(&t->regions, s->gpa.v, s->size);
}

/*
 * Interrupt files are COVI's to block: its sequences rely on what the entries are.
 */
static enum tsm_err may_block(const struct tvm *t, const struct gstage_span *s)
{
	return region_overlapping(&t->regions, s->gpa.v, s->size, REGION_IMSIC) ? TSM_E_ADDRESS : TSM_OK;
}

enum tsm_err tvm_span_check(const struct tvm *t, const struct gstage_span *all, const struct gstage_span *part,
			    enum sweep_kind kind, bool lenient)
{
	bool going = kind != SWEEP_UNBLOCK && (lenient || kind == SWEEP_REMOVE) && removable(span_type(t, all));
	struct epoch *e = t->gstage.epoch;
	enum tsm_err err;

	if (kind == SWEEP_REMOVE)
		return going ? gstage_check(&t->gstage, part, GSTAGE_WANT_FENCED, lenient, e) : TSM_E_ADDRESS;
	err = may_block(t, all);
	if (err != TSM_OK)
		return err;
	return gstage_check(&t->gstage, part, kind == SWEEP_BLOCK ? GSTAGE_WANT_MAPPED : GSTAGE_WANT_BLOCKED, going, e);
}

/* Gives frames back that have left the tables. */
static void run_release(const struct tvm *t, enum gstage_run_kind kind, pfn_t pfn, u64 count)
{
	if (kind == GSTAGE_RUN_SHARED)
		page_unpin(pfn, count);
	else
		page_disown(pfn, count, PAGE_TVM_DATA, t->id);
}

void tvm_removing_step(struct tvm *t, u64 max)
{
	struct gstage_run *r = &t->removing;
	u64 n = MIN(r->count, max);

	run_release(t, r->kind, r->pfn, n);
	r->pfn = pfn_add(r->pfn, n);
	r->count -= n;
}

/* Takes checked pages out of the tables, and the tables that this leaves empty. Lock held. */
static void span_release(struct tvm *t, const struct gstage_span *span)
{
	struct gstage_span s = *span;
	struct gstage_run run;

	check(!t->removing.count);
	while (gstage_remove(&t->gstage, &s, &run)) {
		if (run.count > SWEEP_FRAMES) {
			/* One leaf, and the span is no more than it. */
			t->removing = run;
			tvm_removing_step(t, SWEEP_FRAMES);
			break;
		}
		run_release(t, run.kind, run.pfn, run.count);
	}
	gstage_prune(&t->gstage, span);
}

void tvm_span_perform(struct tvm *t, const struct gstage_span *part, enum sweep_kind kind)
{
	/*
	 * The stamp must not be older than the last of the writes; the lock keeps other calls of
	 * this TVM from moving the epoch in between.
	 */
	if (kind == SWEEP_BLOCK)
		gstage_block(&t->gstage, part, epoch_stamp(&t->epoch));
	else if (kind == SWEEP_UNBLOCK)
		gstage_unblock(&t->gstage, part);
	else
		span_release(t, part);
}

/* A span that one stretch can see to: all of it, or nothing. */
static enum tsm_err span_change(struct tvm *t, const struct gstage_span *s, enum sweep_kind kind, bool lenient)
{
	enum tsm_err err = TSM_OK;

	spin_lock(&t->lock);
	if (t->state != TVM_RUNNABLE)
		err = TSM_E_PARAM;
	else if (tvm_span_is_swept(t, s->gpa, s->size))
		err = TSM_AGAIN;
	else
		err = tvm_span_check(t, s, s, kind, lenient);
	if (err == TSM_OK)
		tvm_span_perform(t, s, kind);
	spin_unlock(&t->lock);
	return err;
}

enum tsm_err tvm_block(struct tvm *t, const struct gstage_span *s, bool lenient)
{
	return span_change(t, s, SWEEP_BLOCK, lenient);
}

enum tsm_err tvm_unblock(struct tvm *t, const struct gstage_span *s)
{
	return span_change(t, s, SWEEP_UNBLOCK, false);
}

enum tsm_err tvm_remove(struct tvm *t, const struct gstage_span *s, bool lenient)
{
	return span_change(t, s, SWEEP_REMOVE, lenient);
}

#define FOLD_REGIONS							\
	(BIT(REGION_CONFIDENTIAL) | BIT(REGION_CONFIDENTIAL_REMOVABLE) |	\
	 BIT(REGION_SHARED) | BIT(REGION_SHARED_REMOVABLE))

/* A leaf of @level at @gpa would lie in one region of memory. */
static enum tsm_err may_promote(const struct tvm *t, gpa_t gpa, enum gstage_level level)
{
	const struct gstage_span s = { gpa, gstage_size(level) };

	if (t->state != TVM_RUNNABLE)
		return TSM_E_PARAM;
	if (tvm_span_is_swept(t, gpa, s.size))
		return TSM_AGAIN;
	return FOLD_REGIONS & BIT(span_type(t, &s)) ? TSM_OK : TSM_E_ADDRESS;
}

enum tsm_err tvm_promote(struct tvm *t, gpa_t gpa, enum gstage_level level)
{
	enum tsm_err err;

	spin_lock(&t->lock);
	err = may_promote(t, gpa, level);
	if (err == TSM_OK)
		err = gstage_promote(&t->gstage, gpa, level);
	spin_unlock(&t->lock);
	return err;
}

enum tsm_err tvm_demote(struct tvm *t, gpa_t gpa, enum gstage_level level)
{
	enum tsm_err err = TSM_E_PARAM;

	spin_lock(&t->lock);
	/*
	 * The leaf lies in memory. That it lies in several regions, because the TVM shares a part of it, is what the host
	 * demotes it for.
	 */
	if (t->state == TVM_RUNNABLE)
		err = tvm_span_is_swept(t, gpa, gstage_size(level + 1)) ? TSM_AGAIN :
									  gstage_demote(&t->gstage, gpa, level);
	spin_unlock(&t->lock);
	return err;
}

enum tsm_err tvm_fence(struct tvm *t)
{
	/* No lock: the epoch moves in one step, and while the caller has its reference RUNNABLE is for good. */
	if (tvm_state(t) != TVM_RUNNABLE)
		return TSM_E_PARAM;
	return epoch_advance(&t->epoch) ? TSM_OK : TSM_E_ALREADY_STARTED;
}

enum tsm_err tvm_share_request(struct tvm *t, const struct gstage_span *s, enum region_type from,
			       enum region_type to)
{
	enum tsm_err err = TSM_E_PARAM;

	spin_lock(&t->lock);
	if (span_type(t, s) == from)
		err = tvm_regions_reserve(t);
	if (err == TSM_OK)
		region_set(&t->regions, s->gpa.v, s->size, to);
	spin_unlock(&t->lock);
	return err;
}

/* Parts of a range that one call sees to, each at most a table: about 100,000 instructions. */
#define SWEEP_PARTS	8

static struct gstage_span part_at(const struct tvm *t, const struct vcpu_share *s, u64 done)
{
	const struct gstage_span rest = { GPA(s->span.gpa.v + done), s->span.size - done };

	return gstage_first_part(&t->gstage, &rest);
}

/* Blocks what the part holds. The epoch is to be advanced when the last part is blocked. */
static enum tsm_err part_block(struct tvm *t, const struct gstage_span *part)
{
	enum tsm_err err = gstage_check(&t->gstage, part, GSTAGE_WANT_PRESENT, true, &t->epoch);

	if (err == TSM_OK)
		gstage_block(&t->gstage, part, epoch_stamp(&t->epoch));
	return err;
}

/* Takes a part out that is blocked and fenced. What is not, or came since, is made so: TSM_AGAIN. */
static enum tsm_err part_remove(struct tvm *t, const struct gstage_span *part)
{
	enum tsm_err err;

	if (t->removing.count) {
		tvm_removing_step(t, SWEEP_FRAMES);
		return TSM_AGAIN;
	}
	err = gstage_check(&t->gstage, part, GSTAGE_WANT_FENCED, true, &t->epoch);
	if (err == TSM_OK) {
		span_release(t, part);
		return TSM_OK;
	}
	err = part_block(t, part);
	if (err != TSM_OK)
		return err;
	epoch_advance(&t->epoch);
	return TSM_AGAIN;
}

/*
 * What the host left mapped: block it all, fence it once, take it out, over as many calls as that
 * needs. The fence is complete once every vCPU that is inside has left.
 */
static enum tsm_err sweep(struct tvm *t, struct vcpu_share *s)
{
	for (u32 i = 0; i < SWEEP_PARTS; i++) {
		bool block = s->blocked < s->span.size;
		u64 *done = block ? &s->blocked : &s->removed;
		struct gstage_span part = part_at(t, s, *done);
		enum tsm_err err = block ? part_block(t, &part) : part_remove(t, &part);

		if (err != TSM_OK)
			return err;
		*done += part.size;
		if (block && s->blocked == s->span.size)
			epoch_advance(&t->epoch);
		if (s->removed == s->span.size) {
			s->blocked = 0;
			s->removed = 0;
			return gstage_is_empty(&t->gstage, &s->span) ? TSM_OK : TSM_AGAIN;
		}
	}
	return TSM_AGAIN;
}

enum tsm_err tvm_share_complete(struct tvm *t, struct vcpu_share *s, enum region_type to,
				bool remove)
{
	enum tsm_err err = TSM_OK;

	spin_lock(&t->lock);
	if (tvm_span_is_swept(t, s->span.gpa, s->span.size))
		err = TSM_AGAIN;
	else if (t->removing.count || !gstage_is_empty(&t->gstage, &s->span))
		err = remove ? sweep(t, s) : TSM_E_ADDRESS;
	if (err == TSM_OK)
		region_set(&t->regions, s->span.gpa.v, s->span.size, to);
	spin_unlock(&t->lock);
	return err;
}

void tvm_share_revert(struct tvm *t, const struct gstage_span *s, enum region_type from)
{
	spin_lock(&t->lock);
	region_set(&t->regions, s->gpa.v, s->size, from);
	spin_unlock(&t->lock);
}
