/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NACL shared memory of a hart: three pages of host memory, pinned while they are registered,
 * through which RUN_VCPU reports. Each field is read or written once, whole; what the host writes
 * at the same time is its own business.
 */
#ifndef HOST_NACL_H
#define HOST_NACL_H

#include "base/types.h"
#include "base/err.h"
#include "host/hart.h"

/*
 * SBI NACL set_shmem for the calling hart; replaces an area that is registered. lo == hi == all
 * ones: none. TSM_E_PARAM: flags, or lo unaligned; TSM_E_ADDRESS: not three pages of host memory.
 * Nothing has changed then.
 */
enum tsm_err nacl_set_shmem(struct hart *h, u64 lo, u64 hi, u64 flags);

/* The hart has no area any more (also when the host stops the hart). */
void nacl_disable(struct hart *h);

/*
 * One 8-byte word at a byte offset into the hart's area (cove/nacl.h). Without an area: dropped,
 * and 0.
 */
void nacl_write(const struct hart *h, u64 offset, u64 value);
u64 nacl_read(const struct hart *h, u64 offset);

#endif
