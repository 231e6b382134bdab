/* SPDX-License-Identifier: BSD-2-Clause */
#include "vcpu/exit.h"
#include "base/check.h"
#include "cove/nacl.h"
#include "host/nacl.h"
#include "sbi.h"

#define INSN_WFI	0x10500073
#define INSN_ECALL_SIZE	4

void exit_ecall(struct vcpu_exit *e, struct vcpu *v, u32 args, enum vcpu_pending pending)
{
	*e = (struct vcpu_exit){ .scause = CAUSE_ECALL_VS, .args = 8 };
	for (u32 i = 0; i < args; i++)
		e->arg[i] = v->world.gpr[REG_A0 + i];
	/* Legacy calls have no function number. */
	e->arg[6] = pending == PENDING_PUTCHAR ? 0 : v->world.gpr[REG_A6];
	e->arg[7] = v->world.gpr[REG_A7];
	v->pending = (u8)pending;
}

void exit_notify(struct vcpu_exit *e, u64 eid, u64 fid, u64 a0, u64 a1, bool dead)
{
	*e = (struct vcpu_exit){
		.scause = CAUSE_ECALL_VS,
		.args = 8,
		.arg = { a0, a1, 0, 0, 0, 0, fid, eid },
		.dead = dead,
	};
}

/* Without arguments; arg[] is not looked at then. */
static void plain(struct vcpu_exit *e, u64 scause, u64 stval, u64 htval)
{
	e->scause = scause;
	e->stval = stval;
	e->htval = htval;
	e->htinst = 0;
	e->args = 0;
	e->dead = false;
}

void exit_page_fault(struct vcpu_exit *e, u64 cause, gpa_t gpa)
{
	plain(e, cause, 0, ALIGN_DOWN(gpa.v, PAGE_SIZE) >> 2);
}

void exit_mmio(struct vcpu_exit *e, struct vcpu *v, gpa_t gpa, const struct mmio_op *op)
{
	*e = (struct vcpu_exit){
		.scause = op->store ? CAUSE_STORE_GUEST : CAUSE_LOAD_GUEST,
		.stval = gpa.v & 3,
		.htval = gpa.v >> 2,
		.htinst = mmio_htinst(op),
		.args = 1,
	};
	if (op->store)
		e->arg[0] = mmio_store_value(op, op->reg ? v->world.gpr[op->reg] : 0);
	v->mmio = *op;
	v->pending = op->store ? PENDING_STORE : PENDING_LOAD;
}

void exit_wfi(struct vcpu_exit *e)
{
	plain(e, CAUSE_VIRTUAL_INST, INSN_WFI, 0);
}

void exit_interrupt(struct vcpu_exit *e, u64 irq)
{
	plain(e, CAUSE_IRQ | irq, 0, 0);
}

void exit_dead(struct vcpu_exit *e, u64 scause)
{
	plain(e, scause, 0, 0);
	e->dead = true;
}

void exit_console(struct vcpu_exit *e, struct vcpu *v)
{
	check(v->console_next < v->console_size && v->console_size <= VCPU_CONSOLE_MAX);
	*e = (struct vcpu_exit){
		.scause = CAUSE_ECALL_VS,
		.args = 8,
		.arg = { [0] = v->console[v->console_next], [7] = SBI_EXT_LEGACY_PUTCHAR },
	};
	v->console_next++;
	v->pending = PENDING_CONSOLE;
}

static void ecall_done(struct vcpu *v, u64 error)
{
	v->world.gpr[REG_A0] = error;
	v->world.sepc += INSN_ECALL_SIZE;
}

/*
 * The answer to a forwarded call. a0 is read before it is overwritten: it says what the call was.
 */
static void complete_ecall(const struct hart *h, struct vcpu *v, bool full_console)
{
	const struct world *w = &v->world;
	u64 error = nacl_read(h, NACL_GPR_OFFSET(REG_A0));
	u64 value = nacl_read(h, NACL_GPR_OFFSET(REG_A1));

	if (full_console && !error && !value && w->gpr[REG_A7] == SBI_EXT_DBCN &&
	    w->gpr[REG_A6] == SBI_DBCN_WRITE)
		value = w->gpr[REG_A0];
	ecall_done(v, error);
	v->world.gpr[REG_A1] = value;
}

static void complete_mmio(const struct hart *h, struct vcpu *v)
{
	u64 raw = nacl_read(h, NACL_GPR_OFFSET(REG_A0));

	if (v->pending == PENDING_LOAD && v->mmio.reg)
		v->world.gpr[v->mmio.reg] = mmio_load_value(&v->mmio, raw);
	nacl_write(h, NACL_GPR_OFFSET(REG_A0), 0);
	v->world.sepc += v->mmio.length;
}

void vcpu_answer(struct vcpu *v, u64 error, u64 value)
{
	ecall_done(v, error);
	v->world.gpr[REG_A1] = value;
	v->pending = PENDING_NONE;
}

bool vcpu_complete_pending(const struct hart *h, struct vcpu *v, bool full_console, struct vcpu_exit *e)
{
	switch ((enum vcpu_pending)v->pending) {
	case PENDING_NONE:
		break;
	case PENDING_SHARE:
	case PENDING_UNSHARE:
		/* tvm/ has finished these before. */
		check(v->pending == PENDING_NONE);
		break;
	case PENDING_ECALL:
		complete_ecall(h, v, full_console);
		break;
	case PENDING_PUTCHAR:
		ecall_done(v, nacl_read(h, NACL_GPR_OFFSET(REG_A0)));
		break;
	case PENDING_CONSOLE:
		if (v->console_next < v->console_size) {
			exit_console(e, v);
			return false;
		}
		ecall_done(v, SBI_SUCCESS);
		v->world.gpr[REG_A1] = v->console_size;
		break;
	case PENDING_LOAD:
	case PENDING_STORE:
		complete_mmio(h, v);
		break;
	}
	v->pending = PENDING_NONE;
	return true;
}
