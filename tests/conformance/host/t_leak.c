/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every CSR of lib/rv/csr_classes.h on both sides of a change of world: what is swapped is poisoned
 * with a pattern of its own by the host and by two TVMs, in every way out of a TVM, and must be
 * found again by each; what is trapped must not answer in a TVM. Group: leak.
 */
#include "expect.h"
#include "../../../lib/rv/csr_classes.h"

enum class { SWAPPED, VIEW, CONSTANT, TRAPPED, SHARED };
enum side { HOST, TVM_A, TVM_B, SIDES };

struct csr {
	const char *name;
	u32 number;
	enum class host, tvm;
};

#define CSR_ROW(name, number, host, tvm, how)	{ #name, number, host, tvm },
#define CSR_TRAPPED(name, number)		{ #name, number, TRAPPED, TRAPPED },
static const struct csr csrs[] = {
	CSR_CLASSES(CSR_ROW) CSR_CLASSES_HPM(CSR_TRAPPED) CSR_CLASSES_HYPERVISOR(CSR_TRAPPED)
};

#define CSR_SSTATUS	0x100
#define CSR_SCAUSE	0x142
#define CSR_STVAL	0x143
#define CSR_STIMECMP	0x14d
#define CSR_SATP	0x180
#define CSR_CYCLE	0xc00
#define CSR_INSTRET	0xc02
#define CSR_VL		0xc20
#define CSR_VTYPE	0xc21

#define FP_V		(SSTATUS_FS | SSTATUS_VS)
#define SUM		BIT(18)
#define MXR		BIT(19)
#define SV39(asid)	(8ULL << 60 | (u64)(asid) << 44)
#define ROOT_GPA	TVM_FRESH_GPA			/* a TVM's page table */
#define FAULT_GPA	(TVM_FRESH_GPA + 0x4000)

/*
 * What each side writes, in this order: vl and vtype before vstart, which they clear, and sstatus
 * first, which opens the others. What is not given is a pattern. @fresh: how a new vCPU finds it.
 */
static const struct poison {
	u32 number;
	u64 value[SIDES];
	u64 fresh, fresh_mask;
} poisons[] = {
	{ 0x100, { FP_V | SUM | MXR, FP_V | SUM, FP_V | MXR }, 0, SUM | MXR },
	{ 0x104, { 0x2, 0x200, 0x222 }, 0, ~0ULL },
	{ 0x105, { 0 }, 0, 0 },
	{ 0x106, { 5, 2, 7 }, 7, ~0ULL },
	{ 0x10a, { 0x81, 0x40, 0xf1 }, 0, ~0ULL },
	{ 0x10c, { 7, 5, 2 }, 0, ~0ULL },
	{ 0x140, { 0 }, 0, 0 },
	{ 0x141, { 0 }, 0, 0 },
	{ 0x142, { 5, 7, 13 }, 0, ~0ULL },
	{ 0x143, { 0 }, 0, ~0ULL },
	{ 0x14d, { ~0ULL - 1, ~0ULL - 2, ~0ULL - 3 }, ~0ULL, ~0ULL },
	{ 0x14e, { 1, 2, 3 }, 0, ~0ULL },
	{ 0x14f, { 1, 2, 3 }, 0, ~0ULL },
	{ 0x150, { 0x72, 0x70, 0x80 }, 0, ~0ULL },
	{ 0x180, { SV39(0x12), SV39(0x21), SV39(0x43) }, 0, ~0ULL },
	{ 0x5a8, { 0x11, 0x22, 0x33 }, 0, ~0ULL },
	{ 0x017, { 0x1000, 0x2000, 0x3000 }, 0, ~0ULL },
	{ 0x003, { 0x25, 0x4a, 0x10 }, 0, ~0ULL },
	{ 0xc20, { 3, 5, 1 }, 0, ~0ULL },
	{ 0xc21, { 9, 0x80, 0x50 }, 0, ~0ULL },
	{ 0x008, { 3, 1, 2 }, 0, ~0ULL },
	{ 0x00f, { 5, 2, 7 }, 0, ~0ULL },
};

#define POISONS		ARRAY_SIZE(poisons)

static struct tvm vm[SIDES];
static bool exists[POISONS];
static u64 root[512] __attribute__((aligned(4096)));

