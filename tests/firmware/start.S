/* SPDX-License-Identifier: BSD-2-Clause */
#include "cove/attest_handoff.h"

	.section .text.start, "ax"
	.globl _start
	.option norvc
_start:	j	1f
	.word	0
#ifdef PROBE_HEADER
	.dword	COVE_IMAGE_MAGIC
	.dword	probe_size
	.dword	probe_manifest - _start
	.dword	probe_manifest_end - probe_manifest
#endif
1:	la	sp, stack_top
	la	t0, trap
	csrw	stvec, t0
	call	probe
2:	wfi
	j	2b

	.globl secondary
secondary:
	la	sp, other_stack_top
	la	t0, trap
	csrw	stvec, t0
	call	probe_secondary
3:	wfi
	j	3b

/* The instruction that trapped is left out; a fetch elsewhere returns. */
	.balign	4
trap:	csrr	t0, scause
	la	t1, trapped
	sd	t0, (t1)
	csrr	t2, sepc
	addi	t2, t2, 4
	li	t1, 1
	bne	t0, t1, 4f
	mv	t2, ra
4:	csrw	sepc, t2
	sret

	.macro	attempt name, instruction:vararg
	.globl	\name
\name:	la	t1, trapped
	sd	zero, (t1)
	\instruction
	la	t1, trapped
	ld	a0, (t1)
	ret
	.endm

	attempt	may_load, ld a1, (a0)

/* What is there is not changed: where it cannot be read, it is tried all the same. */
	.globl	may_store
may_store:
	la	t1, trapped
	ld	a1, (a0)
	sd	zero, (t1)
	sd	a1, (a0)
	la	t1, trapped
	ld	a0, (t1)
	ret

/* At OWN_MEMORY stands a return; elsewhere nothing is executed that could be. */
	.globl	may_fetch
may_fetch:
	addi	sp, sp, -16
	sd	ra, (sp)
	la	t1, trapped
	sd	zero, (t1)
	li	t0, 0x80300000
	bne	a0, t0, 5f
	li	t2, 0x8067		/* ret */
	sw	t2, (a0)
	fence.i
5:	jalr	a0
	la	t1, trapped
	ld	a0, (t1)
	ld	ra, (sp)
	addi	sp, sp, 16
	ret

	.globl	sbi
sbi:	mv	a7, a0
	mv	a6, a1
	mv	a0, a2
	mv	a1, a3
	mv	a2, a4
	ecall
	ret

	.section .rodata.manifest, "a"
probe_manifest:
	.ascii	"name=probe\nsvn=7\nother=1\n"
probe_manifest_end:
#ifdef PROBE_CHANGED
	.byte	1
#else
	.byte	0
#endif

	.bss
	.balign	16
	.space	8192
stack_top:
	.space	8192
other_stack_top:
