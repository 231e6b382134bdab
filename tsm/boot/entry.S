/* SPDX-License-Identifier: BSD-2-Clause */
/* The first instructions: the boot hart (from the firmware) and the others (from SBI HSM). MMU off, one to one, at any address. */
#include "cove/attest_handoff.h"
#include "rv/csr.h"
#include "generated/config.h"
#include "generated/offsets.h"

	.section .rodata.manifest, "a"
	.globl tsm_manifest, tsm_manifest_end
tsm_manifest:
	.incbin	"generated/manifest"
tsm_manifest_end:

/* a0 = hart id, a1 = device tree. The image begins with struct cove_image_header; linker/tsm.ld has the rest of it. */
	.section .head, "ax"
	.globl tsm_start
	.option push
	.option norvc
tsm_start:
	j	first_start
	.word	0
	.dword	COVE_IMAGE_MAGIC
	.option pop

	.section .head.start, "ax"
first_start:
	csrr	a2, CSR_INSTRET
/* Here boot_main() begins again where it has copied the image to. a2 = instret at the first start */
	.globl tsm_restart
tsm_restart:
	csrw	sie, zero
	csrw	satp, zero
	fence.i
	lla	t0, tsm_bss_start
	lla	t1, tsm_bss_end
1:	bgeu	t0, t1, 2f
	sd	zero, 0(t0)
	addi	t0, t0, 8
	j	1b
	/* R_RISCV_RELATIVE is the only kind (scripts/elf-check): a word is its addend, which counts from the link address. */
2:	lla	t0, tsm_rela_start
	lla	t1, tsm_rela_end
	lla	t2, tsm_image_start
	li	t3, CONFIG_LOAD_ADDRESS
	sub	t2, t2, t3
3:	bgeu	t0, t1, 4f
	ld	t3, 0(t0)
	ld	t4, 16(t0)
	add	t3, t3, t2
	add	t4, t4, t2
	sd	t4, 0(t3)
	addi	t0, t0, 24
	j	3b
4:	lla	sp, boot_stack_top
	lla	tp, boot_hart
	lla	t0, trap_entry
	csrw	stvec, t0
	csrw	sscratch, zero
	call	boot_main
5:	wfi
	j	5b

/* a0 = hart id, a1 = struct hart. The page tables are complete: satp is the same on every hart. */
	.globl tsm_start_secondary
tsm_start_secondary:
	csrw	sie, zero
	mv	tp, a1
	ld	sp, HART_STACK_TOP(tp)
	lla	t0, trap_entry
	csrw	stvec, t0
	csrw	sscratch, zero
	lla	t0, tsm_satp
	ld	t0, 0(t0)
	sfence.vma
	csrw	satp, t0
	sfence.vma
	call	boot_secondary
6:	wfi
	j	6b
