/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device registers that the host does not reach directly: their pages are not mapped, its accesses trap and are performed here.
 *
 * PCI configuration space: pci.h. An IOMMU's registers: not the host's at all.
 * APLIC: it is a bus master. Its target registers name the hart, the guest file and the identity of the MSI that a wired interrupt
 * becomes, and genmsi sends one at once. The host may aim at its own interrupt file of any hart (guest file 1) and at nothing
 * else. All other pages of the APLIC are the host's.
 * Reset device: memory outlives a reset, so confidential memory is zeroed first, and no hart is in VS mode when it happens.
 */
#ifndef IO_MEDIATE_H
#define IO_MEDIATE_H

#include "host/hart.h"

enum mediated {
	MEDIATED_APLIC_TARGETS,
	MEDIATED_RESET,
	MEDIATED_PCI,
	MEDIATED_HIDDEN,	/* every access faults, whatever the device tree says is there */
};

/* The page of an APLIC domain with genmsi (0x3000) and target[] (0x3004 up), relative to its base. */
#define APLIC_TARGET_PAGE	0x3000ULL

struct mediated_range {
	enum mediated kind;
	u64 base, size;		/* whole pages */
};

/* Boot only: pages that the TSM has mapped for itself, but for MEDIATED_HIDDEN. False: there are too many. */
bool mediate_add(enum mediated kind, spa_t base, u64 size);
/* Boot only: the lowest such range that reaches into [base, end); NULL: none. */
const struct mediated_range *mediate_next(u64 base, u64 end);

/*
 * A guest page fault of the host (cause, guest virtual address, host physical address). False: it is for no such page.
 * Else the access has been done, dropped, or answered with an exception, and the world goes on.
 */
bool mediate_host_fault(struct hart *h, u64 scause, u64 stval, hpa_t hpa);

#endif
