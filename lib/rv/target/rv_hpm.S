/* SPDX-License-Identifier: BSD-2-Clause */
/* u64 rv_hpmcounter(u32 i): a CSR's number is part of the instruction, so there is one for each. */
	.text
	.globl rv_hpmcounter
	.type rv_hpmcounter, @function
rv_hpmcounter:
	.irp	n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	li	t0, \n
	bne	a0, t0, 1f
	csrr	a0, 0xc00 + \n
	ret
1:
	.endr
	li	a0, 0
	ret
