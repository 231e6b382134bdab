/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TSM's own page tables (Sv39, one to one): all RAM read-write, the image by section (text RX, rodata R, data RW), no
 * mapping writable and executable, a hole under every stack. Built once by the boot hart; a hart only loads satp.
 */
#include "boot/boot.h"
#include "base/check.h"
#include "rv_arch.h"

#define FLAGS_COMMON	(PTE_V | PTE_A | PTE_D | PTE_G)
#define FLAGS_RW	(FLAGS_COMMON | PTE_R | PTE_W)
#define FLAGS_RX	(FLAGS_COMMON | PTE_R | PTE_X)
#define FLAGS_R		(FLAGS_COMMON | PTE_R)

extern char tsm_image_start[], tsm_text_end[], tsm_rodata_end[], boot_guard[], panic_guard[];

u64 tsm_satp;
static u64 *root;

static u64 leaf(u64 spa, u64 flags) { return spa >> PAGE_SHIFT << PTE_PPN_SHIFT | flags; }

/* The table under *pte; a leaf there is split into 512 of the next size. */
static u64 *table_under(u64 *pte, u64 child_size)
{
	u64 old = *pte;
	u64 *t;

	if ((old & PTE_V) && !(old & PTE_LEAF))
		return spa_ptr(SPA((old & PTE_PPN_MASK) >> PTE_PPN_SHIFT << PAGE_SHIFT));
	t = spa_ptr(layout_take(1));
	if (old & PTE_V)
		for (u64 i = 0; i < 512; i++)
			t[i] = old + (i * child_size >> PAGE_SHIFT << PTE_PPN_SHIFT);
	*pte = leaf(ptr_spa(t).v, PTE_V);
	return t;
}

static u64 *entry_4k(u64 spa)
{
	u64 *l1 = table_under(&root[spa >> 30], SIZE_2M);

	return &table_under(&l1[(spa >> 21) & 511], PAGE_SIZE)[(spa >> 12) & 511];
}

static void map_ram(u64 base, u64 size)
{
	/* Whole GiBs, also where the bank is shorter: what is not RAM is never dereferenced, and text is not here. */
	for (u64 gib = base >> 30; gib <= (base + size - 1) >> 30; gib++) {
		u64 *l1;

		if (base <= gib << 30 && base + size >= (gib + 1) << 30) {
			root[gib] = leaf(gib << 30, FLAGS_RW);
			continue;
		}
		l1 = table_under(&root[gib], SIZE_2M);
		for (u64 at = MAX(base, gib << 30); at < MIN(base + size, (gib + 1) << 30); at += SIZE_2M)
			l1[(at >> 21) & 511] = leaf(at, FLAGS_RW);
	}
}

static void map_image(const char *start, const char *end, u64 flags)
{
	for (u64 at = ptr_spa(start).v; at < ptr_spa(end).v; at += PAGE_SIZE)
		*entry_4k(at) = leaf(at, flags);
}

void map_device(spa_t page)
{
	if (page.v >= PAGE_MAX_SPA)
		boot_refuse("a device at 0x%lx is beyond what the TSM can reach", page.v);
	*entry_4k(page.v) = leaf(page.v, FLAGS_RW);
	rv_sfence_vma();
}

/* A 2 MiB block of devices: one leaf, or page by page where a table is there already. */
static void map_device_block(u64 base)
{
	u64 *pte = &table_under(&root[base >> 30], SIZE_2M)[(base >> 21) & 511];

	if (!(*pte & PTE_V)) {
		*pte = leaf(base, FLAGS_RW);
		return;
	}
	if (*pte & PTE_LEAF)
		return;
	for (u64 at = base; at < base + SIZE_2M; at += PAGE_SIZE)
		*entry_4k(at) = leaf(at, FLAGS_RW);
}

void map_devices_range(spa_t base, u64 size)
{
	if (base.v + size > PAGE_MAX_SPA)
		boot_refuse("a device at 0x%lx is beyond what the TSM can reach", base.v);
	for (u64 at = ALIGN_DOWN(base.v, SIZE_2M); at < base.v + size; at += SIZE_2M)
		map_device_block(at);
	rv_sfence_vma();
}

/* The TSM writes guest interrupt files to inject (irq/). Its own file is reached by CSRs. */
static void map_interrupt_files(void)
{
	for (u32 i = 0; i < machine.nr_harts; i++)
		for (u64 n = 1; n <= hart_features.geilen; n++)
			map_device(SPA(machine.harts[i].imsic.v + n * PAGE_SIZE));
}

void map_guard(spa_t page)
{
	*entry_4k(page.v) = 0;
	rv_sfence_vma();
}

void map_init(void)
{
	root = spa_ptr(layout_take(1));
	for (u32 i = 0; i < machine.nr_ram; i++) {
		u64 base = ALIGN_UP(machine.ram[i].base.v, SIZE_2M);
		u64 end = ALIGN_DOWN(machine.ram[i].base.v + machine.ram[i].size, SIZE_2M);

		end = MIN(end, PAGE_MAX_SPA);
		if (base < end)
			map_ram(base, end - base);
	}
	map_image(tsm_image_start, tsm_text_end, FLAGS_RX);
	map_image(tsm_text_end, tsm_rodata_end, FLAGS_R);
	map_interrupt_files();
	map_guard(ptr_spa(boot_guard));
	map_guard(ptr_spa(panic_guard));
	tsm_satp = SATP_MODE_SV39 << SATP_MODE_SHIFT | ptr_spa(root).v >> PAGE_SHIFT;
	rv_sfence_vma();
	csr_write(CSR_SATP, tsm_satp);
	rv_sfence_vma();
	if (csr_read(CSR_SATP) != tsm_satp)
		boot_refuse("the harts have no Sv39");
}
