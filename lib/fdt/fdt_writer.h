/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes a flattened device tree from front to back, mostly out of pieces of another one: names of
 * properties that come from the source keep their place in its strings block, which is copied at
 * the end. Running out of space, or out of room for new names, is remembered and told by
 * dt_write_finish(); until then every call is safe.
 */
#ifndef FDT_FDT_WRITER_H
#define FDT_FDT_WRITER_H

#include "base/types.h"
#include "fdt/fdt_reader.h"

enum { DT_WRITER_NEW_NAMES = 256 };	/* bytes for names that the source may not have */

struct dt_writer {
	const void *source;	/* validated */
	u8 *out;
	size_t size;
	size_t at;		/* bytes written so far */
	size_t open;		/* place of the length of the property being written */
	bool full;
	u32 new_len;
	char new_names[DT_WRITER_NEW_NAMES];
};

/* out is 8-byte aligned and does not overlap the source. */
void dt_write_begin(struct dt_writer *w, const void *source, void *out, size_t size);
bool dt_write_finish(struct dt_writer *w, u32 boot_hart);

void dt_write_node(struct dt_writer *w, const char *name);
void dt_write_end(struct dt_writer *w);

/* A property of the source, as it is. */
void dt_write_copy(struct dt_writer *w, const struct dt_prop *p);

void dt_write_prop(struct dt_writer *w, const char *name, const void *data, size_t len);
void dt_write_string(struct dt_writer *w, const char *name, const char *s);

/* A property piece by piece: cells, or text that the caller puts into dt_write_room()'s space. */
void dt_write_open(struct dt_writer *w, const char *name);
void dt_write_cells(struct dt_writer *w, u64 v, u32 cells);	/* cells: 1 or 2 */
char *dt_write_room(struct dt_writer *w, size_t *size);
void dt_write_used(struct dt_writer *w, size_t n);
void dt_write_close(struct dt_writer *w);
void dt_write_cancel(struct dt_writer *w);	/* instead of close: the property was never begun */

/* Turns a property of a finished tree into nothing, in place. */
void dt_blank(void *fdt, const struct dt_prop *p);

#endif
