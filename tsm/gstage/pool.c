/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/check.h"
#include "gstage/gstage.h"
#include "gstage/pte.h"
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

/*
 * A retired page's first word says which page comes next and when this one was retired, in the
 * places that an entry has for its frame and its stamp. A walker that is still in the page takes it
 * for what the other words are: an entry with nothing in it.
 */
void gstage_retire(struct gstage *g, pfn_t pfn)
{
	u64 stamp = epoch_stamp(g->epoch) & PTE_STAMP_MASK;

	pte_set(link_of(pfn), stamp << PTE_STAMP_SHIFT);
	if (g->retired.v) {
		u64 *last = link_of(g->retired_last);

		pte_set(last, *last | pte_make(pfn, 0));
	} else {
		g->retired = pfn;
	}
	g->retired_last = pfn;
}

/* The oldest retired page joins the pool. */
static void collect_one(struct gstage *g)
{
	pfn_t pfn = g->retired;

	g->retired = pte_pfn(*link_of(pfn));
	gstage_pool_give(g, pfn, 1);
}

static bool oldest_passed(const struct gstage *g)
{
	u64 word = *link_of(g->retired);

	/* While no vCPU is inside, the fence that it waits for costs nobody anything. */
	return pte_fenced(word, g->epoch) ||
	       (epoch_idle(g->epoch) && epoch_advance(g->epoch) && pte_fenced(word, g->epoch));
}

bool gstage_pool_has(struct gstage *g, u64 count)
{
	while (g->pool_count < count && g->retired.v && oldest_passed(g))
		collect_one(g);
	return g->pool_count >= count;
}

void gstage_pool_collect(struct gstage *g)
{
	if (g->retired.v)
		collect_one(g);
}
