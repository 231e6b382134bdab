// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running a TVM: one thread per vCPU, the calling one for vCPU 0. Whoever ends the TVM, or a
 * signal, makes all of them leave KVM_RUN: immediate_exit for those about to enter it, a signal for
 * those in it.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vm.h"

#define SBI_PUTCHAR		0x01
#define SBI_DBCN		0x4442434e
#define DBCN_WRITE		0
#define DBCN_READ		1
#define DBCN_WRITE_BYTE		2
#define SBI_ERR_FAILED		(-1)
#define SBI_ERR_NOT_SUPPORTED	(-2)

#define WAKE	SIGUSR1

static struct vm *signalled;			/* the one VM that signals are for */
static volatile sig_atomic_t interrupted;

static void stop_all(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++)
		vm->vcpus[i].run->immediate_exit = 1;
}

static void on_signal(int number)
{
	if (number != WAKE) {
		interrupted = 1;
		stop_all(signalled);
	}
}

void vm_stop(struct vm *vm, enum vm_end how)
{
	unsigned int i;

	pthread_mutex_lock(&vm->lock);
	if (vm->end == VM_RUNS)
		vm->end = how;
	pthread_mutex_unlock(&vm->lock);
	stop_all(vm);
	/* A thread that is not there yet finds immediate_exit. */
	for (i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i].thread)
			pthread_kill(vm->vcpus[i].thread, WAKE);
}

static bool ended(struct vm *vm)
{
	bool result;

	pthread_mutex_lock(&vm->lock);
	result = vm->end != VM_RUNS;
	pthread_mutex_unlock(&vm->lock);
	return result || interrupted;
}

static void print(struct vm *vm, const char *text, size_t n)
{
	pthread_mutex_lock(&vm->lock);
	console_put(&vm->console, text, n);
	pthread_mutex_unlock(&vm->lock);
}

/* A console call's buffer, in memory that the TVM shares: ours behind its slot. NULL: it is elsewhere. */
static uint8_t *shared_buffer(struct vm *vm, const struct kvm_run *run)
{
	uint64_t size = run->riscv_sbi.args[0];
	uint64_t offset = run->riscv_sbi.args[1] - VM_RAM_BASE;

	if (run->riscv_sbi.args[2] || offset > vm->ram_size || size > vm->ram_size - offset)
		return NULL;
	return vm->ram + offset;
}

static void dbcn_write(struct vm *vm, struct kvm_run *run)
{
	const uint8_t *from = shared_buffer(vm, run);

	if (!from) {
		run->riscv_sbi.ret[0] = (unsigned long)SBI_ERR_FAILED;
		return;
	}
	print(vm, (const char *)from, run->riscv_sbi.args[0]);
	run->riscv_sbi.ret[1] = run->riscv_sbi.args[0];
}

/*
 * A console read into memory that the TVM shares: what there is to read now. A stock kernel reads
 * its UART instead (devices.c), which has the input to itself.
 */
static void dbcn_read(struct vm *vm, struct kvm_run *run)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	uint8_t *to = shared_buffer(vm, run);
	ssize_t n = 0;

	if (!to) {
		run->riscv_sbi.ret[0] = (unsigned long)SBI_ERR_FAILED;
		return;
	}
	if (!vm->has_devices && poll(&input, 1, 0) > 0)
		n = read(STDIN_FILENO, to, run->riscv_sbi.args[0]);
	run->riscv_sbi.ret[1] = n > 0 ? (unsigned long)n : 0;
}

static void sbi_exit(struct vm *vm, struct kvm_run *run)
{
	const unsigned long extension = run->riscv_sbi.extension_id;
	const unsigned long function = run->riscv_sbi.function_id;
	char byte = (char)run->riscv_sbi.args[0];

	run->riscv_sbi.ret[0] = 0;
	run->riscv_sbi.ret[1] = 0;
	if (extension == SBI_PUTCHAR || (extension == SBI_DBCN && function == DBCN_WRITE_BYTE)) {
		print(vm, &byte, 1);
	} else if (extension == SBI_DBCN && function == DBCN_WRITE) {
		dbcn_write(vm, run);
	} else if (extension == SBI_DBCN && function == DBCN_READ) {
		dbcn_read(vm, run);
	} else {
		run->riscv_sbi.ret[0] = (unsigned long)SBI_ERR_NOT_SUPPORTED;
		if (vm->verbose)
			complain("SBI call 0x%lx.%lu refused", extension, function);
	}
}

