/* SPDX-License-Identifier: BSD-2-Clause */
/* COVH: vCPUs (ABI.md 4.15, 4.16). */
#include "abi/call.h"
#include "host/space.h"
#include "page/page.h"
#include "tvm/run.h"
#include "tvm/tvm.h"

struct vcpu_plan {
	struct tvm *tvm;
	bool building;
	pfn_t pfn;
	bool claimed;
};

static enum tsm_err vcpu_decode(const struct call *c, struct vcpu_plan *p)
{
	enum tsm_err err;

	p->tvm = tvm_get(c->arg[0]);
	p->building = p->tvm && tvm_build_begin(p->tvm);
	if (!p->building || c->arg[1] >= TVM_MAX_VCPUS || tvm_vcpu(p->tvm, c->arg[1]))
		return TSM_E_PARAM;
	err = host_range(HPA(c->arg[2]), vcpu_state_pages(), &p->pfn);
	if (err == TSM_OK)
		err = page_claim(p->pfn, vcpu_state_pages(), PAGE_CONVERTED, 0);
	p->claimed = err == TSM_OK;
	if (p->claimed)
		page_scrub(p->pfn, vcpu_register_pages());
	return err;
}

static void vcpu_release(struct vcpu_plan *p)
{
	if (p->claimed)
		page_unclaim(p->pfn, vcpu_state_pages());
	if (p->building)
		tvm_build_end(p->tvm);
	tvm_put(p->tvm);
}

/*
 * COVH create_tvm_vcpu. Refuses: unknown id, not INITIALIZING, vCPU id, vCPU exists, a page not
 * unassigned.
 */
struct reply covh_create_vcpu(const struct call *c)
{
	struct vcpu_plan p = { 0 };
	enum tsm_err err = vcpu_decode(c, &p);

	if (err == TSM_OK) {
		err = tvm_vcpu_add(p.tvm, c->arg[1], p.pfn);
		p.claimed = err != TSM_OK;
	}
	vcpu_release(&p);
	return reply_value(err, 0);
}

struct reply covh_run_over(struct hart *h)
{
	struct reply r = reply_value(h->run_err, h->run_dead);

	h->run_err = TSM_OK;
	h->run_dead = 0;
	return r;
}

/* COVH run_tvm_vcpu. Refuses: unknown TVM or vCPU, not RUNNABLE, powered off, running already. */
struct reply covh_run_vcpu(const struct call *c)
{
	if (tvm_run(c->hart, c->arg[0], c->arg[1], call_deviates(c)))
		return reply_value(TSM_AGAIN, 0);
	return covh_run_over(c->hart);
}
