/* SPDX-License-Identifier: BSD-2-Clause */
/* One TVM: its tables, its pool, its lists, its state. */
#include "check/check.h"
#include "notary/layout.h"
#include "rv_arch.h"

/* Descriptors in a page of them: the first one's room holds the link. */
#define REGIONS_IN_PAGE	(PAGE_SIZE / sizeof(struct region) - 1)
#define GPA_END		(1ULL << 41)

static bool locked(const struct spinlock *l)
{
	return l->next != l->owner;
}

static u64 first_word(u64 frame)
{
	return *(const u64 *)spa_ptr(SPA(frame << PAGE_SHIFT));
}

/* The type of the region that holds all of a leaf. */
static enum region_type region_at(const struct tvm *t, u64 gpa, u64 size)
{
	for (const struct region *r = t->regions.first[0]; r; r = r->next[0])
		if (gpa >= r->base && gpa - r->base < r->size)
			return size <= r->size - (gpa - r->base) ? r->type : REGION_NONE;
	return REGION_NONE;
}

/* The type at an address, whatever a leaf there reaches into. */
static bool region_allows(const struct tvm *t, const struct check_entry *e, bool confidential, bool file)
{
	enum region_type type = region_at(t, e->gpa, PAGE_SIZE);

	if (file)
		return type == REGION_IMSIC;
	if (confidential)
		return type == REGION_CONFIDENTIAL || type == REGION_CONFIDENTIAL_REMOVABLE;
	return type == REGION_SHARED || type == REGION_SHARED_REMOVABLE;
}

static void check_flags(const struct check_entry *e)
{
	u64 flags = e->pte & 0x3ff, kind = flags & (E_V | E_IN_FLIGHT | E_BLOCKED);
	u64 perm = flags & (E_R | E_W | E_X);

	check_that(kind == E_V || kind == E_IN_FLIGHT || kind == E_BLOCKED,
		   "a TVM's entry is valid, in flight or blocked", e->gpa, e->pte);
	check_that((flags & (E_U | E_A | E_D | E_G)) == (E_U | E_A | E_D), "a TVM's leaf is whole", e->gpa, e->pte);
	check_that(perm == (E_R | E_W | E_X) || perm == (E_R | E_W),
		   "a TVM's leaf is confidential or shared", e->gpa, e->pte);
	check_that(kind == E_BLOCKED || !e_stamp(e->pte), "only a blocked entry has a stamp", e->gpa, e->pte);
}

static void check_leaf(struct tvm_view *v, const struct check_entry *e, struct tally *in_flight,
		       struct check_sums *s)
{
	u64 frame = e_tvm_frame(e->pte), count = e_frames(e->level);
	bool confidential = e->pte & E_X, file = check_is_file(frame);
	u32 state = w_state(check_word(frame));

	check_flags(e);
	check_that(!(frame & (count - 1)), "a leaf is aligned to its size", e->gpa, e->pte);
	check_that(region_allows(v->t, e, confidential, file), "a leaf is of its region's kind", e->gpa, e->pte);
	if (e->pte & E_IN_FLIGHT) {
		check_that(confidential || v->t->sweep.call.kind == SWEEP_SHARED,
			   "between calls shared pages are in flight only where a call is paused", e->gpa, e->pte);
		return tally_range(in_flight, frame, count);
	}
	if (file) {
		check_that(!confidential && !e->level, "an interrupt file is a small leaf, and no code", e->gpa,
			   e->pte);
		check_that(state == (e->pte & E_V ? W_DATA : W_BLOCKED), "a file's leaf agrees with its word",
			   e->gpa, state);
		/* Counted by its vCPU. */
		return;
	}
	if (confidential)
		return tally_range(&v->found[W_DATA], frame, count);
	for (u64 i = 0; i < count; i++)
		check_that(w_state(check_word(frame + i)) == W_HOST, "a shared page is the host's", e->gpa,
			   e->pte);
	tally_range(&s->pins_found, frame, count);
}

/* Frames that DESTROY has taken out and not yet given back. */
static void dying_frames(struct tvm_view *v, struct check_sums *s)
{
	const struct tvm_dying *d = &v->t->dying;

	if (!d->count || check_is_file(d->pfn.v))
		return;
	tally_range(d->state == PAGE_HOST ? &s->pins_found : &v->found[d->state], d->pfn.v, d->count);
}

