/* SPDX-License-Identifier: BSD-2-Clause */
#include "tvm/run.h"
#include "base/check.h"

enum tsm_err tvm_run_decode(u64 id, u64 vcpu, struct tvm_run *run)
{
	struct tvm *t = tvm_get(id);
	struct vcpu *v;

	if (!t)
		return TSM_E_PARAM;
	v = tvm_vcpu(t, vcpu);
	if (!v || tvm_state(t) != TVM_RUNNABLE ||
	    !vcpu_power_move(v, VCPU_ON, VCPU_RUNNING)) {
		tvm_put(t);
		return TSM_E_PARAM;
	}
	*run = (struct tvm_run){ t, v };
	return TSM_OK;
}

/*
 * TVM time starts at the first run of any vCPU (ABI.md 9.2). 0 means "not yet" to us and to the
 * host.
 */
static u64 time_delta(struct tvm *t)
{
	u64 delta = __atomic_load_n(&t->htimedelta, __ATOMIC_RELAXED);

	if (delta)
		return delta;
	spin_lock(&t->lock);
	if (!t->htimedelta) {
		delta = 0 - csr_read(CSR_TIME);
		__atomic_store_n(&t->htimedelta, delta ? delta : ~0ULL, __ATOMIC_RELAXED);
	}
	delta = t->htimedelta;
	spin_unlock(&t->lock);
	return delta;
}

/* The last that a run does with its TVM. */
static void run_release(struct tvm *t, struct vcpu *v, bool dead)
{
	check(vcpu_power_move(v, VCPU_RUNNING, dead ? VCPU_OFF : VCPU_ON));
	tvm_put(t);
}

/*
 * The host has a software interrupt to take already. Its timer and its interrupt file trap by
 * themselves once the vCPU is entered; this one is only a bit that the TSM keeps.
 */
static bool soft_irq_pending(void)
{
	return (csr_read(CSR_HVIP) & BIT(IRQ_VSSI)) && (csr_read(CSR_VSIE) & BIT(IRQ_SSI));
}

bool tvm_run_perform(struct hart *h, const struct tvm_run *run, bool full_console, bool *dead)
{
	struct tvm *t = run->tvm;
	struct vcpu *v = run->vcpu;
	struct vcpu_space space = {
		.hgatp = gstage_hgatp(&t->gstage, 0),
		.epoch = &t->epoch,
		.slot = &t->slots[v->id],
		.code_version = __atomic_load_n(&t->code_version, __ATOMIC_ACQUIRE),
	};
	struct vcpu_exit e;

	v->world.htimedelta = time_delta(t);
	if (vcpu_complete(h, v, full_console, &e)) {
		if (!soft_irq_pending()) {
			vcpu_enter(h, v, &space);
			return true;
		}
		exit_interrupt(&e, IRQ_SSI);
	}
	exit_report(h, v, &e);
	*dead = e.dead;
	run_release(t, v, e.dead);
	return false;
}

void tvm_exit(struct hart *h, const struct vcpu_exit *e)
{
	struct vcpu *v = h->vcpu;
	struct tvm *t = tvm_of(v);
	bool dead = e->dead;

	vcpu_leave(h, v, &t->slots[v->id]);
	exit_report(h, v, e);
	h->host.gpr[REG_A0] = 0;
	h->host.gpr[REG_A1] = dead;
	h->host.sepc += 4;
	run_release(t, v, dead);
}
