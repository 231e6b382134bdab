/* SPDX-License-Identifier: BSD-2-Clause */
/* RUN_VCPU: a vCPU on a hart, from the host's call to the exit that answers it. */
#ifndef TVM_RUN_H
#define TVM_RUN_H

#include "tvm/tvm.h"
#include "vcpu/exit.h"
#include "vcpu/trap.h"

/*
 * RUN_VCPU. Returns the vCPU's world, which is on this hart now; or NULL: the run is over or has not
 * begun, h->run_err says which. TSM_E_PARAM: no such TVM or vCPU, not RUNNABLE, off, or running
 * elsewhere; TSM_E_ADDRESS: it waits for a share or unshare that cannot be completed yet. h->run_dead:
 * the value of the call. @deviates: the caller is the RFC client (ABI.md 17.2).
 */
struct world *tvm_run(struct hart *h, u64 id, u64 vcpu, bool deviates);

/* Ends the run on this hart with @e: the host's world is loaded and its RUN_VCPU answered. Returns it. */
struct world *tvm_exit(struct hart *h, const struct vcpu_exit *e);
/* The same for the exit that happens most: row 9. */
struct world *tvm_exit_wfi(struct hart *h);

/*
 * fault.c: a guest page fault (causes 20, 21, 23). True: the vCPU goes on; false: *e is the exit.
 */
bool tvm_fault(struct tvm *t, struct vcpu *v, const struct vcpu_trap *trap, struct vcpu_exit *e);

/*
 * memory.c: confidential memory on behalf of a vCPU that is inside the TVM, so that no frame that
 * it finds mapped can leave the TVM under it. False: *missing is the first address that is not
 * mapped confidential memory; what lies before it has been copied.
 */
bool tvm_read(const struct tvm *t, gpa_t gpa, void *dst, u64 size, gpa_t *missing);
bool tvm_write(const struct tvm *t, gpa_t gpa, const void *src, u64 size, gpa_t *missing);

#endif
