/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>
#include <libfdt.h>

#include "fdt/fdt_reader.h"
#include "fdt/fdt_writer.h"
#include "unit/tree.h"

static enum dt_err validate(const void *fdt, size_t max)
{
	const char *why = NULL;
	enum dt_err err = dt_validate(fdt, max, &why);

	assert_true(err == DT_OK || why);
	return err;
}

/* The walk, stopped at a path. */
static struct dt_walk walk_to(const void *fdt, const char *path)
{
	int node = fdt_path_offset(fdt, path);
	struct dt_walk w;

	assert_true(node >= 0);
	dt_walk_begin(&w, fdt);
	while (dt_walk_next(&w)) {
		if (w.node == node)
			return w;
	}
	fail_msg("the walk misses %s", path);
	return w;
}

static void accepts_real_trees(void **state)
{
	void *virt = tree_load("qemu-virt"), *odd = tree_load("odd-board");

	(void)state;
	assert_int_equal(validate(virt, TREE_ROOM), DT_OK);
	assert_int_equal(validate(odd, TREE_ROOM), DT_OK);
	free(virt);
	free(odd);
}

static void refuses_bad_headers(void **state)
{
	void *fdt = tree_load("qemu-virt");
	u8 *moved = malloc(TREE_ROOM + 8);

	(void)state;
	assert_int_equal(validate(NULL, 4096), DT_E_BLOB);
	assert_int_equal(validate(fdt, 0), DT_E_BLOB);
	assert_int_equal(validate(fdt, 39), DT_E_BLOB);
	assert_int_equal(validate(fdt, TREE_ROOM - 1), DT_E_BLOB);
	memcpy(moved + 4, fdt, TREE_ROOM);
	assert_int_equal(validate(moved + 4, TREE_ROOM), DT_E_BLOB);
	fdt_set_version(fdt, 16);
	assert_int_equal(validate(fdt, TREE_ROOM), DT_E_BLOB);
	fdt_set_version(fdt, 17);
	fdt_set_off_dt_struct(fdt, fdt_off_dt_struct(fdt) + 2);
	assert_int_equal(validate(fdt, TREE_ROOM), DT_E_BLOB);
	free(moved);
	free(fdt);
}

static void refuses_deep_nesting(void **state)
{
	(void)state;
	for (int depth = DT_MAX_DEPTH - 2; depth <= DT_MAX_DEPTH + 1; depth++) {
		void *fdt = tree_load("qemu-virt");
		char path[256] = "/";

		for (int i = 0; i < depth; i++) {
			tree_add_node(fdt, path, "n");
			strcat(path, i ? "/n" : "n");
		}
		assert_int_equal(validate(fdt, TREE_ROOM),
				 depth < DT_MAX_DEPTH ? DT_OK : DT_E_CAPACITY);
		free(fdt);
	}
}

/* Thousands of levels are refused as quickly. */
static void refuses_a_bottomless_tree(void **state)
{
	enum { LEVELS = 100000 };
	size_t size = 56 + 16 * (size_t)LEVELS;
	fdt32_t *fdt = calloc(1, size);

	(void)state;
	fdt_set_magic(fdt, FDT_MAGIC);
	fdt_set_totalsize(fdt, (u32)size);
	fdt_set_off_dt_struct(fdt, 56);
	fdt_set_off_dt_strings(fdt, (u32)size);
	fdt_set_off_mem_rsvmap(fdt, 40);
	fdt_set_version(fdt, 17);
	fdt_set_last_comp_version(fdt, 16);
	fdt_set_size_dt_struct(fdt, 12 * LEVELS + 4);
	for (u32 i = 0; i < LEVELS; i++)
		fdt[14 + 2 * i] = cpu_to_fdt32(FDT_BEGIN_NODE);
	for (u32 i = 0; i < LEVELS; i++)
		fdt[14 + 2 * LEVELS + i] = cpu_to_fdt32(FDT_END_NODE);
	fdt[14 + 3 * LEVELS] = cpu_to_fdt32(FDT_END);
	assert_int_equal(fdt_check_full(fdt, size), 0);
	assert_int_equal(validate(fdt, size), DT_E_CAPACITY);
	free(fdt);
}

