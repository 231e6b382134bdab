/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing a flattened device tree from the front to the back. What does not fit shows at fdt_end().
 */
#ifndef FDT_H
#define FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDT_STRINGS	1024

struct fdt {
	uint8_t *out;
	size_t room;
	size_t at;
	bool full;
	char strings[FDT_STRINGS];
	size_t strings_size;
};

void fdt_begin(struct fdt *f, void *out, size_t room);
void fdt_node(struct fdt *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fdt_close(struct fdt *f);
void fdt_bytes(struct fdt *f, const char *name, const void *value, size_t size);
void fdt_string(struct fdt *f, const char *name, const char *value);
void fdt_empty(struct fdt *f, const char *name);
/* count 32-bit cells */
void fdt_cells(struct fdt *f, const char *name, const uint32_t *cells, size_t count);
void fdt_u32(struct fdt *f, const char *name, uint32_t value);
/* pairs of 64-bit numbers: reg with two cells each */
void fdt_reg(struct fdt *f, uint64_t base, uint64_t size);
/* Bytes of the tree; 0: it did not fit. */
size_t fdt_end(struct fdt *f);

#endif
