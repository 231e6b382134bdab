/* SPDX-License-Identifier: BSD-2-Clause */
/* SBI PMU in a TVM: each vCPU's counters are its own, and only count while it runs (N21, N31). Group: pmu_tvm. */
#include "expect.h"

#define EVENT(type, code)	((u64)(type) << 16 | (code))
#define INSTRUCTIONS		EVENT(SBI_PMU_TYPE_HW, SBI_PMU_HW_INSTRUCTIONS)
#define HPMCOUNTER(i)		(0xc00 + (u32)(i))
#define IRQ_LCOFI		13
#define TVM_COUNTERS		4	/* docs/registers.md */

static struct tvm vm, other;
static u64 nr, all;		/* how many counters the host sees, and those that can be used */

/* A PMU call of a TVM with all of its arguments. */
static struct sbiret guest(struct tvm *t, u64 fid, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	static const u32 code[] = { INSN_ECALL };
	const u64 args[] = { a0, a1, a2, a3, a4 };
	struct sbiret r = { 1, 0 };

	tvm_code(t, 0, code, 1);
	for (u32 i = 0; i < ARRAY_SIZE(args); i++)
		tvm_set(t, 0, 10 + i, args[i]);
	tvm_set(t, 0, 16, fid);
	tvm_set(t, 0, 17, SBI_EXT_PMU);
	if (tvm_exec_done(t, 0) == CAUSE_BREAK && !t->broken) {
		r.error = (s64)tvm_get(t, 0, 10);
		r.value = (s64)tvm_get(t, 0, 11);
	}
	return r;
}

#define pmu(t, fid, a0, a1, a2, a3)	guest(t, SBI_PMU_##fid, a0, a1, a2, a3, 0)

/* A TVM's read of a counter: the cause of its trap. */
static u64 guest_read(struct tvm *t, u64 index, u64 *value)
{
	*value = 0x77;
	return tvm_insn(t, 0, INSN_CSRR(HPMCOUNTER(index)), value);
}

static u64 guest_count(struct tvm *t, u64 index)
{
	u64 v;

	return guest_read(t, index, &v) == CAUSE_BREAK ? v : 0;
}

/* A TVM counts down. */
static void spin(struct tvm *t, u64 rounds)
{
	/* 1: addi a2, a2, -1; bnez a2, 1b */
	static const u32 insns[] = { 0xfff60613, 0xfe061ee3 };

	tvm_code(t, 0, insns, ARRAY_SIZE(insns));
	tvm_set(t, 0, 12, rounds);
	eq(tvm_exec_done(t, 0), CAUSE_BREAK, "the TVM spins");
}

/* False, said once a test: there is no PMU, or no TVM. */
static bool ready(const char *what, struct tvm *t)
{
	struct sbiret r;

	if (!sbi_probe(SBI_EXT_PMU)) {
		skip("no SBI PMU", "%s", what);
		return false;
	}
	r = sbi(SBI_EXT_PMU, SBI_PMU_NUM_COUNTERS);
	nr = r.error ? 0 : (u64)r.value;
	all = 0;
	for (u64 i = 0; i < nr; i++)
		if (!sbi(SBI_EXT_PMU, SBI_PMU_COUNTER_GET_INFO, i).error)
			all |= BIT(i);
	return ok(tvm_build(t) && tvm_sync(t, 0), "a TVM runs");
}

static bool allocate(struct tvm *t, u64 set, u64 *index)
{
	struct sbiret r = pmu(t, COUNTER_CONFIG, 0, set, 0, INSTRUCTIONS);

	*index = (u64)r.value;
	return sbi_ok(r, "the TVM configures a counter for instructions") &&
	       ok(*index < nr && (set & BIT(*index)), "it is one of those that it named");
}