static void refuses_endless_names(void **state)
{
	char name[DT_MAX_NAME + 2];

	(void)state;
	for (size_t len = DT_MAX_NAME; len <= DT_MAX_NAME + 1; len++) {
		void *fdt = tree_load("qemu-virt");

		memset(name, 'n', len);
		name[len] = 0;
		tree_set_string(fdt, "/chosen", name, "value");
		assert_int_equal(validate(fdt, TREE_ROOM), len <= DT_MAX_NAME ? DT_OK : DT_E_BLOB);
		free(fdt);
	}
}

/* The same nodes and properties that libfdt finds, in a tree with NOPs in it as well. */
static void agrees_with_libfdt(void **state)
{
	static const char *const trees[] = { "qemu-virt", "odd-board" };

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(trees); t++) {
		void *fdt = tree_load(trees[t]);
		int node = 0, depth = 0, property;
		struct dt_walk w;

		assert_int_equal(fdt_nop_property(fdt, 0, "compatible"), 0);
		node = fdt_path_offset(fdt, "/soc/interrupt-controller@c000000");
		assert_int_equal(fdt_nop_node(fdt, node), 0);
		node = fdt_path_offset(fdt, "/chosen");
		assert_int_equal(fdt_nop_property(fdt, node, "stdout-path"), 0);
		node = 0;
		dt_walk_begin(&w, fdt);
		while (dt_walk_next(&w)) {
			struct dt_prop p;
			bool more = dt_prop_first(fdt, w.node, &p);

			assert_int_equal(w.node, node);
			assert_int_equal(w.depth, depth);
			assert_string_equal(dt_name(fdt, node), fdt_get_name(fdt, node, NULL));
			fdt_for_each_property_offset(property, fdt, node) {
				const char *name;
				const void *value;
				int len;

				value = fdt_getprop_by_offset(fdt, property, &name, &len);
				assert_true(more);
				assert_int_equal(p.offset, property);
				assert_ptr_equal(p.value, value);
				assert_ptr_equal(p.name, name);
				assert_int_equal(p.len, len);
				more = dt_prop_next(fdt, &p);
			}
			assert_false(more);
			assert_int_equal(dt_phandle(fdt, node), fdt_get_phandle(fdt, node));
			node = fdt_next_node(fdt, node, &depth);
		}
		assert_true(depth < 0);
		free(fdt);
	}
}

static void finds_paths(void **state)
{
	static const char *const paths[] = {
		"/", "/soc", "/soc/serial@10000000", "/soc/serial", "/soc/interrupt-controller",
		"/cpus/cpu@1", "/cpus/cpu@1/interrupt-controller", "//soc//serial/",
		"/cpus/cpu-map/cluster0/core1", "/none", "/soc/none", "/serial",
		"/soc/serial@1000000", "/soc/serial@100000000", "/so", "/socx", "",
		"/chosen/core0", "/cpus/cluster0",
	};
	void *fdt = tree_load("qemu-virt");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int ours = dt_find(fdt, paths[i], strlen(paths[i]));
		int theirs = fdt_path_offset(fdt, paths[i]);

		assert_int_equal(ours, theirs < 0 ? -1 : theirs);
	}
	assert_int_equal(dt_find(fdt, "/soc:115200", 4), fdt_path_offset(fdt, "/soc"));
	free(fdt);
}

static void translates_through_buses(void **state)
{
	void *fdt = tree_load("odd-board");
	struct machine_range r;
	struct dt_walk w;

	(void)state;
	w = walk_to(fdt, "/soc/bus@10000000/serial@100");
	assert_int_equal(dt_walk_reg_count(&w), 1);
	assert_true(dt_walk_reg(&w, 0, &r));
	assert_int_equal(r.base.v, 0x10000100);
	assert_int_equal(r.size, 0x100);
	w = walk_to(fdt, "/soc/bus@10000000/rtc@20000");
	assert_int_equal(dt_walk_reg_count(&w), 2);
	assert_true(dt_walk_reg(&w, 1, &r));
	assert_int_equal(r.base.v, 0x220001f00);
	assert_false(dt_walk_reg(&w, 2, &r));
	w = walk_to(fdt, "/soc/secret@66000000");
	assert_true(dt_walk_reg(&w, 0, &r));
	assert_int_equal(r.base.v, 0x66000000);
	free(fdt);
}

