/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/mediate.h"
#include "host/hsm.h"
#include "io/pci.h"
#include "page/page.h"
#include "platform.h"
#include "rv/fetch.h"
#include "rv/inject.h"
#include "rv/mmio_insn.h"

#define MAX_RANGES		32

#define TARGET_HART_SHIFT	18
#define TARGET_GUEST_SHIFT	12
#define TARGET_GUEST_MASK	0x3fU
#define RESET_CODE(value, code)	(((value) & 0xffff) == (code))
#define RESET_TICKS		20000000ULL	/* until a reset that was asked for must have happened: 2 s at 10 MHz */

#define HOST_FILE		1U		/* guest index of the host's own interrupt file */

static struct mediated_range ranges[MAX_RANGES];
static u32 count;

bool mediate_add(enum mediated kind, spa_t base, u64 size)
{
	if (count == MAX_RANGES)
		return false;
	ranges[count++] = (struct mediated_range){ kind, base.v, size };
	return true;
}

const struct mediated_range *mediate_next(u64 base, u64 end)
{
	const struct mediated_range *found = NULL;

	for (u32 i = 0; i < count; i++)
		if (ranges_overlap(ranges[i].base, ranges[i].size, base, end - base) &&
		    (!found || ranges[i].base < found->base))
			found = &ranges[i];
	return found;
}

/* The host's own file of a hart that there is. */
static bool target_ok(u32 value)
{
	if ((value >> TARGET_GUEST_SHIFT & TARGET_GUEST_MASK) != HOST_FILE)
		return false;
	for (u32 i = 0; i < hart_count; i++)
		if (harts[i]->msi_index == value >> TARGET_HART_SHIFT)
			return true;
	return false;
}

/*
 * The fields are WARL: a target that the host may not aim at leaves the register as it is. genmsi has no guest index, it
 * reaches supervisor files only, and those are the TSM's: it reads 0 and takes nothing.
 */
static void aplic_store(hpa_t hpa, u32 value)
{
	bool genmsi = (hpa.v & PAGE_MASK) == 0;

	if (!genmsi && target_ok(value))
		rv_mmio_write32(SPA(hpa.v), value);
}

/*
 * The device acts on three codes in its first register; nothing else is passed on. Once confidential memory is zeroed the TVMs are
 * no more, so there is no way back from here: if the machine goes on all the same, it is ended.
 */
static void reset_store(struct hart *h, hpa_t hpa, u32 value)
{
	u64 deadline;

	if ((hpa.v & PAGE_MASK) || !(RESET_CODE(value, 0x3333) || RESET_CODE(value, 0x5555) ||
				     RESET_CODE(value, 0x7777)) || !hsm_park_others(h))
		return;
	page_scrub_confidential();
	rv_mmio_write32(SPA(hpa.v), value);
	deadline = csr_read(CSR_TIME) + RESET_TICKS;
	while (csr_read(CSR_TIME) < deadline)
		rv_relax();
	platform_fail();
}

static void store(struct hart *h, enum mediated kind, hpa_t hpa, u32 bytes, u32 value)
{
	switch (kind) {
	case MEDIATED_APLIC_TARGETS:
		return aplic_store(hpa, value);
	case MEDIATED_RESET:
		return reset_store(h, hpa, value);
	case MEDIATED_PCI:
		return pci_store(SPA(hpa.v), bytes, value);
	case MEDIATED_HIDDEN:
		break;
	}
}

static u32 load(enum mediated kind, hpa_t hpa, u32 bytes)
{
	if (kind == MEDIATED_PCI)
		return pci_load(SPA(hpa.v), bytes);
	if (kind == MEDIATED_APLIC_TARGETS && !(hpa.v & PAGE_MASK))
		return 0;
	return rv_mmio_read32(SPA(hpa.v));
}

static bool width_ok(enum mediated kind, u32 bytes)
{
	switch (kind) {
	case MEDIATED_APLIC_TARGETS:
	case MEDIATED_RESET:
		return bytes == 4;
	case MEDIATED_PCI:
		return bytes <= 4;
	case MEDIATED_HIDDEN:
		break;
	}
	return false;
}

static void access(struct hart *h, enum mediated kind, u64 scause, u64 stval, hpa_t hpa)
{
	struct world *w = &h->host;
	struct mmio_op op;
	u32 insn;

	/* The code may have changed under another hart: the host tries again, and takes that fault itself. */
	if (!rv_fetch_insn(w->sepc, &insn))
		return;
	if (!mmio_decode(insn, &op) || !width_ok(kind, op.width) || hpa.v & (op.width - 1) ||
	    op.store != (scause == CAUSE_STORE_GUEST))
		return world_inject(w, scause == CAUSE_STORE_GUEST ? CAUSE_STORE_ACCESS : CAUSE_LOAD_ACCESS,
				    stval);
	if (op.store)
		store(h, kind, hpa, op.width, (u32)w->gpr[op.reg]);
	else if (op.reg)
		w->gpr[op.reg] = mmio_load_value(&op, load(kind, hpa, op.width));
	w->sepc += op.length;
}

bool mediate_host_fault(struct hart *h, u64 scause, u64 stval, hpa_t hpa)
{
	if (scause == CAUSE_FETCH_GUEST)
		return false;
	for (u32 i = 0; i < count; i++) {
		if (hpa.v - ranges[i].base >= ranges[i].size)
			continue;
		access(h, ranges[i].kind, scause, stval, hpa);
		return true;
	}
	return false;
}
