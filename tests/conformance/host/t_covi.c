/* SPDX-License-Identifier: BSD-2-Clause */
/* The COVI functions and what they refuse (ABI 5), on one hart. Group: covi. */
#include "tests.h"
#include "../rt/aia.h"

static struct tvm vm, other;

/* --- INIT_AIA and SET_CPU_IMSIC_ADDR --- */

static const struct cove_tvm_aia_params good = {
	.imsic_base_addr = TVM_IMSIC_GPA, .group_index_shift = 24, .hart_index_bits = TVM_IMSIC_HART_BITS,
};

static struct sbiret init(u64 id, const struct cove_tvm_aia_params *p, u64 len)
{
	return covi_call(COVI_INIT_AIA, id, (u64)p, len);
}

static bool new_tvm(struct tvm *t, u32 vcpus)
{
	tvm_init(t);
	if (!tvm_create(t) || !tvm_add_region(t, TVM_RAM_GPA, TVM_RAM_SIZE) || !tvm_load(t, TVM_IMAGE_PAGES))
		return false;
	for (u32 i = 0; i < vcpus; i++)
		if (!tvm_add_vcpu(t, i))
			return false;
	return true;
}

static void gone(struct tvm *t)
{
	ok(tvm_destroy(t), "the TVM is destroyed and all its pages come back as zero");
}

static const struct {
	struct cove_tvm_aia_params p;
	s64 error;
	const char *name;
} bad_geometries[] = {
	{ { TVM_IMSIC_GPA, 0, 24, 3, 0, 1, 0 }, SBI_ERR_INVALID_PARAM, "with guest files" },
	{ { TVM_IMSIC_GPA, 0, 24, 3, 7, 0, 0 }, SBI_ERR_INVALID_PARAM, "with 7 guest index bits" },
	{ { TVM_IMSIC_GPA, 0, 24, 3, ~0u, 0, 0 }, SBI_ERR_INVALID_PARAM, "with 2^32 - 1 guest index bits" },
	{ { TVM_IMSIC_GPA, 0, 24, ~0u, 0, 0, 0 }, SBI_ERR_INVALID_PARAM, "with 2^32 - 1 hart index bits" },
	{ { TVM_IMSIC_GPA, ~0u, 24, 3, 0, 0, 0 }, SBI_ERR_INVALID_PARAM, "with 2^32 - 1 group index bits" },
	{ { TVM_IMSIC_GPA, 1, ~0u, 3, 0, 0, 0 }, SBI_ERR_INVALID_PARAM, "with a group shift of 2^32 - 1" },
	{ { TVM_IMSIC_GPA, 0, 23, 3, 0, 0, 0 }, SBI_ERR_INVALID_PARAM, "with a group shift of 23" },
	{ { TVM_IMSIC_GPA, 1, 63, 3, 0, 0, 0 }, SBI_ERR_INVALID_PARAM, "whose group index goes beyond bit 63" },
	{ { TVM_IMSIC_GPA, 0, 24, 12, 1, 0, 0 }, SBI_ERR_INVALID_PARAM, "whose hart index reaches into the group index" },
	{ { TVM_IMSIC_GPA + 0x1000, 0, 24, 3, 0, 0, 0 }, SBI_ERR_INVALID_PARAM, "whose base has hart index bits set" },
	{ { TVM_IMSIC_GPA + 1, 0, 24, 3, 0, 0, 0 }, SBI_ERR_INVALID_PARAM, "whose base is not page-aligned" },
	{ { TVM_IMSIC_GPA + 0x1000000, 1, 24, 3, 0, 0, 0 }, SBI_ERR_INVALID_PARAM, "whose base has group index bits set" },
	{ { TVM_RAM_GPA, 0, 24, 3, 0, 0, 0 }, SBI_ERR_INVALID_ADDRESS, "over the TVM's memory" },
	{ { 0, 1, 31, 3, 0, 0, 0 }, SBI_ERR_INVALID_ADDRESS, "whose second group is over the TVM's memory" },
	{ { BIT(60), 0, 24, 3, 0, 0, 0 }, SBI_ERR_INVALID_ADDRESS, "beyond the guest-physical space" },
	{ { 0, 1, 45, 3, 0, 0, 0 }, SBI_ERR_INVALID_ADDRESS, "whose second group is beyond the guest-physical space" },
};

