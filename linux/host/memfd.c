// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's convention for memory that the VMM does not have: KVM_CREATE_GUEST_MEMFD, slots that name
 * such a descriptor, KVM_SET_MEMORY_ATTRIBUTES. The memory of a TVM is never in a VMM's reach, with
 * or without a descriptor, so that here one stands for a size of its VM's memory and holds none; it
 * can be neither mapped nor read. Which pages are private is for the TVM to say: attributes that
 * agree with it are accepted, others are refused.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "cove.h"

struct memfd {
	u64 vm;				/* its serial number: a file does not keep the VM */
	u64 size;
};

static int memfd_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations memfd_fops = {
	.owner = THIS_MODULE,
	.release = memfd_release,
	.llseek = noop_llseek,
};

int cove_memfd_create(struct cove_vm *vm, const struct kvm_create_guest_memfd *arg)
{
	struct memfd *memfd;
	int fd;

	if (arg->flags || !arg->size || !PAGE_ALIGNED(arg->size) || arg->size > LONG_MAX)
		return -EINVAL;
	memfd = kzalloc(sizeof(*memfd), GFP_KERNEL_ACCOUNT);
	if (!memfd)
		return -ENOMEM;
	memfd->vm = vm->serial;
	memfd->size = arg->size;
	fd = anon_inode_getfd("cove-memory", &memfd_fops, memfd, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		kfree(memfd);
	return fd;
}

/* No other slot has a part of that range; the one that is to be replaced does not count. */
static bool range_is_free(struct cove_vm *vm, const struct file *file, u64 at, u64 size, u32 id)
{
	unsigned int i;

	for (i = 0; i < vm->nr_slots; i++) {
		const struct cove_slot *slot = &vm->slots[i];

		if (slot->memfd == file && slot->id != id && at < slot->memfd_at + slot->size &&
		    slot->memfd_at < at + size)
			return false;
	}
	return true;
}

/* What a slot names is one of this VM's, large enough, and not taken. The caller puts the file. */
int cove_memfd_find(struct cove_vm *vm, const struct kvm_userspace_memory_region2 *region,
		    struct cove_memfd_range *range)
{
	struct file *file = fget(region->guest_memfd);
	u64 at = region->guest_memfd_offset;
	const struct memfd *memfd;

	if (!file)
		return -EBADF;
	memfd = file->f_op == &memfd_fops ? file->private_data : NULL;
	if (!memfd || memfd->vm != vm->serial || !PAGE_ALIGNED(at) || at > memfd->size ||
	    region->memory_size > memfd->size - at ||
	    !range_is_free(vm, file, at, region->memory_size, region->slot)) {
		fput(file);
		return -EINVAL;
	}
	range->file = file;
	range->at = at;
	return 0;
}

/* The slot's own reference. */
struct file *cove_memfd_get(const struct cove_memfd_range *range)
{
	return range ? get_file(range->file) : NULL;
}

void cove_memfd_put(struct file *file)
{
	if (file)
		fput(file);
}

/* The pages [first, end) of the slot are private, or not, as the VMM says. */
static bool agrees(const struct cove_slot *slot, u64 first, u64 end, bool private)
{
	enum cove_kind kind;

	for (; first < end; first++) {
		kind = cove_kind(slot->pages[first]);
		if ((kind == COVE_NOTHING || kind == COVE_PRIVATE) != private)
			return false;
		if (!(first % SZ_1K))
			cond_resched();
	}
	return true;
}

/* KVM_SET_MEMORY_ATTRIBUTES. What is in no slot may be anything. */
int cove_memfd_attributes(struct cove_vm *vm, const struct kvm_memory_attributes *arg)
{
	bool private = arg->attributes & KVM_MEMORY_ATTRIBUTE_PRIVATE;
	u64 end = arg->address + arg->size;
	unsigned int i;

	lockdep_assert_held(&vm->lock);
	if (arg->flags || (arg->attributes & ~KVM_MEMORY_ATTRIBUTE_PRIVATE) || !arg->size ||
	    !PAGE_ALIGNED(arg->address | arg->size) || end < arg->address)
		return -EINVAL;
	for (i = 0; i < vm->nr_slots; i++) {
		const struct cove_slot *slot = &vm->slots[i];
		u64 from = max(arg->address, slot->gpa), to = min(end, slot->gpa + slot->size);

		if (from < to && !agrees(slot, (from - slot->gpa) >> PAGE_SHIFT,
					 (to - slot->gpa) >> PAGE_SHIFT, private))
			return -EBUSY;
	}
	return 0;
}
