/* SPDX-License-Identifier: BSD-2-Clause */
#include "tvm/sweep.h"
#include "base/check.h"
#include "base/string.h"
#include "host/convert.h"
#include "rv_arch.h"
#include "tvm/tvm.h"

/*
 * What one step does at most, in frames that are claimed, or leaves; to zero a frame counts as SCRUB_COST of them, to hash one is a
 * step. The slack lets a short range go through all of its phases in one.
 */
#define STEP_FRAMES	1024
#define STEP_SLACK	64
#define STEP_LEAVES	512
#define SCRUB_COST	16

enum phase {
	PHASE_END,
	/* These may be refused, and can be undone. */
	PHASE_PIN,		/* the source, or the shared frames */
	PHASE_CLAIM_HOST,
	PHASE_CLAIM_FREE,	/* converted, fenced or not, or the host's already */
	PHASE_CLAIM,		/* converted and fenced */
	PHASE_SCRUB,
	PHASE_RESERVE,
	PHASE_HASH,
	PHASE_CHECK,
	/* From here on it cannot be refused. */
	PHASE_CONVERT,
	PHASE_RETURN,
	PHASE_POOL,
	PHASE_OWN,		/* the page words */
	PHASE_MAP,		/* then the leaves */
	PHASE_UNPIN,
	PHASE_BLOCK,
	PHASE_UNBLOCK,
	PHASE_REMOVE,		/* but for this: the TVM may have its region back meanwhile */
};

#define MAX_PHASES	7

static const u8 phases[SWEEP_KINDS][MAX_PHASES] = {
	[SWEEP_CONVERT]		= { PHASE_CLAIM_HOST, PHASE_CONVERT },
	[SWEEP_RECLAIM]		= { PHASE_CLAIM_FREE, PHASE_SCRUB, PHASE_RETURN },
	[SWEEP_POOL]		= { PHASE_CLAIM, PHASE_SCRUB, PHASE_POOL },
	[SWEEP_ZERO]		= { PHASE_CLAIM, PHASE_SCRUB, PHASE_RESERVE, PHASE_OWN, PHASE_MAP },
	[SWEEP_SHARED]		= { PHASE_PIN, PHASE_RESERVE, PHASE_MAP },
	[SWEEP_MEASURED]	= { PHASE_PIN, PHASE_CLAIM, PHASE_RESERVE, PHASE_HASH, PHASE_OWN, PHASE_MAP,
				    PHASE_UNPIN },
	[SWEEP_BLOCK]		= { PHASE_CHECK, PHASE_BLOCK },
	[SWEEP_UNBLOCK]		= { PHASE_CHECK, PHASE_UNBLOCK },
	[SWEEP_REMOVE]		= { PHASE_CHECK, PHASE_REMOVE },
};

static enum phase phase_of(const struct sweep *s)
{
	return s->phase < MAX_PHASES ? phases[s->call.kind][s->phase] : PHASE_END;
}

static bool over_leaves(enum phase p)
{
	return p == PHASE_RESERVE || p == PHASE_MAP;
}

static u64 total_of(const struct sweep *s)
{
	return over_leaves(phase_of(s)) ? s->call.range.count : s->call.frames;
}

/* The leaves from number @first on. */
static struct tvm_add leaves_at(const struct sweep *s, u64 first, u64 count)
{
	const struct gstage_range *r = &s->call.range;
	u64 size = gstage_size(r->level);

	return (struct tvm_add){
		.range = { GPA(r->gpa.v + first * size), count, r->level },
		.pfn = pfn_add(s->call.pfn, first * (size >> PAGE_SHIFT)),
	};
}

static struct gstage_span span_of(const struct sweep *s)
{
	return (struct gstage_span){ s->call.range.gpa, s->call.frames * PAGE_SIZE };
}

/* --- on ------------------------------------------------------------------------------------------------------------ */

static enum tsm_err step_reserve(const struct sweep *s, struct tvm *t, u64 n)
{
	struct tvm_add part = leaves_at(s, s->done, n);
	bool shared = s->call.kind == SWEEP_SHARED;
	enum tsm_err err;

