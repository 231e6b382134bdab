/* SPDX-License-Identifier: BSD-2-Clause */
/* COVH: the life of a TVM and its address space's outline (ABI.md 4.6 to 4.11). */
#include "abi/call.h"
#include "abi/stretch.h"
#include "base/string.h"
#include "cove/covh.h"
#include "host/space.h"
#include "page/page.h"
#include "tvm/tvm.h"

struct create_plan {
	pfn_t pgd;
	pfn_t state;
};

static enum tsm_err create_decode(const struct call *c, struct create_plan *p)
{
	struct cove_tvm_create_params params;
	enum tsm_err err;

	if (c->arg[1] < sizeof(params))
		return TSM_E_PARAM;
	err = host_copy_in(&params, HPA(c->arg[0]), sizeof(params));
	if (err != TSM_OK)
		return err;
	if (!IS_ALIGNED(params.tvm_page_directory_addr, COVE_PGD_SIZE))
		return TSM_E_ADDRESS;
	err = host_range(HPA(params.tvm_page_directory_addr), COVE_PGD_PAGES, &p->pgd);
	if (err == TSM_OK)
		err = host_range(HPA(params.tvm_state_addr), TVM_STATE_PAGES, &p->state);
	if (err == TSM_OK)
		err = page_claim(p->pgd, COVE_PGD_PAGES, PAGE_CONVERTED, 0);
	if (err != TSM_OK)
		return err;
	err = page_claim(p->state, TVM_STATE_PAGES, PAGE_CONVERTED, 0);
	if (err != TSM_OK)
		page_unclaim(p->pgd, COVE_PGD_PAGES);
	return err;
}

/*
 * COVH create_tvm. Refuses: length, parameters not in host memory, a page not unassigned, or not
 * aligned.
 */
struct reply covh_create_tvm(const struct call *c)
{
	struct create_plan p;
	enum tsm_err err = create_decode(c, &p);

	return reply_value(err, err == TSM_OK ? tvm_create(p.pgd, p.state) : 0);
}

struct finalize_plan {
	struct tvm *tvm;
	u8 identity[TVM_IDENTITY_SIZE];
};

/*
 * Ours, beyond the specification, where a4 and a5 mean nothing and hold anything: what they name is a payload
 * (cove/payload.h) when it looks like one, and else nothing. It is read once, to where it stays; the TVM is in
 * FINALIZING, this call's alone.
 */
static void payload_take(const struct call *c, struct tvm *t)
{
	struct cove_payload *payload = tvm_payload(t);
	u64 size = c->arg[5];

	if (size <= COVE_PAYLOAD_HEADER + COVE_PAYLOAD_TAG || size > sizeof(*payload) ||
	    !IS_ALIGNED(c->arg[4], 8ULL))
		return;
	if (host_copy_in(payload, HPA(c->arg[4]), size) != TSM_OK || payload->magic != COVE_PAYLOAD_MAGIC ||
	    size != COVE_PAYLOAD_HEADER + (u64)payload->size + COVE_PAYLOAD_TAG)
		memset(payload, 0, sizeof(*payload));
}

static enum tsm_err finalize_decode(const struct call *c, struct finalize_plan *p)
{
	u64 identity = c->arg[3];
	enum tsm_err err;

	p->tvm = tvm_get(c->arg[0]);
	if (!p->tvm || !IS_ALIGNED(identity, (u64)TVM_IDENTITY_SIZE))
		return TSM_E_PARAM;
	if (identity) {
		err = host_copy_in(p->identity, HPA(identity), TVM_IDENTITY_SIZE);
		if (err != TSM_OK)
			return err;
	}
	return tvm_finalize_begin(p->tvm);
}

/*
 * COVH finalize_tvm. Refuses: unknown id, not INITIALIZING, no vCPU 0, identity unaligned or not in
 * host memory.
 */
