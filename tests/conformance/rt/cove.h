/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of a CoVE host, in both numberings, and the NACL area of the calling hart. */
#ifndef RT_COVE_H
#define RT_COVE_H

#include "rt.h"
#include "cove/covg.h"
#include "cove/covh.h"
#include "cove/covi.h"
#include "cove/nacl.h"
#include "cove/supd.h"

/*
 * Who calls: the RFC client, a specification client known by its GET_INFO length, one that names
 * the domain in a6.
 */
enum numbering {
	NUMBERING_RFC,
	NUMBERING_SPEC,
	NUMBERING_SPEC_SDID,
};

extern enum numbering numbering;
/* Makes the TSM take the following calls for those of such a caller (DECISIONS 1). */
bool numbering_set(enum numbering n);
const char *numbering_name(void);
/* The monitor was built without exceptions for the existing client (CONFIG_RFC_DEVIATIONS off). */
extern bool tsm_strict;
/* The caller is to be answered as the specification says: it is not that client, or the monitor
 * knows no such. */
static inline bool strict(void)
{
	return numbering != NUMBERING_RFC || tsm_strict;
}

enum covh_fn {
	FN_GET_INFO, FN_CONVERT, FN_RECLAIM, FN_GLOBAL_FENCE, FN_LOCAL_FENCE, FN_CREATE_TVM,
	FN_FINALIZE, FN_PROMOTE_TO_TVM, FN_DESTROY, FN_ADD_REGION, FN_ADD_PGT, FN_ADD_MEASURED,
	FN_ADD_ZERO, FN_ADD_SHARED, FN_CREATE_VCPU, FN_RUN, FN_TVM_FENCE, FN_INVALIDATE,
	FN_VALIDATE, FN_PROMOTE_PAGE, FN_DEMOTE_PAGE, FN_REMOVE,
	FN_COUNT,
};

/* False: the numbering has no such function. *fid is a6, domain included. */
bool covh_fid(enum covh_fn fn, u64 *fid);
struct sbiret covh_call(enum covh_fn fn, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);
#define covh(fn, ...)							\
	covh_call((fn), SBI_6(__VA_ARGS__ __VA_OPT__(,) 0, 0, 0, 0, 0, 0, 0))
#define covi(fid, ...)		sbi(SBI_EXT_COVI, (fid), ##__VA_ARGS__)
#define nacl(fid, ...)		sbi(SBI_EXT_NACL, (fid), ##__VA_ARGS__)
#define supd(fid)		sbi(SBI_EXT_SUPD, (fid))

#define covh_get_info(pa, len)				covh(FN_GET_INFO, pa, len)
#define covh_convert(pa, n)				covh(FN_CONVERT, pa, n)
#define covh_reclaim(pa, n)				covh(FN_RECLAIM, pa, n)
#define covh_global_fence()				covh(FN_GLOBAL_FENCE)
#define covh_local_fence()				covh(FN_LOCAL_FENCE)
#define covh_create_tvm(params, len)			covh(FN_CREATE_TVM, params, len)
#define covh_finalize(id, entry, arg, identity)		covh(FN_FINALIZE, id, entry, arg, identity)
#define covh_destroy(id)				covh(FN_DESTROY, id)
#define covh_add_region(id, gpa, len)			covh(FN_ADD_REGION, id, gpa, len)
#define covh_add_pgt(id, pa, n)				covh(FN_ADD_PGT, id, pa, n)
#define covh_add_measured(id, src, dst, type, n, gpa)			\
	covh(FN_ADD_MEASURED, id, src, dst, type, n, gpa)
#define covh_add_zero(id, pa, type, n, gpa)		covh(FN_ADD_ZERO, id, pa, type, n, gpa)
#define covh_add_shared(id, pa, type, n, gpa)		covh(FN_ADD_SHARED, id, pa, type, n, gpa)
#define covh_create_vcpu(id, vcpu, pa)			covh(FN_CREATE_VCPU, id, vcpu, pa)
#define covh_run(id, vcpu)				covh(FN_RUN, id, vcpu)
#define covh_tvm_fence(id)				covh(FN_TVM_FENCE, id)
#define covh_invalidate(id, gpa, len)			covh(FN_INVALIDATE, id, gpa, len)
#define covh_validate(id, gpa, len)			covh(FN_VALIDATE, id, gpa, len)
#define covh_remove(id, gpa, len)			covh(FN_REMOVE, id, gpa, len)

/* GLOBAL_FENCE, then LOCAL_FENCE on every hart; the first error that occurs. */
s64 cove_fence(void);
/* LOCAL_FENCE for run_on_all(); the argument is not used. */
u64 local_fence(u64 unused);
/* CONVERT and the fences. False says in a note what failed. */
bool cove_convert(u64 pa, u64 n);
/* Takes back every page from mark on that the host can not reach (what a failed test left). */
void cove_recover(u64 mark);
/* Whether all of the pages are zero, and readable. */
bool pages_zero(u64 pa, u64 n);
/* Whether the host can read none / all of the pages. */
bool pages_hidden(u64 pa, u64 n);
bool pages_readable(u64 pa, u64 n);

/* What GET_INFO says, read once. */
extern struct cove_tsm_info tsm_info;
bool cove_init(void);

/* Registers a NACL area for the calling hart, once; takes and returns nothing, for run_on(). */
u64 nacl_setup(u64 unused);
#define shmem_word(offset)	(*(volatile u64 *)(this_hart()->shmem + (offset)))
#define shmem_gpr(x)		shmem_word(NACL_GPR_OFFSET(x))
#define shmem_csr(csr)		shmem_word(NACL_CSR_OFFSET(csr))

#define CSR_VSIE		0x204
#define CSR_VSTIMECMP		0x24d
#define CSR_HTIMEDELTA		0x605
#define CSR_HTVAL		0x643
#define CSR_HVIP		0x645
#define CSR_HTINST		0x64a

#endif
