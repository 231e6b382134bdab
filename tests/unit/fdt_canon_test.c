/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The canonical form that firmware hashes: what it leaves out, and that a broken tree is an answer.
 * That it is what cove-verify computes is for tests/firmware/run.py to show.
 */
#include "unit/unit.h"

#include <libfdt.h>
#include <string.h>

#include "firmware/fdt_canon.h"
#include "unit/tree.h"

/* QEMU's tree with what a start adds to /chosen. */
static void *usual(void)
{
	static const char module[] = "x\0multiboot,module";
	void *fdt = tree_load("qemu-virt");

	tree_set_string(fdt, "/chosen", "rng-seed", "seed");
	tree_add_node(fdt, "/chosen", "guest@1");
	tree_set_bytes(fdt, "/chosen/guest@1", "compatible", module, sizeof(module));
	tree_add_node(fdt, "/chosen/guest@1", "below");
	tree_add_node(fdt, "/chosen", "config");
	tree_set_u32(fdt, "/chosen/config", "heap-size", 5);
	return fdt;
}

/* Takes the tree. */
static void digest_of(void *fdt, u8 digest[SHA384_SIZE])
{
	assert_true(fdt_canon_digest(fdt, digest));
	free(fdt);
}

static bool as_usual(void *fdt)
{
	u8 first[SHA384_SIZE], second[SHA384_SIZE];

	digest_of(usual(), first);
	digest_of(fdt, second);
	return !memcmp(first, second, sizeof(first));
}

static void same(void **state)
{
	void *fdt = usual();

	(void)state;
	tree_set_string(fdt, "/chosen", "rng-seed", "another");
	tree_set_string(fdt, "/chosen", "bootargs", "another");
	tree_set_u32(fdt, "/chosen/guest@1/below", "x", 1);
	assert_true(as_usual(fdt));
	fdt = usual();
	tree_delete_node(fdt, "/chosen/guest@1");
	assert_true(as_usual(fdt));
	/* Deleting leaves NOPs when it is done so, and packing moves all blocks. */
	fdt = usual();
	assert_int_equal(fdt_nop_property(fdt, fdt_path_offset(fdt, "/chosen"), "rng-seed"), 0);
	assert_int_equal(fdt_pack(fdt), 0);
	assert_true(as_usual(fdt));
}

static void different(void **state)
{
	void *fdt = usual();

	(void)state;
	tree_set_u32(fdt, "/chosen/config", "heap-size", 6);
	assert_false(as_usual(fdt));
	fdt = usual();
	tree_set_string(fdt, "/", "model", "another");
	assert_false(as_usual(fdt));
	fdt = usual();
	tree_add_node(fdt, "/", "more");
	assert_false(as_usual(fdt));
	fdt = usual();
	tree_add_node(fdt, "/soc", "chosen");
	tree_set_u32(fdt, "/soc/chosen", "x", 1);
	assert_false(as_usual(fdt));
	fdt = usual();
	tree_delete_property(fdt, "/chosen/guest@1", "compatible");
	assert_false(as_usual(fdt));
	fdt = usual();
	assert_int_equal(fdt_add_mem_rsv(fdt, 0x1000, 0x1000), 0);
	assert_false(as_usual(fdt));
}

/* Two trees whose names and values are the same bytes, cut at another place. */
static void cut(void **state)
{
	u8 digest[2][SHA384_SIZE];

	(void)state;
	for (int i = 0; i < 2; i++) {
		void *fdt = usual();

		tree_set_bytes(fdt, "/", i ? "ab" : "a", i ? "c" : "bc", i ? 1 : 2);
		digest_of(fdt, digest[i]);
	}
	assert_memory_not_equal(digest[0], digest[1], SHA384_SIZE);
}

/* ASan sees a read outside: each tree lies in memory of exactly its size. */
static void hostile(void **state)
{
	u8 *fdt = usual(), digest[SHA384_SIZE];
	u32 refused = 0;
	u64 seed = 1;
	size_t size;

	(void)state;
	assert_int_equal(fdt_pack(fdt), 0);
	size = fdt_totalsize(fdt);
	for (u32 round = 0; round < 5000; round++) {
		u8 *copy = tree_exact(fdt, size);

		for (u64 i = unit_random(&seed) % 4 + 1; i; i--)
			copy[40 + unit_random(&seed) % (size - 40)] = (u8)(unit_random(&seed) >> 16);
		refused += !fdt_canon_digest(copy, digest);
		free(copy);
	}
	assert_true(refused > 100);
	memset(fdt, 0, 8);
	assert_false(fdt_canon_digest(fdt, digest));
	free(fdt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("seeds, the host's modules and the layout are no part of the form", same),
		SENTENCE("configuration, other nodes, values and reservations are", different),
		SENTENCE("names and values cannot be moved into each other", cut),
		SENTENCE("a broken tree is refused or hashed, and nothing is read outside of it", hostile),
	};

	return cmocka_run_group_tests_name("fdt_canon", tests, NULL, NULL);
}
