/* SPDX-License-Identifier: BSD-2-Clause */
#include <libfdt.h>

#include "base/string.h"
#include "fdt/fdt_reader.h"

typedef u32 __attribute__((may_alias)) word_t;

static enum dt_err refuse(const char **why, enum dt_err err, const char *reason)
{
	*why = reason;
	return err;
}

/*
 * libfdt looks for the end of a name from wherever a property says it starts: long runs would make
 * that slow.
 */
static bool names_are_short(const void *fdt)
{
	const char *s = (const char *)fdt + fdt_off_dt_strings(fdt);
	u32 run = 0;

	for (u32 i = 0; i < fdt_size_dt_strings(fdt); i++) {
		run = s[i] ? run + 1 : 0;
		if (run > DT_MAX_NAME)
			return false;
	}
	return true;
}

/* A big-endian word that is 4-byte aligned, as all of the structure block is. */
static u32 word_at(const u8 *p)
{
	const u32 bytes = 0x00ff00ff;
	u32 v = *(const word_t *)(const void *)p;

	v = (v >> 8 & bytes) | (v & bytes) << 8;
	return v >> 16 | v << 16;
}

/* A block of the tree, from where the header says that it starts. */
static const u8 *block(const void *fdt, size_t field)
{
	return (const u8 *)fdt + word_at((const u8 *)fdt + field);
}

static const u8 *structure(const void *fdt)
{
	return block(fdt, offsetof(struct fdt_header, off_dt_struct));
}

/* The root's tag; NOPs may come before it. */
static const u8 *root_of(const void *fdt)
{
	const u8 *p = structure(fdt);

	while (word_at(p) == FDT_NOP)
		p += FDT_TAGSIZE;
	return p;
}

static bool is_shallow(const void *fdt)
{
	struct dt_walk w;

	dt_walk_begin(&w, fdt);
	while (dt_walk_next(&w))
		;
	return w.depth < 0;	/* left the root, rather than stopped inside */
}

enum dt_err dt_validate(const void *fdt, size_t max, const char **why)
{
	if (!fdt || (uintptr_t)fdt % 8)
		return refuse(why, DT_E_BLOB, "device tree: none, or not 8-byte aligned");
	if (max < sizeof(struct fdt_header) || fdt_check_header(fdt))
		return refuse(why, DT_E_BLOB, "device tree: bad header");
	if (fdt_version(fdt) < 17)
		return refuse(why, DT_E_BLOB, "device tree: older than version 17");
	if (fdt_totalsize(fdt) > max)
		return refuse(why, DT_E_BLOB, "device tree: larger than what was set aside");
	if (fdt_off_dt_struct(fdt) % 4 || fdt_off_mem_rsvmap(fdt) % 8)
		return refuse(why, DT_E_BLOB, "device tree: misaligned blocks");
	if (!names_are_short(fdt))
		return refuse(why, DT_E_BLOB, "device tree: endless property name");
	if (fdt_check_full(fdt, max))
		return refuse(why, DT_E_BLOB, "device tree: damaged or truncated");
	/* libfdt takes an END without a node before it for a tree. */
	if (word_at(root_of(fdt)) != FDT_BEGIN_NODE)
		return refuse(why, DT_E_BLOB, "device tree: no root");
	if (!is_shallow(fdt))
		return refuse(why, DT_E_CAPACITY, "device tree: nodes nested too deeply");
	return DT_OK;
}

/* What follows a node's tag and name. */
static const u8 *after_name(const u8 *node)
{
	size_t size = strlen((const char *)node + FDT_TAGSIZE) + 1;

	return node + FDT_TAGSIZE + ALIGN_UP(size, FDT_TAGSIZE);
}

static const u8 *after_prop(const u8 *prop)
{
	u32 size = word_at(prop + FDT_TAGSIZE);

	return prop + sizeof(struct fdt_property) + ALIGN_UP(size, FDT_TAGSIZE);
}

