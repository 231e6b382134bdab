/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hardware counters for the host and for TVMs: SBI's PMU extension, offered where Sscofpmf exists. The
 * firmware programs them; this room checks every argument, keeps what each side has allocated, and
 * adds the filters that keep the TSM itself out of the counts.
 *
 * Invariant: a counter runs only while its side is on the hart, and only what a side has allocated
 * can be read by it (hcounteren); what it then holds is that side's own count. The fixed counters,
 * cycle and instret, are not in it: they run always.
 */
#ifndef HOST_PMU_H
#define HOST_PMU_H

#include "host/hart.h"

/* Counters that one vCPU may have: what a change of world costs is bounded by them. */
#define PMU_TVM_COUNTERS	4

/* At boot: what the firmware has. @sscofpmf: filters exist on every hart. */
void pmu_init(bool sscofpmf);
/* Whether the extension is offered. */
bool pmu_exists(void);

/*
 * SBI PMU, function @fid, arguments and reply in @w. @p: the counters of the side that calls, which
 * is on this hart.
 */
void pmu_call(struct pmu *p, struct world *w, u64 fid);

/*
 * Around the run of a vCPU on this hart, before its world is loaded and after it was left. VS-mode
 * filters cannot tell the host from a TVM and only machine mode can stop a counter, so the firmware
 * is asked to, when one runs at all.
 */
void pmu_hand_out(struct hart *h, struct pmu *p, struct world *w);
void pmu_hand_back(struct hart *h, struct pmu *p);

static inline bool pmu_moves(const struct hart *h, const struct pmu *p)
{
	return h->pmu.started | p->owned;
}

/* The host's life on this hart ends: every counter is given back. */
void pmu_release(struct hart *h);

/*
 * The overflow interrupt, where the TSM can hand it on (hart_features.lcofi): if it is pending, it
 * becomes pending for the host where one of its own counters has overflowed.
 */
void pmu_take_overflow(struct hart *h);

static inline void pmu_overflow(struct hart *h)
{
	if (unlikely(csr_read(CSR_SIP) & BIT(IRQ_LCOFI)))
		pmu_take_overflow(h);
}

#endif
