// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt files. A vCPU of a TVM with interrupt files (AIA) runs only on the CPU whose guest file
 * it is bound to, so it is bound to one of the CPU that it is about to run on, and unbound from the
 * one before. A vCPU that sleeps gives its file up if other vCPUs of its TVM may interrupt it,
 * since what they send to a file would not wake it, or if files are scarce. To a vCPU without a
 * file the TSM makes interrupts pending in a file of its own, and tells us for whom.
 *
 * Files are converted when they are first used and stay so until the module goes.
 */
#include <linux/cpu.h>
#include <linux/io.h>
#include <linux/irqchip/riscv-imsic.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <asm/csr.h>

#include "cove.h"

#define MAX_FILES	16		/* 1 to 15 are used */
#define FENCE_TRIES	100

struct cpu_files {			/* one CPU's */
	spinlock_t lock;		/* of open, waiters and owner[] */
	bool open;
	unsigned int nr;		/* files 1 to nr */
	unsigned int waiters;
	struct cove_vcpu *owner[MAX_FILES];
	unsigned long converted;	/* under convert_lock */
	phys_addr_t base;		/* of file 0, the CPU's own */
	wait_queue_head_t wait;
};

static DEFINE_PER_CPU(struct cpu_files, files);
static DEFINE_MUTEX(convert_lock);

void cove_irq_init(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct cpu_files *f = per_cpu_ptr(&files, cpu);

		spin_lock_init(&f->lock);
		init_waitqueue_head(&f->wait);
	}
}

/* How many vCPUs can run on this CPU at once: hgeie holds a bit for each guest file. */
static unsigned int count_files(void)
{
	unsigned long before = csr_read(CSR_HGEIE), bits;

	csr_write(CSR_HGEIE, -1UL);
	bits = csr_read(CSR_HGEIE);
	csr_write(CSR_HGEIE, before);
	return bits ? min_t(unsigned int, fls64(bits) - 1, MAX_FILES - 1) : 0;
}

/* On that CPU. */
int cove_irq_cpu_up(unsigned int cpu)
{
	const struct imsic_global_config *imsic = imsic_get_global_config();
	struct cpu_files *f = per_cpu_ptr(&files, cpu);

	if (!imsic || !imsic->local)
		return 0;
	f->base = per_cpu_ptr(imsic->local, cpu)->msi_pa;
	f->nr = count_files();
	spin_lock(&f->lock);
	f->open = true;
	spin_unlock(&f->lock);
	return 0;
}

/* On that CPU, on which no vCPU runs any more: those that have a file here lose it. */
void cove_irq_cpu_down(unsigned int cpu)
{
	struct cpu_files *f = per_cpu_ptr(&files, cpu);
	struct cove_vcpu *vcpu;
	unsigned int i;

	spin_lock(&f->lock);
	f->open = false;
	spin_unlock(&f->lock);
	for (i = 1; i <= f->nr; i++) {
		vcpu = READ_ONCE(f->owner[i]);
		if (vcpu && cove_irq_unbind(vcpu, NULL))
			pr_err("CPU %u goes, vCPU %lu keeps its interrupt file\n", cpu, vcpu->id);
	}
	wake_up_all(&f->wait);
}

/* The least number of files that a CPU has; 0: there are no interrupt files for TVMs. */
unsigned int cove_irq_files(void)
{
	unsigned int cpu, least = MAX_FILES;

	for_each_online_cpu(cpu)
		least = min(least, per_cpu(files, cpu).nr);
	return least == MAX_FILES ? 0 : least;
}

static void reclaim_files(void *unused)
{
	struct cpu_files *f = this_cpu_ptr(&files);
	unsigned int i;

	for (i = 1; i <= f->nr; i++)
		if (test_bit(i, &f->converted) && !cove_sbi_reclaim_file(f->base + i * PAGE_SIZE))
			clear_bit(i, &f->converted);
}

/* Each CPU's files go back on that CPU, which alone can clear them. */
void cove_irq_exit(void)
{
	on_each_cpu(reclaim_files, NULL, 1);
}

