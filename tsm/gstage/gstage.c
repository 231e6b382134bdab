/* SPDX-License-Identifier: BSD-2-Clause */
#include "gstage/gstage.h"
#include "base/check.h"
#include "gstage/pte.h"

static u32 shift_of(enum gstage_level level)
{
	return PAGE_SHIFT + 9 * (u32)level;
}

static u64 index_of(gpa_t gpa, enum gstage_level level)
{
	u64 i = gpa.v >> shift_of(level);

	return level == GSTAGE_1G ? i % ROOT_ENTRIES : i % TABLE_ENTRIES;
}

static u64 *root_of(const struct gstage *g)
{
	return spa_ptr(pfn_spa(g->root));
}

void gstage_init(struct gstage *g, pfn_t root, struct epoch *epoch)
{
	*g = (struct gstage){ .root = root, .epoch = epoch };
}

u64 gstage_hgatp(const struct gstage *g, u64 vmid)
{
	return HGATP_MODE_SV39X4 << HGATP_MODE_SHIFT | vmid << HGATP_VMID_SHIFT | g->root.v;
}

u64 *gstage_descend(const struct gstage *g, gpa_t gpa, enum gstage_level level,
		    enum gstage_level *at)
{
	u64 *table = root_of(g);
	enum gstage_level l = GSTAGE_1G;

	for (;;) {
		u64 *e = &table[index_of(gpa, l)];
		u64 pte = pte_get(e);

		if (l == level || !pte_is_table(pte)) {
			*at = l;
			return e;
		}
		table = pte_table(pte);
		l--;
	}
}

struct gstage_entry gstage_lookup(const struct gstage *g, gpa_t gpa)
{
	struct gstage_entry entry = { .kind = GSTAGE_EMPTY };
	u64 pte;

	if (gpa.v >= GSTAGE_GPA_END)
		return entry;
	pte = pte_get(gstage_descend(g, gpa, GSTAGE_4K, &entry.level));
	entry.kind = pte_kind(pte);
	if (entry.kind != GSTAGE_EMPTY) {
		u64 offset = gpa.v & (gstage_size(entry.level) - 1);

		entry.pfn = pfn_add(pte_pfn(pte), offset >> PAGE_SHIFT);
		entry.perm = pte & PTE_LEAF;
	}
	return entry;
}

/*
 * How many of the leaves from @gpa on, at most @left, lie in the table whose entries are of @level.
 */
static u64 leaves_in_table(gpa_t gpa, enum gstage_level level, u64 left)
{
	u64 entries = level == GSTAGE_1G ? ROOT_ENTRIES : TABLE_ENTRIES;

	return MIN(left, entries - index_of(gpa, level));
}

/* How many tables the leaves [gpa, last] of @level lack below an empty entry of level @at. */
static u64 tables_missing(u64 gpa, u64 last, enum gstage_level level, enum gstage_level at)
{
	u64 n = 0;

	for (enum gstage_level l = level; l < at; l++)
		n += (last >> shift_of(l + 1)) - (gpa >> shift_of(l + 1)) + 1;
	return n;
}

static enum tsm_err not_empty(u64 pte)
{
	return pte_kind(pte) == GSTAGE_IN_FLIGHT ? TSM_AGAIN : TSM_E_ADDRESS;
}

/* Checks that every entry of the range is empty and counts the tables that it lacks. */
static enum tsm_err range_check(const struct gstage *g, const struct gstage_range *r, u64 *missing)
{
	u64 size = gstage_size(r->level);
	u64 gpa = r->gpa.v;
	u64 end = gpa + r->count * size;

	*missing = 0;
	while (gpa < end) {
		enum gstage_level at;
		const u64 *e = gstage_descend(g, GPA(gpa), r->level, &at);
		u64 span_end;

		if (at == r->level) {
			u64 n = leaves_in_table(GPA(gpa), at, (end - gpa) / size);

			for (u64 i = 0; i < n; i++)
				if (pte_get(&e[i]))
					return not_empty(pte_get(&e[i]));
			gpa += n * size;
			continue;
		}
		if (pte_get(e))
			return not_empty(pte_get(e));
		span_end = MIN(ALIGN_DOWN(gpa, gstage_size(at)) + gstage_size(at), end);
		*missing += tables_missing(gpa, span_end - 1, r->level, at);
		gpa = span_end;
	}
	return TSM_OK;
}

