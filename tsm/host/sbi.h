/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The standard SBI services for the host. Nothing passes through to the firmware that is not named here, and an address or
 * hart mask is checked before the firmware sees it: M-mode must not read or write for the host what the host may not.
 */
#ifndef HOST_SBI_H
#define HOST_SBI_H

#include "host/hart.h"

/*
 * Serves the call in @w (the host's world of hart @h): result into a0 and a1, sepc past the ECALL. False: the extension is
 * not one of these, nothing has changed. A hart that the host stops comes back from here when the host starts it again.
 */
bool host_sbi_call(struct hart *h, struct world *w);

/* The same for Base, which is not one of those above. Returns the world. */
struct world *host_base_call(struct world *w);

/* Boot only: reads what Base reports about the machine. */
void host_sbi_init(void);

#endif
