/* SPDX-License-Identifier: BSD-2-Clause */
/* CONVERT, RECLAIM and what the host sees of a converted page. Groups: convert, fence. */
#include "tests.h"

#define PATTERN		0xc0de0000c0de0000ULL
#define INSN_RET	0x00008067

static void fill(u64 pa, u64 n)
{
	for (u64 at = pa; at < pa + n * PAGE_SIZE; at += 8)
		*(volatile u64 *)at = PATTERN ^ at;
}

static bool filled(u64 pa, u64 n)
{
	for (u64 at = pa; at < pa + n * PAGE_SIZE; at += 8)
		if (*(volatile u64 *)at != (PATTERN ^ at))
			return false;
	return true;
}

static void one_page(void)
{
	const char *who = numbering_name();
	u64 page = pages_alloc(3, 1) + PAGE_SIZE, v;
	struct sbiret r;

	fill(page - PAGE_SIZE, 3);
	*(volatile u32 *)page = INSN_RET;
	fence_i();
	eq(probe_fetch(page), NO_TRAP, "host code in a page runs (%s)", who);
	r = covh_convert(page, 1);
	sbi_ok(r, "CONVERT of a page succeeds (%s)", who);
	eq((u64)r.value, 1, "CONVERT says that it converted one page (%s)", who);
	sbi_ok(covh_global_fence(), "GLOBAL_FENCE succeeds (%s)", who);
	eq(run_on_all(local_fence, 0), 0, "LOCAL_FENCE succeeds on every hart (%s)", who);
	eq(probe_load64(page, &v), CAUSE_LOAD_ACCESS,
	   "a load from a converted page takes an access fault (%s)", who);
	eq(this_hart()->fault_tval, page, "stval is the address of the load (%s)", who);
	eq(probe_load8(page + 4095, &v), CAUSE_LOAD_ACCESS, "so does one from its last byte (%s)",
	   who);
	eq(probe_store64(page + 8, 0), CAUSE_STORE_ACCESS,
	   "a store to a converted page takes an access fault (%s)", who);
	eq(this_hart()->fault_tval, page + 8, "stval is the address of the store (%s)", who);
	eq(probe_amo(page + 16, 1), CAUSE_STORE_ACCESS,
	   "an AMO on a converted page takes an access fault (%s)", who);
	eq(probe_fetch(page), CAUSE_FETCH_ACCESS,
	   "a fetch from a converted page takes an access fault (%s)", who);
	eq(user_load(page), CAUSE_LOAD_ACCESS,
	   "user mode's load takes an access fault as well (%s)", who);
	ok(filled(page - PAGE_SIZE, 1) && filled(page + PAGE_SIZE, 1),
	   "its neighbours are as they were (%s)", who);
	r = covh_reclaim(page, 1);
	sbi_ok(r, "RECLAIM of the page succeeds (%s)", who);
	eq((u64)r.value, 1, "RECLAIM says that it reclaimed one page (%s)", who);
	ok(pages_zero(page, 1), "the page is zero after RECLAIM (%s)", who);
	fill(page, 1);
	ok(filled(page - PAGE_SIZE, 3), "the host writes to it again (%s)", who);
	*(volatile u32 *)page = INSN_RET;
	fence_i();
	eq(probe_fetch(page), NO_TRAP, "and executes from it again (%s)", who);
}

static void life_of_a_page(void)
{
	in_every_numbering(one_page);
}

static void arguments(void)
{
	const char *who = numbering_name();
	u64 page = pages_alloc(2, 1), at;
	const char *name;

	sbi_err(covh_convert(page, 0), SBI_ERR_INVALID_PARAM, "CONVERT of no pages is refused (%s)",
		who);
	sbi_err(covh_reclaim(page, 0), SBI_ERR_INVALID_PARAM, "RECLAIM of no pages is refused (%s)",
		who);
	sbi_err(covh_convert(page + 8, 1), SBI_ERR_INVALID_ADDRESS,
		"CONVERT of an unaligned address is refused (%s)", who);
	sbi_err(covh_reclaim(page + 2048, 1), SBI_ERR_INVALID_ADDRESS,
		"RECLAIM of an unaligned address is refused (%s)", who);
	for (u32 i = 0; (at = foreign_address(i, &name)); i++) {
		sbi_err(covh_convert(at, 1), SBI_ERR_INVALID_ADDRESS,
			"CONVERT does not take %s (%s)", name, who);
		sbi_err(covh_reclaim(at, 1), SBI_ERR_INVALID_ADDRESS,
			"RECLAIM does not give %s (%s)", name, who);
	}
	for (u32 i = 0; i < nr_harts; i++)
		sbi_err(covh_convert(machine.imsic[i], 1), SBI_ERR_INVALID_ADDRESS,
			"CONVERT does not take the interrupt file of hart %lu (%s)", harts[i].id,
			who);
	ok(pages_readable(page, 2), "after the refusals the host's pages are as they were (%s)",
	   who);
}

