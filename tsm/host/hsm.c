/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/hsm.h"
#include "base/string.h"
#include "host/nacl.h"
#include "host/pmu.h"
#include "host/sgei.h"
#include "host/space.h"
#include "log/log.h"
#include "rv/world_switch.h"
#include <sbi.h>

/* How long a reset waits for another hart before it says so: 2 s at QEMU's 10 MHz. A loaded build machine may starve a hart. */
#define PARK_TICKS	20000000

static_assert((int)HART_STARTED == SBI_HSM_STARTED && (int)HART_STOPPED == SBI_HSM_STOPPED &&
	      (int)HART_START_PENDING == SBI_HSM_START_PENDING, "enum hart_state is what HSM reports");

struct hart_features hart_features;
struct hart *harts[MAX_HARTS];
u32 hart_count;
struct epoch_slot host_epoch_slots[MAX_HARTS + 1];

struct hart *hart_by_id(u64 hartid)
{
	for (u32 i = 0; i < hart_count; i++)
		if (harts[i]->hartid == hartid)
			return harts[i];
	return NULL;
}

void hart_request(struct hart *h, u64 bits)
{
	__atomic_fetch_or(&h->requests, bits, __ATOMIC_SEQ_CST);
	sbi_call(SBI_EXT_IPI, SBI_IPI_SEND, 1, h->hartid, 0, 0, 0);
}

/* Non-zero while a hart asks the firmware for a reset. */
static u32 resetting;

static void park(struct hart *h)
{
	__atomic_store_n(&h->parked, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&resetting, __ATOMIC_ACQUIRE))
		rv_relax();
	__atomic_store_n(&h->parked, 0, __ATOMIC_SEQ_CST);
}

static void park_wait(const struct hart *other)
{
	u64 deadline = csr_read(CSR_TIME) + PARK_TICKS;

	while (!__atomic_load_n(&other->parked, __ATOMIC_ACQUIRE)) {
		if (csr_read(CSR_TIME) < deadline) {
			rv_relax();
			continue;
		}
		log_warn("a reset waits for hart %lu", other->hartid);
		deadline = csr_read(CSR_TIME) + PARK_TICKS;
	}
}

bool hsm_park_others(struct hart *h)
{
	if (__atomic_exchange_n(&resetting, 1, __ATOMIC_SEQ_CST)) {
		park(h);
		return false;
	}
	for (u32 i = 0; i < hart_count; i++)
		if (harts[i] != h)
			hart_request(harts[i], HART_REQ_PARK);
	for (u32 i = 0; i < hart_count; i++)
		if (harts[i] != h)
			park_wait(harts[i]);
	return true;
}

void hsm_unpark_others(void)
{
	__atomic_store_n(&resetting, 0, __ATOMIC_SEQ_CST);
}

void hsm_serve_requests(struct hart *h)
{
	u64 requests;

	csr_clear(CSR_SIP, BIT(IRQ_SSI));
	requests = __atomic_fetch_and(&h->requests, HART_REQ_START, __ATOMIC_SEQ_CST);
	if (requests & HART_REQ_PARK)
		park(h);
	pmu_overflow(h);
	if (requests & HART_REQ_SSIP) {
		if (h->vcpu)
			h->host.hvip |= BIT(IRQ_VSSI);
		else
			csr_set(CSR_HVIP, BIT(IRQ_VSSI));
	}
}

void hsm_world_start(struct hart *h, u64 pc, u64 opaque)
{
	struct world *w = &h->host;

	memset(w, 0, sizeof(*w));
	w->sepc = pc;
	w->gpr[REG_A0] = h->hartid;
	w->gpr[REG_A1] = opaque;
	/* What is not moved at a change of world stays off. */
	w->sstatus = SSTATUS_SPP | SSTATUS_UXL_64 | (hart_features.fp ? SSTATUS_FS_INITIAL : 0) |
		     (hart_features.vector ? SSTATUS_VS_INITIAL : 0);
	w->hstatus = HSTATUS_SPV | HSTATUS_SPVP | HSTATUS_VSXL_64 | 1ULL << HSTATUS_VGEIN_SHIFT;
	w->hgatp = host_space_hgatp();
	w->tsm_sp = h->stack_top;
	w->tsm_tp = (u64)h;
	w->vsstatus = SSTATUS_UXL_64;
	w->vstimecmp = ~0ULL;
	/* As firmware leaves it: kernels without a PMU driver rely on user mode reading the time. */
	w->scounteren = HCOUNTEREN_CY | HCOUNTEREN_TM | HCOUNTEREN_IR;
	/* PLATFORM.md: what hardware sends on by itself never meets the firmware's redirection. */
	w->hedeleg = 0x1ff | BIT(CAUSE_FETCH_PAGE) | BIT(CAUSE_LOAD_PAGE) | BIT(CAUSE_STORE_PAGE);
	w->hideleg = BIT(IRQ_VSSI) | BIT(IRQ_VSTI) | BIT(IRQ_VSEI);
	/* A resume from suspend keeps what was allocated. */
	w->hcounteren = HCOUNTEREN_CY | HCOUNTEREN_TM | HCOUNTEREN_IR | h->pmu.owned;
	w->hvien = hart_features.lcofi ? BIT(IRQ_LCOFI) : 0;
	w->henvcfg = hart_features.henvcfg;
	w->hstateen0 = hart_features.hstateen0;
	world_load(w, hart_features.world_csrs);
	rv_hfence_vvma_all();
}

