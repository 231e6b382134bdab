/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing a flattened device tree from the front to the back. What does not fit shows at tree_end().
 */
#ifndef TREE_H
#define TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_STRINGS	1024

struct tree {
	uint8_t *out;
	size_t room;
	size_t at;
	bool full;
	char strings[TREE_STRINGS];
	size_t strings_size;
};

void tree_begin(struct tree *f, void *out, size_t room);
void tree_node(struct tree *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tree_close(struct tree *f);
void tree_bytes(struct tree *f, const char *name, const void *value, size_t size);
void tree_string(struct tree *f, const char *name, const char *value);
void tree_empty(struct tree *f, const char *name);
/* count 32-bit cells */
void tree_cells(struct tree *f, const char *name, const uint32_t *cells, size_t count);
void tree_u32(struct tree *f, const char *name, uint32_t value);
/* pairs of 64-bit numbers: reg with two cells each */
void tree_reg(struct tree *f, uint64_t base, uint64_t size);
/* Bytes of the tree; 0: it did not fit. */
size_t tree_end(struct tree *f);

#endif
