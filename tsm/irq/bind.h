/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt side of one vCPU: which guest file it is bound to, the software file while it has none, and what the host may
 * inject (ABI.md 14). Part of struct vcpu.
 *
 *   UNBOUND -> BINDING -> BOUND -> UNBINDING -> UNBOUND
 *   BOUND -> REBINDING -> CLONED -> BOUND
 *
 * The lock guards all of it against injection from other harts; it is held for a few register accesses at most. A state
 * other than BOUND and UNBOUND belongs to the call sequence that made it; the vCPU does not run in it.
 */
#ifndef IRQ_BIND_H
#define IRQ_BIND_H

#include "base/err.h"
#include "base/spinlock.h"
#include "irq/file.h"

enum irq_state {
	IRQ_UNBOUND,
	IRQ_BINDING,
	IRQ_BOUND,
	IRQ_UNBINDING,
	IRQ_REBINDING,
	IRQ_CLONED,
};

/* One hardware file; number 0: none. */
struct irq_file {
	pfn_t page;
	struct hart *hart;
	u64 number;
};

struct irq_vcpu {
	struct spinlock lock;
	enum irq_state state;
	bool has_gpa;
	gpa_t gpa;			/* of the vCPU's file, as the TVM sees it */
	struct irq_file file;		/* BOUND, UNBINDING; REBINDING, CLONED: the new one */
	struct irq_file old;		/* REBINDING */
	u32 stamp;			/* UNBINDING, REBINDING: the TVM's epoch when the old page was blocked */
	u64 allowed[IRQ_WORDS];		/* identities that the host may inject; none at first */
	struct irq_soft soft;
};

/* The file that a mask in HGEIE format names on this hart: exactly one bit, not bit 0. */
bool irq_mask_file(u64 mask, struct irq_file *f);

/* Makes @id pending where the vCPU looks for it. TSM_E_PARAM: no such identity; TSM_E_DENIED: the vCPU has not allowed it. */
enum tsm_err irq_inject(struct irq_vcpu *v, u64 id);
/* The same for another vCPU of the TVM, which needs no permission. False: no such identity. */
bool irq_send(struct irq_vcpu *v, u64 id);

/* Allows or denies one identity, or all of them (~0). False: there is no such identity. */
bool irq_allow(struct irq_vcpu *v, u64 id, bool allow);

/* @to allows what @from allows. */
void irq_inherit(struct irq_vcpu *to, const struct irq_vcpu *from);

/* On the file's hart: the software file goes into the cleared hardware file, and the vCPU is BOUND to it. */
void irq_attach(struct irq_vcpu *v, const struct irq_file *f);
/* On the file's hart: what the file holds goes into the software file; the file is clear. New state: @next. */
void irq_detach(struct irq_vcpu *v, const struct irq_file *f, enum irq_state next);
/* On the file's hart: late arrivals follow. New state: UNBOUND. True: an interrupt waits in the software file. */
bool irq_drain(struct irq_vcpu *v);

#endif
