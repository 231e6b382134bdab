/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call over more frames than one stretch can see to (reference/DECISIONS.md 5): what it is, and how far it has come. Between two
 * stretches it is paused. The frames that it has claimed stay claimed and the entries that it has put in flight stay so, and the
 * call, made again with the same arguments on any hart, goes on. One that is not made again holds what it holds until it
 * is, or until its TVM is destroyed; nobody else waits for more than a refusal.
 *
 * A sweep goes through the phases of its kind in order, each over all of the range. Only the first phases can be refused. What
 * was done until then is undone backwards, as stretches too, and only then does the caller hear of it.
 */
#ifndef TVM_SWEEP_H
#define TVM_SWEEP_H

#include "base/types.h"
#include "base/err.h"
#include "gstage/gstage.h"
#include "page/page.h"

enum sweep_kind {
	/* The host's frames */
	SWEEP_CONVERT,
	SWEEP_RECLAIM,
	/* Frames for a TVM */
	SWEEP_POOL,
	SWEEP_ZERO,
	SWEEP_SHARED,
	SWEEP_MEASURED,
	/* A TVM's leaves: nobody else changes those of the range while it lasts */
	SWEEP_BLOCK,
	SWEEP_UNBLOCK,
	SWEEP_REMOVE,
	SWEEP_KINDS,
};

/* What a call wants; all of it is compared when the call is made again. */
struct sweep_call {
	enum sweep_kind kind;
	bool lenient;			/* absent pages count as done (ABI.md 17.2) */
	pfn_t pfn;
	pfn_t source;			/* SWEEP_MEASURED: the host's frames */
	u64 frames;
	struct gstage_range range;	/* leaves of a TVM: made of the frames, or (SWEEP_BLOCK and on) 4 KiB places */
};

struct sweep {
	bool active;
	bool working;			/* on a hart, not paused */
	bool back;			/* refused: being undone */
	u8 phase;			/* its place in the order of the kind */
	enum tsm_err err;
	u64 done;			/* of the phase: frames, or leaves, or (SWEEP_BLOCK and on) places */
	struct sweep_call call;
};

struct tvm;

/* Calls over up to so many frames need none: what is not zeroing or hashing is one stretch for them. */
#define SWEEP_FRAMES		1024

/*
 * CONVERT and RECLAIM: begins, or goes on with one that was paused. TSM_AGAIN: another hart is at the same one. TSM_E_FAILED: too
 * many are paused.
 */
enum tsm_err sweep_host_begin(const struct sweep_call *c, struct sweep **s);
void sweep_host_pause(struct sweep *s);
/* It is over: says with what error. */
enum tsm_err sweep_host_end(struct sweep *s);
/* True when a paused CONVERT or RECLAIM may have claimed one of the frames. */
bool sweep_host_overlaps(pfn_t pfn, u64 count);

/* The same in a TVM, one at a time. TSM_AGAIN: there is another. TSM_E_PARAM: not in the state that the call needs. */
enum tsm_err tvm_sweep_begin(struct tvm *t, const struct sweep_call *c);
void tvm_sweep_pause(struct tvm *t);
enum tsm_err tvm_sweep_end(struct tvm *t);

/*
 * A bounded part of the work, about 40,000 instructions or the hash of one page. True: it is over. @t: NULL for CONVERT and
 * RECLAIM.
 */
bool sweep_step(struct sweep *s, struct tvm *t);

/* TVM lock held. True when a sweep that changes leaves is at some of these. */
bool tvm_span_is_swept(const struct tvm *t, gpa_t gpa, u64 size);
/* DESTROY, no call is at work: a paused sweep is to be undone, or ended where that is what is left. */
void tvm_sweep_abandon(struct tvm *t);

/* Frames that the sweep has claimed, pinned, or made the TVM's though their leaves are in flight; leaves that are in flight. For check/. */
struct sweep_holds {
	u64 claimed_first, claimed_end;
	u64 pinned_first, pinned_end;
	u64 owned_first, owned_end;
	u64 flight_first, flight_end;	/* leaves */
};
struct sweep_holds sweep_holds(const struct sweep *s);
/* The paused sweeps of the host, by number; NULL: there are not so many places for them. */
const struct sweep *sweep_host_at(u32 i);

#endif
