/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows 7 and 8 of ABI 9.4: loads and stores that the host emulates, every width and form. Group:
 * mmio.
 */
#include "expect.h"

static struct tvm vm;

#define BASE		TVM_MMIO_GPA
#define RAW		0x8182838485868788ULL
#define INC16		0x0385u		/* c.addi t2, 1 */

struct access {
	const char *name;
	u32 insn; /* 16-bit forms: the upper half is INC16, which a wrong length skips */
	u32 base, reg;		/* registers of address and value */
	u32 offset;		/* what the instruction adds to the address */
	u64 htinst;
	u64 value;		/* load: what the register becomes; store: what the host is given */
};

static const struct access loads[] = {
	{ "lb", 0x00050583, 10, 11, 0, 0x503, 0xffffffffffffff88 },
	{ "lh", 0x00051583, 10, 11, 0, 0x1503, 0xffffffffffff8788 },
	{ "lw", 0x00052583, 10, 11, 0, 0x2503, 0xffffffff85868788 },
	{ "ld", 0x00053583, 10, 11, 0, 0x3503, RAW },
	{ "lbu", 0x00054583, 10, 11, 0, 0x4503, 0x88 },
	{ "lhu", 0x00055583, 10, 11, 0, 0x5503, 0x8788 },
	{ "lwu", 0x00056583, 10, 11, 0, 0x6503, 0x85868788 },
	{ "lb at an odd address", 0x00350583, 10, 11, 3, 0x503, 0xffffffffffffff88 },
	{ "lh at an address of 2 modulo 4", 0x00251583, 10, 11, 2, 0x1503, 0xffffffffffff8788 },
	{ "lw to x31 with a negative offset", 0xffc52f83, 10, 31, -4u, 0x2503, 0xffffffff85868788 },
	{ "ld over its own address register", 0x00053503, 10, 10, 0, 0x3503, RAW },
	{ "ld to the stack pointer", 0x00053103, 10, 2, 0, 0x3503, RAW },
	{ "lw to x0", 0x00052003, 10, 0, 0, 0x2503, 0 },
	{ "c.lw", INC16 << 16 | 0x410c, 10, 11, 0, 0x2503, 0xffffffff85868788 },
	{ "c.ld", INC16 << 16 | 0x610c, 10, 11, 0, 0x3503, RAW },
	{ "c.ld with an offset", INC16 << 16 | 0x650c, 10, 11, 8, 0x3503, RAW },
	{ "c.lwsp", INC16 << 16 | 0x4592, 2, 11, 4, 0x2503, 0xffffffff85868788 },
	{ "c.ldsp to x31", INC16 << 16 | 0x6fa2, 2, 31, 8, 0x3503, RAW },
};

#define STORED	0xf1f2f3f4f5f6f7f8ULL

static const struct access stores[] = {
	{ "sb", 0x00b50023, 10, 11, 0, 0x00a00023, 0xf8 },
	{ "sh", 0x00b51023, 10, 11, 0, 0x00a01023, 0xf7f8 },
	{ "sw", 0x00b52023, 10, 11, 0, 0x00a02023, 0xf5f6f7f8 },
	{ "sd", 0x00b53023, 10, 11, 0, 0x00a03023, STORED },
	{ "sb at an odd address", 0x00b500a3, 10, 11, 1, 0x00a00023, 0xf8 },
	{ "sw of x31 with a negative offset", 0xfff52e23, 10, 31, -4u, 0x00a02023, 0xf5f6f7f8 },
	{ "sd of x0", 0x00053023, 10, 0, 0, 0x00a03023, 0 },
	{ "sd of its own address register", 0x00a53023, 10, 10, 0, 0x00a03023, BASE + 0x100 },
	{ "c.sw", INC16 << 16 | 0xc10c, 10, 11, 0, 0x00a02023, 0xf5f6f7f8 },
	{ "c.sd", INC16 << 16 | 0xe10c, 10, 11, 0, 0x00a03023, STORED },
	{ "c.swsp", INC16 << 16 | 0xc22e, 2, 11, 4, 0x00a02023, 0xf5f6f7f8 },
	{ "c.sdsp of x31", INC16 << 16 | 0xe47e, 2, 31, 8, 0x00a03023, STORED },
};

