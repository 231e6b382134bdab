/* SPDX-License-Identifier: BSD-2-Clause */
#include <libfdt.h>

#include "base/string.h"
#include "cove/attest_handoff.h"
#include "fdt/fdt_reader.h"
#include "fdt/imsic.h"
#include "fdt/machine.h"

enum { NODE_ROOT, NODE_CHILD, NODE_GRANDCHILD };	/* depth of a node */

/* What the parsing functions share. */
struct parse {
	struct dt_walk walk;
	struct machine *m;
	const char **why;
};

static enum dt_err refuse(const struct parse *ps, enum dt_err err, const char *reason)
{
	*ps->why = reason;
	return err;
}

u64 machine_ram_size(const struct machine *m)
{
	u64 sum = 0;

	for (u32 i = 0; i < m->nr_ram; i++)
		sum += m->ram[i].size;
	return sum;
}

static bool overlap(const struct machine_range *a, const struct machine_range *b)
{
	return ranges_overlap(a->base.v, a->size, b->base.v, b->size);
}

bool machine_overlaps_ram(const struct machine *m, const struct machine_range *r)
{
	for (u32 i = 0; i < m->nr_ram; i++) {
		if (overlap(&m->ram[i], r))
			return true;
	}
	return false;
}

static bool within_ram(const struct machine *m, const struct machine_range *r)
{
	for (u32 i = 0; i < m->nr_ram; i++) {
		const struct machine_range *bank = &m->ram[i];

		if (r->base.v >= bank->base.v && r->size <= bank->size &&
		    r->base.v - bank->base.v <= bank->size - r->size)
			return true;
	}
	return false;
}

/* Inserts by base. Part of a page at either end is not used. */
static enum dt_err add_ram(const struct parse *ps, const struct machine_range *r, u32 numa)
{
	struct machine *m = ps->m;
	struct machine_range bank;
	u64 end = r->base.v + r->size;
	u32 i;

	if (end > MACHINE_PHYSICAL_END)
		return refuse(ps, DT_E_INVALID, "device tree: memory beyond 56 address bits");
	bank.base = SPA(ALIGN_UP(r->base.v, PAGE_SIZE));
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (end <= bank.base.v)
		return DT_OK;
	bank.size = end - bank.base.v;
	if (machine_overlaps_ram(m, &bank))
		return refuse(ps, DT_E_INVALID, "device tree: memory banks overlap");
	if (m->nr_ram == MACHINE_MAX_RAM)
		return refuse(ps, DT_E_CAPACITY, "device tree: too many memory banks");
	for (i = m->nr_ram++; i && m->ram[i - 1].base.v > bank.base.v; i--) {
		m->ram[i] = m->ram[i - 1];
		m->ram_numa[i] = m->ram_numa[i - 1];
	}
	m->ram[i] = bank;
	m->ram_numa[i] = numa;
	return DT_OK;
}

static enum dt_err parse_memory(struct parse *ps)
{
	struct dt_walk *w = &ps->walk;
	int count = dt_walk_reg_count(w);
	struct machine_range r;
	enum dt_err err;
	u32 numa;

	if (count < 0)
		return refuse(ps, DT_E_INVALID, "device tree: malformed reg of a memory node");
	if (!dt_u32(w->fdt, w->node, "numa-node-id", &numa))
		numa = ~0U;
	for (u32 i = 0; i < (u32)count; i++) {
		if (!dt_walk_reg(w, i, &r))
			return refuse(ps, DT_E_INVALID, "device tree: empty or wrapping memory");
		err = add_ram(ps, &r, numa);
		if (err)
			return err;
	}
	return DT_OK;
}

static enum dt_err add_reserved(const struct parse *ps, const struct machine_range *r)
{
	struct machine *m = ps->m;
	u64 base = ALIGN_DOWN(r->base.v, PAGE_SIZE);
	u64 end = r->base.v + r->size;

	if (end > ~PAGE_MASK)
		return refuse(ps, DT_E_INVALID, "device tree: reserved memory wraps");
	if (m->nr_reserved == MACHINE_MAX_RESERVED)
		return refuse(ps, DT_E_CAPACITY, "device tree: too many reserved ranges");
	end = ALIGN_UP(end, PAGE_SIZE);
	m->reserved[m->nr_reserved++] = (struct machine_range){ SPA(base), end - base };
	return DT_OK;
}

