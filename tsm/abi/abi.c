/* SPDX-License-Identifier: BSD-2-Clause */
#include "abi/abi.h"
#include "abi/call.h"
#include "cove/covh.h"
#include "cove/nacl.h"
#include "cove/supd.h"
#include "host/nacl.h"
#include "host/sbi.h"
#include "rv_arch.h"
#include "sbi.h"
#include "tsm_ext.h"
#include "tvm/run.h"
#include "vcpu/vcpu.h"

/*
 * The one place where an internal error becomes a number that a caller sees (reference/DECISIONS.md
 * 3).
 */
const s64 reply_code[TSM_ERR_COUNT] = {
	[TSM_OK]			= SBI_SUCCESS,
	[TSM_E_FAILED]			= SBI_ERR_FAILED,
	[TSM_E_NOT_SUPPORTED]		= SBI_ERR_NOT_SUPPORTED,
	[TSM_E_PARAM]			= SBI_ERR_INVALID_PARAM,
	[TSM_E_DENIED]			= SBI_ERR_DENIED,
	[TSM_E_ADDRESS]			= SBI_ERR_INVALID_ADDRESS,
	[TSM_E_ALREADY_AVAILABLE]	= SBI_ERR_ALREADY_AVAILABLE,
	[TSM_E_ALREADY_STARTED]		= SBI_ERR_ALREADY_STARTED,
	[TSM_E_ALREADY_STOPPED]		= SBI_ERR_ALREADY_STOPPED,
	[TSM_E_NO_SHMEM]		= SBI_ERR_NO_SHMEM,
	[TSM_E_NO_MEMORY]		= SBI_ERR_FAILED,
	[TSM_E_NO_PTPAGES]		= SBI_ERR_INVALID_ADDRESS,
};

/* NACL: no optional feature is offered (ABI.md 10). */
static struct reply nacl_call(struct hart *h, const struct world *w)
{
	const u64 *a = &w->gpr[REG_A0];

	switch (w->gpr[REG_A6]) {
	case NACL_PROBE_FEATURE:
		return reply_value(TSM_OK, 0);
	case NACL_SET_SHMEM:
		return reply_value(nacl_set_shmem(h, a[0], a[1], a[2]), 0);
	}
	return reply_value(TSM_E_NOT_SUPPORTED, 0);
}

static struct reply supd_call(const struct world *w)
{
	if (w->gpr[REG_A6] != SUPD_GET_ACTIVE_DOMAINS)
		return reply_value(TSM_E_NOT_SUPPORTED, 0);
	return reply_value(TSM_OK, BIT(SUPD_HOST_DOMAIN) | BIT(SUPD_TSM_DOMAIN));
}

struct world *reply_again(struct world *w)
{
	const struct hart *h = this_hart();

	return h->vcpu ? &h->vcpu->world : w;
}

/* Every other extension and function. */
static __noinline struct world *any_ecall(struct world *w)
{
	struct hart *h = this_hart();

	switch (w->gpr[REG_A7]) {
	case SBI_EXT_COVI:
		return reply_give(w, covi_call(h, w));
	case SBI_EXT_NACL:
		return reply_give(w, nacl_call(h, w));
	case SBI_EXT_SUPD:
		return reply_give(w, supd_call(w));
	case SBI_EXT_TSM:
		return reply_give(w, tsm_ext_call(w));
	}
	return host_sbi_call(h, w) ? w : reply_give(w, reply_value(TSM_E_NOT_SUPPORTED, 0));
}

/*
 * RUN_VCPU, which is called more often than all the others together, goes straight to its room; so does Base, which kernels
 * call in loops to find out what there is.
 */
struct world *abi_host_ecall(struct world *w)
{
	u64 eid = w->gpr[REG_A7];
	bool rfc;

	if (likely(eid == SBI_EXT_COVH)) {
		if (likely(covh_is_run(w, &rfc)))
			return tvm_run(this_hart(), w->gpr[REG_A0], w->gpr[REG_A1], CONFIG_RFC_DEVIATIONS && rfc);
		return covh_call(this_hart(), w);
	}
	return eid == SBI_EXT_BASE ? host_base_call(w) : any_ecall(w);
}

struct world *abi_host_run_over(struct hart *h)
{
	struct reply r = covh_run_over(h);
	bool rfc;

	covh_is_run(&h->host, &rfc);
	if (r.err != TSM_OK && CONFIG_RFC_DEVIATIONS && rfc)
		call_fail_entry();
	return reply_give(&h->host, r);
}