static u64 pattern(u32 i)
{
	return 0x1000000000000000ULL + 0x0001000100010001ULL * i;
}

/* The instruction, then one that is executed in full only if the pc moved by the right length. */
static void prepare(const struct access *a)
{
	const u32 code[] = { a->insn, 0x00138393 };	/* addi t2, t2, 1 */

	tvm_code(&vm, 0, code, 2);
	for (u32 i = 1; i < 32; i++)
		tvm_set(&vm, 0, i, pattern(i));
	if (a->reg)
		tvm_set(&vm, 0, a->reg, STORED);
	tvm_set(&vm, 0, a->base, BASE + 0x100);
}

static void finish(const struct access *a, bool load)
{
	bool good = true;
	struct exit e;

	vm.mmio_pending = false;
	vcpu_resume(&vm, 0, &e);
	if (!eq(tvm_result(&vm, 0, &e), CAUSE_BREAK, "%s: the TVM goes on behind it", a->name))
		return;
	for (u32 i = 1; i < 32; i++) {
		u64 want = pattern(i), got = tvm_get(&vm, 0, i);

		if (i == a->reg)
			want = STORED;
		if (i == a->base)
			want = BASE + 0x100;
		if (i == 7)
			want += (a->insn & 3) == 3 ? 1 : 2;
		if (load && i == a->reg)
			want = a->value;
		if (got != want) {
			note("x%u is %lx, expected %lx", i, got, want);
			good = false;
		}
	}
	ok(good, "%s: the registers are what the instruction makes of them, once", a->name);
}

static void access(const struct access *a, bool load)
{
	u64 gpa = BASE + 0x100 + (u64)(s64)(int)a->offset;
	const struct expect x = {
		.scause = load ? CAUSE_LOAD_GUEST : CAUSE_STORE_GUEST,
		.stval = gpa & 3, .htval = gpa >> 2, .htinst = a->htinst, .vstimecmp = ~0ULL,
		.args = 1, .a = { load ? 0 : a->value },
	};

	prepare(a);
	if (!expect_command(&vm, 0, OP_EXEC, 0, 0, &x, a->name))
		return;
	shmem_gpr(10) = RAW;
	finish(a, load);
}

static bool begin(void)
{
	struct sbiret r;

	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return false;
	r = tvm_declare_mmio(&vm, 0, BASE, 2 * PAGE_SIZE);
	return sbi_ok(r, "the TVM declares an MMIO region");
}

