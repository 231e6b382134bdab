/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses that may fault: u64 probe_xxx(u64 address, u64 *value) returns NO_TRAP, or scause of
 * the fault that rt_trap() took (it resumes at hart->resume with scause in a0).
 */
#include "asm.h"

	.text
	.option norvc

.macro probe name, insn, rest:vararg
	.globl	\name
\name:
	lla	t0, 9f
	sd	t0, HART_RESUME(tp)
	\insn	\rest
	sd	zero, HART_RESUME(tp)
	li	a0, -1
9:	ret
.endm

.macro probe_load name, insn
	.globl	\name
\name:
	lla	t0, 9f
	sd	t0, HART_RESUME(tp)
	\insn	t1, 0(a0)
	sd	zero, HART_RESUME(tp)
	sd	t1, 0(a1)
	li	a0, -1
9:	ret
.endm

	probe_load probe_load64, ld
	probe_load probe_load32, lw
	probe_load probe_load8, lbu
	/* (address, value) */
	probe	probe_store64, sd, a1, 0(a0)
	probe	probe_store32, sw, a1, 0(a0)
	probe	probe_amo, amoadd.d, t1, a1, (a0)

/* Jumps there; if that does not fault, what stands there must be a `ret`. */
	.globl	probe_fetch
probe_fetch:
	mv	t2, ra
	lla	t0, 9f
	sd	t0, HART_RESUME(tp)
	jalr	ra, 0(a0)
	sd	zero, HART_RESUME(tp)
	li	a0, -1
9:	jr	t2

/*
 * u64 probe_exec(const void *code, u64 *a0): jumps to code with *a0 in a0 and stores what a0 is
 * when it returns. The code may change a0 and t1 only.
 */
	.globl	probe_exec
probe_exec:
	addi	sp, sp, -32
	sd	ra, 0(sp)
	sd	a1, 8(sp)
	lla	t0, 9f
	sd	t0, HART_RESUME(tp)
	mv	t1, a0
	ld	a0, 0(a1)
	jalr	ra, 0(t1)
	sd	zero, HART_RESUME(tp)
	ld	a1, 8(sp)
	sd	a0, 0(a1)
	li	a0, -1
9:	ld	ra, 0(sp)
	addi	sp, sp, 32
	ret

/*
 * u64 user_load(u64 address): loads 8 bytes in user mode. Returns the scause that brought the
 * hart back: 8 (its ECALL) when the load was done. rt_trap() resumes at hart->resume in
 * supervisor mode.
 */
	.globl	user_load
user_load:
	lla	t0, 9f
	sd	t0, HART_USER_RETURN(tp)
	lla	t0, user_code
	csrw	sepc, t0
	li	t0, 1 << 8
	csrc	sstatus, t0
	sret
9:	ret

user_code:
	ld	t1, 0(a0)
	ecall
