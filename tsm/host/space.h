/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's address space: a one-to-one G-stage over RAM with the largest leaves, and the device windows.
 *
 * Every 2 MiB of RAM owns a table page, held from boot, in which its 4 KiB entries live when it is split: taking a page
 * from the host and giving it back cannot fail. A 2 MiB block whose 512 frames are all the host's again is folded back.
 * Callers hold the page words of the frames (busy); the tables themselves are guarded by a lock per block.
 */
#ifndef HOST_SPACE_H
#define HOST_SPACE_H

#include "base/types.h"
#include "base/err.h"
#include "host/hart.h"
#include "page/page.h"

/* Takes frames out of the host's G-stage, or puts them back. [pfn, pfn + count) is claimed by the caller. */
void host_space_unmap(pfn_t pfn, u64 count);
void host_space_map(pfn_t pfn, u64 count);

/* The same for an interrupt file, which boot mapped with a leaf of its own. */
void host_space_unmap_file(pfn_t file);
void host_space_map_file(pfn_t file);

/* hgatp of the host on every hart. */
u64 host_space_hgatp(void);

/* True when the tables translate this host address now: a fault on it was spurious. */
bool host_space_maps(hpa_t hpa);

/*
 * Boot only. host_space_size(): bytes that the tables of a bank need, a multiple of 4 KiB. host_space_init(): the root (16 KiB,
 * 16 KiB-aligned) and a pool of zeroed pages for what is not RAM. host_space_add_bank(): memory of that size for a bank,
 * whose blocks are mapped where @is_host says so. host_space_map_device(): false when the pool is used up.
 */
#define HOST_ROOT_SIZE	0x4000ULL
u64 host_space_size(u64 frames);
void host_space_init(spa_t root, spa_t pool, u64 pool_pages);
void host_space_add_bank(pfn_t first, u64 frames, spa_t tables, bool (*is_host)(u64 spa));
bool host_space_map_device(u64 spa, u64 size);

/* This hart, @h, flushes host translations if it is behind (COVH local_fence, and every return to the host). */
void host_space_catch_up(const struct hart *h);

static inline void host_space_enter(const struct hart *h)
{
	if (unlikely(!epoch_rejoin(&host_epoch, h->epoch_slot)))
		host_space_catch_up(h);
}

/* Whether it is not behind, now. */
static inline bool host_space_is_current(const struct hart *h)
{
	return __atomic_load_n(&host_epoch.current, __ATOMIC_RELAXED) == h->epoch_slot->version;
}

/* This hart leaves the host's address space (RUN, HSM stop): it holds no fence back any more. */
static inline void host_space_leave(const struct hart *h)
{
	epoch_leave_inline(h->epoch_slot);
}

/*
 * A host address range that a call names, checked and turned into frames: page-aligned @hpa, @count >= 1 pages, no wrap,
 * all of it RAM. TSM_E_PARAM: count; TSM_E_ADDRESS: the rest.
 */
enum tsm_err host_range(hpa_t hpa, u64 count, pfn_t *first);

/*
 * Copies between a TSM buffer and host memory (any alignment, any length that the range checks allow). The frames are
 * pinned while they are touched, so they are the host's throughout. TSM_E_ADDRESS: not host memory, nothing is copied.
 */
enum tsm_err host_copy_in(void *dst, hpa_t src, u64 size);
enum tsm_err host_copy_out(hpa_t dst, const void *src, u64 size);

#endif