static void bad_arguments(void)
{
	in_every_numbering(arguments);
}

/* Sizes whose product or sum wraps in 64 bits */
static void counts_that_wrap(void)
{
	static const u64 counts[] = {
		~0ULL,	     BIT(63), BIT(52), BIT(52) + 1,
		BIT(52) - 1, BIT(51), BIT(40), 0xfffffffffff80001ULL,
	};
	u64 page = pages_alloc(4, 1);

	fill(page, 4);
	for (u32 i = 0; i < ARRAY_SIZE(counts); i++) {
		sbi_refused(covh_convert(page, counts[i]), "CONVERT of %lx pages is refused",
			    counts[i]);
		sbi_refused(covh_reclaim(page, counts[i]), "RECLAIM of %lx pages is refused",
			    counts[i]);
		sbi_refused(covh_convert(~0xfffULL, counts[i]),
			    "CONVERT of %lx pages from the last one on is refused", counts[i]);
	}
	ok(filled(page, 4), "after the refusals the pages are as they were");
}

/* One page in the middle is not eligible: nothing happens to the others. */
static void all_or_nothing(void)
{
	u64 pages = pages_alloc(9, 1), bad = pages + 4 * PAGE_SIZE, v;

	fill(pages, 9);
	numbering_set(NUMBERING_SPEC);
	if (!ok(cove_convert(bad, 1), "a page in the middle of a range is converted"))
		return;
	sbi_err(covh_convert(pages, 9), SBI_ERR_INVALID_ADDRESS,
		"CONVERT of a range with a converted page in it is refused to a strict caller");
	ok(pages_readable(pages, 4) && pages_readable(bad + PAGE_SIZE, 4),
	   "and has converted none of the others");
	ok(filled(pages, 4) && filled(bad + PAGE_SIZE, 4), "nor changed them");
	eq(probe_load64(bad, &v), CAUSE_LOAD_ACCESS, "the converted one is still converted");
	sbi_ok(covh_reclaim(bad, 1), "it comes back");
	ok(cove_convert(pages, 4) && cove_convert(bad + PAGE_SIZE, 4),
	   "now the others are converted");
	numbering_set(NUMBERING_RFC);
	sbi_ok(covh_reclaim(pages, 9),
	       "RECLAIM of a range with a page in it that is the host's already succeeds");
	ok(pages_zero(pages, 4) && pages_zero(bad + PAGE_SIZE, 4), "what was converted is zero");
	ok(pages_readable(pages, 9), "and all of it is the host's");
}

/* The same with the end of memory and a pinned page as the page that is not eligible. */
static void all_or_nothing_other(void)
{
	const struct range *top = &machine.ram[machine.nr_ram - 1];
	u64 last = top->base + top->size - 2 * PAGE_SIZE, v;
	u64 pages = pages_alloc(NACL_SHMEM_PAGES + 4, 1), before;

	probe_load64(last, &before);
	if (!machine_is_ram(last + 2 * PAGE_SIZE, PAGE_SIZE))
		sbi_err(covh_convert(last, 4), SBI_ERR_INVALID_ADDRESS,
			"CONVERT across the end of memory is refused");
	ok(probe_load64(last, &v) == NO_TRAP && v == before,
	   "the pages before the end are as they were");
	nacl(NACL_SET_SHMEM, pages + 2 * PAGE_SIZE);
	fill(pages, NACL_SHMEM_PAGES + 4);
	sbi_err(covh_convert(pages, NACL_SHMEM_PAGES + 4), SBI_ERR_INVALID_ADDRESS,
		"CONVERT of a range with a NACL area in it is refused");
	ok(filled(pages, NACL_SHMEM_PAGES + 4), "and has changed nothing");
	nacl(NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE);
	this_hart()->shmem = 0;
}

