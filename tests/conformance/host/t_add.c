/* SPDX-License-Identifier: BSD-2-Clause */
/* ADD_MEASURED and ADD_ZERO: what they accept and refuse. Group: add. */
#include "tests.h"

static struct tvm vm, other;

#define GPA	(TVM_RAM_GPA + 0x400000)

static void cleanup(u64 page, u64 n)
{
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
	sbi_ok(covh_reclaim(page, n), "so do the others");
}

static void measured_refused(void)
{
	u64 src = pages_alloc(3, 1), page = pages_alloc(3, 1), at;
	const char *name;
	u64 type = COVE_PAGE_4K;

	memset((void *)src, 0x5a, 3 * PAGE_SIZE);
	tvm_init(&vm);
	if (!ok(tvm_create(&vm) && tvm_add_region(&vm, TVM_RAM_GPA, TVM_RAM_SIZE) &&
			cove_convert(page, 3),
		"a TVM with a region is created, and pages are converted"))
		return;
	sbi_err(covh_add_measured(vm.id, src, page, 4, 1, GPA), SBI_ERR_INVALID_PARAM,
		"page type 4 is refused");
	sbi_err(covh_add_measured(vm.id, src, page, ~0ULL, 1, GPA), SBI_ERR_INVALID_PARAM,
		"page type ~0 is refused");
	sbi_err(covh_add_measured(vm.id, src, page, BIT(32), 1, GPA), SBI_ERR_INVALID_PARAM,
		"page type 2^32 is refused");
	sbi_err(covh_add_measured(vm.id, src, page, type, 0, GPA), SBI_ERR_INVALID_PARAM,
		"no pages are refused");
	sbi_refused(covh_add_measured(vm.id, src, page, type, BIT(52), GPA),
		    "a count that wraps is refused");
	sbi_refused(covh_add_measured(vm.id, src, page, type, ~0ULL, GPA),
		    "a count of ~0 is refused");
	sbi_err(covh_add_measured(vm.id, src, page + 8, type, 1, GPA), SBI_ERR_INVALID_ADDRESS,
		"an unaligned destination is refused");
	sbi_err(covh_add_measured(vm.id, src, src, type, 1, GPA), SBI_ERR_INVALID_ADDRESS,
		"a destination that is not converted is refused");
	sbi_err(covh_add_measured(vm.id, page + PAGE_SIZE, page, type, 1, GPA),
		SBI_ERR_INVALID_ADDRESS, "a source that is converted is refused");
	sbi_err(covh_add_measured(vm.id, src, vm.pool, type, 1, GPA), SBI_ERR_INVALID_ADDRESS,
		"a destination in the TVM's pool is refused");
	for (u32 i = 0; (at = foreign_address(i, &name)); i++) {
		sbi_err(covh_add_measured(vm.id, at, page, type, 1, GPA), SBI_ERR_INVALID_ADDRESS,
			"a source in %s is refused", name);
		sbi_err(covh_add_measured(vm.id, src, at, type, 1, GPA), SBI_ERR_INVALID_ADDRESS,
			"a destination in %s is refused", name);
	}
	sbi_err(covh_add_measured(vm.id, src, page, type, 1, TVM_HOLE_GPA), SBI_ERR_INVALID_ADDRESS,
		"a GPA in no region is refused");
	sbi_err(covh_add_measured(vm.id, src, page, type, 2,
				  TVM_RAM_GPA + TVM_RAM_SIZE - PAGE_SIZE),
		SBI_ERR_INVALID_ADDRESS, "a range that leaves its region is refused");
	sbi_refused(covh_add_measured(vm.id, src, page, type, 2, ~0xfffULL),
		    "a GPA range that wraps is refused");
	sbi_ok(covh_add_measured(vm.id, src, page, type, 1, GPA),
	       "after the refusals a page is added");
	sbi_err(covh_add_measured(vm.id, src, page + PAGE_SIZE, type, 1, GPA),
		SBI_ERR_INVALID_ADDRESS, "another page at the same GPA is refused");
	sbi_err(covh_add_measured(vm.id, src, page, type, 1, GPA + PAGE_SIZE),
		SBI_ERR_INVALID_ADDRESS, "the same page at another GPA is refused");
	sbi_err(covh_add_measured(vm.id, src, page + PAGE_SIZE, type, 2, GPA - PAGE_SIZE),
		SBI_ERR_INVALID_ADDRESS, "a range whose second GPA is mapped is refused");
	sbi_ok(covh_add_measured(vm.id, src, page + PAGE_SIZE, type, 1, GPA - PAGE_SIZE),
	       "its first GPA was not mapped by that");
	sbi_err(covh_reclaim(page, 1), SBI_ERR_INVALID_ADDRESS,
		"an added page can not be reclaimed");
	ok(pages_hidden(page, 2), "nor reached");
	ok(*(volatile u8 *)src == 0x5a, "the source stays the host's");
	cleanup(page, 3);
	ok(pages_zero(page, 3), "and are zero");
}

