/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CREATE_TVM, ADD_MEMORY_REGION, ADD_PGT, CREATE_VCPU: what they accept and refuse. Group:
 * create.
 */
#include "tests.h"

static struct tvm vm, other;
static struct cove_tvm_create_params params;

static struct sbiret create(u64 pgd, u64 state)
{
	params.tvm_page_directory_addr = pgd;
	params.tvm_state_addr = state;
	return covh_create_tvm((u64)&params, sizeof(params));
}

static void create_refused(void)
{
	const char *who = numbering_name(), *name;
	u64 n = tsm_info.tvm_state_pages;
	u64 pgd = pages_alloc(8, 4), state = pages_alloc(n, 1), plain = pages_alloc(MAX(n, 4), 4),
	    at;
	struct sbiret r;

	if (!ok(cove_convert(pgd, 8) && cove_convert(state, n),
		"pages for a TVM are converted (%s)", who))
		return;
	params = (struct cove_tvm_create_params){ pgd, state };
	sbi_err(covh_create_tvm((u64)&params, 15), SBI_ERR_INVALID_PARAM,
		"CREATE_TVM with 15 bytes is refused (%s)", who);
	sbi_err(covh_create_tvm((u64)&params, 0), SBI_ERR_INVALID_PARAM,
		"CREATE_TVM with 0 bytes is refused (%s)", who);
	for (u32 i = 0; (at = foreign_address(i, &name)); i++) {
		sbi_err(covh_create_tvm(at, 16), SBI_ERR_INVALID_ADDRESS,
			"CREATE_TVM does not read parameters from %s (%s)", name, who);
		sbi_err(create(at, state), SBI_ERR_INVALID_ADDRESS,
			"a TVM's page directory can not be in %s (%s)", name, who);
		sbi_err(create(pgd, at), SBI_ERR_INVALID_ADDRESS,
			"a TVM's state can not be in %s (%s)", name, who);
	}
	sbi_err(covh_create_tvm(state, 16), SBI_ERR_INVALID_ADDRESS,
		"CREATE_TVM does not read parameters from a converted page (%s)", who);
	sbi_err(covh_create_tvm(~7ULL, 16), SBI_ERR_INVALID_ADDRESS,
		"nor across the end of all (%s)", who);
	sbi_err(create(plain, state), SBI_ERR_INVALID_ADDRESS,
		"a page directory that is not converted is refused (%s)", who);
	sbi_err(create(pgd, plain), SBI_ERR_INVALID_ADDRESS,
		"a state that is not converted is refused (%s)", who);
	sbi_err(create(pgd + PAGE_SIZE, state), SBI_ERR_INVALID_ADDRESS,
		"a page directory that is not 16 KiB-aligned is refused (%s)", who);
	sbi_err(create(pgd + 8, state), SBI_ERR_INVALID_ADDRESS,
		"nor is one that is not page-aligned taken (%s)", who);
	sbi_err(create(pgd, state + 8), SBI_ERR_INVALID_ADDRESS,
		"a state that is not page-aligned is refused (%s)", who);
	sbi_err(create(pgd, pgd), SBI_ERR_INVALID_ADDRESS,
		"a state in the page directory is refused (%s)", who);
	sbi_err(create(pgd, pgd + 3 * PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"a state in the last page of the page directory is refused (%s)", who);
	sbi_ok(covh_reclaim(pgd + 3 * PAGE_SIZE, 1),
	       "after the refusals a page of the directory is reclaimed (%s)", who);
	sbi_err(create(pgd, state), SBI_ERR_INVALID_ADDRESS,
		"a page directory of three pages is refused (%s)", who);
	ok(cove_convert(pgd + 3 * PAGE_SIZE, 1), "the page is converted again (%s)", who);
	r = create(pgd, state);
	sbi_ok(r, "a TVM is created from the pages that were refused before (%s)", who);
	ok((u64)r.value > 1, "its id is neither 0 nor 1 (%s)", who);
	sbi_err(create(pgd, state), SBI_ERR_INVALID_ADDRESS,
		"a second TVM from the same pages is refused (%s)", who);
	sbi_err(create(pgd + 4 * PAGE_SIZE, state), SBI_ERR_INVALID_ADDRESS,
		"a second TVM with the same state is refused (%s)", who);
	sbi_err(create(pgd, plain), SBI_ERR_INVALID_ADDRESS,
		"a second TVM with the same directory is refused (%s)", who);
	sbi_err(covh_reclaim(pgd, 1), SBI_ERR_INVALID_ADDRESS,
		"the directory can not be reclaimed (%s)", who);
	sbi_err(covh_reclaim(state, 1), SBI_ERR_INVALID_ADDRESS,
		"the state can not be reclaimed (%s)", who);
	ok(pages_hidden(pgd, 4) && pages_hidden(state, n), "the host can reach neither (%s)", who);
	sbi_ok(covh_destroy((u64)r.value), "the TVM is destroyed (%s)", who);
	sbi_ok(covh_reclaim(pgd, 8), "its directory comes back (%s)", who);
	sbi_ok(covh_reclaim(state, n), "its state comes back (%s)", who);
	ok(pages_zero(pgd, 8) && pages_zero(state, n), "both are zero (%s)", who);
}

static void create_tvm(void)
{
	in_every_numbering(create_refused);
}

static void create_before_fence(void)
{
	u64 n = tsm_info.tvm_state_pages;
	u64 pgd = pages_alloc(4, 4), state = pages_alloc(n, 1);
	struct sbiret r;

	sbi_ok(covh_convert(pgd, 4), "a page directory is converted");
	sbi_ok(covh_convert(state, n), "a state is converted");
	sbi_err(create(pgd, state), SBI_ERR_INVALID_ADDRESS,
		"CREATE_TVM before the fence is refused");
	eq((u64)cove_fence(), 0, "the fences succeed");
	r = create(pgd, state);
	sbi_ok(r, "CREATE_TVM after the fence succeeds");
	sbi_ok(covh_destroy((u64)r.value), "the TVM is destroyed");
	sbi_ok(covh_reclaim(pgd, 4), "its directory comes back");
	sbi_ok(covh_reclaim(state, n), "its state comes back");
}

static bool fresh(struct tvm *t)
{
	tvm_init(t);
	return ok(tvm_create(t), "a TVM is created");
}

static void regions(void)
{
	if (!fresh(&vm))
		return;
	sbi_err(covh_add_region(vm.id, 0x80000800, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"a region at an unaligned address is refused");
	sbi_err(covh_add_region(vm.id, 0x80000000, 0), SBI_ERR_INVALID_PARAM,
		"an empty region is refused");
	sbi_err(covh_add_region(vm.id, 0x80000000, 2048), SBI_ERR_INVALID_PARAM,
		"a region whose size is not a multiple of a page is refused");
	sbi_refused(covh_add_region(vm.id, ~0xfffULL, 2 * PAGE_SIZE),
		    "a region that wraps is refused");
	sbi_refused(covh_add_region(vm.id, PAGE_SIZE, ~0xfffULL),
		    "a region of nearly 2^64 bytes is refused");
	sbi_refused(covh_add_region(vm.id, BIT(62), PAGE_SIZE),
		    "a region that the TVM's tables can not reach is refused");
	sbi_ok(covh_add_region(vm.id, 0x80000000, 0x10000), "a region is added");
	sbi_err(covh_add_region(vm.id, 0x80000000, 0x10000), SBI_ERR_INVALID_PARAM,
		"the same region again is refused");
	sbi_err(covh_add_region(vm.id, 0x8000f000, PAGE_SIZE), SBI_ERR_INVALID_PARAM,
		"a region that overlaps its last page is refused");
	sbi_err(covh_add_region(vm.id, 0x7ffff000, 2 * PAGE_SIZE), SBI_ERR_INVALID_PARAM,
		"a region that overlaps its first page is refused");
	sbi_err(covh_add_region(vm.id, 0x7ffff000, 0x100000), SBI_ERR_INVALID_PARAM,
		"a region around it is refused");
	sbi_ok(covh_add_region(vm.id, 0x80010000, PAGE_SIZE), "a region right behind it is added");
	sbi_ok(covh_add_region(vm.id, 0x7ffff000, PAGE_SIZE), "a region right before it is added");
	for (u32 i = 0; i < 200; i++) {
		struct sbiret r = covh_add_region(vm.id, 0x90000000 + i * 2 * PAGE_SIZE, PAGE_SIZE);

		if (r.error) {
			sbi_ok(r, "the %u. of 200 separate regions is added", i);
			break;
		}
		if (i == 199)
			ok(true, "200 separate regions are added");
	}
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

static void pool(void)
{
	u64 page = pages_alloc(3, 1), at;
	const char *name;
	struct sbiret r;

	if (!fresh(&vm) || !ok(cove_convert(page + PAGE_SIZE, 1), "a page is converted"))
		return;
	sbi_err(covh_add_pgt(vm.id, page + PAGE_SIZE, 0), SBI_ERR_INVALID_PARAM,
		"ADD_PGT of no pages is refused");
	sbi_err(covh_add_pgt(vm.id, page + PAGE_SIZE + 8, 1), SBI_ERR_INVALID_ADDRESS,
		"ADD_PGT of an unaligned address is refused");
	sbi_err(covh_add_pgt(vm.id, page, 1), SBI_ERR_INVALID_ADDRESS,
		"ADD_PGT of a page of the host's is refused");
	sbi_err(covh_add_pgt(vm.id, page, 3), SBI_ERR_INVALID_ADDRESS,
		"ADD_PGT of a range with one converted page is refused");
	sbi_refused(covh_add_pgt(vm.id, page + PAGE_SIZE, BIT(52)),
		    "ADD_PGT of a count that wraps is refused");
	sbi_err(covh_add_pgt(vm.id, vm.pgd, 1), SBI_ERR_INVALID_ADDRESS,
		"ADD_PGT of the TVM's own directory is refused");
	sbi_err(covh_add_pgt(vm.id, vm.pool, 1), SBI_ERR_INVALID_ADDRESS,
		"ADD_PGT of a page that is in the pool is refused");
	for (u32 i = 0; (at = foreign_address(i, &name)); i++)
		sbi_err(covh_add_pgt(vm.id, at, 1), SBI_ERR_INVALID_ADDRESS,
			"ADD_PGT does not take %s", name);
	sbi_ok(covh_reclaim(page + PAGE_SIZE, 1),
	       "after the refusals the converted page can be reclaimed");
	ok(cove_convert(page, 3), "it and its neighbours are converted");
	r = covh_add_pgt(vm.id, page, 3);
	sbi_ok(r, "ADD_PGT of converted pages succeeds");
	eq((u64)r.value, 0, "its value is 0");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
	sbi_ok(covh_reclaim(page, 3), "the added pages come back");
	ok(pages_zero(page, 3), "and are zero");
}

static void vcpus(void)
{
	u64 n = tsm_info.tvm_vcpu_state_pages;
	u64 page = pages_alloc(n, 1), second = pages_alloc(n, 1), plain = pages_alloc(n, 1), at;
	const char *name;
	struct sbiret r;

	if (!fresh(&vm) ||
	    !ok(cove_convert(page, n) && cove_convert(second, n), "pages for vCPUs are converted"))
		return;
	sbi_err(covh_create_vcpu(vm.id, tsm_info.tvm_max_vcpus, page), SBI_ERR_INVALID_PARAM,
		"a vCPU whose id is the maximum is refused");
	sbi_err(covh_create_vcpu(vm.id, ~0ULL, page), SBI_ERR_INVALID_PARAM, "vCPU ~0 is refused");
	sbi_err(covh_create_vcpu(vm.id, BIT(32), page), SBI_ERR_INVALID_PARAM,
		"vCPU 2^32 is not vCPU 0");
	sbi_err(covh_create_vcpu(vm.id, 0, plain), SBI_ERR_INVALID_ADDRESS,
		"state that is not converted is refused");
	sbi_err(covh_create_vcpu(vm.id, 0, page + 8), SBI_ERR_INVALID_ADDRESS,
		"state that is not page-aligned is refused");
	sbi_err(covh_create_vcpu(vm.id, 0, vm.state), SBI_ERR_INVALID_ADDRESS,
		"the TVM's own state is refused");
	for (u32 i = 0; (at = foreign_address(i, &name)); i++)
		sbi_err(covh_create_vcpu(vm.id, 0, at), SBI_ERR_INVALID_ADDRESS,
			"a vCPU's state can not be in %s", name);
	if (n > 1) {
		sbi_ok(covh_reclaim(page + (n - 1) * PAGE_SIZE, 1),
		       "the last page of the state is reclaimed");
		sbi_err(covh_create_vcpu(vm.id, 0, page), SBI_ERR_INVALID_ADDRESS,
			"a state without its last page is refused");
		ok(cove_convert(page + (n - 1) * PAGE_SIZE, 1), "it is converted again");
	}
	r = covh_create_vcpu(vm.id, 0, page);
	sbi_ok(r, "a vCPU is created from pages that were refused before");
	eq((u64)r.value, 0, "the value is 0");
	sbi_err(covh_create_vcpu(vm.id, 0, second), SBI_ERR_INVALID_PARAM,
		"a vCPU that exists is refused");
	sbi_err(covh_create_vcpu(vm.id, 1, page), SBI_ERR_INVALID_ADDRESS,
		"another vCPU in the same pages is refused");
	sbi_ok(covh_create_vcpu(vm.id, tsm_info.tvm_max_vcpus - 1, second),
	       "the vCPU with the last id is created");
	sbi_err(covh_reclaim(page, 1), SBI_ERR_INVALID_ADDRESS,
		"a vCPU's state can not be reclaimed");
	ok(pages_hidden(page, n), "nor reached");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
	sbi_ok(covh_reclaim(page, n), "the vCPU's state comes back");
	sbi_ok(covh_reclaim(second, n), "and the other's");
	ok(pages_zero(page, n) && pages_zero(second, n), "both are zero");
}

/* The same confidential page can not serve two TVMs. */
static void two_owners(void)
{
	u64 n = tsm_info.tvm_vcpu_state_pages;
	u64 page = pages_alloc(n, 1);

	if (!fresh(&vm) || !fresh(&other) || !ok(cove_convert(page, n), "pages are converted"))
		return;
	ok(vm.id != other.id, "two TVMs have different ids");
	sbi_ok(covh_create_vcpu(vm.id, 0, page), "they become a vCPU of one TVM");
	sbi_err(covh_create_vcpu(other.id, 0, page), SBI_ERR_INVALID_ADDRESS,
		"they can not become one of another");
	sbi_err(covh_add_pgt(other.id, page, 1), SBI_ERR_INVALID_ADDRESS,
		"nor page tables of another");
	sbi_err(covh_add_pgt(other.id, vm.pool, 1), SBI_ERR_INVALID_ADDRESS,
		"nor can one's pool join the other's");
	ok(tvm_destroy(&vm), "the first TVM is destroyed");
	sbi_ok(covh_create_vcpu(other.id, 0, page),
	       "then they become a vCPU of the other, without a fence");
	ok(tvm_destroy(&other), "the other is destroyed");
	sbi_ok(covh_reclaim(page, n), "the pages come back");
}

static const struct test create_tests[] = {
	TEST(create_tvm), TEST(create_before_fence), TEST(regions), TEST(pool), TEST(vcpus),
	TEST(two_owners),
};

GROUP(create, true, 1);
