/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI configuration space as the host is let write it, against a model of functions. */
#include "unit/unit.h"

#include <string.h>

#include "io/iommu.h"
#include "io/pci.h"
#include "io/policy.h"
#include "rv_arch.h"

#define ECAM		0x30000000ULL
#define FUNCTIONS	8

/* The rest of the monitor, as far as this room asks for it. */
static u32 iommus = 1;
u32 iommu_count(void) { return iommus; }
static enum tsm_io_protection protection = TSM_IO_IOMMU;
enum tsm_io_protection policy_protection(void) { return protection; }
bool policy_trusts_devices(void) { return protection == TSM_IO_TRUSTED_DEVICES; }

/* Functions by requester id; bits that a write changes, and virtio's registers behind the window at CONFIG_ACCESS. */
static struct function {
	u32 rid;
	u8 config[4096], writable[4096];
	u64 features;
	u32 select;
} functions[FUNCTIONS];
static u32 count;

#define CONFIG_ACCESS	0x60
#define COMMON		0x50
#define COMMON_OFFSET	0x100

static struct machine_pci bridge;

static u32 word(const u8 *p)
{
	u32 v;

	memcpy(&v, p, 4);
	return v;
}

static void put(u8 *p, u32 v) { memcpy(p, &v, 4); }

static void virtio_data(struct function *f, bool store)
{
	u32 reg = word(f->config + CONFIG_ACCESS + 8) - COMMON_OFFSET;
	u8 *data = f->config + CONFIG_ACCESS + 16;

	assert_int_equal(f->config[CONFIG_ACCESS + 4], 4);
	assert_int_equal(word(f->config + CONFIG_ACCESS + 12), 4);
	if (reg == 0 && store)
		f->select = word(data);
	else if (reg == 0)
		put(data, f->select);
	else if (reg == 4 && !store)
		put(data, f->select < 2 ? (u32)(f->features >> 32 * f->select) : 0);
}

static void model(u64 spa, u32 bytes, bool store, u64 *value)
{
	struct function *f = NULL;
	u32 reg = spa & 0xfff;

	for (u32 i = 0; i < count; i++)
		if (spa >> 12 == (ECAM >> 12) + functions[i].rid)
			f = &functions[i];
	if (!f) {
		*value = store ? *value : ~0ULL >> (64 - 8 * bytes);
		return;
	}
	if (f->features && !store && reg == CONFIG_ACCESS + 16)
		virtio_data(f, false);
	if (!store) {
		*value = 0;
		memcpy(value, f->config + reg, bytes);
		return;
	}
	for (u32 i = 0; i < bytes; i++) {
		u8 v = (u8)(*value >> 8 * i), mask = f->writable[reg + i];

		f->config[reg + i] = (u8)((f->config[reg + i] & ~mask) | (v & mask));
	}
	if (f->features && reg == CONFIG_ACCESS + 16)
		virtio_data(f, true);
}

static u64 at(u32 rid, u32 reg) { return ECAM + ((u64)rid << 12) + reg; }
static u32 load(u32 rid, u32 reg, u32 bytes) { return pci_load(SPA(at(rid, reg)), bytes); }
static void store(u32 rid, u32 reg, u32 bytes, u32 v) { pci_store(SPA(at(rid, reg)), bytes, v); }

static struct function *add(u32 rid, u32 id, u32 class, u8 type)
{
	struct function *f = &functions[count++];

	assert_true(count <= FUNCTIONS);
	*f = (struct function){ .rid = rid };
	put(f->config, id);
	put(f->config + 8, class << 16);
	f->config[0x0e] = type;
	put(f->writable + 4, 0x0407);
	memset(f->writable + 0x40, 0xff, 4096 - 0x40);
	return f;
}

static void bar(struct function *f, u32 reg, u32 flags, u64 size)
{
	put(f->config + reg, flags);
	put(f->writable + reg, (u32)~(size - 1) & ~0xfU);
	if (flags & 4)
		put(f->writable + reg + 4, (u32)(~(size - 1) >> 32));
}

static int setup(void **state)
{
	(void)state;
	rv_mmio_model = model;
	count = 0;
	protection = TSM_IO_IOMMU;
	bridge = (struct machine_pci){
		.ecam = { SPA(ECAM), 256 << 20 }, .last_bus = 255, .nr_windows = 3, .nr_maps = 2, .map_mask = 0xffff,
		.window = { { 0, { SPA(0x3000000), 0x10000 }, true, false },
			    { 0x40000000, { SPA(0x40000000), 0x40000000 }, false, false },
			    { 0x400000000, { SPA(0x400000000), 0x400000000 }, false, false } },
		/* All but the IOMMU at 8, and the last id. */
		.map = { { 0, 0, 0, 8 }, { 9, 0, 9, 0xfff6 } },
	};
	pci_init(&bridge, 1);
	return 0;
}