static void init_refused(void)
{
	u64 page = pages_alloc(1, 1);

	if (!ok(new_tvm(&vm, 1), "a TVM is made"))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(bad_geometries); i++)
		sbi_err(init(vm.id, &bad_geometries[i].p, 32), bad_geometries[i].error, "INIT_AIA of a geometry %s is refused",
			bad_geometries[i].name);
	sbi_err(init(vm.id, &good, 31), SBI_ERR_INVALID_PARAM, "INIT_AIA with a length of 31 is refused");
	sbi_err(init(vm.id, &good, 0), SBI_ERR_INVALID_PARAM, "INIT_AIA with a length of 0 is refused");
	sbi_err(init(vm.id + 1, &good, 32), SBI_ERR_INVALID_PARAM, "INIT_AIA of an unknown TVM is refused");
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
	/* A region that a refused call had left would overlap: 0 is where the first of two groups was. */
	ok(tvm_add_region(&vm, 0, SIZE_2M), "no region was left at the first group of a refused geometry");
	sbi_ok(init(vm.id, &good, 32), "after all these refusals a good geometry is taken");
	sbi_ok(init(vm.id, &good, 32), "the same again is a success");
	sbi_err(init(vm.id, &(struct cove_tvm_aia_params){ TVM_IMSIC_GPA, 0, 24, 4, 0, 0, 0 }, 32),
		SBI_ERR_INVALID_PARAM, "another is refused");
	sbi_err(covh_add_region(vm.id, TVM_IMSIC_GPA + 0x7000, PAGE_SIZE), SBI_ERR_INVALID_PARAM,
		"a memory region over the last interrupt file is refused");
	ok(tvm_add_region(&vm, TVM_IMSIC_GPA + 0x8000, PAGE_SIZE), "one right behind it is not");
	sbi_ok(covi_call(COVI_SET_CPU_IMSIC_ADDR, vm.id, 0, TVM_IMSIC_GPA), "the vCPU's address is taken");
	ok(tvm_finalize(&vm, 0), "the TVM is finalized");
	sbi_err(init(vm.id, &good, 32), SBI_ERR_INVALID_PARAM, "INIT_AIA of a TVM that runs is refused");
	sbi_err(covi_call(COVI_SET_CPU_IMSIC_ADDR, vm.id, 0, TVM_IMSIC_GPA), SBI_ERR_INVALID_PARAM,
		"SET_CPU_IMSIC_ADDR of a TVM that runs is refused");
	gone(&vm);
}

static struct sbiret set_addr(u64 id, u64 vcpu, u64 gpa)
{
	return covi_call(COVI_SET_CPU_IMSIC_ADDR, id, vcpu, gpa);
}

