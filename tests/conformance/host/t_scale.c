/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many and large: hundreds of TVMs at once, a TVM with more than a hundred vCPUs, leaves of 1 GiB,
 * all memory of a large machine. What a machine is too small for is skipped. Groups: many,
 * gigabyte, all_memory.
 */
#include "tests.h"

#define GIB 0x40000000UL
#define GIB_PAGES (GIB / PAGE_SIZE)

static struct tvm vm;

/* --- many --- */

#define TVMS 250
#define VCPUS 160
#define NOTE 0x300 /* a place in a vCPU's area that its program does not use */

static struct tvm tvms[TVMS];

static bool lives(u32 i)
{
	return tvm_peek(&tvms[i], 0, TVM_AREA(0) + AREA_ENTRY + 8 * 11) == 0x1000 + i &&
	       tvm_peek(&tvms[i], 0, TVM_AREA(0) + NOTE) == (u64)i * 0x10001;
}

static bool come_up(u32 i)
{
	struct tvm *t = &tvms[i];

	tvm_init(t);
	if (!tvm_create(t) || !tvm_add_region(t, TVM_RAM_GPA, TVM_RAM_SIZE) || !tvm_load(t, 2) ||
	    !tvm_add_vcpu(t, 0) || !tvm_finalize(t, 0x1000 + i) || !tvm_sync(t, 0))
		return false;
	tvm_poke(t, 0, TVM_AREA(0) + NOTE, (u64)i * 0x10001);
	return true;
}

static void tvms_at_once(void)
{
	u32 up = 0, good = 0, same = 0;

	nacl_setup(0);
	while (up < TVMS && come_up(up))
		up++;
	if (!eq(up, TVMS, "%u TVMs are made and run", TVMS))
		return;
	for (u32 i = 1; i < TVMS; i++)
		for (u32 k = 0; k < i; k++)
			same += tvms[i].id == tvms[k].id;
	eq(same, 0, "each has an id of its own");
	for (u32 i = 0; i < TVMS; i++)
		good += lives(i);
	eq(good, TVMS, "each has kept what it knows while the others were made");
	good = 0;
	for (u32 i = 1; i < TVMS; i += 2)
		good += tvm_destroy(&tvms[i]);
	eq(good, TVMS / 2, "every other one is destroyed, and its pages come back as zero");
	good = 0;
	for (u32 i = 0; i < TVMS; i += 2)
		good += lives(i);
	eq(good, (TVMS + 1) / 2, "the rest go on");
	good = 0;
	for (u32 i = 0; i < TVMS; i += 2)
		good += tvm_destroy(&tvms[i]);
	eq(good, (TVMS + 1) / 2, "and are destroyed, and their pages come back as zero");
}

/* What a vCPU finds when it starts, on whatever hart: its own number and what its starter gave. */
static u64 starts_right(u64 v)
{
	nacl_setup(0);
	if (!tvm_sync(&vm, (u32)v) || tvm_peek(&vm, (u32)v, TVM_AREA(v) + AREA_ENTRY + 8 * 10) != v)
		return 0;
	tvm_poke(&vm, (u32)v, TVM_AREA(v) + NOTE, v * 7);
	return !vm.broken;
}

static u64 goes_on(u64 v)
{
	nacl_setup(0);
	return tvm_peek(&vm, (u32)v, TVM_AREA(v) + NOTE) == v * 7;
}

static bool build_wide(u64 states, u64 areas)
{
	u64 size = tsm_info.tvm_vcpu_state_pages;

	tvm_init(&vm);
	if (!tvm_create(&vm) || !tvm_add_region(&vm, TVM_RAM_GPA, TVM_RAM_SIZE) ||
	    !tvm_load(&vm, 2) || covh_convert(states, VCPUS * size).error ||
	    !cove_convert(areas, VCPUS - 1))
		return false;
	for (u64 v = 0; v < VCPUS; v++)
		if (covh_create_vcpu(vm.id, v, states + v * size * PAGE_SIZE).error)
			return false;
	return tvm_finalize(&vm, 0) &&
	       !covh_add_zero(vm.id, areas, COVE_PAGE_4K, VCPUS - 1, TVM_AREA(1)).error;
}

