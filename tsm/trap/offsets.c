/* SPDX-License-Identifier: BSD-2-Clause */
/* Structure offsets for assembly. Compiled to text only; scripts/offsets turns it into generated/offsets.h. */
#include "host/hart.h"

#define DEFINE(name, value)	__asm__ volatile("\n.ascii \"->" #name " %0\"" : : "i"(value))

void offsets(void);

void offsets(void)
{
	DEFINE(WORLD_GPR, offsetof(struct world, gpr));
	DEFINE(WORLD_SEPC, offsetof(struct world, sepc));
	DEFINE(WORLD_SSTATUS, offsetof(struct world, sstatus));
	DEFINE(WORLD_HSTATUS, offsetof(struct world, hstatus));
	DEFINE(WORLD_TSM_SP, offsetof(struct world, tsm_sp));
	DEFINE(WORLD_TSM_TP, offsetof(struct world, tsm_tp));
	DEFINE(HART_RECOVER, offsetof(struct hart, recover));
	DEFINE(HART_HOST, offsetof(struct hart, host));
	DEFINE(HART_VCPU, offsetof(struct hart, vcpu));
	DEFINE(HART_STACK_TOP, offsetof(struct hart, stack_top));
}
