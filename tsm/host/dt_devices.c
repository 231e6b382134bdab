/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/string.h"
#include "fdt/imsic.h"
#include "host/dt.h"
#include "host/dt_devices.h"

/*
 * The allow-list. The strings of a node's `compatible` are tried in their order, most specific
 * first, and the first one that has a row decides; a node without any is dropped. What a device in
 * here can do must be harmless to the TSM and to TVMs: registers only, or DMA that io/ confines.
 */
static const struct {
	const char *compatible;
	enum host_node kind;
} host_devices[] = {
	/*
	 * QEMU's bus for devices given with -device: a simple-bus, but they do DMA past any IOMMU.
	 */
	{ "qemu,platform",		HOST_NODE_DROP },
	/* Plain memory-mapped bus. */
	{ "simple-bus",			HOST_NODE_BUS },
	/* PCIe host bridge with a standard configuration window. */
	{ "pci-host-ecam-generic",	HOST_NODE_PCI },
	/* UART, no DMA. */
	{ "ns16550a",			HOST_NODE_DEVICE },
	{ "ns16550",			HOST_NODE_DEVICE },
	/* Real-time clock, no DMA. */
	{ "google,goldfish-rtc",	HOST_NODE_DEVICE },
	/* QEMU's reset and power-off register: no more than SBI SRST grants. */
	{ "sifive,test1",		HOST_NODE_RESET },
	{ "sifive,test0",		HOST_NODE_RESET },
	/* How to use that register; without registers of their own. */
	{ "syscon-poweroff",		HOST_NODE_PLAIN },
	{ "syscon-reboot",		HOST_NODE_PLAIN },
	/* Interrupt controllers: the S-level ones, see is_host_aplic() and is_host_imsic(). */
	{ "riscv,aplic",		HOST_NODE_APLIC },
	{ "riscv,imsics",		HOST_NODE_IMSIC },
	/* Descriptions without registers. */
	{ "cache",			HOST_NODE_PLAIN },
	{ "fixed-clock",		HOST_NODE_PLAIN },
	{ "numa-distance-map-v1",	HOST_NODE_PLAIN },
};

/* The S-level IMSIC is the one that machine_parse() found. */
static bool is_host_imsic(const struct host_walk *hw)
{
	return hw->machine->imsic.phandle &&
	       dt_phandle(hw->dt.fdt, hw->dt.node) == hw->machine->imsic.phandle;
}

/* The S-level APLIC sends its MSIs to the S-level IMSIC and delegates to nobody. */
static bool is_host_aplic(const struct host_walk *hw)
{
	const void *fdt = hw->dt.fdt;
	int node = hw->dt.node;
	u32 imsic;

	return dt_u32(fdt, node, "msi-parent", &imsic) && imsic == hw->machine->imsic.phandle &&
	       !dt_has(fdt, node, "riscv,children") && !dt_has(fdt, node, "riscv,delegation") &&
	       !dt_has(fdt, node, "riscv,delegate");
}

static enum host_node find_row(const void *fdt, int node)
{
	u32 len;
	const char *s = (const char *)dt_bytes(fdt, node, "compatible", &len);

	while (s && len) {
		size_t n = strnlen(s, len);

		if (n == len)
			break;
		for (size_t i = 0; i < ARRAY_SIZE(host_devices); i++) {
			if (!strcmp(s, host_devices[i].compatible))
				return host_devices[i].kind;
		}
		s += n + 1;
		len -= (u32)n + 1;
	}
	return HOST_NODE_DROP;
}

static enum host_node judge_device(const struct host_walk *hw)
{
	const void *fdt = hw->dt.fdt;
	int node = hw->dt.node;
	enum host_node kind = find_row(fdt, node);

	if (!dt_enabled(fdt, node) || (kind == HOST_NODE_PLAIN && dt_has(fdt, node, "reg")) ||
	    (kind == HOST_NODE_IMSIC && !is_host_imsic(hw)) ||
	    (kind == HOST_NODE_APLIC && !is_host_aplic(hw)))
		return HOST_NODE_DROP;
	return kind;
}

/* Below /cpus there are caches and the like, but no devices. */
static enum host_node judge_description(const struct host_walk *hw)
{
	enum host_node kind = judge_device(hw);

	return kind == HOST_NODE_PLAIN ? kind : HOST_NODE_DROP;
}

static enum host_node judge_child_of_root(const struct host_walk *hw)
{
	const void *fdt = hw->dt.fdt;
	int node = hw->dt.node;

