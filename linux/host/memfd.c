// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_CREATE_GUEST_MEMFD. The memory of a TVM is never in a VMM's reach, with or without such a
 * descriptor: it stands for a size, and a slot that names it says how much of that it takes.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "cove.h"

static const struct file_operations memfd_fops = {
	.owner = THIS_MODULE,
	.llseek = noop_llseek,
};

/* The file's size is its private data. */
int cove_memfd_create(const struct kvm_create_guest_memfd *arg)
{
	if (arg->flags || !arg->size || !PAGE_ALIGNED(arg->size) || arg->size > LONG_MAX)
		return -EINVAL;
	return anon_inode_getfd("cove-memory", &memfd_fops, (void *)(unsigned long)arg->size,
				O_RDWR | O_CLOEXEC);
}

/* A slot's descriptor is one of ours, and large enough. */
int cove_memfd_check(const struct kvm_userspace_memory_region2 *region)
{
	struct file *file = fget(region->guest_memfd);
	u64 size, at = region->guest_memfd_offset;
	int ret = -EINVAL;

	if (!file)
		return -EBADF;
	size = (unsigned long)file->private_data;
	if (file->f_op == &memfd_fops && PAGE_ALIGNED(at) && at <= size &&
	    region->memory_size <= size - at)
		ret = 0;
	fput(file);
	return ret;
}
