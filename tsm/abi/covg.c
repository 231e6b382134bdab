/* SPDX-License-Identifier: BSD-2-Clause */
/* COVG: what a TVM asks of the TSM (ABI.md 6, 15.2). */
#include "abi/tvm_sbi.h"
#include "cove/covg.h"
#include "sbi.h"

static u64 arg(const struct tvm_call *c, u32 i)
{
	return c->vcpu->world.gpr[REG_A0 + i];
}

/* The TVM has its answer; the host is told what was asked (ABI.md 9.4 row 2). */
static bool notify(const struct tvm_call *c, u64 fid)
{
	exit_notify(c->exit, SBI_EXT_COVG, fid, arg(c, 0), arg(c, 1), false);
	tvm_reply(c, SBI_SUCCESS, 0);
	return false;
}

/* A page-aligned, non-empty range inside the guest-physical space. */
static bool range_valid(u64 gpa, u64 size)
{
	return size && IS_ALIGNED(gpa, PAGE_SIZE) && IS_ALIGNED(size, PAGE_SIZE) &&
	       gpa < GSTAGE_GPA_END && size <= GSTAGE_GPA_END - gpa;
}

/* Refuses: range, overlap with any region (-5); no descriptor (-1). */
static bool add_mmio(const struct tvm_call *c)
{
	if (!range_valid(arg(c, 0), arg(c, 1)))
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	switch (tvm_region_add(c->tvm, arg(c, 0), arg(c, 1), REGION_MMIO)) {
	case TSM_OK:
		return notify(c, COVG_ADD_MMIO_REGION);
	case TSM_E_NO_MEMORY:
		return tvm_reply(c, SBI_ERR_FAILED, 0);
	default:
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	}
}

/* Takes out every MMIO region that overlaps. Refuses: range, none there (-5). */
static bool remove_mmio(const struct tvm_call *c)
{
	if (!range_valid(arg(c, 0), arg(c, 1)))
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	switch (tvm_region_remove(c->tvm, arg(c, 0), arg(c, 1), REGION_MMIO)) {
	case TSM_OK:
		return notify(c, COVG_REMOVE_MMIO_REGION);
	case TSM_AGAIN:
		/* The TVM makes the call again, after whatever interrupt of the host is waiting. */
		return true;
	default:
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	}
}

/*
 * Share and unshare go to the host, which takes its pages out or agrees; the request ends at the
 * next run (ABI.md 9.5). Refuses: unaligned (-5); not all in one region of the other kind (-3); no
 * descriptor (-1).
 */
static bool change_sharing(const struct tvm_call *c, enum region_type from, enum region_type to,
			   enum vcpu_pending pending)
{
	struct gstage_span span = { GPA(arg(c, 0)), arg(c, 1) };

	if (!range_valid(span.gpa.v, span.size))
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	switch (tvm_share_request(c->tvm, &span, from, to)) {
	case TSM_OK:
		break;
	case TSM_E_NO_MEMORY:
		return tvm_reply(c, SBI_ERR_FAILED, 0);
	default:
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	}
	exit_ecall(c->exit, c->vcpu, 2, pending);
	c->vcpu->share = (struct vcpu_share){ .span = span };
	return false;
}

/* Per calling vCPU; everything is denied at first. Refuses: no interrupt file, no such identity (-3). */
static bool change_interrupts(const struct tvm_call *c, u64 fid)
{
	if (!c->tvm->aia.valid || !irq_allow(&c->vcpu->irq, arg(c, 0), fid == COVG_ALLOW_EXT_INTERRUPT))
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	return notify(c, fid);
}

bool tvm_covg_call(const struct tvm_call *c)
{
	switch (c->vcpu->world.gpr[REG_A6]) {
	case COVG_ADD_MMIO_REGION:
		return add_mmio(c);
	case COVG_REMOVE_MMIO_REGION:
		return remove_mmio(c);
	case COVG_SHARE_MEMORY:
		return change_sharing(c, REGION_CONFIDENTIAL, REGION_CONFIDENTIAL_REMOVABLE,
				      PENDING_SHARE);
	case COVG_UNSHARE_MEMORY:
		return change_sharing(c, REGION_SHARED, REGION_SHARED_REMOVABLE, PENDING_UNSHARE);
	case COVG_ALLOW_EXT_INTERRUPT:
	case COVG_DENY_EXT_INTERRUPT:
		return change_interrupts(c, c->vcpu->world.gpr[REG_A6]);
	case COVG_GET_ATTCAPS:
		return covg_get_attcaps(c);
	case COVG_EXTEND_MEASUREMENT:
		return covg_extend_measurement(c);
	case COVG_GET_EVIDENCE:
		return covg_get_evidence(c);
	case COVG_RETRIEVE_SECRET:
		return covg_retrieve_secret(c);
	case COVG_READ_MEASUREMENT:
		return covg_read_measurement(c);
	}
	return tvm_reply(c, SBI_ERR_NOT_SUPPORTED, 0);
}
