/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/boot.h"
#include "base/check.h"
#include "base/string.h"
#include "host/space.h"
#include "generated/config.h"
#include "page/page.h"
#include "rv_arch.h"

/* Device windows: tables for what is not RAM. Two per distinct 2 MiB neighbourhood is plenty on any board with few buses. */
#define DEVICE_POOL_PAGES	96ULL
/* The TSM's own page tables: root, one per GiB of RAM, and 4 KiB tables for image, stacks and interrupt files. */
#define MAP_TABLE_PAGES(gibs)	((gibs) + 32)

/* What the image takes: its block in @own, and the one that the firmware loads it to. */
#define IMAGE_SIZE	SIZE_2M

extern char tsm_image_start[], tsm_file_end[];

static struct machine_range ram[MACHINE_MAX_RAM];	/* trimmed to 2 MiB */
static u32 ram_count;
static struct machine_range own;			/* the TSM's piece; the image is at its end */
static u64 own_used;

static u64 ram_gibs(void)
{
	u64 n = 0;

	for (u32 i = 0; i < ram_count; i++)
		n += ram[i].size / SIZE_1G + 2;
	return n;
}

/* Interrupt files that one bank of page words spans at most; more means an odd machine. */
#define IMSIC_MAX_FRAMES	0x10000ULL

/* The frames from the lowest to the highest interrupt file, holes included. */
static u64 imsic_span(u64 *first)
{
	u64 low = ~0ULL, high = 0;

	for (u32 i = 0; i < machine.nr_harts; i++) {
		u64 frame = machine.harts[i].imsic.v >> PAGE_SHIFT;

		low = MIN(low, frame);
		high = MAX(high, frame + hart_features.geilen);
	}
	*first = low;
	if (high - low >= IMSIC_MAX_FRAMES)
		boot_refuse("the interrupt files span more than %llu MiB", IMSIC_MAX_FRAMES >> 8);
	return high - low + 1;
}

static u64 own_size(void)
{
	u64 hart_pages = 1 + STACK_SIZE / PAGE_SIZE + ALIGN_UP(sizeof(struct hart), PAGE_SIZE) / PAGE_SIZE +
			 harts_vector_pages() + 3;
	u64 size = HOST_ROOT_SIZE * 2, first;

	for (u32 i = 0; i < ram_count; i++) {
		u64 frames = ram[i].size / PAGE_SIZE;

		size += ALIGN_UP(frames * sizeof(u64), PAGE_SIZE) + host_space_size(frames);
	}
	size += ALIGN_UP(imsic_span(&first) * sizeof(u64), PAGE_SIZE) + devices_pages() * PAGE_SIZE;
	size += (DEVICE_POOL_PAGES + MAP_TABLE_PAGES(ram_gibs()) + machine.nr_harts * hart_pages) * PAGE_SIZE;
	return ALIGN_UP(size, SIZE_2M) + IMAGE_SIZE;
}

static bool overlaps(const struct machine_range *r, u64 base, u64 size)
{
	return ranges_overlap(r->base.v, r->size, base, size);
}

static bool overlaps_reserved(u64 base, u64 size)
{
	for (u32 i = 0; i < machine.nr_reserved; i++)
		if (overlaps(&machine.reserved[i], base, size))
			return true;
	return false;
}

static bool overlaps_loaded_image(u64 base, u64 size)
{
	return ranges_overlap(CONFIG_LOAD_ADDRESS, IMAGE_SIZE, base, size);
}

static bool overlaps_boot_data(u64 base, u64 size)
{
	return overlaps(&machine.kernel, base, size) || overlaps(&machine.ramdisk, base, size) ||
	       overlaps(&machine.fdt, base, size);
}

/* The highest free 2 MiB-aligned place: the low addresses, where kernels expect to be, are the host's. */
static bool find_own(u64 size)
{
	for (u32 i = ram_count; i-- > 0;) {
		u64 start = ram[i].base.v;

		for (u64 at = start + ram[i].size; at >= start + size; at -= SIZE_2M) {
			u64 base = at - size;

			if (overlaps_reserved(base, size) || overlaps_loaded_image(base, size) ||
			    overlaps_boot_data(base, size))
				continue;
			own = (struct machine_range){ SPA(base), size };
			return true;
		}
	}
	return false;
}

void layout_init(void)
{
	u64 size;

	for (u32 i = 0; i < machine.nr_ram; i++) {
		u64 start = ALIGN_UP(machine.ram[i].base.v, SIZE_2M);
		u64 end = ALIGN_DOWN(MIN(machine.ram[i].base.v + machine.ram[i].size, PAGE_MAX_SPA), SIZE_2M);
		struct machine_range *last = ram_count ? &ram[ram_count - 1] : NULL;

		if (start >= end)
			continue;
		/* Banks that touch are one. Two banks in one GiB must not be two (host/space.c): the later is left out. */
		if (last && last->base.v + last->size == start) {
			last->size += end - start;
			continue;
		}
		if (last && (last->base.v + last->size - 1) >> 30 == start >> 30)
			start = ALIGN_UP(start, SIZE_1G);
		if (start < end)
			ram[ram_count++] = (struct machine_range){ SPA(start), end - start };
	}
	size = own_size();
	if (!find_own(size))
		boot_refuse("no room for %lu KiB of tables: give the machine more memory (-m)", size >> 10);
}

