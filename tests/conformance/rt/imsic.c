/* SPDX-License-Identifier: BSD-2-Clause */
/* The hart's own interrupt file. In VS mode these registers are the guest file's. */
#include "rt.h"

#define EIDELIVERY	0x70
#define EITHRESHOLD	0x72
#define EIE0		0xc0

static void select_write(u64 reg, u64 value)
{
	csr_write(0x150, reg);
	csr_write(0x151, value);
}

void imsic_init_hart(void)
{
	struct hart *h = this_hart();

	h->imsic = machine.imsic[h->index];
	if (!h->imsic)
		return;
	select_write(EIDELIVERY, 1);
	select_write(EITHRESHOLD, 0);
	select_write(EIE0, BIT(EIID_TEST) | BIT(EIID_OTHER));
}

void imsic_send(u32 index, u32 eiid)
{
	*(volatile u32 *)harts[index].imsic = eiid;
	fence();
}

u32 imsic_take(void)
{
	u64 v;

	__asm__ volatile("csrrw %0, 0x15c, zero" : "=r"(v) : : "memory");
	return (u32)(v >> 16) & 0x7ff;
}
