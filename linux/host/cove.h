/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of cove.ko know of each other.
 *
 * Lock order: vcpu->mutex, vm->lock, vcpu->irq_lock, vm->fence_lock. The fence lock of mem.c and
 * cpus_read_lock() come after vm->lock, and are never taken with an irq_lock held: the CPU hotplug
 * callback takes irq_locks. cove_vms_lock is taken first of all, by whoever walks the list of VMs.
 */
#ifndef COVE_H
#define COVE_H

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/kvm.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "cove_sbi.h"

#undef pr_fmt
#define pr_fmt(fmt) "cove: " fmt

/* Additions to KVM's interface; the first two are the seed's. */
#define KVM_VM_TYPE_RISCV_COVE		BIT(9)
#define KVM_RISCV_COVE_MEASURE_REGION	_IOR(KVMIO, 0xb5, struct kvm_riscv_cove_measure_region)

struct kvm_riscv_cove_measure_region {
	__u64 userspace_addr;
	__u64 gpa;
	__u64 size;
};

/* Before the first run: what the TVM may retrieve as its secret (include/cove/payload.h), up to a page. */
#define KVM_RISCV_COVE_PAYLOAD		_IOW(KVMIO, 0xb6, struct kvm_riscv_cove_payload)

struct kvm_riscv_cove_payload {
	__u64 userspace_addr;
	__u64 size;
};

/* kvm_run.fail_entry.hardware_entry_failure_reason, as the seed numbers it. */
#define COVE_FAIL_ENTRY_RUN_VCPU	BIT_ULL(1)

#define COVE_MAX_SLOTS			32
#define COVE_MAX_VCPUS			128

/* A physically contiguous block of kernel memory that was converted, and may be part of a TVM. */
struct cove_chunk {
	struct list_head list;
	struct page *page;
	unsigned int order;
	unsigned int used;		/* data chunks: pages handed out, from the first on */
};

/*
 * What is at a page of a slot: its kind, whether it is part of a 2 MiB leaf, and for the two kinds
 * that are mapped the frame's number.
 */
enum cove_kind {
	COVE_NOTHING,			/* confidential, not touched yet */
	COVE_PRIVATE,			/* confidential: a page of ours */
	COVE_SHARED,			/* shared: a pinned page of the VMM's mapping */
	COVE_SHARED_NOTHING,		/* shared, not touched yet */
};

#define COVE_KIND_MASK	3UL
#define COVE_LARGE	4UL
#define COVE_PFN_SHIFT	3

static inline enum cove_kind cove_kind(unsigned long entry)
{
	return entry & COVE_KIND_MASK;
}

struct cove_slot {
	u32 id;
	u64 gpa;
	u64 size;
	u64 uaddr;			/* the VMM's mapping: measured and shared pages only */
	unsigned long *pages;		/* one entry per page */
	bool region;			/* the TSM knows it: it stays */
	struct file *memfd;		/* a descriptor that stands for it, or NULL */
	u64 memfd_at;
};

/* A part of what a KVM_CREATE_GUEST_MEMFD descriptor stands for; the caller holds the file. */
struct cove_memfd_range {
	struct file *file;
	u64 at;
};

/* What an interrupt number is. */
enum cove_route_kind {
	COVE_ROUTE_NONE,
	COVE_ROUTE_MSI,
	COVE_ROUTE_LINE,		/* of the APLIC; the VMM's own, if there is none here */
};

struct cove_route {
	enum cove_route_kind kind;
	u32 data;
	u64 address;
};

#define COVE_MAX_ROUTES		1024
#define COVE_APLIC_SOURCES	1023

/* Where the interrupt files of a TVM's vCPUs are: which bits of an address say whose it is. */
struct cove_files_geometry {
	u32 group_bits;
	u32 group_shift;
	u32 hart_bits;
	u32 guest_bits;
};

struct cove_vm {
	struct kref ref;
	struct list_head list;		/* cove_vms, under cove_vms_lock */
	struct mm_struct *mm;		/* of the creator: compared, never used */
	struct mem_cgroup *memcg;	/* of the creator: what the TVM's memory is charged to */

	struct mutex lock;		/* all that follows */
	unsigned long tvm;		/* the TSM's name for it; 0: there is none */
	bool finalized;
	void *payload;			/* a page, until the TVM is finalized */
	unsigned long payload_size;
	bool measured;			/* something was, by KVM_RISCV_COVE_MEASURE_REGION */
	bool dead;			/* torn down, or about to be; read anywhere */

	struct list_head state;		/* chunks: page directory and tables, TVM and vCPU state */
	struct list_head data;		/* chunks: what the TVM's memory is made of */
	struct list_head ready;		/* chunks of the pool: converted, fenced, not used yet */
	struct list_head spare;		/* pages, by lru: they were in the TVM and came back */
	unsigned int nr_ready;
	u64 data_pages;			/* in data and ready */
	u64 slot_pages;			/* in slots */
	u64 serial;			/* no other VM has it, nor will have */
	u64 shared_pages;		/* pinned */
	struct work_struct refill;

