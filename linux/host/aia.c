// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's AIA device: where the interrupt files of a TVM's vCPUs are, and an APLIC if the VMM wants
 * one here (it may emulate one itself, and turn its interrupts into MSIs).
 */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/irqchip/riscv-imsic.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "cove.h"

#define GROUP_SHIFT	24

struct aia {
	struct cove_vm *vm;
	/* under vm->lock */
	u32 ids;
	u32 sources;			/* 0: the VMM has an APLIC of its own, or none */
	bool has_aplic;			/* its address is known */
	u64 aplic;
	struct cove_files_geometry files;
};

/* The number of the hart whose file it is, as an APLIC has it. */
u32 cove_file_index(const struct cove_files_geometry *g, u64 address)
{
	u32 hart = (address >> (PAGE_SHIFT + g->guest_bits)) & ((1U << g->hart_bits) - 1);
	u32 group = (address >> g->group_shift) & ((1U << g->group_bits) - 1);

	return group << g->hart_bits | hart;
}

static u32 host_ids(void)
{
	const struct imsic_global_config *imsic = imsic_get_global_config();

	return imsic ? imsic->nr_guest_ids : 0;
}

static int set_config(struct aia *a, u64 attr, u32 value)
{
	switch (attr) {
	case KVM_DEV_RISCV_AIA_CONFIG_MODE:
		return value == KVM_DEV_RISCV_AIA_MODE_EMUL ? -EINVAL : 0;
	case KVM_DEV_RISCV_AIA_CONFIG_IDS:
		if (value < KVM_DEV_RISCV_AIA_IDS_MIN || value > host_ids())
			return -EINVAL;
		a->ids = value;
		return 0;
	case KVM_DEV_RISCV_AIA_CONFIG_SRCS:
		if (value > COVE_APLIC_SOURCES)
			return -EINVAL;
		a->sources = value;
		return 0;
	case KVM_DEV_RISCV_AIA_CONFIG_GROUP_BITS:
		a->files.group_bits = value;
		return 0;
	case KVM_DEV_RISCV_AIA_CONFIG_GROUP_SHIFT:
		a->files.group_shift = value;
		return 0;
	case KVM_DEV_RISCV_AIA_CONFIG_HART_BITS:
		a->files.hart_bits = value;
		return 0;
	case KVM_DEV_RISCV_AIA_CONFIG_GUEST_BITS:
		a->files.guest_bits = value;
		return 0;
	default:
		return -ENXIO;
	}
}

static int get_config(const struct aia *a, u64 attr, u32 *value)
{
	switch (attr) {
	case KVM_DEV_RISCV_AIA_CONFIG_MODE:
		*value = KVM_DEV_RISCV_AIA_MODE_HWACCEL;
		return 0;
	case KVM_DEV_RISCV_AIA_CONFIG_IDS:
		*value = a->ids;
		return 0;
	case KVM_DEV_RISCV_AIA_CONFIG_SRCS:
		*value = a->sources;
		return 0;
	case KVM_DEV_RISCV_AIA_CONFIG_GROUP_BITS:
		*value = a->files.group_bits;
		return 0;
	case KVM_DEV_RISCV_AIA_CONFIG_GROUP_SHIFT:
		*value = a->files.group_shift;
		return 0;
	case KVM_DEV_RISCV_AIA_CONFIG_HART_BITS:
		*value = a->files.hart_bits;
		return 0;
	case KVM_DEV_RISCV_AIA_CONFIG_GUEST_BITS:
		*value = a->files.guest_bits;
		return 0;
	default:
		return -ENXIO;
	}
}

/* The vCPU that an address attribute names; 0 is the APLIC. */
static struct cove_vcpu *vcpu_of(const struct aia *a, u64 attr)
{
	return attr && attr <= COVE_MAX_VCPUS ? a->vm->vcpus[attr - 1] : NULL;
}

static int set_addr(struct aia *a, u64 attr, u64 address)
{
	struct cove_vcpu *vcpu = vcpu_of(a, attr);

	if (!vcpu && attr != KVM_DEV_RISCV_AIA_ADDR_APLIC)
		return -ENXIO;
	if (!PAGE_ALIGNED(address) || address > -KVM_DEV_RISCV_APLIC_SIZE)
		return -EINVAL;
	if (!vcpu) {
		a->aplic = address;
		a->has_aplic = true;
		return 0;
	}
	vcpu->imsic = address;
	vcpu->has_imsic = true;
	return 0;
}

/* Bits of a file's address that say whose it is. */
static u64 index_mask(const struct aia *a)
{
	u64 low = (1ULL << (PAGE_SHIFT + a->files.guest_bits + a->files.hart_bits)) - 1;

	return low | ((1ULL << a->files.group_bits) - 1) << a->files.group_shift;
}

static int init(struct aia *a)
{
	struct cove_tvm_aia_params *params;
	struct cove_vm *vm = a->vm;
	unsigned int i;
	int ret;

	if (vm->aia)
		return -EBUSY;
	if (a->files.guest_bits > KVM_DEV_RISCV_AIA_GUEST_BITS_MAX || a->files.group_shift > 56 ||
	    a->files.hart_bits > KVM_DEV_RISCV_AIA_HART_BITS_MAX ||
	    a->files.group_bits > KVM_DEV_RISCV_AIA_GROUP_BITS_MAX)
		return -EINVAL;
	for (i = 0; i < COVE_MAX_VCPUS; i++)
		if (vm->vcpus[i] && !vm->vcpus[i]->has_imsic)
			return -EINVAL;
	if (!vm->vcpus[0])
		return -ENODEV;
	if (a->sources && !a->has_aplic)
		return -EINVAL;
	params = kzalloc(sizeof(*params), GFP_KERNEL);
	if (!params)
		return -ENOMEM;
	params->imsic_base_addr = vm->vcpus[0]->imsic & ~index_mask(a);
	params->group_index_bits = a->files.group_bits;
	params->group_index_shift = a->files.group_shift;
	params->hart_index_bits = a->files.hart_bits;
	params->guest_index_bits = a->files.guest_bits;
	ret = cove_sbi_init_aia(vm->tvm, virt_to_phys(params));
	kfree(params);
	for (i = 0; i < COVE_MAX_VCPUS && !ret; i++)
		if (vm->vcpus[i])
			ret = cove_sbi_set_imsic(vm->tvm, i, vm->vcpus[i]->imsic);
	if (!ret && a->sources)
		ret = cove_aplic_create(vm, a->aplic, a->sources, &a->files);
	if (!ret)
		vm->aia = true;
	return ret;
}

