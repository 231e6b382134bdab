/* SPDX-License-Identifier: BSD-2-Clause */
/* COVH: giving pages to a TVM (ABI.md 4.12, 4.13). */
#include "abi/call.h"
#include "abi/stretch.h"
#include "host/space.h"
#include "page/page.h"
#include "tvm/tvm.h"

struct add_plan {
	struct tvm *tvm;
	struct tvm_add add;
	u64 frames;
	bool sweep;		/* more than one stretch can see to: nothing is claimed yet */
	bool claimed;		/* the frames */
	bool reserved;		/* the entries */
	pfn_t source;		/* measured */
	bool nothing;		/* the page is mapped there already, or by now */
};

/* The shape of an add: page type, count, guest address, destination. Nothing is claimed. */
static enum tsm_err add_shape(struct add_plan *p, u64 hpa, u64 type, u64 count, u64 gpa)
{
	enum gstage_level level = (enum gstage_level)type;
	enum tsm_err err;
	u64 size;

	if (type >= GSTAGE_LEVELS || !count || count > CALL_MAX_PAGES >> 9 * type)
		return TSM_E_PARAM;
	size = gstage_size(level);
	p->frames = count * (size >> PAGE_SHIFT);
	if (!IS_ALIGNED(hpa, size) || !IS_ALIGNED(gpa, size))
		return TSM_E_ADDRESS;
	if (gpa >= GSTAGE_GPA_END || count * size > GSTAGE_GPA_END - gpa)
		return TSM_E_ADDRESS;
	err = call_range(hpa, p->frames, &p->add.pfn);
	p->add.range = (struct gstage_range){ GPA(gpa), count, level };
	return err;
}

static enum tsm_err add_claim(struct add_plan *p)
{
	enum tsm_err err = page_claim(p->add.pfn, p->frames, PAGE_CONVERTED, 0);

	p->claimed = err == TSM_OK;
	return err;
}

static enum tsm_err add_reserve(struct add_plan *p)
{
	enum tsm_err err = tvm_add_reserve(p->tvm, &p->add);

	p->reserved = err == TSM_OK;
	return err;
}

/* Whatever decode took and perform has not used up. */
static void add_give_back(struct add_plan *p)
{
	if (p->reserved)
		tvm_add_cancel(p->tvm, &p->add);
	if (p->claimed)
		page_unclaim(p->add.pfn, p->frames);
}

static void add_commit(struct add_plan *p)
{
	tvm_add_commit(p->tvm, &p->add);
	p->claimed = false;
	p->reserved = false;
}

static enum tsm_err add_sweep(const struct add_plan *p, enum sweep_kind kind)
{
	const struct sweep_call c = {
		.kind = kind,
		.pfn = p->add.pfn,
		.source = p->source,
		.frames = p->frames,
		.range = p->add.range,
	};

	return stretch_sweep(p->tvm, &c);
}

/* One page of 4 KiB, by far the most frequent add: nobody sees the frame before it is zero, nor is there a place to take back. */
static enum tsm_err zero_page(struct add_plan *p)
{
	pfn_t pfn = p->add.pfn;
	enum tsm_err err;

	page_scrub_one(pfn);
	err = tvm_add_page(p->tvm, p->add.range.gpa, pfn);
	if (err != TSM_OK)
		page_unclaim_clean(pfn, 1, 1);
	p->claimed = false;
	p->nothing = true;
	return err;
}

static enum tsm_err zero_decode(const struct call *c, struct add_plan *p)
{
	bool deviates = call_deviates(c);
	enum tsm_err err;
	u64 gpa = c->arg[4];

	p->tvm = tvm_get(c->arg[0]);
	if (!p->tvm || tvm_state(p->tvm) != TVM_RUNNABLE)
		return TSM_E_PARAM;
	/* The RFC client passes a fault address as it is (ABI.md 4.13). */
	if (deviates && c->arg[2] == GSTAGE_4K)
		gpa = ALIGN_DOWN(gpa, PAGE_SIZE);
	err = add_shape(p, c->arg[1], c->arg[2], c->arg[3], gpa);
	p->sweep = p->frames > SWEEP_FRAMES;
	if (err != TSM_OK || p->sweep)
		return err;
	err = add_claim(p);
	if (err != TSM_OK) {
		/* Two vCPUs that fault on one page make that client add it twice (ABI.md 17.2). */
		if (deviates)
			err = tvm_add_is_done(p->tvm, &p->add);
		p->nothing = err == TSM_OK;
		return err;
	}
	if (p->frames == 1)
		return zero_page(p);
	/*
	 * Nobody sees these frames yet, so this comes before anything that would have to be taken
	 * back.
	 */
	if (!stretch_scrub(p->add.pfn, p->frames)) {
		p->claimed = false;
		return TSM_AGAIN;
	}
	return add_reserve(p);
}