static void zero_refused(void)
{
	const char *who = numbering_name(), *name;
	u64 page = pages_alloc(4, 1), plain = pages_alloc(1, 1), at;
	struct sbiret r;
	u64 type = COVE_PAGE_4K;

	if (!ok(tvm_build(&vm) && cove_convert(page, 4),
		"a TVM is built, and pages are converted (%s)", who))
		return;
	sbi_err(covh_add_zero(vm.id, page, 4, 1, GPA), SBI_ERR_INVALID_PARAM,
		"page type 4 is refused (%s)", who);
	sbi_err(covh_add_zero(vm.id, page, ~0ULL, 1, GPA), SBI_ERR_INVALID_PARAM,
		"page type ~0 is refused (%s)", who);
	sbi_err(covh_add_zero(vm.id, page, type, 0, GPA), SBI_ERR_INVALID_PARAM,
		"no pages are refused (%s)", who);
	sbi_refused(covh_add_zero(vm.id, page, type, BIT(52) + 1, GPA),
		    "a count that wraps is refused (%s)", who);
	sbi_err(covh_add_zero(vm.id, page + 8, type, 1, GPA), SBI_ERR_INVALID_ADDRESS,
		"an unaligned page is refused (%s)", who);
	sbi_err(covh_add_zero(vm.id, plain, type, 1, GPA), SBI_ERR_INVALID_ADDRESS,
		"a page that is not converted is refused (%s)", who);
	sbi_err(covh_add_zero(vm.id, vm.pool, type, 1, GPA), SBI_ERR_INVALID_ADDRESS,
		"a page of the TVM's pool is refused (%s)", who);
	sbi_err(covh_add_zero(vm.id, vm.vcpu[0], type, 1, GPA), SBI_ERR_INVALID_ADDRESS,
		"a page of a vCPU is refused (%s)", who);
	for (u32 i = 0; (at = foreign_address(i, &name)); i++)
		sbi_err(covh_add_zero(vm.id, at, type, 1, GPA), SBI_ERR_INVALID_ADDRESS,
			"%s is refused (%s)", name, who);
	sbi_err(covh_add_zero(vm.id, page, type, 1, TVM_HOLE_GPA), SBI_ERR_INVALID_ADDRESS,
		"a GPA in no region is refused (%s)", who);
	sbi_err(covh_add_zero(vm.id, page, type, 2, TVM_RAM_GPA + TVM_RAM_SIZE - PAGE_SIZE),
		SBI_ERR_INVALID_ADDRESS, "a range that leaves its region is refused (%s)", who);
	sbi_err(covh_add_zero(vm.id, page, type, 1, TVM_GPA), SBI_ERR_INVALID_ADDRESS,
		"a GPA where a measured page is mapped is refused (%s)", who);
	r = covh_add_zero(vm.id, page, type, 2, GPA);
	sbi_ok(r, "after the refusals two pages are added (%s)", who);
	eq((u64)r.value, 2, "the value is their number (%s)", who);
	sbi_err(covh_add_zero(vm.id, page + 2 * PAGE_SIZE, type, 1, GPA), SBI_ERR_INVALID_ADDRESS,
		"another page at the same GPA is refused (%s)", who);
	sbi_err(covh_add_zero(vm.id, page, type, 1, GPA + 5 * PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"the same page at another GPA is refused (%s)", who);
	sbi_err(covh_add_zero(vm.id, page + 2 * PAGE_SIZE, type, 2, GPA - PAGE_SIZE),
		SBI_ERR_INVALID_ADDRESS, "a range whose second GPA is mapped is refused (%s)", who);
	sbi_ok(covh_reclaim(page + 2 * PAGE_SIZE, 2),
	       "the pages of the refused range can be reclaimed (%s)", who);
	r = covh_add_zero(vm.id, page, type, 1, GPA);
	if (strict())
		sbi_err(r, SBI_ERR_INVALID_ADDRESS,
			"the same page at the same GPA is refused to a strict caller (%s)", who);
	else
		sbi_ok(r, "the same page at the same GPA again is a success for the RFC client");
	r = covh_convert(page, 1);
	if (strict())
		sbi_err(r, SBI_ERR_INVALID_ADDRESS,
			"CONVERT of an assigned page is refused to a strict caller (%s)", who);
	else
		sbi_ok(r, "CONVERT of a page that is assigned to a TVM is a success for the RFC "
			  "client");
	sbi_err(covh_reclaim(page, 1), SBI_ERR_INVALID_ADDRESS,
		"an added page can not be reclaimed (%s)", who);
	ok(pages_hidden(page, 2), "nor reached (%s)", who);
	cleanup(page, 2);
	ok(pages_zero(page, 4), "and are zero (%s)", who);
}

static void zero(void)
{
	in_every_numbering(zero_refused);
}

/* Before FINALIZE nothing but measured pages, after it nothing but others. */
static void states(void)
{
	u64 page = pages_alloc(1, 1), src = pages_alloc(1, 1);
	u64 n = tsm_info.tvm_vcpu_state_pages;
	u64 cpu = pages_alloc(n, 1);

	tvm_init(&vm);
	if (!ok(tvm_create(&vm) && tvm_add_region(&vm, TVM_RAM_GPA, TVM_RAM_SIZE) &&
			cove_convert(page, 1) && cove_convert(cpu, n),
		"a TVM with a region is created, and pages are converted"))
		return;
	sbi_err(covh_add_zero(vm.id, page, COVE_PAGE_4K, 1, GPA), SBI_ERR_INVALID_PARAM,
		"a zero page before FINALIZE is refused");
	sbi_refused(covh_add_shared(vm.id, src, COVE_PAGE_4K, 1, GPA),
		    "a shared page before FINALIZE is refused");
	ok(tvm_load(&vm, 2) && tvm_add_vcpu(&vm, 0) && tvm_finalize(&vm, 0),
	   "the TVM is finalized");
	sbi_err(covh_add_measured(vm.id, src, page, COVE_PAGE_4K, 1, GPA), SBI_ERR_INVALID_PARAM,
		"a measured page after FINALIZE is refused");
	sbi_err(covh_add_region(vm.id, TVM_HOLE_GPA, PAGE_SIZE), SBI_ERR_INVALID_PARAM,
		"a region after FINALIZE is refused");
	sbi_err(covh_create_vcpu(vm.id, 1, cpu), SBI_ERR_INVALID_PARAM,
		"a vCPU after FINALIZE is refused");
	sbi_ok(covh_add_pgt(vm.id, page, 1), "page-table pages after FINALIZE are taken");
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
	sbi_ok(covh_reclaim(page, 1), "so does the added page");
	sbi_ok(covh_reclaim(cpu, n), "and what was refused");
}

/* Without a page for the tables nothing can be mapped; with one more it can. */
static void no_tables(void)
{
	u64 page = pages_alloc(2, 1), extra = pages_alloc(3, 1), src = pages_alloc(2, 1);
	struct sbiret r;

	tvm_init(&vm);
	vm.pool_pages = 1;
	if (!ok(tvm_create(&vm) && tvm_add_region(&vm, 0x80000000, 0x80000000) &&
			cove_convert(page, 2) && cove_convert(extra, 3),
		"a TVM with one page for tables is created"))
		return;
	r = covh_add_measured(vm.id, src, page, COVE_PAGE_4K, 1, 0x80000000);
	sbi_err(r, SBI_ERR_INVALID_ADDRESS,
		"a page that needs more tables than there are is refused");
	sbi_ok(covh_add_pgt(vm.id, extra, 3), "three more pages for tables are added");
	sbi_ok(covh_add_measured(vm.id, src, page, COVE_PAGE_4K, 1, 0x80000000),
	       "then the page is added");
	sbi_ok(covh_add_measured(vm.id, src, page + PAGE_SIZE, COVE_PAGE_4K, 1, 0x80001000),
	       "its neighbour needs no more tables");
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
	sbi_ok(covh_reclaim(page, 2), "so do the added pages");
	sbi_ok(covh_reclaim(extra, 3), "and those of the tables");
	ok(pages_zero(page, 2) && pages_zero(extra, 3), "and are zero");
}

/* A page that is one TVM's can not be added to another. */
static void two_tvms(void)
{
	u64 page = pages_alloc(1, 1);

	if (!ok(tvm_build(&vm) && tvm_build(&other) && cove_convert(page, 1), "two TVMs are built"))
		return;
	sbi_ok(covh_add_zero(vm.id, page, COVE_PAGE_4K, 1, GPA), "a page is added to one");
	sbi_err(covh_add_zero(other.id, page, COVE_PAGE_4K, 1, GPA), SBI_ERR_INVALID_ADDRESS,
		"it can not be added to the other");
	sbi_err(covh_add_zero(other.id, vm.image, COVE_PAGE_4K, 1, GPA), SBI_ERR_INVALID_ADDRESS,
		"nor can the first one's measured page");
	ok(tvm_destroy(&vm), "the first is destroyed");
	sbi_ok(covh_add_zero(other.id, page, COVE_PAGE_4K, 1, GPA),
	       "then the page is added to the other, without a fence");
	eq(tvm_peek(&other, 0, GPA), 0, "which finds it zero");
	ok(tvm_destroy(&other), "the other is destroyed");
	sbi_ok(covh_reclaim(page, 1), "the page comes back");
}

/* Every function that names a TVM, with ids that name none */
static void wild_ids(void)
{
	const char *who = numbering_name();
	u64 page = pages_alloc(4, 4);
	u64 src = pages_alloc(1, 1);

	if (!ok(tvm_build(&vm) && cove_convert(page, 4),
		"a TVM is built, and pages are converted (%s)", who))
		return;
	u64 ids[] = {
		0, 1, 2, ~0ULL, BIT(63), vm.id + 1, vm.id - 1, vm.id | BIT(32), vm.id | BIT(63),
		vm.id << 12, page, page / PAGE_SIZE, vm.pgd / PAGE_SIZE, vm.pool / PAGE_SIZE,
		vm.vcpu[0] / PAGE_SIZE, vm.image / PAGE_SIZE, (u64)ids / PAGE_SIZE, 0x80000,
		NOWHERE / PAGE_SIZE,
	};

	for (u32 i = 0; i < ARRAY_SIZE(ids); i++) {
		u64 id = ids[i];
		u32 wrong = 0;

		if (id == vm.id)
			continue;
		wrong += covh_destroy(id).error != SBI_ERR_INVALID_PARAM;
		wrong += covh_finalize(id, TVM_GPA, 0, 0).error != SBI_ERR_INVALID_PARAM;
		wrong += covh_add_region(id, TVM_HOLE_GPA, PAGE_SIZE).error !=
			 SBI_ERR_INVALID_PARAM;
		wrong += covh_add_pgt(id, page, 1).error != SBI_ERR_INVALID_PARAM;
		wrong += covh_add_measured(id, src, page, 0, 1, GPA).error != SBI_ERR_INVALID_PARAM;
		wrong += covh_add_zero(id, page, 0, 1, GPA).error != SBI_ERR_INVALID_PARAM;
		wrong += covh_create_vcpu(id, 1, page).error != SBI_ERR_INVALID_PARAM;
		wrong += covh_run(id, 0).error != SBI_ERR_INVALID_PARAM;
		eq(wrong, 0, "every function refuses TVM id %lx with -3 (%s)", id, who);
	}
	sbi_ok(covh_reclaim(page, 4), "the pages were not taken (%s)", who);
	ok(tvm_destroy(&vm), "the TVM is destroyed (%s)", who);
	sbi_err(covh_destroy(vm.id), SBI_ERR_INVALID_PARAM, "its id names nothing after that (%s)",
		who);
	sbi_err(covh_run(vm.id, 0), SBI_ERR_INVALID_PARAM, "and can not be run (%s)", who);
}

static void ids(void)
{
	in_every_numbering(wild_ids);
}

static const struct test add_tests[] = {
	TEST(measured_refused), TEST(zero), TEST(states), TEST(no_tables), TEST(two_tvms),
	TEST(ids),
};

GROUP(add, true, 1);
