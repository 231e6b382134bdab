/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>

#include "tvm/region.h"

#define P	PAGE_SIZE

static struct region_map map;
static struct region more[8192];

void __noreturn panic(const char *what, const char *file, int line)
{
	fprintf(stderr, "panic: %s (%s:%d)\n", what, file, line);
	abort();
}

static int setup(void **state)
{
	(void)state;
	region_map_init(&map);
	region_map_refill(&map, more, ARRAY_SIZE(more));
	return 0;
}

static u32 count(void)
{
	u32 n = 0;
	u64 end = 0;

	for (const struct region *r = map.first[0]; r; r = r->next[0], n++) {
		assert_true(r->size);
		assert_true(r->base >= end);
		end = r->base + r->size;
		if (r->next[0] && r->next[0]->base == end && r->type != REGION_CONFIDENTIAL_REMOVABLE &&
		    r->type != REGION_SHARED_REMOVABLE)
			assert_int_not_equal(r->next[0]->type, r->type);
	}
	assert_int_equal(n + map.spare_count, REGION_EMBEDDED + ARRAY_SIZE(more));
	for (u32 l = 1; l < REGION_LISTS; l++) {
		end = 0;
		for (const struct region *r = map.first[l]; r; r = r->next[l]) {
			assert_true(r->height > l && r->base >= end);
			end = r->base + r->size;
			assert_ptr_equal(region_find(&map, r->base), r);
		}
	}
	return n;
}

static void finds_what_was_set(void **state)
{
	(void)state;
	region_set(&map, 4 * P, 2 * P, REGION_CONFIDENTIAL);
	assert_null(region_find(&map, 4 * P - 1));
	assert_int_equal(region_find(&map, 4 * P)->type, REGION_CONFIDENTIAL);
	assert_int_equal(region_find(&map, 6 * P - 1)->type, REGION_CONFIDENTIAL);
	assert_null(region_find(&map, 6 * P));
	assert_int_equal(region_of_range(&map, 4 * P, 2 * P), REGION_CONFIDENTIAL);
	assert_int_equal(region_of_range(&map, 4 * P, 2 * P + 1), REGION_NONE);
	assert_int_equal(region_of_range(&map, 3 * P, 2 * P), REGION_NONE);
	assert_int_equal(region_of_range(&map, 5 * P, ~0ULL), REGION_NONE);
	assert_true(region_overlaps(&map, 0, 5 * P));
	assert_true(region_overlaps(&map, 5 * P, 100 * P));
	assert_false(region_overlaps(&map, 0, 4 * P));
	assert_false(region_overlaps(&map, 6 * P, P));
}

static void neighbours_of_one_type_join(void **state)
{
	(void)state;
	region_set(&map, 2 * P, P, REGION_CONFIDENTIAL);
	region_set(&map, 4 * P, P, REGION_CONFIDENTIAL);
	assert_int_equal(count(), 2);
	region_set(&map, 3 * P, P, REGION_MMIO);
	assert_int_equal(count(), 3);
	region_set(&map, 3 * P, P, REGION_CONFIDENTIAL);
	assert_int_equal(count(), 1);
	assert_int_equal(region_of_range(&map, 2 * P, 3 * P), REGION_CONFIDENTIAL);
}

static void a_part_splits_a_region(void **state)
{
	(void)state;
	region_set(&map, 0, 10 * P, REGION_CONFIDENTIAL);
	region_set(&map, 3 * P, 2 * P, REGION_SHARED);
	assert_int_equal(count(), 3);
	assert_int_equal(region_of_range(&map, 0, 3 * P), REGION_CONFIDENTIAL);
	assert_int_equal(region_of_range(&map, 3 * P, 2 * P), REGION_SHARED);
	assert_int_equal(region_of_range(&map, 5 * P, 5 * P), REGION_CONFIDENTIAL);
	region_set(&map, 2 * P, 6 * P, REGION_NONE);
	assert_int_equal(count(), 2);
	assert_null(region_find(&map, 3 * P));
	region_set(&map, 0, 20 * P, REGION_NONE);
	assert_int_equal(count(), 0);
}

