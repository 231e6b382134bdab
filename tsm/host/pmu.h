/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's hardware counters: SBI's PMU extension, offered where Sscofpmf exists. The firmware
 * programs them; this room checks every argument, keeps what each hart's host has allocated, and
 * adds the filters that keep the TSM itself out of the counts.
 *
 * Invariant: a counter runs only while its hart runs the host, and only what the host allocated can
 * be read by it (hcounteren). The fixed counters, cycle and instret, are not in it: they run always.
 */
#ifndef HOST_PMU_H
#define HOST_PMU_H

#include "host/hart.h"

/* At boot: what the firmware has. @sscofpmf: filters exist on every hart. */
void pmu_init(bool sscofpmf);
/* Whether the extension is offered. */
bool pmu_exists(void);

/* SBI PMU, function @fid, arguments and reply in @w. */
void pmu_call(struct hart *h, struct world *w, u64 fid);

/*
 * Around the run of a TVM on this hart. VS-mode filters cannot tell the host from a TVM and only
 * machine mode can stop a counter, so the firmware is asked to, when one runs at all.
 */
void pmu_pause(const struct hart *h);
void pmu_resume(const struct hart *h);

/* The host's life on this hart ends: every counter is given back. */
void pmu_release(struct hart *h);

/*
 * The overflow interrupt, where the TSM can hand it on (hart_features.lcofi): if it is pending, it
 * becomes pending for the host. @hvip is where the host's hvip is now, NULL: in the CSR.
 */
void pmu_overflow(u64 *hvip);

#endif
