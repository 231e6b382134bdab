// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU as a file, and KVM_RUN. A vCPU belongs to its VM and lives as long; its file keeps the VM
 * alive.
 *
 * The entry point and boot argument of a TVM are pc and a1 of vCPU 0, set by KVM_SET_ONE_REG (core
 * registers) before its first KVM_RUN, which finalizes the TVM with them: both are measured
 * (register 5). As with KVM, vCPU 0 starts runnable and the others wait in KVM_RUN until the TVM
 * starts them through SBI HSM.
 */
#include <linux/anon_inodes.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vtime.h>
#include <asm/csr.h>
#include <asm/timex.h>

#include "cove.h"

#define SLEEP_MAX_SECONDS	3600	/* then look again: keeps the arithmetic small */

/* From another CPU, or this one: whatever the vCPU waits for, it shall look again. */
void cove_vcpu_kick(struct cove_vcpu *vcpu)
{
	WRITE_ONCE(vcpu->kicked, true);
	wake_up(&vcpu->wait);
}

static bool stopped(struct cove_vcpu *vcpu)
{
	return READ_ONCE(vcpu->mp_state) == KVM_MP_STATE_STOPPED;
}

/* Until the TVM's timer fires: 0 if it has, KTIME_MAX if it is not enabled. */
static ktime_t timer_left(const struct cove_exit *exit)
{
	u64 now = get_cycles64() + exit->htimedelta;
	u64 ticks;

	if (!(exit->vsie & IE_TIE))
		return KTIME_MAX;
	if (exit->vstimecmp <= now)
		return 0;
	ticks = min_t(u64, exit->vstimecmp - now, (u64)riscv_timebase * SLEEP_MAX_SECONDS);
	return mul_u64_u64_div_u64(ticks, NSEC_PER_SEC, riscv_timebase);
}

/*
 * A vCPU that may be interrupted by others of its TVM, or whose file others wait for, gives its
 * file up. False: an interrupt is pending by now, or it has to look again for another reason.
 */
static bool may_sleep(struct cove_vcpu *vcpu)
{
	bool waits;

	if (vcpu->vm->nr_vcpus == 1 && !cove_irq_contended(vcpu))
		return true;
	if (cove_irq_unbind(vcpu, &waits))
		return false;
	return !waits || !(vcpu->exit.vsie & IE_EIE);
}

/* The vCPU executed WFI: sleeps until its timer, a kick or a signal. WFI may end for no reason. */
int cove_vcpu_wait(struct cove_vcpu *vcpu)
{
	ktime_t left = timer_left(&vcpu->exit);

	if (!left || !may_sleep(vcpu))
		return 1;
	(void)wait_event_interruptible_hrtimeout(vcpu->wait, READ_ONCE(vcpu->kicked) ||
						 READ_ONCE(vcpu->vm->dead), left);
	return 1;
}

static void wait_for_start(struct cove_vcpu *vcpu)
{
	(void)wait_event_interruptible(vcpu->wait, !stopped(vcpu) || READ_ONCE(vcpu->vm->dead));
}

/*
 * One RUN. Interrupts are off until it returns: one that arrives before or in the TVM ends the RUN,
 * and is taken here when they go on again. False: something else comes first.
 */
static bool enter(struct cove_vcpu *vcpu)
{
	preempt_disable();
	local_irq_disable();
	if (signal_pending(current) || need_resched() || READ_ONCE(vcpu->vm->dead) ||
	    (vcpu->vm->aia && vcpu->file_cpu != smp_processor_id())) {
		local_irq_enable();
		preempt_enable();
		return false;
	}
	WRITE_ONCE(vcpu->kicked, false);
	vtime_account_guest_enter();
	cove_nacl_run(vcpu);
	local_irq_enable();
	/* The host's pending interrupts are taken here, so that a tick is the guest's time. */
	local_irq_disable();
	vtime_account_guest_exit();
	local_irq_enable();
	preempt_enable();
	return true;
}

