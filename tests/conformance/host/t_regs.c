/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What crosses a RUN and what must not: general registers, CSRs, FP and vector state. Group:
 * regs.
 */
#include "tests.h"

static struct tvm vm, other;

static u64 pattern(u32 i)
{
	return 0xabcd000000000000ULL + 0x0000010001000101ULL * i;
}

/* The host's CSRs that a RUN must give back as they were. */
#define HOST_CSRS(X)								\
	X(sstatus) X(sie) X(stvec) X(sscratch) X(sepc) X(satp) X(scounteren)	\
	X(senvcfg) X(0x14d) X(0x150)

struct csrs {
	u64 v[16];
};

static void csrs_read(struct csrs *c)
{
	u32 i = 0;

#define READ_ONE(name)	c->v[i++] = csr_read(name);
	HOST_CSRS(READ_ONE)
}

#define CSR_NAME(name)	#name,
static const char *const csr_names[] = { HOST_CSRS(CSR_NAME) };

static bool csrs_same(const struct csrs *a, const struct csrs *b)
{
	bool good = true;

	for (u32 i = 0; i < ARRAY_SIZE(csr_names); i++) {
		if (a->v[i] != b->v[i]) {
			note("CSR %s was %lx, is %lx", csr_names[i], a->v[i], b->v[i]);
			good = false;
		}
	}
	return good;
}

/* RUN with a pattern in every register; the third word of a command is waiting. */
static void run_patterned(const char *what, u64 wanted_cause)
{
	static struct cross c;
	struct csrs before, after;
	u64 fid, cause;
	bool good = true;

	covh_fid(FN_RUN, &fid);
	for (u32 i = 1; i < 31; i++)
		c.in[i] = pattern(i);
	c.in[10] = vm.id;
	c.in[11] = 0;
	c.in[16] = fid;
	c.in[17] = SBI_EXT_COVH;
	csr_write(sepc, 0x123456780);
	csr_write(0x150, 0x72);
	csr_write(0x14d, ~0ULL - 0x1234);
	csr_write(scounteren, 5);
	csrs_read(&before);
	cross(&c);
	cause = csr_read(scause);
	csrs_read(&after);
	for (u32 i = 1; i < 31; i++) {
		if (i != 10 && i != 11 && c.out[i] != c.in[i]) {
			note("x%u was %lx, is %lx", i, c.in[i], c.out[i]);
			good = false;
		}
	}
	eq(cause, wanted_cause, "%s ends the RUN", what);
	ok(good, "a RUN that %s ends keeps every register of the host but a0 and a1", what);
	ok(csrs_same(&before, &after), "and its CSRs but scause and stval");
	eq(c.out[10], 0, "a0 is 0");
	csr_write(0x14d, ~0ULL);
	csr_write(scounteren, 7);
}

static void code(struct tvm *t, u32 insn, u64 a0)
{
	tvm_code(t, 0, &insn, 1);
	for (u32 i = 1; i < 32; i++)
		tvm_set(t, 0, i, 0x5555000000000000ULL + i);
	tvm_set(t, 0, 10, a0);
}

static void host_registers(void)
{
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	if (tvm_command_begin(&vm, 0, OP_NOP, 0, 0))
		run_patterned("an ECALL", CAUSE_ECALL);
	vm.synced[0] = true;
	code(&vm, INSN_WFI, 0);
	if (tvm_command_begin(&vm, 0, OP_EXEC, 0, 0))
		run_patterned("a WFI", CAUSE_VIRTUAL);
	ok(tvm_destroy(&vm), "the TVM is destroyed");
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "another runs"))
		return;
	if (tvm_command_begin(&vm, 0, OP_PEEK, TVM_FRESH_GPA, 0))
		run_patterned("a page fault", CAUSE_LOAD_GUEST);
	ok(tvm_destroy(&vm), "it is destroyed");
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "another runs"))
		return;
	code(&vm, 0x00053583, TVM_HOLE_GPA);
	if (tvm_command_begin(&vm, 0, OP_EXEC, 0, 0))
		run_patterned("a fatal fault", CAUSE_LOAD_GUEST);
	ok(tvm_destroy(&vm), "it is destroyed");
}

