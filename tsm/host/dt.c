/* SPDX-License-Identifier: BSD-2-Clause */
#include <libfdt.h>

#include "base/fmt.h"
#include "base/string.h"
#include "fdt/fdt_reader.h"
#include "fdt/fdt_writer.h"
#include "host/dt.h"
#include "host/dt_devices.h"

/* What the functions of one build share. */
struct build {
	struct host_walk walk;
	struct dt_writer out;
	const struct machine *machine;
	const struct host_dt_plan *plan;
	const char **why;
	bool has_chosen;
	u32 paths;		/* properties written that may be looked up as a path */
};

/* Aliases beyond these are left out: each is looked up in the finished tree. */
enum { HOST_DT_MAX_PATHS = 128 };

static enum dt_err refuse(const struct build *b, enum dt_err err, const char *reason)
{
	*b->why = reason;
	return err;
}

/* ---- properties: which are copied, by the kind of their node ---- */

static bool one_of(const char *name, const char *const *list)
{
	for (; *list; list++) {
		if (!strcmp(name, *list))
			return true;
	}
	return false;
}

/* What the boot loader told the firmware is not for the host, but for these. */
static const char *const chosen_kept[] = {
	"stdout-path", "linux,stdout-path", "rng-seed", "kaslr-seed", NULL
};

/* Those of them that name a node. */
static const char *const chosen_paths[] = { "stdout-path", "linux,stdout-path", NULL };

/* The IOMMU is the TSM's, so nothing refers to it. */
static const char *const device_dropped[] = { "iommus", "iommu-map", "iommu-map-mask", NULL };

/* Written new by write_imsic(). */
static const char *const imsic_dropped[] = {
	"reg", "interrupts-extended", "riscv,hart-index-bits", NULL
};

/* A block size without its extension is not for the host. */
static const struct {
	const char *name;
	enum isa_ext ext;
} block_sizes[] = {
	{ "riscv,cbom-block-size", ISA_ZICBOM },
	{ "riscv,cboz-block-size", ISA_ZICBOZ },
	{ "riscv,cbop-block-size", ISA_ZICBOP },
};

static bool cpu_keeps(const struct isa_set *isa, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(block_sizes); i++) {
		if (!strcmp(name, block_sizes[i].name))
			return isa_has(isa, block_sizes[i].ext);
	}
	return true;
}

static bool keeps(struct build *b, const char *name)
{
	switch (host_walk_kind(&b->walk)) {
	case HOST_NODE_CHOSEN:
		return one_of(name, chosen_kept) && b->paths++ < HOST_DT_MAX_PATHS;
	case HOST_NODE_ALIASES:
		return b->paths++ < HOST_DT_MAX_PATHS;
	case HOST_NODE_CPU:
		return cpu_keeps(&b->plan->isa, name);
	case HOST_NODE_IMSIC:
		return !one_of(name, imsic_dropped);
	case HOST_NODE_DEVICE:
	case HOST_NODE_PCI:
	case HOST_NODE_APLIC:
	case HOST_NODE_RESET:
		return !one_of(name, device_dropped);
	case HOST_NODE_DROP:
		return false;
	case HOST_NODE_ROOT:
	case HOST_NODE_CPUS:
	case HOST_NODE_RESERVED:
	case HOST_NODE_BUS:
	case HOST_NODE_PLAIN:
	case HOST_NODE_WHOLE:
		break;
	}
	return true;
}

/* Longest thing that a "g" is spelled out to. */
#define ISA_GROWTH	sizeof("rv64imafd_zicsr_zifencei")

/*
 * `riscv,isa` or `riscv,isa-extensions` without what the host may not see. One that is not readable
 * is left out: machine_parse() made sure that the other one is.
 */