	spin_lock(&t->lock);
	err = tvm_add_allowed(t, &s->call.range, s->call.kind);
	if (err == TSM_OK)
		err = gstage_reserve(&t->gstage, &part.range, part.pfn, shared ? GSTAGE_SHARED : GSTAGE_CONFIDENTIAL);
	spin_unlock(&t->lock);
	return err;
}

static void step_map(const struct sweep *s, struct tvm *t, u64 n)
{
	struct tvm_add part = leaves_at(s, s->done, n);

	gstage_commit(&t->gstage, &part.range);
	__atomic_add_fetch(&t->code_version, 1, __ATOMIC_RELEASE);
}

/*
 * One page. The copy is taken first and the copy is what is hashed: the host may change its page at any time.
 */
static void step_hash(const struct sweep *s, struct tvm *t)
{
	void *page = spa_ptr(pfn_spa(pfn_add(s->call.pfn, s->done)));
	const void *source = spa_ptr(pfn_spa(pfn_add(s->call.source, s->done)));

	if (!s->done)
		t->measuring = t->measurement.reg[COVE_MR_TVM_PAGES];
	memcpy(page, source, PAGE_SIZE);
	measure_page(&t->measuring, GPA(s->call.range.gpa.v + s->done * PAGE_SIZE), page);
	if (s->done + 1 == s->call.frames)
		t->measurement.reg[COVE_MR_TVM_PAGES] = t->measuring;
}

/* One part of the leaves of a TVM: *@n receives its length in places. */
static enum tsm_err step_span(const struct sweep *s, struct tvm *t, enum phase p, u64 *n)
{
	const struct gstage_span all = span_of(s);
	const struct gstage_span rest = { GPA(all.gpa.v + s->done * PAGE_SIZE), all.size - s->done * PAGE_SIZE };
	struct gstage_span part;
	enum tsm_err err;

	spin_lock(&t->lock);
	if (t->removing.count) {
		tvm_removing_step(t, STEP_FRAMES);
		spin_unlock(&t->lock);
		*n = 0;
		return TSM_OK;
	}
	part = gstage_first_part(&t->gstage, &rest);
	*n = part.size >> PAGE_SHIFT;
	err = tvm_span_check(t, &all, &part, s->call.kind, s->call.lenient);
	if (err == TSM_OK && p != PHASE_CHECK)
		tvm_span_perform(t, &part, s->call.kind);
	spin_unlock(&t->lock);
	return err;
}

static enum tsm_err step_claim_free(pfn_t pfn, u64 n)
{
	return page_claim(pfn, n, PAGE_CONVERTED, 0) == TSM_OK ? TSM_OK : host_claim_mixed(pfn, n);
}

/* The next @n frames or leaves; in *@n how many they were. */
static enum tsm_err step_phase(struct sweep *s, struct tvm *t, enum phase p, u64 *n)
{
	pfn_t pfn = pfn_add(s->call.pfn, s->done);

	switch (p) {
	case PHASE_PIN:
		return page_pin(s->call.kind == SWEEP_MEASURED ? pfn_add(s->call.source, s->done) : pfn, *n);
	case PHASE_CLAIM_HOST:
		return page_claim(pfn, *n, PAGE_HOST, 0);
	case PHASE_CLAIM_FREE:
		return step_claim_free(pfn, *n);
	case PHASE_CLAIM:
		return page_claim(pfn, *n, PAGE_CONVERTED, 0);
	case PHASE_SCRUB:
		*n = page_scrub_some(pfn, *n, STEP_FRAMES / SCRUB_COST);
		return TSM_OK;
	case PHASE_RESERVE:
		return step_reserve(s, t, *n);
	case PHASE_HASH:
		*n = 1;
		step_hash(s, t);
		return TSM_OK;
	case PHASE_CONVERT:
		host_convert(pfn, *n);
		return TSM_OK;
	case PHASE_RETURN:
		host_return(pfn, *n);
		return TSM_OK;
	case PHASE_POOL:
		tvm_pool_add(t, pfn, *n);
		return TSM_OK;
	case PHASE_OWN:
		page_commit(pfn, *n, PAGE_TVM_DATA, t->id, 0);
		return TSM_OK;
	case PHASE_MAP:
		step_map(s, t, *n);
		return TSM_OK;
	case PHASE_UNPIN:
		page_unpin(pfn_add(s->call.source, s->done), *n);
		return TSM_OK;
	case PHASE_CHECK:
	case PHASE_BLOCK:
	case PHASE_UNBLOCK:
	case PHASE_REMOVE:
		return step_span(s, t, p, n);
	case PHASE_END:
		break;
	}
	check(false);
	return TSM_E_FAILED;
}

