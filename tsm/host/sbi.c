/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/sbi.h"
#include "base/err.h"
#include "host/hcsr.h"
#include "host/hsm.h"
#include "host/pmu.h"
#include "host/space.h"
#include "platform.h"
#include <sbi.h>
#include <tsm_ext.h>

/* What Base reports about the machine, read once. */
static struct {
	u64 mvendorid, marchid, mimpid;
} firmware;

static void reply(struct world *w, s64 error, s64 value)
{
	w->gpr[REG_A0] = (u64)error;
	w->gpr[REG_A1] = (u64)value;
}

static u64 firmware_base(u64 fid)
{
	struct sbiret r = sbi_call(SBI_EXT_BASE, fid, 0, 0, 0, 0, 0);

	return r.error ? 0 : (u64)r.value;
}

void host_sbi_init(void)
{
	firmware.mvendorid = firmware_base(SBI_BASE_MVENDORID);
	firmware.marchid = firmware_base(SBI_BASE_MARCHID);
	firmware.mimpid = firmware_base(SBI_BASE_MIMPID);
}

/* The two whose answer depends on more than their number. */
static __noinline struct world *probe_varying(struct world *w, u64 eid, u64 last)
{
	bool offered = pmu_exists();

	if (eid == SBI_EXT_NACL) {
		/*
		 * Stock KVM probes RFENCE right before NACL and would then queue fences into a ring that nobody drains; the
		 * CoVE clients never do that (DECISIONS 10).
		 */
		offered = last != SBI_EXT_RFENCE;
		hcsr_offer_files(offered);
	}
	reply(w, SBI_SUCCESS, offered);
	return w;
}

/* SBI 4.4: 0, or what is offered. COVG is 0: a host that saw it would take itself for a TVM (ABI.md 1.4). */
static inline struct world *probe(struct world *w)
{
	struct hart *h = this_hart();
	u64 eid = w->gpr[REG_A0], last = h->last_probe;

	h->last_probe = eid;
	w->gpr[REG_A0] = SBI_SUCCESS;
	switch (eid) {
	case SBI_EXT_LEGACY_PUTCHAR:
	case SBI_EXT_LEGACY_GETCHAR:
	case SBI_EXT_BASE:
	case SBI_EXT_TIME:
	case SBI_EXT_IPI:
	case SBI_EXT_RFENCE:
	case SBI_EXT_HSM:
	case SBI_EXT_SRST:
	case SBI_EXT_DBCN:
	case SBI_EXT_COVH:
	case SBI_EXT_COVI:
	case SBI_EXT_SUPD:
	case SBI_EXT_TSM:
		w->gpr[REG_A1] = 1;
		return w;
	case SBI_EXT_PMU:
	case SBI_EXT_NACL:
		return probe_varying(w, eid, last);
	}
	w->gpr[REG_A1] = 0;
	return w;
}

static bool base_value(u64 fid, u64 *value)
{
	switch (fid) {
	case SBI_BASE_SPEC_VERSION:
		*value = SBI_SPEC_VERSION_2_0;
		return true;
	case SBI_BASE_IMPL_ID:
		*value = TSM_SBI_IMPL_ID;
		return true;
	case SBI_BASE_IMPL_VERSION:
		*value = TSM_VERSION;
		return true;
	case SBI_BASE_MVENDORID:
		*value = firmware.mvendorid;
		return true;
	case SBI_BASE_MARCHID:
		*value = firmware.marchid;
		return true;
	case SBI_BASE_MIMPID:
		*value = firmware.mimpid;
		return true;
	}
	return false;
}

/* No stack and no call in a probe. */
struct world *host_base_call(struct world *w)
{
	u64 fid = w->gpr[REG_A6], value = 0;
	bool known;

	w->sepc += 4;
	if (likely(fid == SBI_BASE_PROBE))
		return probe(w);
	known = base_value(fid, &value);
	reply(w, known ? SBI_SUCCESS : SBI_ERR_NOT_SUPPORTED, (s64)value);
	return w;
}

static void time_call(struct world *w, u64 fid)
{
	if (fid != SBI_TIME_SET_TIMER)
		return reply(w, SBI_ERR_NOT_SUPPORTED, 0);
	csr_write(CSR_VSTIMECMP, w->gpr[REG_A0]);
	reply(w, SBI_SUCCESS, 0);
}

