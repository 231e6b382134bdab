// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TVM's memory as KVM's user interface knows it: slots. A slot becomes a confidential region of
 * the TVM. The VMM's mapping behind a slot is only where measured pages are copied from, and what
 * shared pages are; the TVM's own pages come from mem.c, measured ones before the TVM is finalized,
 * zero ones when the TVM first touches them (fault.c).
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "cove.h"

#define SLOT_MAX_PAGES	((1UL << 31) - 1)	/* as KVM */
#define PIN_BATCH	32

struct cove_slot *cove_slot_find(struct cove_vm *vm, u64 gpa)
{
	unsigned int i;

	for (i = 0; i < vm->nr_slots; i++)
		if (gpa >= vm->slots[i].gpa && gpa - vm->slots[i].gpa < vm->slots[i].size)
			return &vm->slots[i];
	return NULL;
}

/* Page-table pages that suffice for size bytes anywhere, all of them populated in 4 KiB leaves. */
static unsigned long tables_for(u64 size)
{
	return (size / SZ_2M + 2) + (size / SZ_1G + 2) + (size / (512ULL * SZ_1G) + 2);
}

/*
 * Donates at least that many page-table pages. What the TSM took belongs to the TVM, also if a
 * later part fails.
 */
int cove_give_tables(struct cove_vm *vm, unsigned long pages)
{
	struct cove_chunk *chunk, *next;
	unsigned long have = 0;
	LIST_HEAD(chunks);
	int ret = 0;

	lockdep_assert_held(&vm->lock);
	while (have < pages && !ret) {
		chunk = cove_chunk_new_upto(&chunks, min(9, order_base_2(pages - have)));
		if (IS_ERR(chunk))
			ret = PTR_ERR(chunk);
		else
			have += 1UL << chunk->order;
	}
	if (!ret)
		ret = cove_fence();
	list_for_each_entry_safe(chunk, next, &chunks, list) {
		if (!ret)
			ret = cove_sbi_add_tables(vm->tvm, page_to_phys(chunk->page),
						  1UL << chunk->order);
		if (!ret)
			list_move(&chunk->list, &vm->state);
	}
	cove_chunks_release(&chunks);
	return ret;
}

static struct cove_slot *slot_by_id(struct cove_vm *vm, u32 id)
{
	unsigned int i;

	for (i = 0; i < vm->nr_slots; i++)
		if (vm->slots[i].id == id)
			return &vm->slots[i];
	return NULL;
}

/* @old is the slot that this one replaces, or NULL. */
static int slot_check(struct cove_vm *vm, const struct kvm_userspace_memory_region *r,
		      const struct cove_slot *old)
{
	unsigned int i;

	if (r->flags || (r->memory_size >> PAGE_SHIFT) > SLOT_MAX_PAGES)
		return -EINVAL;
	if (!PAGE_ALIGNED(r->guest_phys_addr | r->memory_size | r->userspace_addr))
		return -EINVAL;
	if (r->guest_phys_addr + r->memory_size < r->guest_phys_addr)
		return -EINVAL;
	if (!access_ok(u64_to_user_ptr(r->userspace_addr), r->memory_size))
		return -EINVAL;
	for (i = 0; i < vm->nr_slots; i++) {
		const struct cove_slot *slot = &vm->slots[i];

		if (slot != old && r->guest_phys_addr < slot->gpa + slot->size &&
		    slot->gpa < r->guest_phys_addr + r->memory_size)
			return -EEXIST;
	}
	return old || vm->nr_slots < COVE_MAX_SLOTS ? 0 : -ENOSPC;
}

static void slot_drop(struct cove_vm *vm, struct cove_slot *slot)
{
	vm->slot_pages -= slot->size >> PAGE_SHIFT;
	kvfree(slot->pages);
	cove_memfd_put(slot->memfd);
	*slot = vm->slots[--vm->nr_slots];
}

/* A size of 0 takes the slot away. */
static int slot_delete(struct cove_vm *vm, struct cove_slot *old)
{
	if (!old)
		return -EINVAL;
	slot_drop(vm, old);
	return 0;
}

