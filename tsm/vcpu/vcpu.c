/* SPDX-License-Identifier: BSD-2-Clause */
#include "vcpu/vcpu.h"
#include "base/string.h"
#include "rv_arch.h"

pfn_t vcpu_arena(const struct vcpu *v)
{
	return pfn_add(spa_pfn(ptr_spa(v)), vcpu_register_pages());
}

void vcpu_init(struct vcpu *v, u64 tvm_id, u32 id, struct epoch_slot *slot)
{
	const struct world *host = &this_hart()->host;

	v->tvm_id = tvm_id;
	v->id = id;
	v->slot = slot;
	v->world.hedeleg = host->hedeleg;
	v->world.hideleg = host->hideleg;
	v->world.henvcfg = host->henvcfg;
	/* The hart's counters show what the host does: vcpu_counter() instead, and host/pmu.c. */
	v->world.hcounteren = HCOUNTEREN_TM;
	v->world.hstateen0 = host->hstateen0;
}

/*
 * The request first, then the look at where the vCPU is. Whoever enters it says so before it serves
 * requests, and whoever leaves it says so before it looks for the last time: one of the two sees
 * the other.
 */
struct hart *vcpu_ask(struct vcpu *v, u32 requests)
{
	__atomic_fetch_or(&v->requests, requests, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&v->power, __ATOMIC_SEQ_CST) != VCPU_RUNNING)
		return NULL;
	return harts[__atomic_load_n(&v->on_hart, __ATOMIC_SEQ_CST)];
}

void vcpu_serve_requests(struct vcpu *v)
{
	u32 requests = __atomic_exchange_n(&v->requests, 0, __ATOMIC_SEQ_CST);

	if (requests & VCPU_REQ_SSIP)
		csr_set(CSR_HVIP, BIT(IRQ_VSSI));
	if (requests & VCPU_REQ_FENCE_I)
		rv_fence_i();
	if (requests & VCPU_REQ_FENCE_VMA)
		rv_hfence_vvma_all();
}

void vcpu_reset(struct vcpu *v, u64 pc, u64 opaque)
{
	struct world *w = &v->world;
	struct world config = *w;

	memset(w, 0, sizeof(*w));
	w->hedeleg = config.hedeleg;
	w->hideleg = config.hideleg;
	w->henvcfg = config.henvcfg;
	w->hcounteren = HCOUNTEREN_TM;
	w->hstateen0 = config.hstateen0;
	w->htimedelta = config.htimedelta;

	w->gpr[REG_A0] = v->id;
	w->gpr[REG_A1] = opaque;
	w->sepc = pc;
	w->sstatus = SSTATUS_SPP | SSTATUS_UXL_64;
	w->hstatus = HSTATUS_SPV | HSTATUS_SPVP | HSTATUS_VTW | HSTATUS_VSXL_64;
	w->vsstatus = SSTATUS_FS_INITIAL | SSTATUS_VS_INITIAL | SSTATUS_UXL_64;
	w->vstimecmp = ~0ULL;
	w->scounteren = HCOUNTEREN_CY | HCOUNTEREN_TM | HCOUNTEREN_IR;

	memset(&v->fp, 0, sizeof(v->fp));
	if (hart_features.vector)
		memset((char *)v + VCPU_VECTOR_OFFSET, 0,
		       sizeof(struct vector_regs) + 32 * hart_features.vlenb);
	fpv_reset(v);
	/* The next run sets up what depends on hart and address space. */
	v->vmid_generation = 0;
	v->counts = false;
	v->cycle = 0;
	v->instret = 0;
	v->pmu.owned = 0;
	v->pmu.started = 0;
	v->pending = PENDING_NONE;
	v->job.step = JOB_NONE;
	__atomic_store_n(&v->requests, 0, __ATOMIC_SEQ_CST);
}
