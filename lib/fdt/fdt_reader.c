/* SPDX-License-Identifier: BSD-2-Clause */
#include <libfdt.h>

#include "base/string.h"
#include "fdt/fdt_reader.h"

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

static bool is_shallow(const void *fdt)
{
	int depth = 0, node = 0;

	while (node >= 0 && depth >= 0) {
		if (depth >= DT_MAX_DEPTH)
			return false;
		node = fdt_next_node(fdt, node, &depth);
	}
	return true;
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
	if (!is_shallow(fdt))
		return refuse(why, DT_E_CAPACITY, "device tree: nodes nested too deeply");
	return DT_OK;
}

void dt_walk_begin(struct dt_walk *w, const void *fdt)
{
	w->fdt = fdt;
	w->node = 0;
	w->depth = 0;
	w->started = false;
}

bool dt_walk_next(struct dt_walk *w)
{
	if (w->started)
		w->node = fdt_next_node(w->fdt, w->node, &w->depth);
	w->started = true;
	if (w->node < 0 || w->depth < 0 || w->depth >= DT_MAX_DEPTH)
		return false;
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
			u64 parent = dt_cells(p + 4 * bus->address_cells, up->address_cells);
			u64 size = dt_cells(p + entry - 4 * bus->size_cells, bus->size_cells);

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
	p = w->reg + 4 * i * (up->address_cells + up->size_cells);
	r->base = SPA(dt_cells(p, up->address_cells));
	r->size = dt_cells(p + 4 * up->address_cells, up->size_cells);
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
	p = w->level[w->depth].ranges + i * entry;
	if (!(p[0] & 3)) {	/* configuration space: `reg` has it */
		*r = (struct machine_range){ .size = 0 };
		return true;
	}
	p += 4 * PCI_ADDRESS_CELLS;
	r->base = SPA(dt_cells(p, up->address_cells));
	r->size = dt_cells(p + 4 * up->address_cells, PCI_SIZE_CELLS);
	return translate(w, w->depth - 1, r);
}

bool dt_node_is(const void *fdt, int node, const char *name)
{
	const char *have = fdt_get_name(fdt, node, NULL);
	size_t n = strlen(name);

	return have && !strncmp(have, name, n) && (!have[n] || have[n] == '@');
}

bool dt_compatible(const void *fdt, int node, const char *compatible)
{
	return !fdt_node_check_compatible(fdt, node, compatible);
}

const u8 *dt_bytes(const void *fdt, int node, const char *name, u32 *len)
{
	int n;
	const void *p = fdt_getprop(fdt, node, name, &n);

	*len = p && n > 0 ? (u32)n : 0;
	return p;
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
	return fdt_get_phandle(fdt, node);
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
