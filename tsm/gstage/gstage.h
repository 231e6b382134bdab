/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The G-stage tables of one TVM (Sv39x4: a 16 KiB root, leaves of 4 KiB, 2 MiB and 1 GiB) and the
 * pool that they grow from.
 *
 * An entry is 0, a table (V, no permission), a leaf (V and permissions), or one of two kinds of
 * invalid entry that keep the frame number and the permissions: in flight (SOFT0: a call is filling
 * the frame) and blocked (SOFT1). Only the call that put an entry in flight changes it. Changing
 * the tables is two-phase: gstage_reserve() may fail and changes nothing then, gstage_commit()
 * cannot fail.
 *
 * Callers hold the TVM's lock where a function says so. Reading the tables takes no lock, but the
 * reader must be a vCPU inside the TVM's TLB epoch: tables and frames leave a TVM only after that
 * epoch has passed.
 */
#ifndef GSTAGE_GSTAGE_H
#define GSTAGE_GSTAGE_H

#include "base/types.h"
#include "base/err.h"
#include "page/epoch.h"
#include "rv/csr.h"

/* Values are those of COVE_PAGE_*. */
enum gstage_level {
	GSTAGE_4K,
	GSTAGE_2M,
	GSTAGE_1G,
	GSTAGE_LEVELS,
};

#define GSTAGE_GPA_BITS		41
#define GSTAGE_GPA_END		(1ULL << GSTAGE_GPA_BITS)
#define GSTAGE_ROOT_PAGES	4

/* Confidential memory may be executed, shared memory may not. */
#define GSTAGE_CONFIDENTIAL	(PTE_R | PTE_W | PTE_X)
#define GSTAGE_SHARED		(PTE_R | PTE_W)

struct gstage {
	pfn_t root;		/* four frames, aligned to their size */
	pfn_t pool;		/* first free page, 0: none; linked through their first words */
	u64 pool_count;
	struct epoch *epoch;	/* of the address space */
	pfn_t retired;		/* pages on their way back to the pool, oldest first (pool.c) */
	pfn_t retired_last;
};

/* @count leaves of @level from @gpa on, aligned to their size. */
struct gstage_range {
	gpa_t gpa;
	u64 count;
	enum gstage_level level;
};

enum gstage_kind {
	GSTAGE_EMPTY,
	GSTAGE_IN_FLIGHT,
	GSTAGE_BLOCKED,
	GSTAGE_MAPPED,
};

/* What the tables say about one address. */
struct gstage_entry {
	enum gstage_kind kind;
	enum gstage_level level;
	pfn_t pfn;		/* the 4 KiB frame that the address lies in; unless EMPTY */
	u64 perm;		/* PTE_R, PTE_W, PTE_X; unless EMPTY */
};

static inline u64 gstage_size(enum gstage_level level)
{
	return PAGE_SIZE << 9 * (u32)level;
}

/* @root: four scrubbed frames. @epoch: of the vCPUs that are entered with these tables. */
void gstage_init(struct gstage *g, pfn_t root, struct epoch *epoch);

/* The value of hgatp for these tables. */
u64 gstage_hgatp(const struct gstage *g, u64 vmid);

struct gstage_entry gstage_lookup(const struct gstage *g, gpa_t gpa);

/*
 * Puts the range's entries in flight with the frames from @pfn on, contiguous. TVM lock held.
 * TSM_E_ADDRESS: an entry is not empty; TSM_AGAIN: one is in flight; TSM_E_NO_PTPAGES: the pool
 * lacks table pages. Nothing has changed then.
 */
enum tsm_err gstage_reserve(struct gstage *g, const struct gstage_range *r, pfn_t pfn, u64 perm);
/*
 * Turns the entries that the caller put in flight into leaves, or empties them. No lock needed:
 * they are the caller's.
 */
void gstage_commit(const struct gstage *g, const struct gstage_range *r);
void gstage_cancel(const struct gstage *g, const struct gstage_range *r);

/*
 * The same for one page of 4 KiB, with the TVM's lock held throughout: finds the empty entry, for which tables are made, and makes a
 * leaf of it. Errors as gstage_reserve().
 */
enum tsm_err gstage_place(struct gstage *g, gpa_t gpa, u64 **place);
void gstage_fill(u64 *place, pfn_t pfn, u64 perm);

/*
 * True when every leaf of the range is mapped to exactly the frames from @pfn on. In flight counts
 * as *@busy.
 */
bool gstage_maps(const struct gstage *g, const struct gstage_range *r, pfn_t pfn, bool *busy);

/* Frames that have left the tables. */
enum gstage_run_kind {
	GSTAGE_RUN_DATA,	/* confidential frames, mapped or blocked */
	GSTAGE_RUN_SHARED,	/* host frames, likewise */
	GSTAGE_RUN_TABLE,	/* one table page, or one page of the pool */
};