/* The property at p, or behind NOPs there. */
static bool read_prop(const void *fdt, const u8 *p, struct dt_prop *prop)
{
	const u8 *strings;

	while (word_at(p) == FDT_NOP)
		p += FDT_TAGSIZE;
	if (word_at(p) != FDT_PROP)
		return false;
	strings = block(fdt, offsetof(struct fdt_header, off_dt_strings));
	prop->len = word_at(p + FDT_TAGSIZE);
	prop->name = (const char *)strings + word_at(p + 2 * FDT_TAGSIZE);
	prop->value = p + sizeof(struct fdt_property);
	prop->offset = (int)(p - structure(fdt));
	return true;
}

bool dt_prop_first(const void *fdt, int node, struct dt_prop *p)
{
	return read_prop(fdt, after_name(structure(fdt) + node), p);
}

bool dt_prop_next(const void *fdt, struct dt_prop *p)
{
	return read_prop(fdt, after_prop(structure(fdt) + p->offset), p);
}

void dt_walk_begin(struct dt_walk *w, const void *fdt)
{
	w->fdt = fdt;
	w->node = 0;
	w->depth = 0;
	w->started = false;
}

/*
 * From the current node to the next one's tag, counting levels; false behind the end of the root.
 */
static bool step(struct dt_walk *w)
{
	const u8 *base = structure(w->fdt), *p = after_name(base + w->node);

	for (;;) {
		switch (word_at(p)) {
		case FDT_PROP:
			p = after_prop(p);
			continue;
		case FDT_NOP:
			break;
		case FDT_END_NODE:
			if (--w->depth < 0)
				return false;
			break;
		case FDT_BEGIN_NODE:
			w->depth++;
			w->node = (int)(p - base);
			return true;
		}
		p += FDT_TAGSIZE;
	}
}

bool dt_walk_next(struct dt_walk *w)
{
	if (!w->started)
		w->node = (int)(root_of(w->fdt) - structure(w->fdt));
	else if (!step(w) || w->depth >= DT_MAX_DEPTH)
		return false;
	w->started = true;
	w->level[w->depth] = (struct dt_level){ .node = w->node };
	w->reg_loaded = false;
	return true;
}

/* What a node says about its children is read when the first child asks. */
const struct dt_level *dt_walk_level(struct dt_walk *w, int depth)
{
	struct dt_level *l = &w->level[depth];

	if (l->loaded)
		return l;
	l->loaded = true;
	if (!dt_u32(w->fdt, l->node, "#address-cells", &l->address_cells))
		l->address_cells = 2;
	if (!dt_u32(w->fdt, l->node, "#size-cells", &l->size_cells))
		l->size_cells = 1;
	l->ranges = dt_bytes(w->fdt, l->node, "ranges", &l->ranges_len);
	l->bus = l->ranges || depth == 0;
	return l;
}

const struct dt_level *dt_walk_parent(struct dt_walk *w)
{
	return dt_walk_level(w, w->depth - 1);
}

u64 dt_cells(const u8 *p, u32 cells)
{
	u64 v = 0;

	for (u32 i = 0; i < 4 * cells; i++)
		v = v << 8 | p[i];
	return v;
}

/*
 * An address as a child of the node at `depth` gives it, step by step up to the root's address
 * space.
 */