static u64 at_most(const struct sweep *s, u64 left)
{
	u64 most = over_leaves(phase_of(s)) ? STEP_LEAVES : STEP_FRAMES;

	return MIN(left, most);
}

static bool step_on(struct sweep *s, struct tvm *t)
{
	u64 n = at_most(s, total_of(s) - s->done);

	s->err = step_phase(s, t, phase_of(s), &n);
	if (s->err != TSM_OK) {
		s->back = true;
		return !s->done && !s->phase;
	}
	s->done += n;
	if (s->done == total_of(s) && !(t && t->removing.count && phase_of(s) == PHASE_REMOVE)) {
		s->done = 0;
		s->phase++;
	}
	return phase_of(s) == PHASE_END;
}

/* --- back ---------------------------------------------------------------------------------------------------------- */

static void undo_reserve(const struct sweep *s, struct tvm *t, u64 first, u64 n)
{
	struct tvm_add part = leaves_at(s, first, n);
	const struct gstage_span span = { part.range.gpa, n * gstage_size(part.range.level) };

	gstage_cancel(&t->gstage, &part.range);
	spin_lock(&t->lock);
	gstage_prune(&t->gstage, &span);
	spin_unlock(&t->lock);
}

static void undo_claim(const struct sweep *s, pfn_t pfn, u64 n)
{
	/* A measured page may have been copied in: whatever was known of the frames is so no longer. */
	if (s->call.kind == SWEEP_MEASURED)
		page_commit(pfn, n, PAGE_CONVERTED, 0, 0);
	else
		page_unclaim(pfn, n);
}

static void undo_phase(const struct sweep *s, struct tvm *t, enum phase p, u64 first, u64 n)
{
	pfn_t pfn = pfn_add(s->call.pfn, first);

	switch (p) {
	case PHASE_PIN:
		page_unpin(s->call.kind == SWEEP_MEASURED ? pfn_add(s->call.source, first) : pfn, n);
		break;
	case PHASE_CLAIM_HOST:
	case PHASE_CLAIM_FREE:
	case PHASE_CLAIM:
		undo_claim(s, pfn, n);
		break;
	case PHASE_RESERVE:
		undo_reserve(s, t, first, n);
		break;
	case PHASE_SCRUB:
	case PHASE_HASH:
	case PHASE_CHECK:
	case PHASE_CONVERT:
	case PHASE_RETURN:
	case PHASE_POOL:
	case PHASE_OWN:
	case PHASE_MAP:
	case PHASE_UNPIN:
	case PHASE_BLOCK:
	case PHASE_UNBLOCK:
	case PHASE_REMOVE:
	case PHASE_END:
		/* Nobody sees the first three, and after the others there is no way back. */
		break;
	}
}

static bool leaves_no_trace(enum phase p)
{
	return p == PHASE_SCRUB || p == PHASE_HASH || p >= PHASE_CHECK;
}

static bool step_back(struct sweep *s, struct tvm *t)
{
	enum phase p = phase_of(s);
	u64 n = leaves_no_trace(p) ? s->done : at_most(s, s->done);

	s->done -= n;
	if (n)
		undo_phase(s, t, p, s->done, n);
	if (!s->done && s->phase) {
		s->phase--;
		s->done = total_of(s);
		return false;
	}
	return !s->done;
}

static u64 cost_of(const struct sweep *s)
{
	u64 n = s->back ? s->done : total_of(s) - s->done;

	if (phase_of(s) == PHASE_HASH)
		return STEP_FRAMES;
	if (phase_of(s) >= PHASE_BLOCK || phase_of(s) == PHASE_CHECK)
		return STEP_LEAVES;	/* whatever part comes next, of a leaf's frames too */
	n = at_most(s, phase_of(s) == PHASE_SCRUB ? n * SCRUB_COST : n);
	return MAX(n, 1ULL);
}

