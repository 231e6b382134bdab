/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers and memory formats of the RISC-V IOMMU (ratified 1.0): what the TSM uses of them. Private to io/. */
#ifndef IO_IOMMU_FORMAT_H
#define IO_IOMMU_FORMAT_H

#include "base/types.h"

/* Registers, by offset */
#define IOMMU_CAPABILITIES	0x000
#define IOMMU_FCTL		0x008
#define IOMMU_DDTP		0x010
#define IOMMU_CQB		0x018
#define IOMMU_CQH		0x020
#define IOMMU_CQT		0x024
#define IOMMU_FQB		0x028
#define IOMMU_FQH		0x030
#define IOMMU_FQT		0x034
#define IOMMU_CQCSR		0x048
#define IOMMU_FQCSR		0x04c
#define IOMMU_PQCSR		0x050

#define CAP_VERSION		0xffULL
#define CAP_VERSION_1		0x10
#define CAP_SV39X4		BIT(17)
#define CAP_MSI_FLAT		BIT(22)
#define CAP_END			BIT(27)
#define CAP_PAS_SHIFT		32
#define CAP_PAS_MASK		0x3fULL

#define FCTL_BE			1U
#define FCTL_GXL		4U

#define DDTP_MODE		0xfULL
#define DDTP_BUSY		BIT(4)
#define DDTP_OFF		0ULL
#define DDTP_1LVL		2ULL

#define QUEUE_PPN_SHIFT		10	/* of ddtp, cqb, fqb */
#define QCSR_ENABLE		BIT(0)
#define QCSR_MEM_FAULT		BIT(8)
#define FQCSR_OVERFLOW		BIT(9)
#define CQCSR_TIMEOUT		BIT(9)
#define CQCSR_ILLEGAL		BIT(10)
#define QCSR_ON			BIT(16)
#define QCSR_BUSY		BIT(17)

/* Device directory: entries that lead on, and contexts of 32 or (with MSI_FLAT) 64 bytes. */
#define DDTE_V			BIT(0)
#define DDTE_PPN_SHIFT		10

struct iommu_dc {
	u64 tc;			/* bit 0: valid. All else off: no ATS, no process ids, no A and D updates */
	u64 iohgatp;		/* as hgatp: mode, GSCID for VMID, root */
	u64 ta;
	u64 fsc;		/* 0: no first stage */
	/* With MSI_FLAT only: */
	u64 msiptp;		/* mode 1 in 63:60, PPN */
	u64 msi_addr_mask;	/* page numbers */
	u64 msi_addr_pattern;
	u64 reserved;
};

static_assert(sizeof(struct iommu_dc) == 64, "extended device context");

#define DC_V			BIT(0)
#define DC_MSI_FLAT		BIT(60)

/* One interrupt file of the MSI page table. */
struct iommu_msi_pte {
	u64 pte;		/* V, mode 3 (basic) in 2:1, PPN from 10 on */
	u64 reserved;
};

#define MSI_PTE_V		BIT(0)
#define MSI_PTE_BASIC		(3ULL << 1)
#define MSI_PTE_PPN_SHIFT	10

struct iommu_command {
	u64 low, high;
};

#define CMD_IOTINVAL_GVMA	(1ULL | 1ULL << 7)
#define CMD_IOTINVAL_GV		BIT(33)
#define CMD_IOTINVAL_GSCID_SHIFT 44
#define CMD_IODIR_INVAL_DDT	3ULL
#define CMD_IOFENCE_C		2ULL
#define CMD_IOFENCE_AV		BIT(10)
/* Earlier reads and writes of devices are done too. */
#define CMD_IOFENCE_PR		BIT(12)
#define CMD_IOFENCE_PW		BIT(13)
#define CMD_IOFENCE_DATA_SHIFT	32

struct iommu_fault {
	u64 header;
	u64 reserved;
	u64 iotval;
	u64 iotval2;
};

static_assert(sizeof(struct iommu_fault) == 32, "fault record");

#define FAULT_CAUSE(h)		((u32)((h) & 0xfff))
#define FAULT_TTYPE(h)		((u32)((h) >> 34 & 0x3f))
#define FAULT_DID(h)		((u32)((h) >> 40))

#endif