/*
 * A child of /reserved-memory. One without reg asks the operating system for any memory: nothing is
 * reserved yet.
 */
static enum dt_err parse_reserved(struct parse *ps)
{
	int count = dt_walk_reg_count(&ps->walk);
	struct machine_range r;
	enum dt_err err;

	if (count < 0)
		return refuse(ps, DT_E_INVALID, "device tree: malformed reg of reserved memory");
	for (u32 i = 0; i < (u32)count; i++) {
		if (!dt_walk_reg(&ps->walk, i, &r))
			return refuse(ps, DT_E_INVALID,
				      "device tree: reserved memory empty or wrapping");
		err = add_reserved(ps, &r);
		if (err)
			return err;
	}
	return DT_OK;
}

static enum dt_err parse_memreserve(struct parse *ps)
{
	const void *fdt = ps->walk.fdt;
	int count = fdt_num_mem_rsv(fdt);

	for (int i = 0; i < count; i++) {
		struct machine_range r;
		enum dt_err err;
		uint64_t base;

		if (fdt_get_mem_rsv(fdt, i, &base, &r.size) || !range_ok(base, r.size))
			return refuse(ps, DT_E_INVALID, "device tree: /memreserve/ wraps");
		r.base = SPA(base);
		err = r.size ? add_reserved(ps, &r) : DT_OK;
		if (err)
			return err;
	}
	return DT_OK;
}

/* The list is newer and, where a tree has both, the complete one. */
static bool parse_isa(const void *fdt, int node, struct isa_set *isa)
{
	u32 len, base_len;
	const char *list = (const char *)dt_bytes(fdt, node, "riscv,isa-extensions", &len);
	const char *base = (const char *)dt_bytes(fdt, node, "riscv,isa-base", &base_len);
	const char *s;

	*isa = (struct isa_set){ { 0 } };
	if (list && base && base_len == sizeof("rv64i") && !memcmp(base, "rv64i", base_len))
		return isa_parse_list(isa, list, len);
	s = (const char *)dt_bytes(fdt, node, "riscv,isa", &len);
	return s && isa_parse_string(isa, s, len);
}

static enum dt_err parse_cpu(struct parse *ps)
{
	struct dt_walk *w = &ps->walk;
	struct machine *m = ps->m;
	u32 cells = dt_walk_parent(w)->address_cells;
	struct machine_hart hart = { 0 };
	const u8 *reg;
	u32 len;

	reg = dt_bytes(w->fdt, w->node, "reg", &len);
	if (!reg || cells < 1 || cells > 2 || len != 4 * cells)
		return refuse(ps, DT_E_INVALID, "device tree: malformed reg of a cpu node");
	hart.id = dt_cells(reg, cells);
	for (u32 i = 0; i < m->nr_harts; i++) {
		if (m->harts[i].id == hart.id)
			return refuse(ps, DT_E_INVALID, "device tree: two harts with one id");
	}
	if (!parse_isa(w->fdt, w->node, &hart.isa) || !isa_has(&hart.isa, ISA_I))
		return refuse(ps, DT_E_INVALID, "device tree: a hart without a readable riscv,isa");
	if (!dt_u32(w->fdt, w->node, "riscv,cbom-block-size", &hart.cbom_block))
		hart.cbom_block = 0;
	if (!dt_u32(w->fdt, w->node, "riscv,cboz-block-size", &hart.cboz_block))
		hart.cboz_block = 0;
	if (m->nr_harts == MACHINE_MAX_HARTS)
		return refuse(ps, DT_E_CAPACITY, "device tree: too many harts");
	m->harts[m->nr_harts++] = hart;
	return DT_OK;
}

/* The interrupt controller in the node of the hart that was added last. */
static enum dt_err parse_intc(struct parse *ps)
{
	struct machine *m = ps->m;
	u32 phandle = dt_phandle(ps->walk.fdt, ps->walk.node);
	struct machine_hart *hart = &m->harts[m->nr_harts - 1];

	if (hart->intc || !phandle)
		return refuse(ps, DT_E_INVALID,
			      "device tree: a hart with two interrupt controllers, or no phandle");
	for (u32 i = 0; i < m->nr_harts; i++) {
		if (m->harts[i].intc == phandle)
			return refuse(ps, DT_E_INVALID,
				      "device tree: two harts with one interrupt controller");
	}
	hart->intc = phandle;
	return DT_OK;
}

