// SPDX-License-Identifier: GPL-2.0-only
/*
 * cove.ko: confidential VMs (TVMs) on a stock kernel that runs beneath a CoVE TSM.
 *
 * /dev/cove speaks KVM's ioctl interface (linux/kvm.h), with two additions: VM type 1 << 9, and
 * KVM_RISCV_COVE_MEASURE_REGION. A VMM creates a VM, sets its memory slots, has its image measured,
 * creates vCPUs, sets pc and a1 of vCPU 0, and runs. One that knows only KVM, and neither asks for
 * that type nor has anything measured, gets a TVM as well: see slot.c for what is measured then.
 *
 *	main.c	  the device, system ioctls, reboot and hibernation
 *	vm.c	  a VM: creation, ioctls, end
 *	slot.c	  its memory: slots, measured pages
 *	fault.c	  page faults, shared memory
 *	irq.c	  interrupt files, the TVM's fence
 *	aia.c	  KVM's AIA device
 *	aplic.c	  an APLIC, for VMMs that have none
 *	eventfd.c irqfd, ioeventfd, interrupt routing
 *	memfd.c	  memory that the VMM does not have, as KVM names it
 *	vcpu.c	  a vCPU: KVM_RUN, WFI
 *	exit.c	  why RUN returned, and what becomes of it
 *	onereg.c  registers before the start
 *	mem.c	  conversion, fences, pages on their way
 *	nacl.c	  per-CPU shared memory, RUN
 *	sbi.c	  the calls
 *	trace.h	  tracepoints
 *	debugfs.c tests: what becomes of a read of a converted page
 *
 * Only exported symbols of stock kernels from 6.12 on are used. Errors of the TSM appear in the log
 * with the call's name.
 */
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/suspend.h>

#include "cove.h"

struct cove_tsm_info cove_tsm;

