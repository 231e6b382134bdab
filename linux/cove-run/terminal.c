// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>
#include <sys/prctl.h>

#include "terminal.h"

#define WATCHED		3	/* the watcher's descriptor */

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

/*
 * A process of its own, for the ends at which we do nothing any more, such as SIGKILL. It waits for the pipe to
 * end, which is when we have. Signals to our process group do not reach it, nor those by our name.
 */
static void watch(int pipe_end)
{
	char byte;

	setpgid(0, 0);
	prctl(PR_SET_NAME, "cove-terminal");
	signal(SIGTTOU, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (dup2(pipe_end, WATCHED) != WATCHED || close_range(WATCHED + 1, ~0U, 0))
		_exit(1);
	while (read(WATCHED, &byte, 1) < 0 && errno == EINTR)
		;
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	_exit(0);
}

static void start_watcher(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return;
	if (!fork()) {
		close(ends[1]);
		watch(ends[0]);
	}
	close(ends[0]);		/* the other end stays open as long as we are there */
}

void terminal_raw(void)
{
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT };
	struct sigaction action = { .sa_handler = on_crash };
	struct termios t;
	unsigned int i;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before))
		return;
	start_watcher();
	for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		sigaction(deadly[i], &action, NULL);
	atexit(terminal_restore);
	t = before;
	cfmakeraw(&t);
	t.c_oflag |= OPOST;	/* our own lines end properly, too */
	raw = 1;
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
}
