/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device trees for tests: compiled from tests/unit/dts, changed in place, and copied to where ASan
 * sees their ends.
 */
#ifndef UNIT_TREE_H
#define UNIT_TREE_H

#include "base/types.h"

enum { TREE_ROOM = 65536 };	/* bytes that a loaded tree may grow to */

/* The compiled tree of that name, in a buffer of TREE_ROOM bytes that is the caller's. */
void *tree_load(const char *name);

/* All fail the test when the path is not there or the room is used up. */
void tree_set_cells(void *fdt, const char *path, const char *name, const u32 *cells, u32 count);
void tree_set_u32(void *fdt, const char *path, const char *name, u32 v);
void tree_set_string(void *fdt, const char *path, const char *name, const char *s);
void tree_set_bytes(void *fdt, const char *path, const char *name, const void *data, u32 len);
void tree_delete_property(void *fdt, const char *path, const char *name);
void tree_delete_node(void *fdt, const char *path);
void tree_add_node(void *fdt, const char *parent, const char *name);

#define TREE_LIST(...)	(const u32[]){ __VA_ARGS__ }, sizeof((const u32[]){ __VA_ARGS__ }) / 4

#define TREE_CELLS(fdt, path, name, ...) \
	tree_set_cells(fdt, path, name, TREE_LIST(__VA_ARGS__))

/* Exactly `size` bytes of heap with a copy of them, 8-byte aligned: the byte behind is poisoned. */
void *tree_exact(const void *data, size_t size);

/* Questions about a finished tree. */
bool tree_has_node(const void *fdt, const char *path);
bool tree_has_property(const void *fdt, const char *path, const char *name);
bool tree_mentions(const void *fdt, const char *text);	/* some property has it in its value */
void tree_expect_cells(const void *fdt, const char *path, const char *name, const u32 *cells,
		       u32 count);
void tree_expect_string(const void *fdt, const char *path, const char *name, const char *s);

#define TREE_EXPECT(fdt, path, name, ...) \
	tree_expect_cells(fdt, path, name, TREE_LIST(__VA_ARGS__))

#endif
