// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/cove, for root: what there is, and tests of what the host may not do.
 *
 * vms: a line for each TVM and each of its vCPUs, with exits by cause. pages: how many pages are
 * converted, how many were lost, and how many blocks came back that were not zero, if check_zero
 * was set. chunks: physical address and size of the memory that TVMs are made of.
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

static void show_vcpu(struct seq_file *m, const struct cove_vcpu *vcpu)
{
	const u64 *exits = vcpu->exits;

	static const char *const names[COVE_EXIT_KINDS] = {
		"interrupt", "fault", "mmio", "of which doorbell", "sbi", "wfi", "other",
	};
	unsigned int i;

	seq_printf(m, "  vCPU %lu: file of CPU %d, exits:", vcpu->id, READ_ONCE(vcpu->file_cpu));
	for (i = 0; i < COVE_EXIT_KINDS; i++)
		seq_printf(m, " %s %llu", names[i], exits[i]);
	seq_putc(m, '\n');
}

static int vms_show(struct seq_file *m, void *unused)
{
	struct cove_vm *vm;
	unsigned int i;

	mutex_lock(&cove_vms_lock);
	list_for_each_entry(vm, &cove_vms, list) {
		mutex_lock(&vm->lock);
		seq_printf(m, "TVM %lu: %s, vCPUs %u, pages %llu (pool %u), shared %llu, events %ld\n",
			   vm->tvm, vm->dead ? "dead" : vm->finalized ? "runs" : "new",
			   vm->nr_vcpus, vm->data_pages, vm->nr_ready << 9, vm->shared_pages,
			   atomic_long_read(&vm->events));
		for (i = 0; i < COVE_MAX_VCPUS; i++)
			if (vm->vcpus[i])
				show_vcpu(m, vm->vcpus[i]);
		mutex_unlock(&vm->lock);
	}
	mutex_unlock(&cove_vms_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vms);

static int pages_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "converted %ld\n", atomic_long_read(&cove_converted));
	seq_printf(m, "leaked %ld\n", atomic_long_read(&cove_leaked));
	seq_printf(m, "not zero %ld\n", atomic_long_read(&cove_not_zero));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pages);

static int chunks_show(struct seq_file *m, void *unused)
{
	struct cove_chunk *chunk;
	struct cove_vm *vm;

	mutex_lock(&cove_vms_lock);
	list_for_each_entry(vm, &cove_vms, list) {
		mutex_lock(&vm->lock);
		list_for_each_entry(chunk, &vm->data, list)
			seq_printf(m, "0x%llx %lu\n", (u64)page_to_phys(chunk->page),
				   PAGE_SIZE << chunk->order);
		mutex_unlock(&vm->lock);
	}
	mutex_unlock(&cove_vms_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(chunks);

void cove_debugfs_init(void)
{
	folder = debugfs_create_dir("cove", NULL);
	debugfs_create_file("vms", 0400, folder, NULL, &vms_fops);
	debugfs_create_file("pages", 0400, folder, NULL, &pages_fops);
	debugfs_create_file("chunks", 0400, folder, NULL, &chunks_fops);
	debugfs_create_bool("check_zero", 0600, folder, &cove_check_zero);
	debugfs_create_file("probe_converted", 0400, folder, NULL, &probe_converted_fops);
	debugfs_create_file_unsafe("hold_converted", 0600, folder, NULL, &hold_converted_fops);
	cove_churn_init(folder);
}

void cove_debugfs_exit(void)
{
	debugfs_remove(folder);
	cove_churn_exit();
	release_held();
}
