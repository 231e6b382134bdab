// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that was given to the TSM. It is always the kernel's own pages, never a mapping of the
 * VMM's: a VMM that is killed, swaps, forks or unmaps cannot make the kernel touch a page that
 * faults. A page returns to the kernel's allocator only after RECLAIM_PAGES succeeded for it; what
 * cannot be reclaimed is leaked, and said so.
 *
 * Converted pages carry PageOffline, which makes /proc/kcore, /proc/vmcore, hibernation images and
 * makedumpfile pass over them.
 */
#include <linux/cpu.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "cove.h"
#include "trace.h"

#define DATA_ORDER	9	/* 2 MiB */
#define POOL_CHUNKS	8	/* of a VM */
#define POOL_LOW	4
#define FENCE_TRIES	8
#define RESERVE_PAGES	(SZ_16M / PAGE_SIZE)	/* and a 32nd of all: what TVMs leave to the host */

static DEFINE_MUTEX(fence_lock);

atomic_long_t cove_converted = ATOMIC_LONG_INIT(0);
atomic_long_t cove_leaked = ATOMIC_LONG_INIT(0);
atomic_long_t cove_not_zero = ATOMIC_LONG_INIT(0);
bool cove_check_zero;

static void set_offline(struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < 1UL << order; i++)
		__SetPageOffline(page + i);
}

static void clear_offline(struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < 1UL << order; i++)
		__ClearPageOffline(page + i);
}

/*
 * The VMM's size does not show what its TVM takes, so that a kernel which runs out of memory would
 * kill others first: some is left, and the VMM gets -ENOMEM.
 */
static bool host_can_spare(unsigned int order)
{
	long reserve = RESERVE_PAGES + totalram_pages() / 32;

	return si_mem_available() >= reserve + (1L << order);
}

/*
 * 2^order pages, converted but not fenced. With insist the kernel tries hard (but kills nobody);
 * without, it fails quickly, for callers that have a smaller order in mind.
 */
static struct page *alloc_converted(unsigned int order, bool insist)
{
	const gfp_t effort = insist ? __GFP_RETRY_MAYFAIL : __GFP_NORETRY;
	struct page *page = NULL;
	int ret;

	if (host_can_spare(order))
		page = alloc_pages(GFP_KERNEL_ACCOUNT | __GFP_NOWARN | effort, order);
	if (!page)
		return ERR_PTR(-ENOMEM);
	ret = cove_sbi_convert(page_to_phys(page), 1UL << order);
	trace_cove_pages(page_to_phys(page), 1UL << order, true, ret);
	if (ret) {
		__free_pages(page, order);
		return ERR_PTR(ret);
	}
	set_offline(page, order);
	atomic_long_add(1L << order, &cove_converted);
	return page;
}

/* The TSM zeroes what it returns. Looking is for tests. */
static void check_zero(struct page *page, unsigned int order)
{
	if (READ_ONCE(cove_check_zero) &&
	    memchr_inv(page_address(page), 0, PAGE_SIZE << order))
		atomic_long_inc(&cove_not_zero);
}

/* Gives pages back to the kernel, fenced or not; those that the TSM does not return are leaked. */
static void free_converted(struct page *page, unsigned int order)
{
	unsigned long i, lost = 0, pages = 1UL << order;
	phys_addr_t pa = page_to_phys(page);
	int ret;

	atomic_long_sub(pages, &cove_converted);
	ret = cove_sbi_reclaim(pa, pages);
	trace_cove_pages(pa, pages, false, ret);
	if (!ret) {
		check_zero(page, order);
		clear_offline(page, order);
		__free_pages(page, order);
		return;
	}
	split_page(page, order);
	for (i = 0; i < pages; i++) {
		if (pages == 1 || cove_sbi_reclaim(pa + i * PAGE_SIZE, 1)) {
			lost++;
			continue;
		}
		clear_offline(page + i, 0);
		__free_page(page + i);
	}
	atomic_long_add(lost, &cove_leaked);
	if (lost)
		pr_warn("leaked %lu of %lu pages at %pa: the TSM does not return them\n", lost,
			pages, &pa);
}

static void local_fence(void *failed)
{
	if (cove_sbi_local_fence())
		atomic_inc(failed);
}

/*
 * After this no CPU holds a translation to anything that was converted before. CPUs neither come
 * nor go meanwhile; a cycle that somebody else left incomplete is completed first.
 */
