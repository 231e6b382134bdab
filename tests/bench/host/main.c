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

void rt_main(void)
{
	need(cove_init(), "there is no TSM that is ready");
	nacl_setup(0);
	bench_calls();
	bench_pages();
	bench_life();
	bench_run();
	print("bench: end\n");
	shutdown(false);
}
