/* SPDX-License-Identifier: BSD-2-Clause */
/* Floating-point and vector registers to and from struct fp_regs and struct vector_regs (rv/world.h). */
#include "rv/csr.h"

	.text

	.macro fp_all insn
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	\insn	f\n, 8*\n(a0)
	.endr
	.endm

	.option push
	.option arch, +d
/* void rv_fp_save(struct fp_regs *) */
	.globl rv_fp_save
rv_fp_save:
	fp_all	fsd
	frcsr	t0
	sd	t0, 256(a0)
	ret

/* void rv_fp_load(const struct fp_regs *) */
	.globl rv_fp_load
rv_fp_load:
	fp_all	fld
	ld	t0, 256(a0)
	fscsr	t0
	ret
	.option pop

	.option push
	.option arch, +v
/* void rv_vector_save(struct vector_regs *): whole registers, eight at a time; vstart is read and zeroed first. */
	.globl rv_vector_save
rv_vector_save:
	csrr	t0, vstart
	csrr	t1, vcsr
	csrr	t2, vl
	csrr	t3, vtype
	sd	t0, 0(a0)
	sd	t1, 8(a0)
	sd	t2, 16(a0)
	sd	t3, 24(a0)
	csrw	vstart, zero
	csrr	t0, vlenb
	slli	t0, t0, 3
	addi	a0, a0, 32
	vs8r.v	v0, (a0)
	add	a0, a0, t0
	vs8r.v	v8, (a0)
	add	a0, a0, t0
	vs8r.v	v16, (a0)
	add	a0, a0, t0
	vs8r.v	v24, (a0)
	ret

/* void rv_vector_load(const struct vector_regs *) */
	.globl rv_vector_load
rv_vector_load:
	csrr	t0, vlenb
	slli	t0, t0, 3
	addi	t1, a0, 32
	csrw	vstart, zero
	vl8re8.v v0, (t1)
	add	t1, t1, t0
	vl8re8.v v8, (t1)
	add	t1, t1, t0
	vl8re8.v v16, (t1)
	add	t1, t1, t0
	vl8re8.v v24, (t1)
	ld	t0, 0(a0)
	ld	t1, 8(a0)
	ld	t2, 16(a0)
	ld	t3, 24(a0)
	/* vl and vtype are set together; an illegal vtype (vill) comes back by the same instruction. */
	vsetvl	zero, t2, t3
	csrw	vcsr, t1
	csrw	vstart, t0
	ret
	.option pop