static void host_registers_mmio_irq(void)
{
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0) &&
			!tvm_declare_mmio(&vm, 0, TVM_MMIO_GPA, PAGE_SIZE).error,
		"a TVM runs"))
		return;
	code(&vm, 0x00053583, TVM_MMIO_GPA);
	if (tvm_command_begin(&vm, 0, OP_EXEC, 0, 0))
		run_patterned("an MMIO load", CAUSE_LOAD_GUEST);
	tvm_ecall_end(&vm, 0);
	code(&vm, INSN_SPIN, 0);
	if (tvm_command_begin(&vm, 0, OP_EXEC, 0, 0)) {
		imsic_send(this_hart()->index, EIID_TEST);
		csr_write(sie, BIT(IRQ_SEI));
		run_patterned("an interrupt", CAUSE_IRQ | IRQ_SEI);
		csr_write(sie, 0);
		imsic_take();
	}
	ok(tvm_destroy(&vm), "it is destroyed");
}

/* CSRs of the TVM: clean at first, its own ever after. @first: what a fresh vCPU must have. */
static const struct {
	u32 csr;
	u64 first, mask, write;
	const char *name;
} tvm_csrs[] = {
	{ 0x104, 0, ~0ULL, 0x222, "sie" },
	{ 0x106, 0, 0, 2, "scounteren" },
	{ 0x10a, 0, ~0ULL, 0, "senvcfg" },
	{ 0x142, 0, ~0ULL, 0xd, "scause" },
	{ 0x143, 0, ~0ULL, 0x4711, "stval" },
	{ 0x144, 0, ~0ULL, 0, "sip" },
	{ 0x14d, ~0ULL, ~0ULL, 0x7fffffff12345678, "stimecmp" },
	{ 0x180, 0, ~0ULL, 0, "satp" },
	{ 0x003, 0, 0xff, 0x61, "fcsr" },
};

/* Reads all of them in one EXEC, before the TVM's own trap handler has run: csrr a0 + i. */
static void tvm_read_csrs(struct tvm *t, u64 *v)
{
	u32 insns[ARRAY_SIZE(tvm_csrs) + 1];

	insns[0] = 0x1002a073;		/* csrs sstatus, t0: FP on */
	for (u32 i = 0; i < ARRAY_SIZE(tvm_csrs); i++)
		insns[i + 1] = tvm_csrs[i].csr << 20 | 0x2073 | (10 + i) << 7;
	tvm_code(t, 0, insns, ARRAY_SIZE(insns));
	tvm_set(t, 0, 5, SSTATUS_FS_INITIAL);
	eq(tvm_exec_done(t, 0), CAUSE_BREAK, "the TVM reads its CSRs");
	for (u32 i = 0; i < ARRAY_SIZE(tvm_csrs); i++)
		v[i] = tvm_get(t, 0, 10 + i);
}

static void tvm_write_csrs(struct tvm *t)
{
	u32 insns[ARRAY_SIZE(tvm_csrs)];

	for (u32 i = 0; i < ARRAY_SIZE(tvm_csrs); i++) {
		insns[i] = tvm_csrs[i].csr << 20 | 0x1073 | (10 + i) << 15;
		tvm_set(t, 0, 10 + i, tvm_csrs[i].write);
	}
	tvm_code(t, 0, insns, ARRAY_SIZE(insns));
	eq(tvm_exec_done(t, 0), CAUSE_BREAK, "the TVM writes its CSRs");
}

