/* SPDX-License-Identifier: BSD-2-Clause */
/* SBI PMU: the host's hardware counters (T77, N21), and that no TVM shows in them (N31). Group: pmu. TVMs: t_pmu_tvm.c. */
#include "expect.h"

#define EVENT(type, code)	((u64)(type) << 16 | (code))
#define INSTRUCTIONS		EVENT(SBI_PMU_TYPE_HW, SBI_PMU_HW_INSTRUCTIONS)
#define HPMCOUNTER(i)		(0xc00 + (u32)(i))
#define IRQ_LCOFI		13

#define pmu(fid, ...)		sbi(SBI_EXT_PMU, SBI_PMU_##fid, ##__VA_ARGS__)

static struct tvm vm;
static u64 nr, all;		/* how many counters, and those that can be used */

static u64 trap_of(u64 index, u64 *value)
{
	return probe_insn(INSN_CSRR(HPMCOUNTER(index)), value);
}

static u64 count_of(u64 index)
{
	u64 v = 0;

	trap_of(index, &v);
	return v;
}

/* False, said once a test: there is no PMU. */
static bool offered(const char *what)
{
	struct sbiret r;

	if (!sbi_probe(SBI_EXT_PMU)) {
		skip("no SBI PMU", "%s", what);
		return false;
	}
	r = pmu(NUM_COUNTERS);
	nr = r.error ? 0 : (u64)r.value;
	all = 0;
	for (u64 i = 0; i < nr; i++)
		if (!pmu(COUNTER_GET_INFO, i).error)
			all |= BIT(i);
	return true;
}

/* A counter for the host's instructions, or a failed check. */
static bool allocate(u64 flags, u64 *index)
{
	struct sbiret r = pmu(COUNTER_CONFIG, 0, all, flags, INSTRUCTIONS);

	*index = (u64)r.value;
	return sbi_ok(r, "a counter is configured for instructions") &&
	       ok(*index < nr && (all & BIT(*index)), "it is one of those that were offered");
}

static void release(u64 index)
{
	pmu(COUNTER_STOP, 0, BIT(index), SBI_PMU_STOP_RESET);
}

static void absent(void)
{
	/* Without it in the ISA string, a machine may lack just the overflow interrupt; the runner knows. */
	bool lacks = strstr(machine.bootargs, "no=sscofpmf");

	if (!lacks) {
		eq(sbi_probe(SBI_EXT_PMU), 1, "with Sscofpmf, SBI PMU is offered");
		return;
	}
	ok(!strstr(machine.isa, "sscofpmf"), "without Sscofpmf, the ISA string does not name it");
	eq(sbi_probe(SBI_EXT_PMU), 0, "without Sscofpmf, SBI PMU is absent");
	for (u64 fid = 0; fid < 9; fid++)
		sbi_err(sbi(SBI_EXT_PMU, fid), SBI_ERR_NOT_SUPPORTED, "PMU function %lu is not supported then", fid);
}

static void info(void)
{
	u32 good = 0, count = 0;

	if (!offered("counters are described"))
		return;
	ok(nr && nr <= 32 && all, "there are %lu counters, all of hardware", nr);
	for (u64 i = 0; i < nr; i++) {
		struct sbiret r = pmu(COUNTER_GET_INFO, i);

		if (r.error)
			continue;
		count++;
		good += r.value >= 0 && ((u64)r.value & 0xfff) == HPMCOUNTER(i) && ((u64)r.value >> 12 & 63) > 30;
	}
	eq(good, count, "each is read by the CSR of its index");
	ok(!(all & 7), "cycle, time and instret are not among them");
	sbi_err(pmu(COUNTER_GET_INFO, nr), SBI_ERR_INVALID_PARAM, "there is none past the last");
	sbi_err(pmu(COUNTER_GET_INFO, ~0ULL), SBI_ERR_INVALID_PARAM, "nor with index ~0");
	sbi_err(pmu(COUNTER_GET_INFO, BIT(32) + 3), SBI_ERR_INVALID_PARAM, "nor with index 2^32 + 3");
	sbi_err(pmu(COUNTER_FW_READ, 3), SBI_ERR_NOT_SUPPORTED, "there is no firmware counter to read");
	sbi_err(pmu(SNAPSHOT_SET_SHMEM, (u64)&nr & ~0xfffULL), SBI_ERR_NOT_SUPPORTED, "there are no snapshots");
}

