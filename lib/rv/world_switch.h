/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving a hart from one world to another: the CSRs that do not change at every trap. General registers, sepc, sstatus and
 * hstatus move in trap/world.S on each trap; FP and vector registers are the caller's business (vcpu/).
 */
#ifndef RV_WORLD_SWITCH_H
#define RV_WORLD_SWITCH_H

#include "rv/world.h"

/*
 * Saves @from's swapped CSRs and vsatp into it and loads @to's, hgatp included: vsatp is cleared before hgatp changes
 * and written last, so that no walk mixes two worlds. @has: the optional CSRs (WORLD_HAS_*). No TLB flush.
 */
void world_switch(struct world *from, struct world *to, u32 has);

/* Loads @to where no world was loaded before (a hart's first entry, or its start by HSM). */
void world_load(const struct world *to, u32 has);

#endif
