/* SPDX-License-Identifier: BSD-2-Clause */
/* A reader of flattened device trees that trusts them: what is under test has written them. */
#include "rt.h"

#define FDT_MAGIC	0xd00dfeed
#define FDT_BEGIN_NODE	1
#define FDT_END_NODE	2
#define FDT_PROP	3
#define FDT_NOP		4
#define MAX_DEPTH	8

struct machine machine;

struct node {
	const char *name;
	const u8 *props;
	struct node *parent;
	u32 ac, sc;		/* #address-cells and #size-cells for its children */
};

static u32 cpu_phandle[MAX_HARTS];

static u32 be32(const void *p)
{
	const u8 *b = p;

	return (u32)b[0] << 24 | (u32)b[1] << 16 | (u32)b[2] << 8 | b[3];
}

static u64 cells(const u8 *p, u32 n)
{
	u64 v = 0;

	while (n--) {
		v = v << 32 | be32(p);
		p += 4;
	}
	return v;
}

static const u8 *header(u32 offset)
{
	return (const u8 *)machine.fdt + be32((const u8 *)machine.fdt + offset);
}

static const u8 *skip_name(const u8 *p)
{
	return (const u8 *)ALIGN_UP((u64)p + strlen((const char *)p) + 1, 4);
}

static const u8 *prop(const struct node *n, const char *name, u32 *size)
{
	const u8 *p = n->props;
	u32 ignored;

	if (!size)
		size = &ignored;
	for (;;) {
		u32 token = be32(p);

		p += 4;
		if (token == FDT_NOP)
			continue;
		if (token != FDT_PROP)
			return NULL;
		*size = be32(p);
		if (!strcmp((const char *)header(12) + be32(p + 4), name))
			return p + 8;
		p += 8 + ALIGN_UP(*size, 4);
	}
}

static u32 prop_u32(const struct node *n, const char *name, u32 otherwise)
{
	const u8 *p = prop(n, name, NULL);

	return p ? be32(p) : otherwise;
}

static bool has_string(const struct node *n, const char *name, const char *what)
{
	u32 size = 0;
	const u8 *p = prop(n, name, &size);

	for (u32 at = 0; p && at < size; at += (u32)strlen((const char *)p + at) + 1)
		if (!strcmp((const char *)p + at, what))
			return true;
	return false;
}

/* Calls fn for every node, parents first, until it says true. */
static bool walk(bool (*fn)(struct node *, const void *), const void *arg)
{
	static struct node stack[MAX_DEPTH];
	const u8 *p = header(8);
	u32 depth = 0;

	for (;;) {
		u32 token = be32(p);

		p += 4;
		if (token == FDT_BEGIN_NODE) {
			if (depth == MAX_DEPTH)
				return false;
			struct node *n = &stack[depth];

			n->name = (const char *)p;
			n->props = p = skip_name(p);
			n->parent = depth ? n - 1 : NULL;
			n->ac = prop_u32(n, "#address-cells", 2);
			n->sc = prop_u32(n, "#size-cells", 1);
			depth++;
			if (fn(n, arg))
				return true;
		} else if (token == FDT_END_NODE) {
			depth--;
		} else if (token == FDT_PROP) {
			p += 8 + ALIGN_UP(be32(p), 4);
		} else if (token != FDT_NOP) {
			return false;
		}
	}
}

/* `reg` entry i of a node */
static bool reg(const struct node *n, u32 i, struct range *r)
{
	u32 size, entry = n->parent ? 4 * (n->parent->ac + n->parent->sc) : 0;
	const u8 *p = prop(n, "reg", &size);

	if (!p || !entry || (i + 1) * entry > size)
		return false;
	p += i * entry;
	r->base = cells(p, n->parent->ac);
	r->size = cells(p + 4 * n->parent->ac, n->parent->sc);
	return true;
}

static void copy_text(char *dst, u32 room, const u8 *src, u32 size)
{
	size = src ? MIN(size, room - 1) : 0;
	memcpy(dst, src, size);
	dst[size] = 0;
}

/* Single letters of an ISA string end at the first '_'. */
static bool isa_letter(char letter)
{
	const char *end = strchr(machine.isa, '_');
	const char *at = strchr(machine.isa + 4, letter);

	return at && (!end || at < end);
}