static void counts(void)
{
	u64 i, v = 0, first;

	if (!offered("instructions are counted") || !allocate(SBI_PMU_CFG_CLEAR_VALUE, &i))
		return;
	eq(trap_of(i, &v), NO_TRAP, "the host reads the counter that it has");
	sbi_ok(pmu(COUNTER_START, i, 1, SBI_PMU_START_SET_VALUE, 1000), "it is started");
	sbi_err(pmu(COUNTER_START, i, 1, 0, 0), SBI_ERR_ALREADY_STARTED, "and can not be started again");
	first = count_of(i);
	ok(first >= 1000, "it begins where it was told to");
	delay(1000);
	ok(count_of(i) > first, "it counts");
	sbi_ok(pmu(COUNTER_STOP, i, 1, 0), "it is stopped");
	sbi_err(pmu(COUNTER_STOP, i, 1, 0), SBI_ERR_ALREADY_STOPPED, "and can not be stopped again");
	first = count_of(i);
	delay(1000);
	eq(count_of(i), first, "it stands still then");
	sbi_ok(pmu(COUNTER_CONFIG, i, 1, SBI_PMU_CFG_SKIP_MATCH | SBI_PMU_CFG_CLEAR_VALUE | SBI_PMU_CFG_AUTO_START,
		   INSTRUCTIONS), "it is cleared and started as it is");
	delay(1000);
	ok(count_of(i), "it counts again");
	sbi_err(pmu(COUNTER_STOP, 0, all, SBI_PMU_STOP_RESET), SBI_ERR_ALREADY_STOPPED,
		"every counter is stopped and given back in one call, which says that some stood still");
	eq(trap_of(i, &v), CAUSE_ILLEGAL, "the host can not read it any more");
}

static void refused(void)
{
	static const struct {
		u64 flags, event, data;
		s64 error;
		const char *what;
	} bad[] = {
		{ 0, EVENT(SBI_PMU_TYPE_FIRMWARE, 0), 0, SBI_ERR_NOT_SUPPORTED, "a firmware event" },
		{ 0, EVENT(SBI_PMU_TYPE_FIRMWARE, 0xffff), 0, SBI_ERR_NOT_SUPPORTED, "a platform event" },
		{ 0, EVENT(0, 0), 0, SBI_ERR_INVALID_PARAM, "event 0" },
		{ 0, EVENT(0, 11), 0, SBI_ERR_INVALID_PARAM, "general event 11" },
		{ 0, EVENT(1, 7 << 3), 0, SBI_ERR_INVALID_PARAM, "an event of an eighth cache" },
		{ 0, EVENT(1, 3 << 1), 0, SBI_ERR_INVALID_PARAM, "a fourth cache operation" },
		{ 0, EVENT(2, 1), 0, SBI_ERR_INVALID_PARAM, "a raw event with a code" },
		{ 0, EVENT(2, 0), BIT(48), SBI_ERR_INVALID_PARAM, "a raw event with a filter bit" },
		{ 0, EVENT(2, 0), BIT(63), SBI_ERR_INVALID_PARAM, "a raw event with the overflow bit" },
		{ 0, EVENT(3, 0), 0, SBI_ERR_INVALID_PARAM, "an event of type 3" },
		{ 0, INSTRUCTIONS | BIT(20), 0, SBI_ERR_INVALID_PARAM, "event bit 20" },
		{ 0, INSTRUCTIONS | BIT(63), 0, SBI_ERR_INVALID_PARAM, "event bit 63" },
		{ BIT(8), INSTRUCTIONS, 0, SBI_ERR_INVALID_PARAM, "flag 8" },
		{ BIT(63), INSTRUCTIONS, 0, SBI_ERR_INVALID_PARAM, "flag 63" },
		{ 1, INSTRUCTIONS, 0, SBI_ERR_INVALID_PARAM, "a counter that is not configured" },
	};

	if (!offered("what makes no sense is refused"))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		sbi_err(pmu(COUNTER_CONFIG, 0, all, bad[i].flags, bad[i].event, bad[i].data), bad[i].error,
			"configuration with %s is refused", bad[i].what);
	sbi_err(pmu(COUNTER_CONFIG, 0, 7, 0, INSTRUCTIONS), SBI_ERR_NOT_SUPPORTED,
		"the fixed counters can not be configured");
	sbi_err(pmu(COUNTER_START, 0, all, 0, 0), SBI_ERR_INVALID_PARAM, "what is not configured can not be started");
	sbi_err(pmu(COUNTER_START, 0, all, SBI_PMU_START_SNAPSHOT, 0), SBI_ERR_NO_SHMEM, "nor from a snapshot");
	sbi_err(pmu(COUNTER_STOP, 0, all, BIT(2)), SBI_ERR_INVALID_PARAM, "a stop with flag 2 is refused");
	sbi_err(pmu(COUNTER_STOP, 0, 4, 0), SBI_ERR_INVALID_PARAM, "instret can not be stopped");
}