static void who_may_be_a_bus_master(void **state)
{
	(void)state;
	add(0x10, 0x11e81234, 0x00ff, 0);
	add(8, 0x11e81234, 0x00ff, 0);
	add(0xffff, 0x11e81234, 0x00ff, 0);
	store(0x10, 4, 2, 4);
	assert_int_equal(load(0x10, 4, 2), 4);
	store(8, 4, 2, 4);
	assert_int_equal(load(8, 4, 2), 0);
	store(0xffff, 4, 4, 0xffff0007 & ~2U);
	assert_int_equal(load(0xffff, 4, 2), 1);
	store(0xffff, 4, 1, 4);
	assert_int_equal(load(0xffff, 4, 2), 0);
	protection = TSM_IO_TRUSTED_DEVICES;
	store(8, 4, 2, 4);
	assert_int_equal(load(8, 4, 2), 4);
	iommus = 0;
	protection = TSM_IO_NO_DMA;
	store(0x10, 4, 2, 0);
	store(0x10, 4, 2, 4);
	assert_int_equal(load(0x10, 4, 2), 0);
	iommus = 1;
}

/* A bridge speaks for the buses below it. */
static void bridges_and_their_buses(void **state)
{
	struct function *f = add(0x20, 0x000c1b36, 0x0604, 1);

	(void)state;
	memset(f->writable + 0x18, 0xff, 3);
	store(0x20, 0x18, 4, 0x00020100);
	store(0x20, 4, 2, 4);
	assert_int_equal(load(0x20, 4, 2), 4);
	store(0x20, 0x1a, 1, 255);			/* with the id that no IOMMU knows */
	assert_int_equal(load(0x20, 0x18, 4), 0x00ff0100);
	assert_int_equal(load(0x20, 4, 2), 0);
	store(0x20, 4, 2, 4);
	assert_int_equal(load(0x20, 4, 2), 0);
	store(0x20, 0x18, 4, 0x00fe0100);
	store(0x20, 4, 2, 4);
	assert_int_equal(load(0x20, 4, 2), 4);
	store(0x20, 0x19, 1, 0);			/* bus 0 has the IOMMU */
	assert_int_equal(load(0x20, 4, 2), 0);
}

/* CardBus bridges and what may come: nobody knows which buses and addresses they stand for. */
static void unknown_header_types(void **state)
{
	struct function *f = add(0x28, 0x000c1b36, 0x0607, 2);

	(void)state;
	memset(f->writable + 0x10, 0xff, 0x30);
	store(0x28, 0x18, 4, 0x00020100);
	store(0x28, 4, 2, 6);
	assert_int_equal(load(0x28, 4, 2), 0);
	protection = TSM_IO_TRUSTED_DEVICES;
	store(0x28, 4, 2, 4);
	assert_int_equal(load(0x28, 4, 2), 4);
}

static void where_a_bar_may_be(void **state)
{
	struct function *f = add(0x10, 0x11e81234, 0x00ff, 0);

	(void)state;
	bar(f, 0x10, 0, 0x100000);
	bar(f, 0x18, 0xc, 1ULL << 32);			/* 64 bits, 4 GiB: its lower half is all 0 when sized */
	bar(f, 0x20, 1, 0x100);				/* I/O: no matter */
	store(0x10, 0x10, 4, 0x7ff00000);
	store(0x10, 0x1c, 4, 7);			/* 0x700000000 */
	store(0x10, 4, 2, 2);
	assert_int_equal(load(0x10, 4, 2), 2);
	assert_int_equal(load(0x10, 0x10, 4), 0x7ff00000);
	assert_int_equal(load(0x10, 0x1c, 4), 7);
	store(0x10, 0x1c, 4, 8);			/* beyond the window */
	assert_int_equal(load(0x10, 0x1c, 4), 7);
	store(0x10, 0x1c, 4, 0);			/* over memory */
	assert_int_equal(load(0x10, 0x1c, 4), 7);
	store(0x10, 0x10, 4, 0x80000000);
	assert_int_equal(load(0x10, 0x10, 4), 0x7ff00000);
	store(0x10, 4, 2, 0);
	store(0x10, 0x10, 4, 0x80000000);
	store(0x10, 4, 4, 2);
	assert_int_equal(load(0x10, 4, 2), 0);
	/* The last BAR register cannot begin one of 64 bits. */
	store(0x10, 0x10, 4, 0x40000000);
	bar(f, 0x24, 4, 0x1000);
	store(0x10, 4, 2, 2);
	assert_int_equal(load(0x10, 4, 2), 0);
}