/* Converts the CPU's files, all at once, unless that was done. May sleep, with no irq_lock held. */
static int convert_files(struct cpu_files *f)
{
	unsigned int i;
	bool any = false;
	int ret = 0;

	mutex_lock(&convert_lock);
	for (i = 1; i <= f->nr && !ret; i++) {
		if (test_bit(i, &f->converted))
			continue;
		ret = cove_sbi_convert_file(f->base + i * PAGE_SIZE);
		if (!ret)
			set_bit(i, &f->converted);
		any = true;
	}
	if (any && !ret)
		ret = cove_fence();
	mutex_unlock(&convert_lock);
	return ret;
}

/* A free file of the CPU, or 0. */
static unsigned int take_file(struct cpu_files *f, struct cove_vcpu *vcpu)
{
	unsigned int i, found = 0;

	spin_lock(&f->lock);
	for (i = 1; f->open && i <= f->nr && !found; i++)
		if (!f->owner[i])
			found = i;
	if (found)
		WRITE_ONCE(f->owner[found], vcpu);
	spin_unlock(&f->lock);
	return found;
}

static void put_file(unsigned int cpu, unsigned int file)
{
	struct cpu_files *f = per_cpu_ptr(&files, cpu);

	spin_lock(&f->lock);
	WRITE_ONCE(f->owner[file], NULL);
	spin_unlock(&f->lock);
	wake_up(&f->wait);
}

static void nothing(void *unused)
{
}

/* Every vCPU that is inside leaves RUN once; after that none holds an older translation. */
static void kick_out(struct cove_vm *vm)
{
	unsigned int i;
	int cpu;

	for (i = 0; i < COVE_MAX_VCPUS; i++) {
		cpu = vm->vcpus[i] ? READ_ONCE(vm->vcpus[i]->guest_cpu) : -1;
		if (cpu >= 0)
			smp_call_function_single(cpu, nothing, NULL, 1);
	}
}

int cove_tvm_fence(struct cove_vm *vm)
{
	unsigned int try;
	int ret = -EBUSY;

	mutex_lock(&vm->fence_lock);
	for (try = 0; ret == -EBUSY && try < FENCE_TRIES; try++) {
		ret = cove_sbi_tvm_fence(vm->tvm);
		smp_mb();	/* against enter(): it says where it runs before it does */
		kick_out(vm);
	}
	mutex_unlock(&vm->fence_lock);
	if (ret == -EBUSY)
		pr_err_ratelimited("TVM_FENCE: a vCPU does not complete the fence before\n");
	return ret;
}

struct unbind {
	struct cove_vcpu *vcpu;
	bool waits;
	int ret;
};

static void unbind_begin(void *data)
{
	struct unbind *u = data;

	u->ret = cove_sbi_unbind_begin(u->vcpu->vm->tvm, u->vcpu->id);
}

static void unbind_end(void *data)
{
	struct unbind *u = data;

	u->ret = cove_sbi_unbind_end(u->vcpu->vm->tvm, u->vcpu->id, &u->waits);
}

/* With irq_lock held. Both calls are made on the file's own CPU. */
static int unbind_locked(struct cove_vcpu *vcpu, bool *waits)
{
	struct unbind u = { .vcpu = vcpu };
	int ret;

	ret = smp_call_function_single(vcpu->file_cpu, unbind_begin, &u, 1);
	if (!ret)
		ret = u.ret;
	if (!ret)
		ret = cove_tvm_fence(vcpu->vm);
	if (!ret)
		ret = smp_call_function_single(vcpu->file_cpu, unbind_end, &u, 1);
	if (!ret)
		ret = u.ret;
	/* On an error the TSM keeps the file for the TVM, until that is destroyed. */
	if (ret)
		WRITE_ONCE(vcpu->vm->dead, true);
	put_file(vcpu->file_cpu, vcpu->file);
	vcpu->file_cpu = -1;
	if (waits)
		*waits = u.waits;
	return ret;
}

/*
 * Takes the vCPU's file, if it has one, while it does not run. *waits: an interrupt is pending and
 * enabled, so that it should not sleep.
 */
