/* SPDX-License-Identifier: BSD-2-Clause */
/* u64 rv_hpmcounter(u32 i): a CSR's number is part of the instruction, so there is one for each, 8 bytes long. */
	.option norvc
	.text
	.globl rv_hpmcounter
rv_hpmcounter:
	addi	t0, a0, -3
	li	t1, 29
	li	a0, 0
	bgeu	t0, t1, 1f
	slli	t0, t0, 3
	lla	t1, 2f
	add	t0, t0, t1
	jr	t0
1:	ret
2:
	.irp	n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	csrr	a0, 0xc00 + \n
	ret
	.endr
