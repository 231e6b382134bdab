/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loops that scripts/bench-host measures, as a static program for Linux. Before and after each it executes
 * "slti zero, zero, N", a hint that does nothing but in tests/bench/linux/count.c.
 *
 *	tax loops | tax disk PHASE DEVICE | tax net PHASE COMMAND...
 */
#define _GNU_SOURCE
#include <fcntl.h>
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
#define REPEATS		5		/* of what waits for a device */
#define SMALL_READS	1000		/* of 4 KiB */

#define MARK(n)		case n: asm volatile("slti zero, zero, " #n ::: "memory"); break

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
	close(fd);
	free(buffer);
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
	for (int i = 0; i < REPEATS; i++) {
		if (!strcmp(argv[1], "disk")) {
			read_disk(argv[3], atoi(argv[2]));
			continue;
		}
		mark(atoi(argv[2]));
		run(argv + 3);
		mark(atoi(argv[2]) + 1);
	}
	return 0;
}
