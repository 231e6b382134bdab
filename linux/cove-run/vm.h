/* SPDX-License-Identifier: GPL-2.0-only */
/* A TVM over KVM's ioctl interface: made, measured, run to its end. */
#ifndef VM_H
#define VM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <linux/kvm.h>

#include "aplic.h"
#include "block.h"
#include "console.h"
#include "net.h"
#include "uart.h"

#define VM_RAM_BASE	0x80000000ULL
#define VM_MAX_VCPUS	64
#define VM_PAGE		4096ULL
#define VM_MAX_VIRTIO	6
#define VM_MAX_DISKS	4
#define VM_MAX_NETS	2

/* Additions to KVM's interface; the first two are the seed's. */
#define KVM_VM_TYPE_RISCV_COVE	(1UL << 9)

struct cove_measure_region {
	uint64_t userspace_addr;
	uint64_t gpa;
	uint64_t size;
};

#define KVM_RISCV_COVE_MEASURE_REGION	_IOR(KVMIO, 0xb5, struct cove_measure_region)

struct cove_payload_region {
	uint64_t userspace_addr;
	uint64_t size;
};

#define KVM_RISCV_COVE_PAYLOAD	_IOW(KVMIO, 0xb6, struct cove_payload_region)
#define VM_MAX_PAYLOAD		4096

enum vm_end {
	VM_RUNS,
	VM_POWER_OFF,		/* the TVM says that all is well */
	VM_FAILED,		/* the TVM reports a failure */
	VM_RESET,		/* the TVM wants to be started again */
	VM_ERROR,		/* it cannot go on: a message was printed */
	VM_INTERRUPTED,		/* by a signal to us, or the escape key */
};

struct vm;

/* A virtio device, and which line it has. */
struct virtio_slot {
	struct vm *vm;
	struct virtio *device;
	unsigned int source;
};

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
	char isa[64];		/* what its device tree says of its vCPUs */
	char mmu[16];
	uint64_t timebase;
	bool has_devices;	/* a stock kernel's; else it has none */
	bool aia;		/* it has interrupt files, imsic_ids identities each */
	uint32_t imsic_ids;
	unsigned int nr_virtio;
	struct console console;
	struct uart uart;
	struct aplic aplic;
	struct virtio_slot virtio[VM_MAX_VIRTIO];
	struct block disks[VM_MAX_DISKS];
	unsigned int nr_disks;
	struct net nets[VM_MAX_NETS];
	unsigned int nr_nets;
	pthread_mutex_t lock;	/* console, devices, end */
	enum vm_end end;
	uint64_t exits;
};

/* Each returns false after it printed one line that says what failed and what helps. */
bool vm_open(struct vm *vm, const char *device);
bool vm_create(struct vm *vm, uint64_t ram_size);
/* A file that holds a secret which is sealed for the TVM; before it runs. */
bool vm_set_payload(struct vm *vm, const char *path);
bool vm_measure(struct vm *vm, uint64_t offset, uint64_t size);
bool vm_add_vcpus(struct vm *vm, unsigned int n);
/* Interrupt files, one a vCPU, where the host has them to give; sets aia. After vm_add_vcpus(). */
bool vm_add_aia(struct vm *vm, uint64_t base);
/* A message to a vCPU's file; what the TVM does not allow gets lost. */
void vm_msi(struct vm *vm, uint64_t address, uint32_t id);
/* For a stock kernel: what its vCPUs can do, into isa, mmu and timebase. After vm_add_vcpus(). */
bool vm_describe(struct vm *vm);
bool vm_set_entry(struct vm *vm, uint64_t pc, uint64_t arg);

/* Runs until the TVM powers off, fails, or a signal ends it. */
enum vm_end vm_run(struct vm *vm);
/* From any thread: the first reason counts. */
void vm_stop(struct vm *vm, enum vm_end how);

/*
 * devices.c: accesses of the TVM, with vm->lock held; *value is the loaded one. False: there is no
 * device.
 */
void devices_init(struct vm *vm);
/* Before devices_init(). False after a message. */
bool device_add_disk(struct vm *vm, const char *path);
bool device_add_net(struct vm *vm, const char *how);
bool device_load(struct vm *vm, uint64_t gpa, unsigned int size, uint64_t *value);
bool device_store(struct vm *vm, uint64_t gpa, unsigned int size, uint64_t value);
/*
 * Threads: what reads the terminal, or whatever standard input is, for the UART, and the network.
 * False after a message.
 */
bool devices_start(struct vm *vm);

/* One line on standard error, with our name. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