/* A range that is confidential in part: for the RFC client the rest is converted, or nothing is. */
static void the_rest(void)
{
	u64 pages = pages_alloc(9, 1), ready = pages + 2 * PAGE_SIZE, open = pages + 5 * PAGE_SIZE;
	struct sbiret r;

	fill(pages, 9);
	numbering_set(NUMBERING_RFC);
	ok(cove_convert(ready, 1), "a page is converted");
	sbi_ok(covh_convert(open, 1), "another, and no fence follows");
	r = covh_convert(pages, 9);
	if (strict()) {
		sbi_err(r, SBI_ERR_INVALID_ADDRESS,
			"CONVERT of a range with both in it is refused");
		ok(filled(pages, 2) && filled(ready + PAGE_SIZE, 2) && filled(open + PAGE_SIZE, 3),
		   "and has changed none of the others");
		sbi_ok(covh_reclaim(pages, 9), "both come back");
		return;
	}
	eq((u64)r.value, 9, "CONVERT of a range with both in it is a success for the RFC client");
	ok(pages_hidden(pages, 9), "and takes the others");
	eq((u64)cove_fence(), 0, "the fences succeed");
	sbi_ok(covh_convert(pages, 9), "once more: nothing is left to convert");
	sbi_ok(covh_reclaim(pages, 9), "all come back");
	ok(pages_zero(pages, 9), "and are zero");
}

/* What can not be converted at all refuses it all to the RFC client too. */
static void the_rest_or_nothing(void)
{
	const struct range *top = &machine.ram[machine.nr_ram - 1];
	u64 last = top->base + top->size - 2 * PAGE_SIZE;
	u64 pages = pages_alloc(NACL_SHMEM_PAGES + 4, 1);

	numbering_set(NUMBERING_RFC);
	nacl(NACL_SET_SHMEM, pages + 2 * PAGE_SIZE);
	this_hart()->shmem = 0;
	fill(pages, NACL_SHMEM_PAGES + 4);
	ok(cove_convert(pages + PAGE_SIZE, 1), "the page before a NACL area is converted");
	sbi_err(covh_convert(pages, NACL_SHMEM_PAGES + 4), SBI_ERR_INVALID_ADDRESS,
		"CONVERT of a range with a converted page and a NACL area in it is refused");
	ok(filled(pages, 1) && filled(pages + 2 * PAGE_SIZE, NACL_SHMEM_PAGES + 2),
	   "and has changed nothing");
	nacl(NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE);
	sbi_ok(covh_reclaim(pages + PAGE_SIZE, 1), "the page comes back");
	if (machine_is_ram(last + 2 * PAGE_SIZE, PAGE_SIZE))
		return;
	ok(cove_convert(last + PAGE_SIZE, 1), "the last page of memory is converted");
	sbi_err(covh_convert(last, 3), SBI_ERR_INVALID_ADDRESS,
		"CONVERT from before it to behind it is refused");
	ok(pages_readable(last, 1), "and has not taken the page before it");
	sbi_ok(covh_reclaim(last + PAGE_SIZE, 1), "it comes back");
}

static void convert_again(u64 page, const char *what)
{
	if (strict())
		sbi_err(covh_convert(page, 1), SBI_ERR_INVALID_ADDRESS,
			"CONVERT of a page that is %s is refused (%s)", what, numbering_name());
	else
		sbi_ok(covh_convert(page, 1), "CONVERT of a page that is %s is a success (%s)",
		       what, numbering_name());
}

/* ABI 17.2: what the RFC client needs of CONVERT and RECLAIM, and what strict callers get. */
static void idempotence(void)
{
	u64 page = pages_alloc(1, 1);

	fill(page, 1);
	numbering_set(NUMBERING_RFC);
	sbi_ok(covh_reclaim(page, 1),
	       "RECLAIM of a page that is the host's is a success that does nothing");
	ok(filled(page, 1), "its contents stay");
	sbi_ok(covh_convert(page, 1), "a page is converted");
	convert_again(page, "converting");
	numbering_set(NUMBERING_SPEC);
	convert_again(page, "converting");
	numbering_set(NUMBERING_RFC);
	eq((u64)cove_fence(), 0, "the fences succeed");
	convert_again(page, "converted");
	numbering_set(NUMBERING_SPEC_SDID);
	convert_again(page, "converted");
	numbering_set(NUMBERING_RFC);
	sbi_ok(covh_reclaim(page, 1), "the page comes back");
	ok(pages_zero(page, 1), "and is zero");
	fill(page, 1);
	sbi_ok(covh_convert(page, 1), "it is converted again");
	sbi_ok(covh_reclaim(page, 1), "RECLAIM of a page that no fence has followed succeeds");
	ok(pages_readable(page, 1), "and the host has it again");
	sbi_ok(covh_reclaim(page, 1), "a second RECLAIM is a success that does nothing");
}

