/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>

#include "gstage/gstage.h"
#include "rv_arch.h"

#define BASE		0x80000000ULL
#define PAGES		128ULL
#define DATA		PFN(0x100000)

static struct rv_cpu cpu;
static struct gstage g;
static struct epoch epoch;
static struct epoch_slot slot;

void __noreturn panic(const char *what, const char *file, int line)
{
	fprintf(stderr, "panic: %s (%s:%d)\n", what, file, line);
	abort();
}

static int group_setup(void **state)
{
	(void)state;
	rv_cpu = &cpu;
	rv_ram_create(BASE, PAGES << PAGE_SHIFT);
	return 0;
}

static void give(u64 first, u64 count)
{
	pfn_t pfn = PFN((BASE >> PAGE_SHIFT) + first);

	gstage_pool_chain(pfn, count);
	gstage_pool_give(&g, pfn, count);
}

static int setup(void **state)
{
	(void)state;
	memset(rv_ram, 0, rv_ram_size);
	epoch_init(&epoch, &slot, 1);
	memset(&slot, 0, sizeof(slot));
	gstage_init(&g, PFN(BASE >> PAGE_SHIFT), &epoch);
	give(4, 20);
	return 0;
}

static struct gstage_range range(u64 gpa, u64 count, enum gstage_level level)
{
	return (struct gstage_range){ GPA(gpa), count, level };
}

static enum tsm_err map(u64 gpa, u64 count, enum gstage_level level, pfn_t pfn)
{
	struct gstage_range r = range(gpa, count, level);
	enum tsm_err err = gstage_reserve(&g, &r, pfn, GSTAGE_CONFIDENTIAL);

	if (err == TSM_OK)
		gstage_commit(&g, &r);
	return err;
}

static enum gstage_kind kind(u64 gpa)
{
	return gstage_lookup(&g, GPA(gpa)).kind;
}

static void maps_every_leaf_size(void **state)
{
	struct gstage_entry e;

	(void)state;
	assert_int_equal(map(0x80201000, 3, GSTAGE_4K, DATA), TSM_OK);
	assert_int_equal(g.pool_count, 18);
	e = gstage_lookup(&g, GPA(0x80203abc));
	assert_int_equal(e.kind, GSTAGE_MAPPED);
	assert_int_equal(e.level, GSTAGE_4K);
	assert_int_equal(e.pfn.v, DATA.v + 2);
	assert_int_equal(e.perm, PTE_R | PTE_W | PTE_X);
	assert_int_equal(kind(0x80200000), GSTAGE_EMPTY);
	assert_int_equal(kind(0x80204000), GSTAGE_EMPTY);

	assert_int_equal(map(0x80400000, 2, GSTAGE_2M, PFN(0x200000)), TSM_OK);
	e = gstage_lookup(&g, GPA(0x80601234));
	assert_int_equal(e.level, GSTAGE_2M);
	assert_int_equal(e.pfn.v, 0x200000 + 512 + 1);

	assert_int_equal(map(0xc0000000, 1, GSTAGE_1G, PFN(0x400000)), TSM_OK);
	assert_int_equal(g.pool_count, 18);
	e = gstage_lookup(&g, GPA(0xffffffff));
	assert_int_equal(e.level, GSTAGE_1G);
	assert_int_equal(e.pfn.v, 0x400000 + 0x3ffff);
	/* The last page there is. */
	assert_int_equal(map(GSTAGE_GPA_END - PAGE_SIZE, 1, GSTAGE_4K, DATA), TSM_OK);
	assert_int_equal(kind(GSTAGE_GPA_END - 1), GSTAGE_MAPPED);
	assert_int_equal(kind(GSTAGE_GPA_END), GSTAGE_EMPTY);
	assert_int_equal(kind(~0ULL), GSTAGE_EMPTY);
}

static void entries_are_what_hardware_reads(void **state)
{
	u64 *root = spa_ptr(SPA(BASE));
	u64 *mid, *low;

	(void)state;
	assert_int_equal(map(0x80201000, 1, GSTAGE_4K, DATA), TSM_OK);
	assert_int_equal(root[2] & 0x3ff, PTE_V);
	mid = spa_ptr(SPA((root[2] & PTE_PPN_MASK) << 2));
	assert_int_equal(mid[1] & 0x3ff, PTE_V);
	low = spa_ptr(SPA((mid[1] & PTE_PPN_MASK) << 2));
	assert_int_equal(low[1], DATA.v << 10 | 0xdf);
	assert_int_equal(low[0], 0);
	assert_int_equal(gstage_hgatp(&g, 5), 8ULL << 60 | 5ULL << 44 | BASE >> 12);
}

