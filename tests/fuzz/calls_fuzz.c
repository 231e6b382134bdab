/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer: calls of hosts, exits and calls of TVMs, the instructions at which they trap, under the oracle and with a hash
 * around every call that is refused (tests/oracle/). The bytes are play.c's.
 */
#include "unit/unit.h"

#include "oracle/play.h"
#include "oracle/seeds.h"
#include "oracle/watch.h"
#include "unit/rig.h"

enum { STEPS = 300 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	rig_setup(NULL);
	shadow_secrets = true;
	/* The fuzzer can fail: with a fault in the monitor it does. */
	if (getenv("FUZZ_SEEDED"))
		seed_plant(SEED_NO_SCRUB);
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct play p = { .p = data, .end = data + size };

	play_begin(&p);
	for (u32 i = 0; i < STEPS && play_step(&p); i++)
		;
	play_end();
	return 0;
}