static int finalize(struct cove_vcpu *vcpu)
{
	struct cove_vm *vm = vcpu->vm;
	int ret = 0;

	mutex_lock(&vm->lock);
	if (vm->dead)
		ret = -EIO;
	else if (!vm->finalized)
		ret = cove_slots_finish(vm);
	/* A VM that was measured in part is of no more use. */
	if (ret)
		vm->dead = true;
	if (!ret && !vm->finalized)
		ret = cove_sbi_finalize(vm->tvm, vcpu->core.regs.pc, vcpu->core.regs.a1,
					vm->payload_size ? virt_to_phys(vm->payload) : 0, vm->payload_size);
	if (!ret)
		vm->finalized = true;
	cove_pool_refill(vm);
	mutex_unlock(&vm->lock);
	return ret;
}

/* 0: it can be entered; > 0: look again; < 0 an errno. */
static int prepare(struct cove_vcpu *vcpu)
{
	int ret;

	if (!vcpu->vm->aia)
		return 0;
	if (cove_irq_contended(vcpu)) {
		cove_irq_unbind(vcpu, NULL);
		/* Whoever waits for it shall have it first. */
		schedule_timeout_interruptible(1);
	}
	ret = cove_irq_bind(vcpu);
	return ret == -EINTR ? 1 : ret;
}

static int vcpu_run(struct cove_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	int ret;

	cove_exit_complete(vcpu);
	if (READ_ONCE(run->immediate_exit__unsafe))
		return -EINTR;
	if (vcpu->id == 0) {
		ret = finalize(vcpu);
		if (ret)
			return ret;
	}
	run->exit_reason = KVM_EXIT_UNKNOWN;
	do {
		ret = 1;
		if (READ_ONCE(vcpu->vm->dead)) {
			ret = -EIO;
		} else if (signal_pending(current)) {
			run->exit_reason = KVM_EXIT_INTR;
			ret = -EINTR;
		} else if (stopped(vcpu) && !vcpu->probe_start) {
			wait_for_start(vcpu);
		} else {
			cond_resched();
			ret = prepare(vcpu);
			if (!ret)
				ret = enter(vcpu) ? cove_exit_handle(vcpu) : 1;
		}
	} while (ret > 0);
	return ret;
}

static int onereg(struct cove_vcpu *vcpu, void __user *arg, bool set)
{
	struct kvm_one_reg reg;

	if (copy_from_user(&reg, arg, sizeof(reg)))
		return -EFAULT;
	return cove_onereg(vcpu, &reg, set);
}

static int get_mp_state(struct cove_vcpu *vcpu, void __user *arg)
{
	struct kvm_mp_state state = { .mp_state = READ_ONCE(vcpu->mp_state) };

	return copy_to_user(arg, &state, sizeof(state)) ? -EFAULT : 0;
}

/* Before the TVM runs; afterwards the TSM and the TVM decide which vCPU runs. */
static int set_mp_state(struct cove_vcpu *vcpu, void __user *arg)
{
	struct kvm_mp_state state;

	if (copy_from_user(&state, arg, sizeof(state)))
		return -EFAULT;
	if (state.mp_state != KVM_MP_STATE_RUNNABLE && state.mp_state != KVM_MP_STATE_STOPPED)
		return -EINVAL;
	if (READ_ONCE(vcpu->vm->finalized))
		return state.mp_state == READ_ONCE(vcpu->mp_state) ? 0 : -EBUSY;
	WRITE_ONCE(vcpu->mp_state, state.mp_state);
	return 0;
}

static long vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct cove_vcpu *vcpu = file->private_data;
	long ret;

	if (vcpu->vm->mm != current->mm)
		return -EIO;
	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	if (READ_ONCE(vcpu->vm->dead))
		ret = -EIO;
	else if (cmd == KVM_RUN)
		ret = arg ? -EINVAL : vcpu_run(vcpu);
	else if (cmd == KVM_GET_ONE_REG || cmd == KVM_SET_ONE_REG)
		ret = onereg(vcpu, (void __user *)arg, cmd == KVM_SET_ONE_REG);
	else if (cmd == KVM_GET_REG_LIST)
		ret = cove_onereg_list((void __user *)arg);
	else if (cmd == KVM_GET_MP_STATE)
		ret = get_mp_state(vcpu, (void __user *)arg);
	else if (cmd == KVM_SET_MP_STATE)
		ret = set_mp_state(vcpu, (void __user *)arg);
	else
		ret = -ENOTTY;
	mutex_unlock(&vcpu->mutex);
	return ret;
}

