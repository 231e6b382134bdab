/* SPDX-License-Identifier: BSD-2-Clause */
#include "rv/fetch.h"
#include "rv/inject.h"
#include "rv_arch.h"
#include "sbi.h"
#include "tvm/run.h"

static u64 permission_needed(u64 scause)
{
	switch (scause) {
	case CAUSE_FETCH_GUEST:
		return PTE_X;
	case CAUSE_LOAD_GUEST:
		return PTE_R;
	}
	return PTE_W;
}

/*
 * An access to a region that the TVM declared as MMIO: the host emulates integer loads and stores.
 */
static bool mmio_fault(struct vcpu *v, const struct vcpu_trap *trap, struct vcpu_exit *e)
{
	gpa_t gpa = trap_gpa(trap);
	struct mmio_op op;
	u32 insn;

	if (trap->scause == CAUSE_FETCH_GUEST || trap_is_walk(trap)) {
		exit_dead(e, trap->scause);
		return false;
	}
	if (!rv_fetch_insn(v->world.sepc, &insn))
		return true;
	if (!mmio_decode(insn, &op)) {
		world_inject(&v->world, CAUSE_ILLEGAL, insn);
		return true;
	}
	/* Another vCPU has rewritten the instruction since: let it run. */
	if (op.store != (trap->scause == CAUSE_STORE_GUEST))
		return true;
	if (!IS_ALIGNED(gpa.v, (u64)op.width)) {
		world_inject(&v->world, op.store ? CAUSE_STORE_MISALIGNED : CAUSE_LOAD_MISALIGNED,
			     trap->stval);
		return true;
	}
	exit_mmio(e, v, gpa, &op);
	return false;
}

/*
 * An access to an interrupt file that is not mapped: its vCPU has none now. A store makes the interrupt pending in the software
 * file for the RFC client, which takes the exit that a strict host gets (ABI.md 9.4 row 6) for its end. The host is told for
 * whom, as after an SBI IPI, since that vCPU may sleep there.
 */
static bool imsic_fault(struct tvm *t, struct vcpu *v, const struct vcpu_trap *trap, struct vcpu_exit *e)
{
	gpa_t gpa = trap_gpa(trap);
	struct mmio_op op;
	struct vcpu *raised;
	u32 insn;

	if (trap->scause != CAUSE_STORE_GUEST || trap_is_walk(trap)) {
		exit_dead(e, trap->scause);
		return false;
	}
	if (!v->lenient) {
		exit_page_fault(e, trap->scause, gpa);
		return false;
	}
	/* The vCPU goes on at the store if its code has changed, and takes its own fault. */
	if (!rv_fetch_insn(v->world.sepc, &insn))
		return true;
	if (!mmio_decode(insn, &op) || !op.store || op.width != 4 || !IS_ALIGNED(gpa.v, 4ULL) ||
	    !tvm_aia_store(t, gpa, (u32)v->world.gpr[op.reg], &raised)) {
		world_inject(&v->world, CAUSE_STORE_ACCESS, trap->stval);
		return true;
	}
	v->world.sepc += op.length;
	if (!raised)
		return true;
	exit_notify(e, SBI_EXT_IPI, SBI_IPI_SEND, 1, raised->id, false);
	return false;
}

static bool region_fault(struct tvm *t, struct vcpu *v, const struct vcpu_trap *trap,
			 struct vcpu_exit *e)
{
	switch (tvm_range_type(t, trap_gpa(trap), 1)) {
	case REGION_CONFIDENTIAL:
	case REGION_CONFIDENTIAL_REMOVABLE:
	case REGION_SHARED:
	case REGION_SHARED_REMOVABLE:
		exit_page_fault(e, trap->scause, trap_gpa(trap));
		return false;
	case REGION_MMIO:
		return mmio_fault(v, trap, e);
	case REGION_IMSIC:
		return imsic_fault(t, v, trap, e);
	case REGION_NONE:
		break;
	}
	exit_dead(e, trap->scause);
	return false;
}

bool tvm_fault(struct tvm *t, struct vcpu *v, const struct vcpu_trap *trap, struct vcpu_exit *e)
{
	struct gstage_entry entry = gstage_lookup(&t->gstage, trap_gpa(trap));

	switch (entry.kind) {
	case GSTAGE_MAPPED:
		if (entry.perm & permission_needed(trap->scause)) {
			/* Another hart has mapped it meanwhile. */
			rv_hfence_gvma_vmid(v->vmid);
			return true;
		}
		/* Only execution of shared memory is not permitted. */
		world_inject(&v->world, CAUSE_FETCH_ACCESS, trap->stval);
		return true;
	case GSTAGE_IN_FLIGHT:
		/*
		 * A call on another hart is filling the page; until then the vCPU comes back here.
		 */
		return true;
	case GSTAGE_EMPTY:
	case GSTAGE_BLOCKED:
		break;
	}
	return region_fault(t, v, trap, e);
}
