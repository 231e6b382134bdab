// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/cove/churn, for root: while it is 1, a thread converts pages of the page allocator and takes them back,
 * one after another, so that what is a disk's or a network's buffer now was confidential a moment ago. Reading it gives the
 * number of pages that went both ways, or an error once something was not as it should be.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "cove.h"

#define BATCH	64
#define PATTERN	0x5a

static struct task_struct *thread;
static DEFINE_MUTEX(thread_lock);
static atomic64_t rounds;
static int error;

/* Zero, as the TSM promises, and nobody has written to it since. */
static bool returned(struct page *page)
{
	if (cove_sbi_reclaim(page_to_phys(page), 1))
		return false;
	if (memchr_inv(page_address(page), 0, PAGE_SIZE)) {
		pr_err("churn: a page came back with something in it\n");
		error = -EIO;
	}
	return true;
}

/* Converts up to BATCH pages from all over memory, and takes them back. Pages that do not come back are leaked. */
static void churn(void)
{
	struct page *pages[BATCH];
	unsigned int got = 0, back = 0;

	while (got < BATCH && (pages[got] = alloc_page(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY))) {
		memset(page_address(pages[got]), PATTERN, PAGE_SIZE);
		if (cove_sbi_convert(page_to_phys(pages[got]), 1)) {
			__free_page(pages[got]);
			error = -EIO;
			break;
		}
		got++;
	}
	if (got && cove_fence())
		error = -EIO;
	for (; back < got; back++) {
		if (returned(pages[back]))
			__free_page(pages[back]);
		else
			error = -EIO;
	}
	atomic64_add(got, &rounds);
}

static int run(void *unused)
{
	while (!kthread_should_stop()) {
		if (!error)
			churn();
		schedule_timeout_interruptible(1);
	}
	return 0;
}

static int churn_get(void *data, u64 *value)
{
	*value = atomic64_read(&rounds);
	return error;
}

static void stop(void)
{
	if (thread)
		kthread_stop(thread);
	thread = NULL;
}

static int churn_set(void *data, u64 value)
{
	int ret = 0;

	if (value > 1)
		return -EINVAL;
	mutex_lock(&thread_lock);
	stop();
	if (value) {
		atomic64_set(&rounds, 0);
		error = 0;
		thread = kthread_run(run, NULL, "cove-churn");
		if (IS_ERR(thread)) {
			ret = PTR_ERR(thread);
			thread = NULL;
		}
	}
	mutex_unlock(&thread_lock);
	return ret;
}
DEFINE_DEBUGFS_ATTRIBUTE(churn_fops, churn_get, churn_set, "%llu\n");

void cove_churn_init(struct dentry *folder)
{
	debugfs_create_file_unsafe("churn", 0600, folder, NULL, &churn_fops);
}

void cove_churn_exit(void)
{
	stop();
}