static bool take_start(struct hart *h)
{
	if (!(__atomic_fetch_and(&h->requests, ~HART_REQ_START, __ATOMIC_SEQ_CST) & HART_REQ_START))
		return false;
	hsm_world_start(h, h->start_addr, h->start_opaque);
	/* It may have been away for any time: whatever the host's code and tables were then is forgotten. */
	rv_hfence_gvma_vmid(HOST_VMID);
	rv_fence_i();
	host_space_enter(h);
	__atomic_store_n(&h->state, HART_STARTED, __ATOMIC_SEQ_CST);
	return true;
}

void hsm_wait_for_start(struct hart *h)
{
	for (;;) {
		hsm_serve_requests(h);
		if (take_start(h))
			return;
		rv_wfi();
	}
}

static void reply(struct world *w, s64 error, s64 value)
{
	w->gpr[REG_A0] = (u64)error;
	w->gpr[REG_A1] = (u64)value;
}

static bool is_host_ram(u64 addr)
{
	pfn_t pfn = PFN(addr >> PAGE_SHIFT);

	return page_range_is_ram(pfn, 1) && page_word_state(page_word(pfn)) == PAGE_HOST;
}

static s64 start(u64 hartid, u64 addr, u64 opaque)
{
	struct hart *h = hart_by_id(hartid);
	enum hart_state old = HART_STOPPED;

	if (!h)
		return SBI_ERR_INVALID_PARAM;
	if (!is_host_ram(addr))
		return SBI_ERR_INVALID_ADDRESS;
	if (!__atomic_compare_exchange_n(&h->state, &old, HART_START_PENDING, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return SBI_ERR_ALREADY_AVAILABLE;
	h->start_addr = addr;
	h->start_opaque = opaque;
	hart_request(h, HART_REQ_START);
	return SBI_SUCCESS;
}

/* The host's context on this hart ends; it begins again at the next start. */
static void stop(struct hart *h)
{
	nacl_disable(h);
	pmu_release(h);
	memset(h->hcsr, 0, sizeof(h->hcsr));
	sgei_update(h);
	/* The host's interrupt file and timer must not wake what is stopped. */
	csr_write(CSR_VSIE, 0);
	csr_write(CSR_VSTIMECMP, ~0ULL);
	csr_write(CSR_HVIP, 0);
	host_space_leave(h);
	__atomic_store_n(&h->state, HART_STOPPED, __ATOMIC_SEQ_CST);
	hsm_wait_for_start(h);
}

/* The reply to a suspend, or the world of a resume without retention, is in @w. */
static void suspend(struct hart *h, struct world *w, u64 type, u64 resume, u64 opaque)
{
	bool retentive = type == SBI_HSM_SUSPEND_RETENTIVE;
	u64 vstimecmp, hvip, vtsr;

	if (!retentive && type != SBI_HSM_SUSPEND_NON_RETENTIVE)
		return reply(w, SBI_ERR_INVALID_PARAM, 0);
	if (!retentive && !is_host_ram(resume))
		return reply(w, SBI_ERR_INVALID_ADDRESS, 0);
	/* WFI wakes on what is pending and enabled in vsie, because those bits are hie's. */
	for (;;) {
		hsm_serve_requests(h);
		if ((csr_read(CSR_VSIP) & csr_read(CSR_VSIE)) || (csr_read(CSR_HGEIP) & csr_read(CSR_HGEIE)))
			break;
		rv_wfi();
	}
	if (retentive)
		return reply(w, SBI_SUCCESS, 0);
	/* What is pending stays pending; kernels that do not save the timer expect it to survive. */
	vstimecmp = csr_read(CSR_VSTIMECMP);
	hvip = csr_read(CSR_HVIP);
	vtsr = w->hstatus & HSTATUS_VTSR;
	hsm_world_start(h, resume, opaque);
	w->hstatus |= vtsr;
	csr_write(CSR_VSTIMECMP, vstimecmp);
	csr_write(CSR_HVIP, hvip);
}

void hsm_call(struct hart *h, struct world *w, u64 fid)
{
	u64 a0 = w->gpr[REG_A0], a1 = w->gpr[REG_A1], a2 = w->gpr[REG_A2];
	struct hart *target;

	switch (fid) {
	case SBI_HSM_START:
		return reply(w, start(a0, a1, a2), 0);
	case SBI_HSM_STOP:
		return stop(h);
	case SBI_HSM_STATUS:
		target = hart_by_id(a0);
		if (!target)
			return reply(w, SBI_ERR_INVALID_PARAM, 0);
		return reply(w, SBI_SUCCESS, (s64)__atomic_load_n(&target->state, __ATOMIC_ACQUIRE));
	case SBI_HSM_SUSPEND:
		return suspend(h, w, a0, a1, a2);
	}
	reply(w, SBI_ERR_NOT_SUPPORTED, 0);
}
