/* SPDX-License-Identifier: BSD-2-Clause */
/* The SBI services of the host, used as they are meant to be. Groups: runtime, sbi. */
#include "tests.h"

static void runtime_is_sound(void)
{
	static const u8 abc[SHA384_SIZE] = {
		0xcb, 0x00, 0x75, 0x3f, 0x45, 0xa3, 0x5e, 0x8b, 0xb5, 0xa0, 0x3d, 0x69,
		0x9a, 0xc6, 0x50, 0x07, 0x27, 0x2c, 0x32, 0xab, 0x0e, 0xde, 0xd1, 0x63,
		0x1a, 0x8b, 0x60, 0x5a, 0x43, 0xff, 0x5b, 0xed, 0x80, 0x86, 0x07, 0x2b,
		0xa1, 0xe7, 0xcc, 0x23, 0x58, 0xba, 0xec, 0xa1, 0x34, 0xc8, 0x25, 0xa7,
	};
	struct sha384 s;
	u8 digest[SHA384_SIZE];
	u64 a0 = 5;

	sha384_init(&s);
	sha384_update(&s, "abc", 3);
	sha384_final(&s, digest);
	ok(!memcmp(digest, abc, sizeof(abc)),
	   "the test host's SHA-384 gives the standard's value for abc");
	eq(probe_insn(0x00150513, &a0), NO_TRAP,
	   "an instruction that does not trap is seen not to");
	eq(a0, 6, "and has its effect");
	eq(probe_insn(0, &a0), CAUSE_ILLEGAL, "an illegal instruction traps in the host as one");
	eq(user_load((u64)digest & ~7ULL), CAUSE_ECALL_U,
	   "user mode code of the host runs, and its ECALL traps in the host");
	for (u32 i = 0; i < nr_harts; i++)
		ok(harts[i].online, "hart %lu is online", harts[i].id);
}

static const struct test runtime_tests[] = {
	TEST(runtime_is_sound),
};

GROUP(runtime, false, 1);

/* --- sbi --- */

static void base(void)
{
	struct sbiret r = sbi(SBI_EXT_BASE, SBI_BASE_SPEC_VERSION);

	sbi_ok(r, "Base tells the specification's version");
	eq((u64)r.value, SBI_SPEC_VERSION_2_0, "the version is 2.0");
	sbi_ok(sbi(SBI_EXT_BASE, SBI_BASE_IMPL_ID), "Base tells the implementation's id");
	sbi_ok(sbi(SBI_EXT_BASE, SBI_BASE_IMPL_VERSION), "Base tells the implementation's version");
	sbi_ok(sbi(SBI_EXT_BASE, SBI_BASE_MVENDORID), "Base tells mvendorid");
	sbi_ok(sbi(SBI_EXT_BASE, SBI_BASE_MARCHID), "Base tells marchid");
	sbi_ok(sbi(SBI_EXT_BASE, SBI_BASE_MIMPID), "Base tells mimpid");
}

static void offered(void)
{
	static const struct {
		u64 eid;
		const char *name;
	} wanted[] = {
		{ SBI_EXT_BASE, "Base" },     { SBI_EXT_TIME, "TIME" }, { SBI_EXT_IPI, "IPI" },
		{ SBI_EXT_RFENCE, "RFENCE" }, { SBI_EXT_HSM, "HSM" },	{ SBI_EXT_SRST, "SRST" },
		{ SBI_EXT_DBCN, "DBCN" },
	};

	for (u32 i = 0; i < ARRAY_SIZE(wanted); i++)
		ok(sbi_probe(wanted[i].eid), "%s is offered to the host", wanted[i].name);
}

