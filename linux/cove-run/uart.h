/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A 16550A. The caller holds its machine's lock. The guest is not trusted: any access has a
 * meaning, and none can harm us.
 */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_FIFO	256	/* bytes that wait for the guest; what is typed beyond that is lost */

struct uart {
	uint8_t ier, lcr, mcr, scr, dll, dlm;
	bool fifo;
	bool thr_empty_irq;
	uint8_t input[UART_FIFO];
	unsigned int head, count;
	bool line;			/* its interrupt is raised */
	void (*print)(void *context, uint8_t byte);
	void *context;
};

uint8_t uart_load(struct uart *u, uint64_t offset);
void uart_store(struct uart *u, uint64_t offset, uint8_t value);
/* How much more it can take, and taking it. */
size_t uart_room(const struct uart *u);
void uart_input(struct uart *u, const uint8_t *bytes, size_t n);

#endif