static int set_attr(struct aia *a, const struct kvm_device_attr *attr)
{
	void __user *user = u64_to_user_ptr(attr->addr);
	u64 address;
	u32 value;

	switch (attr->group) {
	case KVM_DEV_RISCV_AIA_GRP_CONFIG:
		if (copy_from_user(&value, user, sizeof(value)))
			return -EFAULT;
		return a->vm->aia ? -EBUSY : set_config(a, attr->attr, value);
	case KVM_DEV_RISCV_AIA_GRP_ADDR:
		if (copy_from_user(&address, user, sizeof(address)))
			return -EFAULT;
		return a->vm->aia ? -EBUSY : set_addr(a, attr->attr, address);
	case KVM_DEV_RISCV_AIA_GRP_CTRL:
		return attr->attr == KVM_DEV_RISCV_AIA_CTRL_INIT ? init(a) : -ENXIO;
	default:
		return -ENXIO;
	}
}

static int get_attr(struct aia *a, const struct kvm_device_attr *attr)
{
	void __user *user = u64_to_user_ptr(attr->addr);
	struct cove_vcpu *vcpu;
	u64 address;
	u32 value;
	int ret;

	switch (attr->group) {
	case KVM_DEV_RISCV_AIA_GRP_CONFIG:
		ret = get_config(a, attr->attr, &value);
		if (ret)
			return ret;
		return copy_to_user(user, &value, sizeof(value)) ? -EFAULT : 0;
	case KVM_DEV_RISCV_AIA_GRP_ADDR:
		vcpu = vcpu_of(a, attr->attr);
		if (!vcpu && attr->attr != KVM_DEV_RISCV_AIA_ADDR_APLIC)
			return -ENXIO;
		address = vcpu ? vcpu->imsic : a->aplic;
		return copy_to_user(user, &address, sizeof(address)) ? -EFAULT : 0;
	default:
		return -ENXIO;
	}
}

static int has_attr(const struct aia *a, const struct kvm_device_attr *attr)
{
	switch (attr->group) {
	case KVM_DEV_RISCV_AIA_GRP_CONFIG:
		return attr->attr <= KVM_DEV_RISCV_AIA_CONFIG_GUEST_BITS ? 0 : -ENXIO;
	case KVM_DEV_RISCV_AIA_GRP_ADDR:
		return !attr->attr || vcpu_of(a, attr->attr) ? 0 : -ENXIO;
	case KVM_DEV_RISCV_AIA_GRP_CTRL:
		return attr->attr == KVM_DEV_RISCV_AIA_CTRL_INIT ? 0 : -ENXIO;
	default:
		return -ENXIO;
	}
}

static long aia_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct aia *a = file->private_data;
	struct kvm_device_attr attr;
	long ret;

	if (a->vm->mm != current->mm)
		return -EIO;
	if (copy_from_user(&attr, (void __user *)arg, sizeof(attr)))
		return -EFAULT;
	if (attr.flags)
		return -EINVAL;
	if (mutex_lock_interruptible(&a->vm->lock))
		return -EINTR;
	if (a->vm->dead)
		ret = -EIO;
	else if (cmd == KVM_SET_DEVICE_ATTR)
		ret = set_attr(a, &attr);
	else if (cmd == KVM_GET_DEVICE_ATTR)
		ret = get_attr(a, &attr);
	else if (cmd == KVM_HAS_DEVICE_ATTR)
		ret = has_attr(a, &attr);
	else
		ret = -ENOTTY;
	mutex_unlock(&a->vm->lock);
	return ret;
}

static int aia_release(struct inode *inode, struct file *file)
{
	struct aia *a = file->private_data;

	cove_vm_put(a->vm);
	kfree(a);
	return 0;
}

static const struct file_operations aia_fops = {
	.owner = THIS_MODULE,
	.release = aia_release,
	.unlocked_ioctl = aia_ioctl,
	.llseek = noop_llseek,
};

/* KVM_CREATE_DEVICE, the descriptor. With vm->lock held. */
int cove_aia_create_fd(struct cove_vm *vm, const struct kvm_create_device *device)
{
	struct aia *a;
	int fd;

	if (device->type != KVM_DEV_TYPE_RISCV_AIA || !cove_irq_files())
		return -ENODEV;
	if (device->flags & KVM_CREATE_DEVICE_TEST)
		return 0;
	if (vm->has_aia_fd)
		return -EEXIST;
	a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);
	if (!a)
		return -ENOMEM;
	a->vm = vm;
	a->ids = host_ids();
	a->files.group_shift = GROUP_SHIFT;
	cove_vm_get(vm);
	fd = anon_inode_getfd("cove-aia", &aia_fops, a, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		cove_vm_put(vm);	/* not the last one: our caller holds the VM's file */
		kfree(a);
		return fd;
	}
	vm->has_aia_fd = true;
	return fd;
}