static bool translate(struct dt_walk *w, int depth, struct machine_range *r)
{
	for (; depth > 0; depth--) {
		const struct dt_level *bus = dt_walk_level(w, depth);
		const struct dt_level *up = dt_walk_level(w, depth - 1);
		u32 entry = 4 * (bus->address_cells + up->address_cells + bus->size_cells);
		bool found = false;

		if (!bus->bus)
			return false;
		if (!bus->ranges_len)
			continue;
		if (bus->address_cells > 2 || up->address_cells > 2 || bus->size_cells > 2)
			return false;
		if (!entry || bus->ranges_len / entry > DT_MAX_ENTRIES)
			return false;
		for (u32 at = 0; bus->ranges_len - at >= entry && !found; at += entry) {
			const u8 *p = bus->ranges + at;
			u64 child = dt_cells(p, bus->address_cells);
			u64 parent = dt_cells(p + 4UL * bus->address_cells, up->address_cells);
			u64 size = dt_cells(p + entry - 4UL * bus->size_cells, bus->size_cells);

			if (!range_ok(parent, size) || r->base.v < child ||
			    r->base.v - child >= size || r->size > size - (r->base.v - child))
				continue;
			r->base = SPA(parent + (r->base.v - child));
			found = true;
		}
		if (!found)
			return false;
	}
	return r->size && range_ok(r->base.v, r->size);
}

static int entries(u32 len, u32 entry)
{
	return len % entry || len / entry > DT_MAX_ENTRIES ? -1 : (int)(len / entry);
}

int dt_walk_reg_count(struct dt_walk *w)
{
	const struct dt_level *up;
	u32 entry;

	if (!w->reg_loaded)
		w->reg = dt_bytes(w->fdt, w->node, "reg", &w->reg_len);
	w->reg_loaded = true;
	if (w->depth == 0 || !w->reg)
		return 0;
	up = dt_walk_parent(w);
	if (up->address_cells < 1 || up->address_cells > 2 || up->size_cells > 2)
		return -1;
	entry = 4 * (up->address_cells + up->size_cells);
	return entries(w->reg_len, entry);
}

bool dt_walk_reg(struct dt_walk *w, u32 i, struct machine_range *r)
{
	int count = dt_walk_reg_count(w);
	const struct dt_level *up;
	const u8 *p;

	if (count < 0 || i >= (u32)count)
		return false;
	up = dt_walk_parent(w);
	p = w->reg + 4UL * i * (up->address_cells + up->size_cells);
	r->base = SPA(dt_cells(p, up->address_cells));
	r->size = dt_cells(p + 4UL * up->address_cells, up->size_cells);
	return translate(w, w->depth - 1, r);
}

/*
 * PCI: three address cells, of which the first names the space (bits 25:24) and the other two are
 * the address.
 */
enum { PCI_ADDRESS_CELLS = 3, PCI_SIZE_CELLS = 2 };

int dt_walk_window_count(struct dt_walk *w)
{
	const struct dt_level *bridge, *up;
	u32 entry;

	if (w->depth == 0)
		return -1;
	bridge = dt_walk_level(w, w->depth);
	up = dt_walk_parent(w);
	if (bridge->address_cells != PCI_ADDRESS_CELLS || bridge->size_cells != PCI_SIZE_CELLS ||
	    up->address_cells < 1 || up->address_cells > 2)
		return -1;
	entry = 4 * (PCI_ADDRESS_CELLS + up->address_cells + PCI_SIZE_CELLS);
	return entries(bridge->ranges_len, entry);
}

bool dt_walk_window(struct dt_walk *w, u32 i, struct machine_range *r)
{
	int count = dt_walk_window_count(w);
	const struct dt_level *up;
	const u8 *p;
	u32 entry;

	if (count < 0 || i >= (u32)count)
		return false;
	up = dt_walk_parent(w);
	entry = 4 * (PCI_ADDRESS_CELLS + up->address_cells + PCI_SIZE_CELLS);
	p = w->level[w->depth].ranges + (u64)i * entry;
	if (!(p[0] & 3)) {	/* configuration space: `reg` has it */
		*r = (struct machine_range){ .size = 0 };
		return true;
	}
	p += 4UL * PCI_ADDRESS_CELLS;
	r->base = SPA(dt_cells(p, up->address_cells));
	r->size = dt_cells(p + 4UL * up->address_cells, PCI_SIZE_CELLS);
	return translate(w, w->depth - 1, r);
}

const char *dt_name(const void *fdt, int node)
{
	return (const char *)structure(fdt) + node + FDT_TAGSIZE;
}