static void set_addr_refused(void)
{
	static const u64 foreign[] = {
		TVM_IMSIC_GPA - 0x1000, TVM_IMSIC_GPA + 0x8000, TVM_IMSIC_GPA + 4, TVM_IMSIC_GPA + 0x800, 0, TVM_RAM_GPA,
		TVM_HOLE_GPA, ~0ULL, ~0xfffULL, BIT(63) | TVM_IMSIC_GPA,
	};

	if (!ok(new_tvm(&vm, 2), "a TVM is made"))
		return;
	sbi_err(set_addr(vm.id, 0, TVM_FILE(0)), SBI_ERR_INVALID_PARAM, "an address before the geometry is refused");
	sbi_ok(init(vm.id, &good, 32), "the geometry is taken");
	for (u32 i = 0; i < ARRAY_SIZE(foreign); i++)
		sbi_err(set_addr(vm.id, 0, foreign[i]), SBI_ERR_INVALID_ADDRESS, "address %lx, which is no file's, is refused",
			foreign[i]);
	sbi_err(set_addr(vm.id, 2, TVM_FILE(0)), SBI_ERR_INVALID_PARAM, "the address of an unknown vCPU is refused");
	sbi_err(set_addr(vm.id, ~0ULL, TVM_FILE(0)), SBI_ERR_INVALID_PARAM, "the address of vCPU ~0 is refused");
	sbi_err(set_addr(vm.id + 1, 0, TVM_FILE(0)), SBI_ERR_INVALID_PARAM, "the address in an unknown TVM is refused");
	csr_write(scause, 3);
	sbi_err(covh_finalize(vm.id, TVM_GPA, 0, 0), SBI_ERR_INVALID_PARAM, "FINALIZE without the vCPUs' addresses is refused");
	eq(csr_read(scause), fail_entry(3), "scause is %lu then", fail_entry(3));
	sbi_ok(set_addr(vm.id, 0, TVM_FILE(3)), "no refused address was kept: another is taken");
	sbi_ok(set_addr(vm.id, 0, TVM_FILE(3)), "the same again is a success");
	sbi_err(set_addr(vm.id, 0, TVM_FILE(0)), SBI_ERR_INVALID_PARAM, "a different one is refused");
	sbi_err(covh_finalize(vm.id, TVM_GPA, 0, 0), SBI_ERR_INVALID_PARAM, "FINALIZE with one of two addresses is refused");
	sbi_ok(set_addr(vm.id, 1, TVM_FILE(1)), "after the refusals the TVM still takes the other address");
	ok(tvm_finalize(&vm, 0), "and is finalized");
	gone(&vm);

	if (!ok(new_tvm(&vm, 2) && !init(vm.id, &good, 32).error, "another TVM is made"))
		return;
	sbi_ok(set_addr(vm.id, 0, TVM_FILE(1)), "one vCPU gets an address");
	sbi_ok(set_addr(vm.id, 1, TVM_FILE(1)), "the other gets the same");
	csr_write(scause, 3);
	sbi_err(covh_finalize(vm.id, TVM_GPA, 0, 0), SBI_ERR_INVALID_PARAM, "FINALIZE with equal addresses is refused");
	eq(csr_read(scause), fail_entry(3), "scause is %lu after that", fail_entry(3));
	ok(tvm_add_region(&vm, TVM_HOLE_GPA, PAGE_SIZE), "the TVM is still being built: it takes a region");
	gone(&vm);
}

/* Files of several groups, and none at a guest index. */
static void groups(void)
{
	static const struct cove_tvm_aia_params p = { TVM_IMSIC_GPA, 1, 24, 2, 1, 0, 0 };

	if (!ok(new_tvm(&vm, 2) && !init(vm.id, &p, 32).error, "a TVM with two groups of files is made"))
		return;
	sbi_err(set_addr(vm.id, 0, TVM_IMSIC_GPA + 0x1000), SBI_ERR_INVALID_ADDRESS, "a file of guest index 1 is refused");
	sbi_err(set_addr(vm.id, 0, TVM_IMSIC_GPA + 0x8000), SBI_ERR_INVALID_ADDRESS, "one behind the first group is refused");
	sbi_err(set_addr(vm.id, 0, TVM_IMSIC_GPA + 0x2000000), SBI_ERR_INVALID_ADDRESS, "one of a third group is refused");
	sbi_ok(set_addr(vm.id, 0, TVM_IMSIC_GPA + 0x2000), "a vCPU's file in the first group is taken");
	sbi_ok(set_addr(vm.id, 1, TVM_IMSIC_GPA + 0x1006000), "a vCPU's file in the second group is taken");
	ok(tvm_finalize(&vm, 0), "the TVM is finalized");
	ok(aia_bind(&vm, 0, 0, 1) && tvm_sync(&vm, 0), "it is bound and runs");
	vcpu_irq_on(&vm, 0, BIT(5));
	vcpu_send(&vm, 0, TVM_IMSIC_GPA + 0x2000, 5);
	eq(vcpu_take(&vm, 0), 5, "its file is where it was said to be");
	vcpu_send(&vm, 0, TVM_IMSIC_GPA + 0x1006000, 9);
	ok(aia_bind(&vm, 1, 0, 2), "the other vCPU is bound");
	gone(&vm);
	ok(aia_give_back(), "the files come back");
}