	unsigned int nr_slots;
	struct cove_slot slots[COVE_MAX_SLOTS];
	struct cove_vcpu *vcpus[COVE_MAX_VCPUS];	/* once set, an entry stays */
	unsigned int nr_vcpus;
	bool has_aia_fd;
	bool aia;			/* it has interrupt files; constant once it runs */
	struct cove_aplic *aplic;	/* or NULL; constant as well */

	struct rw_semaphore ioevent_sem;	/* the one below */
	struct list_head ioeventfds;
	spinlock_t event_lock;		/* the two below */
	struct list_head irqfds;
	struct cove_route *routes;	/* COVE_MAX_ROUTES, or NULL */
	atomic_long_t events;		/* interrupts that eventfds were */

	struct mutex fence_lock;	/* the TVM's fence */
	atomic_t share_replies;		/* share requests that are done but not answered yet */
};

/* What a RUN left, read with interrupts off and before anything else could run on this CPU. */
struct cove_exit {
	long error;			/* sbiret of RUN */
	long value;
	unsigned long cause;		/* scause, stval */
	unsigned long tval;
	unsigned long htval;
	unsigned long htinst;
	unsigned long vsie;
	unsigned long vstimecmp;
	unsigned long htimedelta;
	unsigned long gpr[8];		/* a0-a7, for the causes that carry them */
};

/* What user space owes us before the next RUN. */
enum cove_debt {
	COVE_DEBT_NONE,
	COVE_DEBT_MMIO_LOAD,
	COVE_DEBT_SBI,
};

enum cove_exit_kind {
	COVE_EXIT_IRQ,
	COVE_EXIT_FAULT,
	COVE_EXIT_MMIO,
	COVE_EXIT_DOORBELL,		/* of these: stores that an eventfd was waiting for */
	COVE_EXIT_SBI,
	COVE_EXIT_WFI,
	COVE_EXIT_OTHER,
	COVE_EXIT_KINDS
};

struct cove_vcpu {
	struct cove_vm *vm;
	unsigned long id;
	bool has_fd;			/* under vm->lock */

	struct mutex mutex;		/* KVM_RUN and the register interface */
	struct kvm_run *run;
	struct kvm_riscv_core core;	/* what ONE_REG set; the first RUN passes pc and a1 on */
	struct cove_exit exit;
	enum cove_debt debt;
	u32 debt_len;			/* bytes of an MMIO load */
	bool share_reply;		/* the reply is to a share or unshare request */
	bool reply;			/* the two go into the shared memory of the next RUN */
	unsigned long reply_a0;
	unsigned long reply_a1;
	bool probe_start;		/* it stopped itself: ask the TSM once again */

	int guest_cpu;			/* where it is inside RUN; -1: nowhere */
	bool has_imsic;
	u64 imsic;			/* address of its interrupt file, as the TVM sees it */
	struct mutex irq_lock;		/* the two below */
	int file_cpu;			/* whose interrupt file it has; -1: none */
	unsigned int file;

	u64 exits[COVE_EXIT_KINDS];
	wait_queue_head_t wait;
	bool kicked;			/* a wait in WFI shall end */
	u32 mp_state;			/* KVM_MP_STATE_*: the host's view */
};

extern struct mutex cove_vms_lock;
extern struct list_head cove_vms;
extern struct cove_tsm_info cove_tsm;

/* nacl.c: the shared memory of each CPU */
int cove_nacl_init(void);
void cove_nacl_exit(void);
void cove_nacl_run(struct cove_vcpu *vcpu);

/* mem.c: conversion, fences, chunks */
extern atomic_long_t cove_converted, cove_leaked, cove_not_zero;	/* pages, pages, blocks */
extern bool cove_check_zero;
int cove_fence(void);
struct cove_chunk *cove_chunk_new(struct list_head *to, unsigned int order, bool insist);
struct cove_chunk *cove_chunk_new_upto(struct list_head *to, unsigned int order);
void cove_chunk_release(struct cove_chunk *chunk);
void cove_chunks_release(struct list_head *chunks);
void cove_chunks_leak(struct list_head *chunks);
int cove_data_take(struct cove_vm *vm, unsigned long want, phys_addr_t *pa, unsigned long *got);
void cove_data_put_back(struct cove_vm *vm, phys_addr_t pa, unsigned long pages);
struct cove_chunk *cove_data_take_large(struct cove_vm *vm);
void cove_data_put_back_large(struct cove_vm *vm, struct cove_chunk *chunk);
void cove_data_spare(struct cove_vm *vm, unsigned long pfn);
void cove_pool_init(struct cove_vm *vm);
void cove_pool_refill(struct cove_vm *vm);
void cove_pool_stop(struct cove_vm *vm);

