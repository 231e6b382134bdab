/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SBI services of the host, misused. What a call names is checked before the firmware sees
 * it. Group: sbi_hostile.
 */
#include "tests.h"

/*
 * The first bytes of RAM are the firmware's, and the TSM lies above it; a hole of the host's map
 * is a TSM's or a device's.
 */
u64 foreign_address(u32 i, const char **name)
{
	static const struct {
		u64 address;
		const char *name;
	} list[] = {
		{ 0x80000000, "the firmware's memory" },
		{ 0x80200000, "the TSM's image" },
		{ 0x1000, "the boot ROM" },
		{ 0x10000000, "the UART" },
		{ 0x10100000, "fw_cfg" },
		{ 0x24000000, "an M-mode interrupt file" },
		{ 0x28000000, "a supervisor interrupt file" },
		{ NOWHERE, "no device and no memory" },
		{ 0xfffffffff000, "beyond the physical address space" },
		{ ~0xfffULL, "the last page of all" },
	};

	for (; i < ARRAY_SIZE(list); i++) {
		/* The TSM decides where it puts the host. */
		if (machine_is_ram(list[i].address, PAGE_SIZE))
			continue;
		*name = list[i].name;
		return list[i].address;
	}
	return 0;
}

#define for_each_foreign(i, at, name)	for (u32 i = 0; (at = foreign_address(i, &name)); i++)

static void covg_is_not_for_hosts(void)
{
	eq(sbi_probe(SBI_EXT_COVG), 0,
	   "COVG probes 0: a host that saw it would take itself for a TVM");
	for (u32 fid = COVG_ADD_MMIO_REGION; fid <= COVG_READ_MEASUREMENT; fid++)
		sbi_err(sbi(SBI_EXT_COVG, fid, 0x80000000, PAGE_SIZE), SBI_ERR_NOT_SUPPORTED,
			"COVG function %u answers -2 to a host", fid);
	ok(sbi_probe(SBI_EXT_COVH), "COVH is offered");
	ok(sbi_probe(SBI_EXT_COVI), "COVI is offered");
	ok(sbi_probe(SBI_EXT_NACL), "NACL is offered");
	ok(sbi_probe(SBI_EXT_SUPD), "SUPD is offered");
	/* Stock KVM probes RFENCE right before NACL (DECISIONS 10). */
	sbi_probe(SBI_EXT_RFENCE);
	eq(sbi_probe(SBI_EXT_NACL), 0,
	   "NACL is not offered to stock KVM, which probes RFENCE right before it");
	ok(sbi_probe(SBI_EXT_NACL), "NACL is offered again to who asks once more");
}

static void dbcn(u64 fid, const char *what)
{
	static u8 ours[PAGE_SIZE] __attribute__((aligned(4096)));
	const struct range *top = &machine.ram[machine.nr_ram - 1];
	const char *name;
	u64 at;

	for_each_foreign(i, at, name) sbi_err(sbi(SBI_EXT_DBCN, fid, 8, at), SBI_ERR_INVALID_PARAM,
					      "DBCN does not %s %s", what, name);
	sbi_err(sbi(SBI_EXT_DBCN, fid, 16, (u64)ours, 1), SBI_ERR_INVALID_PARAM,
		"DBCN does not take a high word of the address");
	sbi_err(sbi(SBI_EXT_DBCN, fid, ~0ULL, (u64)ours), SBI_ERR_INVALID_PARAM,
		"DBCN does not %s a buffer whose end wraps", what);
	sbi_err(sbi(SBI_EXT_DBCN, fid, 16, ~7ULL), SBI_ERR_INVALID_PARAM,
		"DBCN does not %s across the end of all", what);
	sbi_err(sbi(SBI_EXT_DBCN, fid, 2 * PAGE_SIZE, top->base + top->size - PAGE_SIZE),
		SBI_ERR_INVALID_PARAM, "DBCN does not %s across the end of memory", what);
}

static void dbcn_write(void)
{
	dbcn(SBI_DBCN_WRITE, "print");
}

static void dbcn_read(void)
{
	dbcn(SBI_DBCN_READ, "read into");
}

static void dbcn_confidential(void)
{
	u64 page = pages_alloc(1, 1);

	memset((void *)page, '!', PAGE_SIZE);
	if (!ok(cove_convert(page, 1), "a page is converted"))
		return;
	sbi_err(sbi(SBI_EXT_DBCN, SBI_DBCN_WRITE, 16, page), SBI_ERR_INVALID_PARAM,
		"DBCN does not print a converted page");
	sbi_err(sbi(SBI_EXT_DBCN, SBI_DBCN_READ, 16, page), SBI_ERR_INVALID_PARAM,
		"DBCN does not read into a converted page");
	sbi_ok(covh_reclaim(page, 1), "the page comes back");
}