void __noreturn tsm_restart(u64 hartid, const void *fdt, u64 instret);

void layout_move_image(u64 hartid, const void *fdt, u64 instret)
{
	char *to = spa_ptr(SPA(own.base.v + own.size - IMAGE_SIZE));
	u64 restart = (u64)tsm_restart - (u64)tsm_image_start;

	if (to == tsm_image_start)
		return;
	memcpy(to, tsm_image_start, (u64)tsm_file_end - (u64)tsm_image_start);
	rv_jump(to + restart, hartid, (u64)fdt, instret);
}

spa_t layout_take(u64 pages)
{
	u64 at = own.base.v + own_used;

	/* A multiple of 16 KiB starts on one: roots need that. */
	if (pages == HOST_ROOT_SIZE / PAGE_SIZE)
		at = ALIGN_UP(at, HOST_ROOT_SIZE);
	check(at + pages * PAGE_SIZE <= own.base.v + own.size - IMAGE_SIZE);
	own_used = at + pages * PAGE_SIZE - own.base.v;
	memset(spa_ptr(SPA(at)), 0, pages * PAGE_SIZE);
	return SPA(at);
}

bool layout_is_host(u64 spa)
{
	return !overlaps_reserved(spa, SIZE_2M) && !overlaps(&own, spa, SIZE_2M);
}

static void publish_bank(const struct machine_range *r)
{
	struct page_bank bank = { .first = r->base.v >> PAGE_SHIFT, .count = r->size >> PAGE_SHIFT };
	u64 tables = host_space_size(bank.count) / PAGE_SIZE;

	bank.words = spa_ptr(layout_take(ALIGN_UP(bank.count * sizeof(u64), PAGE_SIZE) / PAGE_SIZE));
	page_bank_add(&bank, PAGE_HOST);
	for (u64 spa = r->base.v; spa < r->base.v + r->size; spa += SIZE_2M)
		if (!layout_is_host(spa))
			page_boot_set(spa_pfn(SPA(spa)), PAGES_PER_2M,
				      overlaps_reserved(spa, SIZE_2M) ? PAGE_RESERVED : PAGE_TSM);
	host_space_add_bank(spa_pfn(r->base), bank.count, layout_take(tables), layout_is_host);
}

/*
 * File 0 of a hart is the TSM's; file 1 is the host's own for good (one pin that nobody drops); the others are the host's to
 * give away.
 */
static void publish_imsics(void)
{
	struct page_bank bank = { .kind = PAGE_KIND_IMSIC };

	bank.count = imsic_span(&bank.first);
	bank.words = spa_ptr(layout_take(ALIGN_UP(bank.count * sizeof(u64), PAGE_SIZE) / PAGE_SIZE));
	page_bank_add(&bank, PAGE_RESERVED);
	for (u32 i = 0; i < machine.nr_harts; i++) {
		pfn_t file = spa_pfn(machine.harts[i].imsic);

		page_boot_set(file, 1, PAGE_TSM);
		page_boot_set(pfn_add(file, 1), hart_features.geilen, PAGE_HOST);
		check(page_ref(pfn_add(file, 1), PAGE_HOST, 0));
	}
}

void layout_publish(void)
{
	spa_t root = layout_take(HOST_ROOT_SIZE / PAGE_SIZE);

	host_space_init(root, layout_take(DEVICE_POOL_PAGES), DEVICE_POOL_PAGES);
	for (u32 i = 0; i < ram_count; i++)
		publish_bank(&ram[i]);
	publish_imsics();
}

u32 layout_host_ranges(struct host_range *out, u32 max)
{
	u32 n = 0;

	for (u32 i = 0; i < ram_count; i++) {
		for (u64 at = ram[i].base.v; at < ram[i].base.v + ram[i].size; at += SIZE_2M) {
			if (!layout_is_host(at))
				continue;
			if (n && out[n - 1].base.v + out[n - 1].size == at) {
				out[n - 1].size += SIZE_2M;
				continue;
			}
			if (n == max)
				boot_refuse("memory is split into more than %u pieces", max);
			out[n++] = (struct host_range){ HPA(at), SIZE_2M };
		}
	}
	return n;
}

u64 layout_kept_kib(void)
{
	return own.size >> 10;
}

bool layout_fits(u64 base, u64 size, const struct machine_range *avoid, u32 avoid_count)
{
	for (u64 at = ALIGN_DOWN(base, SIZE_2M); at < base + size; at += SIZE_2M)
		if (!layout_is_host(at))
			return false;
	for (u32 i = 0; i < avoid_count; i++)
		if (overlaps(&avoid[i], base, size))
			return false;
	return true;
}

u64 layout_find(u64 size, u64 align, bool lowest, const struct machine_range *avoid, u32 avoid_count)
{
	u64 found = 0;

	for (u32 i = 0; i < ram_count; i++) {
		u64 start = ram[i].base.v, end = start + ram[i].size;

		for (u64 at = ALIGN_UP(start, align); at < end && size <= end - at; at += align) {
			if (!layout_fits(at, size, avoid, avoid_count))
				continue;
			if (lowest)
				return at;
			found = at;
		}
	}
	return found;
}
