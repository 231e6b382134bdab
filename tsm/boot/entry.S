/* SPDX-License-Identifier: BSD-2-Clause */
/* The first instructions: the boot hart (from the firmware) and the others (from SBI HSM). MMU off, one to one. */
#include "rv/csr.h"
#include "cove/attest_handoff.h"
#include "generated/offsets.h"

	.section .text.start, "ax"

/* a0 = hart id, a1 = device tree */
	.globl tsm_start
tsm_start:
	/* struct cove_image_header: firmware that measures reads it. */
	.option push
	.option norvc
	j	1f
	nop
	.option pop
	.dword	COVE_IMAGE_MAGIC
	.dword	tsm_file_end - tsm_image_start
	.dword	tsm_manifest - tsm_image_start
	.dword	tsm_manifest_end - tsm_manifest
1:	csrw	sie, zero
	csrw	satp, zero
	csrr	s2, CSR_INSTRET
	la	t0, tsm_bss_start
	la	t1, tsm_bss_end
1:	bgeu	t0, t1, 2f
	sd	zero, 0(t0)
	addi	t0, t0, 8
	j	1b
2:	la	sp, boot_stack_top
	la	tp, boot_hart
	la	t0, trap_entry
	csrw	stvec, t0
	csrw	sscratch, zero
	mv	a2, s2
	call	boot_main
3:	wfi
	j	3b

/* a0 = hart id, a1 = struct hart. The page tables are complete: satp is the same on every hart. */
	.globl tsm_start_secondary
tsm_start_secondary:
	csrw	sie, zero
	mv	tp, a1
	ld	sp, HART_STACK_TOP(tp)
	la	t0, trap_entry
	csrw	stvec, t0
	csrw	sscratch, zero
	la	t0, tsm_satp
	ld	t0, 0(t0)
	sfence.vma
	csrw	satp, t0
	sfence.vma
	call	boot_secondary
4:	wfi
	j	4b
