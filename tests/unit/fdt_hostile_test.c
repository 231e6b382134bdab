/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Damaged and malicious trees, in memory that ends where they end: whatever comes out, it comes
 * out, and what is accepted holds the invariants that machine.h promises.
 */
#include "unit/unit.h"

#include <string.h>
#include <libfdt.h>

#include "host/dt.h"
#include "unit/tree.h"

static struct machine m;
static u32 accepted;

static void check_machine(void)
{
	u64 stride = PAGE_SIZE << m.imsic.guest_index_bits;

	assert_true(m.nr_ram >= 1 && m.nr_ram <= MACHINE_MAX_RAM);
	assert_true(m.nr_harts >= 1 && m.nr_harts <= MACHINE_MAX_HARTS);
	assert_true(m.nr_reserved <= MACHINE_MAX_RESERVED);
	assert_true(m.timebase_hz);
	assert_non_null(memchr(m.bootargs, 0, sizeof(m.bootargs)));
	for (u32 i = 0; i < m.nr_ram; i++) {
		u64 base = m.ram[i].base.v, size = m.ram[i].size;

		assert_true(size && IS_ALIGNED(base | size, PAGE_SIZE));
		assert_true(base + size <= MACHINE_PHYSICAL_END);
		assert_true(i == 0 || base >= m.ram[i - 1].base.v + m.ram[i - 1].size);
	}
	for (u32 i = 0; i < m.nr_reserved; i++) {
		assert_true(m.reserved[i].size);
		assert_true(range_ok(m.reserved[i].base.v, m.reserved[i].size));
	}
	for (u32 i = 0; i < m.nr_harts; i++) {
		struct machine_range file = { m.harts[i].imsic, stride };

		assert_true(m.harts[i].intc);
		if (!file.base.v)
			continue;
		assert_false(machine_overlaps_ram(&m, &file));
		for (u32 j = 0; j < i; j++) {
			u64 other = m.harts[j].imsic.v;

			assert_false(other && ranges_overlap(other, stride, file.base.v, stride));
		}
	}
}

static void check_mmio(const struct host_range *mmio, int count)
{
	for (int i = 0; i < count; i++) {
		struct machine_range r = { SPA(mmio[i].base.v), mmio[i].size };

		assert_true(r.size && IS_ALIGNED(r.base.v | r.size, PAGE_SIZE));
		assert_true(r.base.v + r.size <= MACHINE_PHYSICAL_END);
		assert_false(machine_overlaps_ram(&m, &r));
		for (u32 j = 0; j < m.nr_harts; j++) {	/* no range has the TSM's own file */
			u64 file = m.harts[j].imsic.v;

			assert_false(file && ranges_overlap(file, PAGE_SIZE, r.base.v, r.size));
		}
		assert_true(i == 0 || r.base.v > mmio[i - 1].base.v + mmio[i - 1].size);
	}
}

/* Everything that boot does with a tree of exactly `size` bytes. */
static void try_tree(const void *fdt, size_t size)
{
	static struct host_range mmio[HOST_DT_MAX_MMIO];
	struct host_dt_plan plan = { .machine = &m, .nr_ram = 1 };
	const char *why = NULL;
	size_t out_size = size + HOST_DT_SLACK;
	void *out;
	int count;

	if (machine_parse(fdt, size, &m, &why)) {
		assert_true(why && *why);
		return;
	}
	accepted++;
	check_machine();
	plan.ram[0] = (struct host_range){ HPA(m.ram[0].base.v), m.ram[0].size };
	isa_add_plain(&plan.isa);
	out = malloc(out_size);
	if (host_dt_build(fdt, out, out_size, &plan, &why)) {
		assert_true(why && *why);
		free(out);
		return;
	}
	assert_int_equal(fdt_check_full(out, out_size), 0);
	count = host_dt_mmio(out, &m, mmio, HOST_DT_MAX_MMIO, &why);
	if (count < 0)
		assert_true(why && *why);
	else
		check_mmio(mmio, count);
	free(out);
}

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

		try_tree(cut, n);
		if (n >= sizeof(struct fdt_header)) {	/* and with a header that admits it */
			fdt_set_totalsize(cut, (u32)n);
			try_tree(cut, n);
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
		try_tree(copy, size);
		if (twice) {
			copy[i] = (u8)(fdt[i] ^ 1U << i % 8);
			try_tree(copy, size);
		}
		copy[i] = fdt[i];
	}
	free(copy);
	free(fdt);
}

static void every_byte_of_qemu_virt_changed(void **state)
{
	(void)state;
	accepted = 0;
	mutate("qemu-virt", true);
	assert_true(accepted > 1000);	/* the test reaches what comes after the first check */
}

static void every_byte_of_the_odd_board_changed(void **state)
{
	(void)state;
	accepted = 0;
	mutate("odd-board", false);
	assert_true(accepted > 1000);
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
		try_tree(copy, size);
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
			try_tree(fdt, TREE_ROOM);
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
	try_tree(fdt, SIZE);
	assert_int_equal(fdt_open_into(base, fdt, SIZE), 0);
	tree_set_bytes(fdt, "/memory@80000000", "reg", big, 480000);
	try_tree(fdt, SIZE);
	assert_int_equal(fdt_open_into(base, fdt, SIZE), 0);
	tree_set_bytes(fdt, "/soc/interrupt-controller@28000000", "interrupts-extended", big,
		       480000);
	try_tree(fdt, SIZE);
	assert_int_equal(fdt_open_into(base, fdt, SIZE), 0);
	tree_set_bytes(fdt, "/soc", "ranges", big, 480000);
	try_tree(fdt, SIZE);
	assert_int_equal(fdt_open_into(base, fdt, SIZE), 0);
	for (int i = 0; i < 3000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "alias%d", i);
		tree_set_string(fdt, "/aliases", name, i % 2 ? "/soc/serial@10000000" : "/a/b/c");
	}
	try_tree(fdt, SIZE);
	assert_int_equal(fdt_open_into(base, fdt, SIZE), 0);
	for (int i = 0; i < 2000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "serial@%x", i);
		tree_add_node(fdt, "/soc", name);
	}
	try_tree(fdt, SIZE);
	free(big);
	free(fdt);
	free(base);
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
		SENTENCE("a large tree of anything ends soon", large_trees_end_soon),
	};

	return cmocka_run_group_tests_name("fdt_hostile", tests, NULL, NULL);
}
