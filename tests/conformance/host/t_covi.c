/* SPDX-License-Identifier: BSD-2-Clause */
/* The COVI functions and what they refuse (ABI 5), on one hart. Group: covi. */
#include "bound.h"

static struct tvm vm;

/* --- INIT_AIA and SET_CPU_IMSIC_ADDR --- */

static const struct cove_tvm_aia_params good = {
	.imsic_base_addr = TVM_IMSIC_GPA,
	.group_index_shift = 24,
	.hart_index_bits = TVM_IMSIC_HART_BITS,
};

static struct sbiret init(u64 id, const struct cove_tvm_aia_params *p, u64 len)
{
	return covi_call(COVI_INIT_AIA, id, (u64)p, len);
}

static const struct {
	struct cove_tvm_aia_params p;
	s64 error;
	const char *name;
} bad_geometries[] = {
	{ { TVM_IMSIC_GPA, 0, 24, 3, 0, 1, 0 }, SBI_ERR_INVALID_PARAM, "with guest files" },
	{ { TVM_IMSIC_GPA, 0, 24, 3, 7, 0, 0 }, SBI_ERR_INVALID_PARAM, "with 7 guest index bits" },
	{ { TVM_IMSIC_GPA, 0, 24, 3, ~0u, 0, 0 },
	  SBI_ERR_INVALID_PARAM,
	  "with 2^32 - 1 guest index bits" },
	{ { TVM_IMSIC_GPA, 0, 24, ~0u, 0, 0, 0 },
	  SBI_ERR_INVALID_PARAM,
	  "with 2^32 - 1 hart index bits" },
	{ { TVM_IMSIC_GPA, ~0u, 24, 3, 0, 0, 0 },
	  SBI_ERR_INVALID_PARAM,
	  "with 2^32 - 1 group index bits" },
	{ { TVM_IMSIC_GPA, 1, ~0u, 3, 0, 0, 0 },
	  SBI_ERR_INVALID_PARAM,
	  "with a group shift of 2^32 - 1" },
	{ { TVM_IMSIC_GPA, 0, 23, 3, 0, 0, 0 }, SBI_ERR_INVALID_PARAM, "with a group shift of 23" },
	{ { TVM_IMSIC_GPA, 1, 63, 3, 0, 0, 0 },
	  SBI_ERR_INVALID_PARAM,
	  "whose group index goes beyond bit 63" },
	{ { TVM_IMSIC_GPA, 0, 24, 12, 1, 0, 0 },
	  SBI_ERR_INVALID_PARAM,
	  "whose hart index reaches into the group index" },
	{ { TVM_IMSIC_GPA + 0x1000, 0, 24, 3, 0, 0, 0 },
	  SBI_ERR_INVALID_PARAM,
	  "whose base has hart index bits set" },
	{ { TVM_IMSIC_GPA + 1, 0, 24, 3, 0, 0, 0 },
	  SBI_ERR_INVALID_PARAM,
	  "whose base is not page-aligned" },
	{ { TVM_IMSIC_GPA + 0x1000000, 1, 24, 3, 0, 0, 0 },
	  SBI_ERR_INVALID_PARAM,
	  "whose base has group index bits set" },
	{ { TVM_RAM_GPA, 0, 24, 3, 0, 0, 0 }, SBI_ERR_INVALID_ADDRESS, "over the TVM's memory" },
	{ { 0, 1, 31, 3, 0, 0, 0 },
	  SBI_ERR_INVALID_ADDRESS,
	  "whose second group is over the TVM's memory" },
	{ { BIT(60), 0, 24, 3, 0, 0, 0 },
	  SBI_ERR_INVALID_ADDRESS,
	  "beyond the guest-physical space" },
	{ { 0, 1, 45, 3, 0, 0, 0 },
	  SBI_ERR_INVALID_ADDRESS,
	  "whose second group is beyond the guest-physical space" },
};

