/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/sgei.h"
#include "host/hcsr.h"
#include "rv/inject.h"

/* The lowest priority: what the host's own file has pending comes first. */
#define HVICTL_SHOW_SGEI	(HVICTL_VTI | (u64)IRQ_SGEI << HVICTL_IID_SHIFT | 0xff)

/* What the host waits for on this hart has changed, or whether it knows. */
static void rearm(struct hart *h)
{
	h->hgeie = h->sgei_told ? 0 : h->sgei_files;
	h->plain_switch = hart_features.plain_switch && !h->sgei_told;
	sgei_arm(h);
}

static bool host_interruptible(const struct world *w)
{
	return !(w->sstatus & SSTATUS_SPP) || (csr_read(CSR_VSSTATUS) & SSTATUS_SIE);
}

static bool line(const struct hart *h)
{
	return csr_read(CSR_HGEIP) & h->sgei_files;
}

static void show(struct hart *h, bool on)
{
	h->sgei_told = on;
	csr_write(CSR_HVICTL, on ? HVICTL_SHOW_SGEI : 0);
}

static void wait_on(struct hart *h, bool on)
{
	h->sgei_waits = on;
	if (on) {
		csr_set(CSR_HVIP, BIT(IRQ_VSEI));
		h->host.hstatus |= HSTATUS_VTSR;
	} else {
		csr_clear(CSR_HVIP, BIT(IRQ_VSEI));
	}
}

/* Nothing is shown any more; the next rise of the line is told. */
static void begin_again(struct hart *h)
{
	if (h->sgei_told)
		show(h, false);
	if (h->sgei_waits)
		wait_on(h, false);
	rearm(h);
}

/* What the host waits for may be gone by the time that it can be told. */
static void deliver_or_wait(struct hart *h, struct world *w)
{
	if (!line(h))
		return begin_again(h);
	wait_on(h, !host_interruptible(w));
	if (!h->sgei_waits)
		world_inject(w, CAUSE_IRQ | IRQ_SGEI, 0);
}

void sgei_update(struct hart *h)
{
	/* The host itself sits in hardware file 1: its file n is hardware file n + 1. */
	h->sgei_files = hcsr_read(h, CSR_HIE) & BIT(IRQ_SGEI) ? hcsr_read(h, CSR_HGEIE) << 1 : 0;
	begin_again(h);
}

void sgei_hide(const struct hart *h)
{
	if (h->sgei_told)
		csr_write(CSR_HVICTL, 0);
}

void sgei_back(struct hart *h)
{
	if (!h->sgei_told)
		return;
	if (line(h))
		show(h, true);
	else
		begin_again(h);
}

void sgei_trap(struct hart *h, struct world *w)
{
	show(h, true);
	rearm(h);
	deliver_or_wait(h, w);
}

void sgei_after_sret(struct hart *h, struct world *w)
{
	if (h->sgei_waits)
		deliver_or_wait(h, w);
}

u64 sgei_sip(const struct hart *h)
{
	u64 sip = csr_read(CSR_VSIP);
	u64 file = (h->host.hstatus & HSTATUS_VGEIN) >> HSTATUS_VGEIN_SHIFT;

	if (h->sgei_waits && !(csr_read(CSR_HGEIP) & BIT(file)))
		sip &= ~BIT(IRQ_SEI);
	return sip;
}
