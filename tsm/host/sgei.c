/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/sgei.h"
#include "host/hcsr.h"
#include "rv/inject.h"

void sgei_arm(const struct hart *h)
{
	u64 files = h->sgei_told ? 0 : h->sgei_files;

	csr_write(CSR_HGEIE, files);
	if (files)
		csr_set(CSR_HIE, BIT(IRQ_SGEI));
	else
		csr_clear(CSR_HIE, BIT(IRQ_SGEI));
}

static bool host_interruptible(const struct world *w)
{
	return !(w->sstatus & SSTATUS_SPP) || (csr_read(CSR_VSSTATUS) & SSTATUS_SIE);
}

static void wait_on(struct hart *h, bool on)
{
	h->sgei_waits = on;
	if (on) {
		csr_set(CSR_HVIP, BIT(IRQ_VSTI));
		h->host.hstatus |= HSTATUS_VTSR;
	} else {
		csr_clear(CSR_HVIP, BIT(IRQ_VSTI));
	}
}

/* The line is a level: what the host waits for may be gone by the time that it can be told. */
static void deliver_or_wait(struct hart *h, struct world *w)
{
	bool pending = csr_read(CSR_HGEIP) & h->sgei_files;

	wait_on(h, pending && !host_interruptible(w));
	if (!pending) {
		h->sgei_told = false;
		sgei_arm(h);
	}
	if (pending && !h->sgei_waits)
		world_inject(w, CAUSE_IRQ | IRQ_SGEI, 0);
}

void sgei_update(struct hart *h)
{
	/* The host itself sits in hardware file 1: its file n is hardware file n + 1. */
	h->sgei_files = hcsr_read(h, CSR_HIE) & BIT(IRQ_SGEI) ? hcsr_read(h, CSR_HGEIE) << 1 : 0;
	h->sgei_told = false;
	if (h->sgei_waits)
		wait_on(h, false);
	sgei_arm(h);
}

void sgei_trap(struct hart *h, struct world *w)
{
	h->sgei_told = true;
	sgei_arm(h);
	deliver_or_wait(h, w);
}

void sgei_after_sret(struct hart *h, struct world *w)
{
	if (h->sgei_waits)
		deliver_or_wait(h, w);
}