/* What a paused call of the TVM's holds. @flight: the frames of its leaves that are in flight. */
static void swept_frames(struct tvm_view *v, struct tally *flight, struct check_sums *s)
{
	const struct sweep *w = &v->t->sweep;
	const struct sweep_holds h = sweep_holds(w);
	u64 pfn = w->call.pfn.v, frames = w->call.frames;
	u64 leaf = w->call.range.count ? frames / w->call.range.count : 0;
	u64 pinned = w->call.kind == SWEEP_MEASURED ? w->call.source.v : pfn;

	check_that(!w->working, "between calls no call is at work", v->id, w->call.kind);
	tally_range(&s->busy_found, pfn + h.claimed_first, h.claimed_end - h.claimed_first);
	tally_range(&s->pins_found, pinned + h.pinned_first, h.pinned_end - h.pinned_first);
	if (h.owned_end > h.owned_first)
		tally_range(&v->found[W_DATA], pfn + h.owned_first, h.owned_end - h.owned_first);
	tally_range(flight, pfn + h.flight_first * leaf, (h.flight_end - h.flight_first) * leaf);
}

static void check_tables(struct tvm_view *v, struct check_sums *s)
{
	const struct tvm *t = v->t;
	struct tally in_flight = { 0 }, claimed = { 0 };
	struct check_walk w;
	struct check_entry e;

	tally_range(&v->found[W_TABLE], t->gstage.root.v, 4);
	check_that(!(t->gstage.root.v & 3), "a root is aligned to its size", v->id, t->gstage.root.v);
	check_walk_begin(&w, t->gstage.root.v);
	if (t->state == TVM_DYING) {
		/* What lies before the cursor has gone back already, though entries still name it. */
		w.next[2] = t->dying.cursor.root;
		w.first[1] = t->dying.cursor.mid;
		w.first[0] = t->dying.cursor.low;
	}
	while (check_walk_next(&w, &e)) {
		if (!e_is_table(e.pte)) {
			check_leaf(v, &e, &in_flight, s);
			continue;
		}
		check_that(e.level && !(e.pte & ~(E_V | 0x3ffffffULL << 10)), "a table's entry is plain", e.gpa,
			   e.pte);
		tally_add(&v->found[W_TABLE], e_frame(e.pte), 1);
	}
	if (t->sweep.active)
		swept_frames(v, &claimed, s);
	if (t->removing.count)
		tally_range(t->removing.kind == GSTAGE_RUN_SHARED ? &s->pins_found : &v->found[W_DATA],
			    t->removing.pfn.v, t->removing.count);
	if (t->state == TVM_DYING)
		return dying_frames(v, s);
	check_that(t->builders == (t->sweep.active && t->sweep.call.kind == SWEEP_MEASURED), "only a paused call builds between calls", v->id, t->builders);
	check_that(tally_same(&in_flight, &claimed), "what is in flight belongs to a paused call", v->id,
		   in_flight.count);
}

static void check_pool(struct tvm_view *v)
{
	const struct gstage *g = &v->t->gstage;
	u64 frame = g->pool.v, n = 0, last = 0;

	for (; frame && n <= g->pool_count; n++) {
		tally_add(&v->found[W_TABLE], frame, 1);
		check_that(w_state(check_word(frame)) == W_TABLE, "a pool's pages are table frames", v->id, frame);
		check_that(check_zero(frame, 8), "a page of a pool is zero", v->id, frame);
		frame = first_word(frame);
	}
	check_that(n == g->pool_count && !frame, "a pool has as many pages as it says", v->id, n);
	for (frame = g->retired.v, n = 0; frame; n++) {
		tally_add(&v->found[W_TABLE], frame, 1);
		check_that(n < 1u << 26 && w_state(check_word(frame)) == W_TABLE,
			   "retired pages are table frames", v->id, frame);
		check_that(check_zero(frame, 8), "a retired page is zero", v->id, frame);
		last = frame;
		frame = e_tvm_frame(first_word(frame));
	}
	check_that(!g->retired.v || last == g->retired_last.v, "the last retired page is the last", v->id, last);
}

static void check_regions(struct tvm_view *v)
{
	const struct region_map *m = &v->t->regions;
	u64 pages = 0, used = 0, spare = 0, end = 0;

	for (u64 frame = v->t->region_pages.v; frame; frame = first_word(frame)) {
		tally_add(&v->found[W_TABLE], frame, 1);
		check_that(++pages < 1u << 26, "the list of region pages ends", v->id, pages);
	}
	for (const struct region *r = m->first[0]; r; r = r->next[0], used++) {
		check_that(r->size && r->base >= end && r->base < GPA_END && r->size <= GPA_END - r->base,
			   "regions are sorted and disjoint", v->id, r->base);
		check_that(r->type > REGION_NONE && r->type <= REGION_IMSIC, "a region has a type", v->id, r->type);
		end = r->base + r->size;
	}
	for (const struct region *r = m->spare; r; r = r->next[0])
		check_that(++spare < 1u << 26, "the list of spare descriptors ends", v->id, spare);
	check_that(spare == m->spare_count, "spare descriptors are as many as it says", v->id, spare);
	/* One that is being taken apart has given some of these pages back. */
	check_that(v->t->state == TVM_DYING || used + spare == REGION_EMBEDDED + pages * REGIONS_IN_PAGE, "no descriptor is lost", v->id,
		   used + spare);
}