static void clean(struct tvm *t, const char *who)
{
	u64 v[ARRAY_SIZE(tvm_csrs)];

	tvm_read_csrs(t, v);
	for (u32 i = 0; i < ARRAY_SIZE(tvm_csrs); i++)
		eq(v[i] & tvm_csrs[i].mask, tvm_csrs[i].first & tvm_csrs[i].mask,
		   "%s is clean in %s", tvm_csrs[i].name, who);
}

static void tvm_csrs_own(void)
{
	struct csrs before, after;
	u64 v[ARRAY_SIZE(tvm_csrs)];

	/* The host's own, which must not be seen. */
	csr_write(scause, 0x13);
	csr_write(stval, 0x1313);
	csr_write(0x14d, ~0ULL - 0x99);
	if (!ok(tvm_build(&vm), "a TVM is built"))
		return;
	clean(&vm, "a TVM that starts");
	csrs_read(&before);
	tvm_write_csrs(&vm);
	csrs_read(&after);
	ok(csrs_same(&before, &after), "what a TVM writes to its CSRs does not reach the host's");
	if (!ok(tvm_build(&other), "another TVM is built"))
		return;
	clean(&other, "a TVM that starts after another has written its own");
	tvm_read_csrs(&vm, v);
	for (u32 i = 0; i < ARRAY_SIZE(tvm_csrs); i++)
		/* A trap of its own has changed scause and stval since. */
		if (tvm_csrs[i].write && tvm_csrs[i].csr != 0x142 && tvm_csrs[i].csr != 0x143)
			eq(v[i] & tvm_csrs[i].write, tvm_csrs[i].write,
			   "%s of the first TVM is as it left it", tvm_csrs[i].name);
	csr_write(0x14d, ~0ULL);
	ok(tvm_destroy(&vm) && tvm_destroy(&other), "both are destroyed");
}

/* --- floating point --- */

/*
 * t0 is used for sstatus; f0-f31 from and to x registers would need all of them, so by memory:
 * a0.
 */
static u32 fld(u32 i)
{
	return (i * 8) << 20 | 10 << 15 | 3 << 12 | i << 7 | 0x07;
}

static u32 fsd(u32 i)
{
	u32 offset = i * 8;

	return (offset >> 5) << 25 | i << 20 | 10 << 15 | 3 << 12 | (offset & 31) << 7 | 0x27;
}

#define FP_GPA	(TVM_FRESH_GPA + 0x1000)

/* The TVM stores (@load: loads) all FP registers and fcsr at FP_GPA. */
static void tvm_fp(struct tvm *t, bool load)
{
	u32 insns[35];

	insns[0] = 0x1002a073;		/* csrs sstatus, t0 */
	for (u32 i = 0; i < 32; i++)
		insns[1 + i] = load ? fld(i) : fsd(i);
	if (load) {
		insns[33] = 0x10053583;	/* ld a1, 256(a0) */
		insns[34] = 0x00359073;	/* csrw fcsr, a1 */
	} else {
		insns[33] = 0x003025f3;	/* csrr a1, fcsr */
		insns[34] = 0x10b53023;	/* sd a1, 256(a0) */
	}
	tvm_code(t, 0, insns, ARRAY_SIZE(insns));
	tvm_set(t, 0, 5, SSTATUS_FS_INITIAL);
	tvm_set(t, 0, 10, FP_GPA);
	eq(tvm_exec_done(t, 0), CAUSE_BREAK, "the TVM %s its FP registers",
	   load ? "loads" : "stores");
}

static void fp_fill(u64 *regs, u64 seed)
{
	for (u32 i = 0; i < 32; i++)
		regs[i] = seed * 0x0101010101010101ULL + i;
	regs[32] = seed & 0xff;
}

static bool fp_same(const u64 *a, const u64 *b)
{
	for (u32 i = 0; i < 33; i++) {
		if (a[i] != b[i]) {
			note("%s%u is %lx, expected %lx", i == 32 ? "fcsr " : "f", i & 31, a[i],
			     b[i]);
			return false;
		}
	}
	return true;
}