/* slot.c: guest memory */
int cove_slot_set(struct cove_vm *vm, const struct kvm_userspace_memory_region *region,
		  const struct cove_memfd_range *memfd);
int cove_slot_measure(struct cove_vm *vm, const struct kvm_riscv_cove_measure_region *region);
int cove_slots_finish(struct cove_vm *vm);
int cove_give_tables(struct cove_vm *vm, unsigned long pages);
void cove_slots_free(struct cove_vm *vm);
struct cove_slot *cove_slot_find(struct cove_vm *vm, u64 gpa);
unsigned long cove_contiguous(struct page **list, unsigned long pages);

/* fault.c: pages that a running TVM touches, shares, takes back */
int cove_fault(struct cove_vm *vm, u64 gpa);
int cove_share(struct cove_vm *vm, u64 gpa, u64 size, bool share);

/* irq.c: interrupt files, and the TVM's fence */
void cove_irq_init(void);
void cove_irq_exit(void);
int cove_irq_cpu_up(unsigned int cpu);
void cove_irq_cpu_down(unsigned int cpu);
unsigned int cove_irq_files(void);
int cove_irq_bind(struct cove_vcpu *vcpu);
int cove_irq_unbind(struct cove_vcpu *vcpu, bool *waits);
bool cove_irq_contended(struct cove_vcpu *vcpu);
int cove_irq_msi(struct cove_vm *vm, u64 address, u32 data);
int cove_tvm_fence(struct cove_vm *vm);

/* eventfd.c: KVM_IRQFD, KVM_IOEVENTFD, KVM_SET_GSI_ROUTING */
int cove_event_init(void);
void cove_event_exit(void);
void cove_event_init_vm(struct cove_vm *vm);
void cove_event_exit_vm(struct cove_vm *vm);
int cove_event_route(struct cove_vm *vm, struct kvm_irq_routing __user *arg);
int cove_event_irqfd(struct cove_vm *vm, const struct kvm_irqfd *arg);
int cove_event_ioeventfd(struct cove_vm *vm, const struct kvm_ioeventfd *arg);
bool cove_event_store(struct cove_vm *vm, u64 addr, u32 len, u64 data);

/* memfd.c: KVM_CREATE_GUEST_MEMFD, KVM_SET_MEMORY_ATTRIBUTES */
int cove_memfd_create(struct cove_vm *vm, const struct kvm_create_guest_memfd *arg);
int cove_memfd_find(struct cove_vm *vm, const struct kvm_userspace_memory_region2 *region,
		    struct cove_memfd_range *range);
struct file *cove_memfd_get(const struct cove_memfd_range *range);
void cove_memfd_put(struct file *file);
int cove_memfd_attributes(struct cove_vm *vm, const struct kvm_memory_attributes *arg);

/* aplic.c: lines, and the registers that a TVM sees */
int cove_aplic_create(struct cove_vm *vm, u64 base, u32 sources,
		      const struct cove_files_geometry *geometry);
void cove_aplic_free(struct cove_vm *vm);
int cove_aplic_line(struct cove_vm *vm, u32 source, bool high);
bool cove_aplic_access(struct cove_vm *vm, u64 gpa, u32 len, bool is_store, u64 *value);

/* aia.c: KVM's AIA device */
u32 cove_file_index(const struct cove_files_geometry *g, u64 address);
int cove_aia_create_fd(struct cove_vm *vm, const struct kvm_create_device *device);

/* vm.c */
int cove_check_extension(unsigned long extension);	/* main.c */
int cove_vm_create_fd(unsigned long type);
void cove_vm_get(struct cove_vm *vm);
void cove_vm_put(struct cove_vm *vm);
void cove_vm_kill(struct cove_vm *vm);

/* vcpu.c */
int cove_vcpu_create_fd(struct cove_vm *vm, unsigned long id);
void cove_vcpu_free(struct cove_vcpu *vcpu);
void cove_vcpu_kick(struct cove_vcpu *vcpu);
int cove_vcpu_wait(struct cove_vcpu *vcpu);

/* exit.c: > 0 run again, 0 out to user space, < 0 an errno */
int cove_exit_handle(struct cove_vcpu *vcpu);
void cove_exit_complete(struct cove_vcpu *vcpu);

/* onereg.c */
int cove_onereg(struct cove_vcpu *vcpu, const struct kvm_one_reg *reg, bool set);
int cove_onereg_list(struct kvm_reg_list __user *list);

/* debugfs.c */
void cove_debugfs_init(void);
void cove_debugfs_exit(void);

/* churn.c */
struct dentry;
void cove_churn_init(struct dentry *folder);
void cove_churn_exit(void);

#endif
