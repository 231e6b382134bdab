/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/space.h"
#include "base/check.h"
#include "base/spinlock.h"
#include "base/string.h"
#include "host/hart.h"
#include "rv_arch.h"

#define ENTRIES		512ULL
#define PTE_TABLE	PTE_V
#define PTE_RAM		(PTE_V | PTE_R | PTE_W | PTE_X | PTE_U | PTE_A | PTE_D)
#define PTE_DEVICE	(PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D)

/* A 2 MiB block of RAM. Its level-1 entry is a leaf (all mapped), 0 (none) or names the block's own table. */
struct block {
	struct spinlock lock;
	u32 unmapped;		/* frames that the host does not have, 0..512 */
	u32 pad;
};

/* A 1 GiB stretch of RAM. Its root entry is a leaf while every block in it is one. */
struct gib {
	struct spinlock lock;
	u32 not_leaf;		/* blocks that are no leaf, those outside the bank included */
	u32 pad;
};

struct bank {
	u64 first;		/* frame, 2 MiB-aligned */
	u64 frames;
	struct block *blocks;
	struct gib *gibs;
	u64 *l1;		/* gib_count tables, contiguous */
	u64 *l0;		/* one table a block, contiguous */
	u64 first_gib;
};

static struct bank banks[PAGE_MAX_BANKS];
static u32 bank_count;
static u64 *host_root;
static u64 *pool_next;
static u64 pool_left;

static u64 pte_leaf(u64 spa, u64 flags) { return spa >> PAGE_SHIFT << PTE_PPN_SHIFT | flags; }
static u64 pte_table(const u64 *table) { return pte_leaf(ptr_spa(table).v, PTE_TABLE); }
static u64 *pte_target(u64 pte)
{
	return spa_ptr(SPA((pte & PTE_PPN_MASK) >> PTE_PPN_SHIFT << PAGE_SHIFT));
}
static bool pte_is_table(u64 pte) { return (pte & PTE_V) && !(pte & PTE_LEAF); }

static u64 pte_get(const u64 *pte) { return __atomic_load_n(pte, __ATOMIC_ACQUIRE); }
/* Release: the table behind the entry is complete before a walker can see it. */
static void pte_set(u64 *pte, u64 v) { rv_store_release(pte, v); }

static u64 gib_count(u64 first, u64 frames)
{
	return ((first + frames - 1) >> 18) - (first >> 18) + 1;
}

u64 host_space_size(u64 frames)
{
	u64 blocks = frames / PAGES_PER_2M;
	u64 gibs = frames / (PAGES_PER_2M * ENTRIES) + 2;

	return (blocks + gibs) * PAGE_SIZE +
	       ALIGN_UP(blocks * sizeof(struct block) + gibs * sizeof(struct gib), PAGE_SIZE);
}

void host_space_init(spa_t root_spa, spa_t pool, u64 pool_pages)
{
	host_root = spa_ptr(root_spa);
	pool_next = spa_ptr(pool);
	pool_left = pool_pages;
	memset(host_root, 0, HOST_ROOT_SIZE);
}

u64 host_space_hgatp(void)
{
	return HGATP_MODE_SV39X4 << HGATP_MODE_SHIFT | (u64)HOST_VMID << HGATP_VMID_SHIFT |
	       ptr_spa(host_root).v >> PAGE_SHIFT;
}

static u64 *block_l1(const struct bank *b, u64 block)
{
	u64 frame = b->first + block * PAGES_PER_2M;

	return &b->l1[((frame >> 18) - b->first_gib) * ENTRIES + (frame >> 9) % ENTRIES];
}

static struct gib *block_gib(const struct bank *b, u64 block)
{
	return &b->gibs[((b->first + block * PAGES_PER_2M) >> 18) - b->first_gib];
}

/* A block of this GiB is about to stop being a leaf: the level-1 table takes the place of a 1 GiB leaf. */
static void gib_open(const struct bank *b, u64 block)
{
	struct gib *g = block_gib(b, block);
	u64 gib = (b->first + block * PAGES_PER_2M) >> 18;

	spin_lock(&g->lock);
	if (g->not_leaf++ == 0)
		pte_set(&host_root[gib], pte_table(&b->l1[(gib - b->first_gib) * ENTRIES]));
	spin_unlock(&g->lock);
}

