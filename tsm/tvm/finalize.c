/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/check.h"
#include "base/string.h"
#include "tvm/tvm.h"

enum tsm_err tvm_finalize_begin(struct tvm *t)
{
	enum tsm_err err = TSM_OK;

	spin_lock(&t->lock);
	if (t->state != TVM_INITIALIZING || !t->vcpu_pfn[0] || !tvm_aia_complete(t))
		err = TSM_E_PARAM;
	else if (t->builders)
		err = TSM_AGAIN;
	else
		__atomic_store_n(&t->state, TVM_FINALIZING, __ATOMIC_RELEASE);
	spin_unlock(&t->lock);
	return err;
}

/* Register 6: what gives the pages their meaning. In FINALIZING nobody changes any of it. */
static void measure_config(struct tvm *t)
{
	struct measure_reg *reg = &t->measurement.reg[COVE_MR_TVM_CONFIG];
	const struct region *r;
	struct sha384_ctx ctx;
	u64 n = 0;

	for (r = t->regions.first[0]; r; r = r->next[0])
		n += r->type == REGION_CONFIDENTIAL;
	measure_begin(&ctx, reg);
	measure_add(&ctx, MEASURE_CONFIG_VERSION);
	measure_add(&ctx, n);
	for (r = t->regions.first[0]; r; r = r->next[0]) {
		if (r->type != REGION_CONFIDENTIAL)
			continue;
		measure_add(&ctx, r->base);
		measure_add(&ctx, r->size);
	}
	n = 0;
	for (u32 i = 0; i < TVM_MAX_VCPUS; i++)
		n += t->vcpu_pfn[i] != 0;
	measure_add(&ctx, n);
	for (u32 i = 0; i < TVM_MAX_VCPUS; i++)
		if (t->vcpu_pfn[i])
			measure_add(&ctx, i);
	tvm_aia_measure(t, &ctx);
	measure_end(&ctx, reg);
}

void tvm_finalize(struct tvm *t, u64 entry_pc, u64 entry_arg, const u8 *identity,
		  const struct cove_payload *payload, u64 payload_size)
{
	struct vcpu *boot = tvm_vcpu(t, 0);

	measure_word(&t->measurement.reg[COVE_MR_TVM_ENTRY], entry_pc);
	measure_word(&t->measurement.reg[COVE_MR_TVM_ENTRY], entry_arg);
	measure_config(t);
	memcpy(t->identity, identity, TVM_IDENTITY_SIZE);
	memcpy(tvm_payload(t), payload, payload_size);
	check(vcpu_power_move(boot, VCPU_OFF, VCPU_CLAIMED));
	vcpu_reset(boot, entry_pc, entry_arg);
	check(vcpu_power_move(boot, VCPU_CLAIMED, VCPU_ON));
	spin_lock(&t->lock);
	__atomic_store_n(&t->state, TVM_RUNNABLE, __ATOMIC_RELEASE);
	spin_unlock(&t->lock);
}
