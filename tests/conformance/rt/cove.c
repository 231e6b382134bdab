/* SPDX-License-Identifier: BSD-2-Clause */
#include "cove.h"
#include "tap.h"

enum numbering numbering;
struct cove_tsm_info tsm_info;

#define NONE	0xff
static const u8 fids[FN_COUNT][2] = {
	[FN_GET_INFO] = { COVH_GET_TSM_INFO, COVH_GET_TSM_INFO },
	[FN_CONVERT] = { COVH_CONVERT_PAGES, COVH_CONVERT_PAGES },
	[FN_RECLAIM] = { COVH_RECLAIM_PAGES, COVH_RECLAIM_PAGES },
	[FN_GLOBAL_FENCE] = { COVH_GLOBAL_FENCE, COVH_GLOBAL_FENCE },
	[FN_LOCAL_FENCE] = { COVH_LOCAL_FENCE, COVH_LOCAL_FENCE },
	[FN_CREATE_TVM] = { COVH_CREATE_TVM, COVH_CREATE_TVM },
	[FN_FINALIZE] = { COVH_FINALIZE_TVM, COVH_FINALIZE_TVM },
	[FN_PROMOTE_TO_TVM] = { NONE, COVH_SPEC_PROMOTE_TO_TVM },
	[FN_DESTROY] = { COVH_RFC_DESTROY_TVM, COVH_SPEC_DESTROY_TVM },
	[FN_ADD_REGION] = { COVH_RFC_ADD_MEMORY_REGION, COVH_SPEC_ADD_MEMORY_REGION },
	[FN_ADD_PGT] = { COVH_RFC_ADD_PGT_PAGES, COVH_SPEC_ADD_PGT_PAGES },
	[FN_ADD_MEASURED] = { COVH_RFC_ADD_MEASURED_PAGES, COVH_SPEC_ADD_MEASURED_PAGES },
	[FN_ADD_ZERO] = { COVH_RFC_ADD_ZERO_PAGES, COVH_SPEC_ADD_ZERO_PAGES },
	[FN_ADD_SHARED] = { COVH_RFC_ADD_SHARED_PAGES, COVH_SPEC_ADD_SHARED_PAGES },
	[FN_CREATE_VCPU] = { COVH_RFC_CREATE_VCPU, COVH_SPEC_CREATE_VCPU },
	[FN_RUN] = { COVH_RFC_RUN_VCPU, COVH_SPEC_RUN_VCPU },
	[FN_TVM_FENCE] = { COVH_RFC_TVM_FENCE, COVH_SPEC_TVM_FENCE },
	[FN_INVALIDATE] = { COVH_RFC_INVALIDATE_PAGES, COVH_SPEC_INVALIDATE_PAGES },
	[FN_VALIDATE] = { COVH_RFC_VALIDATE_PAGES, COVH_SPEC_VALIDATE_PAGES },
	[FN_PROMOTE_PAGE] = { COVH_RFC_PROMOTE_PAGE, COVH_ACE_PROMOTE_PAGE },
	[FN_DEMOTE_PAGE] = { COVH_RFC_DEMOTE_PAGE, COVH_ACE_DEMOTE_PAGE },
	[FN_REMOVE] = { COVH_RFC_REMOVE_PAGES, COVH_SPEC_REMOVE_PAGES },
};

bool covh_fid(enum covh_fn fn, u64 *fid)
{
	u8 number = fids[fn][numbering != NUMBERING_RFC];

	*fid = number;
	if (numbering == NUMBERING_SPEC_SDID) {
		/* ACE's functions are for callers without a domain. */
		if (fn == FN_PROMOTE_PAGE || fn == FN_DEMOTE_PAGE)
			return false;
		*fid |= (u64)SUPD_TSM_DOMAIN << SUPD_SDID_SHIFT;
	}
	return number != NONE;
}