/* --- CONVERT_IMSIC and RECLAIM_IMSIC --- */

static void convert_refused(void)
{
	const struct {
		u64 at;
		const char *name;
	} list[] = {
		{ file_page(0, 0), "the host's own file" }, { file_page(0, 0) - PAGE_SIZE, "the TSM's file" },
		{ file_page(0, host_files() + 1), "a file behind the last" }, { file_page(0, 1) + 4, "an unaligned address" },
		{ file_page(0, 1) + 0x800, "the middle of a file" }, { 0x24000000, "an M-mode file" }, { 0x0d000000, "the APLIC" },
		{ pages_alloc(1, 1), "a page of RAM" }, { 0, "address 0" }, { ~0ULL, "address ~0" }, { ~0xfffULL, "the last page" },
		{ file_page(0, 1) | BIT(63), "a file with bit 63 set" }, { NOWHERE, "no device and no memory" },
	};
	u64 before = files_snapshot(), v;

	for (u32 i = 0; i < ARRAY_SIZE(list); i++) {
		sbi_err(covi_call(COVI_CONVERT_IMSIC, list[i].at, 0, 0), SBI_ERR_INVALID_ADDRESS, "CONVERT_IMSIC of %s is refused",
			list[i].name);
		sbi_err(covi_call(COVI_RECLAIM_IMSIC, list[i].at, 0, 0), SBI_ERR_INVALID_ADDRESS, "RECLAIM_IMSIC of %s is refused",
			list[i].name);
	}
	sbi_err(covi_call(COVI_RECLAIM_IMSIC, file_page(0, 1), 0, 0), SBI_ERR_INVALID_ADDRESS,
		"RECLAIM_IMSIC of a file that the host has is refused");
	sbi_err(covh_convert(file_page(0, 1), 1), SBI_ERR_INVALID_ADDRESS, "CONVERT_PAGES of an interrupt file is refused");
	eq(files_snapshot(), before, "the host reaches all of its guest files as before");
	eq(probe_load32(file_page(0, 0), &v), NO_TRAP, "and its own");
}

static void convert_cycle(void)
{
	u64 before = files_snapshot();
	u64 file = file_page(0, 1);
	struct sbiret r;

	sbi_ok(covi_call(COVI_CONVERT_IMSIC, file, 0, 0), "a guest file is converted (%s)", numbering_name());
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
	sbi_err(covi_call(COVI_RECLAIM_IMSIC, file, 0, 0), SBI_ERR_INVALID_ADDRESS, "but not twice");
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
	sbi_err(covh_add_shared(vm.id, file_page(0, 0), COVE_PAGE_4K, 1, TVM_FRESH_GPA), SBI_ERR_INVALID_ADDRESS,
		"and the host's own as a shared page");
	sbi_refused(nacl(NACL_SET_SHMEM, file_page(0, 0)), "and as a NACL area");
	ok(tvm_sync(&vm, 0), "the TVM runs after that");
	gone(&vm);
	ok(aia_give_back(), "the file comes back");
}

/* --- BIND, UNBIND, REBIND, INJECT --- */

static u64 files_before;

/* A refused call, after which the same files are the host's and the vCPU is bound, or is not, as before. */
static void refused(struct sbiret r, s64 error, bool runs, const char *what)
{
	sbi_err(r, error, "%s is refused (%s)", what, numbering_name());
	if (files_snapshot() != files_before)
		ok(false, "%s: no file has changed hands", what);
	if (runs)
		eq(tvm_peek(&vm, 0, TVM_GPA), *(const u64 *)tvm_image, "%s: the vCPU runs as before", what);
	else
		sbi_err(covh_run(vm.id, 0), SBI_ERR_INVALID_PARAM, "%s: the vCPU does not run, as before", what);
}

