/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of cove.ko know of each other.
 *
 * Lock order: vcpu->mutex, vm->lock, the fence lock of mem.c, cpus_read_lock(). cove_vms_lock is
 * taken first of all, by whoever walks the list of VMs.
 */
#ifndef COVE_H
#define COVE_H

#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/kvm.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "cove_sbi.h"

#undef pr_fmt
#define pr_fmt(fmt) "cove: " fmt

/* The seed's two additions to KVM's interface. */
#define KVM_VM_TYPE_RISCV_COVE		(1UL << 9)
#define KVM_RISCV_COVE_MEASURE_REGION	_IOR(KVMIO, 0xb5, struct kvm_riscv_cove_measure_region)

struct kvm_riscv_cove_measure_region {
	__u64 userspace_addr;
	__u64 gpa;
	__u64 size;
};

/* kvm_run.fail_entry.hardware_entry_failure_reason, as the seed numbers it. */
#define COVE_FAIL_ENTRY_RUN_VCPU	(1ULL << 1)

#define COVE_MAX_SLOTS			32
#define COVE_MAX_VCPUS			128

/* A physically contiguous block of kernel memory that was converted, and may be part of a TVM. */
struct cove_chunk {
	struct list_head list;
	struct page *page;
	unsigned int order;
	unsigned int used;		/* data chunks: pages handed out, from the first on */
};

struct cove_slot {
	u32 id;
	u64 gpa;
	u64 size;
	u64 uaddr;			/* the VMM's mapping: measured pages come from there */
	unsigned long *populated;	/* one bit per page: mapped in the TVM */
};

struct cove_vm {
	struct kref ref;
	struct list_head list;		/* cove_vms, under cove_vms_lock */
	struct mm_struct *mm;		/* of the creator: compared, never used */

	struct mutex lock;		/* all that follows */
	unsigned long tvm;		/* the TSM's name for it; 0: there is none */
	bool finalized;
	bool measured;			/* something was, by KVM_RISCV_COVE_MEASURE_REGION */
	bool dead;			/* torn down, or about to be; read anywhere */

	struct list_head state;		/* chunks: page directory and tables, TVM and vCPU state */
	struct list_head data;		/* chunks: what the TVM's memory is made of */
	u64 data_pages;			/* in data */
	u64 slot_pages;			/* in slots */

	unsigned int nr_slots;
	struct cove_slot slots[COVE_MAX_SLOTS];
	struct cove_vcpu *vcpus[COVE_MAX_VCPUS];	/* once set, an entry stays */
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
	bool reply;			/* the two go into the shared memory of the next RUN */
	unsigned long reply_a0;
	unsigned long reply_a1;
	bool probe_start;		/* it stopped itself: ask the TSM once again */

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
int cove_fence(void);
struct cove_chunk *cove_chunk_new(struct list_head *to, unsigned int order, bool insist);
struct cove_chunk *cove_chunk_new_upto(struct list_head *to, unsigned int order);
void cove_chunk_release(struct cove_chunk *chunk);
void cove_chunks_release(struct list_head *chunks);
void cove_chunks_leak(struct list_head *chunks);
int cove_data_take(struct cove_vm *vm, unsigned long want, phys_addr_t *pa, unsigned long *got);
void cove_data_put_back(struct cove_vm *vm, phys_addr_t pa, unsigned long pages);

/* slot.c: guest memory */
int cove_slot_set(struct cove_vm *vm, const struct kvm_userspace_memory_region *region);
int cove_slot_measure(struct cove_vm *vm, const struct kvm_riscv_cove_measure_region *region);
int cove_slots_measure(struct cove_vm *vm);
int cove_slot_fault(struct cove_vm *vm, u64 gpa);
int cove_give_tables(struct cove_vm *vm, unsigned long pages);
void cove_slots_free(struct cove_vm *vm);

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
