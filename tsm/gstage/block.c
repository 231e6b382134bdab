/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A blocked entry keeps frame and permissions and holds the low bits of the epoch at which it was
 * blocked.
 */
#include "base/check.h"
#include "gstage/pte.h"

/*
 * A step through a span: @n entries of one table, 4 KiB leaves or places for them, or one entry
 * where the tables end above that.
 */
struct walk {
	const struct gstage *g;
	u64 gpa;			/* where the step begins */
	u64 next;			/* where it ends */
	u64 end;
	enum gstage_level level;
	u64 *e;
	u64 n;
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
	w->e = gstage_descend(w->g, GPA(w->gpa), GSTAGE_4K, &w->level);
	size = w->level == GSTAGE_4K ? SIZE_2M : gstage_size(w->level);
	w->next = MIN(ALIGN_DOWN(w->gpa, size) + size, w->end);
	w->n = w->level == GSTAGE_4K ? (w->next - w->gpa) >> PAGE_SHIFT : 1;
	return true;
}

/* The step's entry lies in the span as a whole. */
static bool walk_inside(const struct walk *w)
{
	return w->next - w->gpa >= gstage_size(w->level);
}

/* What gstage_check() asks for. */
struct wanted {
	u64 kinds;			/* PTE_V, PTE_BLOCKED */
	bool fenced;
	bool absent_ok;
	struct epoch *epoch;
	u64 passed;			/* a stamp that is known to have passed; most share one */
};

static bool is_fenced(struct wanted *x, u64 pte)
{
	if (pte >> PTE_STAMP_SHIFT == x->passed)
		return true;
	if (!pte_fenced(pte, x->epoch))
		return false;
	x->passed = pte >> PTE_STAMP_SHIFT;
	return true;
}

/* How many of the first entries of a step are leaves of one of the kinds, where it does not matter what else they are. */
static u64 step_skip(const struct walk *w, const struct wanted *x)
{
	const u64 *e = w->e, *end = e + w->n;
	const u64 kinds = x->kinds;

	if (x->fenced || w->level)
		return 0;
	while (e < end && (__atomic_load_n(e, __ATOMIC_RELAXED) & kinds))
		e++;
	return (u64)(e - w->e);
}

static enum tsm_err step_check(const struct walk *w, struct wanted *x)
{
	u64 kinds = x->kinds;

	for (u64 i = step_skip(w, x); i < w->n; i++) {
		u64 pte = pte_get(&w->e[i]);

		if (!(pte & kinds)) {
			if (!pte && x->absent_ok)
				continue;
			return pte_kind(pte) == GSTAGE_IN_FLIGHT ? TSM_AGAIN : TSM_E_ADDRESS;
		}
		if ((x->fenced && !is_fenced(x, pte)) || (w->level && !walk_inside(w)))
			return TSM_E_ADDRESS;
	}
	return TSM_OK;
}

static u64 kinds_of(enum gstage_want want)
{
	switch (want) {
	case GSTAGE_WANT_PRESENT:
		return PTE_V | PTE_BLOCKED;
	case GSTAGE_WANT_MAPPED:
		return PTE_V;
	case GSTAGE_WANT_BLOCKED:
	case GSTAGE_WANT_FENCED:
		return PTE_BLOCKED;
	}
	return 0;
}

enum tsm_err gstage_check(const struct gstage *g, const struct gstage_span *s,
			  enum gstage_want want, bool absent_ok, struct epoch *epoch)
{
	struct walk w = walk_of(g, s);
	struct wanted x = {
		.kinds = kinds_of(want),
		.fenced = want == GSTAGE_WANT_FENCED,
		.absent_ok = absent_ok,
		.epoch = epoch,
		.passed = ~0ULL,
	};

	while (walk_next(&w)) {
		enum tsm_err err = step_check(&w, &x);

		if (err != TSM_OK)
			return err;
	}
	return TSM_OK;
}

