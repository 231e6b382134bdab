/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What devices reach: the IOMMUs' directories and MSI page tables, read as the RISC-V IOMMU specification (1.0) says. Every
 * context that is valid leads to the host's own G-stage tables, and every MSI entry to an interrupt file of the host's own;
 * all of it lies in memory of the TSM.
 */
#include "check/check.h"
#include "io/iommu.h"
#include "rv_arch.h"

#define HGATP_SV39X4	8ULL
#define MSI_MODE_FLAT	1ULL

static const u64 *page_of_the_tsm(u64 frame)
{
	check_that(w_state(check_word(frame)) == W_TSM, "the IOMMU's tables are the TSM's", frame, check_word(frame));
	return spa_ptr(SPA(frame << PAGE_SHIFT));
}

static bool is_own_file(u64 frame)
{
	for (u32 i = 0; i < hart_count; i++)
		if (frame == (harts[i]->imsic.v >> PAGE_SHIFT) + 1)
			return true;
	return false;
}

static void check_msi(u64 msiptp)
{
	const u64 *table;

	if (msiptp >> 60 != MSI_MODE_FLAT) {
		check_that(!(msiptp >> 60), "an MSI table is flat, or there is none", msiptp, 0);
		return;
	}
	table = page_of_the_tsm(msiptp & ((1ULL << 44) - 1));
	for (u32 i = 0; i < PAGE_SIZE / 16; i++) {
		u64 pte = table[2 * i];

		check_that(!(pte & 1) || ((pte >> 1 & 3) == 3 && is_own_file(e_frame(pte))),
			   "messages reach the host's own interrupt files alone", i, pte);
	}
}

static void check_contexts(const u64 *page, bool extended)
{
	u32 words = extended ? 8 : 4;

	for (u32 i = 0; i < PAGE_SIZE / 8; i += words) {
		const u64 *dc = &page[i];

		if (!(dc[0] & 1))
			continue;
		check_that(dc[1] >> 60 == HGATP_SV39X4 && (dc[1] & ((1ULL << 44) - 1)) == check_root(),
			   "a device is under the host's tables", i, dc[1]);
		check_that(!(dc[3] >> 60), "a device has no first stage", i, dc[3]);
		if (extended)
			check_msi(dc[4]);
	}
}

/* The levels above: the same page may be named by many entries, and is looked at once for each run of them. */
static void check_directory(u64 frame, u32 levels, bool extended)
{
	const u64 *top = page_of_the_tsm(frame), *mid;
	u64 last = 0, last_mid = 0;

	if (levels == 1)
		return check_contexts(top, extended);
	for (u32 i = 0; i < 512; i++) {
		if (!(top[i] & 1) || e_frame(top[i]) == last)
			continue;
		last = e_frame(top[i]);
		mid = page_of_the_tsm(last);
		if (levels == 2) {
			check_contexts(mid, extended);
			continue;
		}
		for (u32 j = 0; j < 512; j++) {
			if (!(mid[j] & 1) || e_frame(mid[j]) == last_mid)
				continue;
			last_mid = e_frame(mid[j]);
			check_contexts(page_of_the_tsm(last_mid), extended);
		}
	}
}

void check_devices(struct check_sums *s)
{
	struct iommu_tables t;

	(void)s;
	for (u32 i = 0; iommu_tables(i, &t); i++)
		check_directory(t.directory.v >> PAGE_SHIFT, t.levels, t.extended);
}
