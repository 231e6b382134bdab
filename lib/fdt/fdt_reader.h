/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounded reading of an untrusted flattened device tree. dt_validate() comes first, has libfdt
 * check the whole blob, and makes everything after it safe: tags, names and lengths are taken as
 * they are from then on, no walk is deeper than DT_MAX_DEPTH, and every function here ends after at
 * most one pass over the tree. Phandles are compared, never followed.
 */
#ifndef FDT_FDT_READER_H
#define FDT_FDT_READER_H

#include "base/types.h"
#include "fdt/machine.h"

enum {
	DT_MAX_DEPTH	= 16,	/* nodes on a path, the root included */
	DT_MAX_NAME	= 255,	/* bytes of a property's name */
	DT_MAX_ENTRIES	= 512,	/* of a `reg` or `ranges`; a longer one counts as malformed */
};

/*
 * Structure, alignment, sizes, names and depth of the whole blob, of which at most max bytes are
 * touched.
 */
enum dt_err dt_validate(const void *fdt, size_t max, const char **why);

/*
 * A property of a node; offset is that of its tag in the structure block. Nodes, too, are named by
 * the offset of their tag, as libfdt does.
 */
struct dt_prop {
	const char *name;
	const u8 *value;
	u32 len;
	int offset;
};

bool dt_prop_first(const void *fdt, int node, struct dt_prop *p);
bool dt_prop_next(const void *fdt, struct dt_prop *p);

/* One node on the path to the current one, and how it encodes its children's addresses. */
struct dt_level {
	int node;
	bool loaded;
	bool bus;		/* has `ranges`, or is the root: children's addresses translate */
	u32 address_cells;
	u32 size_cells;
	const u8 *ranges;	/* big-endian cells; empty = one to one */
	u32 ranges_len;
};

/* A walk over all nodes, parents first. node and depth (0 = root) are the current ones. */
struct dt_walk {
	const void *fdt;
	int node;
	int depth;
	bool started;
	bool reg_loaded;
	const u8 *reg;		/* the current node's, once asked for; NULL = none */
	u32 reg_len;
	struct dt_level level[DT_MAX_DEPTH];
};

void dt_walk_begin(struct dt_walk *w, const void *fdt);
bool dt_walk_next(struct dt_walk *w);

/* Encoding of the current node's own `reg` (its parent's cells), or of its children's. */
const struct dt_level *dt_walk_parent(struct dt_walk *w);
const struct dt_level *dt_walk_level(struct dt_walk *w, int depth);

/*
 * Entries of the current node's `reg`: how many (0 without one, -1 when the property is malformed),
 * and entry i as a range of the root's address space. False when it wraps, is empty or lies behind
 * a bus that does not translate.
 */
int dt_walk_reg_count(struct dt_walk *w);
bool dt_walk_reg(struct dt_walk *w, u32 i, struct machine_range *r);

/*
 * The same for the memory and I/O windows of a PCI bridge's `ranges`; configuration space is left
 * out as size 0.
 */
int dt_walk_window_count(struct dt_walk *w);
bool dt_walk_window(struct dt_walk *w, u32 i, struct machine_range *r);

const char *dt_name(const void *fdt, int node);

/* The node at a path of len bytes ("/soc/serial", unit addresses may be left out); -1 = none. */
int dt_find(const void *fdt, const char *path, size_t len);

/* Properties of a node. A string or a list counts only when it ends in NUL within its property. */
bool dt_node_is(const void *fdt, int node, const char *name);	/* name up to the '@' */
bool dt_compatible(const void *fdt, int node, const char *compatible);
bool dt_enabled(const void *fdt, int node);			/* no status, or "okay" */
bool dt_u32(const void *fdt, int node, const char *name, u32 *v);
const char *dt_string(const void *fdt, int node, const char *name, size_t *len);
const u8 *dt_bytes(const void *fdt, int node, const char *name, u32 *len);
bool dt_has(const void *fdt, int node, const char *name);
u32 dt_phandle(const void *fdt, int node);			/* 0 = none */

/* By device_type; a node that only has the name of memory counts as well. */
bool dt_is_memory(const void *fdt, int node);
bool dt_is_cpu(const void *fdt, int node);

/* A number of 0, 1 or 2 big-endian cells. */
u64 dt_cells(const u8 *p, u32 cells);

/* Cell number i. */
static inline u32 dt_u32_at(const u8 *p, u32 i)
{
	return (u32)dt_cells(p + 4 * i, 1);
}

#endif
