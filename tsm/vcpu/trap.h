/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What hardware reported about a trap from a TVM. The vCPU's CSRs are loaded, its general registers
 * are in its world.
 */
#ifndef VCPU_TRAP_H
#define VCPU_TRAP_H

#include "base/types.h"
#include "rv/csr.h"

struct vcpu_trap {
	u64 scause;
	u64 stval;
	u64 htval;
	u64 htinst;
};

/* Pseudoinstructions in htinst: the access was the VS-stage walker's, not the instruction's own. */
#define HTINST_WALK_READ	0x3000
#define HTINST_WALK_WRITE	0x3020

static inline bool trap_is_walk(const struct vcpu_trap *t)
{
	return t->htinst == HTINST_WALK_READ || t->htinst == HTINST_WALK_WRITE;
}

/*
 * The guest-physical address of a guest page fault; stval gives the two lowest bits where it is
 * about the same access.
 */
static inline gpa_t trap_gpa(const struct vcpu_trap *t)
{
	return GPA(t->htval << 2 | (trap_is_walk(t) ? 0 : t->stval & 3));
}

#endif
