/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate: what trap/ calls, and all that it calls of the rooms below. */
#ifndef ABI_ABI_H
#define ABI_ABI_H

#include "base/types.h"
#include "host/hart.h"

/*
 * An ECALL from the host on this hart; @w is the host's world. Serves every extension that the host
 * is offered and returns the world to resume: the host's, or a vCPU's after a RUN_VCPU.
 */
struct world *abi_host_ecall(struct world *w);
/* NULL comes back from a RUN_VCPU that is over at once: this answers it, and returns the host's world. */
struct world *abi_host_run_over(struct hart *h);

/* An ECALL from VS mode of h->vcpu. Returns the vCPU's world to go on with it, or the host's world after an exit. */
struct world *abi_tvm_ecall(struct hart *h);

/*
 * Any other exception of h->vcpu, and an interrupt while it runs: requests of other harts have been served then
 * (hvip of h->host). Return as above.
 */
struct world *abi_tvm_exception(struct hart *h, u64 scause, u64 stval);
struct world *abi_tvm_interrupt(struct hart *h, u64 scause);

#endif
