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

/* Serves the ECALL of the vCPU. True: it goes on; false: *exit is the exit. */
bool tvm_sbi_call(const struct tvm_call *c);

/* covg.c: likewise for COVG. */
bool tvm_covg_call(const struct tvm_call *c);

/* The answer into a0 and a1, the pc past the ECALL. True, for the callers' convenience. */
bool tvm_reply(const struct tvm_call *c, s64 error, u64 value);

/*
 * The host has to supply the page at @gpa first; the ECALL is then executed again. False, likewise.
 */
bool tvm_need_page(const struct tvm_call *c, u64 scause, gpa_t gpa);

#endif
