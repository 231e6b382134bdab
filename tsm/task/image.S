/* SPDX-License-Identifier: BSD-2-Clause */
/* The U-mode program's image, on pages of its own: they are mapped a second time, for U mode. */
	.section .rodata, "a"
	.balign	4096
	.globl notary_image
notary_image:
	.incbin	UMODE_IMAGE
	.balign	4096
