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
 * Interrupt files are COVI's to block: its sequences rely on what the entries are. Refuses also a TVM that does not run yet.
 */
static enum tsm_err may_block(const struct tvm *t, const struct gstage_span *s)
{
	if (t->state != TVM_RUNNABLE)
		return TSM_E_PARAM;
	return region_overlapping(&t->regions, s->gpa.v, s->size, REGION_IMSIC) ? TSM_E_ADDRESS : TSM_OK;
}

enum tsm_err tvm_block(struct tvm *t, const struct gstage_span *s, bool lenient)
{
	enum tsm_err err;

	spin_lock(&t->lock);
	err = may_block(t, s);
	if (err == TSM_OK)
		err = gstage_check(&t->gstage, s, GSTAGE_WANT_MAPPED,
				   lenient && removable(span_type(t, s)), &t->epoch);
	/*
	 * The stamp must not be older than the last of the writes; the lock keeps other calls of
	 * this TVM from moving the epoch in between.
	 */
	if (err == TSM_OK)
		gstage_block(&t->gstage, s, epoch_stamp(&t->epoch));
	spin_unlock(&t->lock);
	return err;
}

enum tsm_err tvm_unblock(struct tvm *t, const struct gstage_span *s)
{
	enum tsm_err err;

	spin_lock(&t->lock);
	err = may_block(t, s);
	if (err == TSM_OK)
		err = gstage_check(&t->gstage, s, GSTAGE_WANT_BLOCKED, false, &t->epoch);
	if (err == TSM_OK)
		gstage_unblock(&t->gstage, s);
	spin_unlock(&t->lock);
	return err;
}

/* Takes checked pages out of the tables, and the tables that this leaves empty. Lock held. */
static void span_release(struct tvm *t, const struct gstage_span *span)
{
	struct gstage_span s = *span;
	struct gstage_run run;

	while (gstage_remove(&t->gstage, &s, &run)) {
		if (run.kind == GSTAGE_RUN_SHARED) {
			page_unpin(run.pfn, run.count);
			continue;
		}
		page_disown(run.pfn, run.count, PAGE_TVM_DATA, t->id);
	}
	gstage_prune(&t->gstage, span);
}

enum tsm_err tvm_remove(struct tvm *t, const struct gstage_span *s, bool lenient)
{
	enum tsm_err err = TSM_E_PARAM;

	spin_lock(&t->lock);
	if (t->state == TVM_RUNNABLE)
		err = removable(span_type(t, s)) ?
			      gstage_check(&t->gstage, s, GSTAGE_WANT_FENCED, lenient, &t->epoch) :
			      TSM_E_ADDRESS;
	if (err == TSM_OK)
		span_release(t, s);
	spin_unlock(&t->lock);
	return err;
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
		err = gstage_demote(&t->gstage, gpa, level);
	spin_unlock(&t->lock);
	return err;
}

enum tsm_err tvm_fence(struct tvm *t)
{
	enum tsm_err err = TSM_E_PARAM;

	spin_lock(&t->lock);
	if (t->state == TVM_RUNNABLE)
		err = epoch_advance(&t->epoch) ? TSM_OK : TSM_E_ALREADY_STARTED;
	spin_unlock(&t->lock);
	return err;
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
#define SWEEP_PARTS	16

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
	enum tsm_err err = gstage_check(&t->gstage, part, GSTAGE_WANT_FENCED, true, &t->epoch);

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
	if (!gstage_is_empty(&t->gstage, &s->span))
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
