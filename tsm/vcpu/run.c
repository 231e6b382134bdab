/* SPDX-License-Identifier: BSD-2-Clause */
#include "vcpu/switch.h"

/* Where the machine has no VMIDs, every translation goes when the world changes. */
static void flush_all(void)
{
	rv_hfence_gvma_all();
	rv_hfence_vvma_all();
}

/*
 * A TLB tag for the vCPU on this hart, which it keeps while it stays on the hart. A tag is handed out
 * again only after the whole hart was flushed.
 */
static void vmid_take(struct hart *h, struct vcpu *v)
{
	u64 max = hart_features.vmid_max;

	if (!max) {
		v->vmid = 0;
		return;
	}
	if (h->vmid_next <= HOST_VMID || h->vmid_next > max) {
		if (h->vmid_next > max) {
			rv_hfence_gvma_all();
			h->vmid_generation += MAX_HARTS;
		}
		h->vmid_next = HOST_VMID + 1;
	}
	/* Another hart may read it for a fence that this one then makes itself, too (tvm_rfence_call()). */
	rv_store(&v->vmid, h->vmid_next++);
	v->vmid_generation = h->vmid_generation;
}

void vcpu_settle_on(struct hart *h, struct vcpu *v, const struct gstage *g)
{
	vmid_take(h, v);
	v->world.tsm_sp = h->host.tsm_sp;
	v->world.tsm_tp = h->host.tsm_tp;
	v->world.hgatp = gstage_hgatp(g, v->vmid);
}

void vcpu_space_enter(struct vcpu *v, struct epoch *epoch, struct epoch_slot *slot, bool new_tag)
{
	u64 version = epoch_current(epoch);

	if (!hart_features.vmid_max)
		flush_all();
	else if (new_tag || slot->version != version)
		rv_hfence_gvma_vmid(v->vmid);
	/* A tag that another vCPU had before may still mark VS-stage translations of that one. */
	if (new_tag)
		rv_hfence_vvma_all();
	/*
	 * Flushed before the slot is active: it is never seen inside with an old version, which
	 * would make a fence or a removal fail that has nothing to wait for.
	 */
	epoch_flushed(slot, version);
	if (epoch_enter(epoch, slot, &version)) {
		rv_hfence_gvma_vmid(v->vmid);
		epoch_flushed(slot, version);
	}
}

void vcpu_count_from(struct vcpu *v)
{
	v->cycle -= csr_read(CSR_CYCLE);
	v->instret -= csr_read(CSR_INSTRET);
}

void vcpu_count_to(struct vcpu *v)
{
	v->cycle += csr_read(CSR_CYCLE);
	v->instret += csr_read(CSR_INSTRET);
}

bool vcpu_counter(struct vcpu *v, u32 csr, u64 *value)
{
	if (csr != CSR_CYCLE && csr != CSR_INSTRET)
		return false;
	if (!(v->world.sstatus & SSTATUS_SPP) &&
	    !(csr_read(CSR_SCOUNTEREN) & BIT(csr - CSR_CYCLE)))
		return false;
	if (!v->counts)
		vcpu_count_from(v);
	v->counts = true;
	*value = csr == CSR_CYCLE ? v->cycle + csr_read(CSR_CYCLE) :
				    v->instret + csr_read(CSR_INSTRET);
	return true;
}
