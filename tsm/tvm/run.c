/* SPDX-License-Identifier: BSD-2-Clause */
#include "tvm/run.h"
#include "base/check.h"
#include "cove/nacl.h"
#include "host/hsm.h"
#include "host/nacl.h"
#include "vcpu/switch.h"

#define INSN_WFI	0x10500073

/*
 * The host's answer to a share or unshare request, read once (ABI.md 9.5). A request that cannot be
 * completed stays pending. TSM_AGAIN: not yet.
 */
static enum tsm_err finish_share(const struct hart *h, struct tvm *t, struct vcpu *v, bool deviates)
{
	bool share = v->pending == PENDING_SHARE;
	enum tsm_err err = TSM_OK;
	u64 error = nacl_read(h, NACL_GPR_OFFSET(REG_A0));

	if (error)
		tvm_share_revert(t, &v->share.span, share ? REGION_CONFIDENTIAL : REGION_SHARED);
	else
		err = tvm_share_complete(t, &v->share, share ? REGION_SHARED : REGION_CONFIDENTIAL, deviates);
	if (err == TSM_OK)
		vcpu_answer(v, error, nacl_read(h, NACL_GPR_OFFSET(REG_A1)));
	return err;
}

/*
 * The interrupt file that the vCPU sees on this hart. One that is bound to another hart is an error, but the RFC client, whose
 * thread may have moved since, binds it anew when the run ends as if by its timer (ABI.md 17.2): TSM_AGAIN.
 */
static enum tsm_err find_file(const struct tvm *t, struct vcpu *v, bool deviates)
{
	struct world *w = &v->world;
	bool elsewhere;
	u64 number;

	if (!tvm_aia_runnable(t, v, &number, &elsewhere))
		return elsewhere && deviates ? TSM_AGAIN : TSM_E_PARAM;
	w->hstatus = (w->hstatus & ~HSTATUS_VGEIN) | number << HSTATUS_VGEIN_SHIFT;
	return TSM_OK;
}

/* The last that a run does with its TVM. */
static inline void run_release(struct tvm *t, struct vcpu *v, bool dead, bool wfi)
{
	vcpu_stop_running(v, dead ? VCPU_OFF : VCPU_ON);
	/*
	 * A request of another vCPU came too late for this run, and whoever made it does not know:
	 * the host shall not let the vCPU sleep but run it again, as if its timer had ended the run.
	 */
	if (wfi && unlikely(vcpu_is_asked(v)))
		csr_write(CSR_VSCAUSE, CAUSE_IRQ | IRQ_STI);
	tvm_unref(t);
}

/*
 * TVM time starts at the first run of any vCPU (ABI.md 9.2). 0 means "not yet" to us and to the
 * host.
 */
static __noinline u64 time_delta(struct tvm *t)
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
 * Finishes what the vCPU waits for. False: it is not entered; *e is the exit, or *err is not TSM_OK.
 */
static __noinline bool prepare(const struct hart *h, struct tvm *t, struct vcpu *v, bool deviates,
			       enum tsm_err *err, struct vcpu_exit *e)
{
	u64 irq;

	if (t->aia.valid)
		*err = find_file(t, v, deviates);
	if (*err == TSM_OK && vcpu_waits_for_share(v))
		*err = finish_share(h, t, v, deviates);
	if (*err == TSM_AGAIN) {
		/* As if its timer had ended the run: the RFC client runs the vCPU again. */
		*err = TSM_OK;
		exit_interrupt(e, IRQ_STI);
		return false;
	}
	if (*err != TSM_OK || !vcpu_complete(h, v, deviates, e))
		return false;
	/*
	 * Of the host's interrupts that are only bits which the TSM keeps. Its timer and its interrupt file, and an overflow that
	 * the TSM has not seen yet, trap by themselves once the vCPU is entered.
	 */
	irq = hsm_kept_irq(csr_read(CSR_HVIP), csr_read(CSR_VSIE));
	if (irq)
		exit_interrupt(e, irq);
	return !irq;
}

