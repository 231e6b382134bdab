/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the host and a TVM and back. */
#include "bench.h"

#define N	1000
#define FAULTS	256

static struct tvm vm;

static u64 fid_run(void)
{
	u64 fid;

	covh_fid(FN_RUN, &fid);
	return fid;
}

static void spin_up(const u32 *code, u32 words)
{
	struct exit e;

	need(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM does not run");
	tvm_code(&vm, 0, code, words);
	tvm_set(&vm, 0, 5, SSTATUS_FS_INITIAL);
	tvm_exec(&vm, 0, &e);
	need(!e.error && e.scause == CAUSE_VIRTUAL, "the TVM does not reach its WFI");
}

static void round_trip(void)
{
	static const u32 code[] = { INSN_WFI, 0xffdff06f };			/* 1: wfi; j 1b */
	/* FP on; 1: fmv.d.x f0, s0; wfi; j 1b */
	static const u32 code_fp[] = { 0x1002a073, 0xf2040053, INSN_WFI, 0xff9ff06f };

	spin_up(code, ARRAY_SIZE(code));
	report("round_trip", ecall_loop(N, SBI_EXT_COVH, fid_run(), vm.id, 0), N);
	need(tvm_destroy_fast(&vm), "a TVM is not destroyed");
	if (!machine.has_d)
		return;
	csr_set(sstatus, SSTATUS_FS_INITIAL);
	spin_up(code_fp, ARRAY_SIZE(code_fp));
	report("round_trip_fp", ecall_loop_fp(N, SBI_EXT_COVH, fid_run(), vm.id, 0), N);
	need(tvm_destroy_fast(&vm), "a TVM is not destroyed");
	csr_clear(sstatus, SSTATUS_FS);
}

/* The TVM stores to one page after the other; each faults, is added and stored to. */
static void page_faults(void)
{
	/* 1: sd zero, 0(a0); add a0, a0, a1; j 1b */
	static const u32 code[] = { 0x00053023, 0x00b50533, 0xff9ff06f };
	u64 pages = pages_alloc(FAULTS, 1), start, id;
	struct exit e;

	need(tvm_build(&vm) && tvm_sync(&vm, 0) && cove_convert(pages, FAULTS),
	     "a TVM does not run");
	tvm_code(&vm, 0, code, ARRAY_SIZE(code));
	tvm_set(&vm, 0, 10, TVM_FRESH_GPA);
	tvm_set(&vm, 0, 11, PAGE_SIZE);
	tvm_exec(&vm, 0, &e);
	need(!e.error && e.scause == CAUSE_STORE_GUEST, "the TVM does not fault");
	id = vm.id;
	/* The first needs tables; it is not counted. */
	need(!covh_add_zero(id, pages, 0, 1, TVM_FRESH_GPA).error && !covh_run(id, 0).error,
	     "ADD_ZERO fails");
	start = instret();
	for (u64 i = 1; i < FAULTS; i++) {
		u64 gpa = shmem_csr(CSR_HTVAL) << 2;

		if (covh_add_zero(id, pages + i * PAGE_SIZE, 0, 1, gpa).error ||
		    covh_run(id, 0).error)
			need(false, "ADD_ZERO or RUN fails");
	}
	report("page_fault", instret() - start, FAULTS - 1);
	vm.created = false;
	need(!covh_destroy(id).error && !covh_reclaim(pages, FAULTS).error && tvm_destroy_fast(&vm),
	     "pages are lost");
}

void bench_run(void)
{
	round_trip();
	page_faults();
}