void gstage_block(const struct gstage *g, const struct gstage_span *s, u32 stamp)
{
	u64 blocked = PTE_BLOCKED | (stamp & PTE_STAMP_MASK) << PTE_STAMP_SHIFT;
	struct walk w = walk_of(g, s);

	while (walk_next(&w))
		for (u64 *e = w.e, *end = e + w.n; e < end; e++) {
			u64 pte = __atomic_load_n(e, __ATOMIC_RELAXED);

			/* An entry that is not valid leads nowhere, so it need not be published. */
			if (pte & PTE_V)
				__atomic_store_n(e, (pte ^ PTE_V) | blocked, __ATOMIC_RELAXED);
		}
}

void gstage_unblock(const struct gstage *g, const struct gstage_span *s)
{
	struct walk w = walk_of(g, s);

	while (walk_next(&w))
		for (u64 i = 0; i < w.n; i++) {
			u64 pte = pte_get(&w.e[i]);

			if (pte_kind(pte) == GSTAGE_BLOCKED)
				pte_set(&w.e[i], pte_unblocked(pte));
		}
}

/* Empties the entries of a step as far as they go on with the run; returns how many they are. */
static u64 step_remove(const struct walk *w, struct gstage_run *run)
{
	u64 i;

	for (i = 0; i < w->n; i++) {
		u64 pte = pte_get(&w->e[i]);
		enum gstage_run_kind kind = pte & PTE_X ? GSTAGE_RUN_DATA : GSTAGE_RUN_SHARED;

		if (!pte && run->count)
			break;
		if (!pte)
			continue;
		check(pte_kind(pte) == GSTAGE_BLOCKED);
		if (!run->count)
			*run = (struct gstage_run){ kind, pte_pfn(pte), 0 };
		else if (kind != run->kind || pte_pfn(pte).v != run->pfn.v + run->count)
			break;
		run->count += gstage_size(w->level) >> PAGE_SHIFT;
		pte_set(&w->e[i], 0);
	}
	return i;
}

bool gstage_remove(const struct gstage *g, struct gstage_span *s, struct gstage_run *run)
{
	struct walk w = walk_of(g, s);

	run->count = 0;
	while (walk_next(&w)) {
		u64 n = step_remove(&w, run);

		if (n < w.n) {
			w.next = w.gpa + n * gstage_size(w.level);
			break;
		}
	}
	s->size = w.end - w.next;
	s->gpa = GPA(w.next);
	return run->count;
}

struct gstage_span gstage_first_part(const struct gstage *g, const struct gstage_span *s)
{
	struct walk w = walk_of(g, s);

	walk_next(&w);
	return (struct gstage_span){ s->gpa, w.next - w.gpa };
}

bool gstage_is_empty(const struct gstage *g, const struct gstage_span *s)
{
	struct walk w = walk_of(g, s);

	while (walk_next(&w))
		for (u64 i = 0; i < w.n; i++)
			if (pte_get(&w.e[i]))
				return false;
	return true;
}

/* Looks at the neighbours of entry @near first. */
static bool table_is_empty(const u64 *table, u64 near)
{
	for (u64 i = 0; i < TABLE_ENTRIES; i++)
		if (pte_get(&table[(near - 1 + i) % TABLE_ENTRIES]))
			return false;
	return true;
}

/* The table of entries of @level around @gpa leaves if there is one and it is empty. */
static void prune_table(struct gstage *g, u64 gpa, enum gstage_level level)
{
	enum gstage_level at;
	u64 *e = gstage_descend(g, GPA(gpa), level + 1, &at);
	u64 pte = pte_get(e);

	if (at != level + 1 || !pte_is_table(pte) ||
	    !table_is_empty(pte_table(pte), gpa / gstage_size(level) % TABLE_ENTRIES))
		return;
	pte_set(e, 0);
	gstage_retire(g, pte_pfn(pte));
}

void gstage_prune(struct gstage *g, const struct gstage_span *s)
{
	struct walk w = walk_of(g, s);

	while (walk_next(&w)) {
		if (w.level == GSTAGE_4K)
			prune_table(g, w.gpa, GSTAGE_4K);
		if (w.level != GSTAGE_1G && (w.next == w.end || IS_ALIGNED(w.next, SIZE_1G)))
			prune_table(g, w.gpa, GSTAGE_2M);
	}
}
