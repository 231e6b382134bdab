/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/iommu_reports.h"
#include "io/iommu_format.h"
#include "log/log.h"

#define REPORTS		128
#define SHOWN		8

static struct tsm_io_fault reports[REPORTS];
static u64 first, next;		/* numbers; reports[n % REPORTS] */
static u64 lost;		/* since the last one that was kept */
static u64 total;

static void show(const struct tsm_io_fault *r)
{
	total++;
	if (total <= SHOWN || !(total & (total - 1)))
		log_warn("IOMMU %u refused device %x at address %lx: cause %u (refusal %lu)", r->iommu,
			 r->device, (unsigned long)r->address, r->cause, (unsigned long)total);
}

void iommu_report_add(u32 iommu, u64 header, u64 address)
{
	struct tsm_io_fault r = {
		.address = address,
		.device = FAULT_DID(header),
		.cause = (u16)FAULT_CAUSE(header),
		.type = (u8)FAULT_TTYPE(header),
		.iommu = (u8)iommu,
	};

	show(&r);
	if (next - first == REPORTS) {
		lost++;
		return;
	}
	r.lost = lost;
	lost = 0;
	reports[next++ % REPORTS] = r;
}

void iommu_report_lost(void)
{
	lost++;
}

bool iommu_report_first(struct tsm_io_fault *report, u64 *number)
{
	if (first == next)
		return false;
	*number = first;
	*report = reports[first % REPORTS];
	return true;
}

bool iommu_report_forget(u64 number)
{
	if (first == next || number != first)
		return false;
	first++;
	return true;
}
