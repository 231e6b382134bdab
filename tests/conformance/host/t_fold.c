/* SPDX-License-Identifier: BSD-2-Clause */
/* Large and small leaves: PROMOTE_PAGE, DEMOTE_PAGE, and the table pages that they free and need.
 * Group: fold. */
#include "tests.h"

static struct tvm vm;
static u64 pages;

#define GPA_2M	ALIGN_UP(TVM_FRESH_GPA, SIZE_2M)
#define promote(type)	covh(FN_PROMOTE_PAGE, vm.id, GPA_2M, type)
#define demote(type)	covh(FN_DEMOTE_PAGE, vm.id, GPA_2M, type)

/* A running TVM with 2 MiB of zero pages, which it writes to. */
static bool start(void)
{
	pages = pages_alloc(512, 512);
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0) && cove_convert(pages, 512), "a TVM runs"))
		return false;
	if (!sbi_ok(covh_add_zero(vm.id, pages, COVE_PAGE_4K, 512, GPA_2M),
		    "it is given 512 pages"))
		return false;
	for (u64 i = 0; i < 512; i += 73)
		tvm_poke(&vm, 0, GPA_2M + i * PAGE_SIZE, 0x1000 + i);
	return true;
}

static bool data_is_there(void)
{
	for (u64 i = 0; i < 512; i += 73)
		if (tvm_peek(&vm, 0, GPA_2M + i * PAGE_SIZE) != 0x1000 + i)
			return false;
	return true;
}

static bool block_and_fence(void)
{
	return !covh_invalidate(vm.id, GPA_2M, SIZE_2M).error && !covh_tvm_fence(vm.id).error;
}

static void end(void)
{
	sbi_ok(covh_destroy(vm.id), "the TVM is destroyed");
	vm.created = false;
	sbi_ok(covh_reclaim(pages, 512), "its 512 pages come back");
	ok(tvm_destroy(&vm) && pages_zero(pages, 512), "and all else, as zero");
}

static void there_and_back_body(void)
{
	u64 mark = mem_mark();

	if (!start())
		return;
	sbi_err(promote(COVE_PAGE_2M), SBI_ERR_INVALID_ADDRESS,
		"PROMOTE of mapped pages is refused (%s)", numbering_name());
	sbi_ok(covh_invalidate(vm.id, GPA_2M, SIZE_2M), "INVALIDATE");
	sbi_err(promote(COVE_PAGE_2M), SBI_ERR_INVALID_ADDRESS,
		"PROMOTE before the fence is refused");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	sbi_err(promote(COVE_PAGE_4K), SBI_ERR_INVALID_PARAM, "PROMOTE to 4 KiB is refused");
	sbi_err(promote(COVE_PAGE_512G), SBI_ERR_INVALID_PARAM, "PROMOTE to 512 GiB is refused");
	sbi_err(demote(COVE_PAGE_4K), SBI_ERR_INVALID_ADDRESS, "DEMOTE of pages is refused");
	sbi_ok(promote(COVE_PAGE_2M), "PROMOTE makes one leaf of them");
	ok(data_is_there(), "the TVM finds its data");
	sbi_err(covh_invalidate(vm.id, GPA_2M, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"a part of the leaf can not be blocked");
	sbi_err(demote(COVE_PAGE_4K), SBI_ERR_INVALID_ADDRESS,
		"DEMOTE of a mapped leaf is refused");
	ok(block_and_fence(), "INVALIDATE and TVM_FENCE");
	sbi_err(demote(COVE_PAGE_2M), SBI_ERR_INVALID_ADDRESS,
		"DEMOTE to 2 MiB is refused: the address is not 1 GiB-aligned");
	sbi_ok(demote(COVE_PAGE_4K), "DEMOTE makes 512 pages of it");
	ok(data_is_there(), "the TVM finds its data");
	sbi_ok(covh_invalidate(vm.id, GPA_2M, PAGE_SIZE), "a page of them can be blocked");
	end();
	mem_release(mark);
}

static void there_and_back(void)
{
	numbering_set(NUMBERING_RFC);
	there_and_back_body();
	numbering_set(NUMBERING_SPEC);
	there_and_back_body();
	numbering_set(NUMBERING_RFC);
}

/* More rounds than the pool has pages, each with the data looked at by the TVM. */
static void many_rounds(void)
{
	u64 mark = mem_mark();
	u32 failed = 0;

	if (!start())
		return;
	for (u32 i = 0; i < 4 * TVM_POOL_PAGES; i++) {
		failed += !block_and_fence() || promote(COVE_PAGE_2M).error || !data_is_there();
		failed += !block_and_fence() || demote(COVE_PAGE_4K).error || !data_is_there();
	}
	eq(failed, 0, "PROMOTE and DEMOTE again and again never lack a table page");
	end();
	mem_release(mark);
}

/* The TVM shares a part of a large leaf: the host splits the leaf, which then lies in three
 * regions. */
static void part_shared(void)
{
	const u64 part = GPA_2M + 16 * PAGE_SIZE, size = 4 * PAGE_SIZE;
	u64 args[6] = { part, size }, shared = pages_alloc(1, 1);
	struct exit e;

	if (!start() ||
	    !ok(block_and_fence() && !promote(COVE_PAGE_2M).error, "they become one leaf"))
		return;
	if (!ok(tvm_ecall_begin(&vm, 0, SBI_EXT_COVG, COVG_SHARE_MEMORY, args, &e),
		"the TVM shares a part of it"))
		return;
	sbi_err(covh_invalidate(vm.id, part, size), SBI_ERR_INVALID_ADDRESS,
		"the part can not be blocked alone");
	ok(block_and_fence(), "the leaf is blocked and fenced");
	sbi_ok(demote(COVE_PAGE_4K), "DEMOTE splits it");
	sbi_ok(covh_invalidate(vm.id, part, size), "now the part is blocked");
	sbi_ok(covh_tvm_fence(vm.id), "and fenced");
	sbi_ok(covh_remove(vm.id, part, size), "and removed");
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0;
	sbi_ok(tvm_ecall_end(&vm, 0), "the TVM's request succeeds");
	*(volatile u64 *)shared = 0x5a5a;
	sbi_ok(covh_add_shared(vm.id, shared, COVE_PAGE_4K, 1, part),
	       "a shared page takes a place");
	eq(tvm_peek(&vm, 0, part), 0x5a5a, "which the TVM reads");
	ok(data_is_there(), "and finds its own data around it");
	end();
}

/* A host that names the domain gets the specification's functions and no others. */
static void with_a_domain(void)
{
	u64 domain = (u64)SUPD_TSM_DOMAIN << SUPD_SDID_SHIFT;

	sbi_err(sbi(SBI_EXT_COVH, domain | COVH_ACE_DEMOTE_PAGE, 0, 0, 0), SBI_ERR_NOT_SUPPORTED,
		"ACE's DEMOTE does not exist with a domain");
	sbi_err(sbi(SBI_EXT_COVH, domain | COVH_ACE_REMOVE_PAGES, 0, 0, 0), SBI_ERR_NOT_SUPPORTED,
		"ACE's REMOVE does not exist with a domain");
}

static const struct test fold_tests[] = {
	TEST(there_and_back), TEST(many_rounds), TEST(part_shared), TEST(with_a_domain),
};

GROUP(fold, true, 1);
