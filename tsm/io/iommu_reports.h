/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Refused transfers, kept for the host until it reads them. The newest are lost when it does not. Private to io/; callers hold
 * the IOMMUs' lock.
 */
#ifndef IO_IOMMU_REPORTS_H
#define IO_IOMMU_REPORTS_H

#include "base/types.h"
#include "tsm_ext.h"

/* From a fault record. The console shows the first ones, and then ever fewer: a host cannot flood it. */
void iommu_report_add(u32 iommu, u64 header, u64 address);
/* The IOMMU's own queue was full: an unknown number is lost. */
void iommu_report_lost(void);
bool iommu_report_first(struct tsm_io_fault *report, u64 *number);
bool iommu_report_forget(u64 number);

#endif
