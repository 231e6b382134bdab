/* SPDX-License-Identifier: BSD-2-Clause */
/* The notary's first instructions, and its header: where it begins, how much of it is text, how long it is. */
#include "notary/layout.h"

	.section .text.start, "ax"
	.dword	umode_start
	.dword	umode_text_end - umode_base
	.dword	umode_image_end - umode_base

/* The arena is zero but for the mailbox's request. */
	.globl umode_start
umode_start:
	li	sp, NOTARY_MAILBOX
	la	t0, umode_data_image
	la	t1, umode_data_start
	la	t2, umode_data_end
1:	bgeu	t1, t2, 2f
	ld	t3, 0(t0)
	sd	t3, 0(t1)
	addi	t0, t0, 8
	addi	t1, t1, 8
	j	1b
2:	call	umode_main
	li	a7, NOTARY_ECALL_DONE
3:	ecall
	j	3b

/* Lets the host have the hart: lib/dice calls it between two pieces of a long computation. */
	.text
	.globl dice_pause
dice_pause:
	li	a7, NOTARY_ECALL_PAUSE
	ecall
	ret
