/* SPDX-License-Identifier: BSD-2-Clause */
/* Random hosts and TVMs under the oracle. ORACLE_SEED and ORACLE_STEPS ask for others and for more. */
#include "unit/unit.h"

#include "oracle/play.h"
#include "oracle/watch.h"
#include "unit/rig.h"

static u64 number(const char *name, u64 otherwise)
{
	const char *value = getenv(name);

	/* What make exports without a value is there and empty. */
	return value && *value ? strtoull(value, NULL, 0) : otherwise;
}

static void games(void **state)
{
	u64 steps = number("ORACLE_STEPS", 10000), first = number("ORACLE_SEED", 1);
	static const char *const names[] = { "COVH", "COVI", "COVG" };
	struct play total = { 0 };

	(void)state;
	shadow_secrets = true;
	for (u64 game = 0; game < steps / 400; game++) {
		struct play p = { .seed = (first + game) * 0x9e3779b97f4a7c15ULL };

		play_begin(&p);
		for (u32 i = 0; i < 400; i++)
			play_step(&p);
		play_end();
		total.calls += p.calls;
		total.refused += p.refused;
		total.entered += p.entered;
		total.traps += p.traps;
		for (u32 i = 0; i < 3 * 32; i++)
			total.done[i / 32][i % 32] += p.done[i / 32][i % 32];
	}
	print_message("# %llu calls of hosts, %llu refused, %llu entries, %llu traps of TVMs\n",
		      (unsigned long long)total.calls, (unsigned long long)total.refused,
		      (unsigned long long)total.entered, (unsigned long long)total.traps);
	for (u32 x = 0; x < 3; x++) {
		print_message("# %s, done by function:", names[x]);
		for (u32 i = 0; i < 22; i++)
			print_message(" %llu", (unsigned long long)total.done[x][i]);
		print_message("\n");
	}
	print_message("# the oracle looked %llu times, compared %llu refusals\n", (unsigned long long)watch_calls,
		      (unsigned long long)watch_refused);
	assert_true(total.entered > steps / 200 && total.traps > steps / 50);
	assert_true(watch_refused > steps / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("oracle: whatever hosts and TVMs do, isolation holds after every call", games),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