static u64 wanted(u32 i, enum side side)
{
	static const u64 patterns[SIDES] = { 0x5a5a123456785a58, 0x25a5abcdef01a5a4,
					     0x3c3c0f1e2d3c4b58 };
	u64 v = poisons[i].value[side];

	if (poisons[i].number == CSR_SATP)
		return v | (side == HOST ? (u64)root : ROOT_GPA) / PAGE_SIZE;
	return v || poisons[i].value[TVM_A] ? v : patterns[side];
}

static const char *name_of(u32 number)
{
	for (u32 i = 0; i < ARRAY_SIZE(csrs); i++)
		if (csrs[i].number == number)
			return csrs[i].name;
	return "?";
}

/* --- the host's side --- */

static u64 host_read(u32 number)
{
	u64 v = 0;

	probe_insn(INSN_CSRR(number), &v);
	return v;
}

/* vsetvl x0, a0, t1 with vtype in t1, which probe_exec() leaves alone. */
static void host_vsetvl(u64 avl, u64 vtype)
{
	__asm__ volatile("mv a0, %0\nmv t1, %1\n.insn 4, 0x80657057"
			 : : "r"(avl), "r"(vtype) : "a0", "t1");
}

static void host_write(u32 i)
{
	u64 v = wanted(i, HOST);

	if (poisons[i].number == CSR_VL)
		return;
	if (poisons[i].number == CSR_VTYPE)
		host_vsetvl(wanted(i - 1, HOST), v);
	else
		probe_insn(INSN_CSRW(poisons[i].number), &v);
}

static void host_read_all(u64 *v)
{
	for (u32 i = 0; i < POISONS; i++)
		v[i] = exists[i] ? host_read(poisons[i].number) : 0;
}

struct host_state {
	u64 sstatus, sie, stvec, scounteren, senvcfg, sscratch, stimecmp;
};

static void host_keep(struct host_state *s)
{
	s->sstatus = csr_read(sstatus);
	s->sie = csr_read(sie);
	s->stvec = csr_read(stvec);
	s->scounteren = csr_read(scounteren);
	s->senvcfg = csr_read(senvcfg);
	s->sscratch = csr_read(sscratch);
	s->stimecmp = csr_read(0x14d);
}

static void host_give_back(const struct host_state *s)
{
	csr_write(satp, 0);
	csr_write(sscratch, s->sscratch);
	csr_write(stvec, s->stvec);
	csr_write(sie, s->sie);
	csr_write(scounteren, s->scounteren);
	csr_write(senvcfg, s->senvcfg);
	csr_write(0x14d, s->stimecmp);
	csr_write(sstatus, s->sstatus);
}

/* Which of them there are, and a page table that maps every address to itself. */
static void prepare(void)
{
	csr_set(sstatus, FP_V);
	for (u32 i = 0; i < POISONS; i++) {
		u64 v;

		exists[i] = probe_insn(INSN_CSRR(poisons[i].number), &v) == NO_TRAP;
	}
	csr_clear(sstatus, FP_V);
	for (u64 i = 0; i < 256; i++)
		root[i] = i << 28 | 0xcf;
}

static void host_compare(const u64 *before, const u64 *after, const char *what)
{
	bool good = true;

	for (u32 i = 0; i < POISONS; i++) {
		/* A RUN tells the host its end there. */
		if (poisons[i].number == CSR_SCAUSE || poisons[i].number == CSR_STVAL)
			continue;
		if (before[i] != after[i]) {
			note("%s was %lx, is %lx", name_of(poisons[i].number), before[i], after[i]);
			good = false;
		}
	}
	ok(good, "%s: every CSR of the host is as it was", what);
}

/* --- a TVM's side --- */

#define T0		5
#define T1		6
#define T3		28
#define LD(rd, off)	((u32)(off) << 20 | T0 << 15 | 3 << 12 | (rd) << 7 | 0x03)
#define SD(rs, off)	(((u32)(off) >> 5) << 25 | (u32)(rs) << 20 | T0 << 15 | 3 << 12 | \
			 ((u32)(off) & 31) << 7 | 0x23)