static void refuses_addresses_outside_windows(void **state)
{
	void *fdt = tree_load("odd-board");
	const char *path = "/soc/bus@10000000/serial@100";
	struct machine_range r;
	struct dt_walk w;

	(void)state;
	TREE_CELLS(fdt, path, "reg", 0x10000, 0x100);	/* between the windows */
	w = walk_to(fdt, path);
	assert_false(dt_walk_reg(&w, 0, &r));
	TREE_CELLS(fdt, path, "reg", 0xff80, 0x100);	/* over the end of one */
	w = walk_to(fdt, path);
	assert_false(dt_walk_reg(&w, 0, &r));
	TREE_CELLS(fdt, path, "reg", 0x100, 0);		/* empty */
	w = walk_to(fdt, path);
	assert_false(dt_walk_reg(&w, 0, &r));
	TREE_CELLS(fdt, path, "reg", 0x100);		/* half an entry */
	w = walk_to(fdt, path);
	assert_int_equal(dt_walk_reg_count(&w), -1);
	TREE_CELLS(fdt, path, "reg", 0x100, 0x100);
	tree_delete_property(fdt, "/soc/bus@10000000", "ranges");	/* no bus any more */
	w = walk_to(fdt, path);
	assert_false(dt_walk_reg(&w, 0, &r));
	free(fdt);
}

static void refuses_wrapping_ranges(void **state)
{
	void *fdt = tree_load("odd-board");
	const char *path = "/soc/secret@66000000";
	struct machine_range r;
	struct dt_walk w;

	(void)state;
	TREE_CELLS(fdt, path, "reg", 0xffffffff, 0xfffff000, 0, 0x2000);
	w = walk_to(fdt, path);
	assert_false(dt_walk_reg(&w, 0, &r));
	TREE_CELLS(fdt, path, "reg", 0, 0x1000, 0xffffffff, 0xffffffff);
	w = walk_to(fdt, path);
	assert_false(dt_walk_reg(&w, 0, &r));
	/* A window that would carry an address over the end of the address space. */
	TREE_CELLS(fdt, "/soc/bus@10000000", "ranges", 0, 0xffffffff, 0xffffff00, 0x10000);
	w = walk_to(fdt, "/soc/bus@10000000/serial@100");
	assert_false(dt_walk_reg(&w, 0, &r));
	free(fdt);
}

static void refuses_odd_cells(void **state)
{
	void *fdt = tree_load("odd-board");
	static const u32 cells[] = { 0, 3, 4, 0x40000000, 0xffffffff };
	struct machine_range r;
	struct dt_walk w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
		tree_set_u32(fdt, "/soc/bus@10000000", "#address-cells", cells[i]);
		w = walk_to(fdt, "/soc/bus@10000000/serial@100");
		assert_true(dt_walk_reg_count(&w) <= 0);
		assert_false(dt_walk_reg(&w, 0, &r));
	}
	tree_set_u32(fdt, "/soc/bus@10000000", "#address-cells", 1);
	for (size_t i = 1; i < ARRAY_SIZE(cells); i++) {
		tree_set_u32(fdt, "/soc/bus@10000000", "#size-cells", cells[i]);
		w = walk_to(fdt, "/soc/bus@10000000/serial@100");
		assert_int_equal(dt_walk_reg_count(&w), -1);
		assert_false(dt_walk_reg(&w, 0, &r));
	}
	free(fdt);
}

