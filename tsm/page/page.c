/* SPDX-License-Identifier: BSD-2-Clause */
#include "page/page.h"
#include "base/check.h"
#include "rv_arch.h"

struct epoch host_epoch;

struct page_bank page_banks[PAGE_MAX_BANKS];
static u32 bank_count;
static u64 cboz_block;

void page_bank_add(const struct page_bank *bank, enum page_state state)
{
	u64 word = page_word_make(state, 0, 0);

	check(bank_count < PAGE_MAX_BANKS);
	for (u64 i = 0; i < bank->count; i++)
		bank->words[i] = word;
	page_banks[bank_count++] = *bank;
}

/* The bank in which all of [pfn, pfn + count) lies, or NULL. */
static const struct page_bank *range_bank(pfn_t pfn, u64 count)
{
	for (u32 i = 0; i < bank_count; i++) {
		u64 off = pfn.v - page_banks[i].first;

		if (off < page_banks[i].count && count <= page_banks[i].count - off)
			return &page_banks[i];
	}
	return NULL;
}

/* The words of a range, or NULL. Most RAM is in the first bank. */
u64 *page_range_words(pfn_t pfn, u64 count)
{
	const u64 off = pfn.v - page_banks[0].first, frames = page_banks[0].count;
	const struct page_bank *b;

	if (likely(off < frames && count <= frames - off))
		return &page_banks[0].words[off];
	b = range_bank(pfn, count);
	return b ? &b->words[pfn.v - b->first] : NULL;
}

static u64 *must_words(pfn_t pfn, u64 count)
{
	u64 *w = page_range_words(pfn, count);

	check(w);
	return w;
}

void page_boot_set(pfn_t pfn, u64 count, enum page_state state)
{
	u64 *w = must_words(pfn, count);

	for (u64 i = 0; i < count; i++)
		w[i] = page_word_make(state, 0, 0);
}

bool page_range_is_ram(pfn_t pfn, u64 count)
{
	const struct page_bank *b = count ? range_bank(pfn, count) : NULL;

	return b && b->kind == PAGE_KIND_RAM;
}

bool page_is_imsic(pfn_t pfn)
{
	const struct page_bank *b = range_bank(pfn, 1);

	return b && b->kind == PAGE_KIND_IMSIC;
}

u64 page_word(pfn_t pfn)
{
	u64 *w = page_frame_word(pfn);

	return w ? __atomic_load_n(w, __ATOMIC_ACQUIRE) : page_word_make(PAGE_RESERVED, 0, 0);
}

u64 *page_word_at(pfn_t pfn)
{
	return must_words(pfn, 1);
}

