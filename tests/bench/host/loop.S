/* SPDX-License-Identifier: BSD-2-Clause */
/* Loops around an ECALL that cost as little as possible, so that what is counted is the call. */

	.text

.macro loop name, insn:vararg
	.globl	\name
\name:
	addi	sp, sp, -32
	sd	s0, 0(sp)
	sd	s1, 8(sp)
	sd	s2, 16(sp)
	sd	s3, 24(sp)
	mv	s0, a0
	mv	s2, a3
	mv	s3, a4
	mv	a7, a1
	mv	a6, a2
	rdinstret s1
1:	mv	a0, s2
	mv	a1, s3
	\insn
	ecall
	addi	s0, s0, -1
	bnez	s0, 1b
	rdinstret a0
	sub	a0, a0, s1
	ld	s0, 0(sp)
	ld	s1, 8(sp)
	ld	s2, 16(sp)
	ld	s3, 24(sp)
	addi	sp, sp, 32
	ret
.endm

	loop	ecall_loop

	.option	push
	.option	arch, +d
	loop	ecall_loop_fp, fmv.d.x f0, s0
	.option	pop
