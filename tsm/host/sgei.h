/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's supervisor guest external interrupt (12): a guest file that it gave to a vCPU has something pending, and the
 * host asked to know (virtual hgeie and hie, host/hcsr.c).
 *
 * It is a level. When it rises while the host runs, hvictl shows it in the host's stopi, where Linux looks, until the host
 * writes hie or hgeie or the line falls; meanwhile the host's accesses to sie, sip and stimecmp trap and are carried out by
 * host/hcsr.c. Not every hart hands on what hvictl shows: the TSM enters the host's handler itself when the host has
 * interrupts enabled. When it has not, a virtual external interrupt is left pending, which the host takes as soon as it can.
 * A handler that asks stopi finds 12 there; one that goes by scause finds nothing to do, and its sret, which is trapped,
 * comes here, where interrupts are about to be enabled.
 */
#ifndef HOST_SGEI_H
#define HOST_SGEI_H

#include "host/hart.h"

/* The host has written hie or hgeie of its virtual file. */
void sgei_update(struct hart *h);

/* Hardware's hgeie as the host on this hart wants it from now on. SGEI itself is always enabled (hie). */
static inline void sgei_arm(const struct hart *h)
{
	csr_write(CSR_HGEIE, h->hgeie);
}

/* The host's world leaves the hart, or is back in it. */
void sgei_hide(const struct hart *h);
void sgei_back(struct hart *h);

/* SGEI trapped while the host ran in @w. */
void sgei_trap(struct hart *h, struct world *w);

/* After a trapped sret of the host was carried out: delivers what waits, if interrupts are enabled now. */
void sgei_after_sret(struct hart *h, struct world *w);

/* The host's sip, without what was left pending in it here. */
u64 sgei_sip(const struct hart *h);

#endif
