/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CoVE host extension (COVH): function numbers in both numberings, enumerations and structures.
 * RFC numbering is what the Linux client of 2023 speaks; SPEC numbering is that of the CoVE chapter (promote_to_tvm
 * takes 7 and what follows moves up by one).
 */
#ifndef COVE_COVH_H
#define COVE_COVH_H

#define COVH_GET_TSM_INFO		0
#define COVH_CONVERT_PAGES		1
#define COVH_RECLAIM_PAGES		2
#define COVH_GLOBAL_FENCE		3
#define COVH_LOCAL_FENCE		4
#define COVH_CREATE_TVM			5
#define COVH_FINALIZE_TVM		6

/* RFC numbering */
#define COVH_RFC_DESTROY_TVM		7
#define COVH_RFC_ADD_MEMORY_REGION	8
#define COVH_RFC_ADD_PGT_PAGES		9
#define COVH_RFC_ADD_MEASURED_PAGES	10
#define COVH_RFC_ADD_ZERO_PAGES		11
#define COVH_RFC_ADD_SHARED_PAGES	12
#define COVH_RFC_CREATE_VCPU		13
#define COVH_RFC_RUN_VCPU		14
#define COVH_RFC_TVM_FENCE		15
#define COVH_RFC_INVALIDATE_PAGES	16
#define COVH_RFC_VALIDATE_PAGES		17
#define COVH_RFC_PROMOTE_PAGE		18
#define COVH_RFC_DEMOTE_PAGE		19
#define COVH_RFC_REMOVE_PAGES		20

/* Specification numbering */
#define COVH_SPEC_PROMOTE_TO_TVM	7
#define COVH_SPEC_DESTROY_TVM		8
#define COVH_SPEC_ADD_MEMORY_REGION	9
#define COVH_SPEC_ADD_PGT_PAGES		10
#define COVH_SPEC_ADD_MEASURED_PAGES	11
#define COVH_SPEC_ADD_ZERO_PAGES	12
#define COVH_SPEC_ADD_SHARED_PAGES	13
#define COVH_SPEC_CREATE_VCPU		14
#define COVH_SPEC_RUN_VCPU		15
#define COVH_SPEC_TVM_FENCE		16
#define COVH_SPEC_INVALIDATE_PAGES	17
#define COVH_SPEC_VALIDATE_PAGES	18
#define COVH_SPEC_REMOVE_PAGES		19

/*
 * ACE's Linux: the specification's numbers, no domain in a6, and two functions more. Its 19 is told from the
 * specification's by the third argument: a page type, not a length (reference/DECISIONS.md 1).
 */
#define COVH_ACE_PROMOTE_PAGE		19
#define COVH_ACE_DEMOTE_PAGE		20
#define COVH_ACE_REMOVE_PAGES		21
#define COVH_ACE_PAGE_TYPES		4

/* tsm_info.tsm_state */
#define COVE_TSM_NOT_LOADED		0
#define COVE_TSM_LOADED			1
#define COVE_TSM_READY			2

/* Page types */
#define COVE_PAGE_4K			0
#define COVE_PAGE_2M			1
#define COVE_PAGE_1G			2
#define COVE_PAGE_512G			3

/* tsm_info_spec.tsm_capabilities */
#define COVE_CAP_PROMOTE_TVM		(1ULL << 0)
#define COVE_CAP_ATTESTATION_LOCAL	(1ULL << 1)
#define COVE_CAP_ATTESTATION_REMOTE	(1ULL << 2)
#define COVE_CAP_AIA			(1ULL << 3)
#define COVE_CAP_MRIF			(1ULL << 4)
#define COVE_CAP_MEMORY_ALLOCATION	(1ULL << 5)

/* tsm_info_spec.tsm_impl_id: 1 is Salus, 2 is ACE, larger ones are free. */
#define COVE_TSM_IMPL_ID		0x434d5354

/* RUN_VCPU: sbiret.value */
#define COVE_RUN_RESUMABLE		0
#define COVE_RUN_DEAD			1

/* What the host finds in scause after a RUN, FINALIZE or BIND that failed (ABI deviation for the RFC client). */
#define COVE_CAUSE_FAIL_ENTRY		48

#define COVE_PGD_PAGES			4
#define COVE_PGD_SIZE			0x4000

#ifndef __ASSEMBLER__
#ifdef __KERNEL__
#include <linux/types.h>
typedef u32 cove_u32;
typedef u64 cove_u64;
#else
#include <stdint.h>
typedef uint32_t cove_u32;
typedef uint64_t cove_u64;
#endif

/* GET_TSM_INFO with 32 <= length < 48 */
struct cove_tsm_info {
	cove_u32 tsm_state;
	cove_u32 tsm_version;
	cove_u64 tvm_state_pages;
	cove_u64 tvm_max_vcpus;
	cove_u64 tvm_vcpu_state_pages;
};

/* GET_TSM_INFO with length >= 48 */
struct cove_tsm_info_spec {
	cove_u32 tsm_state;
	cove_u32 tsm_impl_id;
	cove_u32 tsm_version;
	cove_u32 reserved;
	cove_u64 tsm_capabilities;
	cove_u64 tvm_state_pages;
	cove_u64 tvm_max_vcpus;
	cove_u64 tvm_vcpu_state_pages;
};

struct cove_tvm_create_params {
	cove_u64 tvm_page_directory_addr;	/* HPA, 16 KiB, 16 KiB-aligned, converted */
	cove_u64 tvm_state_addr;		/* HPA, tvm_state_pages, contiguous, converted */
};

_Static_assert(sizeof(struct cove_tsm_info) == 32, "ABI 3.1");
_Static_assert(sizeof(struct cove_tsm_info_spec) == 48, "ABI 3.1");
_Static_assert(sizeof(struct cove_tvm_create_params) == 16, "ABI 3.2");
#endif /* __ASSEMBLER__ */

#endif
