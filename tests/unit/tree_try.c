/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>
#include <libfdt.h>

#include "host/dt.h"
#include "unit/tree_try.h"

static struct machine m;
u32 tree_accepted;

static void check_machine(void)
{
	u64 stride = PAGE_SIZE << m.imsic.guest_index_bits;

	assert_true(m.nr_ram >= 1 && m.nr_ram <= MACHINE_MAX_RAM);
	assert_true(m.nr_harts >= 1 && m.nr_harts <= MACHINE_MAX_HARTS);
	assert_true(m.nr_reserved <= MACHINE_MAX_RESERVED);
	assert_true(m.timebase_hz);
	assert_non_null(memchr(m.bootargs, 0, sizeof(m.bootargs)));
	for (u32 i = 0; i < m.nr_ram; i++) {
		u64 base = m.ram[i].base.v, size = m.ram[i].size;

		assert_true(size && IS_ALIGNED(base | size, PAGE_SIZE));
		assert_true(base + size <= MACHINE_PHYSICAL_END);
		assert_true(i == 0 || base >= m.ram[i - 1].base.v + m.ram[i - 1].size);
	}
	for (u32 i = 0; i < m.nr_reserved; i++) {
		assert_true(m.reserved[i].size);
		assert_true(range_ok(m.reserved[i].base.v, m.reserved[i].size));
	}
	for (u32 i = 0; i < m.nr_harts; i++) {
		struct machine_range file = { m.harts[i].imsic, stride };

		assert_true(m.harts[i].intc);
		if (!file.base.v)
			continue;
		assert_false(machine_overlaps_ram(&m, &file));
		for (u32 j = 0; j < i; j++) {
			u64 other = m.harts[j].imsic.v;

			assert_false(other && ranges_overlap(other, stride, file.base.v, stride));
		}
	}
}

static void check_mmio(const struct host_range *mmio, int count)
{
	for (int i = 0; i < count; i++) {
		struct machine_range r = { SPA(mmio[i].base.v), mmio[i].size };

		assert_true(r.size && IS_ALIGNED(r.base.v | r.size, PAGE_SIZE));
		assert_true(r.base.v + r.size <= MACHINE_PHYSICAL_END);
		assert_false(machine_overlaps_ram(&m, &r));
		for (u32 j = 0; j < m.nr_harts; j++) {	/* no range has the TSM's own file */
			u64 file = m.harts[j].imsic.v;

			assert_false(file && ranges_overlap(file, PAGE_SIZE, r.base.v, r.size));
		}
		assert_true(i == 0 || r.base.v > mmio[i - 1].base.v + mmio[i - 1].size);
	}
}

void tree_try(const void *fdt, size_t size)
{
	static struct host_range mmio[HOST_DT_MAX_MMIO];
	struct host_dt_plan plan = { .machine = &m, .nr_ram = 1 };
	const char *why = NULL;
	size_t out_size = size + HOST_DT_SLACK;
	void *out;
	int count;

	if (machine_parse(fdt, size, &m, &why)) {
		assert_true(why && *why);
		return;
	}
	tree_accepted++;
	check_machine();
	plan.ram[0] = (struct host_range){ HPA(m.ram[0].base.v), m.ram[0].size };
	isa_add_plain(&plan.isa);
	out = malloc(out_size);
	if (host_dt_build(fdt, out, out_size, &plan, &why)) {
		assert_true(why && *why);
		free(out);
		return;
	}
	assert_int_equal(fdt_check_full(out, out_size), 0);
	count = host_dt_mmio(out, &m, mmio, HOST_DT_MAX_MMIO, &why);
	if (count < 0)
		assert_true(why && *why);
	else
		check_mmio(mmio, count);
	free(out);
}