static void init_refused(void)
{
	u64 page = pages_alloc(1, 1);

	if (!ok(tvm_outline(&vm, 1), "a TVM is made"))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(bad_geometries); i++)
		sbi_err(init(vm.id, &bad_geometries[i].p, 32), bad_geometries[i].error,
			"INIT_AIA of a geometry %s is refused", bad_geometries[i].name);
	sbi_err(init(vm.id, &good, 31), SBI_ERR_INVALID_PARAM,
		"INIT_AIA with a length of 31 is refused");
	sbi_err(init(vm.id, &good, 0), SBI_ERR_INVALID_PARAM,
		"INIT_AIA with a length of 0 is refused");
	sbi_err(init(vm.id + 1, &good, 32), SBI_ERR_INVALID_PARAM,
		"INIT_AIA of an unknown TVM is refused");
	sbi_err(init(~0ULL, &good, 32), SBI_ERR_INVALID_PARAM, "INIT_AIA of TVM ~0 is refused");
	for (u32 i = 0;; i++) {
		const char *name;
		u64 at = foreign_address(i, &name);

		if (!at)
			break;
		sbi_err(covi_call(COVI_INIT_AIA, vm.id, at, 32), SBI_ERR_INVALID_ADDRESS,
			"INIT_AIA with parameters at %s is refused", name);
	}
	ok(cove_convert(page, 1), "a page is converted");
	sbi_err(covi_call(COVI_INIT_AIA, vm.id, page, 32), SBI_ERR_INVALID_ADDRESS,
		"INIT_AIA with parameters in a converted page is refused");
	sbi_ok(covh_reclaim(page, 1), "the page comes back");
	sbi_err(covi_call(COVI_SET_CPU_IMSIC_ADDR, vm.id, 0, TVM_IMSIC_GPA), SBI_ERR_INVALID_PARAM,
		"no geometry was taken: SET_CPU_IMSIC_ADDR is refused");
	/* A region that a refused call had left would overlap: 0 is where the first of two groups
	 * was. */
	ok(tvm_add_region(&vm, 0, SIZE_2M),
	   "no region was left at the first group of a refused geometry");
	sbi_ok(init(vm.id, &good, 32), "after all these refusals a good geometry is taken");
	sbi_ok(init(vm.id, &good, 32), "the same again is a success");
	sbi_err(init(vm.id, &(struct cove_tvm_aia_params){ TVM_IMSIC_GPA, 0, 24, 4, 0, 0, 0 }, 32),
		SBI_ERR_INVALID_PARAM, "another is refused");
	sbi_err(covh_add_region(vm.id, TVM_IMSIC_GPA + 0x7000, PAGE_SIZE), SBI_ERR_INVALID_PARAM,
		"a memory region over the last interrupt file is refused");
	ok(tvm_add_region(&vm, TVM_IMSIC_GPA + 0x8000, PAGE_SIZE), "one right behind it is not");
	sbi_ok(covi_call(COVI_SET_CPU_IMSIC_ADDR, vm.id, 0, TVM_IMSIC_GPA),
	       "the vCPU's address is taken");
	ok(tvm_finalize(&vm, 0), "the TVM is finalized");
	sbi_err(init(vm.id, &good, 32), SBI_ERR_INVALID_PARAM,
		"INIT_AIA of a TVM that runs is refused");
	sbi_err(covi_call(COVI_SET_CPU_IMSIC_ADDR, vm.id, 0, TVM_IMSIC_GPA), SBI_ERR_INVALID_PARAM,
		"SET_CPU_IMSIC_ADDR of a TVM that runs is refused");
	bare_tvm_gone(&vm);
}

static struct sbiret set_addr(u64 id, u64 vcpu, u64 gpa)
{
	return covi_call(COVI_SET_CPU_IMSIC_ADDR, id, vcpu, gpa);
}