/* The same for a claim: what the frame holds is read after it; what came before it need not be seen by others. */
static inline bool word_take(u64 *w, u64 *old, u64 new)
{
	return __atomic_compare_exchange_n(w, old, new, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* What @word turns into when it is claimed from @from; false when it cannot be. */
static bool claimed_word(u64 word, enum page_state from, u64 owner, u64 *claimed)
{
	enum page_state state = page_word_state(word);

	if (page_word_busy(word))
		return false;
	*claimed = word | PAGE_BUSY;
	if (state == from && page_word_owner(word) == owner)
		return from != PAGE_HOST || page_word_info(word) == 0;
	if (from == PAGE_CONVERTED && state == PAGE_CONVERTING &&
	    epoch_passed(&host_epoch, page_word_info(word))) {
		*claimed = page_word_make(PAGE_CONVERTED, 0, 0) | PAGE_BUSY;
		return true;
	}
	return false;
}

/* Words of a range are mostly the same: what the last one was claimed from and into is tried first. */
enum tsm_err page_claim(pfn_t pfn, u64 count, enum page_state from, u64 owner)
{
	u64 *w = page_range_words(pfn, count);
	u64 usual = page_word_make(from, owner, 0);
	u64 claimed = usual | PAGE_BUSY;

	if (!w || !count)
		return TSM_E_ADDRESS;
	for (u64 i = 0; i < count; i++) {
		u64 old = usual;

		if (likely(word_take(&w[i], &old, claimed)))
			continue;
		if (!claimed_word(old, from, owner, &claimed) || !word_take(&w[i], &old, claimed)) {
			page_unclaim(pfn, i);
			return TSM_E_ADDRESS;
		}
		usual = old;
	}
	return TSM_OK;
}

void page_unclaim(pfn_t pfn, u64 count)
{
	u64 *w, all = PAGE_BUSY;

	if (!count)
		return;
	w = must_words(pfn, count);
	for (u64 i = 0; i < count; i++) {
		u64 old = __atomic_load_n(&w[i], __ATOMIC_RELAXED);

		all &= old;
		__atomic_store_n(&w[i], old & ~PAGE_BUSY, __ATOMIC_RELEASE);
	}
	check(all);
}

u64 page_run(pfn_t pfn, u64 count)
{
	const u64 *w = must_words(pfn, count);
	u64 word = __atomic_load_n(w, __ATOMIC_RELAXED);
	u64 n = 1;

	while (n < count && __atomic_load_n(&w[n], __ATOMIC_RELAXED) == word)
		n++;
	return n;
}

static u64 signed_word(u32 who)
{
	return page_word_make(PAGE_HOST, who, 0) | PAGE_BUSY;
}

void page_claim_sign(pfn_t pfn, u32 who)
{
	u64 *w = must_words(pfn, 1);

	check(who && __atomic_load_n(w, __ATOMIC_RELAXED) == signed_word(0));
	__atomic_store_n(w, signed_word(who), __ATOMIC_RELAXED);
}

bool page_claim_is(pfn_t pfn, u32 who)
{
	return page_word(pfn) == signed_word(who);
}

void page_commit(pfn_t pfn, u64 count, enum page_state to, u64 owner, u32 info)
{
	u64 *w = must_words(pfn, count);
	u64 word = page_word_make(to, owner, info);
	u64 all = PAGE_BUSY;

	for (u64 i = 0; i < count; i++) {
		all &= __atomic_load_n(&w[i], __ATOMIC_RELAXED);
		__atomic_store_n(&w[i], word, __ATOMIC_RELEASE);
	}
	check(all);
}

void page_disown(pfn_t pfn, u64 count, enum page_state state, u64 owner)
{
	u64 *w = must_words(pfn, count);
	u64 owned = page_word_make(state, owner, 0);
	u64 word = page_word_make(PAGE_CONVERTED, 0, 0);
	u64 other = 0;

	for (u64 i = 0; i < count; i++) {
		other |= __atomic_load_n(&w[i], __ATOMIC_RELAXED) ^ owned;
		__atomic_store_n(&w[i], word, __ATOMIC_RELEASE);
	}
	check(!other);
}

enum tsm_err page_pin(pfn_t pfn, u64 count)
{
	u64 *w = page_range_words(pfn, count);

	if (!page_range_is_ram(pfn, count))
		return TSM_E_ADDRESS;
	for (u64 i = 0; i < count; i++) {
		if (!page_word_ref(&w[i], PAGE_HOST, 0)) {
			page_unpin(pfn, i);
			return TSM_E_ADDRESS;
		}
	}
	return TSM_OK;
}

void page_unpin(pfn_t pfn, u64 count)
{
	u64 *w;

	if (!count)
		return;
	w = must_words(pfn, count);
	for (u64 i = 0; i < count; i++)
		page_unref(&w[i]);
}

u64 *page_ref(pfn_t pfn, enum page_state state, u64 owner)
{
	u64 *w = page_frame_word(pfn);

	return likely(w) && page_word_ref(w, state, owner) ? w : NULL;
}

enum tsm_err page_claim_unreferenced(pfn_t pfn, enum page_state state, u64 owner)
{
	u64 *w = page_range_words(pfn, 1);
	u64 old = page_word_make(state, owner, 0);

	return w && page_word_swap(w, &old, old | PAGE_BUSY) ? TSM_OK : TSM_E_ADDRESS;
}

void page_scrub_init(u64 block)
{
	cboz_block = block;
}

void page_scrub(pfn_t pfn, u64 count)
{
	char *p = spa_ptr(pfn_spa(pfn));

	if (cboz_block)
		rv_cbo_zero(p, count * PAGE_SIZE, cboz_block);
	else
		rv_zero(p, count * PAGE_SIZE);
}

u64 page_scrub_confidential(void)
{
	u64 done = 0;

	for (u32 b = 0; b < bank_count; b++) {
		if (page_banks[b].kind != PAGE_KIND_RAM)
			continue;
		for (u64 i = 0; i < page_banks[b].count; i++)
			if (page_word_state(page_banks[b].words[i]) >= PAGE_CONVERTING) {
				page_scrub(PFN(page_banks[b].first + i), 1);
				done++;
			}
	}
	return done;
}
