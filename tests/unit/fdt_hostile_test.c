/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Damaged and malicious trees, in memory that ends where they end: whatever comes out, it comes
 * out, and what is accepted holds the invariants that machine.h promises.
 */
#include "unit/unit.h"

#include <string.h>
#include <libfdt.h>

#include "unit/tree.h"
#include "unit/tree_try.h"

static u8 *packed(const char *name, size_t *size)
{
	u8 *fdt = tree_load(name);

	assert_int_equal(fdt_pack(fdt), 0);
	*size = fdt_totalsize(fdt);
	return fdt;
}

static void truncated_at_every_length(void **state)
{
	size_t size;
	u8 *fdt = packed("qemu-virt", &size);

	(void)state;
	for (size_t n = 0; n < size; n++) {
		u8 *cut = tree_exact(fdt, n);

		tree_try(cut, n);
		if (n >= sizeof(struct fdt_header)) {	/* and with a header that admits it */
			fdt_set_totalsize(cut, (u32)n);
			tree_try(cut, n);
		}
		free(cut);
	}
	free(fdt);
}

static void mutate(const char *name, bool twice)
{
	size_t size;
	u8 *fdt = packed(name, &size), *copy = tree_exact(fdt, size);

	for (size_t i = 0; i < size; i++) {
		copy[i] = (u8)~fdt[i];
		tree_try(copy, size);
		if (twice) {
			copy[i] = (u8)(fdt[i] ^ 1U << i % 8);
			tree_try(copy, size);
		}
		copy[i] = fdt[i];
	}
	free(copy);
	free(fdt);
}

static void every_byte_of_qemu_virt_changed(void **state)
{
	(void)state;
	tree_accepted = 0;
	mutate("qemu-virt", true);
	assert_true(tree_accepted > 1000);	/* the test reaches what comes after the first check */
}

static void every_byte_of_the_odd_board_changed(void **state)
{
	(void)state;
	tree_accepted = 0;
	mutate("odd-board", false);
	assert_true(tree_accepted > 1000);
}

/* Many bytes at once, words that matter more often than others. */
static void noise(void **state)
{
	static const u32 words[] = {
		0, 1, 2, 3, 4, 9, 11, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffff000, 0x28000000,
		FDT_MAGIC
	};
	size_t size;
	u8 *fdt = packed("qemu-virt", &size), *copy = tree_exact(fdt, size);
	size_t words_after_header = (size - sizeof(struct fdt_header)) / 4;
	u64 seed = 17;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		u32 changes = 1 + (u32)(unit_random(&seed) % 4);

		memcpy(copy, fdt, size);
		while (changes--) {
			fdt32_t be = cpu_to_fdt32(words[unit_random(&seed) % ARRAY_SIZE(words)]);
			size_t at = sizeof(struct fdt_header) +
				    4 * (unit_random(&seed) % words_after_header);

			memcpy(copy + at, &be, 4);
		}
		tree_try(copy, size);
	}
	free(copy);
	free(fdt);
}

/* Every pointer in the tree points at every other node, itself included. */
static void cyclic_phandles(void **state)
{
	static const char *const pointers[] = {
		"interrupt-parent", "msi-parent", "interrupts-extended", "iommus", "riscv,children",
		"clocks", "regmap",
	};
	static const char *const nodes[] = {
		"/soc/interrupt-controller@28000000", "/soc/interrupt-controller@24000000",
		"/soc/interrupt-controller@d000000", "/soc/interrupt-controller@c000000",
		"/soc/pci@30000000", "/soc/serial@10000000", "/poweroff",
		"/cpus/cpu@0/interrupt-controller",
	};

	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(pointers); p++) {
		for (u32 target = 0; target < 12; target++) {
			u8 *fdt = tree_load("qemu-virt");

			for (size_t n = 0; n < ARRAY_SIZE(nodes); n++)
				TREE_CELLS(fdt, nodes[n], pointers[p], target, 9);
			tree_try(fdt, TREE_ROOM);
			free(fdt);
		}
	}
}

/* Trees made to cost time: a megabyte of aliases, of reg entries, of properties, of nodes. */
static void large_trees_end_soon(void **state)
{
	enum { SIZE = 1 << 20 };
	u8 *base = tree_load("qemu-virt"), *fdt = malloc(SIZE);
	u8 *big = calloc(1, SIZE);
	fdt32_t one = cpu_to_fdt32(1);

	(void)state;
	assert_int_equal(fdt_open_into(base, fdt, SIZE), 0);
	for (u32 i = 0; i < 500000 / 4; i++)
		memcpy(big + 4 * i, &one, 4);
	tree_set_bytes(fdt, "/soc/serial@10000000", "reg", big, 480000);
	tree_set_bytes(fdt, "/soc/serial@10000000", "compatible", "ns16550a", 9);
	tree_try(fdt, SIZE);
	assert_int_equal(fdt_open_into(base, fdt, SIZE), 0);
	tree_set_bytes(fdt, "/memory@80000000", "reg", big, 480000);
	tree_try(fdt, SIZE);
	assert_int_equal(fdt_open_into(base, fdt, SIZE), 0);
	tree_set_bytes(fdt, "/soc/interrupt-controller@28000000", "interrupts-extended", big,
		       480000);
	tree_try(fdt, SIZE);
	assert_int_equal(fdt_open_into(base, fdt, SIZE), 0);
	tree_set_bytes(fdt, "/soc", "ranges", big, 480000);
	tree_try(fdt, SIZE);
	assert_int_equal(fdt_open_into(base, fdt, SIZE), 0);
	for (int i = 0; i < 3000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "alias%d", i);
		tree_set_string(fdt, "/aliases", name, i % 2 ? "/soc/serial@10000000" : "/a/b/c");
	}
	tree_try(fdt, SIZE);
	assert_int_equal(fdt_open_into(base, fdt, SIZE), 0);
	for (int i = 0; i < 2000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "serial@%x", i);
		tree_add_node(fdt, "/soc", name);
	}
	tree_try(fdt, SIZE);
	free(big);
	free(fdt);
	free(base);
}

/* libfdt accepts a structure block that is nothing but an END (found by the fuzzer). */
static void no_root(void **state)
{
	size_t size;
	u8 *fdt = packed("qemu-virt", &size), *copy = tree_exact(fdt, size);
	fdt32_t tags[2] = { cpu_to_fdt32(FDT_NOP), cpu_to_fdt32(FDT_END) };

	(void)state;
	tree_accepted = 0;
	memcpy(copy + fdt_off_dt_struct(fdt), &tags[1], 4);
	tree_try(copy, size);
	memcpy(copy + fdt_off_dt_struct(fdt), tags, 8);
	tree_try(copy, size);
	assert_int_equal(tree_accepted, 0);
	free(copy);
	free(fdt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("a tree cut off at any length does no harm", truncated_at_every_length),
		SENTENCE("QEMU's tree with any one byte changed does no harm",
			 every_byte_of_qemu_virt_changed),
		SENTENCE("another board's tree with any one byte changed does no harm",
			 every_byte_of_the_odd_board_changed),
		SENTENCE("a tree with several words changed does no harm", noise),
		SENTENCE("phandles in circles do no harm", cyclic_phandles),
		SENTENCE("a tree without a root is refused", no_root),
		SENTENCE("a large tree of anything ends soon", large_trees_end_soon),
	};

	return cmocka_run_group_tests_name("fdt_hostile", tests, NULL, NULL);
}
