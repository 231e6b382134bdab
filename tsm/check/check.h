/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The isolation oracle (test builds only; nobody depends on it). check_all() walks everything that decides who reaches
 * which frame (page words, the host's G-stage, every TVM's G-stage, pools, retired tables, region pages, state frames) and
 * reports the first thing that does not hold:
 *
 *   one owner a frame: each frame in a state other than free is found in exactly one place, and that place is its owner's;
 *   no frame that the host reaches is confidential, every frame of the host is reached by it, at one address;
 *   no confidential frame at two addresses or in two TVMs; tables and state frames mapped nowhere;
 *   unassigned confidential frames that are marked as zero are zero, so are pages of a pool;
 *   pins, references, pool counts and region descriptors are what is counted;
 *   TLB epochs agree with which hart is where;
 *   every device is under the host's tables, and its messages reach the host's own interrupt files.
 *
 * All of it at a quiescent moment: no call is at work on any hart. What frames there are is compared as sums of a hash of
 * their numbers, so that no memory is needed for it: two different sets have the same sum by chance of 2^-64.
 *
 * Where there are IOMMUs, their directories and MSI tables are walked likewise (devices.c).
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include "base/types.h"
#include "check/format.h"
#include "page/page.h"
#include "tvm/tvm.h"

/* Provided by whoever links the oracle: it does not return. @what is a sentence; the numbers depend on it. */
void __noreturn check_violation(const char *what, u64 where, u64 detail);

#define check_that(x, what, where, detail) do {				\
	if (unlikely(!(x)))						\
		check_violation(what, where, detail); } while (0)

/* Boot, before any call: where the page words and the host's root table are. */
void check_add_bank(const struct page_bank *bank);
void check_set_root(u64 spa);
u64 check_root(void);		/* its first frame */

/* Frames are looked at for being zero only so many a time, in turn; ~0: all. Without it: none. */
void check_zero_budget(u64 frames);

void check_all(void);

/*
 * A hash over all that a refused call must leave as it was (hash.c says what is left out, and why). @caller: the
 * world that made the call.
 */
u64 check_hash(const struct world *caller);

/* How many long calls are paused (tvm/sweep.h). */
u64 check_paused(void);

/* walk.c: the entries that are not zero, tables first, in the order of their addresses. */
struct check_walk {
	const u64 *table[3];
	u32 next[3];
	u32 first[3];		/* where to begin in the next table of that level */
	u32 level;
};

struct check_entry {
	u64 pte;
	u64 gpa;
	u32 level;
};

void check_walk_begin(struct check_walk *w, u64 root_frame);
bool check_walk_next(struct check_walk *w, struct check_entry *e);

/* The page word of a frame, 0 where it has none. */
u64 check_word(u64 frame);
/* The words of a range of RAM, or NULL where it is not all of one bank. */
const u64 *check_words(u64 frame, u64 count);
/* How many words from @words on are those of frames that are the host's and no more than that: most of a machine. */
static inline u64 check_plain(const u64 *words, u64 count)
{
	u64 i = 0;

	for (; i + 4 <= count; i += 4)
		if ((__atomic_load_n(&words[i], __ATOMIC_RELAXED) ^ W_HOST) |
		    (__atomic_load_n(&words[i + 1], __ATOMIC_RELAXED) ^ W_HOST) |
		    (__atomic_load_n(&words[i + 2], __ATOMIC_RELAXED) ^ W_HOST) |
		    (__atomic_load_n(&words[i + 3], __ATOMIC_RELAXED) ^ W_HOST))
			break;
	while (i < count && __atomic_load_n(&words[i], __ATOMIC_RELAXED) == W_HOST)
		i++;
	return i;
}

/* True when any frame of the range may have a word. */
bool check_overlaps(u64 frame, u64 count);
/* True when the frame is an interrupt file's. */
bool check_is_file(u64 frame);

/* The banks, for those who look at every word. */
const struct page_bank *check_bank(u32 i);

/* The frames of a vCPU. */
u64 check_vcpu_frames(void);

/* A set of frames: how many, and the sum of their hashes. */
struct tally {
	u64 count;
	u64 sum;
};

static inline u64 frame_hash(u64 frame)
{
	u64 x = frame + 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static inline void tally_add(struct tally *t, u64 frame, u64 times)
{
	t->count += times;
	t->sum += times * frame_hash(frame);
}

static inline void tally_range(struct tally *t, u64 frame, u64 count)
{
	for (u64 i = 0; i < count; i++)
		tally_add(t, frame + i, 1);
}

static inline bool tally_same(const struct tally *a, const struct tally *b)
{
	return a->count == b->count && a->sum == b->sum;
}

/* What was seen of a TVM: in page words, and where it keeps its frames. */
struct tvm_view {
	u64 id;
	const struct tvm *t;
	u64 refs;			/* from its word */
	bool state_seen;
	struct tally words[W_STATES];
	struct tally found[W_STATES];
};

struct check_sums {
	struct tally pins_words, pins_found;	/* pins and shared mappings of host frames */
	struct tally busy_words, busy_found;	/* frames that a paused call has claimed */
	u64 host_frames, host_mapped;
};

/* tvm.c */
void check_tvm(struct tvm_view *v, struct check_sums *s);
/* host.c */
void check_host(u64 root_frame, struct check_sums *s);
/* devices.c */
void check_devices(struct check_sums *s);
/* harts.c */
void check_harts(struct check_sums *s);

/* True when the frame is all zero from byte @from on. */
bool check_zero(u64 frame, u64 from);

#endif
