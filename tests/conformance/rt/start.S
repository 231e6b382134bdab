/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of the first hart and of the others, and the trap vector. tp is the hart's struct hart,
 * as is sscratch.
 */
#include "asm.h"

	.option norvc
	.section .text.head, "ax"
	.globl _start
_start:
	j	boot
	nop
	.quad	0x200000			/* text_offset */
	.quad	_image_end - _image_start	/* image_size */
	.quad	0				/* flags: little endian */
	.word	2				/* version 0.2 */
	.word	0
	.quad	0
	.ascii	"RISCV\0\0\0"
	.ascii	"RSC\x05"
	.word	0

/* a0: hart id, a1: device tree */
boot:
	csrw	sie, zero
	lla	t0, _bss_start
	lla	t1, _bss_end
1:	sd	zero, 0(t0)
	addi	t0, t0, 8
	bltu	t0, t1, 1b
	/*
	 * R_RISCV_RELATIVE is the only kind: *(base + offset) = base + addend. The image is
	 * linked at 0.
	 */
	lla	t0, _rela_start
	lla	t1, _rela_end
	lla	t2, _image_start
2:	bgeu	t0, t1, 3f
	ld	t3, 0(t0)
	ld	t4, 16(t0)
	add	t3, t3, t2
	add	t4, t4, t2
	sd	t4, 0(t3)
	addi	t0, t0, 24
	j	2b
3:	fence.i
	lla	tp, harts
	lla	gp, _image_start
	call	setup_hart
	mv	a2, tp
	call	rt_start
	j	.

/* HSM start and non-retentive resume: a0 is the hart id, a1 the struct hart. */
	.globl hart_entry
hart_entry:
	mv	tp, a1
	sd	a0, HART_ENTRY_A0(tp)
	csrr	t0, satp
	sd	t0, HART_ENTRY_SATP(tp)
	csrr	t0, sstatus
	sd	t0, HART_ENTRY_SSTATUS(tp)
	call	setup_hart
	mv	a0, tp
	call	rt_hart_main
	j	.

setup_hart:
	ld	sp, HART_STACK(tp)
	bnez	sp, 1f
	/* The first hart's stacks are known only after relocation; the others' are set by C. */
	lla	sp, boot_stack_top
	lla	t0, boot_trap_stack_top
	sd	sp, HART_STACK(tp)
	sd	t0, HART_TRAP_STACK(tp)
1:	csrw	sscratch, tp
	lla	t0, trap_vector
	csrw	stvec, t0
	ret

/*
 * Every trap runs on its own stack, so that it works whatever the interrupted code has in sp and
 * tp.
 */
	.align	2
	.globl	trap_vector
trap_vector:
	csrrw	tp, sscratch, tp
	sd	sp, HART_TRAP_TMP(tp)
	ld	sp, HART_TRAP_STACK(tp)
	addi	sp, sp, -FRAME_SIZE
	.irp	r, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	sd	x\r, 8*\r(sp)
	.endr
	ld	t0, HART_TRAP_TMP(tp)
	sd	t0, 8*2(sp)
	csrrw	t0, sscratch, tp
	sd	t0, 8*4(sp)
	csrr	t0, sepc
	sd	t0, FRAME_SEPC(sp)
	csrr	t0, scause
	sd	t0, FRAME_SCAUSE(sp)
	csrr	t0, stval
	sd	t0, FRAME_STVAL(sp)
	csrr	t0, sstatus
	sd	t0, FRAME_SSTATUS(sp)
	mv	a0, sp
	call	rt_trap
	ld	t0, FRAME_SEPC(sp)
	csrw	sepc, t0
	ld	t0, FRAME_SSTATUS(sp)
	csrw	sstatus, t0
	.irp	r, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	x\r, 8*\r(sp)
	.endr
	ld	sp, 8*2(sp)
	sret

	.bss
	.balign	16
	.space	16384
boot_stack_top:
	.space	4096
boot_trap_stack_top:
