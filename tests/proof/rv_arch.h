/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The twin of lib/rv/target/rv_arch.h for proofs: a CSR read may give anything, and only one hart is seen.
 */
#ifndef RV_ARCH_H
#define RV_ARCH_H

#include "base/types.h"
#include "rv/csr.h"

u64 nondet_u64(void);
/* world.c: what stands at an address. */
void *proof_page(u64 spa);
void *rv_tp(void);

#define csr_read(num)		nondet_u64()
#define csr_write(num, val)	((void)(val))
#define csr_set(num, val)	((void)(val))
#define csr_clear(num, val)	((void)(val))
#define csr_swap(num, val)	((void)(val), nondet_u64())

#define rv_opaque(val)			(val)
#define rv_load(p)			(*(p))
#define rv_store(p, val)		((void)(*(p) = (val)))
#define rv_store_release(p, val)	((void)(*(p) = (val)))

static inline bool rv_cas32(u32 *p, u32 old, u32 new)
{
	bool same = *p == old;

	*p = same ? new : *p;
	return same;
}

static inline u64 rv_add_release(u64 *p, u64 n)
{
	u64 old = *p;

	*p = old + n;
	return old;
}

static inline void *spa_ptr(spa_t a) { return proof_page(a.v); }
static inline void rv_relax(void) { }
static inline void rv_fence(void) { }

#endif
