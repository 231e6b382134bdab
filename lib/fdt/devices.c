/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/string.h"
#include "fdt/devices.h"
#include "fdt/fdt_reader.h"

/* The first cell of a PCI address: space in bits 25:24, prefetchable in bit 30, bus and function from bit 8 on. */
enum { PCI_SPACE_IO = 1, PCI_ADDRESS_CELLS = 3, PCI_SIZE_CELLS = 2, RID_MAP_CELLS = 4 };

struct parse {
	struct dt_walk walk;
	const struct machine *m;
	struct machine_devices *d;
	const char **why;
	int pci_depth;		/* of the host bridge that the walk is below, or -1 */
};

static enum dt_err refuse(const struct parse *ps, enum dt_err err, const char *reason)
{
	*ps->why = reason;
	return err;
}

/* Nobody's memory, no interrupt file. */
static bool is_free(const struct machine *m, const struct machine_range *r)
{
	return range_ok(r->base.v, r->size) && r->base.v + r->size <= MACHINE_PHYSICAL_END &&
	       !machine_overlaps_ram(m, r) && !machine_overlaps_imsic(m, r->base.v, r->size);
}

static enum dt_err add_window(struct parse *ps, struct machine_pci *p, u32 i)
{
	const struct dt_level *up = dt_walk_parent(&ps->walk);
	u32 entry = 4 * (PCI_ADDRESS_CELLS + up->address_cells + PCI_SIZE_CELLS);
	const u8 *cells = ps->walk.level[ps->walk.depth].ranges + (size_t)i * entry;
	struct machine_window w = { 0 };
	struct machine_range on_bus;
	u32 high = (u32)dt_cells(cells, 1);

	if (!dt_walk_window(&ps->walk, i, &w.cpu))
		return refuse(ps, DT_E_INVALID, "device tree: impossible window of a PCI bridge");
	if (!w.cpu.size)
		return DT_OK;
	if (p->nr_windows == MACHINE_MAX_WINDOWS)
		return refuse(ps, DT_E_CAPACITY, "device tree: too many windows of a PCI bridge");
	w.pci = dt_cells(cells + 4, 2);
	w.io = (high >> 24 & 3) == PCI_SPACE_IO;
	w.prefetch = high & BIT(30);
	/* Where a device sees memory and interrupt files, no other device may answer. */
	on_bus = (struct machine_range){ SPA(w.pci), w.cpu.size };
	if (!w.io && !is_free(ps->m, &on_bus))
		return refuse(ps, DT_E_INVALID, "device tree: a PCI window over memory or interrupt files");
	p->window[p->nr_windows++] = w;
	return DT_OK;
}

static enum dt_err add_rid_maps(struct parse *ps, struct machine_pci *p)
{
	u32 len;
	const u8 *map = dt_bytes(ps->walk.fdt, ps->walk.node, "iommu-map", &len);

	if (!dt_u32(ps->walk.fdt, ps->walk.node, "iommu-map-mask", &p->map_mask))
		p->map_mask = 0xffff;
	if (len % (4 * RID_MAP_CELLS))
		return refuse(ps, DT_E_INVALID, "device tree: malformed iommu-map");
	for (u32 i = 0; i < len / 4; i += RID_MAP_CELLS) {
		struct machine_rid_map m = { dt_u32_at(map, i), dt_u32_at(map, i + 1),
					     dt_u32_at(map, i + 2), dt_u32_at(map, i + 3) };

		if (!m.count)
			continue;
		if (m.rid > 0xffff || m.count > 0x10000 - m.rid || m.device > 0xffffff - m.count)
			return refuse(ps, DT_E_INVALID, "device tree: impossible iommu-map");
		if (p->nr_maps == MACHINE_MAX_RID_MAPS)
			return refuse(ps, DT_E_CAPACITY, "device tree: iommu-map too long");
		p->map[p->nr_maps++] = m;
	}
	return DT_OK;
}

static enum dt_err add_buses(struct parse *ps, struct machine_pci *p)
{
	u32 len;
	const u8 *range = dt_bytes(ps->walk.fdt, ps->walk.node, "bus-range", &len);

	if (!dt_walk_reg(&ps->walk, 0, &p->ecam) || !is_free(ps->m, &p->ecam) ||
	    !IS_ALIGNED(p->ecam.base.v, PAGE_SIZE))
		return refuse(ps, DT_E_INVALID, "device tree: impossible PCI configuration space");
	p->last_bus = 255;
	if (range && len == 8) {
		p->first_bus = dt_u32_at(range, 0);
		p->last_bus = dt_u32_at(range, 1);
	}
	if (p->first_bus > p->last_bus || p->last_bus > 255 ||
	    p->ecam.size < (u64)(p->last_bus - p->first_bus + 1) * PCI_BUS_SIZE)
		return refuse(ps, DT_E_INVALID, "device tree: PCI buses beyond their configuration space");
	return DT_OK;
}