/* A block has become a leaf again: with the last one the GiB folds into one leaf. */
static void gib_close(const struct bank *b, u64 block)
{
	struct gib *g = block_gib(b, block);
	u64 gib = (b->first + block * PAGES_PER_2M) >> 18;

	spin_lock(&g->lock);
	check(g->not_leaf > 0);
	if (--g->not_leaf == 0)
		pte_set(&host_root[gib], pte_leaf(gib << 30, PTE_RAM));
	spin_unlock(&g->lock);
}

static void bank_init_block(struct bank *b, u64 block, bool host)
{
	u64 spa = (b->first + block * PAGES_PER_2M) << PAGE_SHIFT;

	b->blocks[block] = (struct block){ .unmapped = host ? 0 : PAGES_PER_2M };
	*block_l1(b, block) = host ? pte_leaf(spa, PTE_RAM) : 0;
	if (host)
		block_gib(b, block)->not_leaf--;
}

void host_space_add_bank(pfn_t first, u64 frames, spa_t tables, bool (*is_host)(u64 spa))
{
	struct bank *b = &banks[bank_count];
	u64 gibs = gib_count(first.v, frames);
	u64 blocks = frames / PAGES_PER_2M;
	char *p = spa_ptr(tables);

	check(bank_count < PAGE_MAX_BANKS && first.v % PAGES_PER_2M == 0 && frames % PAGES_PER_2M == 0);
	*b = (struct bank){ .first = first.v, .frames = frames, .first_gib = first.v >> 18 };
	b->l1 = (u64 *)p;
	b->l0 = (u64 *)(p + gibs * PAGE_SIZE);
	b->blocks = (struct block *)(p + (gibs + blocks) * PAGE_SIZE);
	b->gibs = (struct gib *)(b->blocks + blocks);
	memset(b->l1, 0, gibs * PAGE_SIZE);
	for (u64 i = 0; i < gibs; i++)
		b->gibs[i] = (struct gib){ .not_leaf = ENTRIES };
	for (u64 i = 0; i < blocks; i++)
		bank_init_block(b, i, is_host((first.v + i * PAGES_PER_2M) << PAGE_SHIFT));
	for (u64 i = 0; i < gibs; i++) {
		u64 gib = b->first_gib + i;

		/* Two banks in one GiB would fight for its root entry; boot/ merges or drops such banks. */
		check(!host_root[gib]);
		host_root[gib] = b->gibs[i].not_leaf ? pte_table(&b->l1[i * ENTRIES]) :
						  pte_leaf(gib << 30, PTE_RAM);
	}
	bank_count++;
}

static u64 *pool_table(void)
{
	u64 *t = pool_next;

	if (!pool_left)
		return NULL;
	pool_left--;
	pool_next += ENTRIES;
	memset(t, 0, PAGE_SIZE);
	return t;
}

/* The table behind *pte, made when there is none. NULL: the pool is empty, or a larger leaf is in the way. */
static u64 *device_table(u64 *pte)
{
	u64 *t;

	if (*pte & PTE_V)
		return pte_is_table(*pte) ? pte_target(*pte) : NULL;
	t = pool_table();
	if (t)
		*pte = pte_table(t);
	return t;
}

/* Maps as much from @spa on as one leaf can; returns its size, 0 when there is no table. */
static u64 device_leaf(u64 spa, u64 size)
{
	u64 *pte = &host_root[spa >> 30];
	u64 leaf = SIZE_1G;
	u64 *table;

	if (*pte || !IS_ALIGNED(spa, SIZE_1G) || size < SIZE_1G) {
		table = device_table(pte);
		if (!table)
			return 0;
		pte = &table[(spa >> 21) % ENTRIES];
		leaf = SIZE_2M;
		if (*pte || !IS_ALIGNED(spa, SIZE_2M) || size < SIZE_2M) {
			table = device_table(pte);
			if (!table)
				return 0;
			pte = &table[(spa >> 12) % ENTRIES];
			leaf = PAGE_SIZE;
		}
	}
	*pte = pte_leaf(spa, PTE_DEVICE);
	return leaf;
}

