/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which devices may do DMA. Behind an IOMMU, always. What no IOMMU confines: never (strict, the default), or as it likes
 * (trusted-devices). Decided at boot by Kconfig and tsm.devices= on the command line, constant after.
 */
#ifndef IO_POLICY_H
#define IO_POLICY_H

#include "base/types.h"
#include "tsm_ext.h"

/* Boot only. False: @bootargs asks for a policy that there is not. */
bool policy_init(const char *bootargs);
/* Devices that no IOMMU confines may do DMA. */
bool policy_trusts_devices(void);
/* What is in force, for banner and evidence. */
enum tsm_io_protection policy_protection(void);

#endif