static void write_isa(struct build *b, bool list, const char *value, u32 len)
{
	const struct isa_set *allowed = &b->plan->isa;
	size_t size, n;
	char *room;

	dt_write_open(&b->out, list ? "riscv,isa-extensions" : "riscv,isa");
	room = dt_write_room(&b->out, &size);
	n = list ? isa_filter_list(allowed, value, len, room, size) :
		   isa_filter_string(allowed, value, len, room, size);
	if (!n && size >= len + ISA_GROWTH) {
		dt_write_cancel(&b->out);
		return;
	}
	dt_write_used(&b->out, n ? n : size + 1);	/* more than there is: out of space */
	dt_write_close(&b->out);
}

/* The window of a bridge of which this is what the tree says; NULL: none. */
static const struct machine_window *find_window(const struct machine_devices *d, const struct machine_range *cpu)
{
	for (u32 i = 0; i < d->nr_pci; i++)
		for (u32 j = 0; j < d->pci[i].nr_windows; j++)
			if (d->pci[i].window[j].cpu.base.v == cpu->base.v)
				return &d->pci[i].window[j];
	return NULL;
}

/* `ranges` of a PCI bridge, whose windows may end earlier for the host (io/pci.h). */
static void write_windows(struct build *b, const struct dt_prop *p)
{
	int count = dt_walk_window_count(&b->walk.dt);
	u32 entry = count > 0 ? p->len / 4 / (u32)count : 0;
	struct machine_range cpu;

	/* A second one of that name means nothing. */
	if (!entry || p->value != b->walk.dt.level[b->walk.dt.depth].ranges)
		return dt_write_copy(&b->out, p);
	dt_write_open(&b->out, p->name);
	for (u32 i = 0; i < (u32)count; i++) {
		const u8 *cells = p->value + 4ULL * i * entry;
		const struct machine_window *w = NULL;

		if (dt_walk_window(&b->walk.dt, i, &cpu) && cpu.size)
			w = find_window(b->plan->devices, &cpu);
		for (u32 j = 0; j < entry - 2; j++)
			dt_write_cells(&b->out, dt_u32_at(cells, j), 1);
		dt_write_cells(&b->out, w ? w->cpu.size : dt_cells(cells + 4ULL * (entry - 2), 2), 2);
	}
	dt_write_close(&b->out);
}

static void write_property(struct build *b, const struct dt_prop *p)
{
	bool cpu = host_walk_kind(&b->walk) == HOST_NODE_CPU;

	if (!keeps(b, p->name))
		return;
	if (host_walk_kind(&b->walk) == HOST_NODE_PCI && b->plan->devices && !strcmp(p->name, "ranges"))
		return write_windows(b, p);
	if (cpu && !strcmp(p->name, "riscv,isa"))
		write_isa(b, false, (const char *)p->value, p->len);
	else if (cpu && !strcmp(p->name, "riscv,isa-extensions"))
		write_isa(b, true, (const char *)p->value, p->len);
	else
		dt_write_copy(&b->out, p);
}

/* ---- what is written new ---- */

static bool fits(u64 v, u32 cells)
{
	return cells == 2 || (cells == 1 && v <= UINT32_MAX);
}

/*
 * One memory node for what a bank has of a range: a node of the host's tree belongs to one NUMA
 * node.
 */
static enum dt_err write_memory_node(struct build *b, u64 base, u64 size, u32 numa)
{
	const struct dt_level *root = dt_walk_level(&b->walk.dt, 0);
	char name[32];

	if (!fits(base, root->address_cells) || !fits(size, root->size_cells))
		return refuse(b, DT_E_INVALID, "device tree: root cells too few for the memory");
	fmt(name, sizeof(name), "memory@%lx", base);
	dt_write_node(&b->out, name);
	dt_write_string(&b->out, "device_type", "memory");
	dt_write_open(&b->out, "reg");
	dt_write_cells(&b->out, base, root->address_cells);
	dt_write_cells(&b->out, size, root->size_cells);
	dt_write_close(&b->out);
	if (numa != ~0U) {
		dt_write_open(&b->out, "numa-node-id");
		dt_write_cells(&b->out, numa, 1);
		dt_write_close(&b->out);
	}
	dt_write_end(&b->out);
	return DT_OK;
}

static enum dt_err write_memory(struct build *b)
{
	const struct machine *m = b->machine;

