/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Header, entry, secondary entry, traps. Memory behind the file is zero, as the TSM gives it: .bss
 * needs no clearing.
 */
#include "tvm.h"

	.section .head, "ax"
	.globl	_start
_start:
	.option push
	.option norvc
	j	entry
	nop
	.option pop
	.dword	TVM_TEXT_OFFSET
	.dword	tvm_memory_size
	.dword	0
	.word	2, 0
	.dword	tvm_file_size
	.ascii	"RISCV\0\0\0"
	.ascii	"RSC\x05"
	.word	0

entry:
	la	t0, trap
	csrw	stvec, t0
	la	sp, boot_stack + TVM_STACK_SIZE
	call	tvm_main
	tail	tvm_power_off

/*
 * HSM start: a0 = vCPU id, a1 = the top of its stack, under which vcpu.c left the function and its
 * argument
 */
	.text
	.globl	tvm_secondary
tvm_secondary:
	la	t0, trap
	csrw	stvec, t0
	mv	sp, a1
	ld	a1, 8(sp)
	ld	t1, 0(sp)
	jalr	t1
	tail	tvm_stop_vcpu

	.globl	tvm_ecall
tvm_ecall:
	ecall
	ret

/* No image expects a trap: report it and power off. */
	.balign 4
trap:
	la	sp, trap_stack + TVM_STACK_SIZE
	csrr	a0, scause
	csrr	a1, sepc
	csrr	a2, stval
	tail	tvm_unexpected_trap

	.data
	.ascii	"TVM image data\n\0"

	.bss
	.balign 16
boot_stack:
	.space	TVM_STACK_SIZE
trap_stack:
	.space	TVM_STACK_SIZE
