/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries of a TVM's G-stage tables, and walking over them; private to gstage/. Frame numbers are
 * short enough (page/page.h) that a blocked entry has room for the TLB epoch at which it was
 * blocked.
 */
#ifndef GSTAGE_PTE_H
#define GSTAGE_PTE_H

#include "base/types.h"
#include "gstage/gstage.h"
#include "page/page.h"
#include "rv_arch.h"

#define PTE_IN_FLIGHT		PTE_SOFT0
#define PTE_BLOCKED		PTE_SOFT1
/* A and D are set from the start: nothing here depends on hardware that updates them. */
#define PTE_FIXED		(PTE_U | PTE_A | PTE_D)

#define TABLE_ENTRIES		512u
#define ROOT_ENTRIES		2048u

#define PTE_STAMP_SHIFT		36
#define PTE_STAMP_BITS		28
#define PTE_STAMP_MASK		(BIT(PTE_STAMP_BITS) - 1)

/* Frame number and permissions, without the stamp. */
#define PTE_BODY		(BIT(PTE_STAMP_SHIFT) - 1)

static_assert(PTE_PPN_SHIFT + PAGE_OWNER_BITS <= PTE_STAMP_SHIFT, "a frame number and a stamp fit");

static inline pfn_t pte_pfn(u64 pte) { return PFN(pte >> PTE_PPN_SHIFT & PAGE_OWNER_MASK); }
static inline u64 pte_make(pfn_t pfn, u64 flags) { return pfn.v << PTE_PPN_SHIFT | flags; }
static inline bool pte_is_table(u64 pte) { return (pte & PTE_V) && !(pte & PTE_LEAF); }
static inline u64 *pte_table(u64 pte) { return spa_ptr(pfn_spa(pte_pfn(pte))); }
static inline u64 pte_get(const u64 *e) { return __atomic_load_n(e, __ATOMIC_ACQUIRE); }
/* Release: what the entry leads to is complete before a walker can see it. */
static inline void pte_set(u64 *e, u64 v) { rv_store_release(e, v); }

static inline enum gstage_kind pte_kind(u64 pte)
{
	if (pte & PTE_V)
		return GSTAGE_MAPPED;
	if (pte & PTE_BLOCKED)
		return GSTAGE_BLOCKED;
	return pte & PTE_IN_FLIGHT ? GSTAGE_IN_FLIGHT : GSTAGE_EMPTY;
}

/*
 * The epoch that a blocked entry, or a retired table's first word, was stamped with: the latest one
 * with those bits. An old stamp that looks young because the bits wrapped only asks for another
 * fence.
 */
static inline u32 pte_stamp(u64 pte, const struct epoch *epoch)
{
	u32 now = epoch_stamp(epoch);
	u64 age = (now - (pte >> PTE_STAMP_SHIFT)) & PTE_STAMP_MASK;

	return now - (u32)age;
}

static inline bool pte_fenced(u64 pte, struct epoch *epoch)
{
	return epoch_passed(epoch, pte_stamp(pte, epoch));
}

/* Puts an entry into the state that a leaf with its frame and permissions has. */
static inline u64 pte_unblocked(u64 pte)
{
	return (pte & PTE_BODY & ~PTE_BLOCKED) | PTE_V;
}

/* The entry for @gpa at @level, or the one above it where the walk ends early; *@at says which. */
u64 *gstage_descend(const struct gstage *g, gpa_t gpa, enum gstage_level level,
		    enum gstage_level *at);

#endif
