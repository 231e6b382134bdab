/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/check.h"
#include "gstage/gstage.h"
#include "rv_arch.h"

/* A free page's first word is the number of the next one; the rest of the page is zero. */
static u64 *link_of(pfn_t pfn)
{
	return spa_ptr(pfn_spa(pfn));
}

void gstage_pool_chain(pfn_t first, u64 count)
{
	check(first.v && count);
	for (u64 i = 0; i + 1 < count; i++)
		*link_of(pfn_add(first, i)) = first.v + i + 1;
}

void gstage_pool_give(struct gstage *g, pfn_t first, u64 count)
{
	*link_of(pfn_add(first, count - 1)) = g->pool.v;
	g->pool = first;
	g->pool_count += count;
}

pfn_t gstage_pool_take(struct gstage *g)
{
	pfn_t pfn = g->pool;
	u64 *link = link_of(pfn);

	check(g->pool_count > 0 && pfn.v);
	g->pool = PFN(*link);
	g->pool_count--;
	*link = 0;
	return pfn;
}
