/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for tests: the largest piece of RAM that nobody uses, handed out upwards and given back
 * down to a mark.
 */
#include "rt.h"

static u64 base, next, end;

extern char _image_start[], _image_end[];

/* The first used range that overlaps [from, to), lowest base first. */
static bool used(u64 from, u64 to, struct range *found)
{
	struct range image = { (u64)_image_start, (u64)(_image_end - _image_start) };
	bool any = false;

	for (u32 i = 0; i <= machine.nr_reserved; i++) {
		const struct range *r = i < machine.nr_reserved ? &machine.reserved[i] : &image;

		if (r->base < to && r->base + r->size > from && (!any || r->base < found->base)) {
			*found = *r;
			any = true;
		}
	}
	return any;
}

static void offer(u64 from, u64 to)
{
	from = ALIGN_UP(from, PAGE_SIZE);
	to &= ~(PAGE_SIZE - 1);
	if (from < to && to - from > end - base) {
		base = from;
		end = to;
	}
}

void mem_init(void)
{
	struct range r = { 0 };

	for (u32 i = 0; i < machine.nr_ram; i++) {
		u64 from = machine.ram[i].base, to = from + machine.ram[i].size;

		while (used(from, to, &r)) {
			if (r.base > from)
				offer(from, r.base);
			from = r.base + r.size;
		}
		offer(from, to);
	}
	next = base;
	if (end - base < 64 * SIZE_2M / 2) {
		print("Bail out! only %lu KiB of memory\n", (end - base) >> 10);
		shutdown(true);
	}
}

u64 pages_alloc(u64 count, u64 align)
{
	u64 at = ALIGN_UP(next, align * PAGE_SIZE);

	if (at + count * PAGE_SIZE > end) {
		print("Bail out! out of memory for tests\n");
		shutdown(true);
	}
	next = at + count * PAGE_SIZE;
	return at;
}

u64 mem_mark(void)
{
	return next;
}

u64 mem_free_pages(void)
{
	return (end - next) / PAGE_SIZE;
}

u64 mem_release(u64 mark)
{
	u64 lost = 0, ignored;

	for (u64 at = mark; at < next; at += PAGE_SIZE)
		lost += probe_load64(at, &ignored) != NO_TRAP;
	if (!lost)
		next = mark;
	return lost;
}
