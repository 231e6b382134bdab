/* SPDX-License-Identifier: BSD-2-Clause */
/* COVH: pages between the host and the TSM, and the fences between them (ABI.md 4.2 to 4.5, 13). */
#include "abi/call.h"
#include "abi/stretch.h"
#include "host/convert.h"
#include "host/space.h"
#include "io/iommu.h"
#include "page/page.h"
#include "tvm/sweep.h"

struct page_plan {
	pfn_t pfn;
	u64 count;
	bool nothing;		/* RECLAIM: the pages are the host's already */
	bool sweep;		/* too many for one stretch: nothing is claimed yet */
	u32 who;		/* CONVERT: only the frames whose claim is signed so; 0: all */
};

/* How a hart signs the claims of a CONVERT that passes over pages. */
static u32 signature(const struct hart *h)
{
	return h->index + 1;
}

/* How many of the frames from @pfn on are signed so, or (@theirs) are not. */
static u64 signed_run(pfn_t pfn, u64 count, u32 who, bool theirs)
{
	u64 n = 0;

	while (n < count && page_claim_is(pfn_add(pfn, n), who) != theirs)
		n++;
	return n;
}

/* The frames that are signed so become the host's again, or are converted. */
static void signed_end(pfn_t pfn, u64 count, u32 who, bool convert)
{
	for (u64 first = 0; first < count;) {
		u64 n = signed_run(pfn_add(pfn, first), count - first, who, false);
		pfn_t run = pfn_add(pfn, first);

		if (n && convert)
			host_convert(run, n);
		else if (n)
			page_commit(run, n, PAGE_HOST, 0, 0);
		first += n;
		first += signed_run(pfn_add(pfn, first), count - first, who, true);
	}
}

/* Another call held the word, or has just let go of it. */
static bool passing(u64 word)
{
	return page_word_busy(word) || word == page_word_make(PAGE_HOST, 0, 0);
}

/*
 * Claims what is the host's in a range of which the rest is confidential already, and signs it:
 * while this goes on the rest may become the host's, and another call's. Two vCPUs that fault on
 * one page make the RFC client convert it twice (ABI.md 17.2).
 */
static enum tsm_err claim_rest(pfn_t pfn, u64 count, u32 who)
{
	for (u64 i = 0; i < count; i++) {
		pfn_t at = pfn_add(pfn, i);
		u64 word;

		if (page_claim(at, 1, PAGE_HOST, 0) == TSM_OK) {
			page_claim_sign(at, who);
			continue;
		}
		word = page_word(at);
		if (page_word_busy(word) || page_word_state(word) < PAGE_CONVERTING) {
			signed_end(pfn, i, who, false);
			return passing(word) ? TSM_AGAIN : TSM_E_ADDRESS;
		}
	}
	return TSM_OK;
}

/* What a paused call holds, it may hold for ever: that is no passing matter. */
static enum tsm_err unless_held(enum tsm_err err, pfn_t pfn, u64 count)
{
	return err == TSM_AGAIN && sweep_host_overlaps(pfn, count) ? TSM_E_ADDRESS : err;
}

/* CONVERT or RECLAIM of more than one stretch can see to. */
static struct reply host_sweep(enum sweep_kind kind, pfn_t pfn, u64 count)
{
	const struct sweep_call c = { .kind = kind, .pfn = pfn, .frames = count };
	struct sweep *s;
	enum tsm_err err = sweep_host_begin(&c, &s);

	if (err != TSM_OK)
		return reply_value(err, 0);
	while (!sweep_step(s, NULL)) {
		if (!host_wants_hart())
			continue;
		sweep_host_pause(s);
		return reply_value(TSM_AGAIN, 0);
	}
	return reply_value(unless_held(sweep_host_end(s), pfn, count), count);
}

static enum tsm_err convert_decode(const struct call *c, struct page_plan *p)
{
	enum tsm_err err = call_range(c->arg[0], c->arg[1], &p->pfn);