static void tally_file(struct tvm_view *v, const struct irq_file *f, u32 state)
{
	if (f->number)
		tally_add(&v->found[state], f->page.v, 1);
}

static void check_irq(struct tvm_view *v, const struct vcpu *c)
{
	const struct irq_vcpu *q = &c->irq;

	check_that(!locked(&q->lock), "no lock outlives its call", v->id, c->id);
	switch (q->state) {
	case IRQ_UNBOUND:
		return;
	case IRQ_BINDING:
		return check_violation("nobody binds between calls", v->id, c->id);
	case IRQ_UNBINDING:
		return tally_file(v, &q->file, W_BLOCKED);
	case IRQ_REBINDING:
		tally_file(v, &q->old, W_BLOCKED);
		return tally_file(v, &q->file, W_DATA);
	case IRQ_BOUND:
	case IRQ_CLONED:
		return tally_file(v, &q->file, W_DATA);
	}
}

/* How many harts have that vCPU. */
static u32 harts_with(const struct vcpu *c)
{
	u32 n = 0;

	for (u32 i = 0; i < hart_count; i++)
		n += harts[i]->vcpu == c;
	return n;
}

static void check_slot(struct tvm_view *v, u32 id, bool running)
{
	const struct epoch_slot *slot = &v->t->slots[id];

	check_that(slot->active == running, "a vCPU is in the epoch while it runs", v->id, id);
	check_that(slot->version <= v->t->epoch.current, "no vCPU has flushed for a fence to come", v->id, id);
	check_that(id < v->t->epoch.slot_count, "a vCPU's slot counts", v->id, id);
}

static void check_vcpus(struct tvm_view *v)
{
	u64 refs = 0;

	/* DESTROY has given those back that come before. */
	for (u32 i = v->t->dying.vcpu; i < TVM_MAX_VCPUS; i++) {
		u64 frame = v->t->vcpu_pfn[i];
		const struct vcpu *c;
		u32 on;

		if (!frame)
			continue;
		c = spa_ptr(SPA(frame << PAGE_SHIFT));
		on = harts_with(c);
		tally_range(&v->found[W_VCPU], frame, check_vcpu_frames());
		check_that(c->tvm_id == v->id && c->id == i, "a vCPU knows whose it is", v->id, i);
		check_that(on <= 1 && (c->power == VCPU_RUNNING) == on, "a vCPU runs on one hart", v->id, i);
		check_that(c->power != VCPU_CLAIMED, "nobody prepares a vCPU between calls", v->id, i);
		check_slot(v, i, on);
		check_irq(v, c);
		refs += on;
	}
	check_that(refs == v->refs, "the references to a TVM are its running vCPUs", v->id, v->refs);
}

u64 check_vcpu_frames(void)
{
	u64 size = (sizeof(struct vcpu) + 15) & ~15ULL;

	if (hart_features.vector)
		size += sizeof(struct vector_regs) + 32 * hart_features.vlenb;
	/* Behind them, what the U-mode program works in. */
	return ((size + PAGE_SIZE - 1) >> PAGE_SHIFT) + NOTARY_ARENA_PAGES;
}

void check_tvm(struct tvm_view *v, struct check_sums *s)
{
	const struct tvm *t = v->t;

	check_that(t->id == v->id, "a TVM knows its id", v->id, t->id);
	check_that(!locked(&t->lock) && !locked(&t->measurement.lock), "no lock outlives its call", v->id, 0);
	check_that(t->state != TVM_FINALIZING || t->finalizing.paused, "nobody finalizes between calls, but one that is paused", v->id, 0);
	check_that(t->epoch.passed <= t->epoch.current, "no fence has passed that is to come", v->id,
		   t->epoch.passed);
	tally_range(&v->found[W_STATE], v->id, TVM_STATE_PAGES);
	check_tables(v, s);
	check_pool(v);
	check_regions(v);
	check_vcpus(v);
}