bool host_space_map_device(u64 spa, u64 size)
{
	if (!range_ok(spa, size) || spa + size > 1ULL << 41)
		return false;
	while (size) {
		u64 done = device_leaf(spa, size);

		if (!done)
			return false;
		spa += done;
		size -= done;
	}
	return true;
}

bool host_space_maps(hpa_t hpa)
{
	u64 pte;

	if (hpa.v >= 1ULL << 41)
		return false;
	pte = pte_get(&host_root[hpa.v >> 30]);
	if (pte_is_table(pte))
		pte = pte_get(&pte_target(pte)[(hpa.v >> 21) % ENTRIES]);
	if (pte_is_table(pte))
		pte = pte_get(&pte_target(pte)[(hpa.v >> 12) % ENTRIES]);
	return pte & PTE_V;
}

static struct bank *frame_bank(u64 frame)
{
	for (u32 i = 0; i < bank_count; i++)
		if (frame - banks[i].first < banks[i].frames)
			return &banks[i];
	check(false);
	return NULL;
}

/* The block's table with all 512 entries as the block is now: mapped (leaf) or not. Block lock held. */
static u64 *block_split(const struct bank *b, u64 block, bool mapped)
{
	u64 spa = (b->first + block * PAGES_PER_2M) << PAGE_SHIFT;
	u64 *table = &b->l0[block * ENTRIES];
	u64 pte = mapped ? pte_leaf(spa, PTE_RAM) : 0;
	u64 next = mapped ? pte_leaf(PAGE_SIZE, 0) : 0;

	/* Nobody walks it yet. */
	for (u64 *e = table, *end = e + ENTRIES; e < end; e++, pte += next)
		*e = pte;
	return table;
}

static void block_unmap(const struct bank *b, u64 block, u64 from, u64 count)
{
	struct block *bl = &b->blocks[block];
	u64 *l1 = block_l1(b, block);
	bool leaf;

	spin_lock(&bl->lock);
	check(bl->unmapped + count <= ENTRIES);
	leaf = bl->unmapped == 0;
	bl->unmapped += (u32)count;
	if (count == ENTRIES) {
		gib_open(b, block);
		pte_set(l1, 0);
	} else {
		u64 *table = leaf ? block_split(b, block, true) : pte_target(*l1);

		if (leaf) {
			gib_open(b, block);
			pte_set(l1, pte_table(table));
		}
		/* What leads nowhere need not be published; the epoch's stamp, which comes later, orders it before fences. */
		for (u64 *e = table + from, *end = e + count; e < end; e++)
			__atomic_store_n(e, 0, __ATOMIC_RELAXED);
	}
	spin_unlock(&bl->lock);
}

static void block_map(const struct bank *b, u64 block, u64 from, u64 count)
{
	struct block *bl = &b->blocks[block];
	u64 *l1 = block_l1(b, block);
	u64 spa = (b->first + block * PAGES_PER_2M) << PAGE_SHIFT;

	spin_lock(&bl->lock);
	check(bl->unmapped >= count);
	bl->unmapped -= (u32)count;
	if (!bl->unmapped) {
		pte_set(l1, pte_leaf(spa, PTE_RAM));
		gib_close(b, block);
	} else {
		u64 *table = *l1 ? pte_target(*l1) : block_split(b, block, false);

		for (u64 i = from; i < from + count; i++)
			pte_set(&table[i], pte_leaf(spa + i * PAGE_SIZE, PTE_RAM));
		pte_set(l1, pte_table(table));
	}
	spin_unlock(&bl->lock);
}

typedef void block_op(const struct bank *b, u64 block, u64 from, u64 count);

static inline __attribute__((always_inline)) void for_each_block(pfn_t pfn, u64 count, block_op *op)
{
	const struct bank *b = frame_bank(pfn.v);
	u64 frame = pfn.v - b->first;

	check(count <= b->frames - frame);
	while (count) {
		u64 from = frame % PAGES_PER_2M;
		u64 n = MIN(count, PAGES_PER_2M - from);

		op(b, frame / PAGES_PER_2M, from, n);
		frame += n;
		count -= n;
	}
}

