/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to io/. */
#ifndef IO_IOMMU_TABLES_H
#define IO_IOMMU_TABLES_H

#include "io/iommu.h"

/* Builds directory and MSI table in the first pages of @memory; returns how many pages they take. */
u32 iommu_tables_build(struct iommu_tables *t, spa_t memory, u32 max_device, bool extended);

#endif
