/* SPDX-License-Identifier: BSD-2-Clause */
#include <libfdt.h>

#include "base/string.h"
#include "fdt/fdt_writer.h"

/* An empty memory reservation block is one all-zero entry. */
enum { RSV_SIZE = 16, STRUCT_AT = sizeof(struct fdt_header) + RSV_SIZE };

static void put(struct dt_writer *w, const void *data, size_t n)
{
	if (n > w->size - w->at) {
		w->full = true;
		return;
	}
	memcpy(w->out + w->at, data, n);
	w->at += n;
}

static void put_u32(struct dt_writer *w, u32 v)
{
	fdt32_t be = cpu_to_fdt32(v);

	put(w, &be, sizeof(be));
}

static void pad(struct dt_writer *w)
{
	if (w->at % 4)
		put(w, "\0\0\0", 4 - w->at % 4);
}

void dt_write_begin(struct dt_writer *w, const void *source, void *out, size_t size)
{
	w->source = source;
	w->out = out;
	w->size = size;
	w->at = STRUCT_AT;
	w->full = size < STRUCT_AT;
	w->new_len = 0;
	if (w->full)
		w->size = w->at = 0;
	else
		memset(w->out, 0, STRUCT_AT);
}

static void put_header(struct dt_writer *w, u32 field, u32 v)
{
	fdt32_t be = cpu_to_fdt32(v);

	memcpy(w->out + 4UL * field, &be, sizeof(be));
}

bool dt_write_finish(struct dt_writer *w, u32 boot_hart)
{
	u32 source_names = fdt_size_dt_strings(w->source);
	u32 struct_size;
	size_t names;

	put_u32(w, FDT_END);
	names = w->at;
	put(w, (const char *)w->source + fdt_off_dt_strings(w->source), source_names);
	put(w, w->new_names, w->new_len);
	if (w->full || w->at > INT32_MAX)
		return false;
	struct_size = (u32)(names - STRUCT_AT);
	put_header(w, 0, FDT_MAGIC);
	put_header(w, 1, (u32)w->at);
	put_header(w, 2, STRUCT_AT);
	put_header(w, 3, (u32)names);
	put_header(w, 4, sizeof(struct fdt_header));
	put_header(w, 5, 17);				/* version */
	put_header(w, 6, 16);				/* last compatible version */
	put_header(w, 7, boot_hart);
	put_header(w, 8, source_names + w->new_len);
	put_header(w, 9, struct_size);
	return true;
}

void dt_write_node(struct dt_writer *w, const char *name)
{
	put_u32(w, FDT_BEGIN_NODE);
	put(w, name, strlen(name) + 1);
	pad(w);
}

void dt_write_end(struct dt_writer *w)
{
	put_u32(w, FDT_END_NODE);
}

void dt_write_copy(struct dt_writer *w, const struct dt_prop *p)
{
	put(w, p->value - sizeof(struct fdt_property), sizeof(struct fdt_property) + p->len);
	pad(w);
}

void dt_blank(void *fdt, const struct dt_prop *p)
{
	u8 *tag = (u8 *)fdt + fdt_off_dt_struct(fdt) + p->offset;
	size_t size = sizeof(struct fdt_property) + ALIGN_UP((size_t)p->len, FDT_TAGSIZE);
	fdt32_t nop = cpu_to_fdt32(FDT_NOP);

	for (size_t i = 0; i < size; i += sizeof(nop))
		memcpy(tag + i, &nop, sizeof(nop));
}

/* Offset of a name among those that come behind the source's. */
static u32 name_offset(struct dt_writer *w, const char *name)
{
	size_t n = strlen(name) + 1;
	u32 at = 0;

	while (at < w->new_len && strcmp(w->new_names + at, name) != 0)
		at += (u32)strlen(w->new_names + at) + 1;
	if (at == w->new_len) {
		if (n > sizeof(w->new_names) - at) {
			w->full = true;
			return 0;
		}
		memcpy(w->new_names + at, name, n);
		w->new_len += (u32)n;
	}
	return fdt_size_dt_strings(w->source) + at;
}

void dt_write_open(struct dt_writer *w, const char *name)
{
	put_u32(w, FDT_PROP);
	w->open = w->at;
	put_u32(w, 0);
	put_u32(w, name_offset(w, name));
}

void dt_write_cells(struct dt_writer *w, u64 v, u32 cells)
{
	if (cells == 2)
		put_u32(w, (u32)(v >> 32));
	put_u32(w, (u32)v);
}

char *dt_write_room(struct dt_writer *w, size_t *size)
{
	*size = w->full ? 0 : w->size - w->at;
	return (char *)w->out + w->at;
}

void dt_write_used(struct dt_writer *w, size_t n)
{
	if (n > w->size - w->at)
		w->full = true;
	else
		w->at += n;
}

void dt_write_close(struct dt_writer *w)
{
	fdt32_t len = cpu_to_fdt32((u32)(w->at - w->open - 8));

	if (w->full)
		return;
	memcpy(w->out + w->open, &len, sizeof(len));
	pad(w);
}

void dt_write_cancel(struct dt_writer *w)
{
	if (!w->full)
		w->at = w->open - 4;
}

void dt_write_prop(struct dt_writer *w, const char *name, const void *data, size_t len)
{
	dt_write_open(w, name);
	put(w, data, len);
	dt_write_close(w);
}

void dt_write_string(struct dt_writer *w, const char *name, const char *s)
{
	dt_write_prop(w, name, s, strlen(s) + 1);
}