struct gstage_run {
	enum gstage_run_kind kind;
	pfn_t pfn;
	u64 count;
};

/* block.c: taking leaves out of reach and out of the tables */

/* Guest memory by bytes: page-aligned, not empty, below GSTAGE_GPA_END. */
struct gstage_span {
	gpa_t gpa;
	u64 size;
};

enum gstage_want {
	GSTAGE_WANT_PRESENT,		/* mapped or blocked */
	GSTAGE_WANT_MAPPED,
	GSTAGE_WANT_BLOCKED,
	GSTAGE_WANT_FENCED,		/* blocked, and the epoch has passed */
};

/*
 * Checks that all of the span is leaves of the kind wanted, none of which reaches beyond it. TVM
 * lock held. @absent_ok: empty entries count too. TSM_E_ADDRESS: it is not so; TSM_AGAIN: in
 * flight.
 */
enum tsm_err gstage_check(const struct gstage *g, const struct gstage_span *s,
			  enum gstage_want want, bool absent_ok, struct epoch *epoch);
/*
 * The caller has checked the span: its mapped leaves become blocked ones, or the other way round.
 * Leaves that are so already stay as they are.
 */
void gstage_block(const struct gstage *g, const struct gstage_span *s, u32 stamp);
void gstage_unblock(const struct gstage *g, const struct gstage_span *s);
/*
 * Empties the next fenced leaves of the span and says what frames they were; @s shrinks to what
 * lies behind them. False: there is none left.
 */
bool gstage_remove(const struct gstage *g, struct gstage_span *s, struct gstage_run *run);
/*
 * Tables that hold nothing any more and that the span reaches into leave, and retire. TVM lock
 * held.
 */
void gstage_prune(struct gstage *g, const struct gstage_span *s);
/*
 * replace.c: a mapped 4 KiB leaf leads to another frame from now on; translations to the old one may live until the
 * epoch has passed. TVM lock held.
 */
void gstage_replace(const struct gstage *g, gpa_t gpa, pfn_t pfn);
/*
 * The part of the span from its start on that one step of a walk covers: entries of one table, or one entry above. What is done
 * to a part is bounded; what is done to a span is not.
 */
struct gstage_span gstage_first_part(const struct gstage *g, const struct gstage_span *s);
/*
 * True when the span has no entry of any kind. Ends at the first one, and empty tables do not last (gstage_prune()): this is
 * short.
 */
bool gstage_is_empty(const struct gstage *g, const struct gstage_span *s);

/* fold.c: leaves of one size for leaves of another, frames unchanged. TVM lock held. */

/*
 * The table below the entry of @level at @gpa becomes one leaf. All of its entries must be leaves,
 * blocked and fenced, their frames contiguous and aligned; the new leaf is mapped. TSM_E_ADDRESS:
 * it is not so; TSM_AGAIN: in flight.
 */
enum tsm_err gstage_promote(struct gstage *g, gpa_t gpa, enum gstage_level level);
/*
 * The leaf above @level at @gpa, blocked and fenced, becomes a table of mapped leaves of @level.
 * Errors likewise; TSM_E_NO_PTPAGES.
 */
enum tsm_err gstage_demote(struct gstage *g, gpa_t gpa, enum gstage_level level);

/* pool.c */

/* Links scrubbed pages [first, first + count) into a chain; no lock: nobody else knows them yet. */
void gstage_pool_chain(pfn_t first, u64 count);
/* Hands such a chain to the pool. TVM lock held. */
void gstage_pool_give(struct gstage *g, pfn_t first, u64 count);
/* TVM lock held. True: the pool has @count pages; retired ones join it where their time has come. */
bool gstage_pool_has(struct gstage *g, u64 count);
/*
 * A table that no entry leads to any more, zeroed. Page-walk caches and readers without a lock may
 * still be in it until the TVM's epoch has passed. TVM lock held.
 */
void gstage_retire(struct gstage *g, pfn_t pfn);
/* No vCPU will ever be inside again: the oldest retired page joins the pool, if there is one. */
void gstage_pool_collect(struct gstage *g);
/* Takes one page, zeroed. TVM lock held; gstage_pool_has() has said yes. */
pfn_t gstage_pool_take(struct gstage *g);

/* dismantle.c: taking the tables of a TVM apart that no one uses any more */

/* Where dismantling stands: indices into the three levels. All zero at the start. */
struct gstage_cursor {
	u32 root;
	u32 mid;
	u32 low;
};

/*
 * Takes out the next run of frames and says what they were; the pool pages come last. A run is at
 * most one leaf or the 512 entries of one table. False: nothing is left but the root.
 */
bool gstage_dismantle(struct gstage *g, struct gstage_cursor *c, struct gstage_run *run);

#endif