int cove_check_extension(unsigned long extension)
{
	unsigned int vcpus = min_t(u64, COVE_MAX_VCPUS, cove_tsm.tvm_max_vcpus);

	switch (extension) {
	case KVM_CAP_USER_MEMORY:
	case KVM_CAP_USER_MEMORY2:
	case KVM_CAP_DESTROY_MEMORY_REGION_WORKS:
	case KVM_CAP_JOIN_MEMORY_REGIONS_WORKS:
	case KVM_CAP_INTERNAL_ERROR_DATA:
	case KVM_CAP_GUEST_MEMFD:
	case KVM_CAP_IOEVENTFD:
	case KVM_CAP_IOEVENTFD_ANY_LENGTH:
	case KVM_CAP_ONE_REG:
	case KVM_CAP_MP_STATE:
	case KVM_CAP_IMMEDIATE_EXIT:
	case KVM_CAP_CHECK_EXTENSION_VM:
		return 1;
	case KVM_CAP_DEVICE_CTRL:
	case KVM_CAP_SIGNAL_MSI:
	case KVM_CAP_IRQCHIP:
	case KVM_CAP_IRQFD:
		return cove_irq_files() > 0;
	case KVM_CAP_MEMORY_ATTRIBUTES:
		return KVM_MEMORY_ATTRIBUTE_PRIVATE;
	case KVM_CAP_IRQ_ROUTING:
		return COVE_MAX_ROUTES;
	case KVM_CAP_NR_VCPUS:
		return min(num_online_cpus(), vcpus);
	case KVM_CAP_MAX_VCPUS:
	case KVM_CAP_MAX_VCPU_ID:
		return vcpus;
	case KVM_CAP_NR_MEMSLOTS:
		return COVE_MAX_SLOTS;
	default:
		return 0;
	}
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case KVM_GET_API_VERSION:
		return arg ? -EINVAL : KVM_API_VERSION;
	case KVM_CHECK_EXTENSION:
		return cove_check_extension(arg);
	case KVM_GET_VCPU_MMAP_SIZE:
		return arg ? -EINVAL : PAGE_SIZE;
	case KVM_CREATE_VM:
		return cove_vm_create_fd(arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = dev_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cove",
	.fops = &dev_fops,
};

/*
 * A kernel that follows this one by kexec knows nothing of converted pages: all are taken back
 * first.
 */
static int reboot(struct notifier_block *nb, unsigned long action, void *data)
{
	struct cove_vm *vm;

	if (action != SYS_RESTART)
		return NOTIFY_DONE;
	mutex_lock(&cove_vms_lock);
	list_for_each_entry(vm, &cove_vms, list)
		cove_vm_kill(vm);
	mutex_unlock(&cove_vms_lock);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_nb = { .notifier_call = reboot };

/*
 * A TVM is in no hibernation image, and the TSM that wakes up knows nothing of it; nor is there
 * anything that would bring the TSM's memory through a suspend.
 */
static int sleep_begins(struct notifier_block *nb, unsigned long action, void *data)
{
	bool refuse;

	if (action != PM_HIBERNATION_PREPARE && action != PM_RESTORE_PREPARE &&
	    action != PM_SUSPEND_PREPARE)
		return NOTIFY_DONE;
	mutex_lock(&cove_vms_lock);
	refuse = !list_empty(&cove_vms);
	mutex_unlock(&cove_vms_lock);
	if (!refuse)
		return NOTIFY_DONE;
	pr_err("no suspend or hibernation while there are TVMs: they would not survive it\n");
	return NOTIFY_BAD;
}

static struct notifier_block sleep_nb = { .notifier_call = sleep_begins };

/*
 * The TSM writes to kernel memory with a physical address of its own: the linear map, not the
 * module's data.
 */
static int tsm_query(void)
{
	struct cove_tsm_info *info = kzalloc(sizeof(*info), GFP_KERNEL);
	int ret;

	if (!info)
		return -ENOMEM;
	ret = cove_sbi_tsm_info(virt_to_phys(info));
	cove_tsm = *info;
	kfree(info);
	if (ret)
		return -ENODEV;
	if (cove_tsm.tsm_state != COVE_TSM_READY) {
		pr_err("the TSM is not ready: state %u\n", cove_tsm.tsm_state);
		return -ENODEV;
	}
	if (!cove_tsm.tvm_state_pages || !cove_tsm.tvm_vcpu_state_pages ||
	    !cove_tsm.tvm_max_vcpus || cove_tsm.tvm_state_pages > 1024 ||
	    cove_tsm.tvm_vcpu_state_pages > 1024) {
		pr_err("the TSM asks for %llu pages a TVM and %llu a vCPU, and allows %llu vCPUs: not usable\n",
		       cove_tsm.tvm_state_pages, cove_tsm.tvm_vcpu_state_pages,
		       cove_tsm.tvm_max_vcpus);
		return -ENODEV;
	}
	return 0;
}

static int __init cove_init(void)
{
	int ret;

	if (!cove_sbi_present())
		return -ENODEV;
	ret = tsm_query();
	if (ret)
		return ret;
	ret = cove_event_init();
	if (ret)
		return ret;
	ret = cove_nacl_init();
	if (ret)
		goto no_nacl;
	ret = misc_register(&device);
	if (ret)
		goto no_device;
	register_reboot_notifier(&reboot_nb);
	register_pm_notifier(&sleep_nb);
	cove_debugfs_init();
	pr_info("TSM version 0x%x: up to %llu vCPUs, %llu pages a TVM, %llu a vCPU\n",
		cove_tsm.tsm_version, cove_tsm.tvm_max_vcpus, cove_tsm.tvm_state_pages,
		cove_tsm.tvm_vcpu_state_pages);
	return 0;

no_device:
	cove_nacl_exit();
no_nacl:
	cove_event_exit();
	return ret;
}

static void __exit cove_exit(void)
{
	cove_debugfs_exit();
	unregister_pm_notifier(&sleep_nb);
	unregister_reboot_notifier(&reboot_nb);
	misc_deregister(&device);
	cove_nacl_exit();
	cove_event_exit();
}

module_init(cove_init);
module_exit(cove_exit);

MODULE_DESCRIPTION("Confidential VMs beneath a RISC-V CoVE TSM");
MODULE_LICENSE("GPL");