static void refuses_what_is_not_empty(void **state)
{
	(void)state;
	assert_int_equal(map(0x80201000, 1, GSTAGE_4K, DATA), TSM_OK);
	assert_int_equal(map(0x80200000, 2, GSTAGE_4K, DATA), TSM_E_ADDRESS);
	assert_int_equal(kind(0x80200000), GSTAGE_EMPTY);
	assert_int_equal(map(0x80200000, 1, GSTAGE_2M, DATA), TSM_E_ADDRESS);
	assert_int_equal(map(0x80000000, 1, GSTAGE_1G, DATA), TSM_E_ADDRESS);
	assert_int_equal(map(0x80400000, 1, GSTAGE_2M, DATA), TSM_OK);
	assert_int_equal(map(0x80400000, 1, GSTAGE_4K, DATA), TSM_E_ADDRESS);
	assert_int_equal(map(0x803ff000, 2, GSTAGE_4K, DATA), TSM_E_ADDRESS);
	assert_int_equal(kind(0x803ff000), GSTAGE_EMPTY);
}

static void counts_missing_tables(void **state)
{
	u64 pool = g.pool_count;

	(void)state;
	/* Two pages around a 1 GiB border: four tables. */
	assert_int_equal(map(0xbffff000, 2, GSTAGE_4K, DATA), TSM_OK);
	assert_int_equal(pool - g.pool_count, 4);
	/* 3 x 2 MiB of 4 KiB pages beside them: three more. */
	assert_int_equal(map(0xc0200000, 3 * 512, GSTAGE_4K, DATA), TSM_OK);
	assert_int_equal(pool - g.pool_count, 7);
	/* A new GiB, 2 MiB leaves over its border: two. */
	assert_int_equal(map(0x13fe00000, 2, GSTAGE_2M, DATA), TSM_OK);
	assert_int_equal(pool - g.pool_count, 9);
}

static void an_empty_pool_changes_nothing(void **state)
{
	static u8 before[PAGES << PAGE_SHIFT];
	struct gstage old;

	(void)state;
	while (g.pool_count > 3)
		gstage_pool_take(&g);
	old = g;
	memcpy(before, rv_ram, sizeof(before));
	assert_int_equal(map(0xbffff000, 2, GSTAGE_4K, DATA), TSM_E_NO_PTPAGES);
	assert_memory_equal(before, rv_ram, sizeof(before));
	assert_memory_equal(&old, &g, sizeof(g));
	give(60, 1);
	assert_int_equal(map(0xbffff000, 2, GSTAGE_4K, DATA), TSM_OK);
	assert_int_equal(g.pool_count, 0);
}

static void in_flight_is_not_reachable(void **state)
{
	struct gstage_range r = range(0x80200000, 600, GSTAGE_4K);
	bool busy;

	(void)state;
	assert_int_equal(gstage_reserve(&g, &r, DATA, GSTAGE_CONFIDENTIAL), TSM_OK);
	assert_int_equal(kind(0x80200000), GSTAGE_IN_FLIGHT);
	assert_int_equal(map(0x80200000, 1, GSTAGE_4K, DATA), TSM_AGAIN);
	assert_true(gstage_maps(&g, &r, DATA, &busy));
	assert_true(busy);
	gstage_cancel(&g, &r);
	assert_int_equal(kind(0x80200000 + 599 * PAGE_SIZE), GSTAGE_EMPTY);
	assert_int_equal(gstage_reserve(&g, &r, DATA, GSTAGE_SHARED), TSM_OK);
	gstage_commit(&g, &r);
	assert_true(gstage_maps(&g, &r, DATA, &busy));
	assert_false(busy);
	assert_int_equal(gstage_lookup(&g, GPA(0x80200000)).perm, PTE_R | PTE_W);
}

