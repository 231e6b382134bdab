// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

static struct termios before;
static volatile sig_atomic_t raw;

void terminal_restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	raw = 0;
}

static void on_crash(int number)
{
	terminal_restore();
	signal(number, SIG_DFL);
	raise(number);
}

void terminal_raw(void)
{
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT, SIGPIPE };
	struct sigaction action = { .sa_handler = on_crash };
	struct termios t;
	unsigned int i;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before))
		return;
	for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		sigaction(deadly[i], &action, NULL);
	atexit(terminal_restore);
	t = before;
	cfmakeraw(&t);
	t.c_oflag |= OPOST;	/* our own lines end properly, too */
	raw = 1;
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
}
