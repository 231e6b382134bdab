// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TVM as a file: created by KVM_CREATE_VM, destroyed when the last file that refers to it (its
 * own, or a vCPU's) is released, whoever releases it and for whatever reason. At that moment no
 * vCPU can be running, since a running one holds its file.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/uaccess.h>

#include "cove.h"

#define FIRST_TABLES	32	/* upper levels, regions, also those that the TVM declares */

/* All VMs, and the lock of the list. */
DEFINE_MUTEX(cove_vms_lock);
LIST_HEAD(cove_vms);

static int tvm_create(struct cove_vm *vm)
{
	struct cove_tvm_create_params *params;
	struct cove_chunk *pgd, *state;
	int ret;

	pgd = cove_chunk_new(&vm->state, get_order(COVE_PGD_SIZE), true);
	if (IS_ERR(pgd))
		return PTR_ERR(pgd);
	state = cove_chunk_new(&vm->state, get_order(cove_tsm.tvm_state_pages * PAGE_SIZE), true);
	if (IS_ERR(state))
		return PTR_ERR(state);
	ret = cove_fence();
	if (ret)
		return ret;

	params = kzalloc(sizeof(*params), GFP_KERNEL);
	if (!params)
		return -ENOMEM;
	params->tvm_page_directory_addr = page_to_phys(pgd->page);
	params->tvm_state_addr = page_to_phys(state->page);
	ret = cove_sbi_create_tvm(virt_to_phys(params), &vm->tvm);
	if (ret)
		vm->tvm = 0;
	kfree(params);
	return ret ? ret : cove_give_tables(vm, FIRST_TABLES);
}

static void tvm_destroy(struct cove_vm *vm)
{
	lockdep_assert_held(&vm->lock);
	vm->dead = true;
	if (vm->tvm && cove_sbi_destroy(vm->tvm)) {
		cove_chunks_leak(&vm->data);
		cove_chunks_leak(&vm->ready);
		cove_chunks_leak(&vm->state);
	} else {
		cove_chunks_release(&vm->data);
		cove_chunks_release(&vm->ready);
		cove_chunks_release(&vm->state);
	}
	vm->tvm = 0;
}

static void vm_free(struct kref *ref)
{
	struct cove_vm *vm = container_of(ref, struct cove_vm, ref);
	unsigned int i;

	mutex_lock(&cove_vms_lock);
	list_del(&vm->list);
	mutex_unlock(&cove_vms_lock);

	mutex_lock(&vm->lock);
	vm->dead = true;
	mutex_unlock(&vm->lock);
	cove_event_exit_vm(vm);
	cove_pool_stop(vm);
	for (i = 0; i < COVE_MAX_VCPUS; i++)
		if (vm->vcpus[i])
			cove_irq_unbind(vm->vcpus[i], NULL);
	mutex_lock(&vm->lock);
	tvm_destroy(vm);
	mutex_unlock(&vm->lock);
	cove_aplic_free(vm);
	for (i = 0; i < COVE_MAX_VCPUS; i++)
		cove_vcpu_free(vm->vcpus[i]);
	cove_slots_free(vm);
	free_page((unsigned long)vm->payload);
	mem_cgroup_put(vm->memcg);
	mmdrop(vm->mm);
	kfree(vm);
}

void cove_vm_get(struct cove_vm *vm)
{
	kref_get(&vm->ref);
}

void cove_vm_put(struct cove_vm *vm)
{
	kref_put(&vm->ref, vm_free);
}

static void nothing(void *unused)
{
}

/*
 * Ends a VM whose files are still open: its vCPUs leave KVM_RUN with -EIO, and all of its pages
 * return.
 */
void cove_vm_kill(struct cove_vm *vm)
{
	unsigned int i;

	mutex_lock(&vm->lock);
	WRITE_ONCE(vm->dead, true);
	mutex_unlock(&vm->lock);

	on_each_cpu(nothing, NULL, 0);
	for (i = 0; i < COVE_MAX_VCPUS; i++) {
		if (!vm->vcpus[i])
			continue;
		cove_vcpu_kick(vm->vcpus[i]);
		mutex_lock(&vm->vcpus[i]->mutex);
		mutex_unlock(&vm->vcpus[i]->mutex);
		cove_irq_unbind(vm->vcpus[i], NULL);
	}
	cove_pool_stop(vm);
	mutex_lock(&vm->lock);
	tvm_destroy(vm);
	mutex_unlock(&vm->lock);
}

