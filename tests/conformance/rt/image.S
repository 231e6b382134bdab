/* SPDX-License-Identifier: BSD-2-Clause */
	.section .rodata
	.globl	tvm_image
	.balign	4096
tvm_image:
	.incbin	TVM_IMAGE_FILE
