/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page.h as the handlers' proofs see it: what its comments promise, in loops over all words that there are, which CBMC follows
 * a hundred times faster than page.c's pointers. That page.c keeps these promises is for the unit tests, the oracle and the model.
 */
#include "proof.h"
#include "rv_arch.h"

struct epoch host_epoch;
/* The word's epoch has passed, if it has one: as long as the call lasts. */
bool proof_fenced[PROOF_WORDS];

/* The words [*first, *first + count) of the range; false: not all in one bank. */
static bool range_words(pfn_t pfn, u64 count, u64 *first)
{
	u64 ram = pfn.v - PROOF_FIRST, file = pfn.v - PROOF_IMSIC;

	if (ram < PROOF_FRAMES) {
		*first = ram;
		return count <= PROOF_FRAMES - ram;
	}
	*first = PROOF_FRAMES + file;
	return file < PROOF_FILES && count <= PROOF_FILES - file;
}

#define for_words(i, first, count)						\
	for (u32 i = 0; i < PROOF_WORDS; i++)					\
		if (i >= (first) && i - (first) < (count))

static u64 must_words(pfn_t pfn, u64 count)
{
	u64 first;
	bool ok = range_words(pfn, count, &first);

	proof_check(ok, "the frames have words");
	proof_assume(ok);
	return first;
}

bool page_range_is_ram(pfn_t pfn, u64 count)
{
	u64 first;

	return count && range_words(pfn, count, &first) && first < PROOF_FRAMES;
}

bool page_is_imsic(pfn_t pfn)
{
	return pfn.v - PROOF_IMSIC < PROOF_FILES;
}

u64 page_word(pfn_t pfn)
{
	u64 first, word = page_word_make(PAGE_RESERVED, 0, 0);

	if (range_words(pfn, 1, &first))
		for_words(i, first, 1)
			word = words[i];
	return word;
}

static bool claimable(u32 i, enum page_state from, u64 owner)
{
	u64 word = words[i];
	enum page_state state = page_word_state(word);

	if (page_word_busy(word))
		return false;
	if (state == from && page_word_owner(word) == owner)
		return from != PAGE_HOST || page_word_info(word) == 0;
	return from == PAGE_CONVERTED && state == PAGE_CONVERTING && proof_fenced[i];
}

enum tsm_err page_claim(pfn_t pfn, u64 count, enum page_state from, u64 owner)
{
	u64 first;

	if (!count || !range_words(pfn, count, &first))
		return TSM_E_ADDRESS;
	for_words(i, first, count)
		if (!claimable(i, from, owner))
			return TSM_E_ADDRESS;
	for_words(i, first, count)
		words[i] = (from == PAGE_CONVERTED && page_word_state(words[i]) == PAGE_CONVERTING ?
			    page_word_make(PAGE_CONVERTED, 0, 0) : words[i]) | PAGE_BUSY;
	return TSM_OK;
}

void page_unclaim(pfn_t pfn, u64 count)
{
	u64 first;

	if (!count)
		return;
	first = must_words(pfn, count);
	for_words(i, first, count) {
		proof_check(page_word_busy(words[i]), "what is released was claimed");
		words[i] &= ~PAGE_BUSY;
	}
}

void page_commit(pfn_t pfn, u64 count, enum page_state to, u64 owner, u32 info)
{
	u64 first = must_words(pfn, count);

	for_words(i, first, count) {
		proof_check(page_word_busy(words[i]), "what is committed was claimed");
		words[i] = page_word_make(to, owner, info);
	}
}

static u64 signed_word(u32 who)
{
	return page_word_make(PAGE_HOST, who, 0) | PAGE_BUSY;
}

void page_claim_sign(pfn_t pfn, u32 who)
{
	u64 first = must_words(pfn, 1);

	for_words(i, first, 1) {
		proof_check(who && words[i] == signed_word(0), "a claim of the host's is signed once");
		words[i] = signed_word(who);
	}
}

bool page_claim_is(pfn_t pfn, u32 who)
{
	return page_word(pfn) == signed_word(who);
}

enum tsm_err page_pin(pfn_t pfn, u64 count)
{
	u64 first;

	if (!count || !range_words(pfn, count, &first) || first >= PROOF_FRAMES)
		return TSM_E_ADDRESS;
	for_words(i, first, count)
		if (page_word_busy(words[i]) || page_word_state(words[i]) != PAGE_HOST || page_word_owner(words[i]) ||
		    page_word_info(words[i]) == UINT32_MAX)
			return TSM_E_ADDRESS;
	for_words(i, first, count)
		words[i] += BIT(32);
	return TSM_OK;
}

void page_unpin(pfn_t pfn, u64 count)
{
	u64 first;

	if (!count)
		return;
	first = must_words(pfn, count);
	for_words(i, first, count) {
		proof_check(page_word_info(words[i]) > 0, "what is unpinned was pinned");
		words[i] -= BIT(32);
	}
}

u64 page_run(pfn_t pfn, u64 count)
{
	u64 first = must_words(pfn, count), n = 0;
	bool all = true;

	for_words(i, first, count) {
		all = all && words[i] == page_word(pfn);
		n += all;
	}
	return n;
}

u64 *page_ref(pfn_t pfn, enum page_state state, u64 owner)
{
	proof_check(state == PAGE_TVM_STATE && owner == pfn.v, "a TVM is named by its first frame");
	if (pfn.v != PROOF_TVM || nondet_bool())
		return NULL;
	proof_tvm_word += BIT(32);
	return &proof_tvm_word;
}

u64 page_scrub_some(pfn_t pfn, u64 count, u64 max)
{
	u64 first = must_words(pfn, count), done = nondet_u64();

	proof_check(max > 0 && first < PROOF_FRAMES, "some frames of RAM");
	proof_assume(done <= count && (done > 0 || !count));
	for_words(i, first, count)
		proof_check(proof_touchable(i), "each of them is claimed");
	return done;
}

void page_unclaim_clean(pfn_t pfn, u64 count, u64 clean)
{
	u64 first = must_words(pfn, count);

	proof_check(clean <= count, "no more than there are");
	for_words(i, first, clean)
		if (page_word_state(words[i]) == PAGE_CONVERTED)
			words[i] = page_word_make(PAGE_CONVERTED, 0, PAGE_INFO_CLEAN) | PAGE_BUSY;
	page_unclaim(pfn, count);
}

void page_scrub(pfn_t pfn, u64 count)
{
	u64 first = must_words(pfn, count);

	proof_check(count && first < PROOF_FRAMES, "frames of RAM are zeroed");
	for_words(i, first, count)
		proof_check(proof_touchable(i), "each of them is claimed");
}