	for (u32 i = 0; i < b->plan->nr_ram; i++) {
		u64 base = b->plan->ram[i].base.v, size = b->plan->ram[i].size, written = 0;

		for (u32 j = 0; j < m->nr_ram; j++) {
			u64 from = MAX(base, m->ram[j].base.v);
			u64 to = MIN(base + size, m->ram[j].base.v + m->ram[j].size);
			enum dt_err err;

			if (from >= to)
				continue;
			err = write_memory_node(b, from, to - from, m->ram_numa[j]);
			if (err)
				return err;
			written += to - from;
		}
		if (written != size)
			return refuse(b, DT_E_INVALID, "host device tree: plan outside of memory");
	}
	return DT_OK;
}

static void write_u64(struct build *b, const char *name, u64 v)
{
	dt_write_open(&b->out, name);
	dt_write_cells(&b->out, v, 2);
	dt_write_close(&b->out);
}

static void write_chosen(struct build *b)
{
	const struct host_dt_plan *plan = b->plan;
	const char *args = plan->bootargs ? plan->bootargs : b->machine->bootargs;

	b->has_chosen = true;
	dt_write_string(&b->out, "bootargs", args);
	if (plan->initrd.size) {
		write_u64(b, "linux,initrd-start", plan->initrd.base.v);
		write_u64(b, "linux,initrd-end", plan->initrd.base.v + plan->initrd.size);
	}
}

static const struct machine_hart *hart_of_intc(const struct machine *m, u32 intc)
{
	for (u32 i = 0; i < m->nr_harts; i++) {
		if (m->harts[i].intc == intc)
			return &m->harts[i];
	}
	return NULL;
}

/*
 * The interrupt file that the host takes for its supervisor file is guest file 1 of each hart, and
 * those after it are its guest files: one reg per hart, from there on, in the order of
 * interrupts-extended. Linux counts a short last stride as a whole one and takes the guest index
 * from the address. The hart index bits, which depend on how many harts are listed, are spelled
 * out.
 */
static enum dt_err write_imsic(struct build *b)
{
	const struct machine_imsic *im = &b->machine->imsic;
	const struct dt_level *bus = dt_walk_parent(&b->walk.dt);
	const void *fdt = b->walk.dt.fdt;
	struct machine_range first;
	u32 len, reg_len;
	const u8 *ext = dt_bytes(fdt, b->walk.dt.node, "interrupts-extended", &len);
	const u8 *reg = dt_bytes(fdt, b->walk.dt.node, "reg", &reg_len);
	u64 size = (PAGE_SIZE << im->guest_index_bits) - PAGE_SIZE;

	if (!size)
		return refuse(b, DT_E_INVALID, "device tree: IMSIC without guest interrupt files");
	if (!dt_walk_reg(&b->walk.dt, 0, &first) ||
	    dt_cells(reg, bus->address_cells) != first.base.v)
		return refuse(b, DT_E_INVALID,
			      "device tree: IMSIC behind a bus that moves addresses");
	dt_write_open(&b->out, "reg");
	for (u32 i = 0; i < len / 8; i++) {
		const struct machine_hart *h = hart_of_intc(b->machine, dt_u32_at(ext, 2 * i));
		u64 base;

		if (!h)
			continue;
		base = h->imsic.v + PAGE_SIZE;
		if (!fits(base, bus->address_cells) || !fits(size, bus->size_cells))
			return refuse(b, DT_E_INVALID, "device tree: IMSIC does not fit its bus");
		dt_write_cells(&b->out, base, bus->address_cells);
		dt_write_cells(&b->out, size, bus->size_cells);
	}
	dt_write_close(&b->out);
	dt_write_open(&b->out, "interrupts-extended");
	for (u32 i = 0; i < len / 8; i++) {
		if (!hart_of_intc(b->machine, dt_u32_at(ext, 2 * i)))
			continue;
		dt_write_cells(&b->out, dt_cells(ext + 8UL * i, 2), 2);
	}
	dt_write_close(&b->out);
	dt_write_open(&b->out, "riscv,hart-index-bits");
	dt_write_cells(&b->out, im->hart_index_bits, 1);
	dt_write_close(&b->out);
	return DT_OK;
}