/*
 * The harts that an SBI mask names, as a bit per hart index. A bit that names no hart of this machine is an error; a
 * hart that the host has not started is left out. mask_base of all ones means every hart.
 */
static bool mask_harts(u64 mask, u64 base, u64 *indices)
{
	u64 found = 0;

	*indices = 0;
	for (u32 i = 0; i < hart_count; i++) {
		u64 bit = harts[i]->hartid - base;

		if (base != ~0ULL) {
			if (bit >= 64 || !(mask & BIT(bit)))
				continue;
			found |= BIT(bit);
		}
		if (__atomic_load_n(&harts[i]->state, __ATOMIC_ACQUIRE) == HART_STARTED)
			*indices |= BIT(i);
	}
	return base == ~0ULL || found == mask;
}

static void ipi_call(struct world *w, u64 fid)
{
	u64 indices;

	if (fid != SBI_IPI_SEND)
		return reply(w, SBI_ERR_NOT_SUPPORTED, 0);
	if (!mask_harts(w->gpr[REG_A0], w->gpr[REG_A1], &indices))
		return reply(w, SBI_ERR_INVALID_PARAM, 0);
	for (u32 i = 0; i < hart_count; i++) {
		if (!(indices & BIT(i)))
			continue;
		if (harts[i] == this_hart())
			csr_set(CSR_HVIP, BIT(IRQ_VSSI));
		else
			hart_request(harts[i], HART_REQ_SSIP);
	}
	reply(w, SBI_SUCCESS, 0);
}

/* The host's VS-stage fences are the firmware's hfence.vvma for the VMID that is in hgatp: the host's. */
static void rfence_call(struct world *w, u64 fid)
{
	static const u8 forwarded[] = {
		[SBI_RFENCE_FENCE_I] = SBI_RFENCE_FENCE_I,
		[SBI_RFENCE_SFENCE_VMA] = SBI_RFENCE_HFENCE_VVMA,
		[SBI_RFENCE_SFENCE_VMA_ASID] = SBI_RFENCE_HFENCE_VVMA_ASID,
	};
	u64 start = w->gpr[REG_A2], size = w->gpr[REG_A3], asid = w->gpr[REG_A4];
	u64 indices;

	if (fid >= ARRAY_SIZE(forwarded))
		return reply(w, SBI_ERR_NOT_SUPPORTED, 0);
	if (!mask_harts(w->gpr[REG_A0], w->gpr[REG_A1], &indices))
		return reply(w, SBI_ERR_INVALID_PARAM, 0);
	for (u32 i = 0; i < hart_count; i++) {
		u64 id = harts[i]->hartid;
		u64 base = id, mask = 0;

		/* One call for all harts whose ids fit one mask; ids are sparse on some boards. */
		for (u32 j = i; j < hart_count; j++) {
			u64 bit = harts[j]->hartid - base;

			if ((indices & BIT(j)) && bit < 64) {
				mask |= BIT(bit);
				indices &= ~BIT(j);
			}
		}
		if (mask) {
			struct sbiret r = sbi_call(SBI_EXT_RFENCE, forwarded[fid], mask, base, start,
						   size, asid);
			if (r.error)
				return reply(w, SBI_ERR_FAILED, 0);
		}
	}
	reply(w, SBI_SUCCESS, 0);
}

static void srst_call(struct hart *h, struct world *w, u64 fid)
{
	u64 type = w->gpr[REG_A0], reason = w->gpr[REG_A1];
	struct sbiret r;
	u64 scrubbed;

	if (fid != SBI_SRST_RESET)
		return reply(w, SBI_ERR_NOT_SUPPORTED, 0);
	if (type > SBI_SRST_TYPE_WARM_REBOOT || reason > SBI_SRST_REASON_FAILURE)
		return reply(w, SBI_ERR_INVALID_PARAM, 0);
	if (!hsm_park_others(h))
		return reply(w, SBI_ERR_FAILED, 0);
	scrubbed = page_scrub_confidential();
	r = sbi_call(SBI_EXT_SRST, SBI_SRST_RESET, type, reason, 0, 0, 0);
	/* The firmware refuses. Without TVMs the host can go on; with them gone it cannot. */
	if (scrubbed)
		platform_fail();
	hsm_unpark_others();
	reply(w, r.error ? r.error : SBI_ERR_FAILED, 0);
}