int cove_irq_unbind(struct cove_vcpu *vcpu, bool *waits)
{
	int ret = 0;

	if (waits)
		*waits = false;
	mutex_lock(&vcpu->irq_lock);
	if (vcpu->file_cpu >= 0)
		ret = unbind_locked(vcpu, waits);
	mutex_unlock(&vcpu->irq_lock);
	return ret;
}

/*
 * 0: it has a file of this CPU now; -EAGAIN: this CPU has none free, or it is another CPU by now.
 */
static int bind_here(struct cove_vcpu *vcpu)
{
	unsigned int cpu = get_cpu();
	struct cpu_files *f = this_cpu_ptr(&files);
	unsigned int file = f->converted ? take_file(f, vcpu) : 0;
	int ret = -EAGAIN;

	if (file) {
		ret = cove_sbi_bind(vcpu->vm->tvm, vcpu->id, file);
		if (ret) {
			put_file(cpu, file);
		} else {
			vcpu->file = file;
			vcpu->file_cpu = cpu;
		}
	}
	put_cpu();
	return ret;
}

static bool has_free(struct cpu_files *f)
{
	unsigned int i;
	bool found = false;

	spin_lock(&f->lock);
	for (i = 1; i <= f->nr; i++)
		found |= !f->owner[i];
	found |= !f->open;
	spin_unlock(&f->lock);
	return found;
}

static void kick_owners(struct cpu_files *f)
{
	unsigned int i;

	spin_lock(&f->lock);
	for (i = 1; i <= f->nr; i++)
		if (f->owner[i])
			cove_vcpu_kick(f->owner[i]);
	spin_unlock(&f->lock);
}

/*
 * Until a file of this CPU may be free: those that sleep with one give it up, the others when the
 * host interrupts them.
 */
static int wait_for_file(struct cove_vcpu *vcpu, struct cpu_files *f)
{
	int ret;

	spin_lock(&f->lock);
	f->waiters++;
	spin_unlock(&f->lock);
	kick_owners(f);
	ret = wait_event_interruptible(f->wait, has_free(f) || READ_ONCE(vcpu->vm->dead));
	spin_lock(&f->lock);
	f->waiters--;
	spin_unlock(&f->lock);
	return ret;
}

/* Somebody waits for a file of the CPU whose file this vCPU has. */
bool cove_irq_contended(struct cove_vcpu *vcpu)
{
	int cpu = READ_ONCE(vcpu->file_cpu);

	return cpu >= 0 && READ_ONCE(per_cpu(files, cpu).waiters);
}

/*
 * Before RUN: a file of this CPU, whatever CPU that is when we look. The caller looks again with
 * interrupts off. -EINTR: a signal came while it waited.
 */
int cove_irq_bind(struct cove_vcpu *vcpu)
{
	struct cpu_files *f = raw_cpu_ptr(&files);
	int ret;

	if (READ_ONCE(vcpu->file_cpu) == raw_smp_processor_id())
		return 0;
	ret = convert_files(f);
	if (ret)
		return ret;
	mutex_lock(&vcpu->irq_lock);
	if (vcpu->file_cpu >= 0)
		ret = unbind_locked(vcpu, NULL);
	if (!ret)
		ret = bind_here(vcpu);
	mutex_unlock(&vcpu->irq_lock);
	if (ret != -EAGAIN)
		return ret;
	return wait_for_file(vcpu, f) ? -EINTR : 0;
}

/* An MSI, by its address: becomes pending in the vCPU's file, whichever that is. Any context. */
int cove_irq_msi(struct cove_vm *vm, u64 address, u32 data)
{
	unsigned int i;
	int ret;

	if (!READ_ONCE(vm->aia) || !READ_ONCE(vm->finalized) || READ_ONCE(vm->dead))
		return -ENODEV;
	for (i = 0; i < COVE_MAX_VCPUS; i++) {
		struct cove_vcpu *vcpu = READ_ONCE(vm->vcpus[i]);

		if (!vcpu || !vcpu->has_imsic || vcpu->imsic != (address & PAGE_MASK))
			continue;
		if (address & ~PAGE_MASK)
			return -EINVAL;
		ret = cove_sbi_inject(vm->tvm, vcpu->id, data);
		if (!ret)
			cove_vcpu_kick(vcpu);
		return ret;
	}
	return -EINVAL;
}
