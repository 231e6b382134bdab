/* SPDX-License-Identifier: BSD-2-Clause */
/* The oracle can fail: each fault that is planted in the monitor is found, by the check that it is for. */
#include "unit/unit.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oracle/play.h"
#include "oracle/seeds.h"
#include "oracle/watch.h"
#include "unit/rig.h"

enum { GAMES = 40, STEPS = 400, FOUND = 77 };

static void child(enum seed seed)
{
	shadow_secrets = true;
	setenv("ORACLE_STATUS", "77", 1);
	seed_plant(seed);
	for (u64 game = 1; game <= GAMES; game++) {
		struct play p = { .seed = game * 0x9e3779b97f4a7c15ULL };

		play_begin(&p);
		for (u32 i = 0; i < STEPS; i++)
			play_step(&p);
		play_end();
	}
	_exit(0);
}

/* Runs the games with a fault in another process; what it said is in @said. */
static int status_with(enum seed seed, char *said, size_t size)
{
	size_t n = 0;
	int fd[2], status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(fd[1], 2);
		dup2(fd[1], 1);
		close(fd[0]);
		child(seed);
	}
	close(fd[1]);
	while ((got = read(fd[0], said + n, size - 1 - n)) > 0)
		n += (size_t)got;
	said[n] = 0;
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void is_found(void **state)
{
	enum seed seed = (enum seed)(uintptr_t)*state;
	static char said[1 << 16];
	int status = status_with(seed, said, sizeof(said));

	if (status != FOUND || !strstr(said, seed_infos[seed].found))
		fail_msg("status %d, and it said: %s", status, said);
}

int main(void)
{
	static struct CMUnitTest tests[SEEDS - 1];
	static char names[SEEDS][128];

	for (u32 i = 1; i < SEEDS; i++) {
		snprintf(names[i], sizeof(names[i]), "oracle: it finds that %s", seed_infos[i].name);
		tests[i - 1] = (struct CMUnitTest){ names[i], is_found, NULL, NULL, (void *)(uintptr_t)i };
	}
	return _cmocka_run_group_tests("seeds", tests, SEEDS - 1, rig_setup, NULL);
}
