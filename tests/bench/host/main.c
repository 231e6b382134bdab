/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench.h"

void report(const char *name, u64 instructions, u64 operations)
{
	print("bench: %s %lu %lu\n", name, instructions, operations);
}

void absent(const char *name, s64 error)
{
	print("bench: %s absent %ld\n", name, error);
}

void need(bool good, const char *what)
{
	if (good)
		return;
	print("Bail out! %s\n", what);
	shutdown(true);
}

/* only=PART on the command line runs one part (scripts/profile). */
static bool wanted(const char *part)
{
	const char *only = strstr(machine.bootargs, "only=");

	return !only || !strncmp(only + 5, part, strlen(part));
}

void rt_main(void)
{
	need(cove_init(), "there is no TSM that is ready");
	nacl_setup(0);
	if (wanted("calls"))
		bench_calls();
	if (wanted("pages"))
		bench_pages();
	if (wanted("life"))
		bench_life();
	if (wanted("run"))
		bench_run();
	if (wanted("stretch"))
		bench_stretch();
	if (wanted("contention"))
		bench_contention();
	print("bench: end\n");
	shutdown(false);
}
