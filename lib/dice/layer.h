/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lower layers of the chain: from the UDS to the page that the TSM receives. Measured boot runs
 * it with the platform's UDS; without measured boot the TSM runs it with a UDS that everybody knows.
 */
#ifndef DICE_LAYER_H
#define DICE_LAYER_H

#include "cove/attest_handoff.h"
#include "dice/key.h"

struct dice_platform {
	u8 uds[COVE_UDS_SIZE];
	u8 mr[COVE_HANDOFF_MRS][COVE_MR_SIZE];
	u8 manufacturer[COVE_MANUFACTURER_SIZE];
	u32 state;			/* COVE_STATE_* */
	u32 firmware_svn, tsm_svn;
};

/*
 * Makes the handoff. Takes dice_heap()'s memory (which it wipes at the end) and about 100 million
 * instructions. False: out of memory; *h is undefined then. @p->uds is the caller's to wipe.
 */
bool dice_handoff(const struct dice_platform *p, struct cove_handoff *h);

/* UDS, registers, state of a machine without measured boot. */
void dice_debug_platform(struct dice_platform *p, u32 tsm_svn);

#endif