static void set_addr_refused(void)
{
	static const u64 foreign[] = {
		TVM_IMSIC_GPA - 0x1000,
		TVM_IMSIC_GPA + 0x8000,
		TVM_IMSIC_GPA + 4,
		TVM_IMSIC_GPA + 0x800,
		0,
		TVM_RAM_GPA,
		TVM_HOLE_GPA,
		~0ULL,
		~0xfffULL,
		BIT(63) | TVM_IMSIC_GPA,
	};

	if (!ok(tvm_outline(&vm, 2), "a TVM is made"))
		return;
	sbi_err(set_addr(vm.id, 0, TVM_FILE(0)), SBI_ERR_INVALID_PARAM,
		"an address before the geometry is refused");
	sbi_ok(init(vm.id, &good, 32), "the geometry is taken");
	for (u32 i = 0; i < ARRAY_SIZE(foreign); i++)
		sbi_err(set_addr(vm.id, 0, foreign[i]), SBI_ERR_INVALID_ADDRESS,
			"address %lx, which is no file's, is refused", foreign[i]);
	sbi_err(set_addr(vm.id, 2, TVM_FILE(0)), SBI_ERR_INVALID_PARAM,
		"the address of an unknown vCPU is refused");
	sbi_err(set_addr(vm.id, ~0ULL, TVM_FILE(0)), SBI_ERR_INVALID_PARAM,
		"the address of vCPU ~0 is refused");
	sbi_err(set_addr(vm.id + 1, 0, TVM_FILE(0)), SBI_ERR_INVALID_PARAM,
		"the address in an unknown TVM is refused");
	csr_write(scause, 3);
	sbi_err(covh_finalize(vm.id, TVM_GPA, 0, 0), SBI_ERR_INVALID_PARAM,
		"FINALIZE without the vCPUs' addresses is refused");
	eq(csr_read(scause), fail_entry(3), "scause is %lu then", fail_entry(3));
	sbi_ok(set_addr(vm.id, 0, TVM_FILE(3)), "no refused address was kept: another is taken");
	sbi_ok(set_addr(vm.id, 0, TVM_FILE(3)), "the same again is a success");
	sbi_err(set_addr(vm.id, 0, TVM_FILE(0)), SBI_ERR_INVALID_PARAM,
		"a different one is refused");
	sbi_err(covh_finalize(vm.id, TVM_GPA, 0, 0), SBI_ERR_INVALID_PARAM,
		"FINALIZE with one of two addresses is refused");
	sbi_ok(set_addr(vm.id, 1, TVM_FILE(1)),
	       "after the refusals the TVM still takes the other address");
	ok(tvm_finalize(&vm, 0), "and is finalized");
	bare_tvm_gone(&vm);

	if (!ok(tvm_outline(&vm, 2) && !init(vm.id, &good, 32).error, "another TVM is made"))
		return;
	sbi_ok(set_addr(vm.id, 0, TVM_FILE(1)), "one vCPU gets an address");
	sbi_ok(set_addr(vm.id, 1, TVM_FILE(1)), "the other gets the same");
	csr_write(scause, 3);
	sbi_err(covh_finalize(vm.id, TVM_GPA, 0, 0), SBI_ERR_INVALID_PARAM,
		"FINALIZE with equal addresses is refused");
	eq(csr_read(scause), fail_entry(3), "scause is %lu after that", fail_entry(3));
	ok(tvm_add_region(&vm, TVM_HOLE_GPA, PAGE_SIZE),
	   "the TVM is still being built: it takes a region");
	bare_tvm_gone(&vm);
}

/* Files of several groups, and none at a guest index. */
static void groups(void)
{
	static const struct cove_tvm_aia_params p = { TVM_IMSIC_GPA, 1, 24, 2, 1, 0, 0 };

	if (!ok(tvm_outline(&vm, 2) && !init(vm.id, &p, 32).error,
		"a TVM with two groups of files is made"))
		return;
	sbi_err(set_addr(vm.id, 0, TVM_IMSIC_GPA + 0x1000), SBI_ERR_INVALID_ADDRESS,
		"a file of guest index 1 is refused");
	sbi_err(set_addr(vm.id, 0, TVM_IMSIC_GPA + 0x8000), SBI_ERR_INVALID_ADDRESS,
		"one behind the first group is refused");
	sbi_err(set_addr(vm.id, 0, TVM_IMSIC_GPA + 0x2000000), SBI_ERR_INVALID_ADDRESS,
		"one of a third group is refused");
	sbi_ok(set_addr(vm.id, 0, TVM_IMSIC_GPA + 0x2000),
	       "a vCPU's file in the first group is taken");
	sbi_ok(set_addr(vm.id, 1, TVM_IMSIC_GPA + 0x1006000),
	       "a vCPU's file in the second group is taken");
	ok(tvm_finalize(&vm, 0), "the TVM is finalized");
	ok(aia_bind(&vm, 0, 0, 1) && tvm_sync(&vm, 0), "it is bound and runs");
	vcpu_irq_on(&vm, 0, BIT(5));
	vcpu_send(&vm, 0, TVM_IMSIC_GPA + 0x2000, 5);
	eq(vcpu_take(&vm, 0), 5, "its file is where it was said to be");
	vcpu_send(&vm, 0, TVM_IMSIC_GPA + 0x1006000, 9);
	ok(aia_bind(&vm, 1, 0, 2), "the other vCPU is bound");
	bare_tvm_gone(&vm);
	ok(aia_give_back(), "the files come back");
}

/* --- CONVERT_IMSIC and RECLAIM_IMSIC --- */

