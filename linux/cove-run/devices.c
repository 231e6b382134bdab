// SPDX-License-Identifier: GPL-2.0-only
/* The devices that a stock kernel finds, and the thread that feeds its console. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "terminal.h"
#include "vm.h"

#define FULL_WAIT_MS	20	/* until the guest may have read some of its input */

static void print(void *context, uint8_t byte)
{
	const char text = (char)byte;

	console_put(context, &text, 1);
}

static void send(void *context, uint32_t hart, uint32_t id)
{
	vm_msi(context, IMSIC_BASE + hart * DEVICE_PAGE, id);
}

/* Edges: a device that interrupts twice before the guest looks has interrupted once. */
static void raise_virtio(void *context)
{
	struct virtio_slot *slot = context;

	if (!slot->vm->aia)
		return;
	aplic_line(&slot->vm->aplic, slot->source, true);
	aplic_line(&slot->vm->aplic, slot->source, false);
}

static bool add_virtio(struct vm *vm, struct virtio *device)
{
	struct virtio_slot *slot = &vm->virtio[vm->nr_virtio];

	if (vm->nr_virtio == VM_MAX_VIRTIO) {
		complain("more than %d devices", VM_MAX_VIRTIO);
		return false;
	}
	*slot = (struct virtio_slot){ vm, device, APLIC_VIRTIO + vm->nr_virtio };
	device->raise = raise_virtio;
	device->context = slot;
	vm->nr_virtio++;
	return true;
}

bool device_add_disk(struct vm *vm, const char *path)
{
	if (vm->nr_disks == VM_MAX_DISKS) {
		complain("--disk: at most %d", VM_MAX_DISKS);
		return false;
	}
	return block_open(&vm->disks[vm->nr_disks], path) &&
	       add_virtio(vm, &vm->disks[vm->nr_disks++].virtio);
}

bool device_add_net(struct vm *vm, const char *how)
{
	if (vm->nr_nets == VM_MAX_NETS) {
		complain("--net: at most %d", VM_MAX_NETS);
		return false;
	}
	vm->nets[vm->nr_nets].vm = vm;
	return net_open(&vm->nets[vm->nr_nets], how, vm->nr_nets) &&
	       add_virtio(vm, &vm->nets[vm->nr_nets++].virtio);
}

void devices_init(struct vm *vm)
{
	unsigned int i;

	vm->has_devices = true;
	vm->uart.print = print;
	vm->uart.context = &vm->console;
	vm->aplic.send = send;
	vm->aplic.context = vm;
	for (i = 0; i < vm->nr_virtio; i++) {
		vm->virtio[i].device->ram = vm->ram;
		vm->virtio[i].device->ram_base = VM_RAM_BASE;
		vm->virtio[i].device->ram_size = vm->ram_size;
	}
}

static struct virtio *virtio_at(const struct vm *vm, uint64_t gpa)
{
	uint64_t index = (gpa - VIRTIO_BASE) / DEVICE_PAGE;

	return gpa >= VIRTIO_BASE && index < vm->nr_virtio ? vm->virtio[index].device : NULL;
}

static void update_uart(struct vm *vm)
{
	if (vm->aia)
		aplic_line(&vm->aplic, APLIC_UART, vm->uart.line);
}

static bool in_aplic(const struct vm *vm, uint64_t gpa, unsigned int size)
{
	return vm->aia && gpa >= APLIC_BASE && gpa - APLIC_BASE < APLIC_SIZE && size == 4;
}

static bool in_page(uint64_t gpa, uint64_t base)
{
	return gpa >= base && gpa - base < DEVICE_PAGE;
}

bool device_load(struct vm *vm, uint64_t gpa, unsigned int size, uint64_t *value)
{
	struct virtio *virtio = virtio_at(vm, gpa);

	if (!vm->has_devices)
		return false;
	if (in_page(gpa, UART_BASE) && size == 1) {
		*value = uart_load(&vm->uart, gpa - UART_BASE);
		update_uart(vm);
		return true;
	}
	if (in_aplic(vm, gpa, size)) {
		*value = aplic_load(&vm->aplic, gpa - APLIC_BASE);
		return true;
	}
	if (virtio) {
		*value = virtio_load(virtio, gpa % DEVICE_PAGE, size);
		return true;
	}
	return false;
}

bool device_store(struct vm *vm, uint64_t gpa, unsigned int size, uint64_t value)
{
	struct virtio *virtio = virtio_at(vm, gpa);

	if (!vm->has_devices)
		return false;
	if (in_page(gpa, UART_BASE) && size == 1) {
		uart_store(&vm->uart, gpa - UART_BASE, (uint8_t)value);
		update_uart(vm);
		return true;
	}
	if (in_aplic(vm, gpa, size)) {
		aplic_store(&vm->aplic, gpa - APLIC_BASE, (uint32_t)value);
		return true;
	}
	if (virtio) {
		virtio_store(virtio, gpa % DEVICE_PAGE, size, (uint32_t)value);
		return true;
	}
	return false;
}

/* How much the guest can take now. */
static size_t room(struct vm *vm)
{
	size_t n;

	pthread_mutex_lock(&vm->lock);
	n = uart_room(&vm->uart);
	pthread_mutex_unlock(&vm->lock);
	return n;
}

static void feed(struct vm *vm, const uint8_t *bytes, size_t n)
{
	const uint8_t *escape = isatty(STDIN_FILENO) ? memchr(bytes, TERMINAL_ESCAPE, n) : NULL;

	pthread_mutex_lock(&vm->lock);
	uart_input(&vm->uart, bytes, escape ? (size_t)(escape - bytes) : n);
	update_uart(vm);
	pthread_mutex_unlock(&vm->lock);
	if (escape)
		vm_stop(vm, VM_INTERRUPTED);
}

/* Until the end of the input, or the escape key. */
static void *input_thread(void *arg)
{
	struct vm *vm = arg;
	uint8_t bytes[64];
	sigset_t all;
	ssize_t n;

	/* Signals are for the thread of vCPU 0. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	for (;;) {
		size_t free = room(vm);

		if (!free) {
			poll(NULL, 0, FULL_WAIT_MS);
			continue;
		}
		n = read(STDIN_FILENO, bytes, free < sizeof(bytes) ? free : sizeof(bytes));
		if (n > 0)
			feed(vm, bytes, (size_t)n);
		else if (!n || errno != EINTR)
			return NULL;
	}
}

bool devices_start(struct vm *vm)
{
	pthread_t thread;
	unsigned int i;
	int error;

	for (i = 0; i < vm->nr_nets; i++)
		if (!net_start(&vm->nets[i]))
			return false;
	error = pthread_create(&thread, NULL, input_thread, vm);

	if (error) {
		complain("no thread for the console: %s", strerror(error));
		return false;
	}
	pthread_detach(thread);
	return true;
}
