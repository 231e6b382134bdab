/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COVH: which handler a function number means, in the numbering that the caller speaks (ABI.md 2.2,
 * 2.5).
 */
#include "abi/call.h"
#include "cove/covh.h"
#include "cove/supd.h"
#include "host/space.h"
#include "sbi.h"
#include "tvm/tvm.h"

static struct reply covh_get_tsm_info(const struct call *c);

#define COVH_COMMON								\
	[COVH_GET_TSM_INFO]	= { covh_get_tsm_info, false },		\
	[COVH_CONVERT_PAGES]	= { covh_convert_pages, false },		\
	[COVH_RECLAIM_PAGES]	= { covh_reclaim_pages, false },		\
	[COVH_GLOBAL_FENCE]	= { covh_global_fence, false },		\
	[COVH_LOCAL_FENCE]	= { covh_local_fence, false },		\
	[COVH_CREATE_TVM]	= { covh_create_tvm, false },		\
	[COVH_FINALIZE_TVM]	= { covh_finalize_tvm, true },

static const struct call_row covh_rfc[] = {
	COVH_COMMON
	[COVH_RFC_DESTROY_TVM]		= { covh_destroy_tvm, false },
	[COVH_RFC_ADD_MEMORY_REGION]	= { covh_add_memory_region, false },
	[COVH_RFC_ADD_PGT_PAGES]	= { covh_add_pgt_pages, false },
	[COVH_RFC_ADD_MEASURED_PAGES]	= { covh_add_measured_pages, false },
	[COVH_RFC_ADD_ZERO_PAGES]	= { covh_add_zero_pages, false },
	[COVH_RFC_ADD_SHARED_PAGES]	= { covh_add_shared_pages, false },
	[COVH_RFC_CREATE_VCPU]		= { covh_create_vcpu, false },
	[COVH_RFC_RUN_VCPU]		= { covh_run_vcpu, true },
	[COVH_RFC_TVM_FENCE]		= { covh_tvm_fence, false },
	[COVH_RFC_INVALIDATE_PAGES]	= { covh_invalidate_pages, false },
	[COVH_RFC_VALIDATE_PAGES]	= { covh_validate_pages, false },
	[COVH_RFC_PROMOTE_PAGE]		= { covh_promote_page, false },
	[COVH_RFC_DEMOTE_PAGE]		= { covh_demote_page, false },
	[COVH_RFC_REMOVE_PAGES]		= { covh_remove_pages, false },
};

static const struct call_row covh_spec[] = {
	COVH_COMMON
	[COVH_SPEC_DESTROY_TVM]		= { covh_destroy_tvm, false },
	[COVH_SPEC_ADD_MEMORY_REGION]	= { covh_add_memory_region, false },
	[COVH_SPEC_ADD_PGT_PAGES]	= { covh_add_pgt_pages, false },
	[COVH_SPEC_ADD_MEASURED_PAGES]	= { covh_add_measured_pages, false },
	[COVH_SPEC_ADD_ZERO_PAGES]	= { covh_add_zero_pages, false },
	[COVH_SPEC_ADD_SHARED_PAGES]	= { covh_add_shared_pages, false },
	[COVH_SPEC_CREATE_VCPU]		= { covh_create_vcpu, false },
	[COVH_SPEC_RUN_VCPU]		= { covh_run_vcpu, true },
	[COVH_SPEC_TVM_FENCE]		= { covh_tvm_fence, false },
	[COVH_SPEC_INVALIDATE_PAGES]	= { covh_invalidate_pages, false },
	[COVH_SPEC_VALIDATE_PAGES]	= { covh_validate_pages, false },
	[COVH_SPEC_REMOVE_PAGES]		= { covh_remove_pages, false },
};

/*
 * ACE's Linux speaks the specification's numbers without naming a domain, but has two functions
 * more before REMOVE. 19 is its PROMOTE where the third argument is no length
 * (reference/DECISIONS.md 1).
 */
static const struct call_row covh_ace[] = {
	{ covh_promote_page, false },
	{ covh_demote_page, false },
	{ covh_remove_pages, false },
};

bool covh_host_speaks_spec;

bool call_numbering(u64 a6, bool *rfc)
{
	u64 sdid = a6 >> SUPD_SDID_SHIFT;

	*rfc = !sdid && !__atomic_load_n(&covh_host_speaks_spec, __ATOMIC_RELAXED);
	if (likely(a6 <= SUPD_FID_MASK))
		return true;
	return sdid <= SUPD_TSM_DOMAIN && !(a6 & ~(SUPD_FID_MASK | SUPD_SDID_MASK << SUPD_SDID_SHIFT));
}

