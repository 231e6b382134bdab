/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one door to the board: what the TSM needs of it besides the device tree. Console and reset go through SBI, so
 * this holds for every board with an SBI firmware; a board that has better provides its own folder.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include "base/types.h"

/* Boot only, before the first line is printed: which console calls the firmware has. */
void platform_console_init(void);

/* Writes all of it. Any hart, any time. */
void platform_console_write(const char *s, size_t n);

/* Reads what is there, at most @n bytes; does not wait. Returns the number of bytes. */
size_t platform_console_read(char *s, size_t n);

/* Ends the machine after a failure of the TSM's own. */
void __attribute__((noreturn)) platform_fail(void);

#endif
