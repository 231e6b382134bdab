/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/pmu.h"
#include "host/sgei.h"
#include "host/space.h"
#include "rv/world_switch.h"
#include "vcpu/vcpu.h"

/* Where the machine has no VMIDs, every translation goes when the world changes. */
static void flush_all(void)
{
	rv_hfence_gvma_all();
	rv_hfence_vvma_all();
}

/*
 * A TLB tag for the vCPU on this hart. It keeps the one it has while it stays on the hart; a tag is
 * handed out again only after the whole hart was flushed. True: the tag is new to this vCPU.
 */
static bool vmid_take(struct hart *h, struct vcpu *v)
{
	u64 max = hart_features.vmid_max;

	if (!max) {
		v->vmid = 0;
		return true;
	}
	if (v->vmid_generation == h->vmid_generation && v->hart_index == h->index)
		return false;
	if (h->vmid_next <= HOST_VMID || h->vmid_next > max) {
		if (h->vmid_next > max) {
			rv_hfence_gvma_all();
			h->vmid_generation++;
		}
		h->vmid_next = HOST_VMID + 1;
	}
	v->vmid = h->vmid_next++;
	v->vmid_generation = h->vmid_generation;
	v->hart_index = h->index;
	return true;
}

/*
 * The vCPU's address space is in hgatp: make sure that nothing older than the epoch is cached under
 * its tag.
 */
static void space_enter(struct vcpu *v, const struct vcpu_space *space, bool new_tag)
{
	u64 version = epoch_current(space->epoch);

	if (!hart_features.vmid_max)
		flush_all();
	else if (new_tag || space->slot->version != version)
		rv_hfence_gvma_vmid(v->vmid);
	/* A tag that another vCPU had before may still mark VS-stage translations of that one. */
	if (new_tag)
		rv_hfence_vvma_all();
	/*
	 * Flushed before the slot is active: it is never seen inside with an old version, which
	 * would make a fence or a removal fail that has nothing to wait for.
	 */
	epoch_flushed(space->slot, version);
	if (epoch_enter(space->epoch, space->slot, &version)) {
		rv_hfence_gvma_vmid(v->vmid);
		epoch_flushed(space->slot, version);
	}
	if (new_tag || v->code_version != space->code_version)
		rv_fence_i();
	v->code_version = space->code_version;
}

/*
 * The host's interrupts, as its vsie has them, end the run. Its own interrupt file raises SGEI
 * while a TVM runs.
 */
static void host_irqs_arm(const struct hart *h)
{
	const struct world *host = &h->host;
	u64 files = h->sgei_files;

	if (host->vsie & BIT(IRQ_STI)) {
		csr_write(CSR_STIMECMP, host->vstimecmp - host->htimedelta);
		csr_set(CSR_SIE, BIT(IRQ_STI));
	}
	if (host->vsie & BIT(IRQ_SEI))
		files |= BIT((host->hstatus & HSTATUS_VGEIN) >> HSTATUS_VGEIN_SHIFT);
	csr_write(CSR_HGEIE, files);
	if (files)
		csr_set(CSR_HIE, BIT(IRQ_SGEI));
}

static void host_irqs_disarm(const struct hart *h)
{
	csr_clear(CSR_SIE, BIT(IRQ_STI));
	sgei_arm(h);
}

void vcpu_enter(struct hart *h, struct vcpu *v, const struct vcpu_space *space)
{
	bool new_tag = vmid_take(h, v);

	pmu_enter(h, &v->pmu, &v->world);
	fpv_enter(h, v);
	v->world.tsm_sp = h->host.tsm_sp;
	v->world.tsm_tp = h->host.tsm_tp;
	v->world.hgatp = space->hgatp | v->vmid << HGATP_VMID_SHIFT;
	world_switch(&h->host, &v->world, hart_features.world_csrs);
	host_space_leave();
	space_enter(v, space, new_tag);
	host_irqs_arm(h);
	sgei_hide(h);
	h->vcpu = v;
	v->cycle -= csr_read(CSR_CYCLE);
	v->instret -= csr_read(CSR_INSTRET);
}

void vcpu_leave(struct hart *h, struct vcpu *v, struct epoch_slot *slot)
{
	v->cycle += csr_read(CSR_CYCLE);
	v->instret += csr_read(CSR_INSTRET);
	host_irqs_disarm(h);
	world_switch(&v->world, &h->host, hart_features.world_csrs);
	sgei_back(h);
	if (!hart_features.vmid_max)
		flush_all();
	epoch_leave(slot);
	host_space_enter();
	/* Frames come back to the host zeroed, but a hart may still have a TVM's instructions of them cached. */
	rv_fence_i();
	fpv_leave(h, v);
	h->vcpu = NULL;
	pmu_leave(h);
}

bool vcpu_counter(const struct vcpu *v, u32 csr, u64 *value)
{
	if (csr != CSR_CYCLE && csr != CSR_INSTRET)
		return false;
	if (!(v->world.sstatus & SSTATUS_SPP) &&
	    !(csr_read(CSR_SCOUNTEREN) & BIT(csr - CSR_CYCLE)))
		return false;
	*value = csr == CSR_CYCLE ? v->cycle + csr_read(CSR_CYCLE) :
				    v->instret + csr_read(CSR_INSTRET);
	return true;
}