static void convert_refused(void)
{
	const struct {
		u64 at;
		const char *name;
	} list[] = {
		{ file_page(0, 0), "the host's own file" },
		{ file_page(0, 0) - PAGE_SIZE, "the TSM's file" },
		{ file_page(0, host_files() + 1), "a file behind the last" },
		{ file_page(0, 1) + 4, "an unaligned address" },
		{ file_page(0, 1) + 0x800, "the middle of a file" },
		{ 0x24000000, "an M-mode file" },
		{ 0x0d000000, "the APLIC" },
		{ pages_alloc(1, 1), "a page of RAM" },
		{ 0, "address 0" },
		{ ~0ULL, "address ~0" },
		{ ~0xfffULL, "the last page" },
		{ file_page(0, 1) | BIT(63), "a file with bit 63 set" },
		{ NOWHERE, "no device and no memory" },
	};
	u64 before = files_snapshot(), v;

	for (u32 i = 0; i < ARRAY_SIZE(list); i++) {
		sbi_err(covi_call(COVI_CONVERT_IMSIC, list[i].at, 0, 0), SBI_ERR_INVALID_ADDRESS,
			"CONVERT_IMSIC of %s is refused", list[i].name);
		sbi_err(covi_call(COVI_RECLAIM_IMSIC, list[i].at, 0, 0), SBI_ERR_INVALID_ADDRESS,
			"RECLAIM_IMSIC of %s is refused", list[i].name);
	}
	sbi_err(covi_call(COVI_RECLAIM_IMSIC, file_page(0, 1), 0, 0), SBI_ERR_INVALID_ADDRESS,
		"RECLAIM_IMSIC of a file that the host has is refused");
	sbi_err(covh_convert(file_page(0, 1), 1), SBI_ERR_INVALID_ADDRESS,
		"CONVERT_PAGES of an interrupt file is refused");
	eq(files_snapshot(), before, "the host reaches all of its guest files as before");
	eq(probe_load32(file_page(0, 0), &v), NO_TRAP, "and its own");
}

static void convert_cycle(void)
{
	u64 before = files_snapshot();
	u64 file = file_page(0, 1);
	struct sbiret r;

	sbi_ok(covi_call(COVI_CONVERT_IMSIC, file, 0, 0), "a guest file is converted (%s)",
	       numbering_name());
	ok(!file_is_hosts(0, 1), "the host does not reach it");
	eq(probe_store32(file, 1), CAUSE_STORE_ACCESS, "nor can it send to it");
	eq(files_snapshot(), before & ~BIT(1), "all others it reaches");
	r = covi_call(COVI_CONVERT_IMSIC, file, 0, 0);
	if (strict())
		sbi_err(r, SBI_ERR_INVALID_ADDRESS, "converting it twice is refused");
	else
		sbi_ok(r, "converting it twice does no harm");
	sbi_ok(covi_call(COVI_RECLAIM_IMSIC, file, 0, 0), "it comes back before any fence");
	ok(file_is_hosts(0, 1), "the host reaches it again");
	ok(aia_convert(0, 1), "it is converted and fenced");
	sbi_refused(covh_reclaim(file, 1), "RECLAIM_PAGES of it is refused");
	sbi_err(covh_convert(file, 1), SBI_ERR_INVALID_ADDRESS, "CONVERT_PAGES of it is refused");
	ok(!file_is_hosts(0, 1), "it stays out of the host's reach");
	sbi_ok(covi_call(COVI_RECLAIM_IMSIC, file, 0, 0), "it comes back by its own call");
	eq(files_snapshot(), before, "the host reaches all of its files");
	sbi_err(covi_call(COVI_RECLAIM_IMSIC, file, 0, 0), SBI_ERR_INVALID_ADDRESS,
		"but not twice");
}

static void convert(void)
{
	ok(host_files() >= 1, "the host has %u guest files a hart", host_files());
	in_every_numbering(convert_cycle);
}

/* An interrupt file is no memory: no call that takes pages takes it. */
static void not_memory(void)
{
	u64 file = file_page(0, 1);

	if (!ok(tvm_build(&vm) && aia_convert(0, 1), "a TVM is built and a file converted"))
		return;
	sbi_err(covh_add_zero(vm.id, file, COVE_PAGE_4K, 1, TVM_FRESH_GPA), SBI_ERR_INVALID_ADDRESS,
		"a file is refused as a zero page");
	sbi_err(covh_add_pgt(vm.id, file, 1), SBI_ERR_INVALID_ADDRESS, "and as a page-table page");
	sbi_err(covh_add_shared(vm.id, file_page(0, 0), COVE_PAGE_4K, 1, TVM_FRESH_GPA),
		SBI_ERR_INVALID_ADDRESS, "and the host's own as a shared page");
	sbi_refused(nacl(NACL_SET_SHMEM, file_page(0, 0)), "and as a NACL area");
	ok(tvm_sync(&vm, 0), "the TVM runs after that");
	bare_tvm_gone(&vm);
	ok(aia_give_back(), "the file comes back");
}

static const struct test covi_tests[] = {
	TEST(init_refused),    TEST(set_addr_refused), TEST(groups),
	TEST(convert_refused), TEST(convert),	       TEST(not_memory),
};

GROUP_FILES(covi, 1, 3);
