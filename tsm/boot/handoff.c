/* SPDX-License-Identifier: BSD-2-Clause */
/* What measured boot left for the TSM: taken once, before anybody else runs (include/cove/attest_handoff.h). */
#include "boot/boot.h"
#include "base/string.h"
#include "log/log.h"
#include "measure/identity.h"
#include "rv_arch.h"

/* Only memory that firmware keeps from everybody is looked at, and written to. */
static bool reserved(spa_t page)
{
	for (u32 i = 0; i < machine.nr_reserved; i++) {
		const struct machine_range *r = &machine.reserved[i];

		if (page.v >= r->base.v && page.v - r->base.v < r->size &&
		    r->size - (page.v - r->base.v) >= COVE_HANDOFF_SIZE)
			return true;
	}
	return false;
}

void handoff_take(void)
{
	spa_t page = machine.handoff;

	if (!page.v) {
		identity_init(NULL);
		log_warn("nothing was measured at boot: evidence says debug");
		return;
	}
	if (!IS_ALIGNED(page.v, PAGE_SIZE) || !reserved(page))
		boot_refuse("the handoff at 0x%lx is not a reserved page", page.v);
	if (!identity_init(spa_ptr(page)))
		boot_refuse("the handoff at 0x%lx is malformed", page.v);
	memset(spa_ptr(page), 0, COVE_HANDOFF_SIZE);
	rv_fence();
	log_info("measured boot: platform state %u", identity()->platform_state);
}