int cove_fence(void)
{
	atomic_t failed = ATOMIC_INIT(0);
	unsigned int try;
	int ret;

	mutex_lock(&fence_lock);
	cpus_read_lock();
	for (try = 0; try < FENCE_TRIES; try++) {
		ret = cove_sbi_global_fence();
		on_each_cpu(local_fence, &failed, 1);
		if (ret != -EBUSY)
			break;
	}
	cpus_read_unlock();
	mutex_unlock(&fence_lock);
	if (ret == -EBUSY)
		pr_err_ratelimited("GLOBAL_FENCE: a CPU does not complete the cycle before\n");
	if (!ret && atomic_read(&failed))
		ret = -EIO;
	return ret;
}

struct cove_chunk *cove_chunk_new(struct list_head *to, unsigned int order, bool insist)
{
	struct cove_chunk *chunk = kzalloc(sizeof(*chunk), GFP_KERNEL_ACCOUNT);
	struct page *page;

	if (!chunk)
		return ERR_PTR(-ENOMEM);
	page = alloc_converted(order, insist);
	if (IS_ERR(page)) {
		kfree(chunk);
		return ERR_CAST(page);
	}
	chunk->page = page;
	chunk->order = order;
	list_add(&chunk->list, to);
	return chunk;
}

/*
 * The largest chunk up to order that can be had. Only a lack of memory makes it try a smaller one.
 */
struct cove_chunk *cove_chunk_new_upto(struct list_head *to, unsigned int order)
{
	struct cove_chunk *chunk;

	do {
		chunk = cove_chunk_new(to, order, !order);
	} while (IS_ERR(chunk) && PTR_ERR(chunk) == -ENOMEM && order--);
	return chunk;
}

void cove_chunk_release(struct cove_chunk *chunk)
{
	list_del(&chunk->list);
	free_converted(chunk->page, chunk->order);
	kfree(chunk);
}

void cove_chunks_release(struct list_head *chunks)
{
	struct cove_chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, chunks, list) {
		cove_chunk_release(chunk);
		cond_resched();
	}
}

/* For a TVM that the TSM does not let go: its pages may still be in use. */
void cove_chunks_leak(struct list_head *chunks)
{
	struct cove_chunk *chunk, *next;
	unsigned long pages = 0;

	list_for_each_entry_safe(chunk, next, chunks, list) {
		pages += 1UL << chunk->order;
		atomic_long_sub(1L << chunk->order, &cove_converted);
		atomic_long_add(1L << chunk->order, &cove_leaked);
		list_del(&chunk->list);
		kfree(chunk);
	}
	if (pages)
		pr_warn("leaked %lu pages of a TVM that could not be destroyed\n", pages);
}

/* How many more pages the TVM's slots can hold. */
static u64 data_room(const struct cove_vm *vm)
{
	return vm->slot_pages > vm->data_pages ? vm->slot_pages - vm->data_pages : 0;
}

/* A new chunk of data pages at once: the pool has none. */
static struct cove_chunk *data_refill(struct cove_vm *vm)
{
	unsigned int order = min_t(unsigned int, DATA_ORDER, ilog2(data_room(vm) | 1));
	struct cove_chunk *chunk = cove_chunk_new_upto(&vm->data, order);
	int ret;

	if (IS_ERR(chunk))
		return chunk;
	ret = cove_fence();
	if (ret) {
		cove_chunk_release(chunk);
		return ERR_PTR(ret);
	}
	vm->data_pages += 1UL << chunk->order;
	return chunk;
}

static struct cove_chunk *pool_take(struct cove_vm *vm)
{
	struct cove_chunk *chunk = list_first_entry_or_null(&vm->ready, struct cove_chunk, list);

	if (chunk) {
		list_del(&chunk->list);
		vm->nr_ready--;
	}
	cove_pool_refill(vm);
	return chunk;
}

static struct cove_chunk *data_chunk(struct cove_vm *vm)
{
	struct cove_chunk *chunk = list_first_entry_or_null(&vm->data, struct cove_chunk, list);

	if (chunk && chunk->used < 1U << chunk->order)
		return chunk;
	chunk = pool_take(vm);
	if (!chunk)
		return data_refill(vm);
	list_add(&chunk->list, &vm->data);
	return chunk;
}

