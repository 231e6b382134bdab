// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a running TVM: what it touches first, what it shares and takes back. Confidential pages
 * are ours, 2 MiB at a time where nothing is in the way; shared pages are the VMM's own, pinned, so
 * that the VMM reaches them by its mapping.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "cove.h"
#include "trace.h"

#define TABLES_TOP_UP	64
#define PAGES_2M	(SZ_2M / PAGE_SIZE)
#define PIN_BATCH	16

static u64 index_of(const struct cove_slot *slot, u64 gpa)
{
	return (gpa - slot->gpa) >> PAGE_SHIFT;
}

static void set_pages(struct cove_slot *slot, u64 first, unsigned long pfn, unsigned long count,
		      unsigned long kind)
{
	unsigned long i;

	for (i = 0; i < count; i++)
		slot->pages[first + i] = (pfn + i) << COVE_PFN_SHIFT | kind;
}

/* The aligned 2 MiB around gpa are in the slot, and nothing is there yet. */
static bool window_is_empty(const struct cove_slot *slot, u64 window)
{
	u64 i, first;

	if (window < slot->gpa || SZ_2M > slot->size || window - slot->gpa > slot->size - SZ_2M)
		return false;
	first = index_of(slot, window);
	for (i = 0; i < PAGES_2M; i++)
		if (slot->pages[first + i])
			return false;
	return true;
}

static bool map_large(struct cove_vm *vm, struct cove_slot *slot, u64 window)
{
	struct cove_chunk *chunk;

	if (!window_is_empty(slot, window))
		return false;
	chunk = cove_data_take_large(vm);
	if (!chunk)
		return false;
	if (cove_sbi_add_zero(vm->tvm, page_to_phys(chunk->page), COVE_PAGE_2M, 1, window)) {
		cove_data_put_back_large(vm, chunk);
		return false;
	}
	set_pages(slot, index_of(slot, window), page_to_pfn(chunk->page), PAGES_2M,
		  COVE_PRIVATE | COVE_LARGE);
	return true;
}

static int map_private(struct cove_vm *vm, struct cove_slot *slot, u64 gpa)
{
	unsigned long got;
	phys_addr_t pa;
	int ret;

	if (map_large(vm, slot, ALIGN_DOWN(gpa, SZ_2M)))
		return 0;
	ret = cove_data_take(vm, 1, &pa, &got);
	if (ret)
		return ret;
	ret = cove_sbi_add_zero(vm->tvm, pa, COVE_PAGE_4K, 1, gpa);
	if (ret && !cove_give_tables(vm, TABLES_TOP_UP))
		ret = cove_sbi_add_zero(vm->tvm, pa, COVE_PAGE_4K, 1, gpa);
	if (ret) {
		cove_data_put_back(vm, pa, 1);
		/* Being shared by another vCPU, which has not been told yet: comes here again. */
		if (atomic_read(&vm->share_replies))
			return 0;
		pr_err_ratelimited("ADD_ZERO_PAGES at GPA 0x%llx: error %d\n", gpa, ret);
		return ret;
	}
	set_pages(slot, index_of(slot, gpa), PHYS_PFN(pa), 1, COVE_PRIVATE);
	return 0;
}

/* Maps the first pages of the list that are contiguous; returns how many, or an error. */
static long map_pinned(struct cove_vm *vm, struct cove_slot *slot, u64 gpa, struct page **list,
		       unsigned long pages)
{
	unsigned long run = cove_contiguous(list, pages);
	int ret = cove_sbi_add_shared(vm->tvm, page_to_phys(list[0]), run, gpa);

	if (ret && !cove_give_tables(vm, TABLES_TOP_UP))
		ret = cove_sbi_add_shared(vm->tvm, page_to_phys(list[0]), run, gpa);
	if (ret)
		return ret;
	set_pages(slot, index_of(slot, gpa), page_to_pfn(list[0]), run, COVE_SHARED);
	vm->shared_pages += run;
	return run;
}

/* Shared pages from gpa on that are not there yet, a few at a time. */
static int map_shared(struct cove_vm *vm, struct cove_slot *slot, u64 gpa)
{
	u64 first = index_of(slot, gpa);
	u64 uaddr = slot->uaddr + (first << PAGE_SHIFT);
	unsigned long want = 1, end = slot->size >> PAGE_SHIFT;
	struct page *list[PIN_BATCH];
	long pinned, done = 0, run;

	while (want < PIN_BATCH && first + want < end &&
	       slot->pages[first + want] == COVE_SHARED_NOTHING)
		want++;
	pinned = pin_user_pages_fast(uaddr, want, FOLL_WRITE | FOLL_LONGTERM, list);
	if (pinned <= 0)
		return pinned ? pinned : -EFAULT;
	do {
		run = map_pinned(vm, slot, gpa + done * PAGE_SIZE, list + done, pinned - done);
		if (run < 0)
			break;
		done += run;
	} while (done < pinned);
	unpin_user_pages(list + done, pinned - done);
	if (done || atomic_read(&vm->share_replies))
		return 0;
	pr_err_ratelimited("ADD_SHARED_PAGES at GPA 0x%llx: error %ld\n", gpa, run);
	return run;
}

/*
 * A page fault of the TVM. -ENOENT: no slot is there, so it is MMIO. Two vCPUs may come for one
 * page: the second finds it there, and its access succeeds when it is repeated.
 */