static void reads_pci_windows(void **state)
{
	void *fdt = tree_load("qemu-virt");
	struct machine_range r;
	struct dt_walk w = walk_to(fdt, "/soc/pci@30000000");

	(void)state;
	assert_int_equal(dt_walk_window_count(&w), 3);
	assert_true(dt_walk_window(&w, 0, &r));
	assert_int_equal(r.base.v, 0x3000000);
	assert_int_equal(r.size, 0x10000);
	assert_true(dt_walk_window(&w, 2, &r));
	assert_int_equal(r.base.v, 0x400000000);
	assert_int_equal(r.size, 0x400000000);
	assert_false(dt_walk_window(&w, 3, &r));
	TREE_CELLS(fdt, "/soc/pci@30000000", "ranges", 0, 0, 0, 0, 0x1000, 0, 0x1000);
	w = walk_to(fdt, "/soc/pci@30000000");
	assert_true(dt_walk_window(&w, 0, &r));		/* configuration space */
	assert_int_equal(r.size, 0);
	TREE_CELLS(fdt, "/soc/pci@30000000", "ranges", 1, 2, 3);
	w = walk_to(fdt, "/soc/pci@30000000");
	assert_int_equal(dt_walk_window_count(&w), -1);
	free(fdt);
}

static void reads_properties(void **state)
{
	void *fdt = tree_load("odd-board");
	int soc = fdt_path_offset(fdt, "/soc"), chosen, root = 0;
	size_t len;
	u32 v;

	(void)state;
	assert_true(dt_node_is(fdt, fdt_path_offset(fdt, "/soc/bus@10000000"), "bus"));
	assert_false(dt_node_is(fdt, fdt_path_offset(fdt, "/soc/bus@10000000"), "bu"));
	assert_true(dt_compatible(fdt, soc, "simple-bus"));
	assert_false(dt_compatible(fdt, soc, "simple"));
	assert_true(dt_u32(fdt, soc, "#size-cells", &v));
	assert_int_equal(v, 2);
	assert_false(dt_u32(fdt, soc, "compatible", &v));
	assert_string_equal(dt_string(fdt, root, "compatible", &len), "example,board");
	assert_int_equal(len, 13);
	tree_set_bytes(fdt, "/chosen", "bootargs", "not ended", 9);
	chosen = fdt_path_offset(fdt, "/chosen");
	assert_null(dt_string(fdt, chosen, "bootargs", &len));
	assert_false(dt_enabled(fdt, fdt_path_offset(fdt, "/cpus/cpu@0")));
	assert_true(dt_enabled(fdt, fdt_path_offset(fdt, "/cpus/cpu@1")));
	tree_set_bytes(fdt, "/cpus/cpu@1", "status", "okay", 4);
	assert_false(dt_enabled(fdt, fdt_path_offset(fdt, "/cpus/cpu@1")));
	free(fdt);
}

static void writes_what_it_is_told(void **state)
{
	void *source = tree_load("odd-board");
	u8 *out = malloc(4096);
	struct dt_prop prop;
	struct dt_writer w;
	size_t room;
	char *p;

	(void)state;
	dt_write_begin(&w, source, out, 4096);
	dt_write_node(&w, "");
	dt_write_string(&w, "compatible", "made");
	dt_write_open(&w, "cells");
	dt_write_cells(&w, 7, 1);
	dt_write_cells(&w, 0x123456789, 2);
	dt_write_close(&w);
	dt_write_open(&w, "text");
	p = dt_write_room(&w, &room);
	assert_true(room > 6);
	memcpy(p, "abcde", 6);
	dt_write_used(&w, 6);
	dt_write_close(&w);
	dt_write_open(&w, "no");
	dt_write_cancel(&w);
	dt_write_node(&w, "child");
	assert_true(dt_prop_first(source, dt_find(source, "/chosen", 7), &prop));
	dt_write_copy(&w, &prop);
	dt_write_end(&w);
	dt_write_end(&w);
	assert_true(dt_write_finish(&w, 3));
	assert_int_equal(fdt_check_full(out, 4096), 0);
	assert_int_equal(fdt_boot_cpuid_phys(out), 3);
	tree_expect_string(out, "/", "compatible", "made");
	TREE_EXPECT(out, "/", "cells", 7, 1, 0x23456789);
	tree_expect_string(out, "/", "text", "abcde");
	assert_false(tree_has_property(out, "/", "no"));
	TREE_EXPECT(out, "/child", "#address-cells", 1);
	assert_true(dt_prop_first(out, 0, &prop) && dt_prop_next(out, &prop));
	assert_string_equal(prop.name, "cells");
	dt_blank(out, &prop);
	assert_int_equal(fdt_check_full(out, 4096), 0);
	assert_false(tree_has_property(out, "/", "cells"));
	tree_expect_string(out, "/", "text", "abcde");
	assert_true(dt_prop_first(out, 0, &prop) && dt_prop_next(out, &prop));
	assert_string_equal(prop.name, "text");
	free(out);
	free(source);
}

