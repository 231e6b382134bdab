/* SPDX-License-Identifier: BSD-2-Clause */
/* The test TVM, whole. tp and sscratch are the vCPU's area. */
#include "proto.h"
#include "../rt/fpv.h"

	.option norvc
	.section .text.head, "ax"
	.globl _start
/* a0: vCPU id; every register is kept as it was at entry */
_start:
	csrw	sscratch, x31
	lla	x31, areas
	slli	a0, a0, 12
	add	x31, x31, a0
	srli	a0, a0, 12
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	sd	x\r, AREA_ENTRY+8*\r(x31)
	.endr
	csrrw	t0, sscratch, x31
	sd	t0, AREA_ENTRY+8*31(x31)
	mv	tp, x31
	li	t0, AREA_STACK
	add	sp, tp, t0
	la	t0, trap_vector
	csrw	stvec, t0

	li	a0, TVM_READY
main_loop:
	call	ask
	mv	s1, a0
	li	a0, TVM_MORE
	call	ask
	mv	s2, a0
	li	a0, TVM_MORE
	call	ask
	mv	s3, a0
	sd	sp, AREA_SP(tp)
	call	perform
	j	main_loop

/* a0: result of the last command; returns the host's word */
ask:
	li	a7, 1
	ecall
	ret

/* s1: operation, s2: a, s3: b; returns the result */
perform:
	li	t0, OP_PEEK
	beq	s1, t0, peek
	li	t0, OP_POKE
	beq	s1, t0, poke
	li	t0, OP_EXEC
	beq	s1, t0, exec
	mv	a0, s2
	mv	a1, s3
	li	t0, OP_FPV_PUT
	beq	s1, t0, fpv_put
	li	t0, OP_FPV_CHECK
	beq	s1, t0, fpv_check
	li	t0, OP_FPV_OFF
	beq	s1, t0, fpv_off
	li	t0, OP_WFI
	beq	s1, t0, wait
	li	a0, 0
	ret

peek:
	ld	a0, 0(s2)
	ret

poke:
	sd	s3, 0(s2)
	li	a0, 0
	ret

	.option push
	.option arch, +d, +v
fpv_put:
	fpv_put
	li	a0, 0
	ret

fpv_check:
	fpv_check
	li	t0, FPV_STATUS
	csrc	sstatus, t0
	and	t0, t0, a1
	csrs	sstatus, t0
	ret

wait:
	wfi
	li	a0, 0
	ret

fpv_off:
	li	t0, FPV_STATUS
	csrc	sstatus, t0
	li	a0, 0
	andi	s2, s2, 7
	slli	s2, s2, 3
	lla	t0, 1f
	add	t0, t0, s2
	jr	t0
1:	fmv.x.d	a0, f3
	ret
	csrr	a0, fcsr
	ret
	csrr	a0, fflags
	ret
	fcvt.d.l f4, zero
	ret
	vmv.x.s	a0, v3
	ret
	csrr	a0, vl
	ret
	csrr	a0, vcsr
	ret
	vmv.v.x	v4, zero
	ret
	.option pop

exec:
	addi	t0, tp, AREA_CODE
	csrw	sepc, t0
	li	t0, 1 << 8
	csrs	sstatus, t0
	li	t0, 1 << 5
	csrc	sstatus, t0
	fence.i
	mv	x31, tp
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	x\r, AREA_IN+8*\r(x31)
	.endr
	sret

	/* Every trap ends the command that it hit; the result is its cause. */
	.align	2
trap_vector:
	csrrw	x31, sscratch, x31
	.irp	r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	sd	x\r, AREA_OUT+8*\r(x31)
	.endr
	csrrw	t0, sscratch, x31
	sd	t0, AREA_OUT+8*31(x31)
	mv	tp, x31
	csrr	a0, scause
	sd	a0, AREA_CAUSE(tp)
	csrr	t0, stval
	sd	t0, AREA_TVAL(tp)
	csrr	t0, sepc
	sd	t0, AREA_EPC(tp)
	csrr	t0, sstatus
	sd	t0, AREA_STATUS(tp)
	ld	t0, AREA_TRAPS(tp)
	addi	t0, t0, 1
	sd	t0, AREA_TRAPS(tp)
	ld	sp, AREA_SP(tp)
	j	main_loop

	.section .area, "aw"
areas:
