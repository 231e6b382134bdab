// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET_ONE_REG, KVM_SET_ONE_REG, KVM_GET_REG_LIST. What a TVM starts with is for the TSM to say:
 * pc and a1 of the boot vCPU are the VMM's, a0 is the vCPU's id, everything else is zero. The VMM
 * reads that, and may write it; anything else is refused (-EINVAL), since it would not be so. Once
 * the TVM is finalized its registers are its own: what is read stays what it started with, since
 * QEMU reads them when a guest powers off and does not survive an error; a write is -EPERM.
 *
 * Its clock and timer are its own, too. The VMM may read them, and what it writes has no effect:
 * VMMs write back what they read when a VM goes on after a pause.
 */
#include <linux/delay.h>
#include <linux/log2.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/csr.h>
#include <asm/hwcap.h>
#include <asm/pgtable.h>
#include <asm/timex.h>
#include <asm/vector.h>

#include "cove.h"

#define REG_KIND_MASK	(KVM_REG_ARCH_MASK | KVM_REG_SIZE_MASK | KVM_REG_RISCV_TYPE_MASK)
#define REG_KIND(type)	(KVM_REG_RISCV | KVM_REG_SIZE_U64 | (type))
#define REG_KIND32(type) (KVM_REG_RISCV | KVM_REG_SIZE_U32 | (type))

#define VLENB		(riscv_v_vsize / 32)	/* 0: there are no vectors */
#define MAX_VLENB	8192

static bool has_letter(char letter)
{
	return __riscv_isa_extension_available(NULL, letter - 'a');
}

/* Of the core registers, which the VMM may choose. */
static bool core_is_free(u64 index)
{
	return index == KVM_REG_RISCV_CORE_REG(regs.pc) || index == KVM_REG_RISCV_CORE_REG(regs.a1);
}

static int core_reg(struct cove_vcpu *vcpu, u64 index, u64 __user *user, bool set)
{
	const u64 words = sizeof(vcpu->core) / sizeof(unsigned long);
	unsigned long *word, value;

	if (index >= words)
		return -ENOENT;
	if (set && READ_ONCE(vcpu->vm->finalized))
		return -EPERM;
	word = (unsigned long *)&vcpu->core + array_index_nospec(index, words);
	if (!set)
		return put_user(*word, user);
	if (get_user(value, user))
		return -EFAULT;
	if (!core_is_free(index) && value != *word)
		return -EINVAL;
	*word = value;
	return 0;
}

/* A register that is zero when the TVM starts. */
static int zero_reg(struct cove_vcpu *vcpu, void __user *user, unsigned int size, bool set)
{
	u8 __user *bytes = user;
	unsigned int i;
	u8 byte;

	if (set && READ_ONCE(vcpu->vm->finalized))
		return -EPERM;
	if (!set)
		return clear_user(user, size) ? -EFAULT : 0;
	for (i = 0; i < size; i++) {
		if (get_user(byte, bytes + i))
			return -EFAULT;
		if (byte)
			return -EINVAL;
	}
	return 0;
}

#define CSR_REGS	(sizeof(struct kvm_riscv_csr) / sizeof(unsigned long))
#define FP_REGS		32			/* and fcsr, of 32 bits */
#define VECTOR_CSRS	(sizeof(struct __riscv_v_ext_state) / sizeof(unsigned long))
#define VECTOR_VLENB	KVM_REG_RISCV_VECTOR_CSR_REG(vlenb)

static int csr_reg(struct cove_vcpu *vcpu, u64 index, u64 __user *user, bool set)
{
	return index < CSR_REGS ? zero_reg(vcpu, user, sizeof(u64), set) : -ENOENT;
}

/* letter is that of the extension, width that of its registers. */
static int fp_reg(struct cove_vcpu *vcpu, u64 index, unsigned int size, void __user *user, bool set,
		  char letter, unsigned int width)
{
	if (!has_letter(letter) || index > FP_REGS)
		return -ENOENT;
	if (size != (index < FP_REGS ? width : sizeof(u32)))
		return -ENOENT;
	return zero_reg(vcpu, user, size, set);
}

/* A value that is as it is: writing the same is fine. */
static int fixed_reg(u64 value, u64 __user *user, bool set)
{
	u64 want;

	if (!set)
		return put_user(value, user);
	if (get_user(want, user))
		return -EFAULT;
	return want == value ? 0 : -EINVAL;
}

