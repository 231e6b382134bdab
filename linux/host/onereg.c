// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET_ONE_REG and KVM_SET_ONE_REG. The core registers are what the VMM wants the boot vCPU to
 * start with; of them pc and a1 reach the TVM (the TSM sets a0 to the vCPU's id, and everything
 * else to zero). Once the TVM is finalized its registers are its own: -EPERM.
 */
#include <linux/delay.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "cove.h"

#define REG_KIND_MASK	(KVM_REG_ARCH_MASK | KVM_REG_SIZE_MASK | KVM_REG_RISCV_TYPE_MASK)
#define REG_KIND(type)	(KVM_REG_RISCV | KVM_REG_SIZE_U64 | (type))

static int core_reg(struct cove_vcpu *vcpu, u64 index, u64 __user *user, bool set)
{
	const u64 words = sizeof(vcpu->core) / sizeof(unsigned long);
	unsigned long *word;

	if (index >= words)
		return -ENOENT;
	if (READ_ONCE(vcpu->vm->finalized))
		return -EPERM;
	word = (unsigned long *)&vcpu->core + array_index_nospec(index, words);
	return set ? get_user(*word, user) : put_user(*word, user);
}

static int timer_reg(u64 index, u64 __user *user, bool set)
{
	if (index != KVM_REG_RISCV_TIMER_REG(frequency))
		return -ENOENT;
	return set ? -EINVAL : put_user((u64)riscv_timebase, user);
}

int cove_onereg(struct cove_vcpu *vcpu, const struct kvm_one_reg *reg, bool set)
{
	u64 __user *user = u64_to_user_ptr(reg->addr);
	u64 index = reg->id & ~REG_KIND_MASK;

	switch (reg->id & REG_KIND_MASK) {
	case REG_KIND(KVM_REG_RISCV_CORE):
		return core_reg(vcpu, index, user, set);
	case REG_KIND(KVM_REG_RISCV_TIMER):
		return timer_reg(index, user, set);
	default:
		return -ENOENT;
	}
}
