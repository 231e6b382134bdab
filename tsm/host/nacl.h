/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NACL shared memory of a hart: three pages of host memory, pinned while they are registered,
 * through which RUN_VCPU reports. Each field is read or written once, whole; what the host writes
 * at the same time is its own business.
 */
#ifndef HOST_NACL_H
#define HOST_NACL_H

#include "base/check.h"
#include "base/types.h"
#include "base/err.h"
#include "cove/nacl.h"
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
static inline u64 *nacl_word_at(spa_t area, u64 offset)
{
	check(offset <= NACL_SHMEM_SIZE - sizeof(u64) && IS_ALIGNED(offset, sizeof(u64)));
	return spa_ptr(SPA(area.v + offset));
}

static inline void nacl_write(const struct hart *h, u64 offset, u64 value)
{
	if (h->nacl_shmem)
		rv_store(nacl_word_at(SPA(h->nacl_shmem), offset), value);
}

static inline u64 nacl_read(const struct hart *h, u64 offset)
{
	return h->nacl_shmem ? __atomic_load_n(nacl_word_at(SPA(h->nacl_shmem), offset), __ATOMIC_RELAXED) : 0;
}

#endif