static void hart_masks(void)
{
	u64 beyond = 0;

	for (u32 i = 0; i < nr_harts; i++)
		if (harts[i].id >= beyond)
			beyond = harts[i].id + 1;
	sbi_err(sbi(SBI_EXT_IPI, SBI_IPI_SEND, 1, beyond), SBI_ERR_INVALID_PARAM,
		"an IPI to the hart after the last is refused");
	sbi_err(sbi(SBI_EXT_IPI, SBI_IPI_SEND, ~0ULL, 0), SBI_ERR_INVALID_PARAM,
		"an IPI to a mask that names harts that do not exist is refused");
	sbi_err(sbi(SBI_EXT_IPI, SBI_IPI_SEND, 1, ~0ULL - 1), SBI_ERR_INVALID_PARAM,
		"an IPI to the last hart id of all is refused");
	sbi_err(sbi(SBI_EXT_IPI, SBI_IPI_SEND, 2, BIT(63)), SBI_ERR_INVALID_PARAM,
		"an IPI to a hart id far away is refused");
	for (u32 fid = SBI_RFENCE_FENCE_I; fid <= SBI_RFENCE_SFENCE_VMA_ASID; fid++) {
		sbi_err(sbi(SBI_EXT_RFENCE, fid, 1, beyond, 0, PAGE_SIZE), SBI_ERR_INVALID_PARAM,
			"a remote fence (%u) to the hart after the last is refused", fid);
		sbi_err(sbi(SBI_EXT_RFENCE, fid, ~0ULL, 0, 0, PAGE_SIZE), SBI_ERR_INVALID_PARAM,
			"a remote fence (%u) to a mask that names harts that do not exist is "
			"refused",
			fid);
		sbi_ok(sbi(SBI_EXT_RFENCE, fid, 1, this_hart()->id, ~0ULL - 8, ~0ULL, ~0ULL),
		       "a remote fence (%u) with a wild range does no harm", fid);
	}
}

static void reset_types(void)
{
	sbi_err(sbi(SBI_EXT_SRST, SBI_SRST_RESET, 3, 0), SBI_ERR_INVALID_PARAM,
		"reset type 3 is refused");
	sbi_err(sbi(SBI_EXT_SRST, SBI_SRST_RESET, 0xf0000000, 0), SBI_ERR_INVALID_PARAM,
		"a vendor's reset type is refused");
	sbi_err(sbi(SBI_EXT_SRST, SBI_SRST_RESET, 0, 2), SBI_ERR_INVALID_PARAM,
		"reset reason 2 is refused");
	sbi_err(sbi(SBI_EXT_SRST, SBI_SRST_RESET, 0, 0xe0000000), SBI_ERR_INVALID_PARAM,
		"an implementation's reset reason is refused");
}

/*
 * Whatever a CSR number names: the host gets a value or an illegal instruction exception, and
 * nothing else happens.
 */
static void every_csr(void)
{
	u32 answered = 0, refused = 0, other = 0;

	for (u32 csr = 0; csr < 4096; csr++) {
		u64 v = 0;
		u64 cause = probe_insn(csr << 20 | 0x2573, &v);	/* csrr a0, csr */

		if (cause == NO_TRAP) {
			answered++;
		} else if (cause == CAUSE_ILLEGAL) {
			refused++;
		} else {
			other++;
			note("reading CSR %x traps with cause %lx", csr, cause);
		}
	}
	note("%u CSRs can be read, %u are illegal", answered, refused);
	eq(other, 0, "reading any CSR gives a value or an illegal instruction exception");
}

/* Instructions of the hypervisor extension and of machine mode */
static void privileged_instructions(void)
{
	static const struct {
		u32 insn;
		const char *name;
	} list[] = {
		{ 0x30200073, "mret" }, { 0x64054573, "hlvx.hu" }, { 0x6c054573, "hlv.d" },
		{ 0x6ea54073, "hsv.d" },
	};

	for (u32 i = 0; i < ARRAY_SIZE(list); i++) {
		u64 a0 = (u64)&list[0] & ~7ULL;

		eq(probe_insn(list[i].insn, &a0), CAUSE_ILLEGAL,
		   "%s is an illegal instruction for the host", list[i].name);
	}
}

static const struct test sbi_hostile_tests[] = {
	TEST(covg_is_not_for_hosts), TEST(dbcn_write), TEST(dbcn_read), TEST(dbcn_confidential),
	TEST(hart_masks), TEST(reset_types), TEST(every_csr), TEST(privileged_instructions),
};

GROUP(sbi_hostile, true, 1);
