// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/cove, for root: tests of what the host may not do.
 *
 * probe_converted: reading it converts a page of the kernel's, reads the page with a copy that
 * survives a fault, takes it back and looks whether it is zero. The last line says pass or fail.
 * The fault must be the host's own: if it ends the host or the TSM instead, there is no last line.
 *
 * hold_converted: 1 converts a page full of 0xa5 and holds it, 0 takes it back; reading it gives
 * the page's physical address, or 0. Unlike the pages of a TVM it is not marked PageOffline, so
 * that others really try to read it.
 */
#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "cove.h"

#define PATTERN	0xa5

static struct dentry *folder;
static struct page *held;
static DEFINE_MUTEX(held_lock);

/* Back to the host, but not to its allocator. The page must not be touched if this fails. */
static int take_back(struct page *page)
{
	phys_addr_t pa = page_to_phys(page);
	int ret = cove_sbi_reclaim(pa, 1);

	if (ret)
		pr_warn("leaked the page at %pa: the TSM does not return it\n", &pa);
	return ret;
}

/* A page full of the pattern, converted and fenced. */
static struct page *convert(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	int ret;

	if (!page)
		return ERR_PTR(-ENOMEM);
	memset(page_address(page), PATTERN, PAGE_SIZE);
	ret = cove_sbi_convert(page_to_phys(page), 1);
	if (ret) {
		__free_page(page);
		return ERR_PTR(ret);
	}
	ret = cove_fence();
	if (ret) {
		if (!take_back(page))
			__free_page(page);
		return ERR_PTR(ret);
	}
	return page;
}

static bool read_faults(struct seq_file *m, const void *at)
{
	unsigned long word = 0;
	long ret = copy_from_kernel_nofault(&word, at, sizeof(word));

	if (ret)
		seq_printf(m, "read of the converted page: fault (%ld)\n", ret);
	else
		seq_printf(m, "read of the converted page: got 0x%lx\n", word);
	return ret;
}

static int probe_converted_show(struct seq_file *m, void *unused)
{
	struct page *page = convert();
	bool faults, zero;
	phys_addr_t pa;

	if (IS_ERR(page))
		return PTR_ERR(page);
	pa = page_to_phys(page);
	seq_printf(m, "page %pa: converted\n", &pa);
	faults = read_faults(m, page_address(page));
	if (take_back(page)) {
		seq_puts(m, "reclaim: refused\nresult: fail\n");
		return 0;
	}
	zero = !memchr_inv(page_address(page), 0, PAGE_SIZE);
	seq_printf(m, "after the reclaim: %s\n", zero ? "zero" : "not zero");
	seq_printf(m, "result: %s\n", faults && zero ? "pass" : "fail");
	__free_page(page);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(probe_converted);

static int hold_converted_get(void *data, u64 *value)
{
	mutex_lock(&held_lock);
	*value = held ? page_to_phys(held) : 0;
	mutex_unlock(&held_lock);
	return 0;
}

static int release_held(void)
{
	int ret = 0;

	if (held) {
		ret = take_back(held);
		if (!ret)
			__free_page(held);
		held = NULL;
	}
	return ret;
}

static int hold(void)
{
	struct page *page;

	if (held)
		return -EBUSY;
	page = convert();
	if (IS_ERR(page))
		return PTR_ERR(page);
	held = page;
	return 0;
}

static int hold_converted_set(void *data, u64 value)
{
	int ret;

	if (value > 1)
		return -EINVAL;
	mutex_lock(&held_lock);
	ret = value ? hold() : release_held();
	mutex_unlock(&held_lock);
	return ret;
}
DEFINE_DEBUGFS_ATTRIBUTE(hold_converted_fops, hold_converted_get, hold_converted_set, "0x%llx\n");

void cove_debugfs_init(void)
{
	folder = debugfs_create_dir("cove", NULL);
	debugfs_create_file("probe_converted", 0400, folder, NULL, &probe_converted_fops);
	debugfs_create_file_unsafe("hold_converted", 0600, folder, NULL, &hold_converted_fops);
	cove_churn_init(folder);
}

void cove_debugfs_exit(void)
{
	cove_churn_exit();
	debugfs_remove(folder);
	release_held();
}