/* One call moves at most this much: DBCN lets a call do less than it was asked, and a caller that needs more comes back. */
#define DBCN_MAX	1024
#define DBCN_CHUNK	128

/*
 * The firmware sees a buffer of the TSM's, never the host's: it could not tell a converted page from an ordinary one.
 */
static enum tsm_err dbcn_write(hpa_t hpa, u64 n, u64 *moved)
{
	char buf[DBCN_CHUNK];

	if (host_copy_in(buf, hpa, n) != TSM_OK)
		return TSM_E_ADDRESS;
	platform_console_write(buf, n);
	*moved = n;
	return TSM_OK;
}

/* The buffer is checked before a byte is taken from the console: a refusal loses no input. */
static enum tsm_err dbcn_read(hpa_t hpa, u64 n, u64 *moved)
{
	char buf[DBCN_CHUNK];

	if (host_copy_in(buf, hpa, n) != TSM_OK)
		return TSM_E_ADDRESS;
	*moved = platform_console_read(buf, n);
	return *moved ? host_copy_out(hpa, buf, *moved) : TSM_OK;
}

static void dbcn_rw(struct world *w, bool write)
{
	u64 left = w->gpr[REG_A0], hi = w->gpr[REG_A2], done = 0;
	hpa_t hpa = HPA(w->gpr[REG_A1]);

	if (!left)
		return reply(w, SBI_SUCCESS, 0);
	if (hi || !range_ok(hpa.v, left - 1) ||
	    !page_range_is_ram(PFN(hpa.v >> PAGE_SHIFT),
			       ((hpa.v + (left - 1)) >> PAGE_SHIFT) - (hpa.v >> PAGE_SHIFT) + 1))
		return reply(w, SBI_ERR_INVALID_PARAM, 0);
	left = MIN(left, (u64)DBCN_MAX);
	while (left) {
		u64 n = MIN(left, (u64)DBCN_CHUNK);
		u64 moved;

		if ((write ? dbcn_write(hpa, n, &moved) : dbcn_read(hpa, n, &moved)) != TSM_OK)
			break;
		done += moved;
		hpa.v += moved;
		left -= moved;
		if (moved < n)
			return reply(w, SBI_SUCCESS, (s64)done);
	}
	reply(w, left && !done ? SBI_ERR_INVALID_PARAM : SBI_SUCCESS, (s64)done);
}

static void dbcn_call(struct world *w, u64 fid)
{
	char c = (char)w->gpr[REG_A0];

	switch (fid) {
	case SBI_DBCN_WRITE:
		return dbcn_rw(w, true);
	case SBI_DBCN_READ:
		return dbcn_rw(w, false);
	case SBI_DBCN_WRITE_BYTE:
		platform_console_write(&c, 1);
		return reply(w, SBI_SUCCESS, 0);
	}
	reply(w, SBI_ERR_NOT_SUPPORTED, 0);
}

/* Legacy calls return in a0 alone. */
static void legacy_putchar(struct world *w)
{
	char c = (char)w->gpr[REG_A0];

	platform_console_write(&c, 1);
	w->gpr[REG_A0] = 0;
}

static void legacy_getchar(struct world *w)
{
	char c;

	w->gpr[REG_A0] = platform_console_read(&c, 1) ? (u64)(u8)c : (u64)-1;
}

bool host_sbi_call(struct hart *h, struct world *w)
{
	u64 fid = w->gpr[REG_A6];

	/* Past the ECALL first: HSM stop and suspend replace the context. */
	w->sepc += 4;
	switch (w->gpr[REG_A7]) {
	case SBI_EXT_LEGACY_PUTCHAR:
		legacy_putchar(w);
		return true;
	case SBI_EXT_LEGACY_GETCHAR:
		legacy_getchar(w);
		return true;
	case SBI_EXT_TIME:
		time_call(w, fid);
		return true;
	case SBI_EXT_IPI:
		ipi_call(w, fid);
		return true;
	case SBI_EXT_RFENCE:
		rfence_call(w, fid);
		return true;
	case SBI_EXT_HSM:
		hsm_call(h, w, fid);
		return true;
	case SBI_EXT_SRST:
		srst_call(h, w, fid);
		return true;
	case SBI_EXT_DBCN:
		dbcn_call(w, fid);
		return true;
	case SBI_EXT_PMU:
		pmu_call(&h->pmu, w, fid);
		return true;
	}
	w->sepc -= 4;
	return false;
}
