/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conformance suite: which groups there are. Each file t_*.c is one group or two that belong
 * together.
 */
#include "tests.h"

#define GROUP_ENTRY(g)	&g##_group,
static const struct group *const groups[] = { GROUPS(GROUP_ENTRY) };

/* Whoever answers: a monitor of ours, or the firmware alone. */
static bool under_tsm(void)
{
	struct sbiret r = sbi(SBI_EXT_BASE, SBI_BASE_IMPL_ID);

	return !r.error && (u64)r.value == TSM_SBI_IMPL_ID;
}

void rt_main(void)
{
	bool tsm = under_tsm();

	note("%u harts, %s, isa %s", nr_harts, tsm ? "under the TSM" : "without a TSM",
	     machine.isa);
	for (u32 i = 1; i < nr_harts; i++)
		if (!hart_start(&harts[i]))
			note("hart %lu did not start", harts[i].id);
	if (tsm && !cove_init())
		note("GET_TSM_INFO does not say that the TSM is ready");
	tap_run(groups, ARRAY_SIZE(groups), tsm);
	shutdown(tap_failed);
}