static void fp_get(struct tvm *t, u64 *regs)
{
	for (u32 i = 0; i < 33; i++)
		regs[i] = tvm_peek(t, 0, FP_GPA + 8 * i);
}

static void fp_put(struct tvm *t, const u64 *regs)
{
	for (u32 i = 0; i < 33; i++)
		tvm_poke(t, 0, FP_GPA + 8 * i, regs[i]);
}

static bool fp_tvm(struct tvm *t)
{
	return tvm_build(t) && tvm_add_zero(t, FP_GPA);
}

static void fp(void)
{
	static const u64 zero[33];
	u64 host[33], tvm[33], got[33];

	if (!machine.has_d) {
		skip("no D", "FP registers stay on their side");
		return;
	}
	csr_set(sstatus, SSTATUS_FS_INITIAL);
	fp_fill(host, 0x41);
	fp_load(host);
	if (!ok(fp_tvm(&vm), "a TVM is built"))
		return;
	tvm_fp(&vm, false);
	fp_get(&vm, got);
	ok(fp_same(got, zero),
	   "a TVM finds zeros in all FP registers and fcsr at first, while the host's are full");
	fp_store(got);
	ok(fp_same(got, host), "the host's FP registers are as they were");
	fp_fill(tvm, 0x82);
	fp_put(&vm, tvm);
	tvm_fp(&vm, true);
	fp_store(got);
	ok(fp_same(got, host), "and still are when the TVM has filled its own");
	fp_fill(host, 0x23);
	fp_load(host);
	tvm_fp(&vm, false);
	fp_get(&vm, got);
	ok(fp_same(got, tvm),
	   "the TVM finds its FP registers as it left them when the host has filled its own");
	fp_store(got);
	ok(fp_same(got, host), "and the host its own");
	if (!ok(fp_tvm(&other), "another TVM is built"))
		return;
	tvm_fp(&other, false);
	fp_get(&other, got);
	ok(fp_same(got, zero), "another TVM finds zeros at first");
	/*
	 * fcsr alone: some machines do not mark FP as dirty for the hypervisor when only a CSR is
	 * written.
	 */
	host[32] = 0x42;
	csr_write(0x003, host[32]);
	tvm_fp(&vm, false);
	eq(csr_read(0x003), host[32],
	   "the host's fcsr is kept when it alone was written since the last RUN");
	fp_load(host);
	/* The host has FP off meanwhile: nothing may be lost. */
	csr_clear(sstatus, SSTATUS_FS);
	tvm_fp(&vm, false);
	csr_set(sstatus, SSTATUS_FS_INITIAL);
	fp_store(got);
	ok(fp_same(got, host),
	   "the host's FP registers survive a RUN while it has FP off in sstatus");
	csr_clear(sstatus, SSTATUS_FS);
	ok(tvm_destroy(&vm) && tvm_destroy(&other), "both are destroyed");
}

/* --- vector --- */

#define V_GPA	(TVM_FRESH_GPA + 0x4000)
static u8 v_host[V_BYTES_MAX], v_got[V_BYTES_MAX];

/* The TVM stores (@load: loads) v0-v31 at V_GPA. */
static void tvm_v(struct tvm *t, bool load, u64 vlenb)
{
	u32 insns[8], n = 0;

	insns[n++] = 0x1002a073;	/* csrs sstatus, t0 */
	for (u32 i = 0; i < 32; i += 8) {
		insns[n++] = (load ? 0xe2850007 : 0xe2850027) | i << 7;
		if (i < 24)
			insns[n++] = 0x00b50533;	/* add a0, a0, a1 */
	}
	tvm_code(t, 0, insns, n);
	tvm_set(t, 0, 5, SSTATUS_VS_INITIAL);
	tvm_set(t, 0, 10, V_GPA);
	tvm_set(t, 0, 11, 8 * vlenb);
	eq(tvm_exec_done(t, 0), CAUSE_BREAK, "the TVM %s its vector registers",
	   load ? "loads" : "stores");
}

