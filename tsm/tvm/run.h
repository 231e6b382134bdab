/* SPDX-License-Identifier: BSD-2-Clause */
/* RUN_VCPU: a vCPU on a hart, from the host's call to the exit that answers it. */
#ifndef TVM_RUN_H
#define TVM_RUN_H

#include "tvm/tvm.h"
#include "vcpu/exit.h"
#include "vcpu/trap.h"

struct tvm_run {
	struct tvm *tvm;	/* a reference is held */
	struct vcpu *vcpu;	/* VCPU_RUNNING */
	bool deviates;		/* the caller is the RFC client (ABI.md 17.2) */
	bool not_yet;		/* the vCPU waits for a TLB fence: the host is to come again */
};

/*
 * Claims a vCPU for this hart. TSM_E_PARAM: no such TVM or vCPU, not RUNNABLE, off, or running
 * elsewhere; TSM_E_ADDRESS: it waits for a share or unshare that cannot be completed yet.
 */
enum tsm_err tvm_run_decode(const struct hart *h, u64 id, u64 vcpu, struct tvm_run *run);

/*
 * Finishes what the vCPU waits for and enters it. False: the run is over already, *dead is the
 * value of the call.
 */
bool tvm_run_perform(struct hart *h, const struct tvm_run *run, bool *dead);

/* Ends the run on this hart with @e: the host's world is loaded and its RUN_VCPU answered. */
void tvm_exit(struct hart *h, const struct vcpu_exit *e);

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