/* An extension that probes 0 must not answer, one that probes 1 must not invent functions. */
static void unknown(void)
{
	static const u64 absent[] = {
		0x09,
		0x0f,
		0x11,
		0x12345678,
		0x08000000,
		0x0900dead,
		0x0a000000,
		0x0a00beef,
		0x41545354,
		0x50505050,
		0x535441,
		0x46574654,
		0x53555350,
		0x535345,
		0x44425452,
		0x4d505859,
		0x43505043,
		0x80000000,
		~0ULL,
		BIT(32) | SBI_EXT_BASE,
		BIT(63) | SBI_EXT_DBCN,
	};
	static const u64 present[] = {
		SBI_EXT_BASE, SBI_EXT_TIME, SBI_EXT_IPI,  SBI_EXT_RFENCE,
		SBI_EXT_HSM,  SBI_EXT_SRST, SBI_EXT_DBCN, SBI_EXT_NACL,
		SBI_EXT_SUPD, SBI_EXT_COVH, SBI_EXT_COVI, SBI_EXT_PMU,
	};

	for (u32 i = 0; i < ARRAY_SIZE(absent); i++)
		if (!sbi_probe(absent[i]))
			sbi_err(sbi(absent[i], 0), SBI_ERR_NOT_SUPPORTED,
				"extension %lx, which probes 0, answers -2", absent[i]);
	for (u32 i = 0; i < ARRAY_SIZE(present); i++) {
		sbi_err(sbi(present[i], 0x3ff), SBI_ERR_NOT_SUPPORTED,
			"function 0x3ff of extension %lx answers -2", present[i]);
		sbi_err(sbi(present[i], ~0ULL), SBI_ERR_NOT_SUPPORTED,
			"function ~0 of extension %lx answers -2", present[i]);
		if (!sbi_probe(present[i]))
			sbi_err(sbi(present[i], 0), SBI_ERR_NOT_SUPPORTED,
				"extension %lx, which probes 0, answers -2", present[i]);
	}
	sbi_err(sbi(SBI_EXT_BASE, BIT(32) | SBI_BASE_PROBE, SBI_EXT_BASE), SBI_ERR_NOT_SUPPORTED,
		"a function number with high bits set is not the one of its low bits");
}

static void registers(void)
{
	static struct cross c;
	bool same = true;

	for (u32 i = 1; i < 31; i++)
		c.in[i] = 0x1111000000000000ULL * (i & 15) + i;
	c.in[10] = 0;
	c.in[16] = SBI_BASE_SPEC_VERSION;
	c.in[17] = SBI_EXT_BASE;
	cross(&c);
	for (u32 i = 1; i < 31; i++) {
		if (i != 10 && i != 11 && c.out[i] != c.in[i]) {
			note("x%u was %lx, is %lx", i, c.in[i], c.out[i]);
			same = false;
		}
	}
	ok(same, "an SBI call keeps every register but a0 and a1");
	eq(c.out[10], 0, "a0 is the error");
	eq(c.out[11], SBI_SPEC_VERSION_2_0, "a1 is the value");
}

static void timer(void)
{
	csr_write(sie, 0);
	sbi_ok(sbi(SBI_EXT_TIME, SBI_TIME_SET_TIMER, ~0ULL), "the timer can be switched off");
	delay(10);
	ok(!(csr_read(sip) & BIT(IRQ_STI)), "no timer interrupt is pending then");
	sbi_ok(sbi(SBI_EXT_TIME, SBI_TIME_SET_TIMER, now() + 1000), "the timer can be set");
	csr_write(sie, BIT(IRQ_STI));
	wfi();
	csr_write(sie, 0);
	ok(csr_read(sip) & BIT(IRQ_STI), "the timer interrupt is pending when its time has come");
	sbi_ok(sbi(SBI_EXT_TIME, SBI_TIME_SET_TIMER, ~0ULL), "the timer can be switched off again");
	ok(!(csr_read(sip) & BIT(IRQ_STI)), "which takes the pending interrupt back");
}

static bool ssip(void)
{
	u64 start = now();

	while (!(csr_read(sip) & BIT(IRQ_SSI)))
		if (now() - start > LONG_ENOUGH)
			return false;
	csr_clear(sip, BIT(IRQ_SSI));
	return true;
}

