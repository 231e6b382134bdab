/* SPDX-License-Identifier: BSD-2-Clause */
/* What only a look from VS mode can tell. */
#include "rv/csr.h"

	.option arch, +h
	.text

/*
 * bool rv_illegal_traps(void): an illegal instruction of VS mode that hedeleg does not give to VS mode arrives in HS mode. Machine
 * mode takes it first, and has to hand it on; QEMU 10.0.13 and 11.1 drop the bit that says where to (PLATFORM).
 *
 * At boot only: interrupts off (sie is 0), no world loaded. One instruction is executed in VS mode; whatever comes of it ends at the
 * second label, because stvec and vstvec are the same. What reads hstatus there without a trap is in HS mode; in VS mode it comes
 * back as a virtual instruction.
 */
	.globl rv_illegal_traps
rv_illegal_traps:
	la	t0, 2f
	csrrw	a2, stvec, t0
	csrw	CSR_VSTVEC, t0
	csrr	a3, sstatus
	csrr	a4, CSR_HSTATUS
	csrrw	a5, CSR_HEDELEG, zero
	csrw	CSR_HIE, zero
	csrw	CSR_HGATP, zero
	csrw	CSR_VSATP, zero
	csrw	CSR_VSSTATUS, zero
	csrw	CSR_VSCAUSE, zero
	la	t0, 1f
	csrw	sepc, t0
	li	t0, SSTATUS_SPP
	csrs	sstatus, t0
	li	t0, HSTATUS_SPV | HSTATUS_SPVP | HSTATUS_VSXL_64
	csrw	CSR_HSTATUS, t0
	sret
	.balign	4
1:	unimp
	.balign	4
2:	csrr	t0, CSR_HSTATUS
	csrr	a0, scause
	addi	a0, a0, -CAUSE_ILLEGAL
	seqz	a0, a0
	csrw	stvec, a2
	csrw	sstatus, a3
	csrw	CSR_HSTATUS, a4
	csrw	CSR_HEDELEG, a5
	ret