#define CSRR(rd, csr)	((u32)(csr) << 20 | 2 << 12 | (u32)(rd) << 7 | 0x73)
#define CSRW(csr, rs)	((u32)(csr) << 20 | (u32)(rs) << 15 | 1 << 12 | 0x73)
#define VSETVL(avl, vt)	(0x80000057 | (u32)(vt) << 20 | (u32)(avl) << 15 | 7 << 12)

/* Three tables in a part of the vCPU's area that its program does not use. */
#define TABLES		(TVM_AREA(0) + 0x800)
#define IN(i)		(8 * (i))
#define BEFORE(i)	(0x100 + 8 * (i))
#define AFTER(i)	(0x200 + 8 * (i))

/* What its program needs again, in registers that the ways out leave alone. */
static const struct {
	u32 number, reg;
} kept[] = {
	{ 0x140, 7 }, { 0x105, 8 }, { 0x180, 9 }, { 0x104, 18 }, { 0x106, 19 }, { 0x100, 20 },
};

struct way {
	const char *name;
	u32 insns[4];
	u32 count;
	u64 a0, a7, a2;
	u64 cause;
};

static u32 put_reads(u32 *c, u32 n, bool after)
{
	for (u32 i = 0; i < POISONS; i++) {
		if (!exists[i])
			continue;
		c[n++] = CSRR(T1, poisons[i].number);
		c[n++] = SD(T1, after ? AFTER(i) : BEFORE(i));
	}
	return n;
}

static u32 put_writes(u32 *c, u32 n)
{
	for (u32 i = 0; i < POISONS; i++) {
		if (!exists[i] || poisons[i].number == CSR_VL)
			continue;
		c[n++] = LD(T1, IN(i));
		if (poisons[i].number == CSR_VTYPE) {
			c[n++] = LD(T3, IN(i - 1));
			c[n++] = VSETVL(T3, T1);
		} else {
			c[n++] = CSRW(poisons[i].number, T1);
		}
	}
	return n;
}

/* Poison everything, look, leave by @w, look again, and give the program its registers back. */
static void tvm_prepare(enum side side, const struct way *w)
{
	static u32 c[AREA_CODE_WORDS];
	struct tvm *t = &vm[side];
	u32 n = 0;

	for (u32 i = 0; i < ARRAY_SIZE(kept); i++)
		c[n++] = CSRR(kept[i].reg, kept[i].number);
	n = put_writes(c, n);
	n = put_reads(c, n, false);
	for (u32 i = 0; i < w->count; i++)
		c[n++] = w->insns[i];
	n = put_reads(c, n, true);
	/* Translation off first. */
	c[n++] = CSRW(CSR_SATP, 9);
	for (u32 i = 0; i < ARRAY_SIZE(kept); i++)
		c[n++] = CSRW(kept[i].number, kept[i].reg);
	tvm_code(t, 0, c, n);
	for (u32 i = 0; i < POISONS; i++)
		tvm_poke(t, 0, TABLES + IN(i), wanted(i, side));
	for (u32 i = 1; i < 32; i++)
		tvm_set(t, 0, i, 0);
	tvm_set(t, 0, T0, TABLES);
	tvm_set(t, 0, 10, w->a0);
	tvm_set(t, 0, 12, w->a2);
	tvm_set(t, 0, 17, w->a7);
}

static bool tvm_ready(enum side side)
{
	struct tvm *t = &vm[side];

	if (!tvm_build(t) || !tvm_sync(t, 0) || !tvm_add_zero(t, ROOT_GPA) ||
	    tvm_declare_mmio(t, 0, TVM_MMIO_GPA, PAGE_SIZE).error)
		return false;
	for (u64 i = 0; i < 3; i++)
		tvm_poke(t, 0, ROOT_GPA + 8 * i, i << 28 | 0xcf);
	return true;
}