static struct sbiret vcpu_op(u64 fid, u64 arg)
{
	return covi_call(fid, vm.id, 0, arg);
}

static void bad_ids(u64 fid, u64 arg, bool runs, const char *name)
{
	static const u64 ids[] = { 0, 1, ~0ULL, BIT(40) };

	for (u32 i = 0; i < ARRAY_SIZE(ids); i++)
		refused(covi_call(fid, ids[i], 0, arg), SBI_ERR_INVALID_PARAM, runs, name);
	refused(covi_call(fid, vm.id, 1, arg), SBI_ERR_INVALID_PARAM, runs, name);
	refused(covi_call(fid, vm.id, ~0ULL, arg), SBI_ERR_INVALID_PARAM, runs, name);
	refused(covi_call(fid, vm.id, BIT(32), arg), SBI_ERR_INVALID_PARAM, runs, name);
}

static const struct {
	u64 mask;
	const char *name;
} bad_masks[] = {
	{ 0, "mask 0" }, { 1, "mask bit 0" }, { 3, "mask bits 0 and 1" }, { 6, "mask bits 1 and 2" },
	{ BIT(63), "mask bit 63" }, { ~0ULL, "all mask bits" }, { BIT(33), "mask bit 33" }, { BIT(32) | 2, "mask bits 1 and 32" },
};

static void bind_refused_body(void)
{
	files_before = files_snapshot();
	if (!ok(aia_build(&vm, 1), "a TVM with an interrupt file is built (%s)", numbering_name()))
		return;
	nacl_setup(0);
	refused(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_ADDRESS, false, "BIND to a file that the host has");
	sbi_ok(covi_call(COVI_CONVERT_IMSIC, file_page(0, 1), 0, 0), "the file is converted");
	files_before = files_snapshot();
	refused(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_ADDRESS, false, "BIND to a file before the fence");
	eq((u64)cove_fence(), 0, "the fences are made");
	for (u32 i = 0; i < ARRAY_SIZE(bad_masks); i++)
		refused(vcpu_op(COVI_BIND, bad_masks[i].mask), SBI_ERR_INVALID_PARAM, false, bad_masks[i].name);
	refused(vcpu_op(COVI_BIND, BIT(host_files() + 1)), SBI_ERR_INVALID_PARAM, false, "BIND to a file behind the last");
	bad_ids(COVI_BIND, BIT(1), false, "BIND of what does not exist");
	refused(vcpu_op(COVI_UNBIND_BEGIN, 0), SBI_ERR_INVALID_PARAM, false, "UNBIND_BEGIN of an unbound vCPU");
	refused(vcpu_op(COVI_UNBIND_END, 0), SBI_ERR_INVALID_PARAM, false, "UNBIND_END of an unbound vCPU");
	refused(vcpu_op(COVI_REBIND_BEGIN, BIT(1)), SBI_ERR_INVALID_PARAM, false, "REBIND_BEGIN of an unbound vCPU");
	refused(vcpu_op(COVI_REBIND_CLONE, 0), SBI_ERR_INVALID_PARAM, false, "REBIND_CLONE of an unbound vCPU");
	refused(vcpu_op(COVI_REBIND_END, 0), SBI_ERR_INVALID_PARAM, false, "REBIND_END of an unbound vCPU");
	csr_write(scause, 3);
	csr_write(stval, 3);
	sbi_err(vcpu_op(COVI_BIND, 0), SBI_ERR_INVALID_PARAM, "a last BIND is refused");
	eq(csr_read(scause), fail_entry(3), "scause is %lu then", fail_entry(3));
	eq(csr_read(stval), strict() ? 3 : 0, "stval is %u then", strict() ? 3 : 0);
	sbi_ok(vcpu_op(COVI_BIND, BIT(1)), "after all these refusals the vCPU is bound");
	ok(tvm_sync(&vm, 0), "and runs");
	gone(&vm);
	ok(aia_give_back(), "the file comes back");
}

