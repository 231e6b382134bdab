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

/* An ECALL from VS mode of h->vcpu. Returns the vCPU's world to go on with it, or the host's world after an exit. */
struct world *abi_tvm_ecall(struct hart *h);

/*
 * Any other trap while h->vcpu runs. Requests of other harts have been served (hvip of h->host). Returns
 * the vCPU's world to go on with it, or the host's world after an exit.
 */
struct world *abi_tvm_trap(struct hart *h, u64 scause, u64 stval, u64 htval, u64 htinst);

#endif
