/* SPDX-License-Identifier: BSD-2-Clause */
#include "firmware/fdt_canon.h"
#include "base/string.h"
#include <libfdt.h>

enum { MARK_BEGIN = 1, MARK_END = 2, MARK_PROPERTY = 3, MARK_RESERVED = 4 };

struct canon {
	struct sha384_ctx ctx;
	int depth;		/* nodes that are open */
	int chosen;		/* depth inside of /chosen, 0: elsewhere */
};

static void add_number(struct canon *c, u64 v, u32 bytes)
{
	u8 le[8];

	for (u32 i = 0; i < bytes; i++)
		le[i] = (u8)(v >> 8 * i);
	sha384_update(&c->ctx, le, bytes);
}

static void add_text(struct canon *c, const void *data, u32 size)
{
	add_number(c, size, 4);
	sha384_update(&c->ctx, data, size);
}

/* The node that follows this one and everything in it. Negative: the tree is broken. */
static int skip_node(const void *fdt, int offset)
{
	int depth = 0;

	for (;;) {
		int next;
		u32 tag = fdt_next_tag(fdt, offset, &next);

		if (next < 0 || tag == FDT_END)
			return -FDT_ERR_BADSTRUCTURE;
		depth += tag == FDT_BEGIN_NODE;
		depth -= tag == FDT_END_NODE;
		if (!depth)
			return next;
		offset = next;
	}
}

static bool is_module(const struct canon *c, const void *fdt, int offset)
{
	return c->chosen == 1 && !fdt_node_check_compatible(fdt, offset, "multiboot,module");
}

/* Takes in the node's begin; returns where to go on. */
static int begin_node(struct canon *c, const void *fdt, int offset, int next)
{
	int len;
	const char *name = fdt_get_name(fdt, offset, &len);

	if (!name)
		return len;
	if (is_module(c, fdt, offset))
		return skip_node(fdt, offset);
	if (c->chosen || (c->depth == 1 && !strcmp(name, "chosen")))
		c->chosen++;
	c->depth++;
	add_number(c, MARK_BEGIN, 4);
	add_text(c, name, (u32)len);
	return next;
}

static int end_node(struct canon *c, int next)
{
	c->depth--;
	if (c->chosen)
		c->chosen--;
	add_number(c, MARK_END, 4);
	return next;
}

static int property(struct canon *c, const void *fdt, int offset, int next)
{
	const char *name;
	int len;
	const void *value = fdt_getprop_by_offset(fdt, offset, &name, &len);

	if (!value)
		return len;
	if (c->chosen == 1)
		return next;
	add_number(c, MARK_PROPERTY, 4);
	add_text(c, name, (u32)strlen(name));
	add_text(c, value, (u32)len);
	return next;
}

static bool add_reserved(struct canon *c, const void *fdt)
{
	int n = fdt_num_mem_rsv(fdt);

	for (int i = 0; i < n; i++) {
		uint64_t base, size;

		if (fdt_get_mem_rsv(fdt, i, &base, &size))
			return false;
		add_number(c, MARK_RESERVED, 4);
		add_number(c, base, 8);
		add_number(c, size, 8);
	}
	return n >= 0;
}

bool fdt_canon_digest(const void *fdt, u8 digest[SHA384_SIZE])
{
	struct canon c = { .depth = 0 };
	int offset = 0;
	u32 tag;

	if (fdt_check_header(fdt))
		return false;
	sha384_init(&c.ctx);
	do {
		int next;

		tag = fdt_next_tag(fdt, offset, &next);
		if (next < 0)
			return false;
		if (tag == FDT_BEGIN_NODE)
			offset = begin_node(&c, fdt, offset, next);
		else if (tag == FDT_END_NODE)
			offset = end_node(&c, next);
		else if (tag == FDT_PROP)
			offset = property(&c, fdt, offset, next);
		else
			offset = next;
		if (offset < 0 || (!c.depth && tag != FDT_END && tag != FDT_END_NODE && tag != FDT_NOP))
			return false;
	} while (tag != FDT_END);
	if (!add_reserved(&c, fdt))
		return false;
	sha384_finish(&c.ctx, digest);
	return true;
}