static struct function *virtio(u32 rid, u32 device, u64 features)
{
	struct function *f = add(rid, device << 16 | 0x1af4, 0x0100, 0);

	f->config[0x34] = COMMON;
	put(f->config + COMMON, 0x01100009 | CONFIG_ACCESS << 8);
	f->config[COMMON + 4] = 4;
	put(f->config + COMMON + 8, COMMON_OFFSET);
	put(f->config + CONFIG_ACCESS, 0x05140009);
	f->features = features;
	return f;
}

static void virtio_says_whether_it_bypasses(void **state)
{
	struct function *good = virtio(0x10, 0x1042, BIT(32) | BIT(33)), *bad = virtio(0x11, 0x1042, BIT(32));

	(void)state;
	virtio(0x12, 0x1001, BIT(32) | BIT(33));
	good->select = 7;
	put(good->config + CONFIG_ACCESS + 8, 0x12345678);
	good->config[CONFIG_ACCESS + 4] = 2;
	assert_int_equal(load(0x10, 0, 4), 0x10421af4);
	assert_int_equal(load(0x11, 0, 4), ~0U);
	assert_int_equal(load(0x12, 0, 2), 0xffff);
	/* What was touched to find out is as it was. */
	assert_int_equal(good->select, 7);
	assert_int_equal(load(0x10, CONFIG_ACCESS + 8, 4), 0x12345678);
	assert_int_equal(load(0x10, CONFIG_ACCESS + 4, 1), 2);
	store(0x11, 4, 2, 7);
	assert_int_equal(word(bad->config + 4), 0);
	/* A list of capabilities that goes in circles, and one without the window. */
	put(good->config + COMMON, 0x01100009 | COMMON << 8);
	assert_int_equal(load(0x10, 0, 4), ~0U);
	protection = TSM_IO_TRUSTED_DEVICES;
	assert_int_equal(load(0x11, 0, 4), 0x10421af4);
	protection = TSM_IO_NO_DMA;
	assert_int_equal(load(0x10, 0, 4), ~0U);
}

static void iommus_are_absent(void **state)
{
	struct function *f = add(8, 0x00141b36, 0x0806, 0);

	(void)state;
	assert_int_equal(load(8, 0, 4), ~0U);
	store(8, 4, 2, 7);
	assert_int_equal(word(f->config + 4), 0);
	protection = TSM_IO_TRUSTED_DEVICES;
	assert_int_equal(load(8, 0, 4), ~0U);
}

static u32 ext(struct function *f, u32 at_reg, u32 id, u32 next)
{
	put(f->config + at_reg, next << 20 | 1U << 16 | id);
	return at_reg;
}

static void held_bits(u32 reg, u32 want)
{
	store(0x10, reg, 4, ~0U);
	assert_int_equal(load(0x10, reg, 4), want);
	for (u32 i = 0; i < 4; i++)
		store(0x10, reg + i, 1, 0xff);
	assert_int_equal(load(0x10, reg, 4), want);
}

static void capabilities_that_go_past_the_iommu(void **state)
{
	struct function *f = add(0x10, 0x11e81234, 0x00ff, 0);

	(void)state;
	put(f->writable + 0x80, 0);
	f->config[0x34] = 0x40;
	put(f->config + 0x40, 0x00006014);			/* enhanced allocation, then flattening portal */
	put(f->config + 0x60, 0x00000015);
	ext(f, 0x100, 0x0f, 0x120);
	ext(f, 0x120, 0x13, 0x140);
	ext(f, 0x140, 0x1b, 0x160);
	ext(f, 0x160, 0x10, 0x1c0);
	ext(f, 0x1c0, 0x12, 0x1e0);
	ext(f, 0x1e0, 0x23, 0x200);
	put(f->config + 0x1e4, 0x1e98);
	ext(f, 0x200, 0x0d, 0x100);				/* ACS; the list goes in a circle */
	put(f->config + 0x204, 0x001f);
	put(f->writable + 0x204, 0xffff0000);
	held_bits(0x104, 0x7fffffff);
	held_bits(0x124, 0xfffffffe);
	held_bits(0x144, 0xfff8ffff);
	held_bits(0x168, 0xfffffff6);
	held_bits(0x1c4, 0x7fffffff);
	store(0x10, 0x1ec, 4, 1);				/* CXL */
	assert_int_equal(load(0x10, 0x1ec, 4), 0);
	store(0x10, 0x44, 4, ~0U);
	assert_int_equal(load(0x10, 0x44, 4), 0);
	store(0x10, 0x64, 2, ~0U);
	assert_int_equal(load(0x10, 0x64, 4), 0);
	/* ACS as far as there is, from the first bus master bit on. */
	store(0x10, 4, 2, 4);
	assert_int_equal(load(0x10, 0x206, 2), 0x1f);
	store(0x10, 0x206, 2, 0x60);
	assert_int_equal(load(0x10, 0x206, 2), 0x1f);
	store(0x10, 0x206, 1, 0);
	assert_int_equal(load(0x10, 0x206, 2), 0x1f);
	store(0x10, 0x204, 4, 0);
	assert_int_equal(load(0x10, 0x206, 2), 0x1f);
}