	if (dt_is_memory(fdt, node))	/* the host's are written new */
		return hw->plan ? HOST_NODE_DROP : HOST_NODE_WHOLE;
	if (dt_node_is(fdt, node, "cpus"))
		return HOST_NODE_CPUS;
	if (dt_node_is(fdt, node, "chosen"))
		return HOST_NODE_CHOSEN;
	if (dt_node_is(fdt, node, "aliases"))
		return HOST_NODE_ALIASES;
	if (dt_node_is(fdt, node, "reserved-memory"))
		return HOST_NODE_RESERVED;
	return judge_device(hw);
}

static enum host_node judge_child_of_cpus(const struct host_walk *hw)
{
	const void *fdt = hw->dt.fdt;
	int node = hw->dt.node;

	if (dt_is_cpu(fdt, node))
		return dt_enabled(fdt, node) ? HOST_NODE_CPU : HOST_NODE_DROP;
	if (dt_node_is(fdt, node, "cpu-map"))	/* it would name a hart that is not there */
		return hw->all_harts ? HOST_NODE_WHOLE : HOST_NODE_DROP;
	return judge_description(hw);
}

/* A piece of reserved memory stays when the host has some of it, or may choose its place. */
static enum host_node judge_reserved(struct host_walk *hw)
{
	const struct host_dt_plan *plan = hw->plan;
	int count = dt_walk_reg_count(&hw->dt);
	struct machine_range r;

	if (!plan || count == 0)
		return HOST_NODE_WHOLE;
	for (u32 i = 0; i < (u32)MAX(count, 0); i++) {
		if (!dt_walk_reg(&hw->dt, i, &r))
			continue;
		for (u32 j = 0; j < plan->nr_ram; j++) {
			const struct host_range *ram = &plan->ram[j];

			if (ranges_overlap(r.base.v, r.size, ram->base.v, ram->size))
				return HOST_NODE_WHOLE;
		}
	}
	return HOST_NODE_DROP;
}

static enum host_node judge(struct host_walk *hw)
{
	if (hw->dt.depth == 0)
		return HOST_NODE_ROOT;
	switch (hw->kind[hw->dt.depth - 1]) {
	case HOST_NODE_ROOT:
		return judge_child_of_root(hw);
	case HOST_NODE_CPUS:
		return judge_child_of_cpus(hw);
	case HOST_NODE_CPU:
		return dt_compatible(hw->dt.fdt, hw->dt.node, "riscv,cpu-intc") ?
		       HOST_NODE_WHOLE : judge_description(hw);
	case HOST_NODE_RESERVED:
		return judge_reserved(hw);
	case HOST_NODE_BUS:
		return judge_device(hw);
	case HOST_NODE_WHOLE:
		return HOST_NODE_WHOLE;
	case HOST_NODE_CHOSEN:
	case HOST_NODE_ALIASES:
	case HOST_NODE_DEVICE:
	case HOST_NODE_PCI:
	case HOST_NODE_APLIC:
	case HOST_NODE_RESET:
	case HOST_NODE_IMSIC:
	case HOST_NODE_PLAIN:
	case HOST_NODE_DROP:
		break;
	}
	return HOST_NODE_DROP;
}

enum host_node host_walk_kind(const struct host_walk *hw)
{
	return hw->kind[hw->dt.depth];
}

static bool has_registers(const struct host_walk *hw)
{
	switch (host_walk_kind(hw)) {
	case HOST_NODE_DEVICE:
	case HOST_NODE_PCI:
	case HOST_NODE_APLIC:
	case HOST_NODE_RESET:
	case HOST_NODE_IMSIC:
		return true;
	case HOST_NODE_DROP:
	case HOST_NODE_ROOT:
	case HOST_NODE_CPUS:
	case HOST_NODE_CPU:
	case HOST_NODE_CHOSEN:
	case HOST_NODE_ALIASES:
	case HOST_NODE_RESERVED:
	case HOST_NODE_BUS:
	case HOST_NODE_PLAIN:
	case HOST_NODE_WHOLE:
		break;
	}
	return false;
}

void host_walk_begin(struct host_walk *hw, const void *fdt, const struct machine *machine,
		     const struct host_dt_plan *plan)
{
	u32 cpus = 0;

	hw->machine = machine;
	hw->plan = plan;
	for (dt_walk_begin(&hw->dt, fdt); dt_walk_next(&hw->dt);) {
		if (hw->dt.depth == 2 && dt_is_cpu(fdt, hw->dt.node))
			cpus++;
	}
	hw->all_harts = cpus == machine->nr_harts;
	dt_walk_begin(&hw->dt, fdt);
}

/* Children of a dropped node are dropped by judge(): the kind of every node on the path is set. */
bool host_walk_next(struct host_walk *hw)
{
	while (dt_walk_next(&hw->dt)) {
		hw->kind[hw->dt.depth] = judge(hw);
		if (hw->kind[hw->dt.depth] != HOST_NODE_DROP)
			return true;
	}
	return false;
}

