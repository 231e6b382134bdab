/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The notary's address space: the last GiB. Text and rodata at its beginning; the arena, which is a
 * vCPU's, in its second MiB: stack, mailbox, data. What lies below the stack is not mapped. Usable
 * from assembly and linker scripts.
 */
#ifndef NOTARY_LAYOUT_H
#define NOTARY_LAYOUT_H

#define NOTARY_BASE		0xffffffffc0000000
#define NOTARY_IMAGE_PAGES_MAX	256
#define NOTARY_ARENA		0xffffffffc0100000
#define NOTARY_ARENA_PAGES	13
#define NOTARY_STACK_PAGES	4
#define NOTARY_MAILBOX		0xffffffffc0104000
#define NOTARY_MAILBOX_PAGES	3
#define NOTARY_DATA		0xffffffffc0107000
#define NOTARY_ARENA_END	0xffffffffc010d000

/* a7 of its ECALLs */
#define NOTARY_ECALL_DONE	0
#define NOTARY_ECALL_PAUSE	1

#endif