static void maps_means_exactly(void **state)
{
	struct gstage_range r = range(0x80200000, 2, GSTAGE_4K);
	struct gstage_range large = range(0x80200000, 1, GSTAGE_2M);
	bool busy;

	(void)state;
	assert_int_equal(map(0x80200000, 1, GSTAGE_4K, DATA), TSM_OK);
	assert_false(gstage_maps(&g, &r, DATA, &busy));
	assert_int_equal(map(0x80201000, 1, GSTAGE_4K, PFN(DATA.v + 2)), TSM_OK);
	assert_false(gstage_maps(&g, &r, DATA, &busy));
	r.count = 1;
	assert_true(gstage_maps(&g, &r, DATA, &busy));
	assert_false(gstage_maps(&g, &large, DATA, &busy));
}

static enum tsm_err check_span(u64 gpa, u64 size, enum gstage_want want, bool absent_ok)
{
	struct gstage_span s = { GPA(gpa), size };

	return gstage_check(&g, &s, want, absent_ok, &epoch);
}

static void blocked_leaves_wait_for_the_fence(void **state)
{
	struct gstage_span all = { GPA(0x80200000), 2 * SIZE_2M }, s;
	struct gstage_run run;
	u64 frames = 0;
	u64 version;

	(void)state;
	epoch_init(&epoch, &slot, 1);
	epoch.current = UINT32_MAX - 1;
	epoch.passed = UINT32_MAX - 1;
	epoch_enter(&epoch, &slot, &version);
	epoch_flushed(&slot, version);
	assert_int_equal(map(0x80200000, 512, GSTAGE_4K, DATA), TSM_OK);
	assert_int_equal(map(0x80400000, 1, GSTAGE_2M, PFN(0x3fffe00)), TSM_OK);
	assert_int_equal(check_span(0x80200000, SIZE_2M + PAGE_SIZE, GSTAGE_WANT_MAPPED, false),
			 TSM_E_ADDRESS);
	assert_int_equal(check_span(0x80401000, PAGE_SIZE, GSTAGE_WANT_MAPPED, false),
			 TSM_E_ADDRESS);
	assert_int_equal(check_span(0x801ff000, 2 * PAGE_SIZE, GSTAGE_WANT_MAPPED, false),
			 TSM_E_ADDRESS);
	assert_int_equal(check_span(0x801ff000, 2 * PAGE_SIZE, GSTAGE_WANT_MAPPED, true), TSM_OK);
	assert_int_equal(check_span(0x80200000, 2 * SIZE_2M, GSTAGE_WANT_MAPPED, false), TSM_OK);
	gstage_block(&g, &all, epoch_stamp(&epoch));
	assert_int_equal(gstage_lookup(&g, GPA(0x80200000)).kind, GSTAGE_BLOCKED);
	assert_int_equal(gstage_lookup(&g, GPA(0x805ff000)).pfn.v, 0x3ffffff);
	assert_int_equal(gstage_lookup(&g, GPA(0x805ff000)).perm, GSTAGE_CONFIDENTIAL);
	assert_int_equal(check_span(0x80200000, 2 * SIZE_2M, GSTAGE_WANT_MAPPED, false),
			 TSM_E_ADDRESS);
	assert_int_equal(check_span(0x80200000, 2 * SIZE_2M, GSTAGE_WANT_BLOCKED, false), TSM_OK);
	assert_int_equal(check_span(0x80200000, 2 * SIZE_2M, GSTAGE_WANT_FENCED, false),
			 TSM_E_ADDRESS);
	/* Over the border where epochs wrap. */
	for (u32 i = 0; i < 3; i++) {
		assert_true(epoch_advance(&epoch));
		assert_int_equal(check_span(0x80200000, 2 * SIZE_2M, GSTAGE_WANT_FENCED, false),
				 i ? TSM_OK : TSM_E_ADDRESS);
		epoch_enter(&epoch, &slot, &version);
		epoch_flushed(&slot, version);
		assert_int_equal(check_span(0x80200000, 2 * SIZE_2M, GSTAGE_WANT_FENCED, false),
				 TSM_OK);
	}
	gstage_unblock(&g, &all);
	assert_int_equal(gstage_lookup(&g, GPA(0x805ff000)).kind, GSTAGE_MAPPED);
	assert_int_equal(gstage_lookup(&g, GPA(0x805ff000)).pfn.v, 0x3ffffff);
	gstage_block(&g, &all, epoch_stamp(&epoch));
	assert_false(gstage_is_empty(&g, &all));
	for (s = all; gstage_remove(&g, &s, &run); frames += run.count) {
		assert_int_equal(run.kind, GSTAGE_RUN_DATA);
		assert_int_equal(run.count, 512);
		assert_int_equal(run.pfn.v, frames ? 0x3fffe00 : DATA.v);
	}
	assert_int_equal(frames, 1024);
	assert_true(gstage_is_empty(&g, &all));
}

