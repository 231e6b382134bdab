/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the test host drives a test TVM. The TVM asks for words by the legacy putchar call: the
 * host sees the call's a0 (the result of the last command) and answers with the next word. A
 * command is three words: operation, a, b. EXEC runs instructions that the host wrote into the
 * vCPU's area, with every register chosen: they end in an ebreak.
 */
#ifndef TVM_PROTO_H
#define TVM_PROTO_H

#define TVM_GPA			0x80200000	/* image; its first page is code */
#define TVM_IMAGE_PAGES		5
#define TVM_VCPUS		4
#define TVM_AREA(vcpu)		(TVM_GPA + 0x1000 * (1 + (vcpu)))

/* In a vCPU's area */
#define AREA_IN			0x000		/* x0-x31 before EXEC; x0's place is not used */
#define AREA_OUT		0x100		/* x0-x31 after the last trap */
#define AREA_CAUSE		0x200		/* of the last trap, EXEC's final ebreak included */
#define AREA_TVAL		0x208
#define AREA_EPC		0x210
#define AREA_TRAPS		0x218		/* how many there were */
#define AREA_SP			0x220
#define AREA_STATUS		0x228		/* sstatus in the handler of the last trap */
#define AREA_CODE		0x400
#define AREA_CODE_WORDS		192
#define AREA_ENTRY		0x700		/* x0-x31 as the vCPU was entered */
#define AREA_STACK		0x1000

/* What the TVM says when it is there, and when it wants another word of a command */
#define TVM_READY		0x5245414459ULL
#define TVM_MORE		0x4d4f5245ULL

#define OP_NOP			0
#define OP_PEEK			1		/* result: 8 bytes at a */
#define OP_POKE			2		/* 8 bytes at a become b */
#define OP_EXEC			3		/* result: the cause that ended it */
#define OP_FPV_PUT		4		/* rt/fpv.h: a0 and a1 are a and b */
#define OP_FPV_CHECK		5		/* likewise; result: what differs. FS and VS end as b says */
#define OP_FPV_OFF		6		/* one look at register a of a unit that the vCPU has off; result: the cause */

#define OP_WFI			7		/* one WFI */

#endif