static void two_spare_descriptors_are_enough(void **state)
{
	(void)state;
	region_map_init(&map);
	map.spare = &map.embedded[0];
	map.embedded[0].next[0] = &map.embedded[1];
	map.embedded[1].next[0] = &map.embedded[2];
	map.embedded[2].next[0] = NULL;
	map.spare_count = 3;
	region_set(&map, 0, 10 * P, REGION_CONFIDENTIAL);
	assert_int_equal(map.spare_count, REGION_SPARE_NEEDED);
	region_set(&map, 3 * P, P, REGION_SHARED);
	assert_int_equal(map.spare_count, 0);
	assert_int_equal(region_of_range(&map, 4 * P, 6 * P), REGION_CONFIDENTIAL);
}

static void requests_stay_apart(void **state)
{
	(void)state;
	region_set(&map, 0, 10 * P, REGION_CONFIDENTIAL);
	region_set(&map, 2 * P, 2 * P, REGION_CONFIDENTIAL_REMOVABLE);
	region_set(&map, 4 * P, 2 * P, REGION_CONFIDENTIAL_REMOVABLE);
	assert_int_equal(count(), 4);
	assert_int_equal(region_of_range(&map, 3 * P, 2 * P), REGION_NONE);
	/* So that the end of one needs no descriptor. */
	while (map.spare_count)
		map.spare_count--;
	map.spare = NULL;
	region_set(&map, 2 * P, 2 * P, REGION_SHARED);
	region_set(&map, 4 * P, 2 * P, REGION_CONFIDENTIAL);
	assert_int_equal(region_of_range(&map, 4 * P, 6 * P), REGION_CONFIDENTIAL);
}

/* Against a plain array of types. */
static void agrees_with_a_model(void **state)
{
	enum { PAGES = 64 };
	enum region_type model[PAGES] = { REGION_NONE };
	u64 seed = 99;

	(void)state;
	for (u32 round = 0; round < 20000; round++) {
		u64 first = unit_random(&seed) % PAGES;
		u64 pages = 1 + unit_random(&seed) % (PAGES - first);
		enum region_type type = (enum region_type)(unit_random(&seed) % (REGION_IMSIC + 1));

		region_set(&map, first * P, pages * P, type);
		for (u64 i = first; i < first + pages; i++)
			model[i] = type;
		count();
		for (u64 i = 0; i < PAGES; i++)
			assert_int_equal(region_of_range(&map, i * P, P), model[i]);
	}
}

/* Regions between two links of a list, at most. */
static u64 longest_walk(u32 list)
{
	u64 longest = 0, walk = 0;

	for (const struct region *r = map.first[list - 1]; r; r = r->next[list - 1]) {
		walk = r->height > list ? 0 : walk + 1;
		longest = MAX(longest, walk);
	}
	return longest;
}

static void many_regions_are_found_fast(void **state)
{
	const u64 regions = 4000;
	u64 seed = 7;

	(void)state;
	/* In random order: every region is a page between two gaps. */
	for (u64 i = 0, at = 0; i < regions; i++, at = (at + 1597) % regions)
		region_set(&map, 2 * at * P, P, REGION_MMIO);
	assert_int_equal(count(), regions);
	for (u32 l = 1; l < REGION_LISTS; l++)
		assert_true(longest_walk(l) < 400);
	for (u64 i = 0; i < 2 * regions; i++)
		assert_int_equal(region_of_range(&map, i * P, P), i % 2 ? REGION_NONE : REGION_MMIO);
	for (u32 i = 0; i < 1000; i++) {
		u64 at = unit_random(&seed) % regions;

		region_set(&map, 2 * at * P, P, i % 2 ? REGION_MMIO : REGION_NONE);
		assert_int_equal(region_overlaps(&map, 2 * at * P, P), i % 2);
	}
	region_set(&map, 0, 2 * regions * P, REGION_CONFIDENTIAL);
	assert_int_equal(count(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "region: found where it was set, and nowhere else", finds_what_was_set, setup,
		  NULL, NULL },
		{ "region: neighbours of one type join", neighbours_of_one_type_join, setup, NULL,
		  NULL },
		{ "region: a part of a region splits it", a_part_splits_a_region, setup, NULL,
		  NULL },
		{ "region: a change needs two spare descriptors at most",
		  two_spare_descriptors_are_enough, setup, NULL, NULL },
		{ "region: two requests side by side stay apart", requests_stay_apart, setup, NULL,
		  NULL },
		{ "region: thousands of regions are found in few steps", many_regions_are_found_fast, setup, NULL,
		  NULL },
		{ "region: the list agrees with an array of types", agrees_with_a_model, setup,
		  NULL, NULL },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
