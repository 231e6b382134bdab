/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames between the host and the TSM (ABI.md 4.2, 4.3). All of them lie in one bank; callers bound how many. */
#ifndef HOST_CONVERT_H
#define HOST_CONVERT_H

#include "base/types.h"
#include "base/err.h"

/* Frames that the caller has claimed as the host's: out of its reach, to be fenced. */
void host_convert(pfn_t pfn, u64 count);
/*
 * Claims frames in whatever state RECLAIM takes them: converted, not fenced yet, or the host's already. TSM_AGAIN: another call holds
 * one; TSM_E_ADDRESS: one is a TVM's, or the host's and in use. Nothing is claimed then.
 */
enum tsm_err host_claim_mixed(pfn_t pfn, u64 count);
/* Frames so claimed, and zeroed where they were converted: the host has them back. */
void host_return(pfn_t pfn, u64 count);

#endif