	*p = (struct page_plan){ .pfn = p->pfn, .count = c->arg[1] };
	p->sweep = p->count > SWEEP_FRAMES;
	if (err != TSM_OK || p->sweep)
		return err;
	err = page_claim(p->pfn, p->count, PAGE_HOST, 0);
	if (err == TSM_OK || !call_deviates(c))
		return err;
	p->who = signature(c->hart);
	return unless_held(claim_rest(p->pfn, p->count, p->who), p->pfn, p->count);
}

static void convert_perform(const struct page_plan *p)
{
	if (p->who)
		signed_end(p->pfn, p->count, p->who, true);
	else
		host_convert(p->pfn, p->count);
}

/* COVH convert_pages. Refuses: count 0, base unaligned, any page not the host's or referenced. */
struct reply covh_convert_pages(const struct call *c)
{
	struct page_plan p = { 0 };
	enum tsm_err err = convert_decode(c, &p);

	if (err == TSM_OK && p.sweep)
		return host_sweep(SWEEP_CONVERT, p.pfn, p.count);
	if (err == TSM_OK)
		convert_perform(&p);
	return reply_value(err, p.count);
}

static bool all_host(pfn_t pfn, u64 count)
{
	for (u64 done = 0; done < count; done += page_run(pfn_add(pfn, done), count - done))
		if (page_word_state(page_word(pfn_add(pfn, done))) != PAGE_HOST)
			return false;
	return true;
}

static enum tsm_err reclaim_decode(const struct call *c, struct page_plan *p)
{
	enum tsm_err err = call_range(c->arg[0], c->arg[1], &p->pfn);

	*p = (struct page_plan){ .pfn = p->pfn, .count = c->arg[1] };
	p->sweep = p->count > SWEEP_FRAMES;
	if (err != TSM_OK || p->sweep)
		return err;
	if (page_claim(p->pfn, p->count, PAGE_CONVERTED, 0) == TSM_OK)
		return TSM_OK;
	p->nothing = all_host(p->pfn, p->count);
	return p->nothing ? TSM_OK : unless_held(host_claim_mixed(p->pfn, p->count), p->pfn, p->count);
}

/*
 * COVH reclaim_pages. Refuses: count 0, base unaligned, any page assigned to a TVM. Pages that are
 * not fenced yet hold nothing but the host's own data; pages that are the host's already stay as
 * they are.
 */
struct reply covh_reclaim_pages(const struct call *c)
{
	struct page_plan p = { 0 };
	enum tsm_err err = reclaim_decode(c, &p);

	if (err == TSM_OK && p.sweep)
		return host_sweep(SWEEP_RECLAIM, p.pfn, p.count);
	if (err == TSM_OK && !p.nothing) {
		if (!stretch_scrub(p.pfn, p.count))
			return reply_value(TSM_AGAIN, 0);
		host_return(p.pfn, p.count);
	}
	return reply_value(err, p.count);
}

/*
 * COVH global_fence. Refuses: a hart is still in the epoch before the current one; an IOMMU did not answer (FAILED). The new
 * epoch begins first: what the IOMMUs then forget is older than it. An earlier fence whose IOMMU did not answer is made up
 * for, or no later one could begin.
 */
struct reply covh_global_fence(const struct call *c)
{
	if (!iommu_is_current() && !iommu_fence())
		return reply_value(TSM_E_FAILED, 0);
	if (!epoch_advance(&host_epoch))
		return reply_value(TSM_E_ALREADY_STARTED, 0);
	if (!iommu_fence())
		return reply_value(TSM_E_FAILED, 0);
	host_space_enter(c->hart);
	return reply_value(TSM_OK, 0);
}

/* COVH local_fence. Never fails. */
struct reply covh_local_fence(const struct call *c)
{
	(void)c;
	host_space_enter(c->hart);
	return reply_value(TSM_OK, 0);
}