/* Where there is no device, loads give ones and stores go nowhere. */
static void mmio_exit(struct vm *vm, struct kvm_run *run)
{
	uint64_t value = ~0ULL;
	bool found;

	pthread_mutex_lock(&vm->lock);
	if (run->mmio.is_write) {
		memcpy(&value, run->mmio.data, sizeof(value));
		found = device_store(vm, run->mmio.phys_addr, run->mmio.len, value);
	} else {
		found = device_load(vm, run->mmio.phys_addr, run->mmio.len, &value);
		memcpy(run->mmio.data, &value, sizeof(value));
	}
	pthread_mutex_unlock(&vm->lock);
	if (!found && vm->verbose)
		complain("%s of %u bytes at 0x%" PRIx64 ", where no device is",
			 run->mmio.is_write ? "store" : "load", run->mmio.len,
			 (uint64_t)run->mmio.phys_addr);
}

static enum vm_end system_event(struct kvm_run *run)
{
	if (run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN)
		return run->system_event.ndata && run->system_event.data[0] ? VM_FAILED
									    : VM_POWER_OFF;
	if (run->system_event.type == KVM_SYSTEM_EVENT_RESET)
		return VM_RESET;
	complain("the TVM ended by system event %u, which cove-run does not know",
		 run->system_event.type);
	return VM_ERROR;
}

static enum vm_end handle(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_RISCV_SBI:
		sbi_exit(vcpu->vm, run);
		return VM_RUNS;
	case KVM_EXIT_MMIO:
		mmio_exit(vcpu->vm, run);
		return VM_RUNS;
	case KVM_EXIT_SYSTEM_EVENT:
		return system_event(run);
	case KVM_EXIT_INTR:
		return VM_RUNS;
	case KVM_EXIT_FAIL_ENTRY:
		complain("the TSM does not run vCPU %u: the kernel's log (dmesg) has its SBI error",
			 vcpu->id);
		return VM_ERROR;
	case KVM_EXIT_INTERNAL_ERROR:
		complain("vCPU %u did what ends a TVM: cause %" PRIu64 ", value 0x%" PRIx64,
			 vcpu->id, (uint64_t)run->internal.data[0],
			 (uint64_t)run->internal.data[1]);
		return VM_ERROR;
	default:
		complain("vCPU %u: exit reason %u, which cove-run does not know", vcpu->id,
			 run->exit_reason);
		return VM_ERROR;
	}
}

static enum vm_end run_failed(struct vcpu *vcpu)
{
	switch (errno) {
	case EINTR:
	case EAGAIN:
		return VM_RUNS;
	case ENOMEM:
		complain(
			"the host has no memory left for the TVM: give the host more memory, or a smaller --memory");
		return VM_ERROR;
	default:
		complain(
			"KVM_RUN of vCPU %u: %s: the kernel's log (dmesg) may name the call that failed",
			vcpu->id, strerror(errno));
		return VM_ERROR;
	}
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	enum vm_end how = VM_RUNS;

	while (how == VM_RUNS && !ended(vcpu->vm)) {
		how = ioctl(vcpu->fd, KVM_RUN, 0) ? run_failed(vcpu) : handle(vcpu);
		__atomic_fetch_add(&vcpu->vm->exits, 1, __ATOMIC_RELAXED);
	}
	vm_stop(vcpu->vm, how == VM_RUNS ? VM_INTERRUPTED : how);
	return NULL;
}

/*
 * Signals for us go to the thread of vCPU 0, which is the first one. The lock keeps the others from
 * ending the TVM while a thread is not yet known.
 */
static bool start_others(struct vm *vm)
{
	sigset_t all, before;
	unsigned int i;
	int error = 0;

	sigfillset(&all);
	sigdelset(&all, WAKE);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_mutex_lock(&vm->lock);
	vm->vcpus[0].thread = pthread_self();
	for (i = 1; i < vm->nr_vcpus && !error; i++)
		error = pthread_create(&vm->vcpus[i].thread, NULL, vcpu_thread, &vm->vcpus[i]);
	if (error)
		vm->nr_vcpus = i - 1;
	pthread_mutex_unlock(&vm->lock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		complain("no thread for vCPU %u: %s: give a smaller --cpus", i - 1,
			 strerror(error));
	return !error;
}

enum vm_end vm_run(struct vm *vm)
{
	struct sigaction action = { .sa_handler = on_signal };
	unsigned int i;

	signalled = vm;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(WAKE, &action, NULL);

	if (start_others(vm) && (!vm->has_devices || devices_start(vm)))
		vcpu_thread(&vm->vcpus[0]);
	else
		vm_stop(vm, VM_ERROR);
	for (i = 1; i < vm->nr_vcpus; i++)
		pthread_join(vm->vcpus[i].thread, NULL);
	return vm->end;
}
