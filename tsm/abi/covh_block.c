/* SPDX-License-Identifier: BSD-2-Clause */
/* COVH: taking pages from a running TVM (ABI.md 4.17 to 4.21). */
#include "abi/call.h"
#include "abi/stretch.h"
#include "tvm/tvm.h"

/* Guest address and length, both page-aligned. TSM_E_ADDRESS: address; TSM_E_PARAM: length. */
static enum tsm_err span_decode(const struct call *c, struct gstage_span *s)
{
	u64 gpa = c->arg[1];
	u64 size = c->arg[2];

	if (!IS_ALIGNED(gpa, PAGE_SIZE) || gpa >= GSTAGE_GPA_END)
		return TSM_E_ADDRESS;
	if (!size || !IS_ALIGNED(size, PAGE_SIZE))
		return TSM_E_PARAM;
	if (size > GSTAGE_GPA_END - gpa)
		return TSM_E_ADDRESS;
	*s = (struct gstage_span){ GPA(gpa), size };
	return size >> PAGE_SHIFT > CALL_MAX_PAGES ? TSM_E_PARAM : TSM_OK;
}

/* The TVM, which must be RUNNABLE, and the span. */
static enum tsm_err decode(const struct call *c, struct tvm **t, struct gstage_span *s)
{
	*t = tvm_get(c->arg[0]);
	if (!*t || tvm_state(*t) != TVM_RUNNABLE)
		return TSM_E_PARAM;
	return span_decode(c, s);
}

/* A span that one stretch cannot see to. */
static bool is_long(const struct gstage_span *s)
{
	return s->size >> PAGE_SHIFT > SWEEP_FRAMES;
}

static enum tsm_err span_sweep(struct tvm *t, const struct gstage_span *s, enum sweep_kind kind, bool lenient)
{
	const u64 pages = s->size >> PAGE_SHIFT;
	const struct sweep_call c = {
		.kind = kind,
		.lenient = lenient,
		.frames = pages,
		.range = { s->gpa, pages, GSTAGE_4K },
	};

	return stretch_sweep(t, &c);
}

/*
 * COVH tvm_invalidate_pages. Refuses: unknown id, not RUNNABLE, address, length, a page not there
 * or not mapped, a larger page that reaches beyond the range.
 */
struct reply covh_invalidate_pages(const struct call *c)
{
	struct gstage_span s;
	struct tvm *t;
	enum tsm_err err = decode(c, &t, &s);

	if (err == TSM_OK)
		err = is_long(&s) ? span_sweep(t, &s, SWEEP_BLOCK, call_deviates(c)) : tvm_block(t, &s, call_deviates(c));
	tvm_put(t);
	return reply_value(err, 0);
}

/*
 * COVH tvm_validate_pages. Refuses: unknown id, not RUNNABLE, address, length, a page not blocked.
 */
struct reply covh_validate_pages(const struct call *c)
{
	struct gstage_span s;
	struct tvm *t;
	enum tsm_err err = decode(c, &t, &s);

	if (err == TSM_OK)
		err = is_long(&s) ? span_sweep(t, &s, SWEEP_UNBLOCK, false) : tvm_unblock(t, &s);
	tvm_put(t);
	return reply_value(err, 0);
}

/*
 * COVH tvm_remove_pages. Refuses: unknown id, not RUNNABLE, address, length, not in one region that
 * is about to change hands, a page not blocked, the fence not complete.
 */
struct reply covh_remove_pages(const struct call *c)
{
	struct gstage_span s;
	struct tvm *t;
	enum tsm_err err = decode(c, &t, &s);

	if (err == TSM_OK)
		err = is_long(&s) ? span_sweep(t, &s, SWEEP_REMOVE, call_deviates(c)) : tvm_remove(t, &s, call_deviates(c));
	tvm_put(t);
	return reply_value(err, 0);
}

/*
 * The TVM, which must be RUNNABLE, a guest address, and the size that the leaves there are to have:
 * from @smallest on, two of the three sizes. The address is aligned to the larger size of the two
 * that the call is about.
 */
static enum tsm_err fold_decode(const struct call *c, struct tvm **t, enum gstage_level smallest)
{
	u64 gpa = c->arg[1];
	u64 type = c->arg[2];

	*t = tvm_get(c->arg[0]);
	if (!*t || tvm_state(*t) != TVM_RUNNABLE)
		return TSM_E_PARAM;
	if (!IS_ALIGNED(gpa, PAGE_SIZE) || gpa >= GSTAGE_GPA_END)
		return TSM_E_ADDRESS;
	if (type < smallest || type > smallest + 1)
		return TSM_E_PARAM;
	return IS_ALIGNED(gpa, gstage_size((enum gstage_level)type + GSTAGE_2M - smallest)) ?
		       TSM_OK : TSM_E_ADDRESS;
}

/*
 * COVH promote_page. Refuses: unknown id, not RUNNABLE, address, size, not in one region of memory,
 * not 512 leaves of the next smaller size that are blocked and fenced, frames not contiguous or not
 * aligned.
 */
struct reply covh_promote_page(const struct call *c)
{
	struct tvm *t;
	enum tsm_err err = fold_decode(c, &t, GSTAGE_2M);

	if (err == TSM_OK)
		err = tvm_promote(t, GPA(c->arg[1]), (enum gstage_level)c->arg[2]);
	tvm_put(t);
	return reply_value(err, 0);
}

/*
 * COVH demote_page. Refuses: unknown id, not RUNNABLE, address, size, not in one region of memory,
 * no leaf of the next larger size that is blocked and fenced, no table page.
 */
struct reply covh_demote_page(const struct call *c)
{
	struct tvm *t;
	enum tsm_err err = fold_decode(c, &t, GSTAGE_4K);

	if (err == TSM_OK)
		err = tvm_demote(t, GPA(c->arg[1]), (enum gstage_level)c->arg[2]);
	tvm_put(t);
	return reply_value(err, 0);
}

/*
 * COVH tvm_fence. Refuses: unknown id, not RUNNABLE, a vCPU still in the epoch before the current
 * one.
 */
struct reply covh_tvm_fence(const struct call *c)
{
	struct tvm *t = tvm_get(c->arg[0]);
	enum tsm_err err = t ? tvm_fence(t) : TSM_E_PARAM;

	tvm_put(t);
	return reply_value(err, 0);
}
