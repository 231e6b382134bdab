/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Harts as the host sees them (SBI HSM), and what harts ask of each other. Every hart runs the TSM from boot on; one that the
 * host has stopped waits in here, without a TLB version and without a NACL area.
 */
#ifndef HOST_HSM_H
#define HOST_HSM_H

#include "host/hart.h"

/* The HSM extension; result into @w, whose sepc is past the ECALL already. */
void hsm_call(struct hart *h, struct world *w, u64 fid);

/* Waits until the host starts this hart, then loads its host world for the entry. The hart is in HART_STOPPED. */
void hsm_wait_for_start(struct hart *h);

/* Loads the start state of HSM into the host's world on this hart: pc, a0 = hart id, a1 = @opaque, the rest as at reset. */
void hsm_world_start(struct hart *h, u64 pc, u64 opaque);

/* Serves what other harts asked of this one (hart.requests) and clears the interrupt that told it so. */
void hsm_serve_requests(struct hart *h);

/*
 * Takes every other hart out of VS mode and holds it in the TSM, so that a reset finds none in a guest (QEMU 10.0.2 aborts
 * otherwise), and none can put back what is zeroed before it: a hart that does not come is waited for. False: another hart does it already, and this one was held until that failed.
 */
bool hsm_park_others(struct hart *h);
/* The reset did not happen: they go on. */
void hsm_unpark_others(void);

/* Of the host's interrupts that are only bits in its hvip, the one that is pending and enabled, or 0. */
static inline u64 hsm_kept_irq(u64 hvip, u64 vsie)
{
	if ((hvip & BIT(IRQ_VSSI)) && (vsie & BIT(IRQ_SSI)))
		return IRQ_SSI;
	return hvip & vsie & BIT(IRQ_LCOFI) ? IRQ_LCOFI : 0;
}

#endif
