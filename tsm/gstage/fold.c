/* SPDX-License-Identifier: BSD-2-Clause */
#include "gstage/gstage.h"
#include "gstage/pte.h"

static u64 frames_of(enum gstage_level level)
{
	return gstage_size(level) >> PAGE_SHIFT;
}

static enum tsm_err unfit(u64 pte)
{
	return pte_kind(pte) == GSTAGE_IN_FLIGHT ? TSM_AGAIN : TSM_E_ADDRESS;
}

static enum tsm_err table_check(const struct gstage *g, const u64 *table, enum gstage_level level)
{
	u64 first = pte_get(&table[0]);
	u64 expected = first & PTE_BODY;
	u64 stamp = ~0ULL;

	if (pte_kind(first) != GSTAGE_BLOCKED ||
	    !IS_ALIGNED(pte_pfn(first).v, frames_of(level + 1)))
		return unfit(first);
	for (u32 i = 0; i < TABLE_ENTRIES; i++) {
		u64 pte = pte_get(&table[i]);

		if ((pte & PTE_BODY) != expected)
			return unfit(pte);
		/* Most share one stamp. */
		if (pte >> PTE_STAMP_SHIFT != stamp) {
			stamp = pte >> PTE_STAMP_SHIFT;
			if (!pte_fenced(pte, g->epoch))
				return TSM_E_ADDRESS;
		}
		expected += pte_make(PFN(frames_of(level)), 0);
	}
	return TSM_OK;
}

enum tsm_err gstage_promote(struct gstage *g, gpa_t gpa, enum gstage_level level)
{
	enum gstage_level at;
	u64 *e = gstage_descend(g, gpa, level, &at);
	u64 pte = pte_get(e);
	enum tsm_err err;

	if (at != level || !pte_is_table(pte))
		return unfit(pte);
	err = table_check(g, pte_table(pte), level - 1);
	if (err != TSM_OK)
		return err;
	/* A walker that is still in the table finds blocked entries, then empty ones. */
	pte_set(e, pte_unblocked(*pte_table(pte)));
	page_scrub(pte_pfn(pte), 1);
	gstage_retire(g, pte_pfn(pte));
	return TSM_OK;
}

enum tsm_err gstage_demote(struct gstage *g, gpa_t gpa, enum gstage_level level)
{
	enum gstage_level at;
	u64 *e = gstage_descend(g, gpa, level + 1, &at);
	u64 pte = pte_get(e);
	u64 leaf = pte_unblocked(pte);
	u64 *table;
	pfn_t page;

	if (at != level + 1 || pte_kind(pte) != GSTAGE_BLOCKED || !pte_fenced(pte, g->epoch))
		return unfit(pte);
	if (!gstage_pool_has(g, 1))
		return TSM_E_NO_PTPAGES;
	page = gstage_pool_take(g);
	table = spa_ptr(pfn_spa(page));
	for (u32 i = 0; i < TABLE_ENTRIES; i++) {
		table[i] = leaf;
		leaf += pte_make(PFN(frames_of(level)), 0);
	}
	pte_set(e, pte_make(page, PTE_V));
	return TSM_OK;
}
