/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/check.h"
#include "gstage/pte.h"

void gstage_replace(const struct gstage *g, gpa_t gpa, pfn_t pfn)
{
	enum gstage_level at;
	u64 *e = gstage_descend(g, gpa, GSTAGE_4K, &at);
	u64 pte = pte_get(e);

	check(at == GSTAGE_4K && pte_kind(pte) == GSTAGE_MAPPED);
	pte_set(e, pte_make(pfn, pte & (BIT(PTE_PPN_SHIFT) - 1)));
}