/*
 * KVM_SET_USER_MEMORY_REGION. A VMM builds its memory map step by step, and takes parts of it back,
 * so that a slot becomes a region of the TVM only when something of it is measured, or when the TVM
 * first runs. Regions are part of what a TVM is: from then on the slot stays as it is.
 */
int cove_slot_set(struct cove_vm *vm, const struct kvm_userspace_memory_region *r,
		  const struct cove_memfd_range *memfd)
{
	struct cove_slot *old = slot_by_id(vm, r->slot);
	unsigned long *entries;
	int ret;

	lockdep_assert_held(&vm->lock);
	if (vm->finalized || (old && old->region))
		return -EBUSY;
	if (!r->memory_size)
		return slot_delete(vm, old);
	ret = slot_check(vm, r, old);
	if (ret)
		return ret;
	entries = kvcalloc(r->memory_size >> PAGE_SHIFT, sizeof(*entries),
			   GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!entries)
		return -ENOMEM;
	if (old)
		slot_drop(vm, old);
	vm->slots[vm->nr_slots++] = (struct cove_slot) {
		.id = r->slot,
		.gpa = r->guest_phys_addr,
		.size = r->memory_size,
		.uaddr = r->userspace_addr,
		.pages = entries,
		.memfd = cove_memfd_get(memfd),
		.memfd_at = memfd ? memfd->at : 0,
	};
	vm->slot_pages += r->memory_size >> PAGE_SHIFT;
	return 0;
}

/* The slot becomes a region of the TVM. */
static int slot_region(struct cove_vm *vm, struct cove_slot *slot)
{
	int ret;

	if (slot->region)
		return 0;
	ret = cove_give_tables(vm, tables_for(slot->size));
	if (!ret)
		ret = cove_sbi_add_region(vm->tvm, slot->gpa, slot->size);
	slot->region = !ret;
	return ret;
}

/* What is shared is the VMM's again. */
static void slot_unpin(struct cove_slot *slot)
{
	struct page *page;
	u64 i;

	for (i = 0; i < slot->size >> PAGE_SHIFT; i++) {
		if (cove_kind(slot->pages[i]) != COVE_SHARED)
			continue;
		page = pfn_to_page(slot->pages[i] >> COVE_PFN_SHIFT);
		unpin_user_pages_dirty_lock(&page, 1, true);
	}
}

/* After the TVM was destroyed. */
void cove_slots_free(struct cove_vm *vm)
{
	while (vm->nr_slots) {
		struct cove_slot *slot = &vm->slots[--vm->nr_slots];

		slot_unpin(slot);
		kvfree(slot->pages);
		cove_memfd_put(slot->memfd);
	}
}

/* How many of the first pages of the list follow each other in physical memory. */
unsigned long cove_contiguous(struct page **list, unsigned long pages)
{
	unsigned long i = 1;

	while (i < pages && page_to_pfn(list[i]) == page_to_pfn(list[0]) + i)
		i++;
	return i;
}

static void set_private(struct cove_slot *slot, u64 gpa, phys_addr_t pa, unsigned long pages)
{
	unsigned long i, first = (gpa - slot->gpa) >> PAGE_SHIFT, pfn = PHYS_PFN(pa);

	for (i = 0; i < pages; i++)
		slot->pages[first + i] = (pfn + i) << COVE_PFN_SHIFT | COVE_PRIVATE;
}

static int measure_pinned(struct cove_vm *vm, struct cove_slot *slot, u64 gpa, struct page **list,
			  unsigned long pages)
{
	unsigned long got;
	phys_addr_t to;
	int ret;

	for (; pages; list += got, gpa += got * PAGE_SIZE, pages -= got) {
		ret = cove_data_take(vm, cove_contiguous(list, pages), &to, &got);
		if (ret)
			return ret;
		ret = cove_sbi_add_measured(vm->tvm, page_to_phys(list[0]), to, got, gpa);
		if (ret) {
			cove_data_put_back(vm, to, got);
			return ret;
		}
		set_private(slot, gpa, to, got);
	}
	return 0;
}

