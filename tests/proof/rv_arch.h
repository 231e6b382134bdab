/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The twin of lib/rv/target/rv_arch.h for proofs: a CSR read may give anything, memory behind an
 * address is one page that anybody may have written, and an access checks that the call may make it.
 */
#ifndef RV_ARCH_H
#define RV_ARCH_H

#include "base/types.h"
#include "rv/csr.h"

u64 nondet_u64(void);
/* world.c: a page that stands for every page; the frame must be the call's to touch. */
void *proof_page(u64 spa);
void *rv_tp(void);

#define csr_read(num)		nondet_u64()
#define csr_write(num, val)	((void)(val))
#define csr_set(num, val)	((void)(val))
#define csr_clear(num, val)	((void)(val))

static inline void *spa_ptr(spa_t a) { return proof_page(a.v); }
static inline void rv_relax(void) { }
static inline void rv_fence(void) { }
void rv_zero(char *p, u64 size);
void rv_cbo_zero(char *p, u64 size, u64 block);

#endif