static bool is_ace(const struct world *w)
{
	switch (w->gpr[REG_A6]) {
	case COVH_ACE_PROMOTE_PAGE:
		return w->gpr[REG_A2] < COVH_ACE_PAGE_TYPES;
	case COVH_ACE_DEMOTE_PAGE:
	case COVH_ACE_REMOVE_PAGES:
		return true;
	}
	return false;
}

static const struct call_row *row_of(const struct world *w, bool rfc)
{
	u64 fid = w->gpr[REG_A6] & SUPD_FID_MASK;
	const struct call_row *rows = rfc ? covh_rfc : covh_spec;
	u64 count = rfc ? ARRAY_SIZE(covh_rfc) : ARRAY_SIZE(covh_spec);

	/* The whole of a6: these callers name no domain. */
	if (!rfc && is_ace(w))
		return &covh_ace[fid - COVH_ACE_PROMOTE_PAGE];
	return fid < count && rows[fid].handler ? &rows[fid] : NULL;
}

struct world *covh_call(struct hart *h, struct world *w)
{
	struct call c = { .hart = h, .arg = &w->gpr[REG_A0] };
	const struct call_row *row = NULL;

	if (call_numbering(w->gpr[REG_A6], &c.rfc))
		row = row_of(w, c.rfc);
	if (!row)
		return reply_give(w, reply_value(TSM_E_NOT_SUPPORTED, 0));
	return reply_give(w, call_row_run(row, &c));
}

void call_fail_entry(void)
{
	csr_write(CSR_VSCAUSE, COVE_CAUSE_FAIL_ENTRY);
	csr_write(CSR_VSTVAL, 0);
}

enum tsm_err call_range(u64 hpa, u64 count, pfn_t *first)
{
	enum tsm_err err = host_range(HPA(hpa), count, first);

	if (err == TSM_OK && count > CALL_MAX_PAGES)
		return TSM_E_PARAM;
	return err;
}

static __noinline enum tsm_err info_long(hpa_t to)
{
	const struct cove_tsm_info_spec info = {
		.tsm_state = COVE_TSM_READY,
		.tsm_impl_id = COVE_TSM_IMPL_ID,
		.tsm_version = TSM_VERSION,
		.tsm_capabilities = COVE_CAP_MEMORY_ALLOCATION | COVE_CAP_AIA | COVE_CAP_ATTESTATION_LOCAL |
				    COVE_CAP_ATTESTATION_REMOTE,
		.tvm_state_pages = TVM_STATE_PAGES,
		.tvm_max_vcpus = TVM_MAX_VCPUS,
		.tvm_vcpu_state_pages = vcpu_state_pages(),
	};

	return host_copy_out(to, &info, sizeof(info));
}

static __noinline enum tsm_err info_short(hpa_t to)
{
	const struct cove_tsm_info info = {
		.tsm_state = COVE_TSM_READY,
		.tsm_version = TSM_VERSION,
		.tvm_state_pages = TVM_STATE_PAGES,
		.tvm_max_vcpus = TVM_MAX_VCPUS,
		.tvm_vcpu_state_pages = vcpu_state_pages(),
	};

	return host_copy_out(to, &info, sizeof(info));
}

/*
 * COVH get_tsm_info (ABI.md 4.1). Refuses: a buffer shorter than the shorter layout, or not in host
 * memory.
 */
static struct reply covh_get_tsm_info(const struct call *c)
{
	bool long_form = c->arg[1] >= sizeof(struct cove_tsm_info_spec);
	hpa_t to = HPA(c->arg[0]);
	enum tsm_err err;

	if (c->arg[1] < sizeof(struct cove_tsm_info))
		return reply_value(TSM_E_PARAM, 0);
	if (!IS_ALIGNED(to.v, sizeof(u32)))
		return reply_value(TSM_E_ADDRESS, 0);
	err = long_form ? info_long(to) : info_short(to);
	if (err == TSM_OK)
		__atomic_store_n(&covh_host_speaks_spec, long_form, __ATOMIC_RELAXED);
	return reply_value(err, long_form ? sizeof(struct cove_tsm_info_spec) : sizeof(struct cove_tsm_info));
}
