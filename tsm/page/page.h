/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page states: one 8-byte word per 4 KiB frame of RAM holds its state, its owner, a count or an epoch, and a busy bit.
 *
 * Invariant: a frame that the host or a device can reach is PAGE_HOST; every other state means that no host mapping of
 * it exists, or (PAGE_CONVERTING) that only translations older than a fence may. A word with the busy bit belongs to the
 * call that set it: nobody else changes it or touches the frame. A call claims (busy) all that it needs, checks, and
 * only then performs; a refusal releases the claims, and the words are as they were.
 *
 * Lock order (outer first): tvm lock -> host block lock -> log; a TVM's measurement lock is held alone. Busy bits are
 * not waited for while a lock is held: a claim of a busy word fails, it does not spin.
 */
#ifndef PAGE_PAGE_H
#define PAGE_PAGE_H

#include "base/check.h"
#include "base/types.h"
#include "base/err.h"
#include "page/epoch.h"
#include "rv_arch.h"

enum page_state {
	PAGE_RESERVED,		/* not RAM, or firmware's: never touched */
	PAGE_TSM,		/* the TSM's own */
	PAGE_HOST,		/* host memory; info = pins and TVM mappings (ABI "Shared(rc)" where > 0) */
	PAGE_CONVERTING,	/* unmapped from the host; info = host epoch at which it was; stale translations may live */
	PAGE_CONVERTED,		/* confidential, unassigned */
	PAGE_TVM_DATA,		/* mapped in the owner's G-stage */
	PAGE_TVM_BLOCKED,	/* in the owner's G-stage, invalid; info = the owner's epoch */
	PAGE_TVM_TABLE,		/* the owner's page-table pool, or one of its tables */
	PAGE_TVM_STATE,		/* struct tvm; the first frame's number is the TVM's id, info = references to it */
	PAGE_VCPU_STATE,	/* struct vcpu; info = 1 in the first frame of a vCPU */
	PAGE_STATE_COUNT,
};

#define PAGE_BUSY		BIT(4)
#define PAGE_OWNER_BITS		26
#define PAGE_OWNER_SHIFT	5
#define PAGE_OWNER_MASK		(BIT(PAGE_OWNER_BITS) - 1)
/* A frame number must fit the owner field: RAM lies below this address. */
/* A frame number must fit the owner field, and Sv39 must reach it: RAM lies below this address. */
#define PAGE_MAX_SPA		(1ULL << (PAGE_OWNER_BITS + PAGE_SHIFT))

/* info of a PAGE_CONVERTED frame of RAM: it is zero. */
#define PAGE_INFO_CLEAN		1

#define PAGE_MAX_BANKS		9		/* eight of RAM, one of interrupt files */

/*
 * What lies behind the frames of a bank. Interrupt files have words like RAM, so that they change hands by the same rules; but they
 * are never read, written, zeroed or pinned as memory.
 */
enum page_kind {
	PAGE_KIND_RAM,		/* 2 MiB-aligned at both ends */
	PAGE_KIND_IMSIC,
};

/* words[i] belongs to frame first + i. */
struct page_bank {
	u64 first;		/* frame number */
	u64 count;		/* frames */
	u64 *words;
	enum page_kind kind;
};

static inline u64 page_word_make(enum page_state state, u64 owner, u32 info)
{
	return (u64)state | owner << PAGE_OWNER_SHIFT | (u64)info << 32;
}

static inline enum page_state page_word_state(u64 word) { return (enum page_state)(word & 0xf); }
static inline bool page_word_busy(u64 word) { return word & PAGE_BUSY; }
static inline u64 page_word_owner(u64 word) { return word >> PAGE_OWNER_SHIFT & PAGE_OWNER_MASK; }
static inline u32 page_word_info(u64 word) { return (u32)(word >> 32); }

/* Boot only: declares a bank whose words array holds bank->count entries; all of them become @state. */
void page_bank_add(const struct page_bank *bank, enum page_state state);
/* Boot only: sets [pfn, pfn + count) to @state, whatever it was. */
void page_boot_set(pfn_t pfn, u64 count, enum page_state state);

/* True when all of [pfn, pfn + count), count >= 1, is RAM of one bank. Wrapping ranges are not. */
bool page_range_is_ram(pfn_t pfn, u64 count);
/* True when the frame lies in a bank of interrupt files. */
bool page_is_imsic(pfn_t pfn);

/* All RAM and all interrupt files; fixed after boot. */
extern struct page_bank page_banks[PAGE_MAX_BANKS];

/* The words of [pfn, pfn + count), which lies in one bank; or NULL. */
u64 *page_range_words(pfn_t pfn, u64 count);

/* The word of one frame, or NULL. Most RAM is in the first bank. For this room; others see it through page_word(). */
static inline u64 *page_frame_word(pfn_t pfn)
{
	u64 off = pfn.v - page_banks[0].first;

	return likely(off < page_banks[0].count) ? &page_banks[0].words[off] : page_range_words(pfn, 1);
}

