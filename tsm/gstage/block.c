/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A blocked entry keeps frame and permissions and holds the low bits of the epoch at which it was
 * blocked. Whether that epoch has passed is asked for stamps that are at most a few fences old; an
 * old one that looks young again because the bits wrapped only asks for another fence.
 */
#include "base/check.h"
#include "gstage/pte.h"

/* A step through the leaves and empty entries of a span. */
struct walk {
	const struct gstage *g;
	u64 gpa;			/* where the entry begins, or the span's start inside it */
	u64 next;			/* where the next entry begins */
	u64 end;
	enum gstage_level level;
	u64 *e;				/* NULL: not begun */
};

static struct walk walk_of(const struct gstage *g, const struct gstage_span *s)
{
	return (struct walk){ .g = g, .next = s->gpa.v, .end = s->gpa.v + s->size };
}

static bool walk_next(struct walk *w)
{
	u64 size;

	if (w->next >= w->end)
		return false;
	w->gpa = w->next;
	/* The neighbour in the same table needs no descent. */
	if (w->e && w->level == GSTAGE_4K && w->gpa & (SIZE_2M - 1))
		w->e++;
	else
		w->e = gstage_descend(w->g, GPA(w->gpa), GSTAGE_4K, &w->level);
	size = gstage_size(w->level);
	w->next = ALIGN_DOWN(w->gpa, size) + size;
	return true;
}

/* The leaf lies in the span as a whole. */
static bool walk_inside(const struct walk *w)
{
	return IS_ALIGNED(w->gpa, gstage_size(w->level)) && w->next <= w->end;
}

static u32 stamp_of(u64 pte, const struct epoch *epoch)
{
	u32 now = epoch_stamp(epoch);
	u64 age = (now - (pte >> PTE_STAMP_SHIFT)) & PTE_STAMP_MASK;

	return now - (u32)age;
}

static bool is_wanted(u64 pte, enum gstage_want want, struct epoch *epoch)
{
	switch (want) {
	case GSTAGE_WANT_PRESENT:
		return pte_kind(pte) == GSTAGE_MAPPED || pte_kind(pte) == GSTAGE_BLOCKED;
	case GSTAGE_WANT_MAPPED:
		return pte_kind(pte) == GSTAGE_MAPPED;
	case GSTAGE_WANT_BLOCKED:
		return pte_kind(pte) == GSTAGE_BLOCKED;
	case GSTAGE_WANT_FENCED:
		return pte_kind(pte) == GSTAGE_BLOCKED && epoch_passed(epoch, stamp_of(pte, epoch));
	}
	return false;
}

enum tsm_err gstage_check(const struct gstage *g, const struct gstage_span *s,
			  enum gstage_want want, bool absent_ok, struct epoch *epoch)
{
	struct walk w = walk_of(g, s);

	while (walk_next(&w)) {
		u64 pte = pte_get(w.e);

		if (!pte && absent_ok)
			continue;
		if (pte_kind(pte) == GSTAGE_IN_FLIGHT)
			return TSM_AGAIN;
		if (!is_wanted(pte, want, epoch) || !walk_inside(&w))
			return TSM_E_ADDRESS;
	}
	return TSM_OK;
}

void gstage_block(const struct gstage *g, const struct gstage_span *s, u32 stamp)
{
	struct walk w = walk_of(g, s);

	while (walk_next(&w)) {
		u64 pte = pte_get(w.e);

		if (pte_kind(pte) == GSTAGE_MAPPED)
			pte_set(w.e, (pte & ~PTE_V) | PTE_BLOCKED |
				     (stamp & PTE_STAMP_MASK) << PTE_STAMP_SHIFT);
	}
}

void gstage_unblock(const struct gstage *g, const struct gstage_span *s)
{
	struct walk w = walk_of(g, s);

	while (walk_next(&w)) {
		u64 pte = pte_get(w.e) & (BIT(PTE_STAMP_SHIFT) - 1);

		if (pte_kind(pte) == GSTAGE_BLOCKED)
			pte_set(w.e, (pte & ~PTE_BLOCKED) | PTE_V);
	}
}

bool gstage_remove(const struct gstage *g, struct gstage_span *s, struct gstage_run *run)
{
	struct walk w = walk_of(g, s);

	run->count = 0;
	while (walk_next(&w)) {
		u64 pte = pte_get(w.e);
		enum gstage_run_kind kind = pte & PTE_X ? GSTAGE_RUN_DATA : GSTAGE_RUN_SHARED;

		if (!pte) {
			if (run->count)
				break;
			continue;
		}
		check(pte_kind(pte) == GSTAGE_BLOCKED);
		if (run->count && (kind != run->kind || pte_pfn(pte).v != run->pfn.v + run->count))
			break;
		if (!run->count)
			*run = (struct gstage_run){ kind, pte_pfn(pte), 0 };
		run->count += gstage_size(w.level) >> PAGE_SHIFT;
		pte_set(w.e, 0);
		w.gpa = w.next;
	}
	s->size = w.end - w.gpa;
	s->gpa = GPA(w.gpa);
	return run->count;
}

bool gstage_is_empty(const struct gstage *g, const struct gstage_span *s)
{
	struct walk w = walk_of(g, s);

	while (walk_next(&w))
		if (pte_get(w.e))
			return false;
	return true;
}
