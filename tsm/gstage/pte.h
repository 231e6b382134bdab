/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries of a TVM's G-stage tables; private to gstage/. */
#ifndef GSTAGE_PTE_H
#define GSTAGE_PTE_H

#include "base/types.h"
#include "gstage/gstage.h"
#include "rv_arch.h"

#define PTE_IN_FLIGHT		PTE_SOFT0
#define PTE_BLOCKED		PTE_SOFT1
/* A and D are set from the start: nothing here depends on hardware that updates them. */
#define PTE_FIXED		(PTE_U | PTE_A | PTE_D)

#define TABLE_ENTRIES		512u
#define ROOT_ENTRIES		2048u

static inline pfn_t pte_pfn(u64 pte) { return PFN((pte & PTE_PPN_MASK) >> PTE_PPN_SHIFT); }
static inline u64 pte_make(pfn_t pfn, u64 flags) { return pfn.v << PTE_PPN_SHIFT | flags; }
static inline bool pte_is_table(u64 pte) { return (pte & PTE_V) && !(pte & PTE_LEAF); }
static inline u64 *pte_table(u64 pte) { return spa_ptr(pfn_spa(pte_pfn(pte))); }
static inline u64 pte_get(const u64 *e) { return __atomic_load_n(e, __ATOMIC_ACQUIRE); }
/* Release: what the entry leads to is complete before a walker can see it. */
static inline void pte_set(u64 *e, u64 v) { __atomic_store_n(e, v, __ATOMIC_RELEASE); }

#endif
