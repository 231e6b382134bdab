/* SPDX-License-Identifier: BSD-2-Clause */
#include "task/task.h"
#include "base/check.h"
#include "base/string.h"
#include "page/page.h"
#include "rv_arch.h"

#define FLAGS_TEXT	(PTE_V | PTE_U | PTE_A | PTE_R | PTE_X)
#define FLAGS_RODATA	(PTE_V | PTE_U | PTE_A | PTE_R)
#define FLAGS_ARENA	(PTE_V | PTE_U | PTE_A | PTE_D | PTE_R | PTE_W)

/* The root's last entry leads to the program, the first two MiB of that GiB are all there is. */
#define ROOT_INDEX	511
#define ARENA_INDEX	((NOTARY_ARENA - NOTARY_BASE) / PAGE_SIZE)

static_assert(NOTARY_BASE == 0 - SIZE_1G, "ROOT_INDEX");
static_assert(NOTARY_ARENA + NOTARY_ARENA_PAGES * PAGE_SIZE == NOTARY_ARENA_END, "layout.h");
static_assert(NOTARY_MAILBOX == NOTARY_ARENA + NOTARY_STACK_PAGES * PAGE_SIZE, "layout.h");
static_assert(NOTARY_DATA == NOTARY_MAILBOX + NOTARY_MAILBOX_PAGES * PAGE_SIZE, "layout.h");
static_assert(ARENA_INDEX == NOTARY_IMAGE_PAGES_MAX, "layout.h");

/* umode/start.S */
struct image_header {
	u64 entry;
	u64 text_size;
	u64 size;
};

extern const struct image_header notary_image;

static u64 entry(u64 spa, u64 flags)
{
	return spa >> PAGE_SHIFT << PTE_PPN_SHIFT | flags;
}

/* The hart's tables, once: the TSM's root as it is now that everything is mapped, and ours in it. */
static void tables_init(struct hart *h)
{
	u64 satp = csr_read(CSR_SATP);
	u64 image = ptr_spa(&notary_image).v;
	u64 *root = h->task_tables, *middle = root + 512, *leaves = middle + 512;

	memcpy(root, spa_ptr(SPA(satp << PAGE_SHIFT & (BIT(56) - 1))), PAGE_SIZE);
	check(!root[ROOT_INDEX]);
	for (u64 at = 0; at < notary_image.size; at += PAGE_SIZE)
		leaves[at / PAGE_SIZE] = entry(image + at, at < notary_image.text_size ?
					       FLAGS_TEXT : FLAGS_RODATA);
	middle[0] = entry(ptr_spa(leaves).v, PTE_V);
	root[ROOT_INDEX] = entry(ptr_spa(middle).v, PTE_V);
	h->tsm_satp = satp;
	h->task_satp = SATP_MODE_SV39 << SATP_MODE_SHIFT | ptr_spa(root).v >> PAGE_SHIFT;
}

struct notary_mailbox *task_mailbox(pfn_t arena)
{
	return spa_ptr(pfn_spa(pfn_add(arena, NOTARY_STACK_PAGES)));
}

void task_clear(struct task *t, pfn_t arena)
{
	page_scrub(arena, NOTARY_ARENA_PAGES);
	memset(t, 0, sizeof(*t));
}

void task_start(struct task *t, pfn_t arena)
{
	/* The program counts on zeroed data; its stack and the last reply hold what is left. */
	page_scrub(pfn_add(arena, (NOTARY_DATA - NOTARY_ARENA) / PAGE_SIZE),
		   (NOTARY_ARENA_END - NOTARY_DATA) / PAGE_SIZE);
	memset(&task_mailbox(arena)->reply, 0, sizeof(struct notary_reply));
	memset(t, 0, sizeof(*t));
	t->world.sepc = notary_image.entry;
	/* U mode, FP and V off. */
	t->world.sstatus = SSTATUS_UXL_64;
	t->state = TASK_READY;
}

struct world *task_enter(struct hart *h, struct task *t, pfn_t arena)
{
	u64 *leaves = h->task_tables + 1024;

	check(t->state == TASK_READY);
	if (!h->task_satp)
		tables_init(h);
	for (u64 i = 0; i < NOTARY_ARENA_PAGES; i++)
		leaves[ARENA_INDEX + i] = entry(pfn_spa(pfn_add(arena, i)).v, FLAGS_ARENA);
	csr_write(CSR_SATP, h->task_satp);
	rv_sfence_vma();
	/* The TVM's choice of what user mode may do is not for this user. */
	t->senvcfg = csr_swap(CSR_SENVCFG, 0);
	t->world.tsm_sp = h->host.tsm_sp;
	t->world.tsm_tp = h->host.tsm_tp;
	t->on_hart = true;
	return &t->world;
}

enum task_event task_leave(struct hart *h, struct task *t, u64 scause)
{
	t->on_hart = false;
	csr_write(CSR_SENVCFG, t->senvcfg);
	csr_write(CSR_SATP, h->tsm_satp);
	memset(h->task_tables + 1024 + ARENA_INDEX, 0, NOTARY_ARENA_PAGES * sizeof(u64));
	rv_sfence_vma();
	if (scause & CAUSE_IRQ)
		return TASK_STOPPED;
	if (scause != CAUSE_ECALL_U) {
		t->state = TASK_FAILED;
		return TASK_ENDED;
	}
	t->world.sepc += 4;
	if (t->world.gpr[REG_A7] == NOTARY_ECALL_PAUSE)
		return TASK_PAUSED;
	t->state = TASK_DONE;
	return TASK_ENDED;
}
