/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loops that scripts/bench-host measures, as a static program for Linux. Before and after each it executes
 * "slti zero, zero, N", a hint that does nothing but in tests/bench/linux/count.c.
 *
 *	tax loops | tax disk PHASE DEVICE | tax net PHASE COMMAND...
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SETTLE		3
#define FORKS		200
#define PINGS		10000
#define SLEEPS		2000
#define SLEEP_NS	100000
#define LARGE_READS	128		/* of 64 KiB */
#define SMALL_READS	1000		/* of 4 KiB */

#define MARK(n)		case n: asm volatile("slti zero, zero, " #n ::: "memory"); break

extern char spin_begin[];

/* What a program executes that only waits: it is counted apart. PAUSE, which takes QEMU long, so that few ticks fall into a wait. */
asm(".text\n.balign 64\n.globl spin_begin, spin_stop\nspin_begin:\n.rept 15\n.insn i 0x0f, 0, x0, x0, 0x010\n.endr\n"
    "j spin_begin\nspin_stop:\n");

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void mark(int n)
{
	switch (n) {
	MARK(1); MARK(2); MARK(3); MARK(4); MARK(5); MARK(6); MARK(7); MARK(8); MARK(9); MARK(10); MARK(11); MARK(12); MARK(13);
	default:
		die("mark");
	}
}

static void fork_exec(char *self)
{
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();
		int status;

		if (!child) {
			execl(self, self, "nothing", NULL);
			_exit(127);
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status)
			die("fork and exec");
	}
}

static void ping_pong(void)
{
	int there[2], back[2];
	char c = 0;

	if (pipe(there) || pipe(back))
		die("pipe");
	if (!fork()) {
		close(there[1]);
		while (read(there[0], &c, 1) == 1)
			if (write(back[1], &c, 1) != 1)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < PINGS; i++)
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			die("ping-pong");
	close(there[1]);
	wait(NULL);
}

static void sleeps(void)
{
	const struct timespec t = { .tv_nsec = SLEEP_NS };

	for (int i = 0; i < SLEEPS; i++)
		if (nanosleep(&t, NULL))
			die("nanosleep");
}

/*
 * While a device works the clock of -icount runs ahead from timer to timer if no hart does anything. This one does, at the
 * lowest priority.
 */
static pid_t spinner(void)
{
	const struct sched_param none = { 0 };
	pid_t child = fork();

	if (!child) {
		if (sched_setscheduler(0, SCHED_IDLE, &none))
			_exit(1);
		((void (*)(void))spin_begin)();
	}
	return child;
}

static void read_disk(const char *device, int phase)
{
	char *buffer = aligned_alloc(65536, 65536);
	int fd = open(device, O_RDONLY | O_DIRECT);

	if (fd < 0 || !buffer)
		die(device);
	memset(buffer, 1, 65536);
	mark(phase);
	for (int i = 0; i < LARGE_READS; i++)
		if (pread(fd, buffer, 65536, i * 65536L) != 65536)
			die(device);
	mark(phase + 1);
	for (int i = 0; i < SMALL_READS; i++)
		if (pread(fd, buffer, 4096, (i * 7919L % 2048) * 4096) != 4096)
			die(device);
	mark(phase + 2);
}

static void run(char **command)
{
	pid_t child = fork();
	int status;

	if (!child) {
		execvp(command[0], command);
		_exit(127);
	}
	if (waitpid(child, &status, 0) != child || status)
		die(command[0]);
}

int main(int argc, char **argv)
{
	pid_t child;

	if (argc == 2 && !strcmp(argv[1], "nothing"))
		return 0;
	if (argc == 2 && !strcmp(argv[1], "loops")) {
		mark(1);
		sleep(SETTLE);		/* what the kernel puts off during boot */
		mark(2);
		fork_exec(argv[0]);
		mark(3);
		ping_pong();
		mark(4);
		sleeps();
		mark(5);
		return 0;
	}
	if (argc < 4)
		return 2;
	child = spinner();
	if (!strcmp(argv[1], "disk")) {
		read_disk(argv[3], atoi(argv[2]));
	} else {
		mark(atoi(argv[2]));
		run(argv + 3);
		mark(atoi(argv[2]) + 1);
	}
	kill(child, SIGKILL);
	return 0;
}
