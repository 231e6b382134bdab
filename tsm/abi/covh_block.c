/* SPDX-License-Identifier: BSD-2-Clause */
/* COVH: taking pages from a running TVM (ABI.md 4.17 to 4.19, 4.21). */
#include "abi/call.h"
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
		err = tvm_block(t, &s, call_deviates(c));
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
		err = tvm_unblock(t, &s);
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
		err = tvm_remove(t, &s, call_deviates(c));
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