/*
 * Nobody may use a page before the fence. CREATE_VCPU and the like are in their groups; ADD_PGT
 * stands for all here.
 */
static void use_before_fence(void)
{
	static struct tvm vm;
	u64 page = pages_alloc(1, 1);

	tvm_init(&vm);
	if (!ok(tvm_create(&vm), "a TVM is created"))
		return;
	sbi_ok(covh_convert(page, 1), "a page is converted");
	sbi_err(covh_add_pgt(vm.id, page, 1), SBI_ERR_INVALID_ADDRESS,
		"it can not be used before a fence");
	eq((u64)cove_fence(), 0, "the fences succeed");
	sbi_ok(covh_add_pgt(vm.id, page, 1), "it can be used after them");
	sbi_err(covh_reclaim(page, 1), SBI_ERR_INVALID_ADDRESS,
		"a page that belongs to a TVM can not be reclaimed");
	ok(pages_hidden(page, 1), "the host still can not reach it");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
	sbi_ok(covh_reclaim(page, 1), "then the page comes back");
	ok(pages_zero(page, 1), "and is zero");
}

static void large(u64 pages, u64 n, const char *what)
{
	struct sbiret r;

	fill(pages, n);
	r = covh_convert(pages, n);
	sbi_ok(r, "CONVERT of %s succeeds", what);
	eq((u64)r.value, n, "it converted all of %s", what);
	eq((u64)cove_fence(), 0, "the fences after %s succeed", what);
	ok(pages_hidden(pages, n), "the host can reach no page of %s", what);
	r = covh_reclaim(pages, n);
	sbi_ok(r, "RECLAIM of %s succeeds", what);
	eq((u64)r.value, n, "it reclaimed all of %s", what);
	ok(pages_zero(pages, n), "%s is zero", what);
}

static void two_mib(void)
{
	u64 pages = pages_alloc(1536, 512), v;

	large(pages, 512, "an aligned 2 MiB");
	large(pages + 256 * PAGE_SIZE, 1024, "4 MiB that are not aligned");
	/* A hole in the middle of a large leaf, which is then filled page by page. */
	fill(pages, 512);
	ok(cove_convert(pages + 100 * PAGE_SIZE, 1), "one page of 2 MiB is converted");
	ok(pages_readable(pages, 100) && pages_readable(pages + 101 * PAGE_SIZE, 411),
	   "the others stay readable");
	ok(filled(pages, 100) && filled(pages + 101 * PAGE_SIZE, 411), "and as they were");
	sbi_ok(covh_convert(pages, 100), "the pages before it are converted");
	sbi_ok(covh_convert(pages + 101 * PAGE_SIZE, 411), "and those behind it");
	eq((u64)cove_fence(), 0, "the fences succeed");
	ok(pages_hidden(pages, 512), "the host can reach none of them");
	for (u32 i = 0; i < 512; i++)
		if (covh_reclaim(pages + ((i * 37) & 511) * PAGE_SIZE, 1).error)
			note("page %u does not come back", (i * 37) & 511);
	ok(pages_zero(pages, 512), "they come back one by one in any order, and are zero");
	eq(probe_load64(pages + SIZE_2M, &v), NO_TRAP, "the next 2 MiB are untouched");
}

static const struct test convert_tests[] = {
	TEST(life_of_a_page),	    TEST(bad_arguments),
	TEST(counts_that_wrap),	    TEST(all_or_nothing),
	TEST(all_or_nothing_other), TEST(the_rest),
	TEST(the_rest_or_nothing),  TEST(idempotence),
	TEST(use_before_fence),	    TEST(two_mib),
};

GROUP(convert, true, 1);

/* --- fence: more than one hart --- */

