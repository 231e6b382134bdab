/* SPDX-License-Identifier: BSD-2-Clause */
/* The handler that nobody else sees. */
#include "proof.h"

#include "abi/covh.c"

void proof_covh_get_tsm_info(void)
{
	proof_world();
	struct call c = proof_call();

	proof_end(covh_get_tsm_info(&c), true);
}
