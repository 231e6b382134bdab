/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The APLIC is a bus master: its target registers name the hart, the guest file and the identity of the MSI that a wired interrupt
 * becomes, and genmsi sends one at once. The page that holds them is not mapped for the host; its accesses trap and
 * are checked here: the host may aim at its own interrupt file of any hart (guest file 1) and at nothing else. All other
 * pages of the APLIC are the host's directly.
 */
#ifndef IO_APLIC_H
#define IO_APLIC_H

#include "host/hart.h"

/* The page of an APLIC domain with genmsi (0x3000) and target[] (0x3004 up), relative to its base. */
#define APLIC_TARGET_PAGE	0x3000ULL

/* Boot only: the domain at @base, whose target page the TSM has mapped for itself. False: too many. */
bool aplic_add(spa_t base);

/*
 * A guest page fault of the host (cause, guest virtual address, host physical address). False: it is not for an APLIC.
 * Else the access has been done, dropped, or answered with an exception, and the world goes on.
 */
bool aplic_host_fault(struct world *w, u64 scause, u64 stval, hpa_t hpa);

#endif
