/* SPDX-License-Identifier: BSD-2-Clause */
/* Handlers that nobody else sees, and the gate before them. */
#include "proof.h"

#include "abi/covi.c"

#define COVI(name, function)							\
void proof_covi_##name(void)							\
{										\
	proof_vcpus = true;							\
	proof_world();								\
	struct call c = proof_call();						\
										\
	proof_end(function(&c), true);						\
}

COVI(init_aia, covi_init)
COVI(set_cpu_imsic_addr, covi_set_addr)
COVI(convert_imsic, covi_convert)
COVI(reclaim_imsic, covi_reclaim)
COVI(bind, covi_bind)
COVI(unbind_begin, covi_unbind_begin)
COVI(unbind_end, covi_unbind_end)
COVI(inject, covi_inject)
COVI(rebind_begin, covi_rebind_begin)
COVI(rebind_clone, covi_rebind_clone)
COVI(rebind_end, covi_rebind_end)

/* No handler runs for a function number that has none. The number is a constant, or CBMC follows every handler. */
static void unknown(u64 a6)
{
	static struct world w;
	struct reply r;

	proof_world();
	proof_registers(&w, a6);
	r = covi_call(this_hart(), &w);
	proof_check(r.err == TSM_E_NOT_SUPPORTED && proof_nothing_changed(), "what no function means is refused");
	proof_reach(r.err == TSM_E_NOT_SUPPORTED);
}

void proof_covi_unknown(void)
{
	if (nondet_bool())
		unknown(COVI_REBIND_END + 1);
	else
		unknown((u64)SUPD_TSM_DOMAIN << SUPD_SDID_SHIFT | SUPD_FID_MASK);
}