bool dt_node_is(const void *fdt, int node, const char *name)
{
	const char *have = dt_name(fdt, node);
	size_t n = strlen(name);

	return !strncmp(have, name, n) && (!have[n] || have[n] == '@');
}

/* True when a node's name is the component; without its unit address when that has none. */
static bool is_component(const char *name, const char *component, size_t n)
{
	if (strncmp(name, component, n) != 0)
		return false;
	return !name[n] || (name[n] == '@' && !memchr(component, '@', n));
}

/* One walk: parents come first, so a component's node is looked for below the last one found. */
int dt_find(const void *fdt, const char *path, size_t len)
{
	struct dt_walk w;
	size_t at = 0, n = 0;
	int found = 0;		/* depth of the node found so far */

	for (dt_walk_begin(&w, fdt); dt_walk_next(&w);) {
		if (w.depth < found)
			break;
		if (w.depth > found)
			continue;
		if (found && !is_component(dt_name(fdt, w.node), path + at, n))
			continue;
		at += n;
		while (at < len && path[at] == '/')
			at++;
		if (at == len)
			return len ? w.node : -1;
		for (n = 0; at + n < len && path[at + n] != '/'; n++)
			;
		found++;
	}
	return -1;
}

bool dt_compatible(const void *fdt, int node, const char *compatible)
{
	size_t n = strlen(compatible) + 1;
	u32 len;
	const u8 *list = dt_bytes(fdt, node, "compatible", &len);

	while (len >= n) {
		u32 used;

		if (!memcmp(list, compatible, n))
			return true;
		used = (u32)strnlen((const char *)list, len);
		if (used == len)
			return false;
		list += used + 1;
		len -= used + 1;
	}
	return false;
}

/* The first of that name counts. */
const u8 *dt_bytes(const void *fdt, int node, const char *name, u32 *len)
{
	struct dt_prop p;

	*len = 0;
	for (bool more = dt_prop_first(fdt, node, &p); more; more = dt_prop_next(fdt, &p)) {
		if (strcmp(p.name, name) != 0)
			continue;
		*len = p.len;
		return p.value;
	}
	return NULL;
}

bool dt_has(const void *fdt, int node, const char *name)
{
	u32 len;

	return dt_bytes(fdt, node, name, &len) != NULL;
}

bool dt_u32(const void *fdt, int node, const char *name, u32 *v)
{
	u32 len;
	const u8 *p = dt_bytes(fdt, node, name, &len);

	if (!p || len != 4)
		return false;
	*v = (u32)dt_cells(p, 1);
	return true;
}

const char *dt_string(const void *fdt, int node, const char *name, size_t *len)
{
	u32 size;
	const char *s = (const char *)dt_bytes(fdt, node, name, &size);

	*len = 0;
	if (!s || !memchr(s, 0, size))
		return NULL;
	*len = strlen(s);
	return s;
}

bool dt_enabled(const void *fdt, int node)
{
	const char *status;
	size_t len;

	if (!dt_has(fdt, node, "status"))
		return true;
	status = dt_string(fdt, node, "status", &len);
	return status && (!strcmp(status, "okay") || !strcmp(status, "ok"));
}

u32 dt_phandle(const void *fdt, int node)
{
	u32 phandle;

	if (!dt_u32(fdt, node, "phandle", &phandle) &&
	    !dt_u32(fdt, node, "linux,phandle", &phandle))
		return 0;
	return phandle;
}

bool dt_is_memory(const void *fdt, int node)
{
	size_t len;
	const char *type = dt_string(fdt, node, "device_type", &len);

	return type ? !strcmp(type, "memory") : dt_node_is(fdt, node, "memory");
}

bool dt_is_cpu(const void *fdt, int node)
{
	size_t len;
	const char *type = dt_string(fdt, node, "device_type", &len);

	return type && !strcmp(type, "cpu");
}