static void tvm_compare(enum side side, const char *what)
{
	struct tvm *t = &vm[side];
	bool kept_all = true, own = true;

	for (u32 i = 0; i < POISONS; i++) {
		u64 before, after;

		if (!exists[i])
			continue;
		before = tvm_peek(t, 0, TABLES + BEFORE(i));
		after = tvm_peek(t, 0, TABLES + AFTER(i));
		if (before != after) {
			note("%s was %lx, is %lx", name_of(poisons[i].number), before, after);
			kept_all = false;
		}
		/* WARL may have dropped bits, but none can have come. */
		if ((poisons[i].number != CSR_SSTATUS) && (before & ~wanted(i, side))) {
			note("%s was written %lx, is %lx", name_of(poisons[i].number),
			     wanted(i, side), before);
			own = false;
		}
	}
	ok(kept_all, "%s: every CSR of TVM %u is as it was", what, side);
	ok(own, "%s: and none has a bit that it did not write", what);
}

/* --- the crossing --- */

/* One side's EXEC up to its way out, with the host poisoned as well. */
static void leave_by(enum side side, const struct way *w)
{
	static u64 before[POISONS], after[POISONS];
	struct host_state state;
	struct exit e;

	tvm_prepare(side, w);
	if (!tvm_command_begin(&vm[side], 0, OP_EXEC, 0, 0))
		return;
	host_keep(&state);
	csr_set(sstatus, FP_V);
	for (u32 i = 0; i < POISONS; i++)
		if (exists[i])
			host_write(i);
	if (w->cause & CAUSE_IRQ) {
		csr_write(sie, BIT(IRQ_STI));
		csr_write(0x14d, now() + ticks_per_second / 2000);
	}
	host_read_all(before);
	vcpu_run(&vm[side], 0, &e);
	host_read_all(after);
	host_give_back(&state);
	if (!eq(e.scause, w->cause, "%s ends the RUN of TVM %u", w->name, side))
		exit_note(&e);
	host_compare(before, after, w->name);
}

static void resume(enum side side, const struct way *w)
{
	struct exit e;

	if (w->cause == CAUSE_LOAD_GUEST && w->a0 == FAULT_GPA)
		tvm_add_zero(&vm[side], FAULT_GPA);
	vcpu_resume(&vm[side], 0, &e);
	eq(tvm_result(&vm[side], 0, &e), CAUSE_BREAK, "%s: TVM %u goes on", w->name, side);
	tvm_compare(side, w->name);
}

static const struct way ways[] = {
	{ "an ECALL",
	  { INSN_ECALL },
	  1,
	  .a0 = 'x',
	  .a7 = SBI_EXT_LEGACY_PUTCHAR,
	  .cause = CAUSE_ECALL },
	{ "a WFI", { INSN_WFI }, 1, .cause = CAUSE_VIRTUAL },
	/* ld a1, 0(a0) */
	{ "a page fault", { 0x00053583 }, 1, .a0 = FAULT_GPA, .cause = CAUSE_LOAD_GUEST },
	{ "an MMIO load", { 0x00053583 }, 1, .a0 = TVM_MMIO_GPA, .cause = CAUSE_LOAD_GUEST },
	/* sd a1, 0(a0) */
	{ "an MMIO store", { 0x00b53023 }, 1, .a0 = TVM_MMIO_GPA, .cause = CAUSE_STORE_GUEST },
	/* 1: addi a2, a2, -1; bnez a2, 1b */
	{ "the host's timer",
	  { 0xfff60613, 0xfe061ee3 },
	  2,
	  .a2 = 20000000,
	  .cause = CAUSE_IRQ | IRQ_STI },
};

/* A new vCPU, while the host and two other TVMs are full of patterns. */
static void fresh(void)
{
	static u32 c[AREA_CODE_WORDS];
	struct host_state state;
	struct tvm *t = &vm[HOST];
	struct exit e;
	u32 n = 0;

	if (!ok(tvm_build(t) && tvm_sync(t, 0), "a third TVM runs"))
		return;
	c[n++] = 0x1005a073;		/* csrs sstatus, a1 */
	n = put_reads(c, n, true);
	tvm_code(t, 0, c, n);
	tvm_set(t, 0, T0, TABLES);
	tvm_set(t, 0, 11, FP_V);
	if (!tvm_command_begin(t, 0, OP_EXEC, 0, 0))
		return;
	host_keep(&state);
	csr_set(sstatus, FP_V);
	for (u32 i = 0; i < POISONS; i++)
		if (exists[i])
			host_write(i);
	vcpu_run(t, 0, &e);
	host_give_back(&state);
	eq(tvm_result(t, 0, &e), CAUSE_BREAK, "it reads every CSR that is swapped");
	for (u32 i = 0; i < POISONS; i++)
		if (exists[i] && poisons[i].fresh_mask)
			eq(tvm_peek(t, 0, TABLES + AFTER(i)) & poisons[i].fresh_mask,
			   poisons[i].fresh, "a new vCPU finds %s clean",
			   name_of(poisons[i].number));
	ok(tvm_destroy(t), "it is destroyed");
}

