// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/cove/churn, for root: while it is 1, a thread converts blocks of all sizes up
 * to 2 MiB and takes them back, without pause, so that what is a disk's or a network's buffer now
 * was confidential a moment ago, and the leaves that devices and harts share are split and folded
 * beneath them. Reading it gives the number of pages that went both ways. What is lost or comes back
 * with something in it is counted in "pages", as always.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "cove.h"

#define MAX_ORDER_OF_A_BLOCK	9	/* 2 MiB */
#define BLOCKS_OF_A_ROUND	16

static struct task_struct *thread;
static DEFINE_MUTEX(thread_lock);
static atomic64_t pages;
static int error;

/* One block after the other, then the fence, then all of them back. */
static void churn(void)
{
	LIST_HEAD(blocks);
	long count = 0;
	unsigned int i;

	for (i = 0; i < BLOCKS_OF_A_ROUND; i++) {
		unsigned int order = get_random_u32_below(MAX_ORDER_OF_A_BLOCK + 1);
		struct cove_chunk *block = cove_chunk_new(&blocks, order, false);

		if (!IS_ERR(block))
			count += 1L << order;
		else if (PTR_ERR(block) != -ENOMEM)
			WRITE_ONCE(error, PTR_ERR(block));
	}
	if (count && cove_fence())
		WRITE_ONCE(error, -EIO);
	cove_chunks_release(&blocks);
	atomic64_add(count, &pages);
}

static int run(void *unused)
{
	while (!kthread_should_stop() && !error) {
		churn();
		cond_resched();
	}
	/* kthread_stop() wants to find the thread alive. */
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int churn_get(void *data, u64 *value)
{
	*value = atomic64_read(&pages);
	return READ_ONCE(error);
}

static void stop(void)
{
	if (thread)
		kthread_stop(thread);
	thread = NULL;
}

static int start(void)
{
	struct task_struct *task;

	atomic64_set(&pages, 0);
	error = 0;
	task = kthread_run(run, NULL, "cove-churn");
	if (IS_ERR(task))
		return PTR_ERR(task);
	thread = task;
	return 0;
}

static int churn_set(void *data, u64 value)
{
	int ret = 0;

	if (value > 1)
		return -EINVAL;
	mutex_lock(&thread_lock);
	stop();
	if (value)
		ret = start();
	mutex_unlock(&thread_lock);
	return ret;
}
DEFINE_DEBUGFS_ATTRIBUTE(churn_fops, churn_get, churn_set, "%llu\n");

void cove_churn_init(struct dentry *folder)
{
	debugfs_create_file_unsafe("churn", 0600, folder, NULL, &churn_fops);
}

/* The files are gone. */
void cove_churn_exit(void)
{
	stop();
}
