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

void devices_init(struct vm *vm)
{
	vm->uart.print = print;
	vm->uart.context = &vm->console;
}

static bool in_page(uint64_t gpa, uint64_t base)
{
	return gpa >= base && gpa - base < DEVICE_PAGE;
}

bool device_load(struct vm *vm, uint64_t gpa, unsigned int size, uint64_t *value)
{
	if (in_page(gpa, UART_BASE) && size == 1) {
		*value = uart_load(&vm->uart, gpa - UART_BASE);
		return true;
	}
	return false;
}

bool device_store(struct vm *vm, uint64_t gpa, unsigned int size, uint64_t value)
{
	if (in_page(gpa, UART_BASE) && size == 1) {
		uart_store(&vm->uart, gpa - UART_BASE, (uint8_t)value);
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

bool input_start(struct vm *vm)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, input_thread, vm);

	if (error) {
		complain("no thread for the console: %s", strerror(error));
		return false;
	}
	pthread_detach(thread);
	return true;
}