static void bind_refused(void)
{
	in_every_numbering(bind_refused_body);
}

static void unbind_body(void)
{
	if (!ok(aia_build(&vm, 1) && aia_bind(&vm, 0, 0, 1) && tvm_sync(&vm, 0), "a bound TVM runs (%s)", numbering_name()))
		return;
	files_before = files_snapshot();
	refused(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_PARAM, true, "BIND of a bound vCPU");
	refused(vcpu_op(COVI_UNBIND_END, 0), SBI_ERR_INVALID_PARAM, true, "UNBIND_END before UNBIND_BEGIN");
	refused(vcpu_op(COVI_REBIND_CLONE, 0), SBI_ERR_INVALID_PARAM, true, "REBIND_CLONE before REBIND_BEGIN");
	refused(vcpu_op(COVI_REBIND_END, 0), SBI_ERR_INVALID_PARAM, true, "REBIND_END before REBIND_BEGIN");
	bad_ids(COVI_UNBIND_BEGIN, 0, true, "UNBIND_BEGIN of what does not exist");
	refused(covi_call(COVI_RECLAIM_IMSIC, file_page(0, 1), 0, 0), SBI_ERR_INVALID_PARAM, true, "RECLAIM_IMSIC of a bound file");
	refused(covh_reclaim(file_page(0, 1), 1), SBI_ERR_INVALID_ADDRESS, true, "RECLAIM_PAGES of a bound file");
	sbi_ok(vcpu_op(COVI_UNBIND_BEGIN, 0), "UNBIND_BEGIN");
	refused(vcpu_op(COVI_UNBIND_BEGIN, 0), SBI_ERR_INVALID_PARAM, false, "UNBIND_BEGIN twice");
	refused(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_PARAM, false, "BIND while unbinding");
	refused(vcpu_op(COVI_REBIND_BEGIN, BIT(1)), SBI_ERR_INVALID_PARAM, false, "REBIND_BEGIN while unbinding");
	refused(vcpu_op(COVI_UNBIND_END, 0), SBI_ERR_INVALID_ADDRESS, false, "UNBIND_END without a fence");
	refused(covi_call(COVI_RECLAIM_IMSIC, file_page(0, 1), 0, 0), SBI_ERR_INVALID_PARAM, false,
		"RECLAIM_IMSIC of a file that is being unbound");
	bad_ids(COVI_UNBIND_END, 0, false, "UNBIND_END of what does not exist");
	sbi_ok(covh_tvm_fence(vm.id), "the TVM's fence");
	sbi_ok(vcpu_op(COVI_UNBIND_END, 0), "UNBIND_END");
	refused(vcpu_op(COVI_UNBIND_END, 0), SBI_ERR_INVALID_PARAM, false, "UNBIND_END twice");
	sbi_ok(vcpu_op(COVI_BIND, BIT(1)), "the file is free again, without another conversion");
	ok(tvm_sync(&vm, 0), "the vCPU runs");
	eq(tvm_peek(&vm, 0, TVM_GPA), *(const u64 *)tvm_image, "as it did before");
	gone(&vm);
	ok(aia_give_back(), "the file comes back");
}

static void unbind(void)
{
	in_every_numbering(unbind_body);
}

