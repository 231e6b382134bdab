/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SBI for TVMs: what the TSM answers itself, what it hands to the host, and COVG (ABI.md 6, 7.1,
 * 9.4 rows 1 to 3).
 */
#ifndef ABI_TVM_SBI_H
#define ABI_TVM_SBI_H

#include "tvm/run.h"

/* A call of a TVM while it is on this hart. */
struct tvm_call {
	struct tvm *tvm;
	struct vcpu *vcpu;
	struct vcpu_exit *exit;		/* filled when the call goes to the host */
};

static inline u64 tvm_arg(const struct tvm_call *c, u32 i)
{
	return c->vcpu->world.gpr[REG_A0 + i];
}

/* Serves the ECALL of the vCPU. True: it goes on; false: *exit is the exit. */
bool tvm_sbi_call(const struct tvm_call *c);

/* The same for Base, which is not one of those: it always goes on. Returns its world. */
struct world *tvm_base_call(struct vcpu *v);

/* covg.c: likewise for COVG. */
bool tvm_covg_call(const struct tvm_call *c);

/* atst.c: likewise for ATST. */
bool tvm_atst_call(const struct tvm_call *c);

/* tvm_ipi.c: likewise for IPI and RFENCE, of a TVM without interrupt files. */
bool tvm_ipi_call(const struct tvm_call *c, u64 fid);
bool tvm_rfence_call(const struct tvm_call *c, u64 fid);

/* attest.c: COVG functions 6, 7 and 10, and what they share with ATST */
bool covg_get_attcaps(const struct tvm_call *c);
bool covg_extend_measurement(const struct tvm_call *c);
bool covg_read_measurement(const struct tvm_call *c);

/* evidence.c: COVG function 8 */
bool covg_get_evidence(const struct tvm_call *c);

/* atst_evidence.c: ATST function 1 */
bool atst_get_evidence(const struct tvm_call *c);

/* secret.c: COVG function 9 */
bool covg_retrieve_secret(const struct tvm_call *c);

/* The range does not wrap and is confidential, all in one region. Its pages may be missing. */
bool tvm_is_confidential(const struct tvm_call *c, gpa_t gpa, u64 size);
/*
 * Copies an answer of at most a page there and replies @value; where a page is missing nothing is
 * copied and the host has to supply it.
 */
bool tvm_answer(const struct tvm_call *c, gpa_t gpa, const void *src, u64 size, u64 value);
/*
 * Extends a runtime register by the digest there, with zeros behind it up to @size bytes in all:
 * COVE_MR_SIZE to ATST_EXTEND_SIZE.
 */
bool tvm_extend(const struct tvm_call *c, u32 index, gpa_t gpa, u64 size);

/* The answer into a0 and a1, the pc past the ECALL. True, for the callers' convenience. */
bool tvm_reply(const struct tvm_call *c, s64 error, u64 value);

/*
 * The host has to supply the page at @gpa first; the ECALL is then executed again. False, likewise.
 */
bool tvm_need_page(const struct tvm_call *c, u64 scause, gpa_t gpa);

#endif
