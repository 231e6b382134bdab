/* SPDX-License-Identifier: BSD-2-Clause */
/* An ECALL with every register chosen, and the registers that C does not use. */
#include "asm.h"
#include "fpv.h"

	.text
	.option norvc

/*
 * void cross(struct cross *c): loads x1-x30 from c->in, x31 = c, makes an ECALL, and stores
 * x1-x30 to c->out. A monitor that does not give x31 back ends in a trap that says so.
 */
	.globl	cross
cross:
	.irp	r, 1, 2, 3, 4, 8, 9
	sd	x\r, CROSS_SAVE+8*\r(a0)
	.endr
	.irp	r, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	sd	x\r, CROSS_SAVE+8*\r-64(a0)
	.endr
	mv	x31, a0
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	ld	x\r, CROSS_IN+8*\r(x31)
	.endr
	ecall
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	sd	x\r, CROSS_OUT+8*\r(x31)
	.endr
	mv	a0, x31
	.irp	r, 1, 2, 3, 4, 8, 9
	ld	x\r, CROSS_SAVE+8*\r(a0)
	.endr
	.irp	r, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	ld	x\r, CROSS_SAVE+8*\r-64(a0)
	.endr
	ret

/* The caller has switched FP or V on in sstatus. */
	.option push
	.option arch, +d

/* void fp_load(const u64 regs[33]), void fp_store(u64 regs[33]): f0-f31, fcsr */
	.globl	fp_load
fp_load:
	.irp	r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	fld	f\r, 8*\r(a0)
	.endr
	ld	t0, 256(a0)
	fscsr	t0
	ret

	.globl	fp_store
fp_store:
	.irp	r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	fsd	f\r, 8*\r(a0)
	.endr
	frcsr	t0
	sd	t0, 256(a0)
	ret
	.option pop

	.option push
	.option arch, +v

/*
 * void v_load(const void *regs): 32 registers of vlenb bytes; vl, vtype, vcsr and vstart become
 * what is usual in a program.
 */
	.globl	v_load
v_load:
	csrr	t0, vlenb
	slli	t0, t0, 3
	vl8re8.v	v0, (a0)
	add	a0, a0, t0
	vl8re8.v	v8, (a0)
	add	a0, a0, t0
	vl8re8.v	v16, (a0)
	add	a0, a0, t0
	vl8re8.v	v24, (a0)
	li	t0, 3
	vsetvli	zero, t0, e16, m2, ta, mu
	csrwi	vcsr, 5
	csrwi	vstart, 0
	ret

/*
 * void v_store(void *regs, u64 csrs[4]): the registers; then vl, vtype, vcsr, vlenb, as they were
 * found
 */
	.globl	v_store
v_store:
	csrr	t0, vl
	sd	t0, 0(a1)
	csrr	t0, vtype
	sd	t0, 8(a1)
	csrr	t0, vcsr
	sd	t0, 16(a1)
	csrr	t0, vlenb
	sd	t0, 24(a1)
	slli	t0, t0, 3
	vs8r.v	v0, (a0)
	add	a0, a0, t0
	vs8r.v	v8, (a0)
	add	a0, a0, t0
	vs8r.v	v16, (a0)
	add	a0, a0, t0
	vs8r.v	v24, (a0)
	ret
	.option pop

	.option push
	.option arch, +d, +v

/* void fpv_put(u64 registers, u64 what), u64 fpv_check(u64 registers, u64 what): fpv.h */
	.globl	fpv_put
fpv_put:
	fpv_put
	ret

	.globl	fpv_check
fpv_check:
	fpv_check
	ret
	.option pop

/*
 * s64 hart_suspend(u64 type): HSM suspend of this hart that resumes, without retention, at
 * suspend_resume. Returns sbiret.error, or 100 when it resumed there. Leaves a0 and satp of the
 * resume in the hart's entry fields.
 */
	.globl	hart_suspend
hart_suspend:
	addi	sp, sp, -128
	sd	ra, 0(sp)
	.irp	r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	sd	s\r, 8*\r+8(sp)
	.endr
	sd	gp, 104(sp)
	sd	sp, HART_USER_RETURN(tp)
	lla	a1, suspend_resume
	mv	a2, tp
	li	a6, 3
	li	a7, 0x48534d
	ecall
	sd	zero, HART_USER_RETURN(tp)
	addi	sp, sp, 128
	ret

	.balign	4
suspend_resume:
	mv	tp, a1
	sd	a0, HART_ENTRY_A0(tp)
	csrr	t0, satp
	sd	t0, HART_ENTRY_SATP(tp)
	csrr	t0, sstatus
	sd	t0, HART_ENTRY_SSTATUS(tp)
	ld	sp, HART_USER_RETURN(tp)
	sd	zero, HART_USER_RETURN(tp)
	csrw	sscratch, tp
	lla	t0, trap_vector
	csrw	stvec, t0
	ld	gp, 104(sp)
	ld	ra, 0(sp)
	.irp	r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	ld	s\r, 8*\r+8(sp)
	.endr
	addi	sp, sp, 128
	li	a0, 100
	ret
