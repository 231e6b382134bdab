/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/nacl.h"
#include "host/space.h"
#include "rv_arch.h"

void nacl_disable(struct hart *h)
{
	if (h->nacl_shmem)
		page_unpin(spa_pfn(SPA(h->nacl_shmem)), NACL_SHMEM_PAGES);
	h->nacl_shmem = 0;
}

enum tsm_err nacl_set_shmem(struct hart *h, u64 lo, u64 hi, u64 flags)
{
	enum tsm_err err;
	pfn_t pfn;

	if (flags)
		return TSM_E_PARAM;
	if (lo == NACL_SHMEM_DISABLE && hi == NACL_SHMEM_DISABLE) {
		nacl_disable(h);
		return TSM_OK;
	}
	if (!IS_ALIGNED(lo, PAGE_SIZE))
		return TSM_E_PARAM;
	if (hi)
		return TSM_E_ADDRESS;
	err = host_range(HPA(lo), NACL_SHMEM_PAGES, &pfn);
	if (err == TSM_OK)
		err = page_pin(pfn, NACL_SHMEM_PAGES);
	if (err != TSM_OK)
		return err;
	nacl_disable(h);
	h->nacl_shmem = pfn_spa(pfn).v;
	return TSM_OK;
}