static void writer_tells_when_it_is_full(void **state)
{
	void *source = tree_load("odd-board");
	size_t needed = 0;

	(void)state;
	for (size_t size = 0; size < 4096; size++) {
		void *out = malloc(size ? size : 1);
		struct dt_writer w;

		dt_write_begin(&w, source, out, size);
		dt_write_node(&w, "");
		dt_write_string(&w, "a", "some text");
		dt_write_node(&w, "child");
		dt_write_open(&w, "b");
		dt_write_cells(&w, 1, 2);
		dt_write_close(&w);
		dt_write_end(&w);
		dt_write_end(&w);
		if (dt_write_finish(&w, 0)) {
			needed = needed ? needed : size;
			assert_int_equal(fdt_check_full(out, size), 0);
			assert_int_equal(fdt_totalsize(out), needed);
		} else {
			assert_int_equal(needed, 0);
		}
		free(out);
	}
	assert_true(needed > 0);
	free(source);
}

static void writer_bounds_new_names(void **state)
{
	void *source = tree_load("odd-board"), *out = malloc(65536);
	struct dt_writer w;
	char name[16];

	(void)state;
	dt_write_begin(&w, source, out, 65536);
	dt_write_node(&w, "");
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "name%d", i % 10);
		dt_write_string(&w, name, "x");
	}
	dt_write_end(&w);
	assert_true(dt_write_finish(&w, 0));
	dt_write_begin(&w, source, out, 65536);
	dt_write_node(&w, "");
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		dt_write_string(&w, name, "x");
	}
	dt_write_end(&w);
	assert_false(dt_write_finish(&w, 0));
	free(out);
	free(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("real trees are valid", accepts_real_trees),
		SENTENCE("a bad header, size, version or alignment is refused",
			 refuses_bad_headers),
		SENTENCE("nesting beyond the bound is refused", refuses_deep_nesting),
		SENTENCE("a tree of a hundred thousand levels is refused",
			 refuses_a_bottomless_tree),
		SENTENCE("an overlong property name is refused", refuses_endless_names),
		SENTENCE("nodes, properties and phandles are those that libfdt finds",
			 agrees_with_libfdt),
		SENTENCE("paths lead where libfdt says", finds_paths),
		SENTENCE("reg is translated through every bus", translates_through_buses),
		SENTENCE("a reg outside its bus's windows is no address",
			 refuses_addresses_outside_windows),
		SENTENCE("a range that wraps is no address", refuses_wrapping_ranges),
		SENTENCE("impossible cell counts make reg unreadable", refuses_odd_cells),
		SENTENCE("PCI windows are read", reads_pci_windows),
		SENTENCE("properties count only with the right length and ending",
			 reads_properties),
		SENTENCE("the writer writes a valid tree", writes_what_it_is_told),
		SENTENCE("the writer tells when the space is too small, and never leaves it",
			 writer_tells_when_it_is_full),
		SENTENCE("the writer keeps new names apart from the source's, within bounds",
			 writer_bounds_new_names),
	};

	return cmocka_run_group_tests_name("fdt_reader", tests, NULL, NULL);
}
