// SPDX-License-Identifier: GPL-2.0-only
/*
 * The APLIC of KVM's AIA device, for a VMM that wants one in the kernel: turns lines, which the VMM
 * raises by KVM_IRQ_LINE or an eventfd, into messages to the interrupt files of the TVM's vCPUs. It
 * delivers by messages only, and its registers are 32 bits wide. The TVM declares them as MMIO, and
 * its accesses to them do not reach the VMM.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "cove.h"

#define APLIC_SIZE	KVM_DEV_RISCV_APLIC_SIZE

#define DOMAINCFG	0x0000
#define SOURCECFG	0x0000	/* + 4 * source */
#define SETIP		0x1c00	/* a word for 32 sources, here and below */
#define SETIPNUM	0x1cdc
#define CLRIP		0x1d00
#define CLRIPNUM	0x1ddc
#define SETIE		0x1e00
#define SETIENUM	0x1edc
#define CLRIE		0x1f00
#define CLRIENUM	0x1fdc
#define SETIPNUM_LE	0x2000
#define GENMSI		0x3000
#define TARGET		0x3000	/* + 4 * source */
#define WORDS		0x80	/* bytes of the words of all sources */

#define DOMAINCFG_FIXED	0x80000004U	/* reads so */
#define DOMAINCFG_IE	BIT(8)
#define SOURCECFG_D	BIT(10)
#define SM_RISING	4
#define SM_FALLING	5
#define SM_HIGH		6
#define SM_LOW		7
#define TARGET_HART	18
#define TARGET_GUEST	GENMASK(17, 12)
#define TARGET_ID	GENMASK(10, 0)

struct cove_aplic {
	spinlock_t lock;		/* all below but base, sources and geometry */
	u64 base;
	u32 sources;			/* 1 to so many */
	struct cove_files_geometry geometry;
	bool enabled;
	u32 mode[COVE_APLIC_SOURCES + 1];
	u32 target[COVE_APLIC_SOURCES + 1];
	DECLARE_BITMAP(input, COVE_APLIC_SOURCES + 1);
	DECLARE_BITMAP(pending, COVE_APLIC_SOURCES + 1);
	DECLARE_BITMAP(allowed, COVE_APLIC_SOURCES + 1);
};

static bool exists(const struct cove_aplic *a, u32 source)
{
	return source && source <= a->sources;
}

/* The line as its mode sees it: true when it asks for an interrupt. */
static bool asks(const struct cove_aplic *a, u32 source)
{
	u32 mode = a->mode[source];

	if (mode < SM_RISING)
		return false;
	return test_bit(source, a->input) != (mode == SM_FALLING || mode == SM_LOW);
}

static bool is_level(const struct cove_aplic *a, u32 source)
{
	return a->mode[source] == SM_HIGH || a->mode[source] == SM_LOW;
}

/* Software makes a source pending: a level only if it asks for it, and none that is off. */
static void set_pending(struct cove_aplic *a, u32 source)
{
	if (exists(a, source) && a->mode[source] && (!is_level(a, source) || asks(a, source)))
		__set_bit(source, a->pending);
}

static void set_line(struct cove_aplic *a, u32 source, bool high)
{
	bool before = asks(a, source);

	__assign_bit(source, a->input, high);
	if (!before && asks(a, source))
		__set_bit(source, a->pending);
	else if (is_level(a, source) && !asks(a, source))
		__clear_bit(source, a->pending);
}

static void set_mode(struct cove_aplic *a, u32 source, u32 value)
{
	u32 mode = value & 7;

	/* No domain is below this one, and 2 and 3 are reserved. */
	if ((value & SOURCECFG_D) || mode == 2 || mode == 3)
		mode = 0;
	a->mode[source] = mode;
	if (!mode) {
		__clear_bit(source, a->allowed);
		__clear_bit(source, a->pending);
	} else if (is_level(a, source)) {
		__assign_bit(source, a->pending, asks(a, source));
	}
}

static void set_allowed(struct cove_aplic *a, u32 source, bool allowed)
{
	if (exists(a, source))
		__assign_bit(source, a->allowed, allowed && a->mode[source]);
}

static void clear_pending(struct cove_aplic *a, u32 source)
{
	if (exists(a, source))
		__clear_bit(source, a->pending);
}

/* One of the word registers, for each source that the value names. */
static void store_word(struct cove_aplic *a, u32 reg, u32 first, u32 value)
{
	u32 i;

	for (i = 0; i < 32; i++) {
		if (!(value & BIT(i)))
			continue;
		if (reg == SETIP)
			set_pending(a, first + i);
		else if (reg == CLRIP)
			clear_pending(a, first + i);
		else
			set_allowed(a, first + i, reg == SETIE);
	}
}

static u32 load_word(const struct cove_aplic *a, u32 reg, u32 first)
{
	u32 i, value = 0;

	for (i = 0; i < 32 && first + i <= a->sources; i++) {
		if ((reg == SETIP && test_bit(first + i, a->pending)) ||
		    (reg == SETIE && test_bit(first + i, a->allowed)) ||
		    (reg == CLRIP && first + i && asks(a, first + i)))
			value |= BIT(i);
	}
	return value;
}