static int set_region(struct cove_vm *vm, void __user *arg)
{
	struct kvm_userspace_memory_region region;

	if (copy_from_user(&region, arg, sizeof(region)))
		return -EFAULT;
	return cove_slot_set(vm, &region, NULL);
}

static int set_region2(struct cove_vm *vm, void __user *arg)
{
	struct kvm_userspace_memory_region2 region;
	struct kvm_userspace_memory_region plain;
	struct cove_memfd_range memfd;
	bool has_memfd;
	int ret;

	if (copy_from_user(&region, arg, sizeof(region)))
		return -EFAULT;
	has_memfd = (region.flags & KVM_MEM_GUEST_MEMFD) && region.memory_size;
	if (has_memfd) {
		ret = cove_memfd_find(vm, &region, &memfd);
		if (ret)
			return ret;
	}
	plain = (struct kvm_userspace_memory_region) {
		.slot = region.slot,
		.flags = region.flags & ~KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = region.guest_phys_addr,
		.memory_size = region.memory_size,
		.userspace_addr = region.userspace_addr,
	};
	ret = cove_slot_set(vm, &plain, has_memfd ? &memfd : NULL);
	if (has_memfd)
		fput(memfd.file);
	return ret;
}

static int create_memfd(struct cove_vm *vm, void __user *arg)
{
	struct kvm_create_guest_memfd memfd;

	return copy_from_user(&memfd, arg, sizeof(memfd)) ? -EFAULT : cove_memfd_create(vm, &memfd);
}

static int set_attributes(struct cove_vm *vm, void __user *arg)
{
	struct kvm_memory_attributes attributes;

	if (copy_from_user(&attributes, arg, sizeof(attributes)))
		return -EFAULT;
	return cove_memfd_attributes(vm, &attributes);
}

static int irqfd(struct cove_vm *vm, void __user *arg)
{
	struct kvm_irqfd f;

	return copy_from_user(&f, arg, sizeof(f)) ? -EFAULT : cove_event_irqfd(vm, &f);
}

static int ioeventfd(struct cove_vm *vm, void __user *arg)
{
	struct kvm_ioeventfd e;

	return copy_from_user(&e, arg, sizeof(e)) ? -EFAULT : cove_event_ioeventfd(vm, &e);
}

static int measure_region(struct cove_vm *vm, void __user *arg)
{
	struct kvm_riscv_cove_measure_region region;

	if (copy_from_user(&region, arg, sizeof(region)))
		return -EFAULT;
	return cove_slot_measure(vm, &region);
}

/* Copied once; the TSM takes it when it finalizes the TVM. */
static int set_payload(struct cove_vm *vm, void __user *arg)
{
	struct kvm_riscv_cove_payload payload;

	if (copy_from_user(&payload, arg, sizeof(payload)))
		return -EFAULT;
	if (!payload.size || payload.size > PAGE_SIZE)
		return -EINVAL;
	if (vm->finalized)
		return -EBUSY;
	if (!vm->payload)
		vm->payload = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vm->payload)
		return -ENOMEM;
	vm->payload_size = 0;
	if (copy_from_user(vm->payload, u64_to_user_ptr(payload.userspace_addr), payload.size))
		return -EFAULT;
	vm->payload_size = payload.size;
	return 0;
}

static int create_device(struct cove_vm *vm, struct kvm_create_device __user *arg)
{
	struct kvm_create_device device;
	int fd;

	if (copy_from_user(&device, arg, sizeof(device)))
		return -EFAULT;
	fd = cove_aia_create_fd(vm, &device);
	if (fd < 0 || (device.flags & KVM_CREATE_DEVICE_TEST))
		return fd;
	return put_user(fd, &arg->fd);
}

/* The number of vCPUs that got the interrupt. A message that the TVM does not allow gets lost. */
static int signal_msi(struct cove_vm *vm, void __user *arg)
{
	struct kvm_msi msi;
	int ret;

	if (copy_from_user(&msi, arg, sizeof(msi)))
		return -EFAULT;
	if (msi.flags & ~KVM_MSI_VALID_DEVID)
		return -EINVAL;
	ret = cove_irq_msi(vm, (u64)msi.address_hi << 32 | msi.address_lo, msi.data);
	return ret == -EPERM ? 0 : ret ? ret : 1;
}

