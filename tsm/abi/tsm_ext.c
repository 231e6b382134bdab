/* SPDX-License-Identifier: BSD-2-Clause */
/* The TSM's own extension: what the host may know about its devices (include/tsm_ext.h). */
#include "abi/call.h"
#include "host/space.h"
#include "io/iommu.h"
#include "io/policy.h"

/* The report leaves the queue after the host has it. Another hart may have been faster: the call is made again. */
static struct reply io_fault(u64 address)
{
	struct tsm_io_fault report;
	u64 number;

	/* Whether there is a report or not. */
	if (!IS_ALIGNED(address, sizeof(u64)) || host_copy_in(&report, HPA(address), sizeof(report)) != TSM_OK)
		return reply_value(TSM_E_ADDRESS, 0);
	if (!iommu_report_peek(&report, &number))
		return reply_value(TSM_OK, 0);
	if (host_copy_out(HPA(address), &report, sizeof(report)) != TSM_OK)
		return reply_value(TSM_E_ADDRESS, 0);
	return iommu_report_drop(number) ? reply_value(TSM_OK, 1) : reply_value(TSM_AGAIN, 0);
}

struct reply tsm_ext_call(const struct world *w)
{
	switch (w->gpr[REG_A6]) {
	case TSM_EXT_IO_PROTECTION:
		return reply_value(TSM_OK, policy_protection());
	case TSM_EXT_IO_FAULT:
		return io_fault(w->gpr[REG_A0]);
	}
	return reply_value(TSM_E_NOT_SUPPORTED, 0);
}