static void an_iommu_gets_the_end_of_a_window(void **state)
{
	struct function *f = add(8, 0x00141b36, 0x0806, 0);
	spa_t regs = SPA(0);

	(void)state;
	bar(f, 0x10, 4, 0x1000);
	assert_null(pci_place_iommu(&bridge, 8, &regs));
	assert_int_equal(regs.v, 0x7ff00000);
	assert_int_equal(bridge.window[1].cpu.size, 0x3ff00000);
	assert_int_equal(word(f->config + 0x10) & ~0xfU, 0x7ff00000);
	assert_int_equal(word(f->config + 4), 6);
	assert_non_null(pci_place_iommu(&bridge, 0x10, &regs));
	assert_non_null(pci_place_iommu(&bridge, 0x108, &regs));
}

static void what_firmware_left_on_is_off(void **state)
{
	struct function *a = add(0x10, 0x11e81234, 0x00ff, 0x80), *b = add(0x13, 0x11e81234, 0x00ff, 0);
	struct function *c = add(0x300, 0x11e81234, 0x00ff, 0);

	(void)state;
	a->config[4] = b->config[4] = c->config[4] = 7;
	pci_init(&bridge, 1);
	assert_int_equal(a->config[4] | b->config[4] | c->config[4], 0);
}

static void nothing_wild_does_harm(void **state)
{
	u64 seed = 1;

	(void)state;
	for (u32 round = 0; round < 50; round++) {
		struct function *f;
		bool decodes;

		setup(state);
		f = add(0x10, 0x11e81234, round % 2 ? 0x0604 : 0x00ff, round % 2);
		for (u32 i = 0x10; i < 4096; i++)
			f->config[i] = (u8)unit_random(&seed);
		bar(f, 0x10, 0, 0x1000);
		for (u32 i = 0; i < 2000; i++) {
			u64 r = unit_random(&seed);
			u32 bytes = 1U << r % 3, reg = (u32)(r >> 8) % (r & 0x80 ? 64 : 4096) & ~(bytes - 1);

			store(0x10, reg, bytes, (u32)(r >> 32));
			load(0x10, reg, bytes);
			decodes = f->config[4] & 2;
			if (decodes)
				assert_in_range(word(f->config + 0x10) & ~0xfU, 0x40000000, 0x7ffff000);
		}
	}
}

#define ALONE(text, function)	{ text, function, setup, NULL, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALONE("pci: only what is behind an IOMMU becomes a bus master", who_may_be_a_bus_master),
		ALONE("pci: a bridge is a bus master while all buses below it are known", bridges_and_their_buses),
		ALONE("pci: a function whose header nobody knows is no bus master and decodes nothing", unknown_header_types),
		ALONE("pci: a BAR lies in the host bridge's windows while it is on", where_a_bar_may_be),
		ALONE("pci: virtio that goes past the IOMMU is absent", virtio_says_whether_it_bypasses),
		ALONE("pci: IOMMUs are absent, trusted devices or not", iommus_are_absent),
		ALONE("pci: ATS, PRI, PASID, virtual functions, multicast and CXL stay off, ACS on",
		      capabilities_that_go_past_the_iommu),
		ALONE("pci: an IOMMU gets the end of a window, which the host loses", an_iommu_gets_the_end_of_a_window),
		ALONE("pci: what the firmware left on is off", what_firmware_left_on_is_off),
		ALONE("pci: wild writes leave no BAR outside", nothing_wild_does_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