/* Blocks a span and lets the epoch pass, with nobody inside. */
static void block_and_fence(u64 gpa, u64 size)
{
	struct gstage_span s = { GPA(gpa), size };

	gstage_block(&g, &s, epoch_stamp(&epoch));
	assert_true(epoch_advance(&epoch));
}

static void leaves_fold_and_split(void **state)
{
	u64 pool;

	(void)state;
	/* 2 MiB of pages, the last one apart at first. */
	assert_int_equal(map(0x80200000, 511, GSTAGE_4K, DATA), TSM_OK);
	pool = g.pool_count;
	block_and_fence(0x80200000, SIZE_2M - PAGE_SIZE);
	assert_int_equal(gstage_promote(&g, GPA(0x80200000), GSTAGE_2M), TSM_E_ADDRESS);
	assert_int_equal(map(0x803ff000, 1, GSTAGE_4K, PFN(DATA.v + 511)), TSM_OK);
	assert_int_equal(gstage_promote(&g, GPA(0x80200000), GSTAGE_2M), TSM_E_ADDRESS);
	block_and_fence(0x803ff000, PAGE_SIZE);
	assert_int_equal(g.pool_count, pool);
	assert_int_equal(gstage_promote(&g, GPA(0x80200000), GSTAGE_1G), TSM_E_ADDRESS);
	assert_int_equal(gstage_promote(&g, GPA(0x80200000), GSTAGE_2M), TSM_OK);
	for (u64 i = 0; i < 512; i++) {
		struct gstage_entry e = gstage_lookup(&g, GPA(0x80200000 + i * PAGE_SIZE));

		assert_int_equal(e.kind, GSTAGE_MAPPED);
		assert_int_equal(e.level, GSTAGE_2M);
		assert_int_equal(e.pfn.v, DATA.v + i);
		assert_int_equal(e.perm, GSTAGE_CONFIDENTIAL);
	}
	/* And back: blocked and fenced first, which it is not. */
	assert_int_equal(gstage_demote(&g, GPA(0x80200000), GSTAGE_4K), TSM_E_ADDRESS);
	block_and_fence(0x80200000, SIZE_2M);
	assert_int_equal(gstage_demote(&g, GPA(0x80200000), GSTAGE_2M), TSM_E_ADDRESS);
	assert_int_equal(gstage_demote(&g, GPA(0x80200000), GSTAGE_4K), TSM_OK);
	for (u64 i = 0; i < 512; i++) {
		struct gstage_entry e = gstage_lookup(&g, GPA(0x80200000 + i * PAGE_SIZE));

		assert_int_equal(e.kind, GSTAGE_MAPPED);
		assert_int_equal(e.level, GSTAGE_4K);
		assert_int_equal(e.pfn.v, DATA.v + i);
	}
	/* The table that retired is back, the one that came is taken. */
	assert_true(gstage_pool_has(&g, pool));
	assert_false(gstage_pool_has(&g, pool + 1));
}

static void gibibytes_fold_and_split(void **state)
{
	(void)state;
	assert_int_equal(map(0x80000000, 512, GSTAGE_2M, PFN(0x80000)), TSM_OK);
	block_and_fence(0x80000000, SIZE_1G);
	assert_int_equal(gstage_promote(&g, GPA(0x80000000), GSTAGE_1G), TSM_OK);
	assert_int_equal(gstage_lookup(&g, GPA(0xbfffffff)).level, GSTAGE_1G);
	assert_int_equal(gstage_lookup(&g, GPA(0xbfffffff)).pfn.v, 0x80000 + 0x3ffff);
	block_and_fence(0x80000000, SIZE_1G);
	assert_int_equal(gstage_demote(&g, GPA(0x80000000), GSTAGE_4K), TSM_E_ADDRESS);
	assert_int_equal(gstage_demote(&g, GPA(0x80000000), GSTAGE_2M), TSM_OK);
	assert_int_equal(gstage_lookup(&g, GPA(0xbfffffff)).level, GSTAGE_2M);
	assert_int_equal(gstage_lookup(&g, GPA(0xbfffffff)).pfn.v, 0x80000 + 0x3ffff);
	assert_int_equal(kind(0x80000000), GSTAGE_MAPPED);
}