static bool v_tvm(struct tvm *t, u64 bytes)
{
	if (!tvm_build(t))
		return false;
	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		if (!tvm_add_zero(t, V_GPA + at))
			return false;
	return true;
}

static bool v_is(struct tvm *t, u64 bytes, u64 seed)
{
	for (u64 at = 0; at < bytes; at += 8) {
		u64 want = seed ? seed + at : 0, got = tvm_peek(t, 0, V_GPA + at);

		if (got != want) {
			note("byte %lu of the vector registers: %lx, expected %lx", at, got, want);
			return false;
		}
	}
	return true;
}

static void vector(void)
{
	u64 csrs[4], now_csrs[4], bytes, seed = 0xfeed000000000000ULL;

	if (!machine.has_v) {
		skip("no V", "vector registers stay on their side");
		return;
	}
	csr_set(sstatus, SSTATUS_VS_INITIAL);
	for (u32 i = 0; i < sizeof(v_host); i++)
		v_host[i] = (u8)(i * 7 + 3);
	v_load(v_host);
	v_store(v_got, csrs);
	bytes = 32 * csrs[3];
	if (!ok(v_tvm(&vm, bytes), "a TVM is built"))
		return;
	tvm_v(&vm, false, csrs[3]);
	ok(v_is(&vm, bytes, 0),
	   "a TVM finds zeros in all vector registers at first, while the host's are full");
	v_store(v_got, now_csrs);
	ok(!memcmp(v_got, v_host, bytes), "the host's vector registers are as they were");
	ok(!memcmp(csrs, now_csrs, sizeof(csrs)), "so are vl, vtype and vcsr");
	for (u64 at = 0; at < bytes; at += 8)
		tvm_poke(&vm, 0, V_GPA + at, seed + at);
	tvm_v(&vm, true, csrs[3]);
	v_store(v_got, now_csrs);
	ok(!memcmp(v_got, v_host, bytes), "and still are when the TVM has filled its own");
	for (u32 i = 0; i < sizeof(v_host); i++)
		v_host[i] ^= 0xff;
	v_load(v_host);
	for (u64 at = 0; at < bytes; at += 8)
		tvm_poke(&vm, 0, V_GPA + at, 0);
	tvm_v(&vm, false, csrs[3]);
	ok(v_is(&vm, bytes, seed),
	   "the TVM finds its vector registers as it left them when the host has filled its own");
	v_store(v_got, now_csrs);
	ok(!memcmp(v_got, v_host, bytes) && !memcmp(csrs, now_csrs, sizeof(csrs)),
	   "and the host its own");
	if (!ok(v_tvm(&other, bytes), "another TVM is built"))
		return;
	tvm_v(&other, false, csrs[3]);
	ok(v_is(&other, bytes, 0), "another TVM finds zeros at first");
	csr_write(0x00a, 2);	/* vxrm */
	tvm_v(&vm, false, csrs[3]);
	eq(csr_read(0x00a), 2,
	   "the host's vxrm is kept when it alone was written since the last RUN");
	csr_clear(sstatus, SSTATUS_VS);
	tvm_v(&vm, false, csrs[3]);
	csr_set(sstatus, SSTATUS_VS_INITIAL);
	v_store(v_got, now_csrs);
	ok(!memcmp(v_got, v_host, bytes),
	   "the host's vector registers survive a RUN while it has V off in sstatus");
	csr_clear(sstatus, SSTATUS_VS);
	ok(tvm_destroy(&vm) && tvm_destroy(&other), "both are destroyed");
}

static const struct test regs_tests[] = {
	TEST(host_registers), TEST(host_registers_mmio_irq), TEST(tvm_csrs_own), TEST(fp),
	TEST(vector),
};

GROUP(regs, true, 1);