static enum dt_err add_pci(struct parse *ps)
{
	struct machine_pci *p = &ps->d->pci[ps->d->nr_pci];
	int windows = dt_walk_window_count(&ps->walk);
	enum dt_err err;

	if (ps->d->nr_pci == MACHINE_MAX_PCI)
		return refuse(ps, DT_E_CAPACITY, "device tree: too many PCI bridges");
	if (windows < 0)
		return refuse(ps, DT_E_INVALID, "device tree: malformed ranges of a PCI bridge");
	err = add_buses(ps, p);
	for (int i = 0; !err && i < windows; i++)
		err = add_window(ps, p, (u32)i);
	if (!err)
		err = add_rid_maps(ps, p);
	ps->d->nr_pci++;
	ps->pci_depth = ps->walk.depth;
	return err;
}

static enum dt_err add_iommu(struct parse *ps, bool function)
{
	struct machine_devices *d = ps->d;
	struct machine_iommu *m = &d->iommu[d->nr_iommus];
	struct machine_range r;
	u32 len;
	const u8 *reg = dt_bytes(ps->walk.fdt, ps->walk.node, "reg", &len);

	if (d->nr_iommus == MACHINE_MAX_IOMMUS)
		return refuse(ps, DT_E_CAPACITY, "device tree: too many IOMMUs");
	m->phandle = dt_phandle(ps->walk.fdt, ps->walk.node);
	if (function) {
		if (!reg || len < 4)
			return refuse(ps, DT_E_INVALID, "device tree: an IOMMU without its PCI address");
		m->pci = d->nr_pci - 1;
		m->rid = dt_u32_at(reg, 0) >> 8 & 0xffff;
	} else {
		if (!dt_walk_reg(&ps->walk, 0, &r) || !is_free(ps->m, &r) || !IS_ALIGNED(r.base.v, PAGE_SIZE) ||
		    !r.base.v || r.size < PAGE_SIZE)
			return refuse(ps, DT_E_INVALID, "device tree: impossible registers of an IOMMU");
		m->base = r.base;
	}
	if (m->phandle)		/* without one nothing is behind it */
		d->nr_iommus++;
	return DT_OK;
}

/* From phandles to indices. A device that is behind something else is behind nothing that is known. */
static void resolve(struct machine_devices *d)
{
	for (u32 i = 0; i < d->nr_pci; i++) {
		struct machine_pci *p = &d->pci[i];
		u32 kept = 0;

		for (u32 j = 0; j < p->nr_maps; j++)
			for (u32 k = 0; k < d->nr_iommus; k++)
				if (p->map[j].iommu == d->iommu[k].phandle) {
					p->map[kept] = p->map[j];
					p->map[kept++].iommu = k;
					break;
				}
		p->nr_maps = kept;
	}
}

enum dt_err machine_devices_parse(const void *fdt, const struct machine *m, struct machine_devices *d,
				  const char **why)
{
	struct parse ps = { .m = m, .d = d, .why = why, .pci_depth = -1 };
	struct dt_walk *w = &ps.walk;
	enum dt_err err = DT_OK;

	memset(d, 0, sizeof(*d));
	for (dt_walk_begin(w, fdt); !err && dt_walk_next(w);) {
		if (w->depth <= ps.pci_depth)
			ps.pci_depth = -1;
		if (!dt_enabled(fdt, w->node))
			continue;
		if (ps.pci_depth < 0 && dt_compatible(fdt, w->node, "pci-host-ecam-generic"))
			err = add_pci(&ps);
		else if (ps.pci_depth < 0 && dt_compatible(fdt, w->node, "riscv,iommu"))
			err = add_iommu(&ps, false);
		else if (ps.pci_depth >= 0 && dt_compatible(fdt, w->node, "riscv,pci-iommu"))
			err = add_iommu(&ps, true);
	}
	if (!err)
		resolve(d);
	return err;
}

bool machine_rid_iommu(const struct machine_pci *pci, u32 rid, u32 *iommu, u32 *device)
{
	u32 masked = rid & pci->map_mask;

	for (u32 i = 0; i < pci->nr_maps; i++) {
		const struct machine_rid_map *m = &pci->map[i];

		if (masked - m->rid >= m->count)
			continue;
		*iommu = m->iommu;
		*device = m->device + (masked - m->rid);
		return true;
	}
	return false;
}

bool machine_rids_covered(const struct machine_pci *pci, u32 first, u32 last)
{
	u32 at = first;

	if ((pci->map_mask & 0xffff) != 0xffff)
		return false;
	/* Each step leaves one map behind, so there are no more steps than maps. */
	for (u32 step = 0; step <= pci->nr_maps && at <= last; step++) {
		u32 next = at;

		for (u32 i = 0; i < pci->nr_maps; i++)
			if (at - pci->map[i].rid < pci->map[i].count)
				next = MAX(next, pci->map[i].rid + pci->map[i].count);
		if (next == at)
			return false;
		at = next;
	}
	return at > last;
}