/* The entry for @gpa at @level, with the tables on the way made from the pool. */
static u64 *make_path(struct gstage *g, gpa_t gpa, enum gstage_level level)
{
	for (;;) {
		enum gstage_level at;
		u64 *e = gstage_descend(g, gpa, level, &at);

		if (at == level)
			return e;
		check(!pte_get(e));
		pte_set(e, pte_make(gstage_pool_take(g), PTE_V));
	}
}

enum tsm_err gstage_reserve(struct gstage *g, const struct gstage_range *r, pfn_t pfn, u64 perm)
{
	u64 size = gstage_size(r->level);
	u64 flags = perm | PTE_FIXED | PTE_IN_FLIGHT;
	gpa_t gpa = r->gpa;
	u64 missing;
	enum tsm_err err = range_check(g, r, &missing);

	if (err != TSM_OK)
		return err;
	if (!gstage_pool_has(g, missing))
		return TSM_E_NO_PTPAGES;
	for (u64 left = r->count; left;) {
		u64 *e = make_path(g, gpa, r->level);
		u64 n = leaves_in_table(gpa, r->level, left);

		for (u64 i = 0; i < n; i++) {
			pte_set(&e[i], pte_make(pfn, flags));
			pfn = pfn_add(pfn, size >> PAGE_SHIFT);
		}
		gpa.v += n * size;
		left -= n;
	}
	return TSM_OK;
}

enum tsm_err gstage_place(struct gstage *g, gpa_t gpa, u64 **place)
{
	enum gstage_level at;
	u64 *e = gstage_descend(g, gpa, GSTAGE_4K, &at);
	u64 pte = pte_get(e);

	if (unlikely(pte))
		return not_empty(pte);
	if (unlikely(at != GSTAGE_4K)) {
		if (!gstage_pool_has(g, at))
			return TSM_E_NO_PTPAGES;
		e = make_path(g, gpa, GSTAGE_4K);
	}
	*place = e;
	return TSM_OK;
}

void gstage_fill(u64 *place, pfn_t pfn, u64 perm)
{
	pte_set(place, pte_make(pfn, perm | PTE_FIXED | PTE_V));
}

/*
 * Every entry of the range is in flight by the caller's own hand: make leaves of them, or nothing.
 */
static void settle(const struct gstage *g, const struct gstage_range *r, bool map)
{
	gpa_t gpa = r->gpa;

	for (u64 left = r->count; left;) {
		enum gstage_level at;
		u64 *e = gstage_descend(g, gpa, r->level, &at);
		u64 n = leaves_in_table(gpa, r->level, left);

		check(at == r->level);
		for (u64 i = 0; i < n; i++) {
			u64 pte = pte_get(&e[i]);

			check(pte_kind(pte) == GSTAGE_IN_FLIGHT);
			pte_set(&e[i], map ? (pte & ~PTE_IN_FLIGHT) | PTE_V : 0);
		}
		gpa.v += n * gstage_size(r->level);
		left -= n;
	}
}

void gstage_commit(const struct gstage *g, const struct gstage_range *r)
{
	settle(g, r, true);
}

void gstage_cancel(const struct gstage *g, const struct gstage_range *r)
{
	settle(g, r, false);
}

bool gstage_maps(const struct gstage *g, const struct gstage_range *r, pfn_t pfn, bool *busy)
{
	*busy = false;
	for (u64 i = 0; i < r->count; i++) {
		u64 offset = i * gstage_size(r->level);
		struct gstage_entry e = gstage_lookup(g, GPA(r->gpa.v + offset));

		if (e.kind == GSTAGE_EMPTY || e.kind == GSTAGE_BLOCKED || e.level != r->level ||
		    e.pfn.v != pfn.v + (offset >> PAGE_SHIFT))
			return false;
		if (e.kind == GSTAGE_IN_FLIGHT)
			*busy = true;
	}
	return true;
}
