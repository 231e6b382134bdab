/* SPDX-License-Identifier: BSD-2-Clause */
/* A trap from a TVM: what it leads to (ABI.md 9.4). */
#include "abi/abi.h"
#include "abi/tvm_sbi.h"
#include "host/hsm.h"
#include "rv/fetch.h"
#include "rv/inject.h"
#include "rv_arch.h"
#include "sbi.h"
#include "tvm/run.h"

#define INSN_WFI	0x10500073

/*
 * The host's interrupts end the run; the TSM's own does where it made the host's software interrupt
 * pending.
 */
static bool on_interrupt(const struct hart *h, u64 scause, struct vcpu_exit *e)
{
	u64 host_file, irq;

	switch (scause & ~CAUSE_IRQ) {
	case IRQ_STI:
		exit_interrupt(e, IRQ_STI);
		return false;
	case IRQ_SGEI:
		/* The host's own file, or one that it waits for. */
		host_file = BIT((h->host.hstatus & HSTATUS_VGEIN) >> HSTATUS_VGEIN_SHIFT);
		exit_interrupt(e, csr_read(CSR_HGEIP) & csr_read(CSR_HGEIE) & host_file ? IRQ_SEI : IRQ_SGEI);
		return false;
	}
	vcpu_serve(h->vcpu);
	irq = hsm_kept_irq(h->host.hvip, h->host.vsie);
	if (!irq)
		return true;
	exit_interrupt(e, irq);
	return false;
}

/* CSRRS or CSRRC without a bit to change: a read of cycle or instret. */
static bool counter_read(struct vcpu *v, u64 stval)
{
	struct world *w = &v->world;
	u32 insn = (u32)stval;
	u64 value;

	if (!insn && !rv_fetch_insn(w->sepc, &insn))
		return false;
	if ((insn & 0xfa07f) != 0x02073 || !vcpu_counter(v, insn >> 20, &value))
		return false;
	if (insn >> 7 & 31)
		w->gpr[insn >> 7 & 31] = value;
	w->sepc += 4;
	return true;
}

/*
 * But for two counters, nothing that traps as a virtual instruction is offered to a TVM; in VU mode WFI
 * is not either.
 */
static void on_virtual_instruction(struct vcpu *v, u64 stval)
{
	if (!counter_read(v, stval))
		world_inject(&v->world, CAUSE_ILLEGAL, stval);
}

/* True: the vCPU goes on. */
static bool on_exception(struct tvm *t, struct vcpu *v, const struct vcpu_trap *trap,
			 struct vcpu_exit *e)
{
	switch (trap->scause) {
	case CAUSE_FETCH_GUEST:
	case CAUSE_LOAD_GUEST:
	case CAUSE_STORE_GUEST:
		return tvm_fault(t, v, trap, e);
	case CAUSE_VIRTUAL_INST:
		on_virtual_instruction(v, trap->stval);
		return true;
	case CAUSE_ILLEGAL:
		if (!fpv_take(this_hart(), v, trap->stval))
			world_inject(&v->world, CAUSE_ILLEGAL, trap->stval);
		return true;
	}
	/* Firmware may hand on what hedeleg would have given to the TVM. */
	if (trap->scause < 64 && (v->world.hedeleg & BIT(trap->scause))) {
		world_inject(&v->world, trap->scause, trap->stval);
		return true;
	}
	exit_dead(e, trap->scause);
	return false;
}

static __noinline struct world *any_ecall(struct hart *h, struct vcpu *v)
{
	struct vcpu_exit e;
	struct tvm_call call = { tvm_of(v), v, &e };

	v->job.enter = false;
	if (tvm_sbi_call(&call))
		return v->job.enter ? task_enter(h, &v->task, vcpu_arena(v)) : &v->world;
	return tvm_exit(h, &e);
}

struct world *abi_tvm_ecall(struct hart *h)
{
	struct vcpu *v = h->vcpu;

	return v->world.gpr[REG_A7] == SBI_EXT_BASE ? tvm_base_call(v) : any_ecall(h, v);
}

/*
 * The vCPU's task trapped. Where the vCPU goes on it executes its ECALL again, which enters the task
 * or takes its result.
 */
static bool on_task(struct hart *h, u64 scause, struct vcpu_exit *e)
{
	switch (task_leave(h, &h->vcpu->task, scause)) {
	case TASK_STOPPED:
		return on_interrupt(h, scause, e);
	case TASK_PAUSED:
		/* As if its timer had ended the run: the host runs the vCPU again. */
		exit_interrupt(e, IRQ_STI);
		return false;
	case TASK_ENDED:
		break;
	}
	return true;
}

static __noinline struct world *other_exception(struct hart *h, u64 scause, u64 stval)
{
	struct vcpu_trap trap = { scause, stval, csr_read(CSR_HTVAL), csr_read(CSR_HTINST) };
	struct vcpu *v = h->vcpu;
	struct vcpu_exit e;

	if (v->task.on_hart ? on_task(h, scause, &e) : on_exception(tvm_of(v), v, &trap, &e))
		return &v->world;
	return tvm_exit(h, &e);
}

/* WFI waits on the host's side, unless an interrupt is pending already. */
static inline struct world *on_wfi(struct hart *h, struct vcpu *v)
{
	v->world.sepc += 4;
	if (csr_read(CSR_VSIP) & csr_read(CSR_VSIE))
		return &v->world;
	return tvm_exit_wfi(h);
}

struct world *abi_tvm_exception(struct hart *h, u64 scause, u64 stval)
{
	struct vcpu *v = h->vcpu;

	/* A task cannot cause this one: V is 0 there. */
	if (scause == CAUSE_VIRTUAL_INST && stval == INSN_WFI && (v->world.sstatus & SSTATUS_SPP))
		return on_wfi(h, v);
	return other_exception(h, scause, stval);
}

struct world *abi_tvm_interrupt(struct hart *h, u64 scause)
{
	struct vcpu *v = h->vcpu;
	struct vcpu_exit e;

	if (v->task.on_hart ? on_task(h, scause, &e) : on_interrupt(h, scause, &e))
		return &v->world;
	return tvm_exit(h, &e);
}