struct sbiret covh_call(enum covh_fn fn, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	u64 fid;

	if (!covh_fid(fn, &fid))
		return (struct sbiret){ SBI_ERR_NOT_SUPPORTED, 0 };
	return sbi_call(SBI_EXT_COVH, fid, a0, a1, a2, a3, a4, a5);
}

bool numbering_set(enum numbering n)
{
	struct cove_tsm_info_spec info;
	u64 len = n == NUMBERING_SPEC ? sizeof(info) : sizeof(struct cove_tsm_info);

	numbering = n;
	return sbi(SBI_EXT_COVH, COVH_GET_TSM_INFO, (u64)&info, len).error == 0;
}

const char *numbering_name(void)
{
	static const char *const names[] = {
		"RFC numbering",
		"the specification's numbering",
		"the specification's numbering with a domain",
	};

	return names[numbering];
}

bool tsm_strict;

/* A page that is converted twice tells the two builds of the monitor apart. */
static bool converts_once(void)
{
	u64 mark = mem_mark(), page = pages_alloc(1, 1);
	bool once;

	covh_convert(page, 1);
	once = covh_convert(page, 1).error != 0;
	covh_reclaim(page, 1);
	mem_release(mark);
	return once;
}

bool cove_init(void)
{
	numbering = NUMBERING_RFC;
	if (covh_get_info((u64)&tsm_info, sizeof(tsm_info)).error ||
	    tsm_info.tsm_state != COVE_TSM_READY)
		return false;
	tsm_strict = converts_once();
	return true;
}

u64 local_fence(u64 unused)
{
	(void)unused;
	return (u64)covh_local_fence().error;
}

s64 cove_fence(void)
{
	s64 error = covh_global_fence().error;

	return error ? error : (s64)run_on_all(local_fence, 0);
}

bool cove_convert(u64 pa, u64 n)
{
	struct sbiret r = covh_convert(pa, n);
	s64 error;

	if (r.error) {
		note("CONVERT(%lx, %lu): error %ld", pa, n, r.error);
		return false;
	}
	error = cove_fence();
	if (error)
		note("the fences after CONVERT(%lx, %lu): error %ld", pa, n, error);
	return !error;
}

void cove_recover(u64 mark)
{
	u64 ignored, end = mem_mark();

	for (u64 at = mark; at < end; at += PAGE_SIZE)
		if (probe_load64(at, &ignored) != NO_TRAP)
			covh_reclaim(at, 1);
}

bool pages_zero(u64 pa, u64 n)
{
	u64 v;

	for (u64 at = pa; at < pa + n * PAGE_SIZE; at += 8) {
		if (!(at & (PAGE_SIZE - 1)) && probe_load64(at, &v) != NO_TRAP) {
			note("page %lx is not readable", at);
			return false;
		}
		if (*(volatile u64 *)at) {
			note("%lx holds %lx", at, *(volatile u64 *)at);
			return false;
		}
	}
	return true;
}

bool pages_hidden(u64 pa, u64 n)
{
	u64 v;

	for (u64 at = pa; at < pa + n * PAGE_SIZE; at += PAGE_SIZE) {
		if (probe_load64(at, &v) != CAUSE_LOAD_ACCESS) {
			note("page %lx is readable", at);
			return false;
		}
	}
	return true;
}

bool pages_readable(u64 pa, u64 n)
{
	u64 v;

	for (u64 at = pa; at < pa + n * PAGE_SIZE; at += PAGE_SIZE) {
		if (probe_load64(at, &v) != NO_TRAP) {
			note("page %lx is not readable", at);
			return false;
		}
	}
	return true;
}

static u8 areas[MAX_HARTS][NACL_SHMEM_SIZE] __attribute__((aligned(4096)));

u64 nacl_setup(u64 unused)
{
	struct hart *h = this_hart();

	(void)unused;
	if (!h->shmem && !nacl(NACL_SET_SHMEM, (u64)areas[h->index]).error)
		h->shmem = (u64)areas[h->index];
	return 0;
}
