/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FP and vector state made of two numbers, for the host and for the test TVM: one for the registers, vl and vtype, one for fcsr,
 * vcsr and vstart, of which a machine may not notice that they were written. Assembly; C sees the numbers only.
 */
#ifndef RT_FPV_H
#define RT_FPV_H

#define FPV_F		1
#define FPV_F_CSR	2
#define FPV_V		4
#define FPV_V_CSR	8
#define FPV_FRESH	16		/* check: all is 0, whatever the numbers are */
#define FPV_WHAT	0x1f
#define FPV_CSRS_SHIFT	32		/* what | number of the CSRs */
#define FPV_STATUS	0x6600		/* sstatus.FS and VS, also in what */

#ifdef __ASSEMBLER__
	.option push
	.option arch, +d, +v

/* vl - 1 (0 or 1) and vtype (LMUL 1, any SEW) that the registers' number in a0 stands for, and vstart (0 or 1) of the CSRs' in t2 */
	.macro	fpv_vl rd
	srli	\rd, a0, 34
	andi	\rd, \rd, 1
	.endm
	.macro	fpv_vtype rd
	srli	\rd, a0, 32
	andi	\rd, \rd, 3
	slli	\rd, \rd, 3
	.endm
	.macro	fpv_vstart rd
	srli	\rd, t2, 3
	andi	\rd, \rd, 1
	.endm

/* FS and VS on, registers as they are. */
	.macro	fpv_on
	li	t0, FPV_STATUS
	csrs	sstatus, t0
	.endm

/* a0: number of the registers, a1: what, and number of the CSRs. Changes t0-t2; FS and VS end as a1 says. */
	.macro	fpv_put
	fpv_on
	srli	t2, a1, FPV_CSRS_SHIFT
	andi	t0, a1, FPV_F
	beqz	t0, 91f
	mv	t1, a0
	.irp	r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	fmv.d.x	f\r, t1
	addi	t1, t1, 17
	.endr
91:	andi	t0, a1, FPV_F_CSR
	beqz	t0, 92f
	andi	t0, t2, 0xff
	csrw	fcsr, t0
92:	andi	t0, a1, FPV_V
	beqz	t0, 93f
	csrw	vstart, zero
	vsetvli	t0, zero, e64, m1, ta, ma
	mv	t1, a0
	.irp	r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	vmv.v.x	v\r, t1
	addi	t1, t1, 17
	.endr
	fpv_vl	t0
	addi	t0, t0, 1
	fpv_vtype t1
	vsetvl	zero, t0, t1
93:	andi	t0, a1, FPV_V_CSR
	beqz	t0, 94f
	andi	t0, t2, 7
	csrw	vcsr, t0
	fpv_vstart t0
	csrw	vstart, t0
94:	li	t0, FPV_STATUS
	csrc	sstatus, t0
	and	t0, t0, a1
	csrs	sstatus, t0
	.endm

/* a0, a1 as above; a0 becomes what differs: FPV_F to FPV_V_CSR. Changes t0-t6, a2-a4, and no FP or vector state. */
	.macro	fpv_check
	fpv_on
	srli	t2, a1, FPV_CSRS_SHIFT
	li	a2, 0
	li	a3, 17
	andi	a4, a1, FPV_FRESH
	beqz	a4, 91f
	li	a3, 0
	li	a0, 0
	li	t2, 0
91:	andi	t0, a1, FPV_F
	beqz	t0, 92f
	mv	t1, a0
	li	t3, 0
	.irp	r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	fmv.x.d	t0, f\r
	xor	t0, t0, t1
	or	t3, t3, t0
	add	t1, t1, a3
	.endr
	snez	t3, t3
	or	a2, a2, t3
	csrr	t0, fcsr
	andi	t1, t2, 0xff
	beq	t0, t1, 92f
	ori	a2, a2, FPV_F_CSR
92:	andi	t0, a1, FPV_V
	beqz	t0, 95f
	csrr	t3, vl
	csrr	t4, vtype
	csrr	t5, vcsr
	csrr	t6, vstart
	/* The CSRs first: what they are does not change below. */
	fpv_vstart t0
	bne	t0, t6, 93f
	fpv_vl	t0
	seqz	t1, a4
	add	t0, t0, t1
	bne	t0, t3, 93f
	fpv_vtype t0
	bne	t0, t4, 93f
	andi	t0, t2, 7
	beq	t0, t5, 94f
93:	ori	a2, a2, FPV_V_CSR
94:	csrw	vstart, zero
	vsetvli	t0, zero, e64, m1, ta, ma
	mv	t1, a0
	li	t5, 0
	.irp	r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	vmv.x.s	t0, v\r
	xor	t0, t0, t1
	or	t5, t5, t0
	add	t1, t1, a3
	.endr
	vsetvl	zero, t3, t4
	csrw	vstart, t6
	beqz	t5, 95f
	ori	a2, a2, FPV_V
95:	mv	a0, a2
	.endm

	.option pop
#endif

#endif