static void absent(void)
{
	u64 offered = sbi_probe(SBI_EXT_PMU);

	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	eq((u64)tvm_ecall(&vm, 0, SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_PMU, 0, 0).value, offered,
	   "a TVM is offered SBI PMU where the host is");
	if (!offered)
		sbi_err(pmu(&vm, NUM_COUNTERS, 0, 0, 0, 0), SBI_ERR_NOT_SUPPORTED, "a call is not supported then");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

static void counts(void)
{
	u64 i, v, first;
	u32 same = 0;

	if (!ready("a TVM counts its instructions", &vm))
		return;
	eq((u64)pmu(&vm, NUM_COUNTERS, 0, 0, 0, 0).value, nr, "a TVM sees as many counters as the host");
	for (u64 n = 0; n < nr + 1; n++) {
		struct sbiret mine = pmu(&vm, COUNTER_GET_INFO, n, 0, 0, 0);
		struct sbiret host = sbi(SBI_EXT_PMU, SBI_PMU_COUNTER_GET_INFO, n);

		same += mine.error == host.error && mine.value == host.value;
	}
	eq(same, nr + 1, "and they are the same");
	if (!allocate(&vm, all, &i))
		return;
	eq(guest_read(&vm, i, &v), CAUSE_BREAK, "it reads the counter that it has");
	eq(v, 0, "it begins at 0");
	sbi_ok(pmu(&vm, COUNTER_START, i, 1, SBI_PMU_START_SET_VALUE, 1000), "it is started");
	sbi_err(pmu(&vm, COUNTER_START, i, 1, 0, 0), SBI_ERR_ALREADY_STARTED, "and can not be started again");
	first = guest_count(&vm, i);
	ok(first >= 1000, "it begins where it was told to");
	spin(&vm, 100000);
	ok(guest_count(&vm, i) > first, "it counts");
	sbi_ok(pmu(&vm, COUNTER_STOP, i, 1, 0, 0), "it is stopped");
	first = guest_count(&vm, i);
	spin(&vm, 100000);
	eq(guest_count(&vm, i), first, "it stands still then");
	delay(1000);
	sbi_ok(pmu(&vm, COUNTER_START, i, 1, 0, 0), "it is started as it is");
	v = guest_count(&vm, i);
	ok(v >= first && v - first < BIT(40), "and goes on from there");
	sbi_err(pmu(&vm, COUNTER_STOP, 0, all, SBI_PMU_STOP_RESET, 0), SBI_ERR_ALREADY_STOPPED,
		"all are stopped and given back in one call");
	eq(guest_read(&vm, i, &v), CAUSE_ILLEGAL, "the TVM can not read it any more");
	eq(v, 0x77, "and sees nothing of it");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

/* Three sides have the same counter at values that tell them apart. */
static void apart(void)
{
	const u64 base[] = { 1ULL << 40, 2ULL << 40, 3ULL << 40 };
	u64 i, j, v = 0;
	u32 good = 0;

	if (!ready("counters of the host and of two TVMs are kept apart", &vm) || !allocate(&vm, all, &i))
		return;
	if (!ok(tvm_build(&other) && tvm_sync(&other, 0), "another TVM runs") || !allocate(&other, BIT(i), &j))
		return;
	sbi_ok(sbi(SBI_EXT_PMU, SBI_PMU_COUNTER_CONFIG, i, 1, 0, INSTRUCTIONS), "the host has the same one");
	probe_insn(INSN_CSRR(HPMCOUNTER(i)), &v);
	eq(v, 0, "in which it sees nothing of theirs");
	sbi_ok(sbi(SBI_EXT_PMU, SBI_PMU_COUNTER_START, i, 1, SBI_PMU_START_SET_VALUE, base[2]), "the host starts it");
	sbi_ok(pmu(&vm, COUNTER_START, i, 1, SBI_PMU_START_SET_VALUE, base[0]), "so does the first TVM");
	sbi_ok(pmu(&other, COUNTER_START, i, 1, SBI_PMU_START_SET_VALUE, base[1]), "so does the second");
	for (u32 round = 0; round < 8; round++) {
		u64 seen[3] = { guest_count(&vm, i), guest_count(&other, i) };

		probe_insn(INSN_CSRR(HPMCOUNTER(i)), &seen[2]);
		for (u32 n = 0; n < 3; n++)
			good += seen[n] >> 40 == base[n] >> 40;
	}
	eq(good, 24, "each goes on from its own value, whoever ran in between");
	sbi_ok(pmu(&vm, COUNTER_STOP, i, 1, 0, 0), "the first TVM stops its own");
	v = guest_count(&vm, i);
	spin(&other, 1000);
	delay(1000);
	eq(guest_count(&vm, i), v, "which stands still while others count");
	sbi_ok(sbi(SBI_EXT_PMU, SBI_PMU_COUNTER_STOP, i, 1, SBI_PMU_STOP_RESET), "the host gives its own back");
	eq(guest_count(&other, i) >> 40, base[1] >> 40, "the second TVM's is still there");
	ok(tvm_destroy(&other), "the second TVM is destroyed");
	sbi_ok(sbi(SBI_EXT_PMU, SBI_PMU_COUNTER_CONFIG, i, 1, 0, INSTRUCTIONS), "the host takes it again");
	probe_insn(INSN_CSRR(HPMCOUNTER(i)), &v);
	eq(v, 0, "and sees nothing of the TVM that is gone");
	sbi(SBI_EXT_PMU, SBI_PMU_COUNTER_STOP, i, 1, SBI_PMU_STOP_RESET);
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

static void given_back(void)
{
	const u64 mine = 3ULL << 40;
	u64 i, v = 0, before;

	if (!ready("a counter that a TVM gives back while it runs is the host's own again", &vm) || !allocate(&vm, all, &i))
		return;
	sbi_ok(pmu(&vm, COUNTER_START, i, 1, SBI_PMU_START_SET_VALUE, 1ULL << 40), "a TVM starts a counter");
	sbi_ok(sbi(SBI_EXT_PMU, SBI_PMU_COUNTER_CONFIG, i, 1, 0, INSTRUCTIONS), "the host has the same one");
	sbi_ok(sbi(SBI_EXT_PMU, SBI_PMU_COUNTER_START, i, 1, SBI_PMU_START_SET_VALUE, mine), "and starts it");
	sbi_ok(pmu(&vm, COUNTER_STOP, i, 1, SBI_PMU_STOP_RESET, 0), "the TVM stops its own and gives it back");
	probe_insn(INSN_CSRR(HPMCOUNTER(i)), &before);
	eq(before >> 40, mine >> 40, "the host sees its own count, not the TVM's");
	delay(1000);
	probe_insn(INSN_CSRR(HPMCOUNTER(i)), &v);
	ok(v > before, "and its counter goes on");
	eq(guest_read(&vm, i, &v), CAUSE_ILLEGAL, "the TVM does not see the host's");
	sbi_ok(sbi(SBI_EXT_PMU, SBI_PMU_COUNTER_STOP, i, 1, SBI_PMU_STOP_RESET), "the host gives it back, too");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

static void refused(void)
{
	const u64 bad[][2] = {
		{ 0, 0 }, { nr, 1 }, { 63, 1 }, { 63, 2 }, { 64, 1 }, { 0, ~0ULL }, { ~0ULL, 1 }, { ~0ULL, 3 },
		{ ~0ULL, ~0ULL }, { ~0ULL - 62, BIT(63) }, { BIT(32), 8 }, { BIT(63), BIT(63) },
	};
	u64 i, v;
	u32 trapped = 0;

	if (!ready("what makes no sense is refused to a TVM", &vm))
		return;
	for (u32 n = 0; n < ARRAY_SIZE(bad); n++) {
		u64 base = n == 1 ? nr : bad[n][0];

		sbi_err(pmu(&vm, COUNTER_CONFIG, base, bad[n][1], 0, INSTRUCTIONS), SBI_ERR_INVALID_PARAM,
			"configuring base %lx mask %lx is refused", base, bad[n][1]);
		sbi_err(pmu(&vm, COUNTER_START, base, bad[n][1], 0, 0), SBI_ERR_INVALID_PARAM, "so is starting it");
		sbi_err(pmu(&vm, COUNTER_STOP, base, bad[n][1], 0, 0), SBI_ERR_INVALID_PARAM, "and stopping it");
	}
	sbi_err(pmu(&vm, COUNTER_CONFIG, 0, all, 0, EVENT(SBI_PMU_TYPE_FIRMWARE, 0)), SBI_ERR_NOT_SUPPORTED,
		"a firmware event is refused");
	sbi_err(guest(&vm, SBI_PMU_COUNTER_CONFIG, 0, all, 0, EVENT(SBI_PMU_TYPE_RAW, 0), BIT(63)), SBI_ERR_INVALID_PARAM,
		"so is a raw event with a filter bit");
	sbi_err(pmu(&vm, COUNTER_FW_READ, 3, 0, 0, 0), SBI_ERR_NOT_SUPPORTED, "there is no firmware counter");
	sbi_err(pmu(&vm, SNAPSHOT_SET_SHMEM, TVM_GPA, 0, 0, 0), SBI_ERR_NOT_SUPPORTED, "there are no snapshots");
	sbi_err(pmu(&vm, COUNTER_START, 0, all, 0, 0), SBI_ERR_INVALID_PARAM, "what is not configured can not be started");
	for (u32 n = 0; n < TVM_COUNTERS; n++)
		allocate(&vm, all, &i);
	sbi_err(pmu(&vm, COUNTER_CONFIG, 0, all, 0, INSTRUCTIONS), SBI_ERR_NOT_SUPPORTED, "a vCPU has %u counters, not more",
		TVM_COUNTERS);
	sbi_err(sbi(SBI_EXT_PMU, SBI_PMU_COUNTER_START, 0, all), SBI_ERR_INVALID_PARAM, "none of which is the host's");
	for (u64 n = 3; n < 32; n++)
		trapped += probe_insn(INSN_CSRR(HPMCOUNTER(n)), &v) == CAUSE_ILLEGAL;
	eq(trapped, 29, "or can be read by it");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

static void overflow(void)
{
	u64 i;
	struct exit e;

	if (!ready("the overflow of a TVM's counter is not the host's", &vm) || !allocate(&vm, all, &i))
		return;
	csr_clear(sip, BIT(IRQ_LCOFI));
	csr_write(sie, BIT(IRQ_LCOFI));
	sbi_ok(pmu(&vm, COUNTER_START, i, 1, SBI_PMU_START_SET_VALUE, ~0ULL - 20000), "a counter is about to overflow");
	spin(&vm, 4000000);
	ok(guest_count(&vm, i) < BIT(60), "it has overflowed");
	if (tvm_command_begin(&vm, 0, OP_NOP, 0, 0)) {
		vcpu_run(&vm, 0, &e);
		ok(exit_is_putchar(&e), "a RUN is not ended by that");
	}
	eq(csr_read(sip) & BIT(IRQ_LCOFI), 0, "and no interrupt is pending for the host");
	csr_write(sie, 0);
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

/* Reads the counter of the TVM on the hart that calls. */
static u64 read_here(u64 index)
{
	nacl_setup(0);
	return guest_count(&vm, index);
}

static void migrates(void)
{
	u64 i, v;

	if (nr_harts < 2) {
		skip("one hart", "a vCPU's counters follow it to another hart");
		return;
	}
	if (!ready("a vCPU's counters follow it to another hart", &vm) || !allocate(&vm, all, &i))
		return;
	sbi_ok(pmu(&vm, COUNTER_START, i, 1, SBI_PMU_START_SET_VALUE, 5ULL << 40), "a counter is started");
	v = run_on(1, read_here, i);
	eq(v >> 40, 5, "on another hart it goes on");
	v = guest_count(&vm, i);
	eq(v >> 40, 5, "back again too");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

static const struct test pmu_tvm_tests[] = {
	TEST(absent), TEST(counts), TEST(apart), TEST(given_back), TEST(refused), TEST(overflow), TEST(migrates),
};

GROUP(pmu_tvm, true, 1);