static bool is_zero(struct page *page)
{
	return !memchr_inv(page_address(page), 0, PAGE_SIZE);
}

/* Of pinned pages those that are not zero, as runs. */
static int measure_written(struct cove_vm *vm, struct cove_slot *slot, u64 gpa, struct page **list,
			   unsigned long pages)
{
	unsigned long i, run;
	int ret;

	for (i = 0; i < pages; i += run) {
		run = 1;
		if (is_zero(list[i]))
			continue;
		while (i + run < pages && !is_zero(list[i + run]))
			run++;
		ret = measure_pinned(vm, slot, gpa + i * PAGE_SIZE, list + i, run);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Pages of the caller's, pinned only while the TSM reads them; @written: only those that are not
 * zero.
 */
static int measure_user(struct cove_vm *vm, struct cove_slot *slot, u64 gpa, u64 uaddr, u64 left,
			bool written)
{
	struct page *list[PIN_BATCH];
	int pinned, ret;

	for (; left; left -= pinned, gpa += pinned * PAGE_SIZE, uaddr += pinned * PAGE_SIZE) {
		pinned = pin_user_pages_fast(uaddr, min_t(u64, left, PIN_BATCH), 0, list);
		if (pinned <= 0)
			return pinned ? pinned : -EFAULT;
		ret = written ? measure_written(vm, slot, gpa, list, pinned) :
				measure_pinned(vm, slot, gpa, list, pinned);
		unpin_user_pages(list, pinned);
		if (ret)
			return ret;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/*
 * KVM_RISCV_COVE_MEASURE_REGION: copies pages of the caller's into the TVM and has them measured,
 * in ascending order. A size that ends within a page takes the whole page. The pages are pinned
 * only while the TSM reads them. After an error part of the range may be measured, so that the VM
 * is of no more use.
 */
int cove_slot_measure(struct cove_vm *vm, const struct kvm_riscv_cove_measure_region *r)
{
	struct cove_slot *slot = cove_slot_find(vm, r->gpa);
	u64 gpa = r->gpa, uaddr = r->userspace_addr, pages;
	unsigned long i;
	int ret;

	lockdep_assert_held(&vm->lock);
	if (vm->finalized)
		return -EBUSY;
	if (!slot || !r->size || !PAGE_ALIGNED(gpa | uaddr) ||
	    r->size > slot->size - (gpa - slot->gpa))
		return -EINVAL;
	pages = DIV_ROUND_UP_ULL(r->size, PAGE_SIZE);
	for (i = 0; i < pages; i++)
		if (slot->pages[((gpa - slot->gpa) >> PAGE_SHIFT) + i])
			return -EEXIST;
	ret = slot_region(vm, slot);
	if (ret)
		return ret;
	vm->measured = true;
	return measure_user(vm, slot, gpa, uaddr, pages, false);
}

/* The slot of lowest address from there on. */
static struct cove_slot *slot_from(struct cove_vm *vm, u64 from)
{
	struct cove_slot *next = NULL;
	unsigned int i;

	for (i = 0; i < vm->nr_slots; i++)
		if (vm->slots[i].gpa >= from && (!next || vm->slots[i].gpa < next->gpa))
			next = &vm->slots[i];
	return next;
}

/*
 * Before the TVM first runs: all slots become regions. For a VMM that knows only KVM, which had
 * nothing measured by name, all pages of its mappings that are not zero are measured, in ascending
 * order of guest addresses. The others are zero in the TVM, too.
 */
int cove_slots_finish(struct cove_vm *vm)
{
	struct cove_slot *slot;
	u64 from = 0;
	int ret = 0;

	lockdep_assert_held(&vm->lock);
	while (!ret && (slot = slot_from(vm, from))) {
		u64 pages = slot->size >> PAGE_SHIFT;

		ret = slot_region(vm, slot);
		if (!ret && !vm->measured)
			ret = measure_user(vm, slot, slot->gpa, slot->uaddr, pages, true);
		from = slot->gpa + slot->size;
	}
	return ret;
}
