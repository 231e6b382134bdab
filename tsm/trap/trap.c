/* SPDX-License-Identifier: BSD-2-Clause */
#include "trap/trap.h"
#include "abi/abi.h"
#include "base/check.h"
#include "host/hcsr.h"
#include "host/hsm.h"
#include "host/pmu.h"
#include "host/sgei.h"
#include "host/space.h"
#include "io/mediate.h"
#include "log/log.h"
#include "platform.h"
#include "rv/inject.h"

/* The access fault that answers a guest page fault of the host. */
static u64 access_fault(u64 scause)
{
	switch (scause) {
	case CAUSE_FETCH_GUEST:
		return CAUSE_FETCH_ACCESS;
	case CAUSE_LOAD_GUEST:
		return CAUSE_LOAD_ACCESS;
	}
	return CAUSE_STORE_ACCESS;
}

/*
 * The host reached for what it does not have: a converted frame, the TSM's memory, a hidden device. It takes an access fault.
 * A frame that came back, or a leaf that was split, may fault once more through a stale translation: flush and retry.
 */
static void host_guest_fault(struct world *w, u64 scause, u64 stval)
{
	hpa_t hpa = HPA(csr_read(CSR_HTVAL) << 2 | (stval & 3));
	pfn_t pfn = PFN(hpa.v >> PAGE_SHIFT);
	u64 word = page_word(pfn);
	/* Interrupt files are mapped, but not to be executed. */
	bool permitted = scause != CAUSE_FETCH_GUEST || !page_is_imsic(pfn);

	if (permitted && page_word_state(word) == PAGE_HOST && (page_word_busy(word) || host_space_maps(hpa))) {
		rv_hfence_gvma_vmid(HOST_VMID);
		return;
	}
	if (!mediate_host_fault(this_hart(), scause, stval, hpa))
		world_inject(w, access_fault(scause), stval);
}

static struct world *host_trap(struct hart *h, struct world *w, u64 scause, u64 stval)
{
	switch (scause) {
	case CAUSE_FETCH_GUEST:
	case CAUSE_LOAD_GUEST:
	case CAUSE_STORE_GUEST:
		host_guest_fault(w, scause, stval);
		return w;
	case CAUSE_VIRTUAL_INST:
		if (!hcsr_emulate(h, w, stval))
			world_inject(w, CAUSE_ILLEGAL, stval);
		return w;
	}
	/* Firmware may hand on what hedeleg would have given to the host. */
	world_inject(w, scause, stval);
	return w;
}

struct world *trap_handle(struct world *w, u64 scause, u64 stval)
{
	struct hart *h = this_hart();

	if (scause == (CAUSE_IRQ | IRQ_SSI))
		hsm_serve_requests(h);
	else if (scause == (CAUSE_IRQ | IRQ_LCOFI))
		pmu_overflow(h);
	if (h->vcpu)
		return abi_tvm_interrupt(h, scause);
	if (scause == (CAUSE_IRQ | IRQ_SGEI)) {
		sgei_trap(h, w);
	} else if (scause == (CAUSE_IRQ | IRQ_STI)) {
		/*
		 * Not armed while the host runs. QEMU's timer thread may set the bit just after vcpu_leave() has disarmed it, and
		 * then it stays: written again, or it traps for ever.
		 */
		csr_write(CSR_STIMECMP, ~0ULL);
	} else if (scause & CAUSE_IRQ) {
		/* The TSM's own, served above, or spurious. */
	} else {
		w = host_trap(h, w, scause, stval);
	}
	return w;
}

void __noreturn trap_panic(u64 sp, u64 ra)
{
	log_error("trap in the TSM: scause %lx stval %lx sepc %lx ra %lx sp %lx hart %lu",
		  csr_read(CSR_SCAUSE), csr_read(CSR_STVAL), csr_read(CSR_SEPC), ra, sp,
		  this_hart()->hartid);
	platform_fail();
}

void __noreturn panic(const char *what, const char *file, int line)
{
	log_error("check failed: %s (%s:%d) hart %lu", what, file, line, this_hart()->hartid);
	platform_fail();
}
