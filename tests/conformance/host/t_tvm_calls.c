/* SPDX-License-Identifier: BSD-2-Clause */
/* SBI as a TVM sees it. Group: tvm_calls. */
#include "tests.h"

static struct tvm vm;

static struct sbiret call(u64 eid, u64 fid, u64 a0, u64 a1, u64 a2)
{
	return tvm_ecall(&vm, 0, eid, fid, a0, a1, a2);
}

static u64 probe(u64 eid)
{
	struct sbiret r = call(SBI_EXT_BASE, SBI_BASE_PROBE, eid, 0, 0);

	return r.error ? ~0ULL : (u64)r.value;
}

static bool begin(void)
{
	return ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs");
}

static void end(void)
{
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

static void base(void)
{
	static const struct {
		u64 eid;
		u64 value;
		const char *name;
	} list[] = {
		{ SBI_EXT_BASE, 1, "Base" },
		{ SBI_EXT_LEGACY_PUTCHAR, 1, "the legacy console" },
		{ SBI_EXT_DBCN, 1, "DBCN" },
		{ SBI_EXT_HSM, 1, "HSM" },
		{ SBI_EXT_SRST, 1, "SRST" },
		{ SBI_EXT_COVG, 1, "COVG" },
		{ SBI_EXT_TIME, 1, "TIME" },
		{ SBI_EXT_COVH, 0, "COVH" },
		{ SBI_EXT_COVI, 0, "COVI" },
		{ SBI_EXT_NACL, 0, "NACL" },
		{ SBI_EXT_SUPD, 0, "SUPD" },
		{ 0x08000000, 0, "an experimental extension" },
		{ 0x0a000001, 0, "firmware's own" },
		{ ~0ULL, 0, "extension ~0" },
	};

	if (!begin())
		return;
	eq((u64)call(SBI_EXT_BASE, SBI_BASE_SPEC_VERSION, 0, 0, 0).value, SBI_SPEC_VERSION_2_0,
	   "the TVM reads SBI version 2.0");
	for (u64 fid = SBI_BASE_IMPL_ID; fid <= SBI_BASE_MIMPID; fid++)
		sbi_ok(call(SBI_EXT_BASE, fid, 0, 0, 0), "Base function %lu answers the TVM", fid);
	for (u32 i = 0; i < ARRAY_SIZE(list); i++)
		eq(probe(list[i].eid), list[i].value, "%s probes %lu in a TVM", list[i].name,
		   list[i].value);
	end();
}

static void refused(void)
{
	static const u64 absent[] = {
		SBI_EXT_COVH, SBI_EXT_COVI, SBI_EXT_NACL, SBI_EXT_SUPD, 0x02,
		0x08,	      0x0f,	    0x08000000,	  0x0a000000,	0x12345678,
		0x535345,     0x46574654,   0x44425452,	  ~0ULL,	BIT(32) | SBI_EXT_BASE,
	};
	static const u64 present[] = {
		SBI_EXT_BASE, SBI_EXT_TIME, SBI_EXT_HSM, SBI_EXT_SRST, SBI_EXT_DBCN, SBI_EXT_COVG,
	};

	if (!begin())
		return;
	for (u32 i = 0; i < ARRAY_SIZE(absent); i++)
		sbi_err(call(absent[i], 0, 0x80000000, 1, 0), SBI_ERR_NOT_SUPPORTED,
			"extension %lx answers -2 in a TVM", absent[i]);
	for (u32 i = 0; i < ARRAY_SIZE(present); i++) {
		sbi_err(call(present[i], 0x3ff, 0, 0, 0), SBI_ERR_NOT_SUPPORTED,
			"function 0x3ff of extension %lx answers -2 in a TVM", present[i]);
		sbi_err(call(present[i], BIT(32), 0, 0, 0), SBI_ERR_NOT_SUPPORTED,
			"function 2^32 of extension %lx answers -2 in a TVM", present[i]);
	}
	for (u64 fid = 0; fid <= COVH_RFC_REMOVE_PAGES; fid++)
		sbi_err(call(SBI_EXT_COVH, fid, 0, 0, 0), SBI_ERR_NOT_SUPPORTED,
			"COVH function %lu answers -2 in a TVM", fid);
	end();
}

static void hsm(void)
{
	if (!begin())
		return;
	eq((u64)call(SBI_EXT_HSM, SBI_HSM_STATUS, 0, 0, 0).value, SBI_HSM_STARTED,
	   "the boot vCPU is started");
	sbi_err(call(SBI_EXT_HSM, SBI_HSM_STATUS, 1, 0, 0), SBI_ERR_INVALID_PARAM,
		"the status of a vCPU that does not exist is refused");
	sbi_err(call(SBI_EXT_HSM, SBI_HSM_STATUS, ~0ULL, 0, 0), SBI_ERR_INVALID_PARAM,
		"the status of vCPU ~0 is refused");
	sbi_err(call(SBI_EXT_HSM, SBI_HSM_START, 0, TVM_GPA, 0), SBI_ERR_ALREADY_AVAILABLE,
		"the boot vCPU can not be started");
	sbi_err(call(SBI_EXT_HSM, SBI_HSM_START, 1, TVM_GPA, 0), SBI_ERR_INVALID_PARAM,
		"a vCPU that does not exist can not be started");
	sbi_err(call(SBI_EXT_HSM, SBI_HSM_START, BIT(32), TVM_GPA, 0), SBI_ERR_INVALID_PARAM,
		"vCPU 2^32 can not be started");
	sbi_err(call(SBI_EXT_HSM, SBI_HSM_SUSPEND, 0, 0, 0), SBI_ERR_NOT_SUPPORTED,
		"HSM suspend answers -2 in a TVM");
	end();
}

/* Counters that the TVM may read */
static void counters(void)
{
	u64 a = 0, b = 0;

	if (!begin())
		return;
	eq(tvm_insn(&vm, 0, INSN_CSRR(0xc01), &a), CAUSE_BREAK, "the TVM reads time");
	eq(tvm_insn(&vm, 0, INSN_CSRR(0xc01), &b), CAUSE_BREAK, "and again");
	ok(b > a, "time runs forwards in the TVM");
	eq(tvm_insn(&vm, 0, INSN_CSRR(0xc00), &a), CAUSE_BREAK, "the TVM reads cycle");
	eq(tvm_insn(&vm, 0, INSN_CSRR(0xc02), &a), CAUSE_BREAK, "the TVM reads instret");
	end();
}

/* Every CSR number, read in the TVM: a value or its own illegal instruction, never an exit. */
static void every_csr(void)
{
	u32 wrong = 0, readable = 0;

	if (!begin())
		return;
	tvm_set(&vm, 0, 5, SSTATUS_FS_INITIAL | SSTATUS_VS_INITIAL);
	for (u32 csr = 0; csr < 4096 && !vm.broken; csr++) {
		const u32 code[] = { 0x1002a073, INSN_CSRR(csr) };
		u64 cause;

		tvm_code(&vm, 0, code, 2);
		cause = tvm_exec_done(&vm, 0);
		readable += cause == CAUSE_BREAK;
		if (cause != CAUSE_BREAK && cause != CAUSE_ILLEGAL) {
			note("reading CSR %x: cause %lx", csr, cause);
			wrong++;
		}
	}
	note("%u CSRs can be read in a TVM", readable);
	eq(wrong, 0, "reading any CSR gives the TVM a value or an illegal instruction exception");
	end();
}

static const struct test tvm_calls_tests[] = {
	TEST(base), TEST(refused), TEST(hsm), TEST(counters), TEST(every_csr),
};

GROUP(tvm_calls, true, 1);
