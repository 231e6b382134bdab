/* SPDX-License-Identifier: BSD-2-Clause */
/* COVH: pages between the host and the TSM, and the fences between them (ABI.md 4.2 to 4.5, 13). */
#include "abi/call.h"
#include "abi/stretch.h"
#include "host/space.h"
#include "page/page.h"

struct page_plan {
	pfn_t pfn;
	u64 count;
	bool nothing;		/* the pages are where they should go already */
};

/* A word that another call holds is a passing matter; anything else is an answer. */
static enum tsm_err refusal(pfn_t pfn, u64 count)
{
	for (u64 i = 0; i < count; i++)
		if (page_word_busy(page_word(pfn_add(pfn, i))))
			return TSM_AGAIN;
	return TSM_E_ADDRESS;
}

/* Confidential already, by this host's own earlier call. */
static bool all_converted(pfn_t pfn, u64 count)
{
	for (u64 i = 0; i < count; i++) {
		u64 word = page_word(pfn_add(pfn, i));
		enum page_state state = page_word_state(word);

		if (page_word_busy(word) || state < PAGE_CONVERTING)
			return false;
	}
	return true;
}

static enum tsm_err convert_decode(const struct call *c, struct page_plan *p)
{
	enum tsm_err err = call_range(c->arg[0], c->arg[1], &p->pfn);

	*p = (struct page_plan){ .pfn = p->pfn, .count = c->arg[1] };
	if (err != TSM_OK)
		return err;
	err = page_claim(p->pfn, p->count, PAGE_HOST, 0);
	if (err == TSM_OK || !call_deviates(c))
		return err;
	/* Two vCPUs that fault on one page make the RFC client convert it twice (ABI.md 17.2). */
	p->nothing = all_converted(p->pfn, p->count);
	return p->nothing ? TSM_OK : refusal(p->pfn, p->count);
}

static void convert_perform(const struct page_plan *p)
{
	host_space_unmap(p->pfn, p->count);
	/*
	 * The stamp is taken after the unmapping: the fence that follows it covers every
	 * translation.
	 */
	page_commit(p->pfn, p->count, PAGE_CONVERTING, 0, epoch_stamp(&host_epoch));
}

/* COVH convert_pages. Refuses: count 0, base unaligned, any page not the host's or referenced. */
struct reply covh_convert_pages(const struct call *c)
{
	struct page_plan p = { 0 };
	enum tsm_err err = convert_decode(c, &p);

	if (err == TSM_OK && !p.nothing)
		convert_perform(&p);
	return reply_value(err, p.count);
}

static bool all_host(pfn_t pfn, u64 count)
{
	for (u64 i = 0; i < count; i++)
		if (page_word_state(page_word(pfn_add(pfn, i))) != PAGE_HOST)
			return false;
	return true;
}

static enum tsm_err claim_any(pfn_t pfn)
{
	if (page_claim(pfn, 1, PAGE_CONVERTED, 0) == TSM_OK ||
	    page_claim(pfn, 1, PAGE_CONVERTING, 0) == TSM_OK)
		return TSM_OK;
	return page_claim(pfn, 1, PAGE_HOST, 0);
}

/* Claims a range in which some pages were never fenced, and some may be the host's. */
static enum tsm_err claim_mixed(pfn_t pfn, u64 count)
{
	for (u64 i = 0; i < count; i++) {
		if (claim_any(pfn_add(pfn, i)) == TSM_OK)
			continue;
		page_unclaim(pfn, i);
		return refusal(pfn_add(pfn, i), 1);
	}
	return TSM_OK;
}

static enum tsm_err reclaim_decode(const struct call *c, struct page_plan *p)
{
	enum tsm_err err = call_range(c->arg[0], c->arg[1], &p->pfn);

	*p = (struct page_plan){ .pfn = p->pfn, .count = c->arg[1] };
	if (err != TSM_OK)
		return err;
	p->nothing = all_host(p->pfn, p->count);
	if (p->nothing || page_claim(p->pfn, p->count, PAGE_CONVERTED, 0) == TSM_OK)
		return TSM_OK;
	return claim_mixed(p->pfn, p->count);
}

/* One run of frames in one state, all claimed. Zero before the host can read them. */
static void run_return(pfn_t pfn, u64 count, enum page_state state)
{
	if (state == PAGE_HOST)
		return page_unclaim(pfn, count);
	host_space_map(pfn, count);
	page_commit(pfn, count, PAGE_HOST, 0, 0);
}

static void reclaim_perform(const struct page_plan *p)
{
	u64 first = 0;

	while (first < p->count) {
		enum page_state state = page_word_state(page_word(pfn_add(p->pfn, first)));
		u64 n = 1;

		while (first + n < p->count &&
		       page_word_state(page_word(pfn_add(p->pfn, first + n))) == state)
			n++;
		run_return(pfn_add(p->pfn, first), n, state);
		first += n;
	}
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

	if (err == TSM_OK && !p.nothing) {
		if (!stretch_scrub(p.pfn, p.count))
			return reply_value(TSM_AGAIN, 0);
		reclaim_perform(&p);
	}
	return reply_value(err, p.count);
}

/* COVH global_fence. Refuses: a hart is still in the epoch before the current one. */
struct reply covh_global_fence(const struct call *c)
{
	(void)c;
	if (!epoch_advance(&host_epoch))
		return reply_value(TSM_E_ALREADY_STARTED, 0);
	host_space_enter();
	return reply_value(TSM_OK, 0);
}

/* COVH local_fence. Never fails. */
struct reply covh_local_fence(const struct call *c)
{
	(void)c;
	host_space_enter();
	return reply_value(TSM_OK, 0);
}