void host_space_unmap(pfn_t pfn, u64 count)
{
	for_each_block(pfn, count, block_unmap);
}

void host_space_map(pfn_t pfn, u64 count)
{
	for_each_block(pfn, count, block_map);
}

/* The 4 KiB entry of an interrupt file: no device window is mapped with larger leaves around it (boot/). */
static u64 *file_entry(pfn_t file)
{
	u64 l1 = host_root[file.v >> 18], l0;

	check(page_is_imsic(file) && pte_is_table(l1));
	l0 = pte_target(l1)[(file.v >> 9) % ENTRIES];
	check(pte_is_table(l0));
	return &pte_target(l0)[file.v % ENTRIES];
}

void host_space_unmap_file(pfn_t file)
{
	pte_set(file_entry(file), 0);
}

void host_space_map_file(pfn_t file)
{
	pte_set(file_entry(file), pte_leaf(pfn_spa(file).v, PTE_DEVICE));
}

void host_space_catch_up(const struct hart *h)
{
	struct epoch_slot *slot = h->epoch_slot;
	u64 version = epoch_current(&host_epoch);

	/* Flushed before the slot is active: a fence elsewhere never sees it inside with an old version for nothing. */
	if (slot->version != version) {
		rv_hfence_gvma_vmid(HOST_VMID);
		epoch_flushed(slot, version);
	}
	if (epoch_enter(&host_epoch, slot, &version)) {
		rv_hfence_gvma_vmid(HOST_VMID);
		epoch_flushed(slot, version);
	}
}

enum tsm_err host_range(hpa_t hpa, u64 count, pfn_t *first)
{
	if (!count)
		return TSM_E_PARAM;
	*first = PFN(hpa.v >> PAGE_SHIFT);
	if (!IS_ALIGNED(hpa.v, PAGE_SIZE) || !page_range_is_ram(*first, count))
		return TSM_E_ADDRESS;
	return TSM_OK;
}

/* Pins the frames under [hpa, hpa + size) and returns where they start. */
static enum tsm_err bytes_pin(hpa_t hpa, u64 size, pfn_t *first, u64 *count)
{
	if (!size || !range_ok(hpa.v, size))
		return TSM_E_ADDRESS;
	*first = PFN(hpa.v >> PAGE_SHIFT);
	*count = ((hpa.v + size - 1) >> PAGE_SHIFT) - first->v + 1;
	return page_pin(*first, *count);
}

enum tsm_err host_copy_in(void *dst, hpa_t src, u64 size)
{
	pfn_t first;
	u64 count;

	if (bytes_pin(src, size, &first, &count) != TSM_OK)
		return TSM_E_ADDRESS;
	memcpy(dst, spa_ptr(SPA(src.v)), size);
	page_unpin(first, count);
	return TSM_OK;
}

static __noinline enum tsm_err copy_out_any(hpa_t dst, const void *src, u64 size)
{
	pfn_t first;
	u64 count;

	if (bytes_pin(dst, size, &first, &count) != TSM_OK)
		return TSM_E_ADDRESS;
	memcpy(spa_ptr(SPA(dst.v)), src, size);
	page_unpin(first, count);
	return TSM_OK;
}

/* Most answers are some words within a frame of the first bank, which is RAM. */
enum tsm_err host_copy_out(hpa_t dst, const void *src, u64 size)
{
	u64 *word = page_main_word(PFN(dst.v >> PAGE_SHIFT)), *to;
	const u64 *from = src;

	if (!word || (dst.v | size | (uintptr_t)src) % sizeof(u64) || size - 1 >= PAGE_SIZE - dst.v % PAGE_SIZE)
		return copy_out_any(dst, src, size);
	if (!page_word_ref(word, PAGE_HOST, 0))
		return TSM_E_ADDRESS;
	to = spa_ptr(SPA(dst.v));
	for (const u64 *end = from + size / sizeof(u64); from != end; from++, to++)
		rv_store(to, *from);
	page_unref(word);
	return TSM_OK;
}
