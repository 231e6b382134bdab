// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "console.h"

#define PREFIX	"measurement "
#define PANIC	"Kernel panic - not syncing"

void console_init(struct console *c, int fd)
{
	memset(c, 0, sizeof(*c));
	c->fd = fd;
}

/* A reader that went away does not stop the TVM. */
static void write_all(int fd, const char *text, size_t n)
{
	ssize_t done;

	while (n) {
		done = write(fd, text, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		text += done;
		n -= (size_t)done;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static void parse_measurement(struct console *c)
{
	const size_t head = sizeof(PREFIX) - 1;
	uint8_t digest[SHA384_SIZE];
	const char *digits = c->line + head + 3;
	unsigned int reg;
	size_t i;

	if (c->length && c->length < CONSOLE_LINE && c->line[c->length - 1] == '\r')
		c->length--;
	if (c->length != head + 3 + 2 * SHA384_SIZE || memcmp(c->line, PREFIX, head) ||
	    memcmp(c->line + head + 1, ": ", 2))
		return;
	reg = (unsigned int)(c->line[head] - '0');
	if (reg >= CONSOLE_REGISTERS)
		return;
	for (i = 0; i < SHA384_SIZE; i++) {
		int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);

		if (high < 0 || low < 0)
			return;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(c->digest[reg], digest, sizeof(digest));
	c->seen[reg] = true;
}

static void parse_line(struct console *c)
{
	parse_measurement(c);
	if (memmem(c->line, c->length, PANIC, sizeof(PANIC) - 1))
		c->panic = true;
}

void console_put(struct console *c, const char *text, size_t n)
{
	write_all(c->fd, text, n);
	for (; n; n--, text++) {
		if (*text == '\n') {
			parse_line(c);
			c->length = 0;
		} else if (c->length < CONSOLE_LINE) {
			c->line[c->length++] = *text;
		}
	}
}

void console_note(struct console *c, const char *text)
{
	if (c->length)
		console_put(c, "\n", 1);
	write_all(c->fd, text, strlen(text));
}
