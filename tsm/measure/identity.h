/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who the TSM is: the page that measured boot left for it (include/cove/attest_handoff.h), or, on a
 * machine without measured boot, the one that the notary makes when a TVM first asks for evidence.
 * Registers 0 to 3 of every TVM are known from the start. Nothing here ever changes once it is known.
 */
#ifndef MEASURE_IDENTITY_H
#define MEASURE_IDENTITY_H

#include "cove/attest_handoff.h"
#include "measure/measure.h"

/* Boot, one hart. NULL: nothing was measured. A page that is not well-formed: false, as if NULL. */
bool identity_init(const struct cove_handoff *h);

/* Registers 0 to 3 as a TVM begins with them. */
void identity_measure(struct measurement *m);

/* The page, or NULL while it is not known. */
const struct cove_handoff *identity(void);

/* Without measured boot: the page, made by the notary on some hart. The first one stays. */
void identity_publish(const struct cove_handoff *h);

#endif