int cove_fault(struct cove_vm *vm, u64 gpa)
{
	struct cove_slot *slot;
	int ret = 0;

	mutex_lock(&vm->lock);
	slot = cove_slot_find(vm, gpa);
	gpa &= PAGE_MASK;
	if (vm->dead) {
		ret = -EIO;
	} else if (!slot) {
		ret = -ENOENT;
	} else {
		switch (cove_kind(slot->pages[index_of(slot, gpa)])) {
		case COVE_NOTHING:
			ret = map_private(vm, slot, gpa);
			break;
		case COVE_SHARED_NOTHING:
			ret = map_shared(vm, slot, gpa);
			break;
		case COVE_PRIVATE:
		case COVE_SHARED:
			break;
		}
	}
	if (slot && !ret)
		trace_cove_fault(vm->tvm, gpa, cove_kind(slot->pages[index_of(slot, gpa)]),
				 slot->pages[index_of(slot, gpa)] & COVE_LARGE);
	mutex_unlock(&vm->lock);
	return ret;
}

static int for_steps(struct cove_vm *vm, u64 gpa, u64 size,
		     int (*call)(unsigned long tvm, u64 gpa, u64 size))
{
	int ret = 0;
	u64 step;

	for (; size && !ret; gpa += step, size -= step) {
		step = min_t(u64, size, SZ_2M - (gpa & (SZ_2M - 1)));
		ret = call(vm->tvm, gpa, step);
		cond_resched();
	}
	return ret;
}

/* If a 2 MiB leaf is there, it becomes 512 small ones. */
static int demote(struct cove_vm *vm, struct cove_slot *slot, u64 gpa)
{
	u64 window = ALIGN_DOWN(gpa, SZ_2M), first, i;
	int ret;

	if (!(slot->pages[index_of(slot, gpa)] & COVE_LARGE))
		return 0;
	ret = cove_sbi_block(vm->tvm, window, SZ_2M);
	if (!ret)
		ret = cove_tvm_fence(vm);
	if (!ret)
		ret = cove_sbi_demote(vm->tvm, window);
	if (ret)
		return ret;
	first = index_of(slot, window);
	for (i = 0; i < PAGES_2M; i++)
		slot->pages[first + i] &= ~COVE_LARGE;
	return 0;
}

/* Whatever is mapped in the range leaves the TVM. */
static int take_out(struct cove_vm *vm, struct cove_slot *slot, u64 gpa, u64 size)
{
	int ret = 0;

	if (gpa & (SZ_2M - 1))
		ret = demote(vm, slot, gpa);
	if (!ret && ((gpa + size) & (SZ_2M - 1)))
		ret = demote(vm, slot, gpa + size - PAGE_SIZE);
	if (!ret)
		ret = for_steps(vm, gpa, size, cove_sbi_block);
	if (!ret)
		ret = cove_tvm_fence(vm);
	if (!ret)
		ret = for_steps(vm, gpa, size, cove_sbi_remove);
	return ret;
}

static bool is_shared(unsigned long entry)
{
	return cove_kind(entry) == COVE_SHARED || cove_kind(entry) == COVE_SHARED_NOTHING;
}

/* What was at a page that is out of the TVM goes back to where it came from. */
static void give_back(struct cove_vm *vm, unsigned long entry)
{
	unsigned long pfn = entry >> COVE_PFN_SHIFT;
	struct page *page = pfn_to_page(pfn);

	if (cove_kind(entry) == COVE_PRIVATE) {
		cove_data_spare(vm, pfn);
	} else if (cove_kind(entry) == COVE_SHARED) {
		unpin_user_pages_dirty_lock(&page, 1, true);
		vm->shared_pages--;
	}
}

static int change(struct cove_vm *vm, u64 gpa, u64 size, bool share)
{
	struct cove_slot *slot = cove_slot_find(vm, gpa);
	u64 first, i, pages = size >> PAGE_SHIFT;
	bool any = false;
	int ret;

	if (!slot || !PAGE_ALIGNED(gpa | size) || size > slot->size - (gpa - slot->gpa))
		return -EINVAL;
	first = index_of(slot, gpa);
	for (i = 0; i < pages; i++) {
		if (is_shared(slot->pages[first + i]) == share)
			return -EINVAL;
		any |= cove_kind(slot->pages[first + i]) == COVE_PRIVATE ||
		       cove_kind(slot->pages[first + i]) == COVE_SHARED;
	}
	ret = any ? take_out(vm, slot, gpa, size) : 0;
	if (ret) {
		/* The TSM and we may disagree about what is there. */
		vm->dead = true;
		return -EIO;
	}
	for (i = 0; i < pages; i++) {
		give_back(vm, slot->pages[first + i]);
		slot->pages[first + i] = share ? COVE_SHARED_NOTHING : COVE_NOTHING;
	}
	return 0;
}

/*
 * COVG share and unshare. 0: done, to be answered; -EINVAL: to be refused; else the VM is of no
 * more use.
 */
int cove_share(struct cove_vm *vm, u64 gpa, u64 size, bool share)
{
	int ret;

	mutex_lock(&vm->lock);
	ret = vm->dead ? -EIO : change(vm, gpa, size, share);
	if (!ret)
		atomic_inc(&vm->share_replies);
	trace_cove_share(vm->tvm, gpa, size, share, ret);
	mutex_unlock(&vm->lock);
	return ret;
}