static void vcpus_of_one(void)
{
	u64 size = tsm_info.tvm_vcpu_state_pages, states = pages_alloc(VCPUS * size, 1);
	u64 areas = pages_alloc(VCPUS - 1, 1), good = 0;

	ok(tsm_info.tvm_max_vcpus >= 128, "the TSM offers at least 128 vCPUs a TVM: %lu",
	   tsm_info.tvm_max_vcpus);
	if (tsm_info.tvm_max_vcpus < VCPUS)
		return skip("the TSM offers less", "a TVM with %u vCPUs", VCPUS);
	if (!ok(build_wide(states, areas) && starts_right(0), "a TVM with %u vCPUs is built",
		VCPUS))
		return;
	for (u32 v = 1; v < VCPUS; v++)
		good += tvm_start(&vm, v) && run_on(v % nr_harts, starts_right, v);
	eq(good, VCPUS - 1, "its first vCPU starts each of the others, on all harts in turn");
	good = 0;
	for (u32 v = 0; v < VCPUS; v++)
		good += run_on((v + 1) % nr_harts, goes_on, v);
	eq(good, VCPUS, "each goes on with what it knows, on another hart");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
	sbi_ok(covh_reclaim(states, VCPUS * size), "the vCPUs' pages come back");
	sbi_ok(covh_reclaim(areas, VCPUS - 1), "and their memory");
	ok(pages_zero(states, VCPUS * size) && pages_zero(areas, VCPUS - 1), "as zero");
}

static const struct test many_tests[] = { TEST(tvms_at_once), TEST(vcpus_of_one) };

GROUP(many, true, 1);

/* --- gigabyte --- */

#define GPA 0x100000000ULL
#define TO_2M 1
#define TO_1G 2
#define PLACES 5

/* Where the TVM writes: both ends, and to both sides of a border of 2 MiB. */
static u64 place(u32 i)
{
	static const u64 at[PLACES] = { 0, SIZE_2M - 8, SIZE_2M, 300 * SIZE_2M + 0x1238, GIB - 8 };

	return GPA + at[i];
}

static bool kept(u64 value)
{
	u32 good = 0;

	for (u32 i = 0; i < PLACES; i++)
		good += tvm_peek(&vm, 0, place(i)) == (value ? value + i : 0);
	return good == PLACES;
}

static void mark(u64 value)
{
	for (u32 i = 0; i < PLACES; i++)
		tvm_poke(&vm, 0, place(i), value + i);
}

static struct sbiret change(enum covh_fn fn, u64 gpa, u64 type)
{
	return covh_call(fn, vm.id, gpa, type, 0, 0, 0);
}

static bool block(u64 gpa, u64 size)
{
	return !covh_invalidate(vm.id, gpa, size).error && !covh_tvm_fence(vm.id).error;
}

static bool begin_gib(void)
{
	numbering_set(NUMBERING_RFC);
	tvm_init(&vm);
	return ok(tvm_create(&vm) && tvm_add_region(&vm, TVM_RAM_GPA, TVM_RAM_SIZE) &&
			  tvm_add_region(&vm, GPA, GIB) && tvm_load(&vm, 2) &&
			  tvm_add_vcpu(&vm, 0) && tvm_finalize(&vm, 0) && tvm_sync(&vm, 0),
		  "a TVM with a region of 1 GiB runs");
}

static void end_gib(u64 pa)
{
	ok(tvm_destroy(&vm), "the TVM is destroyed");
	sbi_ok(covh_reclaim(pa, GIB_PAGES), "RECLAIM of the GiB succeeds");
	ok(pages_zero(pa, GIB_PAGES), "all of it is zero");
}

static void promote_and_demote(u64 pa)
{
	if (!begin_gib() || !ok(cove_convert(pa, GIB_PAGES), "1 GiB is converted by one call"))
		return;
	sbi_ok(covh_add_zero(vm.id, pa, COVE_PAGE_2M, 512, GPA),
	       "512 pages of 2 MiB are added by one call");
	ok(kept(0), "all are zero");
	mark(0xabc00);
	sbi_err(change(FN_PROMOTE_PAGE, GPA, TO_1G), SBI_ERR_INVALID_ADDRESS,
		"PROMOTE to 1 GiB of what is not blocked is refused");
	sbi_ok(covh_invalidate(vm.id, GPA, GIB), "INVALIDATE of all of it");
	sbi_err(change(FN_PROMOTE_PAGE, GPA, TO_1G), SBI_ERR_INVALID_ADDRESS,
		"not fenced: refused");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	sbi_ok(change(FN_PROMOTE_PAGE, GPA, TO_1G),
	       "PROMOTE of 512 pages of 2 MiB to one of 1 GiB");
	ok(kept(0xabc00), "the TVM finds what it wrote");
	mark(0xdef00);
	ok(block(GPA, GIB), "the page is blocked and fenced");
	sbi_err(change(FN_PROMOTE_PAGE, GPA, TO_1G), SBI_ERR_INVALID_ADDRESS,
		"promoted twice: refused");
	sbi_ok(change(FN_DEMOTE_PAGE, GPA, TO_2M), "DEMOTE to 512 pages of 2 MiB");
	ok(kept(0xdef00), "the TVM finds what it wrote");
	ok(block(GPA + SIZE_2M, SIZE_2M), "one of them is blocked and fenced");
	sbi_ok(change(FN_DEMOTE_PAGE, GPA + SIZE_2M, 0), "DEMOTE of it to 4 KiB");
	ok(kept(0xdef00), "the TVM finds what it wrote");
	ok(block(GPA, GIB), "all is blocked and fenced");
	sbi_err(change(FN_PROMOTE_PAGE, GPA, TO_1G), SBI_ERR_INVALID_ADDRESS,
		"PROMOTE to 1 GiB while a part has pages of 4 KiB is refused");
	sbi_ok(change(FN_PROMOTE_PAGE, GPA + SIZE_2M, TO_2M), "PROMOTE of these to 2 MiB");
	ok(block(GPA + SIZE_2M, SIZE_2M), "which is blocked and fenced");
	sbi_ok(change(FN_PROMOTE_PAGE, GPA, TO_1G), "then PROMOTE to 1 GiB again");
	ok(kept(0xdef00), "the TVM finds what it wrote");
	end_gib(pa);
}