struct reply covh_finalize_tvm(const struct call *c)
{
	struct finalize_plan p = { 0 };
	enum tsm_err err = finalize_decode(c, &p);

	while (err == TSM_OK && !tvm_finalize_step(p.tvm)) {
		if (!host_wants_hart())
			continue;
		tvm_finalize_pause(p.tvm);
		err = TSM_AGAIN;
	}
	if (err == TSM_OK) {
		payload_take(c, p.tvm);
		tvm_finalize(p.tvm, c->arg[1], c->arg[2], p.identity);
	}
	tvm_put(p.tvm);
	return reply_value(err, 0);
}

/*
 * COVH destroy_tvm. Refuses: unknown id; a vCPU runs or a call is at work. A TVM that is half taken
 * apart when the host has an interrupt to take has no use but this call, made again.
 */
struct reply covh_destroy_tvm(const struct call *c)
{
	struct tvm *t;
	enum tsm_err err = tvm_destroy_begin(c->arg[0], &t);

	if (err != TSM_OK)
		return reply_value(err, 0);
	while (!tvm_destroy_step(t)) {
		if (!host_wants_hart())
			continue;
		tvm_destroy_pause(t);
		return reply_value(TSM_AGAIN, 0);
	}
	return reply_value(TSM_OK, 0);
}

static enum tsm_err region_decode(const struct call *c)
{
	u64 gpa = c->arg[1];
	u64 size = c->arg[2];

	if (!IS_ALIGNED(gpa, PAGE_SIZE) || gpa >= GSTAGE_GPA_END)
		return TSM_E_ADDRESS;
	if (!size || !IS_ALIGNED(size, PAGE_SIZE) || size > GSTAGE_GPA_END - gpa)
		return TSM_E_PARAM;
	return TSM_OK;
}

/*
 * COVH add_tvm_memory_region. Refuses: unknown id, not INITIALIZING, address, length, overlap with
 * a region.
 */
struct reply covh_add_memory_region(const struct call *c)
{
	struct tvm *t = tvm_get(c->arg[0]);
	enum tsm_err err = t && tvm_build_begin(t) ? TSM_OK : TSM_E_PARAM;

	if (err == TSM_OK) {
		err = region_decode(c);
		if (err == TSM_OK)
			err = tvm_region_add(t, c->arg[1], c->arg[2], REGION_CONFIDENTIAL);
		tvm_build_end(t);
	}
	tvm_put(t);
	return reply_value(err, 0);
}

struct pgt_plan {
	struct tvm *tvm;
	pfn_t pfn;
	u64 count;
	bool sweep;		/* more than one stretch can see to: nothing is claimed yet */
};

static enum tsm_err pgt_decode(const struct call *c, struct pgt_plan *p)
{
	enum tsm_err err;

	p->tvm = tvm_get(c->arg[0]);
	if (!p->tvm)
		return TSM_E_PARAM;
	p->count = c->arg[2];
	err = call_range(c->arg[1], p->count, &p->pfn);
	p->sweep = p->count > SWEEP_FRAMES;
	if (err == TSM_OK && !p->sweep)
		err = page_claim(p->pfn, p->count, PAGE_CONVERTED, 0);
	return err;
}

/* COVH add_tvm_page_table_pages. Refuses: unknown id, count 0, a page not unassigned. */
struct reply covh_add_pgt_pages(const struct call *c)
{
	struct pgt_plan p = { 0 };
	enum tsm_err err = pgt_decode(c, &p);
	const struct sweep_call sweep = { .kind = SWEEP_POOL, .pfn = p.pfn, .frames = p.count };

	if (err == TSM_OK && p.sweep)
		err = stretch_sweep(p.tvm, &sweep);
	else if (err == TSM_OK && !stretch_scrub(p.pfn, p.count))
		err = TSM_AGAIN;
	else if (err == TSM_OK)
		tvm_pool_add(p.tvm, p.pfn, p.count);
	tvm_put(p.tvm);
	return reply_value(err, 0);
}
