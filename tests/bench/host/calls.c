/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that change nothing: the way in and out, of host and TVM. */
#include "bench.h"

#define N	1000

static struct tvm vm;

/* In the TVM: rdinstret t0; 1: ecall; addi s0, s0, -1; bnez s0, 1b; rdinstret t1 */
static const u32 tvm_loop[] = { 0xc02022f3, INSN_ECALL, 0xfff40413, 0xfe041ce3, 0xc0202373 };

static void tvm_ecalls(void)
{
	tvm_code(&vm, 0, tvm_loop, ARRAY_SIZE(tvm_loop));
	tvm_set(&vm, 0, 8, N);
	tvm_set(&vm, 0, 10, SBI_EXT_BASE);
	tvm_set(&vm, 0, 16, SBI_BASE_PROBE);
	tvm_set(&vm, 0, 17, SBI_EXT_BASE);
	need(tvm_exec_done(&vm, 0) == CAUSE_BREAK, "the TVM's loop does not end");
	report("tvm_ecall", tvm_get(&vm, 0, 6) - tvm_get(&vm, 0, 5), N);
}

/* COVG extend_measurement of a digest in a page of the TVM, where it exists */
static void tvm_extend(void)
{
	struct sbiret r;

	need(tvm_add_zero(&vm, TVM_FRESH_GPA), "a zero page is not added");
	r = tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_EXTEND_MEASUREMENT, TVM_FRESH_GPA, 48, 8);
	if (r.error) {
		absent("extend_measurement", r.error);
		return;
	}
	/* The call's own a0 and a1 are its answer: set them again in the loop. */
	static const u32 loop[] = {
		0xc02022f3, 0x00048513, 0x03000593, INSN_ECALL, 0xfff40413, 0xfe0418e3, 0xc0202373,
	};

	tvm_code(&vm, 0, loop, ARRAY_SIZE(loop));
	tvm_set(&vm, 0, 8, 100);
	tvm_set(&vm, 0, 9, TVM_FRESH_GPA);
	tvm_set(&vm, 0, 12, 8);
	tvm_set(&vm, 0, 16, COVG_EXTEND_MEASUREMENT);
	tvm_set(&vm, 0, 17, SBI_EXT_COVG);
	need(tvm_exec_done(&vm, 0) == CAUSE_BREAK, "the TVM's loop does not end");
	report("extend_measurement", tvm_get(&vm, 0, 6) - tvm_get(&vm, 0, 5), 100);
}

void bench_calls(void)
{
	static struct cove_tsm_info info;

	report("sbi_call", ecall_loop(N, SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_BASE, 0), N);
	report("get_tsm_info",
	       ecall_loop(N, SBI_EXT_COVH, COVH_GET_TSM_INFO, (u64)&info, sizeof(info)), N);
	need(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM does not run");
	tvm_ecalls();
	tvm_extend();
	need(tvm_destroy_fast(&vm), "a TVM is not destroyed");
}