static int vector_reg(struct cove_vcpu *vcpu, u64 index, unsigned int size, void __user *user,
		      bool set)
{
	if (!has_letter('v') || !VLENB || VLENB > MAX_VLENB || index >= VECTOR_CSRS + 32)
		return -ENOENT;
	if (size != (index < VECTOR_CSRS ? sizeof(unsigned long) : VLENB))
		return -ENOENT;
	if (index == VECTOR_VLENB)
		return fixed_reg(VLENB, user, set);
	return zero_reg(vcpu, user, size, set);
}

/* What the TVM's last exit told; 0 before it ran. */
static u64 timer_value(const struct cove_vcpu *vcpu, u64 index)
{
	const struct cove_exit *exit = &vcpu->exit;

	switch (index) {
	case KVM_REG_RISCV_TIMER_REG(time):
		return exit->htimedelta ? get_cycles64() + exit->htimedelta : 0;
	case KVM_REG_RISCV_TIMER_REG(compare):
		return exit->htimedelta ? exit->vstimecmp : -1ULL;
	default:
		return exit->htimedelta && exit->vstimecmp != -1UL ? KVM_RISCV_TIMER_STATE_ON :
								     KVM_RISCV_TIMER_STATE_OFF;
	}
}

static int timer_reg(struct cove_vcpu *vcpu, u64 index, u64 __user *user, bool set)
{
	u64 ignored;

	if (index == KVM_REG_RISCV_TIMER_REG(frequency))
		return fixed_reg(riscv_timebase, user, set);
	if (index > KVM_REG_RISCV_TIMER_REG(state))
		return -ENOENT;
	return set ? get_user(ignored, user) : put_user(timer_value(vcpu, index), user);
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

static int isa_ext_reg(u64 index, u64 __user *user, bool set)
{
	return index < KVM_RISCV_ISA_EXT_MAX ? fixed_reg(has_extension(index), user, set) : -ENOENT;
}

/* The SBI calls that the TSM has for a TVM, or forwards. */
static const u16 sbi_extensions[] = {
	KVM_RISCV_SBI_EXT_TIME,
	KVM_RISCV_SBI_EXT_SRST,
	KVM_RISCV_SBI_EXT_HSM,
	KVM_RISCV_SBI_EXT_DBCN,
};

static int sbi_ext_reg(u64 index, u64 __user *user, bool set)
{
	unsigned int i;

	if (index >= KVM_RISCV_SBI_EXT_MAX)
		return -ENOENT;
	for (i = 0; i < ARRAY_SIZE(sbi_extensions); i++)
		if (sbi_extensions[i] == index)
			return fixed_reg(1, user, set);
	return fixed_reg(0, user, set);
}

static u64 isa_letters(void)
{
	static const char letters[] = "acdfimv";
	u64 isa = 0;
	unsigned int i;

	for (i = 0; i < sizeof(letters) - 1; i++)
		if (has_letter(letters[i]))
			isa |= BIT(letters[i] - 'a');
	return isa;
}

static int config_reg(u64 index, u64 __user *user, bool set)
{
	switch (index) {
	case KVM_REG_RISCV_CONFIG_REG(isa):
		return fixed_reg(isa_letters(), user, set);
	case KVM_REG_RISCV_CONFIG_REG(mvendorid):
	case KVM_REG_RISCV_CONFIG_REG(marchid):
	case KVM_REG_RISCV_CONFIG_REG(mimpid):
		return fixed_reg(0, user, set);
	case KVM_REG_RISCV_CONFIG_REG(satp_mode):
		return fixed_reg(satp_mode >> SATP_MODE_SHIFT, user, set);
	default:
		return -ENOENT;
	}
}

static const u8 config_regs[] = {
	KVM_REG_RISCV_CONFIG_REG(isa),	   KVM_REG_RISCV_CONFIG_REG(mvendorid),
	KVM_REG_RISCV_CONFIG_REG(marchid), KVM_REG_RISCV_CONFIG_REG(mimpid),
	KVM_REG_RISCV_CONFIG_REG(satp_mode),
};

#define CORE_REGS	(sizeof(struct kvm_riscv_core) / sizeof(unsigned long))
#define TIMER_REGS	(sizeof(struct kvm_riscv_timer) / sizeof(u64))

/* KVM_GET_REG_LIST, being written: what does not fit is only counted. */
struct reg_list {
	struct kvm_reg_list __user *to;
	u64 room;
	u64 n;
	int error;
};

static void list_add_regs(struct reg_list *l, u64 kind, unsigned int first, unsigned int count)
{
	unsigned int i;

	for (i = first; i < first + count; i++, l->n++)
		if (l->n < l->room && put_user(kind | i, &l->to->reg[l->n]))
			l->error = -EFAULT;
}

static void list_fp(struct reg_list *l)
{
	if (has_letter('f'))
		list_add_regs(l, REG_KIND32(KVM_REG_RISCV_FP_F), 0, FP_REGS + 1);
	if (has_letter('d')) {
		list_add_regs(l, REG_KIND(KVM_REG_RISCV_FP_D), 0, FP_REGS);
		list_add_regs(l, REG_KIND32(KVM_REG_RISCV_FP_D), FP_REGS, 1);
	}
}

static void list_vectors(struct reg_list *l)
{
	u64 size;

	if (!has_letter('v') || !VLENB || VLENB > MAX_VLENB)
		return;
	size = (u64)ilog2(VLENB) << KVM_REG_SIZE_SHIFT;
	list_add_regs(l, REG_KIND(KVM_REG_RISCV_VECTOR), 0, VECTOR_CSRS);
	list_add_regs(l, KVM_REG_RISCV | KVM_REG_RISCV_VECTOR | size, VECTOR_CSRS, 32);
}

static void list_all(struct reg_list *l)
{
	unsigned int i;

	list_add_regs(l, REG_KIND(KVM_REG_RISCV_CORE), 0, CORE_REGS);
	list_add_regs(l, REG_KIND(KVM_REG_RISCV_CSR), 0, CSR_REGS);
	list_add_regs(l, REG_KIND(KVM_REG_RISCV_TIMER), 0, TIMER_REGS);
	for (i = 0; i < ARRAY_SIZE(config_regs); i++)
		list_add_regs(l, REG_KIND(KVM_REG_RISCV_CONFIG), config_regs[i], 1);
	list_fp(l);
	list_vectors(l);
	for (i = 0; i < ARRAY_SIZE(extensions); i++)
		list_add_regs(l, REG_KIND(KVM_REG_RISCV_ISA_EXT), extensions[i].id, 1);
	for (i = 0; i < ARRAY_SIZE(sbi_extensions); i++)
		list_add_regs(l, REG_KIND(KVM_REG_RISCV_SBI_EXT), sbi_extensions[i], 1);
}

int cove_onereg_list(struct kvm_reg_list __user *list)
{
	struct reg_list l = { .to = list };

	if (get_user(l.room, &list->n))
		return -EFAULT;
	list_all(&l);
	if (l.error || put_user(l.n, &list->n))
		return -EFAULT;
	return l.room < l.n ? -E2BIG : 0;
}

int cove_onereg(struct cove_vcpu *vcpu, const struct kvm_one_reg *reg, bool set)
{
	void __user *user = u64_to_user_ptr(reg->addr);
	u64 index = reg->id & ~REG_KIND_MASK;
	unsigned int size = 1U << ((reg->id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT);

	if ((reg->id & KVM_REG_ARCH_MASK) != KVM_REG_RISCV)
		return -ENOENT;
	switch (reg->id & KVM_REG_RISCV_TYPE_MASK) {
	case KVM_REG_RISCV_FP_F:
		return fp_reg(vcpu, index, size, user, set, 'f', sizeof(u32));
	case KVM_REG_RISCV_FP_D:
		return fp_reg(vcpu, index, size, user, set, 'd', sizeof(u64));
	case KVM_REG_RISCV_VECTOR:
		return vector_reg(vcpu, index, size, user, set);
	}
	switch (reg->id & REG_KIND_MASK) {
	case REG_KIND(KVM_REG_RISCV_CORE):
		return core_reg(vcpu, index, user, set);
	case REG_KIND(KVM_REG_RISCV_CSR):
		return csr_reg(vcpu, index, user, set);
	case REG_KIND(KVM_REG_RISCV_TIMER):
		return timer_reg(vcpu, index, user, set);
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
