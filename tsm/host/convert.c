/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/convert.h"
#include "host/space.h"
#include "page/page.h"

/* The stamp is taken after the unmapping: the fence that follows it covers every translation. */
void host_convert(pfn_t pfn, u64 count)
{
	host_space_unmap(pfn, count);
	page_commit(pfn, count, PAGE_CONVERTING, 0, epoch_stamp(&host_epoch));
}

/*
 * Words of CONVERTING frames whose fence was not complete: while frames are unmapped in one epoch others are in the one before, so
 * there are two at most. To ask again for each frame would take a look at every hart.
 */
struct unfenced {
	u64 word[2];
	u32 next;
};

static bool is_unfenced(const struct unfenced *u, u64 word)
{
	return word == u->word[0] || word == u->word[1];
}

/* A run of frames that have @word. */
static enum tsm_err claim_run(pfn_t pfn, u64 count, u64 word, struct unfenced *u)
{
	enum page_state state = page_word_state(word);

	if (page_word_busy(word))
		return TSM_AGAIN;
	if (state == PAGE_HOST)
		return page_claim(pfn, count, PAGE_HOST, 0);
	if (state != PAGE_CONVERTING)
		return page_claim(pfn, count, PAGE_CONVERTED, 0);
	if (!is_unfenced(u, word)) {
		if (page_claim(pfn, count, PAGE_CONVERTED, 0) == TSM_OK)
			return TSM_OK;
		u->word[u->next++ % 2] = word;
	}
	return page_claim(pfn, count, PAGE_CONVERTING, 0);
}

enum tsm_err host_claim_mixed(pfn_t pfn, u64 count)
{
	struct unfenced u = { 0 };

	for (u64 done = 0, n; done < count; done += n) {
		pfn_t at = pfn_add(pfn, done);
		u64 word = page_word(at);
		enum tsm_err err;

		n = page_run(at, count - done);
		err = claim_run(at, n, word, &u);
		if (err == TSM_OK)
			continue;
		page_unclaim(pfn, done);
		/* A word that another call holds, or has held, is a passing matter; anything else is an answer. */
		return page_word(at) != word || page_run(at, n) != n ? TSM_AGAIN : err;
	}
	return TSM_OK;
}

void host_return(pfn_t pfn, u64 count)
{
	for (u64 done = 0, n; done < count; done += n) {
		pfn_t at = pfn_add(pfn, done);

		n = page_run(at, count - done);
		if (page_word_state(page_word(at)) == PAGE_HOST) {
			page_unclaim(at, n);
			continue;
		}
		host_space_map(at, n);
		page_commit(at, n, PAGE_HOST, 0, 0);
	}
}