static int irq_line(struct cove_vm *vm, void __user *arg)
{
	struct kvm_irq_level line;

	if (copy_from_user(&line, arg, sizeof(line)))
		return -EFAULT;
	return cove_aplic_line(vm, line.irq, line.level);
}

static long vm_ioctl_locked(struct cove_vm *vm, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case KVM_SET_USER_MEMORY_REGION:
		return set_region(vm, user);
	case KVM_SET_USER_MEMORY_REGION2:
		return set_region2(vm, user);
	case KVM_RISCV_COVE_MEASURE_REGION:
		return measure_region(vm, user);
	case KVM_RISCV_COVE_PAYLOAD:
		return set_payload(vm, user);
	case KVM_CREATE_VCPU:
		return cove_vcpu_create_fd(vm, arg);
	case KVM_CREATE_DEVICE:
		return create_device(vm, user);
	case KVM_CREATE_GUEST_MEMFD:
		return create_memfd(vm, user);
	case KVM_SET_MEMORY_ATTRIBUTES:
		return set_attributes(vm, user);
	case KVM_SET_GSI_ROUTING:
		return cove_event_route(vm, user);
	case KVM_IRQFD:
		return irqfd(vm, user);
	case KVM_IOEVENTFD:
		return ioeventfd(vm, user);
	default:
		return -ENOTTY;
	}
}

static long vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct cove_vm *vm = file->private_data;
	long ret;

	if (vm->mm != current->mm)
		return -EIO;
	if (cmd == KVM_CHECK_EXTENSION)
		return cove_check_extension(arg);
	if (cmd == KVM_SIGNAL_MSI)
		return signal_msi(vm, (void __user *)arg);
	if (cmd == KVM_IRQ_LINE)
		return irq_line(vm, (void __user *)arg);

	if (mutex_lock_interruptible(&vm->lock))
		return -EINTR;
	ret = vm->dead ? -EIO : vm_ioctl_locked(vm, cmd, arg);
	mutex_unlock(&vm->lock);
	return ret;
}

static int vm_release(struct inode *inode, struct file *file)
{
	cove_vm_put(file->private_data);
	return 0;
}

static const struct file_operations vm_fops = {
	.owner = THIS_MODULE,
	.release = vm_release,
	.unlocked_ioctl = vm_ioctl,
	.llseek = noop_llseek,
};

static struct cove_vm *vm_new(void)
{
	static atomic64_t serial = ATOMIC64_INIT(0);
	struct cove_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);

	if (!vm)
		return NULL;
	kref_init(&vm->ref);
	mutex_init(&vm->lock);
	INIT_LIST_HEAD(&vm->state);
	INIT_LIST_HEAD(&vm->data);
	vm->serial = atomic64_inc_return(&serial);
	mutex_init(&vm->fence_lock);
	cove_pool_init(vm);
	cove_event_init_vm(vm);
	vm->memcg = get_mem_cgroup_from_mm(current->mm);
	mmgrab(current->mm);
	vm->mm = current->mm;

	mutex_lock(&cove_vms_lock);
	list_add(&vm->list, &cove_vms);
	mutex_unlock(&cove_vms_lock);
	return vm;
}

int cove_vm_create_fd(unsigned long type)
{
	struct cove_vm *vm;
	int ret;

	/* A VMM that knows only KVM asks for type 0. Whatever it asks for, it gets a TVM. */
	if (type && type != KVM_VM_TYPE_RISCV_COVE) {
		pr_err_ratelimited("KVM_CREATE_VM: type 0x%lx: only 0 and 0x200, which is the same\n",
				   type);
		return -EINVAL;
	}
	vm = vm_new();
	if (!vm)
		return -ENOMEM;
	mutex_lock(&vm->lock);
	ret = tvm_create(vm);
	mutex_unlock(&vm->lock);
	if (!ret)
		ret = anon_inode_getfd("cove-vm", &vm_fops, vm, O_RDWR | O_CLOEXEC);
	if (ret < 0)
		cove_vm_put(vm);
	return ret;
}
