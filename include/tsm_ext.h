/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TSM's own SBI extension, in the space that SBI leaves to implementations: what the host may know about its
 * devices. Shared by tsm/, tests/ and linux/.
 */
#ifndef TSM_EXT_H
#define TSM_EXT_H

#include <stdint.h>

#define SBI_EXT_TSM			0x0a54534d

/* a1 = enum tsm_io_protection. Never fails. */
#define TSM_EXT_IO_PROTECTION		0
/*
 * a0: address of a struct tsm_io_fault, 8-byte aligned, in host memory. a1 = 1: it holds the oldest report that has not been
 * read; a1 = 0: there is none, nothing was written. INVALID_ADDRESS: no host memory.
 */
#define TSM_EXT_IO_FAULT		1

/* What keeps devices from confidential memory; evidence says the same (COVE_CLAIM_DEVICES). */
enum tsm_io_protection {
	TSM_IO_IOMMU		= 1,	/* every device that does DMA is behind an IOMMU */
	TSM_IO_NO_DMA		= 2,	/* there is no IOMMU, and no device does DMA */
	TSM_IO_TRUSTED_DEVICES	= 3,	/* devices that no IOMMU confines do DMA as they like */
};

/* A transfer or an MSI that an IOMMU refused. Causes and types are those of the IOMMU specification. */
struct tsm_io_fault {
	uint64_t address;		/* that the device used; 0 where the IOMMU does not say */
	uint32_t device;		/* device id at the IOMMU; of a PCI function its requester id */
	uint16_t cause;
	uint8_t type;
	uint8_t iommu;			/* the IOMMU's index in the device tree's order */
	uint64_t lost;			/* reports that nobody read in time, before this one */
};

_Static_assert(sizeof(struct tsm_io_fault) == 24, "an IO fault report");

#endif