/* Every way in which 512 leaves are not one. */
static void unlike_leaves_do_not_fold(void **state)
{
	struct gstage_range last = range(0x807ff000, 1, GSTAGE_4K);
	static u8 before[PAGES << PAGE_SHIFT];

	(void)state;
	/* Not aligned. */
	assert_int_equal(map(0x80200000, 512, GSTAGE_4K, PFN(DATA.v + 1)), TSM_OK);
	/* Not contiguous. */
	assert_int_equal(map(0x80400000, 256, GSTAGE_4K, PFN(0x200000)), TSM_OK);
	assert_int_equal(map(0x80500000, 256, GSTAGE_4K, PFN(0x200101)), TSM_OK);
	/* Not of one kind. */
	assert_int_equal(map(0x80600000, 511, GSTAGE_4K, PFN(0x300000)), TSM_OK);
	assert_int_equal(gstage_reserve(&g, &last, PFN(0x3001ff), GSTAGE_SHARED), TSM_OK);
	block_and_fence(0x80200000, 3 * SIZE_2M);
	/* In flight. */
	assert_int_equal(gstage_promote(&g, GPA(0x80600000), GSTAGE_2M), TSM_AGAIN);
	gstage_commit(&g, &last);
	block_and_fence(0x807ff000, PAGE_SIZE);
	memcpy(before, rv_ram, sizeof(before));
	for (u64 gpa = 0x80200000; gpa < 0x80800000; gpa += SIZE_2M)
		assert_int_equal(gstage_promote(&g, GPA(gpa), GSTAGE_2M), TSM_E_ADDRESS);
	/* Pages below it; nothing there. */
	assert_int_equal(gstage_promote(&g, GPA(0x80000000), GSTAGE_1G), TSM_E_ADDRESS);
	assert_int_equal(gstage_promote(&g, GPA(0xc0000000), GSTAGE_1G), TSM_E_ADDRESS);
	assert_int_equal(gstage_demote(&g, GPA(0xc0000000), GSTAGE_4K), TSM_E_ADDRESS);
	assert_memory_equal(before, rv_ram, sizeof(before));
}

static void a_retired_table_waits_for_the_epoch(void **state)
{
	u64 *table, pool;
	u64 version;

	(void)state;
	assert_int_equal(map(0x80200000, 512, GSTAGE_4K, DATA), TSM_OK);
	block_and_fence(0x80200000, SIZE_2M);
	table = spa_ptr(SPA(BASE + (4 + 1) * PAGE_SIZE));
	assert_int_not_equal(table[511], 0);
	/* A vCPU is inside, and may have the table in its page-walk cache. */
	epoch_enter(&epoch, &slot, &version);
	epoch_flushed(&slot, version);
	pool = g.pool_count;
	assert_int_equal(gstage_promote(&g, GPA(0x80200000), GSTAGE_2M), TSM_OK);
	/* What it would find there is no entry. */
	for (u32 i = 0; i < 512; i++)
		assert_int_equal(table[i] & (PTE_V | PTE_R | PTE_W | PTE_X | PTE_SOFT0 | PTE_SOFT1), 0);
	assert_false(gstage_pool_has(&g, pool + 1));
	assert_true(epoch_advance(&epoch));
	assert_false(gstage_pool_has(&g, pool + 1));
	epoch_enter(&epoch, &slot, &version);
	epoch_flushed(&slot, version);
	assert_true(gstage_pool_has(&g, pool + 1));
	assert_false(gstage_pool_has(&g, pool + 2));
	assert_int_equal(g.pool_count, pool + 1);
	/* It was scrubbed. */
	while (g.pool_count) {
		u64 *page = spa_ptr(pfn_spa(gstage_pool_take(&g)));

		for (u32 i = 0; i < 512; i++)
			assert_int_equal(page[i], 0);
	}
}