/* N21 */
static void wraps(void)
{
	u32 trapped = 0;

	if (!offered("index masks that wrap are refused"))
		return;
	const u64 bad[][2] = {
		{ 0, 0 }, { nr, 1 }, { nr - 1, 2 }, { 0, BIT(nr) }, { 0, ~0ULL }, { 63, 1 }, { 63, 2 }, { 64, 1 },
		{ ~0ULL, 1 }, { ~0ULL, 3 }, { ~0ULL, ~0ULL }, { ~0ULL - 62, BIT(63) }, { BIT(32), 8 }, { BIT(63), BIT(63) },
	};
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		sbi_err(pmu(COUNTER_CONFIG, bad[i][0], bad[i][1], 0, INSTRUCTIONS), SBI_ERR_INVALID_PARAM,
			"configuring base %lx mask %lx is refused", bad[i][0], bad[i][1]);
		sbi_err(pmu(COUNTER_START, bad[i][0], bad[i][1], 0, 0), SBI_ERR_INVALID_PARAM, "so is starting it");
		sbi_err(pmu(COUNTER_STOP, bad[i][0], bad[i][1], 0), SBI_ERR_INVALID_PARAM, "and stopping it");
	}
	for (u64 i = 3; i < 32; i++) {
		u64 v;

		trapped += trap_of(i, &v) == CAUSE_ILLEGAL;
	}
	eq(trapped, 29, "nothing was allocated");
}

/* A TVM counts down for a few million instructions. */
static void spin(u64 rounds)
{
	/* 1: addi a2, a2, -1; bnez a2, 1b */
	static const u32 insns[] = { 0xfff60613, 0xfe061ee3 };

	tvm_code(&vm, 0, insns, ARRAY_SIZE(insns));
	tvm_set(&vm, 0, 12, rounds);
	eq(tvm_exec_done(&vm, 0), CAUSE_BREAK, "the TVM spins");
}

/* N31 */
static void tvm_does_not_show(void)
{
	u64 i, v = 0x77, before, cycles;

	if (!offered("a TVM does not show in the host's counters") || !allocate(SBI_PMU_CFG_CLEAR_VALUE, &i))
		return;
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	sbi_ok(pmu(COUNTER_START, i, 1, 0, 0), "the counter is started");
	eq(tvm_insn(&vm, 0, INSN_CSRR(HPMCOUNTER(i)), &v), CAUSE_ILLEGAL, "the TVM can not read it");
	eq(v, 0x77, "and sees nothing of it");
	before = count_of(i);
	cycles = csr_read(cycle);
	spin(4000000);
	cycles = csr_read(cycle) - cycles;
	before = count_of(i) - before;
	if (!ok(before < cycles / 4, "a TVM that spins does not count"))
		note("counted %lu of %lu", before, cycles);
	before = count_of(i);
	delay(1000);
	ok(count_of(i) > before, "the host's counter goes on afterwards");
	sbi_ok(pmu(COUNTER_STOP, i, 1, 0), "it is stopped");
	before = count_of(i);
	spin(1000);
	eq(count_of(i), before, "a stopped counter stays stopped over a RUN");
	release(i);
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

static void overflow(void)
{
	u64 i, deadline = now() + ticks_per_second;
	struct exit e;

	if (!offered("an overflow raises interrupt 13") || !strstr(machine.isa, "sscofpmf") || !allocate(0, &i))
		return;
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	csr_clear(sip, BIT(IRQ_LCOFI));
	csr_write(sie, BIT(IRQ_LCOFI));
	eq(csr_read(sie), BIT(IRQ_LCOFI), "the host can enable the interrupt");
	sbi_ok(pmu(COUNTER_START, i, 1, SBI_PMU_START_SET_VALUE, ~0ULL - 20000), "a counter is about to overflow");
	while (!(csr_read(sip) & BIT(IRQ_LCOFI)) && now() < deadline)
		;
	ok(csr_read(sip) & BIT(IRQ_LCOFI), "its overflow makes interrupt 13 pending");
	eq(csr_read(0xda0) & BIT(i), BIT(i), "scountovf says which counter it was");
	if (tvm_command_begin(&vm, 0, OP_NOP, 0, 0)) {
		vcpu_run(&vm, 0, &e);
		eq(e.scause, CAUSE_IRQ | IRQ_LCOFI, "a RUN ends at once while it is pending");
	}
	eq(csr_read(0xda0) & BIT(i), BIT(i), "scountovf still says so");
	csr_clear(sip, BIT(IRQ_LCOFI));
	eq(csr_read(sip) & BIT(IRQ_LCOFI), 0, "the host clears it");
	csr_write(sie, 0);
	release(i);
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

static const struct test pmu_tests[] = {
	TEST(absent), TEST(info), TEST(counts), TEST(refused), TEST(wraps), TEST(tvm_does_not_show), TEST(overflow),
};

GROUP(pmu, true, 1);