/* ---- the order of things ---- */

static enum dt_err write_node(struct build *b)
{
	const void *fdt = b->walk.dt.fdt;
	int node = b->walk.dt.node;
	struct dt_prop p;

	dt_write_node(&b->out, dt_name(fdt, node));
	for (bool more = dt_prop_first(fdt, node, &p); more; more = dt_prop_next(fdt, &p))
		write_property(b, &p);
	if (host_walk_kind(&b->walk) == HOST_NODE_IMSIC)
		return write_imsic(b);
	if (host_walk_kind(&b->walk) == HOST_NODE_CHOSEN)
		write_chosen(b);
	if (host_walk_kind(&b->walk) == HOST_NODE_ROOT)
		return write_memory(b);
	return DT_OK;
}

static enum dt_err write_tree(struct build *b)
{
	int open = 0;	/* nodes that are begun and not ended */

	while (host_walk_next(&b->walk)) {
		enum dt_err err;

		for (; open > b->walk.dt.depth; open--)
			dt_write_end(&b->out);
		err = write_node(b);
		if (err)
			return err;
		open++;
	}
	for (; open > 1; open--)
		dt_write_end(&b->out);
	if (!b->has_chosen) {
		dt_write_node(&b->out, "chosen");
		write_chosen(b);
		dt_write_end(&b->out);
	}
	dt_write_end(&b->out);
	return DT_OK;
}

/* Length of the path in a property, up to options behind a ':'; 0 when it is no string. */
static size_t path_length(const struct dt_prop *p)
{
	size_t n = 0;

	if (!memchr(p->value, 0, p->len))
		return 0;
	while (p->value[n] && p->value[n] != ':')
		n++;
	return n;
}

static bool is_alias(const void *fdt, const char *name, size_t len)
{
	int aliases = dt_find(fdt, "/aliases", 8);
	struct dt_prop p;
	bool more;

	if (aliases < 0)
		return false;
	for (more = dt_prop_first(fdt, aliases, &p); more; more = dt_prop_next(fdt, &p)) {
		if (!strncmp(p.name, name, len) && !p.name[len])
			return true;
	}
	return false;
}

/*
 * True when a property is the path of a node of the finished tree, or, if that will do, an alias.
 */
static bool leads_somewhere(const void *fdt, const struct dt_prop *p, bool alias_will_do)
{
	const char *path = (const char *)p->value;
	size_t len = path_length(p);

	if (!len)
		return false;
	if (path[0] == '/')
		return dt_find(fdt, path, len) >= 0;
	return alias_will_do && is_alias(fdt, path, len);
}

/* Takes out names of nodes that the host does not have: first aliases, then what may use them. */
static void drop_dangling(void *fdt, const char *parent, bool aliases)
{
	int node = dt_find(fdt, parent, strlen(parent));
	struct dt_prop p, next;
	bool more;

	if (node < 0)
		return;
	for (more = dt_prop_first(fdt, node, &p); more; p = next) {
		next = p;
		more = dt_prop_next(fdt, &next);
		if (!aliases && !one_of(p.name, chosen_paths))
			continue;
		if (!leads_somewhere(fdt, &p, !aliases))
			dt_blank(fdt, &p);
	}
}

enum dt_err host_dt_build(const void *src, void *dst, size_t dst_size,
			  const struct host_dt_plan *plan, const char **why)
{
	struct build b = { .machine = plan->machine, .plan = plan, .why = why };
	enum dt_err err;

	*why = "";
	host_walk_begin(&b.walk, src, plan->machine, plan);
	dt_write_begin(&b.out, src, dst, dst_size);
	err = write_tree(&b);
	if (err)
		return err;
	if (!dt_write_finish(&b.out, fdt_boot_cpuid_phys(src)))
		return refuse(&b, DT_E_SPACE, "host device tree: no space for it");
	drop_dangling(dst, "/aliases", true);
	drop_dangling(dst, "/chosen", false);
	return DT_OK;
}