/*
 * Hands out up to want contiguous pages, converted and fenced, to become the TVM's memory: one that
 * came back, or the next of the newest chunk, the first in the list, which is the only one with
 * pages left.
 */
int cove_data_take(struct cove_vm *vm, unsigned long want, phys_addr_t *pa, unsigned long *got)
{
	struct page *page = list_first_entry_or_null(&vm->spare, struct page, lru);
	struct cove_chunk *chunk;

	lockdep_assert_held(&vm->lock);
	if (page) {
		list_del(&page->lru);
		*pa = page_to_phys(page);
		*got = 1;
		return 0;
	}
	chunk = data_chunk(vm);
	if (IS_ERR(chunk))
		return PTR_ERR(chunk);
	*pa = page_to_phys(chunk->page) + (phys_addr_t)chunk->used * PAGE_SIZE;
	*got = min(want, (1UL << chunk->order) - chunk->used);
	chunk->used += *got;
	return 0;
}

/* A page that left the TVM: converted, and clean once it is added again. */
void cove_data_spare(struct cove_vm *vm, unsigned long pfn)
{
	lockdep_assert_held(&vm->lock);
	list_add(&pfn_to_page(pfn)->lru, &vm->spare);
}

/* What the TSM refused stays converted. */
void cove_data_put_back(struct cove_vm *vm, phys_addr_t pa, unsigned long pages)
{
	for (; pages; pages--, pa += PAGE_SIZE)
		cove_data_spare(vm, PHYS_PFN(pa));
}

/* 2 MiB in one piece, for a large leaf; NULL: there are none at once. */
struct cove_chunk *cove_data_take_large(struct cove_vm *vm)
{
	struct cove_chunk *chunk, *first;

	lockdep_assert_held(&vm->lock);
	chunk = pool_take(vm);
	if (!chunk)
		return NULL;
	chunk->used = 1U << chunk->order;
	/* Behind the one that may have pages left. */
	first = list_first_entry_or_null(&vm->data, struct cove_chunk, list);
	list_add(&chunk->list, first ? &first->list : &vm->data);
	return chunk;
}

void cove_data_put_back_large(struct cove_vm *vm, struct cove_chunk *chunk)
{
	chunk->used = 0;
	list_move(&chunk->list, &vm->ready);
	vm->nr_ready++;
}

/* How many chunks the pool lacks. */
static unsigned int pool_lacks(struct cove_vm *vm)
{
	u64 fit = data_room(vm) >> DATA_ORDER;

	if (vm->dead || vm->nr_ready >= POOL_CHUNKS)
		return 0;
	return min_t(u64, fit, POOL_CHUNKS - vm->nr_ready);
}

/* Converts and fences what the pool lacks, at the VMM's cost but not in its time. */
static unsigned int pool_fill(struct cove_vm *vm, unsigned int want, struct list_head *chunks)
{
	struct mem_cgroup *before = set_active_memcg(vm->memcg);
	unsigned int have = 0;

	while (have < want && !IS_ERR(cove_chunk_new(chunks, DATA_ORDER, false)))
		have++;
	set_active_memcg(before);
	if (have && cove_fence()) {
		cove_chunks_release(chunks);
		have = 0;
	}
	return have;
}

static void pool_work(struct work_struct *work)
{
	struct cove_vm *vm = container_of(work, struct cove_vm, refill);
	unsigned int want, have;
	LIST_HEAD(chunks);

	mutex_lock(&vm->lock);
	want = pool_lacks(vm);
	mutex_unlock(&vm->lock);
	have = pool_fill(vm, want, &chunks);
	mutex_lock(&vm->lock);
	list_splice(&chunks, &vm->ready);
	vm->nr_ready += have;
	vm->data_pages += (u64)have << DATA_ORDER;
	mutex_unlock(&vm->lock);
}

void cove_pool_init(struct cove_vm *vm)
{
	INIT_LIST_HEAD(&vm->ready);
	INIT_LIST_HEAD(&vm->spare);
	INIT_WORK(&vm->refill, pool_work);
}

void cove_pool_refill(struct cove_vm *vm)
{
	if (vm->nr_ready < POOL_LOW && pool_lacks(vm))
		queue_work(system_unbound_wq, &vm->refill);
}

/* Nobody may ask for a refill any more. */
void cove_pool_stop(struct cove_vm *vm)
{
	cancel_work_sync(&vm->refill);
}