static u64 ssip_seen(u64 unused)
{
	(void)unused;
	return ssip();
}

static void ipi(void)
{
	csr_clear(sip, BIT(IRQ_SSI));
	sbi_ok(sbi(SBI_EXT_IPI, SBI_IPI_SEND, 1, this_hart()->id),
	       "a hart can send an IPI to itself");
	ok(ssip(), "the software interrupt is pending then");
	ok(!(csr_read(sip) & BIT(IRQ_SSI)), "the host clears it in sip");
	sbi_ok(sbi(SBI_EXT_IPI, SBI_IPI_SEND, 0, 0), "an IPI to an empty mask is a success");
	ok(!(csr_read(sip) & BIT(IRQ_SSI)), "that reaches nobody");
	sbi_ok(sbi(SBI_EXT_IPI, SBI_IPI_SEND, 0, ~0ULL), "an IPI to all harts is a success");
	ok(ssip(), "that reaches this hart");
	for (u32 i = 1; i < nr_harts; i++) {
		u64 seen = 0;

		run_begin(i, ssip_seen, 0);
		while (!run_wait(i, ticks_per_second / 20, &seen))
			sbi(SBI_EXT_IPI, SBI_IPI_SEND, 1, harts[i].id);
		ok(seen, "an IPI reaches hart %lu", harts[i].id);
	}
}

static void rfence(void)
{
	sbi_ok(sbi(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, 0, ~0ULL),
	       "a remote FENCE.I to all harts is a success");
	sbi_ok(sbi(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, 0, ~0ULL, 0, ~0ULL),
	       "a remote SFENCE.VMA of everything to all harts is a success");
	sbi_ok(sbi(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, 1, this_hart()->id, 0x80000000,
		   PAGE_SIZE),
	       "a remote SFENCE.VMA of a page to this hart is a success");
	sbi_ok(sbi(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA_ASID, 0, ~0ULL, 0, ~0ULL, 1),
	       "a remote SFENCE.VMA of an ASID to all harts is a success");
	for (u32 i = 0; i < nr_harts; i++)
		sbi_ok(sbi(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, 1, harts[i].id),
		       "a remote FENCE.I reaches hart %lu", harts[i].id);
}

static void console(void)
{
	static const char text[] = "# written by DBCN\n";
	struct sbiret r = sbi(SBI_EXT_DBCN, SBI_DBCN_WRITE, sizeof(text) - 1, (u64)text);
	static char in[8];
	struct sbiret legacy;

	sbi_ok(r, "DBCN writes a buffer");
	ok(r.value > 0 && (u64)r.value <= sizeof(text) - 1, "and says how much of it");
	r = sbi(SBI_EXT_DBCN, SBI_DBCN_WRITE, 0, (u64)text);
	ok(r.error == 0 && r.value == 0, "DBCN writes nothing of an empty buffer");
	r = sbi(SBI_EXT_DBCN, SBI_DBCN_READ, sizeof(in), (u64)in);
	ok(r.error == 0 && r.value == 0, "DBCN reads nothing when nobody types");
	r = sbi(SBI_EXT_DBCN, SBI_DBCN_WRITE_BYTE, '#');
	legacy = sbi(SBI_EXT_LEGACY_PUTCHAR, 0, '\n');
	sbi_ok(r, "DBCN writes a byte");
	sbi_ok(legacy, "the legacy console writes a byte");
	eq((u64)sbi(SBI_EXT_LEGACY_GETCHAR, 0).error, ~0ULL,
	   "the legacy console reads nothing when nobody types");
}

static const struct test sbi_tests[] = {
	TEST(base), TEST(offered), TEST(unknown), TEST(registers), TEST(timer), TEST(ipi),
	TEST(rfence), TEST(console),
};

GROUP(sbi, false, 1);