static void one_leaf(u64 pa)
{
	if (!begin_gib() || !ok(cove_convert(pa, GIB_PAGES), "1 GiB is converted"))
		return;
	sbi_ok(covh_add_zero(vm.id, pa, COVE_PAGE_1G, 1, GPA), "one page of 1 GiB is added");
	ok(kept(0), "it is zero");
	mark(0x12300);
	ok(block(GPA, GIB), "it is blocked and fenced");
	sbi_ok(change(FN_DEMOTE_PAGE, GPA, TO_2M), "DEMOTE to 512 pages of 2 MiB");
	ok(kept(0x12300), "the TVM finds what it wrote");
	end_gib(pa);
}

static void leaves(void)
{
	u64 pa;

	if (mem_free_pages() < 2 * GIB_PAGES)
		return skip("needs more memory", "promote to 1 GiB and demote");
	pa = pages_alloc(GIB_PAGES, GIB_PAGES);
	promote_and_demote(pa);
	one_leaf(pa);
}

static const struct test gigabyte_tests[] = { TEST(leaves) };

GROUP(gigabyte, true, 1);

/* --- all_memory --- */

#define MAX_CHUNKS 128

/* In every GiB: a page, and 2 MiB behind it. */
static void every_gib(void)
{
	u64 chunk[MAX_CHUNKS], n = 0, hidden = 0, back = 0, failed = 0;

	if (mem_free_pages() < 8 * GIB_PAGES)
		return skip("needs more memory", "all memory of a large machine");
	while (n < MAX_CHUNKS && mem_free_pages() > 2 * GIB_PAGES)
		chunk[n++] = pages_alloc(GIB_PAGES, 512);
	note("%lu GiB up to %lx", n, chunk[n - 1] + GIB);
	for (u64 i = 0; i < n; i++) {
		*(u64 *)chunk[i] = chunk[i];
		failed += covh_convert(chunk[i], 1).error != 0;
		failed += covh_convert(chunk[i] + SIZE_2M, 512).error != 0;
	}
	eq((u64)cove_fence(), 0, "the fences succeed");
	eq(failed, 0, "a page and 2 MiB of every GiB are converted");
	for (u64 i = 0; i < n; i++) {
		hidden += pages_hidden(chunk[i], 1) && pages_hidden(chunk[i] + SIZE_2M, 512);
		hidden += pages_readable(chunk[i] + PAGE_SIZE, 511) &&
			  pages_readable(chunk[i] + 2 * SIZE_2M, 512);
	}
	eq(hidden, 2 * n, "the host does not reach them, and reaches what lies around them");
	ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM whose pages lie at the top of memory runs");
	ok(vm.image > chunk[n - 1], "they do");
	ok(tvm_destroy(&vm), "it is destroyed and all its pages come back as zero");
	for (u64 i = 0; i < n; i++)
		back += !covh_reclaim(chunk[i], 1).error && pages_zero(chunk[i], 1) &&
			!covh_reclaim(chunk[i] + SIZE_2M, 512).error;
	eq(back, n, "all come back, and hold nothing");
	ok(cove_convert(chunk[n - 1], GIB_PAGES), "the last GiB is converted by one call");
	ok(pages_hidden(chunk[n - 1] + GIB - PAGE_SIZE, 1), "to its end");
	sbi_ok(covh_reclaim(chunk[n - 1], GIB_PAGES), "and comes back by one");
}

static const struct test all_memory_tests[] = { TEST(every_gib) };

GROUP(all_memory, true, 1);
