/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits: everything that may leave a TVM when RUN_VCPU returns, and what comes back with the next
 * RUN_VCPU. The rows are those of ABI.md 9.4; a value that a row does not name never gets here.
 */
#ifndef VCPU_EXIT_H
#define VCPU_EXIT_H

#include "base/types.h"
#include "host/nacl.h"
#include "vcpu/vcpu.h"

struct vcpu_exit {
	u64 scause;
	u64 stval;
	u64 htval;
	u64 htinst;
	u32 args;		/* how many of arg[] go to a0 ..: 0, 1 or 8 */
	u64 arg[8];
	bool dead;		/* the vCPU is powered off with this exit */
};

/* The builders fill *e and set what the vCPU waits for. */

/*
 * Row 1: the ECALL in the vCPU's registers goes to the host with its first @args argument
 * registers.
 */
void exit_ecall(struct vcpu_exit *e, struct vcpu *v, u32 args, enum vcpu_pending pending);
/* Rows 2 and 3: the host is told of a call that the TSM has answered. */
void exit_notify(struct vcpu_exit *e, u64 eid, u64 fid, u64 a0, u64 a1, bool dead);
/* Rows 4 and 5. @cause: 20, 21 or 23. */
void exit_page_fault(struct vcpu_exit *e, u64 cause, gpa_t gpa);
/* Rows 7 and 8. */
void exit_mmio(struct vcpu_exit *e, struct vcpu *v, gpa_t gpa, const struct mmio_op *op);
/* Row 9. */
void exit_wfi(struct vcpu_exit *e);
/* Row 10. @irq: IRQ_SSI, IRQ_STI, IRQ_SEI or IRQ_SGEI. */
void exit_interrupt(struct vcpu_exit *e, u64 irq);
/* Row 11. */
void exit_dead(struct vcpu_exit *e, u64 scause);

/* The next byte of console[] as a legacy putchar call (DECISIONS 7). */
void exit_console(struct vcpu_exit *e, struct vcpu *v);

/* The host's own scause and stval, where the vCPU was not entered. */
static inline void exit_tell(const struct vcpu_exit *e)
{
	csr_write(CSR_VSCAUSE, e->scause);
	if (!(e->scause & CAUSE_IRQ))
		csr_write(CSR_VSTVAL, e->stval);
}

/*
 * The rest of the exit, where the host looks for it: the hart's NACL area. The vCPU's CSRs are in its
 * world. exit_report_plain(): an exit without arguments.
 */
#define EXIT_MIDDLE	NACL_CSR_OFFSET(CSR_HSTATUS)

static inline void exit_store(u64 middle, u64 csr, u64 value)
{
	u64 *p = spa_ptr(SPA(middle + NACL_CSR_OFFSET(csr) - EXIT_MIDDLE));

	rv_store(p, value);
}

static inline void exit_report_plain(const struct hart *h, const struct vcpu *v, u64 scause, u64 htval, u64 htinst)
{
	bool irq = scause & CAUSE_IRQ;
	u64 middle;

	if (unlikely(!h->nacl_shmem))
		return;
	/* From there every word is near enough for one instruction. */
	middle = rv_opaque(h->nacl_shmem + EXIT_MIDDLE);
	exit_store(middle, CSR_VSTIMECMP, v->world.vstimecmp);
	exit_store(middle, CSR_VSIE, v->world.vsie);
	exit_store(middle, CSR_HTIMEDELTA, v->world.htimedelta - h->host.htimedelta);
	if (irq)
		return;
	exit_store(middle, CSR_HTVAL, htval);
	exit_store(middle, CSR_HTINST, htinst);
}

static inline void exit_report(const struct hart *h, const struct vcpu *v, const struct vcpu_exit *e)
{
	exit_report_plain(h, v, e->scause, e->htval, e->htinst);
	for (u32 i = 0; i < e->args; i++)
		nacl_write(h, NACL_GPR_OFFSET(REG_A0 + i), e->arg[i]);
}

/* Finishes a call that went to the host: a0, a1 and the pc. */
void vcpu_answer(struct vcpu *v, u64 error, u64 value);

/*
 * Finishes what the vCPU waits for with the host's answer. False: it does not go on yet, *e is the
 * next exit. @full_console: a DBCN write that comes back as (0, 0) counts as written in full
 * (ABI.md 17.2).
 */
bool vcpu_complete_pending(const struct hart *h, struct vcpu *v, bool full_console, struct vcpu_exit *e);

static inline bool vcpu_complete(const struct hart *h, struct vcpu *v, bool full_console, struct vcpu_exit *e)
{
	return likely(v->pending == PENDING_NONE) || vcpu_complete_pending(h, v, full_console, e);
}

#endif