struct mmio_list {
	struct host_range *out;
	u32 count;
	u32 max;
	const struct machine *machine;
	const char **why;
};

static enum dt_err refuse(const char **why, enum dt_err err, const char *reason)
{
	*why = reason;
	return err;
}

/* Rounds to pages and inserts by base. Ranges of several devices may share a page. */
static enum dt_err mmio_add(struct mmio_list *l, const struct machine_range *r, bool imsic)
{
	u64 base = ALIGN_DOWN(r->base.v, PAGE_SIZE), end = r->base.v + r->size;
	struct machine_range pages;
	u32 i;

	if (end > MACHINE_PHYSICAL_END)
		return refuse(l->why, DT_E_INVALID, "device tree: a device beyond 56 address bits");
	pages.base = SPA(base);
	pages.size = ALIGN_UP(end, PAGE_SIZE) - base;
	if (machine_overlaps_ram(l->machine, &pages))
		return refuse(l->why, DT_E_INVALID, "device tree: a device overlaps memory");
	if (!imsic && machine_overlaps_imsic(l->machine, base, pages.size))
		return refuse(l->why, DT_E_INVALID, "device tree: a device on interrupt files");
	if (l->count == l->max)
		return refuse(l->why, DT_E_CAPACITY, "device tree: too many devices");
	for (i = l->count++; i && l->out[i - 1].base.v > base; i--)
		l->out[i] = l->out[i - 1];
	l->out[i] = (struct host_range){ HPA(base), pages.size };
	return DT_OK;
}

static enum dt_err mmio_add_node(struct mmio_list *l, struct host_walk *hw)
{
	bool imsic = host_walk_kind(hw) == HOST_NODE_IMSIC;
	bool pci = host_walk_kind(hw) == HOST_NODE_PCI;
	int windows = pci ? dt_walk_window_count(&hw->dt) : 0;
	int regs = dt_walk_reg_count(&hw->dt);
	enum dt_err err = DT_OK;
	struct machine_range r;

	if (regs < 0 || windows < 0)
		return refuse(l->why, DT_E_INVALID,
			      "device tree: malformed reg or ranges of a device");
	for (int i = 0; !err && i < regs + windows; i++) {
		if (!(i < regs ? dt_walk_reg(&hw->dt, (u32)i, &r) :
				 dt_walk_window(&hw->dt, (u32)(i - regs), &r)))
			return refuse(l->why, DT_E_INVALID,
				      "device tree: impossible address of a device");
		if (r.size)
			err = mmio_add(l, &r, imsic);
	}
	return err;
}

/* Ranges that touch or overlap become one. */
static u32 mmio_merge(struct host_range *out, u32 count)
{
	u32 n = 0;

	for (u32 i = 0; i < count; i++) {
		struct host_range *last = n ? &out[n - 1] : NULL;
		u64 end = out[i].base.v + out[i].size;

		if (last && out[i].base.v <= last->base.v + last->size)
			last->size = MAX(last->base.v + last->size, end) - last->base.v;
		else
			out[n++] = out[i];
	}
	return n;
}

int host_dt_mmio(const void *fdt, const struct machine *machine, struct host_range *out,
		 unsigned int max, const char **why)
{
	struct mmio_list l = { .out = out, .max = max, .machine = machine, .why = why };
	enum dt_err err = DT_OK;
	struct host_walk hw;

	host_walk_begin(&hw, fdt, machine, NULL);
	while (!err && host_walk_next(&hw)) {
		if (has_registers(&hw))
			err = mmio_add_node(&l, &hw);
	}
	return err ? -(int)err : (int)mmio_merge(out, l.count);
}

int host_dt_mediated(const void *fdt, const struct machine *machine, struct host_mediated *out,
		     unsigned int max, const char **why)
{
	struct machine_range r;
	struct host_walk hw;
	u32 n = 0;

	host_walk_begin(&hw, fdt, machine, NULL);
	while (host_walk_next(&hw)) {
		enum host_node kind = host_walk_kind(&hw);

		if (kind != HOST_NODE_APLIC && kind != HOST_NODE_RESET)
			continue;
		if (n == max)
			return -(int)refuse(why, DT_E_CAPACITY, "device tree: too many APLICs");
		if (!dt_walk_reg(&hw.dt, 0, &r) || !IS_ALIGNED(r.base.v, PAGE_SIZE))
			return -(int)refuse(why, DT_E_INVALID, "device tree: impossible APLIC or reset device");
		out[n++] = (struct host_mediated){ r.base, kind == HOST_NODE_APLIC };
	}
	return (int)n;
}
