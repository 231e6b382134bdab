/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RISC-V IOMMUs: what a device of the host reaches is what the host's harts reach.
 *
 * Every device context is the same and constant: the second stage is the host's own G-stage root, so that a page which leaves the
 * host leaves its devices with it. The tables can be shared because their leaves are what an IOMMU asks of them: U set, A
 * and D set from the start (no hardware updates them), Sv39x4. MSIs to the host's interrupt file of a hart go through a
 * constant MSI page table, where the IOMMU has those; all other interrupt files are pages of the G-stage like any other.
 *
 * The IOMMUs are one more user of the host's TLB epoch: host_epoch has not passed before they have invalidated and said so.
 * Whoever must know that no device reaches a page any more asks the page word, as for harts.
 *
 * Format, for who walks it (check/): iommu_tables(). All of it lies in plain memory of the TSM that boot wrote and nobody
 * writes after. Level by level, 512 entries of a page; below the top one all entries lead to one and the same page.
 */
#ifndef IO_IOMMU_H
#define IO_IOMMU_H

#include "base/types.h"
#include "fdt/devices.h"
#include "tsm_ext.h"

/* Pages that one IOMMU takes: three levels of directory, MSI table, command queue, fault queue. */
#define IOMMU_PAGES	6

struct iommu_setup {
	spa_t regs;			/* its registers, mapped for the TSM */
	spa_t memory;			/* IOMMU_PAGES zeroed pages */
	u32 max_device;			/* the largest device id behind it */
};

/*
 * Boot only: starts the next IOMMU, in the order of the device tree. NULL, or what it lacks or did not do in time: it does not
 * translate then. Harts and their interrupt files are known already (host/hart.h).
 */
const char *iommu_start(const struct iommu_setup *setup, u64 timebase_hz);
u32 iommu_count(void);

/*
 * Invalidates and waits, bounded, until it is done. True: no device uses a translation from before the call, and host_epoch knows.
 * False: an IOMMU did not answer; every page converted since its last answer stays unusable. Any hart, any time.
 */
bool iommu_fence(void);
/* False: an IOMMU has not answered for the current epoch. */
bool iommu_is_current(void);

/*
 * The oldest report of a refused transfer. False: none. iommu_report_drop() takes it away; false: another hart was faster.
 */
bool iommu_report_peek(struct tsm_io_fault *report, u64 *number);
bool iommu_report_drop(u64 number);

struct iommu_tables {
	spa_t directory;
	u32 levels;			/* 1 to 3 */
	bool extended;			/* contexts of 64 bytes, with MSI fields; else 32 */
};

/* How an IOMMU's tables are laid out; false: there is no such IOMMU. */
bool iommu_tables(u32 index, struct iommu_tables *t);

#endif
