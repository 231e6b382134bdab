/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/aplic.h"
#include "rv/fetch.h"
#include "rv/inject.h"
#include "rv/mmio_insn.h"

#define MAX_APLICS		8

#define TARGET_GUEST_SHIFT	12
#define TARGET_GUEST_MASK	0x3fU
#define HOST_FILE		1U		/* guest index of the host's own interrupt file */

static spa_t pages[MAX_APLICS];
static u32 count;

bool aplic_add(spa_t base)
{
	if (count == MAX_APLICS)
		return false;
	pages[count++] = SPA(base.v + APLIC_TARGET_PAGE);
	return true;
}

static bool is_aplic(hpa_t hpa)
{
	for (u32 i = 0; i < count; i++)
		if (ALIGN_DOWN(hpa.v, PAGE_SIZE) == pages[i].v)
			return true;
	return false;
}

/*
 * The fields are WARL: a target that the host may not aim at leaves the register as it is. genmsi has no guest index, it
 * reaches supervisor files only, and those are the TSM's: it reads 0 and takes nothing.
 */
static void store(hpa_t hpa, u32 value)
{
	bool genmsi = (hpa.v & PAGE_MASK) == 0;

	if (!genmsi && (value >> TARGET_GUEST_SHIFT & TARGET_GUEST_MASK) == HOST_FILE)
		rv_mmio_write32(SPA(hpa.v), value);
}

static u32 load(hpa_t hpa)
{
	return hpa.v & PAGE_MASK ? rv_mmio_read32(SPA(hpa.v)) : 0;
}

bool aplic_host_fault(struct world *w, u64 scause, u64 stval, hpa_t hpa)
{
	struct mmio_op op;
	u32 insn;

	if (scause == CAUSE_FETCH_GUEST || !is_aplic(hpa))
		return false;
	/* The code may have changed under another hart: the host tries again, and takes that fault itself. */
	if (!rv_fetch_insn(w->sepc, &insn))
		return true;
	if (!mmio_decode(insn, &op) || op.width != 4 || hpa.v & 3 ||
	    op.store != (scause == CAUSE_STORE_GUEST)) {
		world_inject(w, scause == CAUSE_STORE_GUEST ? CAUSE_STORE_ACCESS : CAUSE_LOAD_ACCESS, stval);
		return true;
	}
	if (op.store)
		store(hpa, (u32)w->gpr[op.reg]);
	else if (op.reg)
		w->gpr[op.reg] = mmio_load_value(&op, load(hpa));
	w->sepc += op.length;
	return true;
}
