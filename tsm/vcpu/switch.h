/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hart's way from the host's world into a vCPU's and back: registers, CSRs, address space, TLB, the FP and vector state that the
 * vCPU is expected to use, and the host's interrupts, which end the run (ABI.md 9.2). Line by line:
 * docs/world-switch.md. Inlined into the two functions of tvm/run.c that are the only users; what is rare is in run.c.
 */
#ifndef VCPU_SWITCH_H
#define VCPU_SWITCH_H

#include "host/pmu.h"
#include "host/sgei.h"
#include "host/space.h"
#include "rv/world_switch.h"
#include "vcpu/vcpu.h"

/* A TLB tag for the vCPU on this hart, and what stays in its world for as long as it keeps the tag. */
void vcpu_settle_on(struct hart *h, struct vcpu *v, const struct gstage *g);
/*
 * The vCPU's address space is in hgatp: makes sure that nothing older than the epoch is cached under
 * its tag. @slot is the vCPU's own.
 */
void vcpu_space_enter(struct vcpu *v, struct epoch *epoch, struct epoch_slot *slot, bool new_tag);
/* Its counters begin and cease to go on. */
void vcpu_count_from(struct vcpu *v);
void vcpu_count_to(struct vcpu *v);

/*
 * The host's interrupts, as its vsie has them, end the run. Its own interrupt file raises SGEI
 * while a TVM runs. STI and SGEI are enabled always: what the TSM does not wait for is not armed.
 */
static inline void host_irqs_arm(const struct hart *h)
{
	const struct world *host = &h->host;
	u64 files = h->sgei_files, vsie = host->vsie;

	if (vsie & BIT(IRQ_STI))
		csr_write(CSR_STIMECMP, host->vstimecmp - host->htimedelta);
	if (vsie & BIT(IRQ_SEI))
		files |= BIT((host->hstatus & HSTATUS_VGEIN) >> HSTATUS_VGEIN_SHIFT);
	csr_write(CSR_HGEIE, files);
}

static inline void host_irqs_disarm(const struct hart *h)
{
	csr_write(CSR_STIMECMP, ~0ULL);
	sgei_arm(h);
}

/* The vCPU ran here before, and kept its TLB tag. Without VMIDs it has none. */
static inline bool vcpu_has_tag(const struct hart *h, const struct vcpu *v)
{
	return v->vmid_generation == h->vmid_generation;
}

#define __inline_into_caller	inline __attribute__((always_inline))

/* What every change of world does; in between, the two FP and vector files, and where counters run. */
static __inline_into_caller void vcpu_enter_world(struct hart *h, struct vcpu *v, u32 has)
{
	world_to_tvm(&h->host, &v->world, has);
	host_irqs_arm(h);
	host_space_leave(h);
	h->vcpu = v;
}

static __inline_into_caller void vcpu_leave_world(struct hart *h, struct vcpu *v, u32 has,
						 u64 scause, u64 stval)
{
	host_irqs_disarm(h);
	/* An interrupt leaves the host's stval as it was. */
	world_to_host(&v->world, &h->host, has, scause, scause & CAUSE_IRQ ? h->host.vstval : stval);
	/* Frames come back to the host zeroed, but a hart may still have a TVM's instructions of them cached. */
	rv_fence_i();
	h->vcpu = NULL;
}

/* The general way. The vCPU is VCPU_RUNNING. @code_version of the TVM grows when pages are added. */
static inline void vcpu_enter(struct hart *h, struct vcpu *v, const struct gstage *g, u32 code_version)
{
	bool new_tag = !vcpu_has_tag(h, v);

	if (new_tag)
		vcpu_settle_on(h, v, g);
	if (pmu_moves(h, &v->pmu))
		pmu_hand_out(h, &v->pmu, &v->world);
	if (v->fpv_expected)
		fpv_take_expected(h, v);
	vcpu_enter_world(h, v, hart_features.world_csrs);
	sgei_hide(h);
	if (new_tag || !epoch_rejoin(g->epoch, v->slot))
		vcpu_space_enter(v, g->epoch, v->slot, new_tag);
	if (new_tag || v->code_version != code_version) {
		rv_fence_i();
		v->code_version = code_version;
	}
	if (v->counts)
		vcpu_count_from(v);
}

/* When it returns, this hart holds nothing of the TVM and v is only memory. */
static inline void vcpu_leave(struct hart *h, struct vcpu *v, u64 scause, u64 stval)
{
	if (v->counts)
		vcpu_count_to(v);
	vcpu_leave_world(h, v, hart_features.world_csrs, scause, stval);
	sgei_back(h);
	if (!hart_features.vmid_max) {
		rv_hfence_gvma_all();
		rv_hfence_vvma_all();
	}
	epoch_leave(v->slot);
	host_space_enter(h);
	if (v->fpv_loaded)
		fpv_give_back(h, v);
	if (pmu_moves(h, &v->pmu))
		pmu_hand_back(h, &v->pmu);
}

/*
 * The plain way: nothing is to be finished, no vector state to be loaded, no counter to be moved, and the hart has no registers
 * that are rare. Most runs are. @extras: of those, what may be there all the same, FPV_EXTRAS_*.
 */
static inline bool vcpu_is_plain(const struct hart *h, const struct vcpu *v, u32 extras)
{
	return !(v->extras & ~extras) && !pmu_moves(h, &v->pmu) && h->plain_switch;
}

/* On the way in also: it has its tag here. */
static inline bool vcpu_enter_is_plain(const struct hart *h, const struct vcpu *v, u32 extras)
{
	return vcpu_has_tag(h, v) && vcpu_is_plain(h, v, extras);
}

/* Pages were added since: what they hold came before the TVM's @code_version. */
static inline void vcpu_fetch_anew(struct vcpu *v, u32 code_version)
{
	if (likely(v->code_version == code_version))
		return;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	rv_fence_i();
	v->code_version = code_version;
}

/* False: the epoch has moved meanwhile, vcpu_space_enter() has to follow; or somebody asks for something. */
static __inline_into_caller bool vcpu_enter_plain(struct hart *h, struct vcpu *v, const struct epoch *e)
{
	vcpu_enter_world(h, v, WORLD_HAS_STATEEN);
	/* epoch_rejoin(), whose fence is also the one between VCPU_RUNNING and the look at requests (vcpu_ask()). */
	if (unlikely(!epoch_rejoin(e, v->slot)))
		return false;
	return likely(!__atomic_load_n(&v->requests, __ATOMIC_RELAXED));
}

#endif
