/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SBI IPI and RFENCE for TVMs without interrupt files (reference/DECISIONS.md 8). A vCPU that is
 * not on a hart finds the request when it is entered; for one that is, its hart is interrupted. A
 * fence is complete when the call returns: the firmware performs it on harts that are in the TVM.
 */
#include "abi/tvm_sbi.h"
#include "rv_arch.h"
#include "sbi.h"

/* The standard pair of a mask and the id of its first bit; all ones: every vCPU. */
struct targets {
	u64 mask;
	u64 base;
	u64 count;		/* ids from base on that may be named */
};

static bool is_named(const struct targets *x, u64 i)
{
	return x->count != 64 || (x->mask & BIT(i));
}

/* Every vCPU that is named must exist. */
static bool targets_read(const struct tvm_call *c, struct targets *x)
{
	*x = (struct targets){ tvm_arg(c, 0), tvm_arg(c, 1), 64 };
	if (x->base == ~0ULL) {
		*x = (struct targets){ 0, 0, TVM_MAX_VCPUS };
		return true;
	}
	for (u64 i = 0; i < x->count; i++)
		if (is_named(x, i) && (x->base >= TVM_MAX_VCPUS || !tvm_vcpu(c->tvm, x->base + i)))
			return false;
	return true;
}

/* The call's own vCPU is on this hart: it is done here. */
static void ask_self(struct vcpu *v, u32 request)
{
	vcpu_ask(v, request);
	vcpu_serve_requests(v);
}

/* True: the host has to run a vCPU that is named. */
static bool send(const struct tvm_call *c, const struct targets *x)
{
	bool asleep = false;

	for (u64 i = 0; i < x->count; i++) {
		struct vcpu *v = is_named(x, i) ? tvm_vcpu(c->tvm, x->base + i) : NULL;
		struct hart *h;

		if (v == c->vcpu)
			ask_self(c->vcpu, VCPU_REQ_SSIP);
		if (!v || v == c->vcpu || vcpu_is_off(v))
			continue;
		h = vcpu_ask(v, VCPU_REQ_SSIP);
		if (h)
			hart_request(h, 0);
		else
			asleep = true;
	}
	return asleep;
}

bool tvm_ipi_call(const struct tvm_call *c, u64 fid)
{
	struct targets x;
	u64 mask = tvm_arg(c, 0), base = tvm_arg(c, 1);

	if (fid != SBI_IPI_SEND)
		return tvm_reply(c, SBI_ERR_NOT_SUPPORTED, 0);
	if (!targets_read(c, &x))
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	if (!send(c, &x))
		return tvm_reply(c, SBI_SUCCESS, 0);
	/* The interrupt is pending; the host is told for whom, since they may sleep there. */
	exit_notify(c->exit, SBI_EXT_IPI, fid, mask, base, false);
	tvm_reply(c, SBI_SUCCESS, 0);
	return false;
}

/*
 * The firmware fences the VMID that is in the caller's hgatp, and each hart hands out its own VMIDs. No walk may mix the two:
 * vsatp is off meanwhile.
 */
static bool fence_on(const struct hart *h, u64 firmware, u64 vmid)
{
	u64 vsatp = csr_swap(CSR_VSATP, 0);
	u64 hgatp = csr_read(CSR_HGATP);
	struct sbiret r;

	csr_write(CSR_HGATP, (hgatp & ~((BIT(HGATP_VMID_BITS) - 1) << HGATP_VMID_SHIFT)) |
		  vmid << HGATP_VMID_SHIFT);
	r = sbi_call(SBI_EXT_RFENCE, firmware, 1, h->hartid, 0, 0, 0);
	csr_write(CSR_HGATP, hgatp);
	csr_write(CSR_VSATP, vsatp);
	return !r.error;
}

/*
 * Address and address space are not looked at: everything of the vCPU's VS stage goes. Refuses: a
 * vCPU that does not exist (-3), the functions for hypervisors (-2).
 */
bool tvm_rfence_call(const struct tvm_call *c, u64 fid)
{
	u64 firmware = fid == SBI_RFENCE_FENCE_I ? SBI_RFENCE_FENCE_I : SBI_RFENCE_HFENCE_VVMA;
	u32 request = fid == SBI_RFENCE_FENCE_I ? VCPU_REQ_FENCE_I : VCPU_REQ_FENCE_VMA;
	struct targets x;

	if (fid > SBI_RFENCE_SFENCE_VMA_ASID)
		return tvm_reply(c, SBI_ERR_NOT_SUPPORTED, 0);
	if (!targets_read(c, &x))
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	for (u64 i = 0; i < x.count; i++) {
		struct vcpu *v = is_named(&x, i) ? tvm_vcpu(c->tvm, x.base + i) : NULL;
		struct hart *h;

		if (v == c->vcpu)
			ask_self(c->vcpu, request);
		if (!v || v == c->vcpu || vcpu_is_off(v))
			continue;
		h = vcpu_ask(v, request);
		if (h && !fence_on(h, firmware, __atomic_load_n(&v->vmid, __ATOMIC_RELAXED)))
			return tvm_reply(c, SBI_ERR_FAILED, 0);
	}
	return tvm_reply(c, SBI_SUCCESS, 0);
}
