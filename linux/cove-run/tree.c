// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tree.h"

#define MAGIC		0xd00dfeed
#define VERSION		17
#define LAST_COMPATIBLE	16
#define BEGIN_NODE	1
#define END_NODE	2
#define PROPERTY	3
#define END		9

struct header {
	uint32_t magic, totalsize, off_dt_struct, off_dt_strings, off_mem_rsvmap, version, last_comp_version,
		boot_cpuid_phys, size_dt_strings, size_dt_struct;
};

#define RESERVED	((sizeof(struct header) + 7) / 8 * 8)
#define STRUCTURE	(RESERVED + 16)

static void put(struct tree *f, const void *data, size_t size)
{
	static const uint8_t zero[4];
	size_t padding = -size & 3;

	if (f->full || size > f->room - f->at || padding > f->room - f->at - size) {
		f->full = true;
		return;
	}
	memcpy(f->out + f->at, data, size);
	memcpy(f->out + f->at + size, zero, padding);
	f->at += size + padding;
}

static void put_u32(struct tree *f, uint32_t value)
{
	value = htobe32(value);
	put(f, &value, sizeof(value));
}

void tree_begin(struct tree *f, void *out, size_t room)
{
	memset(f, 0, sizeof(*f));
	f->out = out;
	f->room = room;
	f->full = room < STRUCTURE;
	if (!f->full)
		memset(out, 0, STRUCTURE);
	f->at = STRUCTURE;
	tree_node(f, "%s", "");
}

void tree_node(struct tree *f, const char *format, ...)
{
	char name[64];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	f->full |= n < 0 || (size_t)n >= sizeof(name);
	put_u32(f, BEGIN_NODE);
	put(f, name, strlen(name) + 1);
}

void tree_close(struct tree *f)
{
	put_u32(f, END_NODE);
}

static uint32_t string_offset(struct tree *f, const char *name)
{
	size_t at, size = strlen(name) + 1;

	for (at = 0; at < f->strings_size; at += strlen(f->strings + at) + 1)
		if (!strcmp(f->strings + at, name))
			return (uint32_t)at;
	if (size > sizeof(f->strings) - at) {
		f->full = true;
		return 0;
	}
	memcpy(f->strings + at, name, size);
	f->strings_size += size;
	return (uint32_t)at;
}

void tree_bytes(struct tree *f, const char *name, const void *value, size_t size)
{
	put_u32(f, PROPERTY);
	put_u32(f, (uint32_t)size);
	put_u32(f, string_offset(f, name));
	put(f, value, size);
}

void tree_string(struct tree *f, const char *name, const char *value)
{
	tree_bytes(f, name, value, strlen(value) + 1);
}

void tree_empty(struct tree *f, const char *name)
{
	tree_bytes(f, name, "", 0);
}

void tree_cells(struct tree *f, const char *name, const uint32_t *cells, size_t count)
{
	size_t i;

	put_u32(f, PROPERTY);
	put_u32(f, (uint32_t)(4 * count));
	put_u32(f, string_offset(f, name));
	for (i = 0; i < count; i++)
		put_u32(f, cells[i]);
}

void tree_u32(struct tree *f, const char *name, uint32_t value)
{
	tree_cells(f, name, &value, 1);
}

void tree_reg(struct tree *f, uint64_t base, uint64_t size)
{
	uint32_t cells[] = { (uint32_t)(base >> 32), (uint32_t)base, (uint32_t)(size >> 32),
			     (uint32_t)size };

	tree_cells(f, "reg", cells, 4);
}

size_t tree_end(struct tree *f)
{
	struct header h;
	size_t strings, total;

	tree_close(f);
	put_u32(f, END);
	strings = f->at;
	put(f, f->strings, f->strings_size);
	total = f->at;
	if (f->full)
		return 0;
	h = (struct header){
		.magic = htobe32(MAGIC),
		.totalsize = htobe32((uint32_t)total),
		.off_dt_struct = htobe32(STRUCTURE),
		.off_dt_strings = htobe32((uint32_t)strings),
		.off_mem_rsvmap = htobe32(RESERVED),
		.version = htobe32(VERSION),
		.last_comp_version = htobe32(LAST_COMPATIBLE),
		.size_dt_strings = htobe32((uint32_t)f->strings_size),
		.size_dt_struct = htobe32((uint32_t)(strings - STRUCTURE)),
	};
	memcpy(f->out, &h, sizeof(h));
	return total;
}