static void rebind_body(void)
{
	if (!ok(aia_build(&vm, 1) && aia_bind(&vm, 0, 0, 1) && tvm_sync(&vm, 0), "a bound TVM runs (%s)", numbering_name()))
		return;
	files_before = files_snapshot();
	refused(vcpu_op(COVI_REBIND_BEGIN, BIT(1)), SBI_ERR_INVALID_ADDRESS, true, "REBIND_BEGIN to the file that it has");
	refused(vcpu_op(COVI_REBIND_BEGIN, BIT(2)), SBI_ERR_INVALID_ADDRESS, true, "REBIND_BEGIN to a file that the host has");
	sbi_ok(covi_call(COVI_CONVERT_IMSIC, file_page(0, 2), 0, 0), "file 2 is converted");
	files_before = files_snapshot();
	refused(vcpu_op(COVI_REBIND_BEGIN, BIT(2)), SBI_ERR_INVALID_ADDRESS, true, "REBIND_BEGIN to a file before the fence");
	eq((u64)cove_fence(), 0, "the fences are made");
	for (u32 i = 0; i < ARRAY_SIZE(bad_masks); i++)
		refused(vcpu_op(COVI_REBIND_BEGIN, bad_masks[i].mask), SBI_ERR_INVALID_PARAM, true, bad_masks[i].name);
	bad_ids(COVI_REBIND_BEGIN, BIT(2), true, "REBIND_BEGIN of what does not exist");
	sbi_ok(vcpu_op(COVI_REBIND_BEGIN, BIT(2)), "REBIND_BEGIN");
	refused(vcpu_op(COVI_REBIND_BEGIN, BIT(2)), SBI_ERR_INVALID_PARAM, false, "REBIND_BEGIN twice");
	refused(vcpu_op(COVI_REBIND_CLONE, 0), SBI_ERR_INVALID_ADDRESS, false, "REBIND_CLONE without a fence");
	refused(vcpu_op(COVI_REBIND_END, 0), SBI_ERR_INVALID_PARAM, false, "REBIND_END before REBIND_CLONE");
	refused(vcpu_op(COVI_UNBIND_BEGIN, 0), SBI_ERR_INVALID_PARAM, false, "UNBIND_BEGIN while rebinding");
	refused(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_PARAM, false, "BIND while rebinding");
	for (u32 n = 1; n <= 2; n++)
		refused(covi_call(COVI_RECLAIM_IMSIC, file_page(0, n), 0, 0), SBI_ERR_INVALID_PARAM, false,
			n == 1 ? "RECLAIM_IMSIC of the old file while rebinding" : "RECLAIM_IMSIC of the new file while rebinding");
	bad_ids(COVI_REBIND_CLONE, 0, false, "REBIND_CLONE of what does not exist");
	sbi_ok(covh_tvm_fence(vm.id), "the TVM's fence");
	sbi_ok(vcpu_op(COVI_REBIND_CLONE, 0), "REBIND_CLONE");
	refused(vcpu_op(COVI_REBIND_CLONE, 0), SBI_ERR_INVALID_PARAM, false, "REBIND_CLONE twice");
	refused(vcpu_op(COVI_UNBIND_BEGIN, 0), SBI_ERR_INVALID_PARAM, false, "UNBIND_BEGIN of a cloned vCPU");
	bad_ids(COVI_REBIND_END, 0, false, "REBIND_END of what does not exist");
	sbi_ok(covi_call(COVI_RECLAIM_IMSIC, file_page(0, 1), 0, 0), "the old file can be reclaimed already");
	sbi_ok(vcpu_op(COVI_REBIND_END, 0), "REBIND_END");
	files_before = files_snapshot();
	refused(vcpu_op(COVI_REBIND_END, 0), SBI_ERR_INVALID_PARAM, true, "REBIND_END twice");
	eq(tvm_peek(&vm, 0, TVM_GPA), *(const u64 *)tvm_image, "the vCPU runs as it did before");
	gone(&vm);
	ok(aia_give_back(), "the files come back");
}

static void rebind(void)
{
	if (host_files() < 2)
		return skip("needs two guest files", "a vCPU goes from one file to another");
	in_every_numbering(rebind_body);
}

