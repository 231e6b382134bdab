/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/check.h"
#include "base/string.h"
#include "tvm/tvm.h"

/* Lock held. TSM_AGAIN: a call at work may be about to give a vCPU its address, so that is asked after it. */
static enum tsm_err may_finalize(const struct tvm *t)
{
	if (t->state != TVM_INITIALIZING || !t->vcpu_pfn[0])
		return TSM_E_PARAM;
	if (t->builders)
		return TSM_AGAIN;
	return tvm_aia_complete(t) ? TSM_OK : TSM_E_PARAM;
}

enum tsm_err tvm_finalize_begin(struct tvm *t)
{
	enum tsm_err err = TSM_OK;

	spin_lock(&t->lock);
	if (t->state == TVM_FINALIZING && t->finalizing.paused)
		t->finalizing.paused = false;
	else
		err = may_finalize(t);
	if (err == TSM_OK)
		__atomic_store_n(&t->state, TVM_FINALIZING, __ATOMIC_RELEASE);
	spin_unlock(&t->lock);
	return err;
}

/* Regions that one step measures: about 50,000 instructions in plain C. */
#define REGIONS_PER_STEP	40

/* The confidential regions, some of them a step. False: there are more. */
static bool measure_regions(struct tvm *t)
{
	struct tvm_finalizing *f = &t->finalizing;
	const struct region *r;
	u32 done = 0;

	while ((r = region_overlapping(&t->regions, f->gpa, GSTAGE_GPA_END - f->gpa, REGION_CONFIDENTIAL)) != NULL) {
		if (done++ == REGIONS_PER_STEP)
			return false;
		measure_add(&f->ctx, r->base);
		measure_add(&f->ctx, r->size);
		f->gpa = r->base + r->size;
		if (f->gpa == GSTAGE_GPA_END)
			break;
	}
	return true;
}

/* Register 6: what gives the pages their meaning. In FINALIZING nobody changes any of it. */
static void measure_begin_config(struct tvm *t)
{
	const struct region *r;
	u64 n = 0;

	for (r = t->regions.first[0]; r; r = r->next[0])
		n += r->type == REGION_CONFIDENTIAL;
	measure_begin(&t->finalizing.ctx, &t->measurement.reg[COVE_MR_TVM_CONFIG]);
	measure_add(&t->finalizing.ctx, MEASURE_CONFIG_VERSION);
	measure_add(&t->finalizing.ctx, n);
	t->finalizing.begun = true;
}

static void measure_end_config(struct tvm *t)
{
	struct sha384_ctx *ctx = &t->finalizing.ctx;
	u64 n = 0;

	for (u32 i = 0; i < t->epoch.slot_count; i++)
		n += t->vcpu_pfn[i] != 0;
	measure_add(ctx, n);
	for (u32 i = 0; i < t->epoch.slot_count; i++)
		if (t->vcpu_pfn[i])
			measure_add(ctx, i);
	tvm_aia_measure(t, ctx);
	measure_end(ctx, &t->measurement.reg[COVE_MR_TVM_CONFIG]);
}

bool tvm_finalize_step(struct tvm *t)
{
	if (!t->finalizing.begun)
		measure_begin_config(t);
	if (!measure_regions(t))
		return false;
	measure_end_config(t);
	return true;
}

void tvm_finalize_pause(struct tvm *t)
{
	spin_lock(&t->lock);
	t->finalizing.paused = true;
	spin_unlock(&t->lock);
}

void tvm_finalize(struct tvm *t, u64 entry_pc, u64 entry_arg, const u8 *identity)
{
	struct vcpu *boot = tvm_vcpu(t, 0);

	measure_word(&t->measurement.reg[COVE_MR_TVM_ENTRY], entry_pc);
	measure_word(&t->measurement.reg[COVE_MR_TVM_ENTRY], entry_arg);
	memcpy(t->identity, identity, TVM_IDENTITY_SIZE);
	check(boot && vcpu_power_move(boot, VCPU_OFF, VCPU_CLAIMED));
	vcpu_reset(boot, entry_pc, entry_arg);
	check(vcpu_power_move(boot, VCPU_CLAIMED, VCPU_ON));
	spin_lock(&t->lock);
	__atomic_store_n(&t->state, TVM_RUNNABLE, __ATOMIC_RELEASE);
	spin_unlock(&t->lock);
}