bool sweep_step(struct sweep *s, struct tvm *t)
{
	for (u64 cost = cost_of(s);; cost += cost_of(s)) {
		if (s->back ? step_back(s, t) : step_on(s, t))
			return true;
		if (cost + cost_of(s) > STEP_FRAMES + STEP_SLACK)
			return false;
	}
}

void tvm_sweep_abandon(struct tvm *t)
{
	check(!t->sweep.working);
	if (phase_of(&t->sweep) < PHASE_CONVERT)
		t->sweep.back = true;
}

/* --- the record of a TVM's ------------------------------------------------------------------------------------------ */

static bool same_call(const struct sweep_call *a, const struct sweep_call *b)
{
	return a->kind == b->kind && a->lenient == b->lenient && a->pfn.v == b->pfn.v && a->source.v == b->source.v &&
	       a->frames == b->frames && a->range.gpa.v == b->range.gpa.v && a->range.count == b->range.count &&
	       a->range.level == b->range.level;
}

static bool right_state(const struct tvm *t, enum sweep_kind kind)
{
	if (kind == SWEEP_MEASURED)
		return t->state == TVM_INITIALIZING;
	return kind == SWEEP_POOL || t->state == TVM_RUNNABLE;
}

static enum tsm_err begin(struct tvm *t, const struct sweep_call *c)
{
	struct sweep *s = &t->sweep;

	if (!right_state(t, c->kind))
		return TSM_E_PARAM;
	if (s->active) {
		if (s->working || !same_call(&s->call, c))
			return TSM_AGAIN;
		s->working = true;
		return TSM_OK;
	}
	*s = (struct sweep){ .active = true, .working = true, .call = *c };
	t->builders += c->kind == SWEEP_MEASURED;
	return TSM_OK;
}

enum tsm_err tvm_sweep_begin(struct tvm *t, const struct sweep_call *c)
{
	enum tsm_err err;

	spin_lock(&t->lock);
	err = begin(t, c);
	spin_unlock(&t->lock);
	return err;
}

void tvm_sweep_pause(struct tvm *t)
{
	spin_lock(&t->lock);
	check(t->sweep.working);
	t->sweep.working = false;
	spin_unlock(&t->lock);
}

enum tsm_err tvm_sweep_end(struct tvm *t)
{
	enum tsm_err err;

	spin_lock(&t->lock);
	check(t->sweep.working);
	err = t->sweep.err;
	t->builders -= t->sweep.call.kind == SWEEP_MEASURED;
	t->sweep = (struct sweep){ 0 };
	spin_unlock(&t->lock);
	return err;
}

bool tvm_span_is_swept(const struct tvm *t, gpa_t gpa, u64 size)
{
	const struct sweep *s = &t->sweep;
	struct gstage_span span;

	if (likely(!s->active) || s->call.kind < SWEEP_BLOCK)
		return false;
	span = span_of(s);
	return ranges_overlap(gpa.v, size, span.gpa.v, span.size);
}

/* --- for check/ ---------------------------------------------------------------------------------------------------- */

/* How far the sweep is through phase @p, in frames or leaves. */
static u64 through(const struct sweep *s, enum phase p)
{
	for (u32 i = 0; i < s->phase; i++)
		if (phases[s->call.kind][i] == p)
			return over_leaves(p) ? s->call.range.count : s->call.frames;
	return phase_of(s) == p ? s->done : 0;
}

struct sweep_holds sweep_holds(const struct sweep *s)
{
	u64 claimed = through(s, PHASE_CLAIM_HOST) + through(s, PHASE_CLAIM_FREE) + through(s, PHASE_CLAIM);
	u64 own = through(s, PHASE_OWN);
	u64 leaf = s->call.range.count ? s->call.frames / s->call.range.count : 1;
	bool shared = s->call.kind == SWEEP_SHARED;

	return (struct sweep_holds){
		.claimed_first = own + through(s, PHASE_CONVERT) + through(s, PHASE_RETURN) + through(s, PHASE_POOL),
		.claimed_end = claimed,
		.pinned_first = shared ? through(s, PHASE_MAP) * leaf : through(s, PHASE_UNPIN),
		.pinned_end = through(s, PHASE_PIN),
		.owned_first = through(s, PHASE_MAP) * leaf,
		.owned_end = own,
		.flight_first = through(s, PHASE_MAP),
		.flight_end = through(s, PHASE_RESERVE),
	};
}