static bool timebase(const void *fdt, int node, u64 *hz)
{
	u32 len;
	const u8 *p = dt_bytes(fdt, node, "timebase-frequency", &len);

	if (!p || (len != 4 && len != 8))
		return false;
	*hz = dt_cells(p, len / 4);
	return *hz != 0;
}

static bool number(const void *fdt, int node, const char *name, u64 *v)
{
	u32 len;
	const u8 *p = dt_bytes(fdt, node, name, &len);

	if (!p || (len != 4 && len != 8))
		return false;
	*v = dt_cells(p, len / 4);
	return true;
}

static enum dt_err take_bootargs(const struct parse *ps, int node)
{
	size_t len;
	const char *args = dt_string(ps->walk.fdt, node, "bootargs", &len);

	if (!args)
		return DT_OK;
	if (len >= MACHINE_BOOTARGS)
		return refuse(ps, DT_E_CAPACITY, "device tree: kernel command line too long");
	memcpy(ps->m->bootargs, args, len + 1);
	return DT_OK;
}

static enum dt_err parse_chosen(struct parse *ps)
{
	const void *fdt = ps->walk.fdt;
	struct machine *m = ps->m;
	int node = ps->walk.node;
	u64 start, end;

	if (number(fdt, node, "linux,initrd-start", &start) &&
	    number(fdt, node, "linux,initrd-end", &end)) {
		if (end < start)
			return refuse(ps, DT_E_INVALID,
				      "device tree: linux,initrd-end before linux,initrd-start");
		m->ramdisk = (struct machine_range){ SPA(start), end - start };
	}
	if (number(fdt, node, COVE_HANDOFF_PROPERTY, &start))
		m->handoff = SPA(start);
	return take_bootargs(ps, node);
}

/*
 * A module that the boot loader left in memory (the multiboot binding). QEMU writes its reg in the
 * root's cells and gives /chosen none of its own.
 */
static enum dt_err parse_module(struct parse *ps, bool *has_ramdisk)
{
	struct dt_walk *w = &ps->walk;
	struct machine *m = ps->m;
	bool kernel = dt_compatible(w->fdt, w->node, "multiboot,kernel");
	bool own_cells = dt_has(w->fdt, w->level[NODE_CHILD].node, "#address-cells");
	const struct dt_level *enc = dt_walk_level(w, own_cells ? NODE_CHILD : NODE_ROOT);
	struct machine_range r;
	const u8 *reg;
	u32 len;

	if (!kernel && !dt_compatible(w->fdt, w->node, "multiboot,ramdisk"))
		return DT_OK;
	reg = dt_bytes(w->fdt, w->node, "reg", &len);
	if (!reg || enc->address_cells > 2 || enc->size_cells > 2 || !enc->size_cells ||
	    len != 4 * (enc->address_cells + enc->size_cells))
		return refuse(ps, DT_E_INVALID, "device tree: malformed reg of a boot module");
	r.base = SPA(dt_cells(reg, enc->address_cells));
	r.size = dt_cells(reg + 4UL * enc->address_cells, enc->size_cells);
	if (kernel ? m->kernel.size != 0 : *has_ramdisk)
		return refuse(ps, DT_E_INVALID, "device tree: two kernels or two ramdisks");
	if (!r.size || !range_ok(r.base.v, r.size))
		return refuse(ps, DT_E_INVALID, "device tree: boot module empty or wrapping");
	if (!kernel) {
		*has_ramdisk = true;
		m->ramdisk = r;
		return DT_OK;
	}
	m->kernel = r;
	return m->bootargs[0] ? DT_OK : take_bootargs(ps, w->node);
}

/* Which of the nodes directly under the root the walk is in. */
enum area { AREA_NONE, AREA_CPUS, AREA_CPU, AREA_CHOSEN, AREA_RESERVED };

static enum dt_err parse_child_of_root(struct parse *ps, enum area *area)
{
	const void *fdt = ps->walk.fdt;
	int node = ps->walk.node;

