/* SPDX-License-Identifier: BSD-2-Clause */
#include "tvm/run.h"
#include "base/check.h"
#include "cove/nacl.h"
#include "host/hsm.h"
#include "host/nacl.h"
#include "host/pmu.h"

static enum tsm_err claim(u64 id, u64 vcpu, struct tvm_run *run)
{
	struct tvm *t = tvm_get(id);
	struct vcpu *v;

	if (!t)
		return TSM_E_PARAM;
	v = tvm_vcpu(t, vcpu);
	if (!v || tvm_state(t) != TVM_RUNNABLE || !vcpu_power_move(v, VCPU_ON, VCPU_RUNNING)) {
		tvm_put(t);
		return TSM_E_PARAM;
	}
	run->tvm = t;
	run->vcpu = v;
	return TSM_OK;
}

/*
 * The host's answer to a share or unshare request, read once (ABI.md 9.5). A request that cannot be
 * completed stays pending.
 */
static enum tsm_err finish_share(const struct hart *h, struct tvm_run *run)
{
	struct vcpu *v = run->vcpu;
	bool share = v->pending == PENDING_SHARE;
	enum tsm_err err;
	u64 error;

	if (!share && v->pending != PENDING_UNSHARE)
		return TSM_OK;
	error = nacl_read(h, NACL_GPR_OFFSET(REG_A0));
	if (error) {
		tvm_share_revert(run->tvm, &v->share.span, share ? REGION_CONFIDENTIAL : REGION_SHARED);
	} else {
		err = tvm_share_complete(run->tvm, &v->share,
					 share ? REGION_SHARED : REGION_CONFIDENTIAL,
					 run->deviates);
		run->not_yet = err == TSM_AGAIN;
		if (err != TSM_OK)
			return run->not_yet ? TSM_OK : err;
	}
	vcpu_answer(v, error, nacl_read(h, NACL_GPR_OFFSET(REG_A1)));
	return TSM_OK;
}

/*
 * The interrupt file that the vCPU sees on this hart. One that is bound to another hart is an error, but the RFC client, whose
 * thread may have moved since, binds it anew when the run ends as if by its timer (ABI.md 17.2).
 */
static enum tsm_err find_file(struct tvm_run *run)
{
	struct world *w = &run->vcpu->world;
	bool elsewhere;
	u64 number;

	if (!tvm_aia_runnable(run->tvm, run->vcpu, &number, &elsewhere)) {
		run->not_yet = elsewhere && run->deviates;
		return run->not_yet ? TSM_OK : TSM_E_PARAM;
	}
	w->hstatus = (w->hstatus & ~HSTATUS_VGEIN) | number << HSTATUS_VGEIN_SHIFT;
	return TSM_OK;
}

/* The last that a run does with its TVM. */
static void run_release(struct tvm *t, struct vcpu *v, bool dead, bool wfi)
{
	check(vcpu_power_move(v, VCPU_RUNNING, dead ? VCPU_OFF : VCPU_ON));
	/*
	 * A request of another vCPU came too late for this run, and whoever made it does not know:
	 * the host shall not let the vCPU sleep but run it again, as if its timer had ended the run.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (wfi && __atomic_load_n(&v->requests, __ATOMIC_SEQ_CST))
		csr_write(CSR_VSCAUSE, CAUSE_IRQ | IRQ_STI);
	tvm_put(t);
}

enum tsm_err tvm_run_decode(const struct hart *h, u64 id, u64 vcpu, struct tvm_run *run)
{
	enum tsm_err err = claim(id, vcpu, run);

	if (err != TSM_OK)
		return err;
	err = find_file(run);
	if (err == TSM_OK && !run->not_yet)
		err = finish_share(h, run);
	if (err != TSM_OK)
		run_release(run->tvm, run->vcpu, false, false);
	return err;
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

/*
 * The interrupt that the host has to take already, or 0. Its timer and its interrupt file trap by
 * themselves once the vCPU is entered; these are only bits that the TSM keeps.
 */
static u64 kept_irq(struct hart *h)
{
	pmu_overflow(h);
	return hsm_kept_irq(csr_read(CSR_HVIP), csr_read(CSR_VSIE));
}

bool tvm_run_perform(struct hart *h, const struct tvm_run *run, bool *dead)
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
	v->lenient = run->deviates;
	if (run->not_yet) {
		/* As if its timer had ended the run: the RFC client runs the vCPU again. */
		exit_interrupt(&e, IRQ_STI);
	} else if (vcpu_complete(h, v, run->deviates, &e)) {
		u64 irq = kept_irq(h);

		if (!irq) {
			__atomic_store_n(&v->on_hart, h->index, __ATOMIC_SEQ_CST);
			vcpu_enter(h, v, &space);
			vcpu_serve(v);
			return true;
		}
		exit_interrupt(&e, irq);
	}
	exit_report(h, v, &e);
	*dead = e.dead;
	run_release(t, v, e.dead, false);
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
	run_release(t, v, dead, e->scause == CAUSE_VIRTUAL_INST);
}
