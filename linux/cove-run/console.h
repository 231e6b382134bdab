/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TVM's console: what it prints goes to standard output at once and unchanged. Lines
 * "measurement N: <96 hex digits>" are also remembered. The TVM is not trusted: a line may have any
 * length and content.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sha384.h"

#define CONSOLE_REGISTERS	8
#define CONSOLE_LINE		160

struct console {
	int fd;
	size_t length;			/* of the line so far; CONSOLE_LINE: too long */
	char line[CONSOLE_LINE];
	bool panic;			/* a Linux kernel said that it gives up */
	bool seen[CONSOLE_REGISTERS];
	uint8_t digest[CONSOLE_REGISTERS][SHA384_SIZE];
};

void console_init(struct console *c, int fd);
void console_put(struct console *c, const char *text, size_t n);

/* Text of our own, at the beginning of a line. */
void console_note(struct console *c, const char *text);

#endif
