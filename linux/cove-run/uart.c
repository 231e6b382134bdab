// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "uart.h"

/* Registers; some share an offset, by direction or by LCR.DLAB. */
#define RBR_THR_DLL	0
#define IER_DLM		1
#define IIR_FCR		2
#define LCR		3
#define MCR		4
#define LSR		5
#define MSR		6
#define SCR		7

#define IER_RX		0x01
#define IER_THRE	0x02
#define IIR_NONE	0x01
#define IIR_THRE	0x02
#define IIR_RX		0x04
#define IIR_FIFO	0xc0
#define FCR_ENABLE	0x01
#define FCR_CLEAR_RX	0x02
#define LCR_DLAB	0x80
#define MCR_LOOP	0x10
#define LSR_DATA	0x01
#define LSR_THRE	0x20
#define LSR_TEMT	0x40
#define MSR_PRESENT	0xb0	/* DCD, DSR, CTS */

static uint8_t cause(const struct uart *u)
{
	if ((u->ier & IER_RX) && u->count)
		return IIR_RX;
	if ((u->ier & IER_THRE) && u->thr_empty_irq)
		return IIR_THRE;
	return IIR_NONE;
}

static void update(struct uart *u)
{
	u->line = cause(u) != IIR_NONE;
}

static uint8_t receive(struct uart *u)
{
	uint8_t byte = 0;

	if (u->count) {
		byte = u->input[u->head];
		u->head = (u->head + 1) % UART_FIFO;
		u->count--;
	}
	return byte;
}

static uint8_t identify(struct uart *u)
{
	uint8_t why = cause(u);

	if (why == IIR_THRE)
		u->thr_empty_irq = false;
	return why | (u->fifo ? IIR_FIFO : 0);
}

/* What the modem lines say; in loopback they follow MCR. */
static uint8_t modem(const struct uart *u)
{
	if (!(u->mcr & MCR_LOOP))
		return MSR_PRESENT;
	return (uint8_t)((u->mcr & 0x0c) << 4 | (u->mcr & 0x02) << 3 | (u->mcr & 0x01) << 5);
}

uint8_t uart_load(struct uart *u, uint64_t offset)
{
	bool dlab = u->lcr & LCR_DLAB;
	uint8_t value = 0;

	switch (offset) {
	case RBR_THR_DLL:
		value = dlab ? u->dll : receive(u);
		break;
	case IER_DLM:
		value = dlab ? u->dlm : u->ier;
		break;
	case IIR_FCR:
		value = identify(u);
		break;
	case LCR:
		value = u->lcr;
		break;
	case MCR:
		value = u->mcr;
		break;
	case LSR:
		value = LSR_THRE | LSR_TEMT | (u->count ? LSR_DATA : 0);
		break;
	case MSR:
		value = modem(u);
		break;
	case SCR:
		value = u->scr;
		break;
	}
	update(u);
	return value;
}

static void transmit(struct uart *u, uint8_t byte)
{
	if (u->mcr & MCR_LOOP)
		uart_input(u, &byte, 1);
	else
		u->print(u->context, byte);
	u->thr_empty_irq = true;
}

void uart_store(struct uart *u, uint64_t offset, uint8_t value)
{
	bool dlab = u->lcr & LCR_DLAB;

	switch (offset) {
	case RBR_THR_DLL:
		if (dlab)
			u->dll = value;
		else
			transmit(u, value);
		break;
	case IER_DLM:
		if (dlab) {
			u->dlm = value;
			break;
		}
		if (value & ~u->ier & IER_THRE)
			u->thr_empty_irq = true;
		u->ier = value & 0x0f;
		break;
	case IIR_FCR:
		u->fifo = value & FCR_ENABLE;
		if (value & FCR_CLEAR_RX)
			u->count = 0;
		break;
	case LCR:
		u->lcr = value;
		break;
	case MCR:
		u->mcr = value & 0x1f;
		break;
	case SCR:
		u->scr = value;
		break;
	}
	update(u);
}

size_t uart_room(const struct uart *u)
{
	return UART_FIFO - u->count;
}

void uart_input(struct uart *u, const uint8_t *bytes, size_t n)
{
	for (; n && u->count < UART_FIFO; n--, bytes++) {
		u->input[(u->head + u->count) % UART_FIFO] = *bytes;
		u->count++;
	}
	update(u);
}