/* A run that ends before the vCPU is entered, or is refused; what the host is told is in the hart. */
static __noinline bool is_over(struct hart *h, struct tvm *t, struct vcpu *v, bool deviates)
{
	struct vcpu_exit e = { 0 };
	enum tsm_err err = TSM_OK;
	bool enter = prepare(h, t, v, deviates, &err, &e);

	/* A refused call does not start the TVM's time. */
	if (err == TSM_OK && !v->world.htimedelta)
		v->world.htimedelta = time_delta(t);
	if (enter)
		return false;
	if (err == TSM_OK) {
		exit_tell(&e);
		exit_report(h, v, &e);
	}
	h->run_err = err;
	h->run_dead = e.dead;
	run_release(t, v, e.dead, false);
	return true;
}

/* The general case of a run of a claimed vCPU. */
static __noinline struct world *run_any(struct hart *h, struct tvm *t, struct vcpu *v, bool deviates)
{
	if (is_over(h, t, v, deviates))
		return NULL;
	v->lenient = deviates;
	/* Before the look at what it is asked: see vcpu_ask(). */
	rv_store(&v->on_hart, h->index);
	vcpu_enter(h, v, &t->gstage, __atomic_load_n(&t->code_version, __ATOMIC_ACQUIRE));
	vcpu_serve(v);
	return &v->world;
}

static __noinline struct world *run_claim(struct hart *h, u64 id, u64 vcpu, bool deviates)
{
	struct tvm *t = tvm_get(id);
	struct vcpu *v = t ? tvm_vcpu(t, vcpu) : NULL;

	if (v && tvm_state(t) == TVM_RUNNABLE && vcpu_power_move(v, VCPU_ON, VCPU_RUNNING))
		return run_any(h, t, v, deviates);
	tvm_put(t);
	h->run_err = TSM_E_PARAM;
	h->run_dead = 0;
	return NULL;
}

/* The epoch has moved just now, or another vCPU asks for something. */
static __noinline struct world *run_late(struct vcpu *v, struct epoch *epoch)
{
	vcpu_space_enter(v, epoch, v->slot, false);
	vcpu_serve(v);
	return &v->world;
}

/* What else a plain run asks for: no interrupt files, and nothing pending for the host that the TSM keeps. */
static inline bool run_is_plain(const struct hart *h, const struct tvm *t, const struct vcpu *v, u32 extras)
{
	return vcpu_enter_is_plain(h, v, extras) && !t->aia.valid && !csr_read(CSR_HVIP);
}

static __inline_into_caller struct world *run_plain(struct hart *h, struct tvm *t, struct vcpu *v, bool deviates)
{
	vcpu_fetch_anew(v, rv_load(&t->code_version));
	v->lenient = deviates;
	if (unlikely(!vcpu_enter_plain(h, v, &t->epoch)))
		return run_late(v, &t->epoch);
	return &v->world;
}

/* Plain, but for FP registers that it is expected to use; or anything else. */
static __noinline struct world *run_fp(struct hart *h, struct tvm *t, struct vcpu *v, bool deviates)
{
	if (v->extras != FPV_EXTRAS_EXPECTED || !run_is_plain(h, t, v, FPV_EXTRAS_EXPECTED))
		return run_any(h, t, v, deviates);
	fpv_take_fp(h, v);
	return run_plain(h, t, v, deviates);
}

/*
 * A plain run needs no stack and calls nothing. What the first half does is tvm_get(), tvm_vcpu() and
 * vcpu_power_move(), with one look at the state for all: a RUNNABLE TVM gets no more vCPUs.
 */
struct world *tvm_run(struct hart *h, u64 id, u64 vcpu, bool deviates)
{
	u64 *word = page_main_word(PFN(id));
	u64 old = word ? rv_load(word) : 0;
	struct tvm *t;
	struct vcpu *v;

	if (unlikely((s32)old != (s32)page_word_make(PAGE_TVM_STATE, id, 0) || vcpu >= TVM_MAX_VCPUS ||
		     !rv_cas64(word, old, old + BIT(32))))
		return run_claim(h, id, vcpu, deviates);
	t = tvm_at(id);
	/* No acquire: what FINALIZE and HSM did comes before what vcpu_power_move() acquires. */
	v = rv_load(&t->state) == TVM_RUNNABLE ? tvm_vcpu_at(t, vcpu) : NULL;
	if (unlikely(!v || !vcpu_power_move(v, VCPU_ON, VCPU_RUNNING))) {
		page_unref(word);
		return run_claim(h, id, vcpu, deviates);
	}
	if (unlikely(!run_is_plain(h, t, v, 0)))
		return run_fp(h, t, v, deviates);
	return run_plain(h, t, v, deviates);
}

