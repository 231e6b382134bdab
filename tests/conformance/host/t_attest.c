/* SPDX-License-Identifier: BSD-2-Clause */
/* What a TVM does with its measurement registers: COVG functions 6 to 10, and Salus's ATST. Groups: attest, attest_harts, atst. */
#include "tests.h"

#include "cove/attest.h"

#define BUF		TVM_FRESH_GPA
#define NEXT		(TVM_FRESH_GPA + PAGE_SIZE)
#define MISSING		(TVM_FRESH_GPA + 8 * PAGE_SIZE)
#define GPA_END		BIT(41)
#define FIRST		COVE_MR_INITIAL_COUNT

static struct tvm vm;

/* SHA384("helloworld") */
static const u8 digest[] = {
	0x97, 0x98, 0x2a, 0x5b, 0x14, 0x14, 0xb9, 0x07, 0x81, 0x03, 0xa1, 0xc0, 0x08, 0xc4, 0xe3, 0x52,
	0x6c, 0x27, 0xb4, 0x1c, 0xdb, 0xcf, 0x80, 0x79, 0x05, 0x60, 0xa4, 0x0f, 0x2a, 0x9b, 0xf2, 0xed,
	0x44, 0x27, 0xab, 0x14, 0x28, 0x78, 0x99, 0x15, 0xed, 0x4b, 0x3d, 0xc0, 0x7c, 0x45, 0x4b, 0xd9,
};

/* Zeros extended by it: 48 bytes hashed, and 64 with zeros behind it */
static const u8 plain[] = {
	0x96, 0xc4, 0xef, 0x47, 0xb5, 0xb7, 0x08, 0x40, 0x70, 0x63, 0x72, 0x47, 0x2f, 0x80, 0xb3, 0x55,
	0x67, 0x3b, 0x28, 0x9d, 0x02, 0xe2, 0x19, 0xe2, 0xb5, 0x5f, 0x2d, 0x37, 0x27, 0x59, 0x6c, 0x97,
	0x90, 0xad, 0xda, 0x77, 0xfa, 0x1b, 0x53, 0xba, 0xe4, 0x81, 0xda, 0xa1, 0x11, 0x3c, 0xc4, 0xb7,
};
static const u8 padded[] = {
	0x4d, 0x78, 0x3c, 0xdf, 0xa8, 0xd6, 0xbc, 0x12, 0x93, 0xd0, 0xf1, 0xbf, 0xb5, 0x8f, 0x9f, 0x0b,
	0x05, 0xa8, 0xef, 0x72, 0x3c, 0xb8, 0x74, 0x5d, 0x14, 0x2d, 0x60, 0xac, 0x3b, 0x9d, 0x21, 0x3c,
	0x51, 0xf0, 0x6a, 0xa1, 0xe9, 0xb9, 0x2f, 0xf0, 0x9f, 0x64, 0xe4, 0xa2, 0xd0, 0xc8, 0xfe, 0x87,
};

static struct sbiret covg(u64 fid, u64 a0, u64 a1, u64 a2)
{
	return tvm_ecall(&vm, 0, SBI_EXT_COVG, fid, a0, a1, a2);
}

static struct sbiret atst(u64 fid, u64 a0, u64 a1, u64 a2)
{
	return tvm_ecall(&vm, 0, SBI_EXT_ATST, fid, a0, a1, a2);
}

/* The TVM's memory, aligned to 8 bytes */
static void get(u64 gpa, void *to, u64 size)
{
	for (u64 i = 0; i < size; i += 8) {
		u64 word = tvm_peek(&vm, 0, gpa + i);

		memcpy((u8 *)to + i, &word, 8);
	}
}

static void put(u64 gpa, const void *from, u64 size)
{
	for (u64 i = 0; i < size; i += 8) {
		u64 word;

		memcpy(&word, (const u8 *)from + i, 8);
		tvm_poke(&vm, 0, gpa + i, word);
	}
}

/* A TVM with two pages of buffers, the digest at the start of the first. */
static bool begin(void)
{
	if (!ok(tvm_build(&vm) && tvm_add_zero(&vm, BUF) && tvm_add_zero(&vm, NEXT) && tvm_sync(&vm, 0), "a TVM runs"))
		return false;
	put(BUF, digest, SHA384_SIZE);
	return true;
}