static bool read_cpus(struct node *n, const void *arg)
{
	u32 size;
	const u8 *p;

	(void)arg;
	if (has_string(n, "device_type", "cpu")) {
		if (nr_harts == MAX_HARTS)
			return true;
		machine.hart_ids[nr_harts++] = prop_u32(n, "reg", 0);
		p = prop(n, "riscv,isa", &size);
		if (p && !machine.isa[0])
			copy_text(machine.isa, sizeof(machine.isa), p, size);
	} else if (nr_harts && n->parent && has_string(n->parent, "device_type", "cpu")) {
		if (prop(n, "interrupt-controller", NULL))
			cpu_phandle[nr_harts - 1] = prop_u32(n, "phandle", 0);
	}
	return false;
}

static void add(struct range *ranges, u32 *count, const struct range *r)
{
	if (*count < MAX_RANGES && r->size)
		ranges[(*count)++] = *r;
}

/* The file of the i-th hart of `interrupts-extended`: as Linux finds it. */
static u64 imsic_file(const struct node *n, u64 i)
{
	u64 stride = PAGE_SIZE << prop_u32(n, "riscv,guest-index-bits", 0);
	u64 offset = i * stride;
	struct range r;

	for (u32 j = 0; reg(n, j, &r); j++) {
		if (offset < r.size)
			return r.base + offset;
		offset -= ALIGN_UP(r.size, stride);
	}
	return 0;
}

static void read_imsic(const struct node *n)
{
	u32 size = 0;
	const u8 *p = prop(n, "interrupts-extended", &size);

	if (!p || size < 8 || be32(p + 4) != IRQ_SEI)
		return;
	machine.imsic_ids = prop_u32(n, "riscv,num-ids", 0);
	for (u32 i = 0; i < size / 8; i++)
		for (u32 h = 0; h < nr_harts; h++)
			if (cpu_phandle[h] == be32(p + 8 * i))
				machine.imsic[h] = imsic_file(n, i);
}

static bool read_rest(struct node *n, const void *arg)
{
	struct range r;
	u32 size;
	const u8 *p;

	(void)arg;
	if (has_string(n, "device_type", "memory"))
		for (u32 i = 0; reg(n, i, &r); i++)
			add(machine.ram, &machine.nr_ram, &r);
	if (n->parent && !strcmp(n->parent->name, "reserved-memory"))
		for (u32 i = 0; reg(n, i, &r); i++)
			add(machine.reserved, &machine.nr_reserved, &r);
	if (has_string(n, "compatible", "riscv,imsics"))
		read_imsic(n);
	if (!strcmp(n->name, "cpus"))
		ticks_per_second = prop_u32(n, "timebase-frequency", 10000000);
	if (!strcmp(n->name, "chosen")) {
		p = prop(n, "bootargs", &size);
		copy_text(machine.bootargs, sizeof(machine.bootargs), p, size);
	}
	return false;
}

bool machine_read(const void *fdt)
{
	struct range r;

	machine.fdt = fdt;
	if (be32(fdt) != FDT_MAGIC)
		return false;
	walk(read_cpus, NULL);
	walk(read_rest, NULL);
	for (const u8 *p = header(16); ; p += 16) {
		r = (struct range){ cells(p, 2), cells(p + 8, 2) };
		if (!r.size)
			break;
		add(machine.reserved, &machine.nr_reserved, &r);
	}
	r = (struct range){ (u64)fdt, be32((const u8 *)fdt + 4) };
	add(machine.reserved, &machine.nr_reserved, &r);
	machine.has_v = isa_letter('v');
	machine.has_h = isa_letter('h');
	machine.has_d = isa_letter('d');
	return nr_harts && machine.nr_ram;
}

static bool is_compatible(struct node *n, const void *what)
{
	return has_string(n, "compatible", what);
}

bool machine_has_compatible(const char *what)
{
	return walk(is_compatible, what);
}

bool machine_is_ram(u64 base, u64 size)
{
	for (u32 i = 0; i < machine.nr_ram; i++)
		if (base >= machine.ram[i].base &&
		    base - machine.ram[i].base < machine.ram[i].size &&
		    size <= machine.ram[i].size - (base - machine.ram[i].base))
			return true;
	return false;
}
