// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices are emulated by the host, and reach shared memory only. Streaming DMA goes through
 * SWIOTLB, whose pool is shared once: with swiotlb=force every mapping is copied there. Coherent
 * buffers (virtio's rings) are ordinary pages: calls of dma_alloc_attrs() and dma_free_attrs() are
 * redirected, by ftrace, to functions here that share them when they come and take them back when
 * they go. (These kernels have no dma_map_ops of a device's own, and kprobes cannot stand where
 * ftrace may.)
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/ftrace.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/string.h>
#include <linux/swiotlb.h>
#include <asm/sbi.h>

#include <cove/covg.h>

#include "guest.h"

static int covg(unsigned long fid, phys_addr_t pa, size_t size)
{
	struct sbiret ret = sbi_ecall(COVE_EID_COVG, fid, pa, size, 0, 0, 0, 0);

	if (!ret.error)
		return 0;
	pr_err_ratelimited("%s of %zu bytes at %pa: SBI error %ld\n",
			   fid == COVG_SHARE_MEMORY ? "share" : "unshare", size, &pa, ret.error);
	return -EIO;
}

/*
 * Sharing takes the contents away, and the caller expects zeroes. Nobody gets a buffer that stayed
 * private: a device would not see it.
 */
static void *shared_alloc(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
			  unsigned long attrs)
{
	void *cpu = dma_alloc_attrs(dev, size, handle, gfp, attrs);

	if (!cpu || !virt_addr_valid(cpu))
		return cpu;
	if (covg(COVG_SHARE_MEMORY, virt_to_phys(cpu), PAGE_ALIGN(size))) {
		dma_free_attrs(dev, size, cpu, *handle, attrs);
		return NULL;
	}
	memset(cpu, 0, PAGE_ALIGN(size));
	return cpu;
}

static void shared_free(struct device *dev, size_t size, void *cpu, dma_addr_t handle,
			unsigned long attrs)
{
	/* What cannot be taken back must not be used for anything else. */
	if (cpu && virt_addr_valid(cpu) &&
	    covg(COVG_UNSHARE_MEMORY, virt_to_phys(cpu), PAGE_ALIGN(size)))
		return;
	dma_free_attrs(dev, size, cpu, handle, attrs);
}

/* Our own calls go through. */
static void notrace redirect(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			     struct ftrace_regs *fregs)
{
	if (!within_module(parent_ip, THIS_MODULE))
		ftrace_regs_set_instruction_pointer(fregs, (unsigned long)ops->private);
}

#define REDIRECTION(to)							\
	{ .func = redirect, .private = (to), .flags = FTRACE_OPS_FL_IPMODIFY }

static struct ftrace_ops alloc_ops = REDIRECTION(shared_alloc);
static struct ftrace_ops free_ops = REDIRECTION(shared_free);

static int redirect_start(struct ftrace_ops *ops, void *function)
{
	int ret = ftrace_set_filter_ip(ops, (unsigned long)function, 0, 0);

	if (!ret)
		ret = register_ftrace_function(ops);
	if (ret)
		pr_err("%ps() cannot be redirected: error %d\n", function, ret);
	return ret;
}

/* The pool that every device begins with. */
static struct io_tlb_mem *find_pool(void)
{
	struct platform_device *device = platform_device_alloc("cove-guest", PLATFORM_DEVID_NONE);
	struct io_tlb_mem *pool;

	if (!device)
		return NULL;
	pool = device->dev.dma_io_tlb_mem;
	platform_device_put(device);
	return pool;
}

static int share_pool(void)
{
	struct io_tlb_mem *pool = find_pool();
	phys_addr_t start, end;

	if (!pool || !pool->defpool.nslabs || !pool->force_bounce) {
		pr_err("the kernel was not booted with swiotlb=force: devices cannot work\n");
		return -ENODEV;
	}
	start = pool->defpool.start;
	end = pool->defpool.end;
	if (!PAGE_ALIGNED(start | end))
		return -EINVAL;
	if (covg(COVG_SHARE_MEMORY, start, end - start))
		return -EIO;
	pr_info("the host reaches %llu KiB at %pa for DMA\n", (u64)(end - start) >> 10, &start);
	return 0;
}

int share_init(void)
{
	int ret = redirect_start(&free_ops, dma_free_attrs);

	if (ret)
		return ret;
	ret = redirect_start(&alloc_ops, dma_alloc_attrs);
	if (!ret)
		ret = share_pool();
	if (ret)
		share_exit();
	return ret;
}

void share_exit(void)
{
	unregister_ftrace_function(&alloc_ops);
	unregister_ftrace_function(&free_ops);
}