/* The word register there, or 0; CLRIE's words read as zero. */
static u32 word_register(u32 offset)
{
	u32 reg = offset & ~0xffU;

	return reg >= SETIP && reg <= CLRIE && (offset & 0xff) < WORDS ? reg : 0;
}

static u32 load(const struct cove_aplic *a, u32 offset)
{
	u32 source = (offset & 0xfff) / 4, reg = word_register(offset);

	if (offset == DOMAINCFG)
		return DOMAINCFG_FIXED | (a->enabled ? DOMAINCFG_IE : 0);
	if (reg)
		return load_word(a, reg, (offset - reg) * 8);
	if (!exists(a, source))
		return 0;
	if (offset < SOURCECFG + 0x1000)
		return a->mode[source];
	return offset >= TARGET ? a->target[source] : 0;
}

static void store(struct cove_aplic *a, u32 offset, u32 value)
{
	u32 source = (offset & 0xfff) / 4, reg = word_register(offset);

	if (reg)
		store_word(a, reg, (offset - reg) * 8, value);
	else if (offset == DOMAINCFG)
		a->enabled = value & DOMAINCFG_IE;
	else if (offset == SETIPNUM || offset == SETIPNUM_LE)
		set_pending(a, value);
	else if (offset == CLRIPNUM)
		clear_pending(a, value);
	else if (offset == SETIENUM || offset == CLRIENUM)
		set_allowed(a, value, offset == SETIENUM);
	else if (offset < SOURCECFG + 0x1000 && exists(a, source))
		set_mode(a, source, value);
	else if (offset >= TARGET && exists(a, source))
		a->target[source] = value;
}

/* To nobody: a hart that does not exist, or a guest of it. */
static void send(struct cove_vm *vm, const struct cove_aplic *a, u32 target)
{
	const struct cove_files_geometry *g = &a->geometry;
	u32 hart = target >> TARGET_HART, i;

	if (target & TARGET_GUEST)
		return;
	for (i = 0; i < COVE_MAX_VCPUS; i++) {
		struct cove_vcpu *vcpu = READ_ONCE(vm->vcpus[i]);

		if (vcpu && cove_file_index(g, vcpu->imsic) == hart) {
			cove_irq_msi(vm, vcpu->imsic, target & TARGET_ID);
			return;
		}
	}
}

/* The next source that has an interrupt to deliver is no longer pending; false: there is none. */
static bool take(struct cove_aplic *a, u32 *target)
{
	unsigned long flags, source;
	bool found = false;

	spin_lock_irqsave(&a->lock, flags);
	if (a->enabled) {
		for_each_and_bit(source, a->pending, a->allowed, COVE_APLIC_SOURCES + 1) {
			__clear_bit(source, a->pending);
			*target = a->target[source];
			found = true;
			break;
		}
	}
	spin_unlock_irqrestore(&a->lock, flags);
	return found;
}

/* One by one: the lock is held briefly, however many there are. */
static void deliver(struct cove_vm *vm, struct cove_aplic *a)
{
	u32 target;

	while (take(a, &target))
		send(vm, a, target);
}

int cove_aplic_line(struct cove_vm *vm, u32 source, bool high)
{
	struct cove_aplic *a = smp_load_acquire(&vm->aplic);	/* as it was made */
	unsigned long flags;

	if (!a)
		return -ENXIO;
	if (!exists(a, source))
		return -EINVAL;
	spin_lock_irqsave(&a->lock, flags);
	set_line(a, source, high);
	spin_unlock_irqrestore(&a->lock, flags);
	deliver(vm, a);
	return 0;
}

/*
 * An access of the TVM: false if the registers are not there. Those of another width read as zero
 * and change nothing.
 */
bool cove_aplic_access(struct cove_vm *vm, u64 gpa, u32 len, bool is_store, u64 *value)
{
	struct cove_aplic *a = smp_load_acquire(&vm->aplic);	/* as it was made */
	unsigned long flags;

	if (!a || gpa < a->base || gpa - a->base >= APLIC_SIZE)
		return false;
	if (len != sizeof(u32)) {
		*value = 0;
		return true;
	}
	spin_lock_irqsave(&a->lock, flags);
	if (is_store)
		store(a, gpa - a->base, *value);
	else
		*value = load(a, gpa - a->base);
	spin_unlock_irqrestore(&a->lock, flags);
	if (!is_store)
		return true;
	if (gpa - a->base == GENMSI)
		send(vm, a, *value);
	deliver(vm, a);
	return true;
}

/* With vm->lock held, once. */
int cove_aplic_create(struct cove_vm *vm, u64 base, u32 sources,
		      const struct cove_files_geometry *geometry)
{
	struct cove_aplic *a = kvzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);

	lockdep_assert_held(&vm->lock);
	if (!a)
		return -ENOMEM;
	spin_lock_init(&a->lock);
	a->base = base;
	a->sources = sources;
	a->geometry = *geometry;
	smp_store_release(&vm->aplic, a);	/* as it is now */
	return 0;
}

/* Nobody raises lines any more. */
void cove_aplic_free(struct cove_vm *vm)
{
	kvfree(vm->aplic);
	vm->aplic = NULL;
}
