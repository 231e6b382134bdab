/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's supervisor guest external interrupt (12): a guest file that it gave to a vCPU has something pending, and the host asked
 * to know (virtual hgeie and hie, host/hcsr.c).
 *
 * Hardware cannot hand interrupt 12 on to VS mode, so the TSM enters the host's handler itself once the host has interrupts
 * enabled. While it has not, a virtual timer interrupt is left pending and sret is trapped: the host takes that interrupt as
 * soon as it can, finds no timer due, and its sret comes here, where interrupts are about to be enabled.
 */
#ifndef HOST_SGEI_H
#define HOST_SGEI_H

#include "host/hart.h"

/* The host has written hie or hgeie of its virtual file. */
void sgei_update(struct hart *h);

/* The host runs on this hart from now on. */
void sgei_arm(const struct hart *h);

/* SGEI trapped while the host ran in @w. */
void sgei_trap(struct hart *h, struct world *w);

/* After a trapped sret of the host was carried out: delivers what waits, if interrupts are enabled now. */
void sgei_after_sret(struct hart *h, struct world *w);

#endif
