/* SPDX-License-Identifier: BSD-2-Clause */
#include "gstage/gstage.h"
#include "gstage/pte.h"

/* What the entries of one run have in common, but for the frame number. */
#define RUN_FLAGS	(PTE_V | PTE_BLOCKED | PTE_X)

/*
 * What a leaf's frames are: shared leaves are the ones that may not be executed. False: the entry
 * names no frame.
 */
static bool leaf_kind(u64 pte, enum gstage_run_kind *kind)
{
	if (!(pte & (PTE_V | PTE_BLOCKED)))
		return false;
	*kind = pte & PTE_X ? GSTAGE_RUN_DATA : GSTAGE_RUN_SHARED;
	return true;
}

static bool large_leaf(u64 pte, enum gstage_level level, struct gstage_run *run)
{
	run->pfn = pte_pfn(pte);
	run->count = gstage_size(level) >> PAGE_SHIFT;
	return leaf_kind(pte, &run->kind);
}

/* The first entry from @i on that is not empty, or @count. */
static u32 skip_empty(const u64 *table, u32 i, u32 count)
{
	while (i < count && !table[i])
		i++;
	return i;
}

/* The next run of contiguous frames of one kind among 4 KiB entries from *@low on. */
static bool small_leaves(const u64 *table, u32 *low, struct gstage_run *run)
{
	const u64 mask = PTE_BODY & (RUN_FLAGS | PTE_PPN_MASK);
	u64 expected;
	u32 first, i;

	first = skip_empty(table, *low, TABLE_ENTRIES);
	while (first < TABLE_ENTRIES && !leaf_kind(table[first], &run->kind))
		first++;
	*low = first;
	if (first == TABLE_ENTRIES)
		return false;
	run->pfn = pte_pfn(table[first]);
	expected = table[first] & mask;
	for (i = first; i < TABLE_ENTRIES && (table[i] & mask) == expected; i++)
		expected += 1ULL << PTE_PPN_SHIFT;
	run->count = i - first;
	*low = i;
	return true;
}

/* The table behind *@e has been gone through: take it out. */
static bool table_done(u64 *e, struct gstage_run *run)
{
	*run = (struct gstage_run){ GSTAGE_RUN_TABLE, pte_pfn(*e), 1 };
	*e = 0;
	return true;
}

static bool next_in_mid(u64 *mid, struct gstage_cursor *c, struct gstage_run *run)
{
	while ((c->mid = skip_empty(mid, c->mid, TABLE_ENTRIES)) < TABLE_ENTRIES) {
		u64 *e = &mid[c->mid];

		if (!pte_is_table(*e)) {
			c->mid++;
			if (large_leaf(*e, GSTAGE_2M, run))
				return true;
			continue;
		}
		if (small_leaves(pte_table(*e), &c->low, run))
			return true;
		c->mid++;
		c->low = 0;
		return table_done(e, run);
	}
	return false;
}

bool gstage_dismantle(struct gstage *g, struct gstage_cursor *c, struct gstage_run *run)
{
	u64 *root = spa_ptr(pfn_spa(g->root));

	while ((c->root = skip_empty(root, c->root, ROOT_ENTRIES)) < ROOT_ENTRIES) {
		u64 *e = &root[c->root];

		if (!pte_is_table(*e)) {
			c->root++;
			if (large_leaf(*e, GSTAGE_1G, run))
				return true;
			continue;
		}
		if (next_in_mid(pte_table(*e), c, run))
			return true;
		c->root++;
		c->mid = 0;
		return table_done(e, run);
	}
	if (!g->pool_count)
		gstage_pool_collect(g);
	if (!g->pool_count)
		return false;
	*run = (struct gstage_run){ GSTAGE_RUN_TABLE, gstage_pool_take(g), 1 };
	return true;
}
