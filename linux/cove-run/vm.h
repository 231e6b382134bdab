/* SPDX-License-Identifier: GPL-2.0-only */
/* A TVM over KVM's ioctl interface: made, measured, run to its end. */
#ifndef VM_H
#define VM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <linux/kvm.h>

#include "console.h"

#define VM_RAM_BASE	0x80000000ULL
#define VM_MAX_VCPUS	64
#define VM_PAGE		4096ULL

/* The seed's two additions to KVM's interface. */
#define KVM_VM_TYPE_RISCV_COVE	(1UL << 9)

struct cove_measure_region {
	uint64_t userspace_addr;
	uint64_t gpa;
	uint64_t size;
};

#define KVM_RISCV_COVE_MEASURE_REGION	_IOR(KVMIO, 0xb5, struct cove_measure_region)

enum vm_end {
	VM_RUNS,
	VM_POWER_OFF,		/* the TVM says that all is well */
	VM_FAILED,		/* the TVM reports a failure */
	VM_RESET,		/* the TVM wants to be started again */
	VM_ERROR,		/* it cannot go on: a message was printed */
	VM_INTERRUPTED,		/* by a signal to us */
};

struct vm;

struct vcpu {
	struct vm *vm;
	unsigned int id;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
};

struct vm {
	bool verbose;
	int dev;
	int fd;
	uint8_t *ram;
	uint64_t ram_size;
	unsigned int nr_vcpus;
	struct vcpu vcpus[VM_MAX_VCPUS];
	struct console console;
	pthread_mutex_t lock;	/* console, end */
	enum vm_end end;
	uint64_t exits;
};

/* Each returns false after it printed one line that says what failed and what helps. */
bool vm_open(struct vm *vm, const char *device);
bool vm_create(struct vm *vm, uint64_t ram_size);
bool vm_measure(struct vm *vm, uint64_t offset, uint64_t size);
bool vm_add_vcpus(struct vm *vm, unsigned int n);
bool vm_set_entry(struct vm *vm, uint64_t pc, uint64_t arg);

/* Runs until the TVM powers off, fails, or a signal ends it. */
enum vm_end vm_run(struct vm *vm);

/* One line on standard error, with our name. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