static void demote_needs_a_page(void **state)
{
	static u8 before[PAGES << PAGE_SHIFT];

	(void)state;
	assert_int_equal(map(0x80200000, 1, GSTAGE_2M, DATA), TSM_OK);
	block_and_fence(0x80200000, SIZE_2M);
	while (g.pool_count)
		gstage_pool_take(&g);
	memcpy(before, rv_ram, sizeof(before));
	assert_int_equal(gstage_demote(&g, GPA(0x80200000), GSTAGE_4K), TSM_E_NO_PTPAGES);
	assert_memory_equal(before, rv_ram, sizeof(before));
	give(60, 1);
	assert_int_equal(gstage_demote(&g, GPA(0x80200000), GSTAGE_4K), TSM_OK);
	assert_int_equal(g.pool_count, 0);
}

static void take_out(u64 gpa, u64 size)
{
	struct gstage_span s = { GPA(gpa), size }, left = s;
	struct gstage_run run;

	block_and_fence(gpa, size);
	while (gstage_remove(&g, &left, &run))
		;
	gstage_prune(&g, &s);
}

static void empty_tables_come_back(void **state)
{
	u64 pool = g.pool_count;

	(void)state;
	/* Two pages around a 1 GiB border, and a neighbour. */
	assert_int_equal(map(0xbffff000, 2, GSTAGE_4K, DATA), TSM_OK);
	assert_int_equal(map(0xc0003000, 1, GSTAGE_4K, PFN(0x300000)), TSM_OK);
	assert_int_equal(g.pool_count, pool - 4);
	take_out(0xbffff000, 2 * PAGE_SIZE);
	assert_true(gstage_pool_has(&g, pool - 2));
	assert_false(gstage_pool_has(&g, pool - 1));
	assert_int_equal(kind(0xc0003000), GSTAGE_MAPPED);
	take_out(0xc0003000, PAGE_SIZE);
	assert_true(gstage_pool_has(&g, pool));
	/* A large leaf fits where tables were. */
	assert_int_equal(map(0x80000000, 2, GSTAGE_1G, PFN(0x400000)), TSM_OK);
	assert_int_equal(g.pool_count, pool);
	/* Page by page, upwards and downwards; and 2 MiB leaves. */
	for (u32 round = 0; round < 2; round++) {
		assert_int_equal(map(0x100000000, 1024, GSTAGE_4K, DATA), TSM_OK);
		for (u64 i = 0; i < 1024; i++)
			take_out(0x100000000 + (round ? 1023 - i : i) * PAGE_SIZE, PAGE_SIZE);
		assert_true(gstage_pool_has(&g, pool));
	}
	assert_int_equal(map(0x100000000, 3, GSTAGE_2M, DATA), TSM_OK);
	take_out(0x100000000, 2 * SIZE_2M);
	assert_false(gstage_pool_has(&g, pool));
	take_out(0x100000000 + 2 * SIZE_2M, SIZE_2M);
	assert_true(gstage_pool_has(&g, pool));
	assert_int_equal(kind(0x100000000), GSTAGE_EMPTY);
}

static void dismantling_finds_everything(void **state)
{
	static const struct gstage_run expected[] = {
		{ GSTAGE_RUN_DATA, { 0x100000 }, 3 },
		{ GSTAGE_RUN_DATA, { 0x300000 }, 2 },
		{ GSTAGE_RUN_SHARED, { 0x300002 }, 1 },
		{ GSTAGE_RUN_TABLE, { 0 }, 1 },
		{ GSTAGE_RUN_DATA, { 0x200000 }, 512 },
		{ GSTAGE_RUN_TABLE, { 0 }, 1 },
		{ GSTAGE_RUN_DATA, { 0x400000 }, 512 * 512 },
	};
	struct gstage_range shared = range(0x80208000, 1, GSTAGE_4K);
	struct gstage_cursor c = { 0 };
	u64 tables = 20;
	struct gstage_run run;

	(void)state;
	assert_int_equal(map(0x80200000, 3, GSTAGE_4K, DATA), TSM_OK);
	assert_int_equal(map(0x80206000, 2, GSTAGE_4K, PFN(0x300000)), TSM_OK);
	assert_int_equal(gstage_reserve(&g, &shared, PFN(0x300002), GSTAGE_SHARED), TSM_OK);
	gstage_commit(&g, &shared);
	assert_int_equal(map(0x80400000, 1, GSTAGE_2M, PFN(0x200000)), TSM_OK);
	assert_int_equal(map(0xc0000000, 1, GSTAGE_1G, PFN(0x400000)), TSM_OK);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_true(gstage_dismantle(&g, &c, &run));
		assert_int_equal(run.kind, expected[i].kind);
		assert_int_equal(run.count, expected[i].count);
		if (run.kind == GSTAGE_RUN_TABLE)
			tables--;
		else
			assert_int_equal(run.pfn.v, expected[i].pfn.v);
	}
	/* What is left is the pool. */
	while (gstage_dismantle(&g, &c, &run)) {
		assert_int_equal(run.kind, GSTAGE_RUN_TABLE);
		tables--;
	}
	assert_int_equal(tables, 0);
}

