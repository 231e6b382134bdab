/* SPDX-License-Identifier: BSD-2-Clause */
/* Delivers an exception to the VS-mode context whose CSRs are loaded, as hardware would have. */
#ifndef RV_INJECT_H
#define RV_INJECT_H

#include "rv/world.h"
#include "rv_arch.h"

/* @w is the world that trapped: its sepc is the faulting pc, its sstatus says the privilege that it came from. */
static inline void world_inject(struct world *w, u64 cause, u64 tval)
{
	u64 vsstatus = csr_read(CSR_VSSTATUS);
	u64 sie = vsstatus & SSTATUS_SIE;

	vsstatus &= ~(SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SPP);
	vsstatus |= sie ? SSTATUS_SPIE : 0;
	vsstatus |= w->sstatus & SSTATUS_SPP;
	csr_write(CSR_VSSTATUS, vsstatus);
	csr_write(CSR_VSEPC, w->sepc);
	csr_write(CSR_VSCAUSE, cause);
	csr_write(CSR_VSTVAL, tval);
	w->sepc = csr_read(CSR_VSTVEC) & ~3ULL;	/* exceptions go to the base in vectored mode too */
	w->sstatus |= SSTATUS_SPP;
}

#endif