static void end(void)
{
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

static void all_loads(void)
{
	if (!begin())
		return;
	for (u32 i = 0; i < ARRAY_SIZE(loads); i++)
		access(&loads[i], true);
	end();
}

static void all_stores(void)
{
	if (!begin())
		return;
	for (u32 i = 0; i < ARRAY_SIZE(stores); i++)
		access(&stores[i], false);
	end();
}

/* "clears shmem a0": seen at an exit that writes no register. */
static void answer_is_cleared(void)
{
	static const u32 code[] = { 0x00053583, INSN_WFI, 0x00b53023, INSN_WFI };
	static const struct expect load = {
		.scause = CAUSE_LOAD_GUEST,
		.htval = BASE >> 2,
		.htinst = 0x3503,
		.vstimecmp = ~0ULL,
		.args = 1,
	};
	static const struct expect store = {
		.scause = CAUSE_STORE_GUEST,
		.htval = BASE >> 2,
		.htinst = 0x00a03023,
		.vstimecmp = ~0ULL,
		.args = 1,
		.a = { RAW },
	};
	static const struct expect wfi_exit = EXPECT(CAUSE_VIRTUAL, .stval = INSN_WFI);
	struct exit e;

	if (!begin())
		return;
	tvm_code(&vm, 0, code, ARRAY_SIZE(code));
	tvm_set(&vm, 0, 10, BASE);
	if (!expect_command(&vm, 0, OP_EXEC, 0, 0, &load, "a load before a WFI"))
		return;
	shmem_gpr(10) = RAW;
	vm.mmio_pending = true;
	if (!expect_exit(&vm, 0, &wfi_exit,
			 "the WFI after the load, which finds the host's answer cleared"))
		return;
	if (!expect_exit(&vm, 0, &store, "a store of what was loaded"))
		return;
	vm.mmio_pending = true;
	if (!expect_exit(&vm, 0, &wfi_exit, "the WFI after the store, which finds a0 cleared"))
		return;
	vcpu_resume(&vm, 0, &e);
	eq(tvm_result(&vm, 0, &e), CAUSE_BREAK, "the TVM goes on");
	end();
}

/* What is no integer load or store is the TVM's own exception. */
static void not_emulated(void)
{
	static const struct {
		u32 insn;
		u64 offset, cause;
		const char *name;
	} list[] = {
		{ 0x00b5362f, 0, CAUSE_ILLEGAL, "an AMO" },
		{ 0x1005362f, 0, CAUSE_ILLEGAL, "a load-reserved" },
		{ 0x00053587, 0, CAUSE_ILLEGAL, "a load to an FP register" },
		{ 0x00b53027, 0, CAUSE_ILLEGAL, "a store of an FP register" },
		{ 0x00052583, 2, 4, "a misaligned load" },
		{ 0x00b53023, 4, 6, "a misaligned store" },
	};

	if (!begin())
		return;
	for (u32 i = 0; i < ARRAY_SIZE(list); i++) {
		const u32 code[] = { 0x1002a073, list[i].insn }; /* csrs sstatus, t0: FP on */

		tvm_code(&vm, 0, code, 2);
		tvm_set(&vm, 0, 5, SSTATUS_FS_INITIAL);
		tvm_set(&vm, 0, 10, BASE + list[i].offset);
		eq(tvm_exec_done(&vm, 0), list[i].cause, "%s on MMIO is the TVM's own exception",
		   list[i].name);
	}
	end();
}

static void fetch_is_fatal(void)
{
	static const u32 jump[] = { 0x00050067 };	/* jr a0 */
	static const struct expect x = EXPECT(CAUSE_FETCH_GUEST, .value = COVE_RUN_DEAD);

	if (!begin())
		return;
	tvm_code(&vm, 0, jump, 1);
	tvm_set(&vm, 0, 10, BASE + 0x40);
	expect_command(&vm, 0, OP_EXEC, 0, 0, &x, "a fetch from MMIO");
	end();
}

/* COVG add and remove, and what they refuse */
static struct sbiret remove(u64 gpa, u64 size)
{
	const u64 args[6] = { gpa, size };
	struct exit e;

	if (!tvm_ecall_begin(&vm, 0, SBI_EXT_COVG, COVG_REMOVE_MMIO_REGION, args, &e))
		return (struct sbiret){ 1, 0 };
	if (!e.error && e.scause == CAUSE_ECALL && e.a[7] == SBI_EXT_COVG) {
		ok(e.a[6] == COVG_REMOVE_MMIO_REGION && e.a[0] == gpa && e.a[1] == size &&
			   !e.a[2] && !e.a[5],
		   "the host is told which region was removed");
		return tvm_ecall_end(&vm, 0);
	}
	if (tvm_result(&vm, 0, &e) != CAUSE_BREAK)
		return (struct sbiret){ 1, 0 };
	return (struct sbiret){ (s64)tvm_get(&vm, 0, 10), (s64)tvm_get(&vm, 0, 11) };
}

static void region_calls(void)
{
	static const u64 args[6] = { BASE + 0x100000, PAGE_SIZE, 3, 4, 5, 6 };
	static const struct expect x =
		EXPECT(CAUSE_ECALL, .args = 8,
		       .a = { BASE + 0x100000,
			      PAGE_SIZE, [6] = COVG_ADD_MMIO_REGION, [7] = SBI_EXT_COVG });
	static const u32 ecall[] = { INSN_ECALL };
	struct sbiret r;

	if (!begin())
		return;
	tvm_code(&vm, 0, ecall, 1);
	for (u32 i = 0; i < 6; i++)
		tvm_set(&vm, 0, 10 + i, args[i]);
	tvm_set(&vm, 0, 16, COVG_ADD_MMIO_REGION);
	tvm_set(&vm, 0, 17, SBI_EXT_COVG);
	if (!expect_command(&vm, 0, OP_EXEC, 0, 0, &x, "the notification of an MMIO region"))
		return;
	shmem_gpr(10) = 0x77;
	r = tvm_ecall_end(&vm, 0);
	sbi_ok(r, "the host's answer to a notification is ignored");
	sbi_err(tvm_declare_mmio(&vm, 0, BASE, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"the same region twice is refused");
	sbi_err(tvm_declare_mmio(&vm, 0, TVM_RAM_GPA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"RAM as MMIO is refused");
	sbi_err(tvm_declare_mmio(&vm, 0, TVM_RAM_GPA - PAGE_SIZE, 2 * PAGE_SIZE),
		SBI_ERR_INVALID_ADDRESS, "a region that reaches into RAM is refused");
	sbi_err(tvm_declare_mmio(&vm, 0, 0, TVM_RAM_GPA + TVM_RAM_SIZE * 2),
		SBI_ERR_INVALID_ADDRESS, "a region around all others is refused");
	sbi_err(tvm_declare_mmio(&vm, 0, BASE + 0x200800, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"a region at an unaligned address is refused");
	sbi_err(tvm_declare_mmio(&vm, 0, BASE + 0x200000, 0x800), SBI_ERR_INVALID_ADDRESS,
		"a region whose size is not a multiple of a page is refused");
	sbi_refused(tvm_declare_mmio(&vm, 0, BASE + 0x200000, 0), "an empty region is refused");
	sbi_refused(tvm_declare_mmio(&vm, 0, ~0xfffULL, 2 * PAGE_SIZE),
		    "a region that wraps is refused");
	sbi_refused(tvm_declare_mmio(&vm, 0, PAGE_SIZE, ~0xfffULL),
		    "a region of nearly 2^64 bytes is refused");
	sbi_err(remove(TVM_HOLE_GPA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"removing where there is none is refused");
	sbi_err(remove(TVM_RAM_GPA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS, "removing RAM is refused");
	access(&loads[0], true);
	end();
}

/* The specification: every MMIO region that overlaps goes, whole. */
static void removed(void)
{
	static const u32 load[] = { 0x00053583 };
	const u64 far = BASE + 0x10000;
	const struct expect here = {
		.scause = CAUSE_LOAD_GUEST,
		.htval = far >> 2,
		.htinst = 0x3503,
		.vstimecmp = ~0ULL,
		.args = 1,
	};
	static const struct expect gone = EXPECT(CAUSE_LOAD_GUEST, .value = COVE_RUN_DEAD);

	if (!begin())
		return;
	sbi_ok(remove(BASE, PAGE_SIZE), "a part of a region is removed");
	sbi_ok(tvm_declare_mmio(&vm, 0, BASE, 2 * PAGE_SIZE),
	       "the whole of it was, since it can be declared again");
	sbi_ok(tvm_declare_mmio(&vm, 0, far, PAGE_SIZE), "a region is declared behind a gap");
	sbi_ok(remove(BASE, 2 * PAGE_SIZE), "the first is removed");
	tvm_code(&vm, 0, load, 1);
	tvm_set(&vm, 0, 10, far);
	if (expect_command(&vm, 0, OP_EXEC, 0, 0, &here, "a load from the one that is left"))
		tvm_ecall_end(&vm, 0);
	sbi_ok(tvm_declare_mmio(&vm, 0, BASE, PAGE_SIZE), "the first is declared again");
	sbi_ok(remove(BASE, 0x20000), "both are removed by a range that covers them");
	sbi_err(remove(far, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS, "the second is gone");
	tvm_code(&vm, 0, load, 1);
	tvm_set(&vm, 0, 10, BASE);
	expect_command(&vm, 0, OP_EXEC, 0, 0, &gone, "a load from what was removed");
	end();
}

static const struct test mmio_tests[] = {
	TEST(all_loads), TEST(all_stores), TEST(answer_is_cleared), TEST(not_emulated),
	TEST(fetch_is_fatal), TEST(region_calls), TEST(removed),
};

GROUP(mmio, true, 1);
