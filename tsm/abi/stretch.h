/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Long calls in bounded stretches (reference/DECISIONS.md 5). Zeroing frames that are
 * PAGE_CONVERTED changes nothing that anyone can see, so it may stop when the host has an interrupt
 * to take: the frames that are done keep a mark in their page word, and the call, made again, goes
 * on behind them.
 */
#ifndef ABI_STRETCH_H
#define ABI_STRETCH_H

#include "base/types.h"
#include "base/err.h"
#include "tvm/tvm.h"

/*
 * The host on this hart would take an interrupt if it ran now, or another hart waits for this one.
 */
bool host_wants_hart(void);

/*
 * Zeroes the PAGE_CONVERTED ones of the frames, all of which the caller has claimed, and which keep
 * their claims. False: a stretch is over and the host wants the hart; the claims are released then,
 * and the call is to be made again.
 */
bool stretch_scrub(pfn_t pfn, u64 count);

/*
 * A long call in a TVM (tvm/sweep.h), begun or gone on with, to its end or to where the host wants the hart: TSM_AGAIN then.
 */
enum tsm_err stretch_sweep(struct tvm *t, const struct sweep_call *c);

#endif
