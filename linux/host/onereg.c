// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET_ONE_REG and KVM_SET_ONE_REG. The core registers are what the VMM wants the boot vCPU to
 * start with; of them pc and a1 reach the TVM (the TSM sets a0 to the vCPU's id, and everything
 * else to zero). Once the TVM is finalized its registers are its own: -EPERM.
 */
#include <linux/delay.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/csr.h>
#include <asm/hwcap.h>
#include <asm/pgtable.h>

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

/* What a TVM's vCPU has, provided that the host's has it: KVM's number, and the kernel's own. */
static const struct {
	u16 id;
	u16 isa;
} extensions[] = {
	{ KVM_RISCV_ISA_EXT_A, RISCV_ISA_EXT_a },
	{ KVM_RISCV_ISA_EXT_C, RISCV_ISA_EXT_c },
	{ KVM_RISCV_ISA_EXT_D, RISCV_ISA_EXT_d },
	{ KVM_RISCV_ISA_EXT_F, RISCV_ISA_EXT_f },
	{ KVM_RISCV_ISA_EXT_I, RISCV_ISA_EXT_i },
	{ KVM_RISCV_ISA_EXT_M, RISCV_ISA_EXT_m },
	{ KVM_RISCV_ISA_EXT_V, RISCV_ISA_EXT_v },
	{ KVM_RISCV_ISA_EXT_SSTC, RISCV_ISA_EXT_SSTC },
	{ KVM_RISCV_ISA_EXT_SSAIA, RISCV_ISA_EXT_SSAIA },
	{ KVM_RISCV_ISA_EXT_ZBA, RISCV_ISA_EXT_ZBA },
	{ KVM_RISCV_ISA_EXT_ZBB, RISCV_ISA_EXT_ZBB },
	{ KVM_RISCV_ISA_EXT_ZBS, RISCV_ISA_EXT_ZBS },
};

static bool has_extension(u64 id)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(extensions); i++)
		if (extensions[i].id == id)
			return __riscv_isa_extension_available(NULL, extensions[i].isa);
	return false;
}

/*
 * Reading tells whether vCPUs have it; writing that again is fine, and anything else is not
 * possible.
 */
static int isa_ext_reg(u64 index, u64 __user *user, bool set)
{
	u64 has, want;

	if (index >= KVM_RISCV_ISA_EXT_MAX)
		return -ENOENT;
	has = has_extension(index);
	if (!set)
		return put_user(has, user);
	if (get_user(want, user))
		return -EFAULT;
	return want == has ? 0 : -EINVAL;
}

static int sbi_ext_reg(u64 index, u64 __user *user, bool set)
{
	u64 has, want;

	if (index >= KVM_RISCV_SBI_EXT_MAX)
		return -ENOENT;
	has = index == KVM_RISCV_SBI_EXT_TIME || index == KVM_RISCV_SBI_EXT_SRST ||
	      index == KVM_RISCV_SBI_EXT_HSM || index == KVM_RISCV_SBI_EXT_DBCN;
	if (!set)
		return put_user(has, user);
	if (get_user(want, user))
		return -EFAULT;
	return want == has ? 0 : -EINVAL;
}

static u64 isa_letters(void)
{
	static const char letters[] = "acdfimv";
	u64 isa = 0;
	unsigned int i;

	for (i = 0; i < sizeof(letters) - 1; i++)
		if (__riscv_isa_extension_available(NULL, letters[i] - 'a'))
			isa |= BIT(letters[i] - 'a');
	return isa;
}

static int config_reg(u64 index, u64 __user *user, bool set)
{
	u64 value, want;

	switch (index) {
	case KVM_REG_RISCV_CONFIG_REG(isa):
		value = isa_letters();
		break;
	case KVM_REG_RISCV_CONFIG_REG(mvendorid):
	case KVM_REG_RISCV_CONFIG_REG(marchid):
	case KVM_REG_RISCV_CONFIG_REG(mimpid):
		value = 0;
		break;
	case KVM_REG_RISCV_CONFIG_REG(satp_mode):
		value = satp_mode >> SATP_MODE_SHIFT;
		break;
	default:
		return -ENOENT;
	}
	if (!set)
		return put_user(value, user);
	if (get_user(want, user))
		return -EFAULT;
	return want == value ? 0 : -EINVAL;
}

/* KVM_GET_REG_LIST */
static const u64 single_regs[] = {
	REG_KIND(KVM_REG_RISCV_TIMER) | KVM_REG_RISCV_TIMER_REG(frequency),
	REG_KIND(KVM_REG_RISCV_CONFIG) | KVM_REG_RISCV_CONFIG_REG(isa),
	REG_KIND(KVM_REG_RISCV_CONFIG) | KVM_REG_RISCV_CONFIG_REG(mvendorid),
	REG_KIND(KVM_REG_RISCV_CONFIG) | KVM_REG_RISCV_CONFIG_REG(marchid),
	REG_KIND(KVM_REG_RISCV_CONFIG) | KVM_REG_RISCV_CONFIG_REG(mimpid),
	REG_KIND(KVM_REG_RISCV_CONFIG) | KVM_REG_RISCV_CONFIG_REG(satp_mode),
};

#define CORE_REGS	(sizeof(struct kvm_riscv_core) / sizeof(unsigned long))

static u64 nth_reg(unsigned int n)
{
	if (n < CORE_REGS)
		return REG_KIND(KVM_REG_RISCV_CORE) | n;
	n -= CORE_REGS;
	if (n < ARRAY_SIZE(single_regs))
		return single_regs[n];
	return REG_KIND(KVM_REG_RISCV_ISA_EXT) | extensions[n - ARRAY_SIZE(single_regs)].id;
}

int cove_onereg_list(struct kvm_reg_list __user *list)
{
	const unsigned int total = CORE_REGS + ARRAY_SIZE(single_regs) + ARRAY_SIZE(extensions);
	unsigned int i;
	u64 room;

	if (get_user(room, &list->n) || put_user((u64)total, &list->n))
		return -EFAULT;
	if (room < total)
		return -E2BIG;
	for (i = 0; i < total; i++)
		if (put_user(nth_reg(i), &list->reg[i]))
			return -EFAULT;
	return 0;
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
	case REG_KIND(KVM_REG_RISCV_CONFIG):
		return config_reg(index, user, set);
	case REG_KIND(KVM_REG_RISCV_ISA_EXT):
		return isa_ext_reg(index, user, set);
	case REG_KIND(KVM_REG_RISCV_SBI_EXT):
		return sbi_ext_reg(index, user, set);
	default:
		return -ENOENT;
	}
}
