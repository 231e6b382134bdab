/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>
#include <libfdt.h>

#include "unit/tree.h"

void *tree_load(const char *name)
{
	char path[256];
	void *file = malloc(TREE_ROOM), *fdt = NULL;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.dtb", UNIT_DTB, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(file, 1, TREE_ROOM, f);
	fclose(f);
	assert_true(n > 0 && n < TREE_ROOM);
	fdt = malloc(TREE_ROOM);
	assert_int_equal(fdt_open_into(file, fdt, TREE_ROOM), 0);
	free(file);
	return fdt;
}

static int node_at(const void *fdt, const char *path)
{
	int node = fdt_path_offset(fdt, path);

	if (node < 0)
		fail_msg("no node %s", path);
	return node;
}

void tree_set_bytes(void *fdt, const char *path, const char *name, const void *data, u32 len)
{
	assert_int_equal(fdt_setprop(fdt, node_at(fdt, path), name, data, (int)len), 0);
}

void tree_set_cells(void *fdt, const char *path, const char *name, const u32 *cells, u32 count)
{
	fdt32_t be[512];

	assert_true(count <= 512);
	for (u32 i = 0; i < count; i++)
		be[i] = cpu_to_fdt32(cells[i]);
	tree_set_bytes(fdt, path, name, be, 4 * count);
}

void tree_set_u32(void *fdt, const char *path, const char *name, u32 v)
{
	tree_set_cells(fdt, path, name, &v, 1);
}

void tree_set_string(void *fdt, const char *path, const char *name, const char *s)
{
	tree_set_bytes(fdt, path, name, s, (u32)strlen(s) + 1);
}

void tree_delete_property(void *fdt, const char *path, const char *name)
{
	assert_int_equal(fdt_delprop(fdt, node_at(fdt, path), name), 0);
}

void tree_delete_node(void *fdt, const char *path)
{
	assert_int_equal(fdt_del_node(fdt, node_at(fdt, path)), 0);
}

void tree_add_node(void *fdt, const char *parent, const char *name)
{
	assert_true(fdt_add_subnode(fdt, node_at(fdt, parent), name) >= 0);
}

void *tree_exact(const void *data, size_t size)
{
	void *p = malloc(size ? size : 1);

	if (size)
		memcpy(p, data, size);
	return p;
}

bool tree_has_node(const void *fdt, const char *path)
{
	return fdt_path_offset(fdt, path) >= 0;
}

bool tree_has_property(const void *fdt, const char *path, const char *name)
{
	return fdt_getprop(fdt, node_at(fdt, path), name, NULL) != NULL;
}

bool tree_mentions(const void *fdt, const char *text)
{
	for (int node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL)) {
		int property;

		fdt_for_each_property_offset(property, fdt, node) {
			int len;
			const void *value = fdt_getprop_by_offset(fdt, property, NULL, &len);

			if (value && memmem(value, (size_t)len, text, strlen(text)))
				return true;
		}
	}
	return false;
}

void tree_expect_cells(const void *fdt, const char *path, const char *name, const u32 *cells,
		       u32 count)
{
	int len;
	const fdt32_t *be = fdt_getprop(fdt, node_at(fdt, path), name, &len);

	assert_non_null(be);
	assert_int_equal(len, 4 * count);
	for (u32 i = 0; i < count; i++)
		assert_int_equal(fdt32_to_cpu(be[i]), cells[i]);
}

void tree_expect_string(const void *fdt, const char *path, const char *name, const char *s)
{
	int len;
	const char *have = fdt_getprop(fdt, node_at(fdt, path), name, &len);

	assert_non_null(have);
	assert_string_equal(have, s);
	assert_int_equal(len, strlen(s) + 1);
}
