/* SPDX-License-Identifier: BSD-2-Clause */
/* Offsets that assembly and C share; rt.h asserts that they are right. */
#ifndef RT_ASM_H
#define RT_ASM_H

/* struct hart */
#define HART_STACK		0
#define HART_TRAP_STACK		8
#define HART_TRAP_TMP		16
#define HART_RESUME		24
#define HART_ENTRY_A0		32
#define HART_ENTRY_SATP		40
#define HART_ENTRY_SSTATUS	48
#define HART_USER_RETURN	56

/* struct frame */
#define FRAME_SEPC		256
#define FRAME_SCAUSE		264
#define FRAME_STVAL		272
#define FRAME_SSTATUS		280
#define FRAME_SIZE		288

/* struct cross: what crosses an ECALL, see regs.S */
#define CROSS_IN		0
#define CROSS_OUT		256
#define CROSS_SAVE		512
#define CROSS_SIZE		672

#endif
