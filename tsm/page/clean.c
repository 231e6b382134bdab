/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zeroing in parts. Nobody sees a PAGE_CONVERTED frame, so zeroing it changes nothing for anybody, and a mark in its word
 * keeps it from being zeroed again.
 */
#include "page/page.h"

#define CONVERTED	(PAGE_CONVERTED | PAGE_BUSY)
#define CLEAN		(CONVERTED | (u64)PAGE_INFO_CLEAN << 32)

void page_scrub_one(pfn_t pfn)
{
	if (rv_load(page_word_at(pfn)) != CLEAN)
		page_scrub(pfn, 1);
}

u64 page_scrub_some(pfn_t pfn, u64 count, u64 max)
{
	u64 done = 0, zeroed = 0;

	while (done < count && zeroed < max) {
		pfn_t at = pfn_add(pfn, done);
		u64 word = page_word(at);
		bool dirty = page_word_state(word) == PAGE_CONVERTED && word != CLEAN;
		u64 left = count - done, room = max - zeroed;
		u64 n = page_run(at, dirty ? MIN(left, room) : left);

		if (dirty) {
			page_scrub(at, n);
			zeroed += n;
		}
		done += n;
	}
	return done;
}

void page_unclaim_clean(pfn_t pfn, u64 count, u64 clean)
{
	for (u64 done = 0, n; done < count; done += n) {
		pfn_t at = pfn_add(pfn, done);
		u64 left = done < clean ? clean - done : count - done;

		n = page_run(at, left);
		if (done < clean && page_word_state(page_word(at)) == PAGE_CONVERTED)
			page_commit(at, n, PAGE_CONVERTED, 0, PAGE_INFO_CLEAN);
		else
			page_unclaim(at, n);
	}
}
