/* SPDX-License-Identifier: BSD-2-Clause */
#include "fdt/fdt_reader.h"
#include "fdt/imsic.h"

/* Interrupt numbers at a hart's riscv,cpu-intc: which level an interrupt file belongs to. */
enum { INTC_S_EXTERNAL = 9, INTC_M_EXTERNAL = 11 };

enum { IMSIC_MAX_PARENTS = 4096, IMSIC_DEFAULT_GROUP_SHIFT = 24 };

static enum dt_err refuse(const char **why, const char *reason)
{
	*why = reason;
	return DT_E_INVALID;
}

/* An optional number of an IMSIC node, at most max. */
static bool imsic_number(const struct dt_walk *w, const char *name, u32 preset, u32 max, u32 *v)
{
	*v = preset;
	if (dt_has(w->fdt, w->node, name) && !dt_u32(w->fdt, w->node, name, v))
		return false;
	return *v <= max;
}

static bool ids_ok(u32 ids)
{
	return ids >= 63 && ids <= 2047 && (ids & 63) == 63;
}

/* Same presets and limits as Linux has (drivers/irqchip/irq-riscv-imsic-state.c). */
static enum dt_err parse_geometry(const struct dt_walk *w, u32 parents, struct machine_imsic *im,
				  const char **why)
{
	u32 hart_bits = 0;

	while (BIT(hart_bits) < parents)
		hart_bits++;
	im->phandle = dt_phandle(w->fdt, w->node);
	if (!im->phandle)
		return refuse(why, "device tree: IMSIC without phandle");
	if (!imsic_number(w, "riscv,num-ids", 0, 2047, &im->num_ids) || !ids_ok(im->num_ids) ||
	    !imsic_number(w, "riscv,num-guest-ids", im->num_ids, 2047, &im->num_guest_ids) ||
	    !ids_ok(im->num_guest_ids))
		return refuse(why, "device tree: IMSIC with an impossible number of identities");
	if (!imsic_number(w, "riscv,guest-index-bits", 0, 6, &im->guest_index_bits) ||
	    !imsic_number(w, "riscv,hart-index-bits", hart_bits, 16, &im->hart_index_bits) ||
	    !imsic_number(w, "riscv,group-index-bits", 0, 16, &im->group_index_bits) ||
	    !imsic_number(w, "riscv,group-index-shift", IMSIC_DEFAULT_GROUP_SHIFT, 55,
			  &im->group_index_shift))
		return refuse(why, "device tree: IMSIC with impossible index bits");
	return DT_OK;
}

/*
 * The file of parent number `index`: files lie in the order of interrupts-extended, one stride of
 * guest files apart, through all entries of reg; a shorter last stride of an entry counts as whole.
 */
static bool file_address(struct dt_walk *w, u32 index, u64 stride, spa_t *file)
{
	u64 offset = index * stride;
	struct machine_range r;

	for (u32 i = 0; dt_walk_reg(w, i, &r) && r.size <= MACHINE_PHYSICAL_END; i++) {
		if (offset < r.size) {
			*file = SPA(r.base.v + offset);
			return r.size - offset >= PAGE_SIZE && IS_ALIGNED(file->v, stride) &&
			       file->v <= MACHINE_PHYSICAL_END - stride && file->v;
		}
		if (offset < ALIGN_UP(r.size, stride))
			return false;
		offset -= ALIGN_UP(r.size, stride);
	}
	return false;
}

/* Two harts' files, guest files included, never overlap, nor does one lie in RAM. */
static bool file_is_free(const struct machine *m, const struct machine_range *file)
{
	for (u32 i = 0; i < m->nr_harts; i++) {
		u64 other = m->harts[i].imsic.v;

		if (other && ranges_overlap(other, file->size, file->base.v, file->size))
			return false;
	}
	return !machine_overlaps_ram(m, file);
}

static enum dt_err place_files(struct dt_walk *w, struct machine *m, const u8 *parents, u32 count,
			       const char **why)
{
	struct machine_range file = { .size = PAGE_SIZE << m->imsic.guest_index_bits };

	for (u32 i = 0; i < count; i++) {
		u32 intc = dt_u32_at(parents, 2 * i);
		struct machine_hart *hart = NULL;

		for (u32 j = 0; j < m->nr_harts; j++) {
			if (m->harts[j].intc == intc)
				hart = &m->harts[j];
		}
		if (!hart)	/* of a disabled hart: it has a place, but no owner */
			continue;
		if (hart->imsic.v || !file_address(w, i, file.size, &file.base))
			return refuse(why, "device tree: impossible address of an IMSIC file");
		if (!file_is_free(m, &file))
			return refuse(why, "device tree: IMSIC files overlap each other or memory");
		hart->imsic = file.base;
	}
	return DT_OK;
}

enum imsic_level imsic_node_level(const void *fdt, int node)
{
	u32 len, level;
	const u8 *ext = dt_bytes(fdt, node, "interrupts-extended", &len);

	if (!ext || !len || len % 8 || len / 8 > IMSIC_MAX_PARENTS)
		return IMSIC_BAD;
	level = dt_u32_at(ext, 1);
	for (u32 i = 0; i < len / 8; i++) {
		if (dt_u32_at(ext, 2 * i + 1) != level)
			return IMSIC_BAD;
	}
	switch (level) {
	case INTC_S_EXTERNAL:
		return IMSIC_S;
	case INTC_M_EXTERNAL:
		return IMSIC_M;
	}
	return IMSIC_BAD;
}

static enum dt_err parse_s_level(struct dt_walk *w, struct machine *m, const char **why)
{
	int regs = dt_walk_reg_count(w);
	enum dt_err err;
	const u8 *ext;
	u32 len;

	if (m->imsic.phandle)
		return refuse(why, "device tree: two S-level IMSIC nodes");
	if (regs < 1)
		return refuse(why, "device tree: malformed reg of an IMSIC");
	ext = dt_bytes(w->fdt, w->node, "interrupts-extended", &len);
	err = parse_geometry(w, len / 8, &m->imsic, why);
	return err ? err : place_files(w, m, ext, len / 8, why);
}

enum dt_err imsic_parse(const void *fdt, struct machine *m, const char **why)
{
	enum dt_err err = DT_OK;
	struct dt_walk w;

	for (dt_walk_begin(&w, fdt); !err && dt_walk_next(&w);) {
		if (!dt_compatible(fdt, w.node, "riscv,imsics") || !dt_enabled(fdt, w.node))
			continue;
		switch (imsic_node_level(fdt, w.node)) {
		case IMSIC_S:
			err = parse_s_level(&w, m, why);
			break;
		case IMSIC_M:	/* the firmware's */
			break;
		case IMSIC_BAD:
			err = refuse(why, "device tree: IMSIC without a level");
			break;
		}
	}
	return err;
}

bool machine_overlaps_imsic(const struct machine *m, u64 base, u64 size)
{
	u64 stride = PAGE_SIZE << m->imsic.guest_index_bits;

	for (u32 i = 0; i < m->nr_harts; i++) {
		u64 file = m->harts[i].imsic.v;

		if (file && ranges_overlap(file, stride, base, size))
			return true;
	}
	return false;
}