static inline void run_answer(struct hart *h, bool dead)
{
	h->host.gpr[REG_A0] = 0;
	h->host.gpr[REG_A1] = dead;
	h->host.sepc += 4;
}

static __noinline struct world *exit_general(struct hart *h, const struct vcpu_exit *e)
{
	struct vcpu *v = h->vcpu;
	struct tvm *t = tvm_of(v);

	vcpu_leave(h, v, e->scause, e->stval);
	exit_report(h, v, e);
	run_answer(h, e->dead);
	run_release(t, v, e->dead, e->scause == CAUSE_VIRTUAL_INST);
	return &h->host;
}

static __noinline struct world *exit_any(struct hart *h, u64 scause, u64 stval, u64 htval)
{
	const struct vcpu_exit e = { .scause = scause, .stval = stval, .htval = htval };

	return exit_general(h, &e);
}

/* Rare ends of a plain exit. */
static __noinline struct world *exit_late(struct hart *h, struct vcpu *v, bool asked)
{
	/* As in run_release(). */
	if (asked)
		csr_write(CSR_VSCAUSE, CAUSE_IRQ | IRQ_STI);
	tvm_unref(tvm_of(v));
	host_space_catch_up(h);
	return &h->host;
}

/*
 * A plain exit needs no stack and calls nothing. One fence after everything that touches the vCPU, one between the three
 * stores that say that this hart is done with it and back in the host, and the looks at what others did before they saw them.
 */
static __inline_into_caller struct world *leave_plain(struct hart *h, struct vcpu *v, u64 scause, u64 stval, u64 htval)
{
	struct epoch_slot *host_slot = h->epoch_slot;
	u64 *word = tvm_of(v)->word;
	bool asked;

	vcpu_leave_world(h, v, WORLD_HAS_STATEEN, scause, stval);
	exit_report_plain(h, v, scause, htval, 0);
	run_answer(h, false);
	epoch_leave_inline(v->slot);
	rv_store(&v->power, VCPU_ON);
	rv_store(&host_slot->active, 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	asked = scause == CAUSE_VIRTUAL_INST && __atomic_load_n(&v->requests, __ATOMIC_RELAXED);
	if (unlikely(asked || __atomic_load_n(&host_epoch.current, __ATOMIC_RELAXED) != host_slot->version))
		return exit_late(h, v, asked);
	page_unref(word);
	return &h->host;
}

/* Plain, but for FP registers that are the vCPU's; or anything else. */
static __noinline struct world *exit_fp(struct hart *h, u64 scause, u64 stval, u64 htval)
{
	struct vcpu *v = h->vcpu;

	if (!vcpu_is_plain(h, v, FPV_EXTRAS_LOADED | FPV_EXTRAS_EXPECTED) || v->fpv_loaded != FPV_FP ||
	    !host_space_is_current(h))
		return exit_any(h, scause, stval, htval);
	fpv_give_back_fp(h, v);
	return leave_plain(h, v, scause, stval, htval);
}

static __inline_into_caller struct world *exit_plain(struct hart *h, u64 scause, u64 stval, u64 htval)
{
	struct vcpu *v = h->vcpu;

	/* Behind with the host's epoch: it is seen inside only when it has flushed. */
	if (unlikely(!vcpu_is_plain(h, v, 0) || !host_space_is_current(h)))
		return exit_fp(h, scause, stval, htval);
	return leave_plain(h, v, scause, stval, htval);
}

struct world *tvm_exit_wfi(struct hart *h)
{
	return exit_plain(h, CAUSE_VIRTUAL_INST, INSN_WFI, 0);
}

struct world *tvm_exit(struct hart *h, const struct vcpu_exit *e)
{
	/* What has no arguments has no htinst either. */
	if (!e->args && !e->dead)
		return exit_plain(h, e->scause, e->stval, e->htval);
	return exit_general(h, e);
}