static vm_fault_t vcpu_fault(struct vm_fault *vmf)
{
	struct cove_vcpu *vcpu = vmf->vma->vm_file->private_data;

	if (vmf->pgoff)
		return VM_FAULT_SIGBUS;
	vmf->page = virt_to_page(vcpu->run);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct vcpu_vm_ops = {
	.fault = vcpu_fault,
};

static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_end - vma->vm_start != PAGE_SIZE || vma->vm_pgoff)
		return -EINVAL;
	vma->vm_ops = &vcpu_vm_ops;
	return 0;
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	struct cove_vcpu *vcpu = file->private_data;

	cove_vm_put(vcpu->vm);
	return 0;
}

static const struct file_operations vcpu_fops = {
	.owner = THIS_MODULE,
	.release = vcpu_release,
	.unlocked_ioctl = vcpu_ioctl,
	.mmap = vcpu_mmap,
	.llseek = noop_llseek,
};

static struct cove_vcpu *vcpu_new(struct cove_vm *vm, unsigned long id)
{
	struct cove_vcpu *vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);

	BUILD_BUG_ON(sizeof(struct kvm_run) > PAGE_SIZE);
	if (!vcpu)
		return NULL;
	vcpu->run = (struct kvm_run *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vcpu->run) {
		kfree(vcpu);
		return NULL;
	}
	vcpu->vm = vm;
	vcpu->id = id;
	mutex_init(&vcpu->mutex);
	init_waitqueue_head(&vcpu->wait);
	mutex_init(&vcpu->irq_lock);
	vcpu->guest_cpu = -1;
	vcpu->file_cpu = -1;
	vcpu->mp_state = id ? KVM_MP_STATE_STOPPED : KVM_MP_STATE_RUNNABLE;
	vcpu->core.regs.a0 = id;
	vcpu->core.mode = KVM_RISCV_MODE_S;
	return vcpu;
}

/* The run page may still be mapped by the VMM: it goes when that mapping does. */
void cove_vcpu_free(struct cove_vcpu *vcpu)
{
	if (!vcpu)
		return;
	free_page((unsigned long)vcpu->run);
	kfree(vcpu);
}

static int vcpu_create(struct cove_vm *vm, unsigned long id)
{
	struct cove_vcpu *vcpu;
	struct cove_chunk *state;
	int ret;

	if (vm->finalized || vm->aia)
		return -EBUSY;
	vcpu = vcpu_new(vm, id);
	if (!vcpu)
		return -ENOMEM;
	state = cove_chunk_new(&vm->state, get_order(cove_tsm.tvm_vcpu_state_pages * PAGE_SIZE),
			       true);
	if (IS_ERR(state)) {
		cove_vcpu_free(vcpu);
		return PTR_ERR(state);
	}
	ret = cove_fence();
	if (!ret)
		ret = cove_sbi_create_vcpu(vm->tvm, id, page_to_phys(state->page));
	if (ret) {
		cove_chunk_release(state);
		cove_vcpu_free(vcpu);
		return ret;
	}
	vm->vcpus[id] = vcpu;
	vm->nr_vcpus++;
	return 0;
}

/*
 * KVM_CREATE_VCPU. The TSM has no way to take a vCPU back, so one for which no file could be made
 * stays, and gets its file when user space asks for it again.
 */
int cove_vcpu_create_fd(struct cove_vm *vm, unsigned long id)
{
	int ret = 0;

	lockdep_assert_held(&vm->lock);
	if (id >= min_t(u64, COVE_MAX_VCPUS, cove_tsm.tvm_max_vcpus))
		return -EINVAL;
	if (vm->vcpus[id] && vm->vcpus[id]->has_fd)
		return -EEXIST;
	if (!vm->vcpus[id])
		ret = vcpu_create(vm, id);
	if (ret)
		return ret;
	cove_vm_get(vm);
	vm->vcpus[id]->has_fd = true;
	ret = anon_inode_getfd("cove-vcpu", &vcpu_fops, vm->vcpus[id], O_RDWR | O_CLOEXEC);
	if (ret < 0) {
		vm->vcpus[id]->has_fd = false;
		cove_vm_put(vm);	/* not the last one: our caller holds the VM's file */
	}
	return ret;
}