static void in_progress(void)
{
	const char *who = numbering_name();
	static struct tvm vm;
	u64 page = pages_alloc(1, 1);

	tvm_init(&vm);
	if (!ok(tvm_create(&vm), "a TVM is created (%s)", who))
		return;
	sbi_ok(covh_convert(page, 1), "a page is converted (%s)", who);
	sbi_ok(covh_global_fence(), "GLOBAL_FENCE succeeds (%s)", who);
	sbi_ok(covh_local_fence(), "LOCAL_FENCE succeeds on this hart (%s)", who);
	sbi_err(covh_add_pgt(vm.id, page, 1), SBI_ERR_INVALID_ADDRESS,
		"a page can not be used while another hart has not fenced (%s)", who);
	sbi_err(covh_global_fence(), SBI_ERR_ALREADY_STARTED,
		"a second GLOBAL_FENCE is refused while another hart has not fenced (%s)", who);
	eq(run_on_all(local_fence, 0), 0, "LOCAL_FENCE succeeds on every hart (%s)", who);
	sbi_ok(covh_add_pgt(vm.id, page, 1), "then the page can be used (%s)", who);
	sbi_ok(covh_global_fence(), "and a GLOBAL_FENCE succeeds (%s)", who);
	run_on_all(local_fence, 0);
	ok(tvm_destroy(&vm), "the TVM is destroyed (%s)", who);
	sbi_ok(covh_reclaim(page, 1), "the page comes back (%s)", who);
}

static void fence_in_progress(void)
{
	in_every_numbering(in_progress);
}

/* Every hart loses access, also through what its TLB holds. */
static u64 touch(u64 at)
{
	u64 v;

	return probe_load64(at, &v) == NO_TRAP;
}

static void seen_by_all(void)
{
	u64 page = pages_alloc(1, 1);
	u32 before = 0, after = 0, again = 0;

	for (u32 i = 0; i < nr_harts; i++)
		before += run_on(i, touch, page) != 0;
	eq(before, nr_harts, "every hart reads a page of the host's");
	ok(cove_convert(page, 1), "the page is converted");
	for (u32 i = 0; i < nr_harts; i++)
		after += run_on(i, touch, page) != 0;
	eq(after, 0, "no hart reads it then");
	sbi_ok(covh_reclaim(page, 1), "it comes back");
	for (u32 i = 0; i < nr_harts; i++)
		again += run_on(i, touch, page) != 0;
	eq(again, nr_harts, "every hart reads it again, without a fence");
}

/* A hart that is stopped holds no fence back. */
static u64 stop_here(u64 unused)
{
	(void)unused;
	sbi(SBI_EXT_HSM, SBI_HSM_STOP);
	return 1;
}

static void stopped_hart(void)
{
	u64 start = now();

	harts[1].online = false;
	harts[1].shmem = 0;
	run_begin(1, stop_here, 0);
	while (sbi(SBI_EXT_HSM, SBI_HSM_STATUS, harts[1].id).value != SBI_HSM_STOPPED)
		if (now() - start > LONG_ENOUGH)
			break;
	eq((u64)cove_fence(), 0, "the fences succeed while a hart is stopped");
	eq((u64)cove_fence(), 0, "and again");
	ok(hart_start(&harts[1]), "the hart starts again");
	eq((u64)cove_fence(), 0, "the fences succeed with it");
}

/*
 * All harts convert and reclaim pages of their own at the same time; fences that collide are
 * tried again.
 */
static u64 convert_many(u64 pages)
{
	for (u32 i = 0; i < 50; i++) {
		u64 page = pages + (i & 15) * PAGE_SIZE;

		*(volatile u64 *)page = ~0ULL;
		if (covh_convert(page, 1).error)
			return 1;
		covh_global_fence();
		if (covh_local_fence().error)
			return 2;
		if (covh_reclaim(page, 1).error)
			return 3;
		if (*(volatile u64 *)page != 0 && *(volatile u64 *)page != ~0ULL)
			return 4;
	}
	return 0;
}

static void all_at_once(void)
{
	u64 result = 0, r = 1;

	for (u32 i = 1; i < nr_harts; i++)
		run_begin(i, convert_many, pages_alloc(16, 1));
	result |= convert_many(pages_alloc(16, 1));
	for (u32 i = 1; i < nr_harts; i++) {
		if (!run_wait(i, ALL_HARTS_TIME, &r))
			r = 100;
		result |= r;
	}
	eq(result, 0, "all harts convert and reclaim pages at the same time");
	run_on_all(local_fence, 0);
	eq((u64)cove_fence(), 0,
	   "the fences succeed once every hart has ended the cycle that was in progress");
}

static const struct test fence_tests[] = {
	TEST(fence_in_progress), TEST(seen_by_all), TEST(stopped_hart), TEST(all_at_once),
};

GROUP(fence, true, 2);
