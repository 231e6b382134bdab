// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/cove, for root. Reading probe_converted is a test: it converts a page of the kernel's, reads it with
 * a copy that survives a fault, takes the page back and looks whether it is zero. Its last line says pass or fail. The
 * fault must be the host's own: if it ends the host or the TSM instead, there is no last line.
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
	struct page *page = alloc_page(GFP_KERNEL);
	phys_addr_t pa;
	bool ok;
	int ret;

	if (!page)
		return -ENOMEM;
	pa = page_to_phys(page);
	memset(page_address(page), PATTERN, PAGE_SIZE);
	ret = cove_sbi_convert(pa, 1);
	if (ret) {
		__free_page(page);
		return ret;
	}
	ret = cove_fence();
	seq_printf(m, "page %pa: converted, fence %d\n", &pa, ret);
	ok = !ret && read_faults(m, page_address(page));
	ret = cove_sbi_reclaim(pa, 1);
	seq_printf(m, "reclaim: %d\n", ret);
	if (ret) {
		pr_warn("leaked the page at %pa: the TSM does not return it\n", &pa);
		seq_puts(m, "result: fail\n");
		return 0;
	}
	ret = memchr_inv(page_address(page), 0, PAGE_SIZE) != NULL;
	seq_printf(m, "after the reclaim: %s\n", ret ? "not zero" : "zero");
	seq_printf(m, "result: %s\n", ok && !ret ? "pass" : "fail");
	__free_page(page);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(probe_converted);

void cove_debugfs_init(void)
{
	folder = debugfs_create_dir("cove", NULL);
	debugfs_create_file("probe_converted", 0400, folder, NULL, &probe_converted_fops);
}

void cove_debugfs_exit(void)
{
	debugfs_remove(folder);
}
