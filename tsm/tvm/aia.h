/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TVM's interrupt files: where they are in its address space, and the COVI operations on them (ABI.md 5, 14). A function that
 * may fail checks everything first; when it fails nothing has changed. All run on the hart that calls, which for a file must be
 * the hart that owns it.
 */
#ifndef TVM_AIA_H
#define TVM_AIA_H

#include "base/err.h"
#include "irq/bind.h"

struct tvm;
struct vcpu;
struct sha384_ctx;

/* Geometry, as COVI init_tvm_aia gave it. Constant once valid. */
struct tvm_aia {
	bool valid;
	bool busy;		/* one init is at work; TVM lock */
	u64 base;
	u32 group_bits;
	u32 group_shift;
	u32 hart_bits;
	u32 guest_bits;
};

/* Groups that a TVM can have; each is a region. */
#define AIA_MAX_GROUP_BITS	6

/*
 * INITIALIZING; the same geometry twice is fine. TSM_E_PARAM: another one, or an impossible one; TSM_E_ADDRESS: it overlaps a
 * region, or leaves the address space; TSM_E_NO_MEMORY; TSM_AGAIN: another call is at it.
 */
enum tsm_err tvm_aia_init(struct tvm *t, const struct tvm_aia *a);
/* INITIALIZING. TSM_E_PARAM: no geometry, or another address already; TSM_E_ADDRESS: no file's address. */
enum tsm_err tvm_aia_set_addr(struct tvm *t, struct vcpu *v, gpa_t gpa);
/* FINALIZE: true when every vCPU has an address of its own, or there is no geometry. */
bool tvm_aia_complete(const struct tvm *t);
/* FINALIZE: the words of register 6 that say it all. */
void tvm_aia_measure(const struct tvm *t, struct sha384_ctx *ctx);

/*
 * RUNNABLE. TSM_E_PARAM: no geometry, mask, state of the vCPU, or wrong hart; TSM_E_ADDRESS: the file is not converted and
 * fenced, or the TVM's fence is not complete; TSM_E_NO_PTPAGES; TSM_AGAIN.
 */
enum tsm_err tvm_aia_bind(struct tvm *t, struct vcpu *v, u64 mask);
enum tsm_err tvm_aia_unbind_begin(struct tvm *t, struct vcpu *v);
/* *ready: the software file would interrupt the vCPU if it had a file now. */
enum tsm_err tvm_aia_unbind_end(struct tvm *t, struct vcpu *v, bool *ready);
enum tsm_err tvm_aia_rebind_begin(struct tvm *t, struct vcpu *v, u64 mask);
enum tsm_err tvm_aia_rebind_clone(struct tvm *t, struct vcpu *v);
enum tsm_err tvm_aia_rebind_end(struct vcpu *v);

/*
 * RUN_VCPU, the vCPU being VCPU_RUNNING: true when it has no file or is bound to this hart; *number is the file's, for
 * hstatus.VGEIN. *elsewhere: it is bound to another hart.
 */
bool tvm_aia_runnable(const struct tvm *t, struct vcpu *v, u64 *number, bool *elsewhere);

/*
 * A vCPU's store of @value to an interrupt file of its TVM that is not mapped: false when no vCPU has its file at @gpa. *raised is
 * the vCPU for which an interrupt has become pending, or NULL.
 */
bool tvm_aia_store(struct tvm *t, gpa_t gpa, u32 value, struct vcpu **raised);

/* DESTROY: the vCPU's files go back to the host, converted; they are cleared on their own hart before anybody sees them. */
void tvm_aia_release(struct tvm *t, struct vcpu *v);

/* info of a converted interrupt file's page word: it may still hold a TVM's state. */
#define IRQ_FILE_DIRTY	2

#endif