/* One file has one vCPU. */
static void taken_file(void)
{
	if (!ok(aia_build(&vm, 1) && aia_bind(&vm, 0, 0, 1) && aia_build(&other, 1), "a bound TVM and another are built"))
		return;
	sbi_err(covi_call(COVI_BIND, other.id, 0, BIT(1)), SBI_ERR_INVALID_ADDRESS,
		"BIND of another TVM's vCPU to a file that is taken is refused");
	ok(tvm_sync(&vm, 0), "the first TVM runs");
	ok(aia_bind(&other, 0, 0, 2) && tvm_sync(&other, 0), "the other runs with a file of its own");
	sbi_err(covi_call(COVI_REBIND_BEGIN, other.id, 0, BIT(1)), SBI_ERR_INVALID_ADDRESS,
		"REBIND_BEGIN to a file that is taken is refused");
	eq(tvm_peek(&other, 0, TVM_GPA), *(const u64 *)tvm_image, "the other still runs");
	gone(&vm);
	sbi_ok(covi_call(COVI_REBIND_BEGIN, other.id, 0, BIT(1)), "REBIND_BEGIN to it when its TVM is gone");
	gone(&other);
	ok(aia_give_back(), "a TVM that was destroyed while rebinding gives both files back");
}

/* Calls that need a geometry, or a TVM that runs */
static void without_files(void)
{
	if (!ok(tvm_build(&vm) && aia_convert(0, 1), "a TVM without interrupt files is built"))
		return;
	files_before = files_snapshot();
	sbi_err(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_PARAM, "BIND in a TVM without files is refused");
	sbi_err(vcpu_op(COVI_UNBIND_BEGIN, 0), SBI_ERR_INVALID_PARAM, "and UNBIND_BEGIN");
	sbi_err(vcpu_op(COVI_REBIND_BEGIN, BIT(1)), SBI_ERR_INVALID_PARAM, "and REBIND_BEGIN");
	sbi_err(vcpu_op(COVI_INJECT, 3), SBI_ERR_INVALID_PARAM, "and INJECT");
	ok(tvm_sync(&vm, 0), "it runs");
	gone(&vm);
	if (!ok(new_tvm(&vm, 1) && aia_init(&vm), "a TVM with files is not finalized yet"))
		return;
	sbi_err(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_PARAM, "BIND before FINALIZE is refused");
	sbi_err(vcpu_op(COVI_INJECT, 3), SBI_ERR_INVALID_PARAM, "and INJECT");
	ok(tvm_finalize(&vm, 0), "it is finalized");
	sbi_ok(vcpu_op(COVI_BIND, BIT(1)), "then it is bound");
	sbi_err(vcpu_op(COVI_INJECT, 3), SBI_ERR_DENIED, "INJECT of what the vCPU has not allowed is denied");
	sbi_refused(vcpu_op(COVI_INJECT, 0), "INJECT of identity 0 is refused");
	sbi_refused(vcpu_op(COVI_INJECT, machine.imsic_ids + 1), "INJECT of an identity behind the last is refused");
	sbi_refused(vcpu_op(COVI_INJECT, ~0ULL), "INJECT of identity ~0 is refused");
	sbi_refused(vcpu_op(COVI_INJECT, BIT(32) | 3), "INJECT of identity 2^32 + 3 is refused");
	sbi_err(covi_call(COVI_INJECT, vm.id, 1, 3), SBI_ERR_INVALID_PARAM, "INJECT to an unknown vCPU is refused");
	sbi_err(covi_call(COVI_INJECT, vm.id + 1, 0, 3), SBI_ERR_INVALID_PARAM, "INJECT to an unknown TVM is refused");
	sbi_err(covi_call(11, vm.id, 0, 0), SBI_ERR_NOT_SUPPORTED, "COVI function 11 answers -2");
	ok(tvm_sync(&vm, 0), "the vCPU runs");
	vcpu_irq_on(&vm, 0, ~0ULL);
	eq(vcpu_take(&vm, 0), 0, "and finds no interrupt");
	gone(&vm);
	ok(aia_give_back(), "the file comes back");
}

static const struct test covi_tests[] = {
	TEST(init_refused), TEST(set_addr_refused), TEST(groups), TEST(convert_refused), TEST(convert), TEST(not_memory),
	TEST(bind_refused), TEST(unbind), TEST(rebind), TEST(taken_file), TEST(without_files),
};

GROUP_FILES(covi, 1, 3);