/* Random maps against a plain array, then taken apart: every frame and table comes back once. */
static void agrees_with_a_model(void **state)
{
	enum { SPAN = 4 * 512 };
	static u64 model[SPAN];
	struct gstage_cursor c = { 0 };
	struct gstage_run run;
	u64 seed = 7, mapped = 0, tables = 0;

	(void)state;
	give(60, 40);
	memset(model, 0, sizeof(model));
	for (u32 round = 0; round < 3000; round++) {
		u64 first = unit_random(&seed) % SPAN;
		u64 want = 1 + unit_random(&seed) % 9;
		u64 n = MIN(want, SPAN - first);
		pfn_t pfn = PFN(0x1000000 + round * 16);
		bool free = true;

		for (u64 i = 0; i < n; i++)
			free &= !model[first + i];
		assert_int_equal(map(0x3fe00000 + first * PAGE_SIZE, n, GSTAGE_4K, pfn),
				 free ? TSM_OK : TSM_E_ADDRESS);
		for (u64 i = 0; i < n && free; i++, mapped++)
			model[first + i] = pfn.v + i;
	}
	for (u64 i = 0; i < SPAN; i++) {
		struct gstage_entry e = gstage_lookup(&g, GPA(0x3fe00000 + i * PAGE_SIZE));

		assert_int_equal(e.kind, model[i] ? GSTAGE_MAPPED : GSTAGE_EMPTY);
		assert_int_equal(e.pfn.v, model[i]);
	}
	while (gstage_dismantle(&g, &c, &run)) {
		if (run.kind == GSTAGE_RUN_TABLE)
			tables += run.count;
		else
			mapped -= run.count;
	}
	assert_int_equal(mapped, 0);
	assert_int_equal(tables, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "gstage: leaves of 4 KiB, 2 MiB and 1 GiB", maps_every_leaf_size, setup, NULL,
		  NULL },
		{ "gstage: entries are what hardware reads", entries_are_what_hardware_reads, setup,
		  NULL, NULL },
		{ "gstage: a range must be empty, or nothing changes", refuses_what_is_not_empty,
		  setup, NULL, NULL },
		{ "gstage: exactly the missing tables are taken", counts_missing_tables, setup,
		  NULL, NULL },
		{ "gstage: too small a pool changes nothing", an_empty_pool_changes_nothing, setup,
		  NULL, NULL },
		{ "gstage: an entry in flight belongs to its call", in_flight_is_not_reachable,
		  setup, NULL, NULL },
		{ "gstage: a range maps frames exactly or not", maps_means_exactly, setup, NULL,
		  NULL },
		{ "gstage: a blocked leaf leaves after the fence, not before",
		  blocked_leaves_wait_for_the_fence, setup, NULL, NULL },
		{ "gstage: 512 leaves become one and one becomes 512", leaves_fold_and_split, setup,
		  NULL, NULL },
		{ "gstage: so do those of 2 MiB and 1 GiB", gibibytes_fold_and_split, setup, NULL,
		  NULL },
		{ "gstage: leaves that are not alike stay apart", unlike_leaves_do_not_fold, setup,
		  NULL, NULL },
		{ "gstage: a table is not used anew before the epoch has passed",
		  a_retired_table_waits_for_the_epoch, setup, NULL, NULL },
		{ "gstage: splitting a leaf needs a page of the pool", demote_needs_a_page, setup,
		  NULL, NULL },
		{ "gstage: tables that removal leaves empty come back", empty_tables_come_back,
		  setup, NULL, NULL },
		{ "gstage: dismantling finds every leaf and table", dismantling_finds_everything,
		  setup, NULL, NULL },
		{ "gstage: the tables agree with an array", agrees_with_a_model, setup, NULL,
		  NULL },
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