/*
 * COVH add_tvm_zero_pages. Refuses: unknown id, not RUNNABLE, page type, count; page not unassigned
 * or not aligned, guest range not in one confidential region or not unmapped, no table page.
 */
struct reply covh_add_zero_pages(const struct call *c)
{
	struct add_plan p = { 0 };
	enum tsm_err err = zero_decode(c, &p);

	if (err == TSM_OK && p.sweep)
		err = add_sweep(&p, SWEEP_ZERO);
	else if (err == TSM_OK && !p.nothing)
		add_commit(&p);
	add_give_back(&p);
	tvm_put(p.tvm);
	return reply_value(err, c->arg[3]);
}

static enum tsm_err shared_decode(const struct call *c, struct add_plan *p)
{
	enum tsm_err err;
	u64 gpa = c->arg[4];

	p->tvm = tvm_get(c->arg[0]);
	if (!p->tvm || tvm_state(p->tvm) != TVM_RUNNABLE)
		return TSM_E_PARAM;
	if (call_deviates(c) && c->arg[2] == GSTAGE_4K)
		gpa = ALIGN_DOWN(gpa, PAGE_SIZE);
	err = add_shape(p, c->arg[1], c->arg[2], c->arg[3], gpa);
	p->sweep = p->frames > SWEEP_FRAMES;
	if (err != TSM_OK || p->sweep)
		return err;
	if (call_deviates(c)) {
		/* Faulted on twice, as above. */
		err = tvm_add_is_done(p->tvm, &p->add);
		p->nothing = err == TSM_OK;
		if (err == TSM_E_ADDRESS)
			err = TSM_OK;
	}
	if (err == TSM_OK && !p->nothing)
		err = page_pin(p->add.pfn, p->frames);
	return err;
}

/*
 * COVH add_tvm_shared_pages. Refuses: unknown id, not RUNNABLE, page type, count; page not host
 * memory or not aligned, guest range not in one shared region or not unmapped, no table page.
 */
struct reply covh_add_shared_pages(const struct call *c)
{
	struct add_plan p = { 0 };
	enum tsm_err err = shared_decode(c, &p);

	if (err == TSM_OK && p.sweep) {
		err = add_sweep(&p, SWEEP_SHARED);
	} else if (err == TSM_OK && !p.nothing) {
		err = tvm_shared_add(p.tvm, &p.add);
		if (err != TSM_OK)
			page_unpin(p.add.pfn, p.frames);
	}
	tvm_put(p.tvm);
	return reply_value(err, c->arg[3]);
}

static enum tsm_err measured_decode(const struct call *c, struct add_plan *p)
{
	enum tsm_err err;

	p->tvm = tvm_get(c->arg[0]);
	if (!p->tvm || tvm_state(p->tvm) != TVM_INITIALIZING)
		return TSM_E_PARAM;
	err = add_shape(p, c->arg[2], c->arg[3], c->arg[4], c->arg[5]);
	return err == TSM_OK ? call_range(c->arg[1], p->frames, &p->source) : err;
}

/*
 * COVH add_tvm_measured_pages. Refuses: unknown id, not INITIALIZING, page type, count; source not
 * host memory, destination not unassigned or not aligned, guest range not in one confidential
 * region or not unmapped, no table page.
 */
struct reply covh_add_measured_pages(const struct call *c)
{
	struct add_plan p = { 0 };
	enum tsm_err err = measured_decode(c, &p);

	/* One page is a stretch, so any number of them may be a long call. */
	if (err == TSM_OK)
		err = add_sweep(&p, SWEEP_MEASURED);
	tvm_put(p.tvm);
	return reply_value(err, c->arg[4]);
}
