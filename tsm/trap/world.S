/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only world switch. A trap from VS or VU mode stores the general registers, sepc and sstatus into the current world
 * (sscratch), calls trap_handle(), and returns into the world that this names. sscratch is 0 while the TSM runs, so a
 * trap of the TSM's own is told apart at once.
 */
#include "rv/csr.h"
#include "generated/offsets.h"

	.text

	.macro gprs_but_a0 insn, base
	.irp	n, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	\insn	x\n, (WORLD_GPR + 8 * \n)(\base)
	.endr
	.endm

/* stvec. Live: every register is the trapped context's. */
	.balign 4
	.globl trap_entry
trap_entry:
	csrrw	a0, sscratch, a0
	beqz	a0, trap_in_tsm
	gprs_but_a0 sd, a0
	/* Live: a0 = world. */
	csrrw	t0, sscratch, zero
	csrr	t1, sepc
	csrr	t2, sstatus
	sd	t0, (WORLD_GPR + 8 * 10)(a0)
	sd	t1, WORLD_SEPC(a0)
	sd	t2, WORLD_SSTATUS(a0)
	ld	sp, WORLD_TSM_SP(a0)
	ld	tp, WORLD_TSM_TP(a0)
	csrr	a1, scause
	csrr	a2, stval
	call	trap_handle

/* void world_enter(struct world *): a0 = world to enter; does not return. */
	.globl world_enter
world_enter:
	ld	t0, WORLD_SEPC(a0)
	ld	t1, WORLD_SSTATUS(a0)
	ld	t2, WORLD_HSTATUS(a0)
	csrw	sepc, t0
	csrw	sstatus, t1
	csrw	CSR_HSTATUS, t2
	csrw	sscratch, a0
	gprs_but_a0 ld, a0
	ld	a0, (WORLD_GPR + 8 * 10)(a0)
	sret

/* A trap while the TSM itself ran: expected (rv_fault.S: continue at hart.recover), or the end. Live: all but a0. */
trap_in_tsm:
	csrrw	a0, sscratch, a0
	ld	t0, HART_RECOVER(tp)
	beqz	t0, 1f
	sd	zero, HART_RECOVER(tp)
	csrw	sepc, t0
	sret
	/* The stack may be what faulted (a guard page): go on on the panic stack. */
1:	mv	a0, sp
	mv	a1, ra
	la	sp, panic_stack_top
	call	trap_panic