static void end(void)
{
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

/* Register @index is @wanted; read by COVG into the second page. */
static bool is(u64 index, const u8 *wanted)
{
	u8 mr[SHA384_SIZE];

	if (covg(COVG_READ_MEASUREMENT, NEXT, SHA384_SIZE, index).error)
		return false;
	get(NEXT, mr, SHA384_SIZE);
	return !memcmp(mr, wanted, SHA384_SIZE);
}

/* All registers, as the TVM reads them */
static void snapshot(u8 mr[COVE_MR_COUNT][SHA384_SIZE])
{
	for (u32 i = 0; i < COVE_MR_COUNT; i++) {
		memset(mr[i], 0xff, SHA384_SIZE);
		if (!covg(COVG_READ_MEASUREMENT, NEXT, SHA384_SIZE, i).error)
			get(NEXT, mr[i], SHA384_SIZE);
	}
}

static void unchanged(u8 before[COVE_MR_COUNT][SHA384_SIZE])
{
	u8 after[COVE_MR_COUNT][SHA384_SIZE];
	u8 page[SHA384_SIZE];

	get(BUF, page, SHA384_SIZE);
	ok(!memcmp(page, digest, SHA384_SIZE), "the refused calls wrote nothing to the TVM's memory");
	snapshot(after);
	ok(!memcmp(before, after, sizeof(after)), "nor to any of its registers");
}

/* --- COVG --- */

static void attcaps(void)
{
	static const u8 pcr[COVE_MR_COUNT] = { 0, 1, 0xff, 0xff, 2, 3, 0xff, 17, 18, 19, 20 };
	struct cove_attcaps caps;
	struct sbiret r;
	bool good = true;

	if (!begin())
		return;
	tvm_poke(&vm, 0, NEXT + sizeof(caps), 0x77);
	r = covg(COVG_GET_ATTCAPS, NEXT, PAGE_SIZE, 0);
	sbi_ok(r, "GET_ATTCAPS answers");
	eq((u64)r.value, sizeof(caps), "its value is 336");
	get(NEXT, &caps, sizeof(caps));
	eq(tvm_peek(&vm, 0, NEXT + sizeof(caps)), 0x77, "what lies behind the 336 bytes is left alone");
	eq(caps.hash, COVE_HASH_SHA384, "the hash is SHA-384");
	eq(caps.initial_count, COVE_MR_INITIAL_COUNT, "there are 7 initial registers");
	eq(caps.runtime_count, COVE_MR_RUNTIME_COUNT, "there are 4 runtime registers");
	for (u32 i = 0; i < COVE_MR_COUNT; i++)
		good &= caps.registers[i].hash == COVE_HASH_SHA384 && caps.registers[i].type == (i >= FIRST) &&
			caps.registers[i].tcg_pcr == pcr[i];
	ok(good, "each descriptor has hash, type and PCR of its register");
	sbi_ok(covg(COVG_GET_ATTCAPS, NEXT, sizeof(caps), 0), "336 bytes are enough");
	end();
}

static void extend(void)
{
	static const u8 zero[SHA384_SIZE];
	u8 wanted[SHA384_SIZE];
	struct sha384 s;

	if (!begin())
		return;
	for (u64 i = FIRST; i < COVE_MR_COUNT; i++)
		ok(is(i, zero), "runtime register %lu is zero at first", i);
	sbi_ok(covg(COVG_EXTEND_MEASUREMENT, BUF, SHA384_SIZE, FIRST), "EXTEND_MEASUREMENT of register 7 succeeds");
	ok(is(FIRST, plain), "it is SHA384(zeros, digest)");
	ok(is(FIRST + 1, zero), "register 8 is still zero");
	sbi_ok(covg(COVG_EXTEND_MEASUREMENT, BUF, SHA384_SIZE, FIRST), "it can be extended again");
	sha384_init(&s);
	sha384_update(&s, plain, SHA384_SIZE);
	sha384_update(&s, digest, SHA384_SIZE);
	sha384_final(&s, wanted);
	ok(is(FIRST, wanted), "it is SHA384(register, digest)");
	for (u64 i = FIRST + 1; i < COVE_MR_COUNT; i++)
		ok(!covg(COVG_EXTEND_MEASUREMENT, BUF, SHA384_SIZE, i).error && is(i, plain),
		   "register %lu is extended likewise", i);
	ok(is(COVE_MR_TVM_PAGES, vm.pages_mr) && is(COVE_MR_TVM_ENTRY, vm.entry_mr), "initial registers are what they were");
	end();
}

/* What holds for a buffer of each of the three functions */
static void bad_buffers(u64 fid, u64 size, const char *name)
{
	sbi_err(covg(fid, BUF + 8, size, FIRST), SBI_ERR_INVALID_ADDRESS, "%s: an unaligned address is refused", name);
	sbi_err(covg(fid, GPA_END, size, FIRST), SBI_ERR_INVALID_ADDRESS, "%s: an address beyond the GPAs is refused", name);
	sbi_err(covg(fid, ~0xfffULL, size, FIRST), SBI_ERR_INVALID_ADDRESS, "%s: the last page of all is refused", name);
	sbi_err(covg(fid, TVM_HOLE_GPA, size, FIRST), SBI_ERR_INVALID_PARAM, "%s: a GPA in no region is refused", name);
	sbi_err(covg(fid, TVM_MMIO_GPA, size, FIRST), SBI_ERR_INVALID_PARAM, "%s: a GPA of an MMIO region is refused", name);
	sbi_err(covg(fid, BUF, 0, FIRST), SBI_ERR_INVALID_PARAM, "%s: size 0 is refused", name);
	sbi_err(covg(fid, BUF, SHA384_SIZE - 1, FIRST), SBI_ERR_INVALID_PARAM, "%s: size 47 is refused", name);
	sbi_err(covg(fid, BUF, ~0ULL, FIRST), SBI_ERR_INVALID_PARAM, "%s: size ~0 is refused", name);
	sbi_err(covg(fid, BUF, -BUF, FIRST), SBI_ERR_INVALID_PARAM, "%s: a size that wraps is refused", name);
	sbi_err(covg(fid, BUF, 2 * TVM_RAM_SIZE, FIRST), SBI_ERR_INVALID_PARAM, "%s: a size beyond the region is refused", name);
}

static void refused(void)
{
	static const u64 none[] = { COVE_MR_COUNT, 17, 64, BIT(32) | FIRST, ~0ULL };
	u8 before[COVE_MR_COUNT][SHA384_SIZE];

	if (!begin() || !sbi_ok(tvm_declare_mmio(&vm, 0, TVM_MMIO_GPA, PAGE_SIZE), "the TVM has an MMIO region"))
		return;
	snapshot(before);
	bad_buffers(COVG_GET_ATTCAPS, sizeof(struct cove_attcaps), "GET_ATTCAPS");
	bad_buffers(COVG_EXTEND_MEASUREMENT, SHA384_SIZE, "EXTEND_MEASUREMENT");
	bad_buffers(COVG_READ_MEASUREMENT, SHA384_SIZE, "READ_MEASUREMENT");
	sbi_err(covg(COVG_GET_ATTCAPS, BUF, 335, 0), SBI_ERR_INVALID_PARAM, "GET_ATTCAPS into 335 bytes is refused");
	sbi_err(covg(COVG_EXTEND_MEASUREMENT, BUF, 64, FIRST), SBI_ERR_INVALID_PARAM, "an extend by 64 bytes is refused");
	for (u64 i = 0; i < FIRST; i++)
		sbi_err(covg(COVG_EXTEND_MEASUREMENT, BUF, SHA384_SIZE, i), SBI_ERR_INVALID_PARAM,
			"initial register %lu is frozen", i);
	for (u32 i = 0; i < ARRAY_SIZE(none); i++) {
		sbi_err(covg(COVG_EXTEND_MEASUREMENT, BUF, SHA384_SIZE, none[i]), SBI_ERR_INVALID_PARAM,
			"an extend of register %lx is refused", none[i]);
		sbi_err(covg(COVG_READ_MEASUREMENT, BUF, SHA384_SIZE, none[i]), SBI_ERR_INVALID_PARAM,
			"a read of register %lx is refused", none[i]);
	}
	unchanged(before);
	end();
}

/* The call leads to a page fault of the host's; with the page there it goes on by itself. */
static void page_comes(u64 eid, u64 fid, u64 gpa, u64 size, u64 index, u64 missing, u64 cause, const char *name)
{
	u64 args[6] = { gpa, size, index };
	struct exit e;

	if (!ok(tvm_ecall_begin(&vm, 0, eid, fid, args, &e), "%s on a missing page is called", name))
		return;
	ok(!e.error && e.scause == cause && e.htval == missing >> 2, "%s: the host is asked for the page", name);
	ok(tvm_add_zero(&vm, missing), "%s: the host adds it", name);
	sbi_ok(tvm_ecall_end(&vm, 0), "%s: then it succeeds", name);
}

static void pages_missing(void)
{
	u64 at = MISSING;
	u8 wanted[SHA384_SIZE] = { 0 };
	struct sha384 s;

	if (!begin())
		return;
	page_comes(SBI_EXT_COVG, COVG_GET_ATTCAPS, at, PAGE_SIZE, 0, at, CAUSE_STORE_GUEST, "GET_ATTCAPS");
	at += 2 * PAGE_SIZE;
	page_comes(SBI_EXT_COVG, COVG_READ_MEASUREMENT, at, SHA384_SIZE, COVE_MR_TVM_PAGES, at, CAUSE_STORE_GUEST,
		   "READ_MEASUREMENT");
	at += 2 * PAGE_SIZE;
	page_comes(SBI_EXT_COVG, COVG_EXTEND_MEASUREMENT, at, SHA384_SIZE, FIRST, at, CAUSE_LOAD_GUEST, "EXTEND_MEASUREMENT");
	sha384_init(&s);
	sha384_update(&s, wanted, SHA384_SIZE);
	sha384_update(&s, wanted, SHA384_SIZE);
	sha384_final(&s, wanted);
	ok(is(FIRST, wanted), "the register was extended once, by the zeros of the new page");
	end();
}

static void starts_afresh(void)
{
	static const u8 zero[SHA384_SIZE];

	if (!begin())
		return;
	sbi_ok(covg(COVG_EXTEND_MEASUREMENT, BUF, SHA384_SIZE, FIRST), "a TVM extends a register");
	end();
	if (!begin())
		return;
	ok(is(FIRST, zero), "the next TVM's is zero");
	sbi_err(covg(COVG_RETRIEVE_SECRET, BUF, 64, BUF), SBI_ERR_DENIED, "a TVM without a payload has no secret, and is told so without an exit");
	end();
}

static const struct test attest_tests[] = {
	TEST(attcaps), TEST(extend), TEST(refused), TEST(pages_missing), TEST(starts_afresh),
};

GROUP(attest, true, 1);

/* --- two vCPUs at once --- */

#define EXTENDS		500

/* vCPU @id extends register 7 by the digest, so often. The calls that were not made. */
static u64 extend_often(u64 id)
{
	static const u32 code[] = {
		0x00090513,	/* mv a0, s2 */
		0x03000593,	/* li a1, 48 */
		INSN_ECALL,
		0x00051663,	/* bnez a0, the end */
		0xfff40413,	/* addi s0, s0, -1 */
		0xfe0416e3,	/* bnez s0, the start */
	};
	u32 vcpu = (u32)id;

	nacl_setup(0);
	if (!tvm_sync(&vm, vcpu))
		return EXTENDS;
	tvm_code(&vm, vcpu, code, ARRAY_SIZE(code));
	tvm_set(&vm, vcpu, 8, EXTENDS);
	tvm_set(&vm, vcpu, 12, FIRST);
	tvm_set(&vm, vcpu, 16, COVG_EXTEND_MEASUREMENT);
	tvm_set(&vm, vcpu, 17, SBI_EXT_COVG);
	tvm_set(&vm, vcpu, 18, BUF);
	if (tvm_exec_done(&vm, vcpu) != CAUSE_BREAK)
		return EXTENDS;
	return tvm_get(&vm, vcpu, 8);
}

static void none_is_lost(void)
{
	u64 args[6] = { 1, TVM_GPA, 0 }, left;
	u8 wanted[SHA384_SIZE] = { 0 };
	struct sha384 s;
	struct exit e;

	if (!ok(tvm_build_full(&vm) && tvm_add_zero(&vm, BUF) && tvm_add_zero(&vm, NEXT) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	put(BUF, digest, SHA384_SIZE);
	tvm_ecall_begin(&vm, 0, SBI_EXT_HSM, SBI_HSM_START, args, &e);
	sbi_ok(tvm_ecall_end(&vm, 0), "it starts its second vCPU");
	run_begin(1, extend_often, 1);
	eq(extend_often(0), 0, "both vCPUs extend the same register on two harts at once: all calls of the first succeed");
	ok(run_wait(1, 30 * ticks_per_second, &left) && !left, "and all of the second");
	for (u32 i = 0; i < 2 * EXTENDS; i++) {
		sha384_init(&s);
		sha384_update(&s, wanted, SHA384_SIZE);
		sha384_update(&s, digest, SHA384_SIZE);
		sha384_final(&s, wanted);
	}
	ok(is(FIRST, wanted), "no extend was lost");
	end();
}

static const struct test attest_harts_tests[] = {
	TEST(none_is_lost),
};

GROUP(attest_harts, true, 2);

/* --- ATST --- */

/* Whether the TSM is built with it; without, it must look absent. */
static bool begin_atst(void)
{
	struct sbiret r;

	if (!begin())
		return false;
	r = tvm_ecall(&vm, 0, SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_ATST, 0, 0);
	if (r.error || r.value) {
		eq((u64)r.value, 1, "ATST probes 1 in a TVM");
		return true;
	}
	skip("this TSM is built without it", "ATST probes 1 in a TVM");
	for (u64 fid = ATST_GET_CAPABILITIES; fid <= ATST_READ_MEASUREMENT; fid++)
		sbi_err(atst(fid, BUF, PAGE_SIZE, 17), SBI_ERR_NOT_SUPPORTED, "ATST function %lu answers -2", fid);
	end();
	return false;
}

static void capabilities(void)
{
	static const struct atst_descriptor list[ATST_DESCRIPTORS] = {
		{ 0, 0, 0, 0 }, { 0, 1, 1, 0 }, { 0, 2, 2, 0 }, { 0, 3, 3, 0 },
		{ 0, 4, 17, 1 }, { 0, 5, 18, 1 }, { 0, 6, 19, 1 }, { 0, 7, 20, 1 },
	};
	struct atst_capabilities caps;

	if (!begin_atst())
		return;
	tvm_poke(&vm, 0, NEXT + 8 + sizeof(caps), 0x77);
	sbi_ok(atst(ATST_GET_CAPABILITIES, NEXT + 8, sizeof(caps), 0), "GetCapabilities answers, at any address");
	get(NEXT + 8, &caps, sizeof(caps));
	eq(tvm_peek(&vm, 0, NEXT + 8 + sizeof(caps)), 0x77, "what lies behind the 144 bytes is left alone");
	eq(caps.hash, ATST_HASH_SHA384, "the hash is SHA-384");
	ok(caps.evidence_formats & ATST_FORMAT_DICE_TCB_INFO, "DiceTcbInfo is offered");
	eq(caps.static_count, 4, "there are 4 static registers");
	eq(caps.runtime_count, 4, "there are 4 runtime registers");
	ok(!memcmp(caps.registers, list, sizeof(list)), "the descriptors are those of Salus's registers");
	sbi_ok(atst(ATST_GET_CAPABILITIES, NEXT - 16, PAGE_SIZE, 0), "GetCapabilities crosses a page");
	end();
}

static void extend_and_read(void)
{
	u8 mr[SHA384_SIZE];
	struct sbiret r;

	if (!begin_atst())
		return;
	put(BUF + 72, digest, SHA384_SIZE);
	sbi_ok(atst(ATST_EXTEND_MEASUREMENT, BUF + 72, SHA384_SIZE, 18), "ExtendMeasurement of PCR 18 succeeds");
	r = atst(ATST_READ_MEASUREMENT, NEXT + 8, SHA384_SIZE, 18);
	sbi_ok(r, "ReadMeasurement of PCR 18 succeeds");
	eq((u64)r.value, SHA384_SIZE, "its value is 48");
	get(NEXT + 8, mr, SHA384_SIZE);
	ok(!memcmp(mr, padded, SHA384_SIZE), "PCR 18 is SHA384(zeros, digest, 16 zeros)");
	ok(is(FIRST + 1, padded), "COVG reads the same as register 8");
	sbi_ok(covg(COVG_EXTEND_MEASUREMENT, BUF, SHA384_SIZE, FIRST + 3), "COVG extends register 10");
	sbi_ok(atst(ATST_READ_MEASUREMENT, NEXT + 8, PAGE_SIZE, 20), "ReadMeasurement of PCR 20 succeeds");
	get(NEXT + 8, mr, SHA384_SIZE);
	ok(!memcmp(mr, plain, SHA384_SIZE), "PCR 20 is what COVG made of it");
	sbi_ok(atst(ATST_READ_MEASUREMENT, NEXT + 8, SHA384_SIZE, 2), "ReadMeasurement of PCR 2 succeeds");
	get(NEXT + 8, mr, SHA384_SIZE);
	ok(!memcmp(mr, vm.pages_mr, SHA384_SIZE), "PCR 2 is the measurement of the pages");
	sbi_ok(atst(ATST_READ_MEASUREMENT, NEXT + 8, SHA384_SIZE, 3), "ReadMeasurement of PCR 3 succeeds");
	get(NEXT + 8, mr, SHA384_SIZE);
	ok(!memcmp(mr, vm.entry_mr, SHA384_SIZE), "PCR 3 is the measurement of the entry");
	page_comes(SBI_EXT_ATST, ATST_READ_MEASUREMENT, NEXT + PAGE_SIZE - 24, SHA384_SIZE, 2, NEXT + PAGE_SIZE,
		   CAUSE_STORE_GUEST, "ReadMeasurement across pages");
	get(NEXT + PAGE_SIZE - 24, mr, SHA384_SIZE);
	ok(!memcmp(mr, vm.pages_mr, SHA384_SIZE), "both pages hold their part");
	end();
}

static void atst_refused(void)
{
	static const u64 no_pcr[] = { 4, 16, 21, 0xff, BIT(32) | 17, ~0ULL };
	static const u64 nowhere[] = { TVM_HOLE_GPA, TVM_RAM_GPA + TVM_RAM_SIZE - 1, GPA_END - 8, GPA_END, ~0ULL, ~0ULL - 47 };
	u8 before[COVE_MR_COUNT][SHA384_SIZE];

	if (!begin_atst())
		return;
	snapshot(before);
	for (u32 i = 0; i < ARRAY_SIZE(no_pcr); i++) {
		sbi_err(atst(ATST_EXTEND_MEASUREMENT, BUF, SHA384_SIZE, no_pcr[i]), SBI_ERR_INVALID_PARAM,
			"an extend of PCR %lx is refused", no_pcr[i]);
		sbi_err(atst(ATST_READ_MEASUREMENT, BUF, SHA384_SIZE, no_pcr[i]), SBI_ERR_INVALID_PARAM,
			"a read of PCR %lx is refused", no_pcr[i]);
	}
	for (u64 pcr = 0; pcr < 4; pcr++)
		sbi_err(atst(ATST_EXTEND_MEASUREMENT, BUF, SHA384_SIZE, pcr), SBI_ERR_INVALID_PARAM, "PCR %lu is frozen", pcr);
	for (u32 i = 0; i < ARRAY_SIZE(nowhere); i++) {
		sbi_err(atst(ATST_GET_CAPABILITIES, nowhere[i], 144, 0), SBI_ERR_INVALID_ADDRESS,
			"capabilities at %lx are refused", nowhere[i]);
		sbi_err(atst(ATST_EXTEND_MEASUREMENT, nowhere[i], SHA384_SIZE, 17), SBI_ERR_INVALID_ADDRESS,
			"an extend by what is at %lx is refused", nowhere[i]);
		sbi_err(atst(ATST_READ_MEASUREMENT, nowhere[i], SHA384_SIZE, 17), SBI_ERR_INVALID_ADDRESS,
			"a read to %lx is refused", nowhere[i]);
	}
	sbi_err(atst(ATST_GET_CAPABILITIES, BUF, 143, 0), ATST_ERR_BUFFER, "capabilities into 143 bytes are refused by -9");
	sbi_err(atst(ATST_EXTEND_MEASUREMENT, BUF, 64, 17), ATST_ERR_BUFFER, "an extend by 64 bytes is refused by -9");
	sbi_err(atst(ATST_READ_MEASUREMENT, BUF, 47, 17), ATST_ERR_BUFFER, "a read into 47 bytes is refused by -9");
	sbi_err(atst(ATST_READ_MEASUREMENT + 1, BUF, 64, 17), SBI_ERR_NOT_SUPPORTED, "ATST function 4 answers -2");
	unchanged(before);
	end();
}

static const struct test atst_tests[] = {
	TEST(capabilities), TEST(extend_and_read), TEST(atst_refused),
};

GROUP(atst, true, 1);
