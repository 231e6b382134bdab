/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses that may fault. Each stores its recovery label into the first word of struct hart (tp) and clears it again;
 * trap_in_tsm continues there, having cleared it. Live at the label: ra, sp, tp, a1; clobbered: t0, t1.
 */
#include "rv/csr.h"

	.option arch, +h
	.text

/* bool rv_hlvx_hu(u64 addr, u16 *value) */
	.globl rv_hlvx_hu
rv_hlvx_hu:
	la	t0, rv_fault_recover
	sd	t0, 0(tp)
	hlvx.hu	t1, (a0)
	sd	zero, 0(tp)
	sh	t1, 0(a1)
	li	a0, 1
	ret

rv_fault_recover:
	li	a0, 0
	ret

	.macro csr_exists name, csr
	.globl rv_csr_exists_\name
rv_csr_exists_\name:
	la	t0, rv_fault_recover
	sd	t0, 0(tp)
	csrr	t1, \csr
	sd	zero, 0(tp)
	li	a0, 1
	ret
	.endm

	csr_exists stimecmp, CSR_STIMECMP
	csr_exists hgatp, CSR_HGATP
	csr_exists hgeie, CSR_HGEIE
	csr_exists hstateen0, CSR_HSTATEEN0
	csr_exists hstateen1, CSR_HSTATEEN1
	csr_exists hstateen2, CSR_HSTATEEN2
	csr_exists hstateen3, CSR_HSTATEEN3
	csr_exists fcsr, CSR_FCSR
	csr_exists jvt, CSR_JVT
	csr_exists scontext, CSR_SCONTEXT
	csr_exists sctrstatus, CSR_SCTRSTATUS
	csr_exists vsiselect, CSR_VSISELECT
	csr_exists vlenb, CSR_VLENB

/* bool rv_csr_seed(u64 *value) */
	.globl rv_csr_seed
rv_csr_seed:
	mv	a1, a0
	la	t0, rv_fault_recover
	sd	t0, 0(tp)
	csrrw	t1, CSR_SEED, zero
	sd	zero, 0(tp)
	sd	t1, 0(a1)
	li	a0, 1
	ret

/* bool rv_cbo_zero_works(void *p) */
	.globl rv_cbo_zero_works
rv_cbo_zero_works:
	la	t0, rv_fault_recover
	sd	t0, 0(tp)
	.insn	i 0x0f, 2, x0, a0, 4
	sd	zero, 0(tp)
	li	a0, 1
	ret
