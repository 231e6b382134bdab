/* SPDX-License-Identifier: BSD-2-Clause */
#include "abi/stretch.h"
#include "page/page.h"
#include "rv_arch.h"

/* Frames between two looks at the host's interrupts: about 35,000 instructions without Zicboz. */
#define STRETCH_PAGES	64

/* info of a PAGE_CONVERTED word: the frame is zero. */
#define CONVERTED_CLEAN	1

bool host_wants_hart(void)
{
	if (csr_read(CSR_SIP) & csr_read(CSR_SIE))
		return true;
	return (csr_read(CSR_VSSTATUS) & SSTATUS_SIE) && (csr_read(CSR_VSIP) & csr_read(CSR_VSIE));
}

static bool needs_scrub(pfn_t pfn)
{
	u64 word = page_word(pfn);

	return page_word_state(word) == PAGE_CONVERTED && page_word_info(word) != CONVERTED_CLEAN;
}

/* Releases the claims; converted frames among the first @done are marked as zero. */
static void release(pfn_t pfn, u64 count, u64 done)
{
	for (u64 i = 0; i < count; i++) {
		pfn_t p = pfn_add(pfn, i);

		if (i < done && page_word_state(page_word(p)) == PAGE_CONVERTED)
			page_commit(p, 1, PAGE_CONVERTED, 0, CONVERTED_CLEAN);
		else
			page_unclaim(p, 1);
	}
}

bool stretch_scrub(pfn_t pfn, u64 count)
{
	u64 scrubbed = 0;

	for (u64 i = 0; i < count; i++) {
		if (!needs_scrub(pfn_add(pfn, i)))
			continue;
		if (scrubbed >= STRETCH_PAGES && host_wants_hart()) {
			release(pfn, count, i);
			return false;
		}
		if (scrubbed >= STRETCH_PAGES)
			scrubbed = 0;
		page_scrub(pfn_add(pfn, i), 1);
		scrubbed++;
	}
	return true;
}