static void crossing(void)
{
	prepare();
	if (!ok(tvm_ready(TVM_A) && tvm_ready(TVM_B), "two TVMs run"))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(ways); i++) {
		leave_by(TVM_A, &ways[i]);
		leave_by(TVM_B, &ways[i]);
		if (!i)
			fresh();
		resume(TVM_A, &ways[i]);
		resume(TVM_B, &ways[i]);
		/* The next time it is there already. */
		if (vm[TVM_A].broken || vm[TVM_B].broken)
			break;
	}
	ok(tvm_destroy(&vm[TVM_A]) && tvm_destroy(&vm[TVM_B]), "both are destroyed");
}

/* --- what does not answer --- */

static bool is_counter(const struct csr *c)
{
	return c->number == CSR_CYCLE || c->number == CSR_INSTRET;
}

static void trapped(void)
{
	struct tvm *t = &vm[TVM_A];
	u32 count = 0, good = 0;

	if (!ok(tvm_build(t) && tvm_sync(t, 0), "a TVM runs"))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(csrs) && !t->broken; i++) {
		u64 cause, v = 0x1234;

		if (csrs[i].tvm != TRAPPED || is_counter(&csrs[i]))
			continue;
		count++;
		cause = tvm_insn(t, 0, INSN_CSRR(csrs[i].number), &v);
		if (cause == CAUSE_ILLEGAL && v == 0x1234)
			good++;
		else
			note("%s in a TVM: cause %ld, value %lx", csrs[i].name, cause, v);
	}
	eq(good, count, "each of %u registers that are no TVM's is an illegal instruction there",
	   count);
	ok(tvm_destroy(t), "it is destroyed");
}

static void host_counters(void)
{
	u32 good = 0, count = 0;

	for (u32 i = 0; i < ARRAY_SIZE(csrs); i++) {
		u64 v = 0;

		if (csrs[i].number <= CSR_INSTRET || csrs[i].number >= CSR_VL)
			continue;
		count++;
		good += probe_insn(INSN_CSRR(csrs[i].number), &v) == CAUSE_ILLEGAL;
	}
	eq(good, count,
	   "a hardware counter that the host did not allocate is an illegal instruction");
}

/* --- the counters that everybody has --- */

static u64 tvm_counter(u32 number)
{
	u64 v = 0;

	eq(tvm_insn(&vm[TVM_A], 0, INSN_CSRR(number), &v), CAUSE_BREAK, "a TVM reads its %s",
	   name_of(number));
	return v;
}

/* A TVM's count goes on with the TVM only. */
static void counter(u32 number)
{
	u64 host = host_read(number), tvm = tvm_counter(number), later;

	delay(ticks_per_second / 20);
	later = tvm_counter(number);
	host = host_read(number) - host;
	ok(later > tvm, "a TVM's %s counts", name_of(number));
	if (!ok(later - tvm < host / 2, "it does not count what the host does"))
		note("the TVM's went on by %lu, the host's by %lu", later - tvm, host);
}

static void counters(void)
{
	u64 v = 0;

	if (!ok(tvm_build(&vm[TVM_A]) && tvm_sync(&vm[TVM_A], 0), "a TVM runs"))
		return;
	counter(CSR_CYCLE);
	counter(CSR_INSTRET);
	eq(tvm_insn(&vm[TVM_A], 0, INSN_CSRW(CSR_CYCLE), &v), CAUSE_ILLEGAL,
	   "a TVM can not write cycle");
	ok(tvm_destroy(&vm[TVM_A]), "it is destroyed");
}

static const struct test leak_tests[] = {
	TEST(crossing), TEST(trapped), TEST(host_counters), TEST(counters),
};

GROUP(leak, true, 1);