/* The same for the first bank alone. */
static inline u64 *page_main_word(pfn_t pfn)
{
	u64 off = pfn.v - page_banks[0].first;

	return likely(off < page_banks[0].count) ? &page_banks[0].words[off] : NULL;
}

static inline bool page_word_swap(u64 *w, u64 *old, u64 new)
{
	return __atomic_compare_exchange_n(w, old, new, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* One more reference to a word that is non-busy, in @state and owned by @owner. */
static inline bool page_word_ref(u64 *w, enum page_state state, u64 owner)
{
	u64 old = __atomic_load_n(w, __ATOMIC_RELAXED);
	u64 new;

	do {
		new = old + BIT(32);
		/* All but info at once; info does not wrap. */
		if ((s32)old != (s32)page_word_make(state, owner, 0) || !page_word_info(new))
			return false;
	} while (unlikely(!page_word_swap(w, &old, new)));
	return true;
}

/* The word now (0 = PAGE_RESERVED when it is no RAM). A snapshot: only a claim makes it stay. */
u64 page_word(pfn_t pfn);

/* The word of a frame that the caller has claimed. */
u64 *page_word_at(pfn_t pfn);

/* How many frames from @pfn on, 1 to @count, have the word that the first has. For frames that the caller has claimed. */
u64 page_run(pfn_t pfn, u64 count);

/*
 * Claims [pfn, pfn + count) all or nothing: every word must be non-busy, in state @from and owned by @owner (0: the
 * host). PAGE_HOST: must also have no references. PAGE_CONVERTED: also accepts PAGE_CONVERTING whose epoch has passed,
 * which becomes PAGE_CONVERTED there and then. TSM_E_ADDRESS: nothing is claimed.
 */
enum tsm_err page_claim(pfn_t pfn, u64 count, enum page_state from, u64 owner);
/*
 * Writes into a word of the host's that the caller has claimed whose claim it is (@who > 0); page_commit() ends that.
 * page_claim_is(): the word is claimed and signed so.
 */
void page_claim_sign(pfn_t pfn, u32 who);
bool page_claim_is(pfn_t pfn, u32 who);
/* Releases a claim; the words keep their state. */
void page_unclaim(pfn_t pfn, u64 count);
/* Releases a claim into a new state. */
void page_commit(pfn_t pfn, u64 count, enum page_state to, u64 owner, u32 info);

/*
 * Frames in @state that nobody but calls of their owner can claim, and of those there are none now: they become the
 * host's, PAGE_CONVERTED, without a claim.
 */
void page_disown(pfn_t pfn, u64 count, enum page_state state, u64 owner);

/*
 * Pins: one more reference to each frame of a range of host memory, all or nothing; while it is held the frame can
 * not be converted. TSM_E_ADDRESS: not host memory; nothing is pinned.
 */
enum tsm_err page_pin(pfn_t pfn, u64 count);
void page_unpin(pfn_t pfn, u64 count);

/*
 * References to an object whose first frame is @pfn (a TVM): taken only while the word is non-busy, in @state, and
 * owned by @owner. page_ref() returns the word, which page_unref() takes, or NULL. Claiming the word requires that no reference is held
 * (page_claim_unreferenced).
 */
u64 *page_ref(pfn_t pfn, enum page_state state, u64 owner);

static inline void page_unref(u64 *word)
{
	check(page_word_info(rv_add_release(word, 0 - BIT(32))) > 0);
}

enum tsm_err page_claim_unreferenced(pfn_t pfn, enum page_state state, u64 owner);

/* Zeroes whole frames that the caller has claimed or owns. */
void page_scrub(pfn_t pfn, u64 count);
/*
 * clean.c. Zeroes the PAGE_CONVERTED ones of frames that the caller has claimed, @max of them at most; those that are known to be
 * zero are passed over. Returns how many frames it went through: @count when all are zero.
 */
u64 page_scrub_some(pfn_t pfn, u64 count, u64 max);
/* One PAGE_CONVERTED frame that the caller has claimed. */
void page_scrub_one(pfn_t pfn);
/* Releases claims; of the first @clean frames those that are PAGE_CONVERTED are known to be zero from now on. */
void page_unclaim_clean(pfn_t pfn, u64 count, u64 clean);
/*
 * Before a reset, while no other hart runs: zeroes every frame of RAM that was taken from the host. Memory outlives a reset, and
 * who starts next may read it. Returns how many there were; if not 0, no TVM exists any more and the machine must not go on.
 */
u64 page_scrub_confidential(void);
/* Boot only: the size of a cbo.zero block where the harts have Zicboz and it is enabled, else 0. */
void page_scrub_init(u64 cboz_block);

/* The host's address space: stamps PAGE_CONVERTING. One slot per hart. */
extern struct epoch host_epoch;

#endif
