/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle/inject.h"

#include <stddef.h>

#include "gstage/gstage.h"
#include "host/space.h"
#include "page/page.h"
#include "rv_arch.h"
#include "tvm/run.h"
#include "tvm/tvm.h"

bool inject_leak;

static u32 left;		/* uses until one fails; 0: none does */
static const char *failed;

void inject_arm(u32 n)
{
	left = n;
	failed = NULL;
}

const char *inject_disarm(void)
{
	left = 0;
	return failed;
}

static bool now(const char *name)
{
	if (!left || --left)
		return false;
	failed = name;
	return true;
}

/* A function that fails with @value where @when holds. */
#define FAILS(type, name, value, when, params, args)			\
	type __real_##name params;					\
	type __wrap_##name params;					\
	type __wrap_##name params					\
	{								\
		return (when) && now(#name) ? (value) : __real_##name args;	\
	}

/* A claim of what is the caller's own already cannot fail: it is checked. */
FAILS(enum tsm_err, page_claim, TSM_E_ADDRESS, !owner, (pfn_t pfn, u64 count, enum page_state from, u64 owner),
      (pfn, count, from, owner))
FAILS(enum tsm_err, page_pin, TSM_E_ADDRESS, true, (pfn_t pfn, u64 count), (pfn, count))
FAILS(u64 *, page_ref, NULL, true, (pfn_t pfn, enum page_state state, u64 owner), (pfn, state, owner))
FAILS(enum tsm_err, page_claim_unreferenced, TSM_E_ADDRESS, true, (pfn_t pfn, enum page_state state, u64 owner),
      (pfn, state, owner))
FAILS(bool, page_range_is_ram, false, true, (pfn_t pfn, u64 count), (pfn, count))
FAILS(enum tsm_err, host_range, TSM_E_ADDRESS, true, (hpa_t hpa, u64 count, pfn_t *first), (hpa, count, first))
FAILS(enum tsm_err, host_copy_in, TSM_E_ADDRESS, true, (void *dst, hpa_t src, u64 size), (dst, src, size))
FAILS(enum tsm_err, host_copy_out, TSM_E_ADDRESS, true, (hpa_t dst, const void *src, u64 size), (dst, src, size))
FAILS(enum tsm_err, gstage_reserve, TSM_E_NO_PTPAGES, true,
      (struct gstage *g, const struct gstage_range *r, pfn_t pfn, u64 perm), (g, r, pfn, perm))
FAILS(bool, gstage_pool_has, false, true, (struct gstage *g, u64 count), (g, count))
FAILS(enum tsm_err, gstage_check, TSM_E_ADDRESS, true,
      (const struct gstage *g, const struct gstage_span *s, enum gstage_want want, bool absent_ok,
       struct epoch *epoch), (g, s, want, absent_ok, epoch))
FAILS(enum tsm_err, gstage_promote, TSM_E_ADDRESS, true, (struct gstage *g, gpa_t gpa, enum gstage_level level),
      (g, gpa, level))
FAILS(enum tsm_err, gstage_demote, TSM_E_NO_PTPAGES, true, (struct gstage *g, gpa_t gpa, enum gstage_level level),
      (g, gpa, level))
FAILS(bool, epoch_advance, false, true, (struct epoch *e), (e))
FAILS(bool, tvm_build_begin, false, true, (struct tvm *t), (t))
FAILS(enum tsm_err, tvm_region_add, TSM_E_NO_MEMORY, true,
      (struct tvm *t, u64 gpa, u64 size, enum region_type type), (t, gpa, size, type))
FAILS(enum tsm_err, tvm_sweep_begin, TSM_E_PARAM, true, (struct tvm *t, const struct sweep_call *c), (t, c))
FAILS(enum tsm_err, tvm_finalize_begin, TSM_E_PARAM, true, (struct tvm *t), (t))
FAILS(enum tsm_err, tvm_add_reserve, TSM_E_NO_PTPAGES, true,
      (struct tvm *t, const struct tvm_add *a), (t, a))
FAILS(enum tsm_err, tvm_add_page, TSM_E_NO_PTPAGES, true, (struct tvm *t, gpa_t gpa, pfn_t pfn), (t, gpa, pfn))
FAILS(enum tsm_err, tvm_shared_add, TSM_E_NO_PTPAGES, true, (struct tvm *t, const struct tvm_add *a), (t, a))
FAILS(enum tsm_err, tvm_share_request, TSM_E_NO_MEMORY, true,
      (struct tvm *t, const struct gstage_span *s, enum region_type from, enum region_type to), (t, s, from, to))
/* From ON a vCPU is claimed; any other move is of one that is claimed. */
FAILS(bool, rv_cas32, false, old == VCPU_ON, (u32 *p, u32 old, u32 new), (p, old, new))
FAILS(bool, tvm_read, false, (*missing = gpa, true), (const struct tvm *t, gpa_t gpa, void *dst, u64 size, gpa_t *missing),
      (t, gpa, dst, size, missing))
FAILS(bool, rv_hlvx_hu, false, true, (u64 addr, u16 *value), (addr, value))
FAILS(bool, irq_mask_file, false, true, (u64 mask, struct irq_file *f), (mask, f))

void __real_page_unclaim(pfn_t pfn, u64 count);
void __wrap_page_unclaim(pfn_t pfn, u64 count);
void __wrap_page_unclaim(pfn_t pfn, u64 count)
{
	if (!inject_leak || !failed)
		__real_page_unclaim(pfn, count);
}
