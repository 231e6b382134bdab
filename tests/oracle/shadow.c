/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle/watch.h"

#include <string.h>

#include "check/check.h"
#include "check/format.h"
#include "rv_arch.h"

bool shadow_secrets;
u64 shadow_changes;
u64 shadow_holder[RIG_RAM_SIZE / PAGE_SIZE + RIG_HARTS * RIG_FILE_PAGES];
u64 shadow_serial[ARRAY_SIZE(shadow_holder)];

static u64 words[ARRAY_SIZE(shadow_holder)];	/* after the last call */
static u64 next_number = 1;

/* Where a frame can be after one call, by where it was before: a bit a state. */
#define TO(s)		(1u << (s))
#define FREE		(TO(W_CONVERTING) | TO(W_CONVERTED))
#define ASSIGNED	(TO(W_DATA) | TO(W_TABLE) | TO(W_STATE) | TO(W_VCPU))
static const u32 may_become[W_STATES] = {
	[W_HOST]	= TO(W_CONVERTING),
	[W_CONVERTING]	= TO(W_HOST) | TO(W_CONVERTED) | ASSIGNED,
	[W_CONVERTED]	= TO(W_HOST) | ASSIGNED,
	[W_DATA]	= TO(W_CONVERTED) | TO(W_BLOCKED),
	[W_BLOCKED]	= TO(W_CONVERTED),
	[W_TABLE]	= TO(W_CONVERTED),
	[W_STATE]	= TO(W_CONVERTED),
	[W_VCPU]	= TO(W_CONVERTED),
};

static bool tvm_runs(u64 id)
{
	return ((const struct tvm *)spa_ptr(SPA(id << PAGE_SHIFT)))->state != TVM_INITIALIZING;
}

/* A frame of RAM has changed its state: what it holds now. */
static void content(u64 frame, u64 old, u64 new, u64 i)
{
	u32 to = w_state(new);

	/* From CONVERTING it may go back as it is: nobody but the host had it. */
	if (to == W_HOST && w_state(old) != W_CONVERTING)
		check_that(check_zero(frame, 0), "what comes back to the host is zero", frame, old);
	if (to == W_DATA && tvm_runs(w_owner(new)))
		check_that(check_zero(frame, 0), "what a running TVM is given is zero", frame, old);
	if (to == W_HOST)
		shadow_holder[i] = 0;
	if (to == W_DATA)
		shadow_holder[i] = shadow_serial[frame_index(w_owner(new))] + 1;
	if (to == W_DATA && shadow_secrets)
		memset((char *)spa_ptr(SPA(frame << PAGE_SHIFT)) + 64, 0x5e, 256);
}

static void moved(const struct page_bank *b, u64 frame, u64 i, u64 word)
{
	u64 old = words[i];
	u32 from = w_state(old), to = w_state(word);

	if (from == to) {
		check_that(w_owner(old) == w_owner(word), "a frame does not go from one TVM to another", frame, word);
		return;
	}
	check_that(may_become[from] & TO(to), "a frame moves as docs/page-states.md says", frame, old << 32 | word);
	check_that(to < W_DATA || from < W_DATA || w_owner(old) == w_owner(word),
		   "a frame does not go from one TVM to another", frame, word);
	if (to == W_STATE || to == W_VCPU)
		shadow_serial[i] = ++next_number;
	if (b->kind == PAGE_KIND_RAM)
		content(frame, old, word, i);
}

void shadow_step(void)
{
	static bool begun;
	u64 base = 0;

	for (u32 n = 0; check_bank(n); base += check_bank(n++)->count) {
		const struct page_bank *b = check_bank(n);

		for (u64 i = 0; i < b->count; i++) {
			if (words[base + i] == b->words[i])
				continue;
			if (begun)
				moved(b, b->first + i, base + i, b->words[i]);
			shadow_changes++;
			words[base + i] = b->words[i];
		}
	}
	begun = true;
}
