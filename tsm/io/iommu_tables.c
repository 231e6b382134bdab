/* SPDX-License-Identifier: BSD-2-Clause */
/* What an IOMMU walks in memory: device directory and MSI page table. Written at boot, constant after. */
#include "io/iommu_tables.h"
#include "host/hart.h"
#include "host/space.h"
#include "io/iommu_format.h"
#include "rv_arch.h"

#define ENTRIES		512U
#define PAGE_LEVEL(n)	SPA(memory.v + (n) * PAGE_SIZE)

/* The host's own interrupt file of a hart: guest file 1. */
static u64 host_file(u32 hart)
{
	return spa_pfn(harts[hart]->imsic).v + 1;
}

/* The bits in which the host's files differ from each other, in page numbers. */
static u64 file_mask(void)
{
	u64 mask = 0;

	for (u32 i = 0; i < hart_count; i++)
		mask |= host_file(i) ^ host_file(0);
	return mask;
}

/* The bits of @value that @mask names, packed together: how an IOMMU numbers interrupt files. */
static u64 extract(u64 value, u64 mask)
{
	u64 out = 0;

	for (u32 bit = 0, at = 0; bit < 64; bit++)
		if (mask & BIT(bit))
			out |= (value >> bit & 1) << at++;
	return out;
}

/* False: the files are too many for a table of one page. They are reached through the G-stage then. */
static bool build_msi(struct iommu_msi_pte *table, struct iommu_dc *dc)
{
	u64 mask = file_mask();

	if (BIT(__builtin_popcountll(mask)) > PAGE_SIZE / sizeof(*table))
		return false;
	for (u32 i = 0; i < hart_count; i++)
		table[extract(host_file(i), mask)].pte =
			host_file(i) << MSI_PTE_PPN_SHIFT | MSI_PTE_BASIC | MSI_PTE_V;
	dc->msiptp = DC_MSI_FLAT | ptr_spa(table).v >> PAGE_SHIFT;
	dc->msi_addr_mask = mask;
	dc->msi_addr_pattern = host_file(0) & ~mask;
	return true;
}

/* @count entries, all to the same page. */
static void fill(spa_t page, u32 count, spa_t target)
{
	u64 *entry = spa_ptr(page);

	for (u32 i = 0; i < count; i++)
		entry[i] = spa_pfn(target).v << DDTE_PPN_SHIFT | DDTE_V;
}

static void fill_contexts(spa_t page, const struct iommu_dc *dc, u32 count, bool extended)
{
	u64 words = extended ? sizeof(*dc) / 8 : sizeof(*dc) / 16;
	const u64 *from = (const u64 *)dc;
	u64 *to = spa_ptr(page);

	for (u64 i = 0; i < count * words; i++)
		to[i] = from[i % words];
}

u32 iommu_tables_build(struct iommu_tables *t, spa_t memory, u32 max_device, bool extended)
{
	u32 leaf_bits = extended ? 6 : 7;
	u32 top;
	struct iommu_dc dc = { .tc = DC_V, .iohgatp = host_space_hgatp() };

	*t = (struct iommu_tables){ .levels = 1, .extended = extended };
	while (t->levels < 3 && max_device >> (leaf_bits + 9 * (t->levels - 1)))
		t->levels++;
	t->directory = PAGE_LEVEL(3 - t->levels);
	top = (max_device >> (t->levels == 1 ? 0 : leaf_bits + 9 * (t->levels - 2))) + 1;
	if (extended)
		build_msi(spa_ptr(PAGE_LEVEL(3)), &dc);
	fill_contexts(PAGE_LEVEL(2), &dc, t->levels == 1 ? top : 1U << leaf_bits, extended);
	if (t->levels >= 2)
		fill(PAGE_LEVEL(1), t->levels == 2 ? top : ENTRIES, PAGE_LEVEL(2));
	if (t->levels == 3)
		fill(PAGE_LEVEL(0), top, PAGE_LEVEL(1));
	return 4;
}
