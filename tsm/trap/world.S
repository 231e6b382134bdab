/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only world switch. A trap from VS or VU mode stores registers into the current world (sscratch) and returns into the world
 * that C names. sscratch is 0 while the TSM runs, so a trap of the TSM's own is told apart at once.
 *
 * An ECALL of the host keeps s0-s11 in the hart: C preserves them, so they are stored only if another world is to go on. A vCPU's
 * are stored at once, because C may give the vCPU to another hart before it returns here; so are those of every other trap,
 * because C may emulate an instruction that names one.
 */
#include "rv/csr.h"
#include "generated/offsets.h"

	.text

	/* All that C may change, and sp, gp, tp; a0 is the world. */
	.macro caller_regs insn
	.irp	n, 1,2,3,4,5,6,7,11,12,13,14,15,16,17,28,29,30,31
	\insn	x\n, (WORLD_GPR + 8 * \n)(a0)
	.endr
	.endm

	/* s0-s11 */
	.macro callee_regs insn, base
	.irp	n, 8,9,18,19,20,21,22,23,24,25,26,27
	\insn	x\n, (WORLD_GPR + 8 * \n)(\base)
	.endr
	.endm

/* stvec. Live: every register is the trapped context's. */
	.balign 4
	.globl trap_entry
trap_entry:
	csrrw	a0, sscratch, a0
	beqz	a0, trap_in_tsm
	caller_regs sd
	csrrw	t0, sscratch, zero
	csrr	t1, sepc
	csrr	t2, sstatus
	csrr	a1, scause
	sd	t0, (WORLD_GPR + 8 * 10)(a0)
	sd	t1, WORLD_SEPC(a0)
	sd	t2, WORLD_SSTATUS(a0)
	ld	tp, WORLD_TSM_TP(a0)
	ld	sp, WORLD_TSM_SP(a0)
	ld	t1, HART_VCPU(tp)
	li	t0, CAUSE_ECALL_VS
	bne	a1, t0, 2f
	bnez	t1, 1f

	/* An ECALL of the host. Live: a0 = world, s0-s11 = the host's. Its world has one place, in struct hart. */
	call	abi_host_ecall
	addi	t0, tp, HART_HOST
	beq	a0, t0, world_return
	beqz	a0, 4f
	callee_regs sd, t0
	j	world_enter
4:	mv	a0, tp
	call	abi_host_run_over
	j	world_return

	/* An ECALL of a vCPU. Live: a0 = world, s0-s11 = the vCPU's. What comes back is that world, its task's or the host's. */
1:	callee_regs sd, a0
	mv	a0, tp
	call	abi_tvm_ecall
	ld	t0, HART_VCPU(tp)
	beq	a0, t0, world_return
	j	world_enter

	/* Any other trap. Live: a0 = world, a1 = scause, t1 = the vCPU or 0, s0-s11 = the context's. */
2:	callee_regs sd, a0
	csrr	a2, stval
	beqz	t1, 3f
	bltz	a1, 3f
	mv	a0, tp
	call	abi_tvm_exception
	j	world_enter
3:	call	trap_handle

/* void world_enter(struct world *): a0 = world to enter; does not return. */
	.globl world_enter
world_enter:
	callee_regs ld, a0
/* Live: a0 = world, s0-s11 = its own. */
world_return:
	ld	t0, WORLD_SEPC(a0)
	ld	t1, WORLD_SSTATUS(a0)
	ld	t2, WORLD_HSTATUS(a0)
	csrw	sepc, t0
	csrw	sstatus, t1
	csrw	CSR_HSTATUS, t2
	csrw	sscratch, a0
	caller_regs ld
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
	lla	sp, panic_stack_top
	call	trap_panic
