/* SPDX-License-Identifier: BSD-2-Clause */
/* Delivers an exception or an interrupt to the VS-mode context whose CSRs are loaded, as hardware would have. */
#ifndef RV_INJECT_H
#define RV_INJECT_H

#include "rv/world.h"
#include "rv_arch.h"

/* @w is the world that trapped: its sepc is the faulting pc, its sstatus says the privilege that it came from. */
static inline void world_inject(struct world *w, u64 cause, u64 tval)
{
	u64 vsstatus = csr_read(CSR_VSSTATUS);
	u64 sie = vsstatus & SSTATUS_SIE;
	u64 tvec;

	vsstatus &= ~(SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SPP);
	vsstatus |= sie ? SSTATUS_SPIE : 0;
	vsstatus |= w->sstatus & SSTATUS_SPP;
	csr_write(CSR_VSSTATUS, vsstatus);
	csr_write(CSR_VSEPC, w->sepc);
	csr_write(CSR_VSCAUSE, cause);
	csr_write(CSR_VSTVAL, tval);
	tvec = csr_read(CSR_VSTVEC);
	w->sepc = tvec & ~3ULL;
	/* In vectored mode only interrupts leave the base. */
	if ((tvec & 1) && (cause & CAUSE_IRQ))
		w->sepc += 4 * (cause & ~CAUSE_IRQ);
	w->sstatus |= SSTATUS_SPP;
}

#endif
