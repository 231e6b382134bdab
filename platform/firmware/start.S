/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions of our firmware: the image hashes itself while it is still as it was
 * loaded, then OpenSBI's fw_dynamic starts.
 */

	.section .entry, "ax", %progbits
	.globl fw_entry
/* a0 = hart id, a1 = device tree, a2 = what QEMU tells fw_dynamic. Every machine has a hart 0. */
fw_entry:
	csrr	t0, mhartid
	bnez	t0, 1f
	mv	s0, a0
	mv	s1, a1
	mv	s2, a2
	la	sp, fw_stack_top
	call	self_measure
	mv	a0, s0
	mv	a1, s1
	mv	a2, s2
	li	t0, 1
	la	t1, fw_measured
	fence	rw, rw
	sd	t0, (t1)
	j	_start
1:	la	t1, fw_measured
2:	ld	t0, (t1)
	beqz	t0, 2b
	fence	r, rw
	j	_start

/*
 * void stack_call(void (*fn)(void *), void *arg): calls fn on the stack for secrets and leaves
 * nothing of it in registers that a caller need not keep.
 */
	.section .text, "ax", %progbits
	.globl stack_call
stack_call:
	addi	sp, sp, -16
	sd	ra, 8(sp)
	sd	s0, 0(sp)
	mv	s0, sp
	la	sp, fw_stack_top
	mv	t0, a0
	mv	a0, a1
	jalr	t0
	mv	sp, s0
	ld	ra, 8(sp)
	ld	s0, 0(sp)
	addi	sp, sp, 16
	.irp	reg, t0, t1, t2, t3, t4, t5, t6, a0, a1, a2, a3, a4, a5, a6, a7
	li	\reg, 0
	.endr
	ret

/* In .data, since OpenSBI clears .bss after it was written. */
	.section .data
	.align	3
fw_measured:
	.dword	0

#include "fw_dynamic.S"