	*area = AREA_NONE;
	if (dt_is_memory(fdt, node))
		return dt_enabled(fdt, node) ? parse_memory(ps) : DT_OK;
	if (dt_node_is(fdt, node, "cpus")) {
		*area = AREA_CPUS;
		timebase(fdt, node, &ps->m->timebase_hz);
	} else if (dt_node_is(fdt, node, "chosen")) {
		*area = AREA_CHOSEN;
		return parse_chosen(ps);
	} else if (dt_node_is(fdt, node, "reserved-memory")) {
		*area = AREA_RESERVED;
	}
	return DT_OK;
}

static enum dt_err parse_grandchild(struct parse *ps, enum area *area, bool *has_ramdisk)
{
	const void *fdt = ps->walk.fdt;
	int node = ps->walk.node;

	switch (*area) {
	case AREA_CPU:
	case AREA_CPUS:
		*area = AREA_CPUS;
		if (!dt_is_cpu(fdt, node) || !dt_enabled(fdt, node))
			return DT_OK;
		*area = AREA_CPU;
		if (!ps->m->timebase_hz)
			timebase(fdt, node, &ps->m->timebase_hz);
		return parse_cpu(ps);
	case AREA_CHOSEN:
		return parse_module(ps, has_ramdisk);
	case AREA_RESERVED:
		return dt_enabled(fdt, node) ? parse_reserved(ps) : DT_OK;
	case AREA_NONE:
		break;
	}
	return DT_OK;
}

static enum dt_err parse_nodes(struct parse *ps)
{
	struct dt_walk *w = &ps->walk;
	enum area area = AREA_NONE;
	enum dt_err err = DT_OK;
	bool has_ramdisk = false;

	for (dt_walk_begin(w, w->fdt); !err && dt_walk_next(w);) {
		if (w->depth == NODE_CHILD)
			err = parse_child_of_root(ps, &area);
		else if (w->depth == NODE_GRANDCHILD)
			err = parse_grandchild(ps, &area, &has_ramdisk);
		else if (area == AREA_CPU && w->depth == NODE_GRANDCHILD + 1 &&
			 dt_compatible(w->fdt, w->node, "riscv,cpu-intc"))
			err = parse_intc(ps);
	}
	return err;
}

/* What only the whole tree can say. */
static enum dt_err finish(const struct parse *ps)
{
	struct machine *m = ps->m;

	if (!m->nr_ram)
		return refuse(ps, DT_E_MISSING, "device tree: no memory node");
	if (!m->nr_harts)
		return refuse(ps, DT_E_MISSING, "device tree: no usable hart");
	if (!m->timebase_hz)
		return refuse(ps, DT_E_MISSING, "device tree: no timebase-frequency");
	m->isa = m->harts[0].isa;
	for (u32 i = 0; i < m->nr_harts; i++) {
		if (!m->harts[i].intc)
			return refuse(ps, DT_E_MISSING,
				      "device tree: a hart without interrupt controller");
		isa_and(&m->isa, &m->harts[i].isa);
	}
	if (m->kernel.size && !within_ram(m, &m->kernel))
		return refuse(ps, DT_E_INVALID, "device tree: kernel module outside of memory");
	if (m->ramdisk.size && !within_ram(m, &m->ramdisk))
		return refuse(ps, DT_E_INVALID, "device tree: ramdisk outside of memory");
	if (overlap(&m->kernel, &m->ramdisk))
		return refuse(ps, DT_E_INVALID, "device tree: kernel and ramdisk overlap");
	return DT_OK;
}

enum dt_err machine_parse(const void *fdt, size_t max, struct machine *m, const char **why)
{
	struct parse ps = { .m = m, .why = why };
	enum dt_err err = dt_validate(fdt, max, why);

	if (err)
		return err;
	memset(m, 0, sizeof(*m));
	*why = "";
	m->fdt.base = SPA(ALIGN_DOWN((uintptr_t)fdt, PAGE_SIZE));
	m->fdt.size = ALIGN_UP((uintptr_t)fdt + fdt_totalsize(fdt), PAGE_SIZE) - m->fdt.base.v;
	ps.walk.fdt = fdt;
	err = parse_memreserve(&ps);
	if (!err)
		err = parse_nodes(&ps);
	if (!err)
		err = imsic_parse(fdt, m, why);
	return err ? err : finish(&ps);
}
