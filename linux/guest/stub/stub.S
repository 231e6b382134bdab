/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The boot stub's header, entry and exit to the kernel. It lies in the first 2 MiB of the kernel file that scripts/mkguest
 * makes, the stock Image behind them, so that any VMM which loads an Image loads both. mkguest writes the two sizes.
 */
#define KERNEL_DISTANCE	0x200000

	.section .head, "ax"
	.globl	_start
_start:
	.option push
	.option norvc
	j	entry
	nop
	.option pop
	.dword	0x200000		/* text_offset */
	.dword	0			/* image_size */
	.dword	0
	.word	2, 0
	.dword	0			/* file_size */
	.ascii	"RISCV\0\0\0"
	.ascii	"RSC\x05"
	.word	0

entry:
	la	t0, trap
	csrw	stvec, t0
	la	sp, stack_end
	mv	s0, a0
	mv	s1, a1
	call	stub_main
	mv	a0, s0
	mv	a1, s1
	csrw	stvec, zero
	la	t0, _start
	li	t1, KERNEL_DISTANCE
	add	t0, t0, t1
	jr	t0

	.balign 4
trap:
	csrr	a0, scause
	csrr	a1, sepc
	csrr	a2, stval
	la	sp, stack_end
	tail	stub_trap

	.text
	.globl	stub_ecall		/* (a0, a1, a2, fid, eid): the SBI error */
stub_ecall:
	mv	a6, a3
	mv	a7, a4
	ecall
	ret

	.bss
	.balign 16
	.space	16384
stack_end:
