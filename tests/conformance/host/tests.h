/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_H
#define TESTS_H

#include "../rt/rt.h"
#include "../rt/cove.h"
#include "../rt/tap.h"
#include "../rt/tvm.h"

/* In the order in which they run. */
#define GROUPS(X)								\
	X(runtime) X(sbi) X(sbi_hostile) X(hsm) X(hsm_harts) X(irq) X(hidden)	\
	X(info) X(nacl) X(convert) X(fence) X(create) X(add) X(measure)		\
	X(finalize) X(run) X(exits) X(mmio) X(host_irq) X(regs) X(tvm_calls)	\
	X(attest) X(attest_harts) X(atst) X(evidence) X(leak) X(fpv) X(fpv_harts) X(pmu) X(pmu_tvm) X(covi) X(bind) X(aia) X(rebinding) X(aia_harts)		\
	X(sgei) X(sgei_harts) X(turns) X(no_files)				\
	X(share) X(shared_pages) X(block) X(block_harts) X(fold) X(ipi) X(client) X(client_harts)		\
	X(pci) X(pci_harts) X(dma) X(dma_below)					\
	X(matrix) X(isolation) X(life) X(harts) X(stress) X(many) X(gigabyte)	\
	X(all_memory) X(hostile)

#define GROUP_DECLARE(g)	extern const struct group g##_group;
GROUPS(GROUP_DECLARE)

/* Runs a test body once for each way to call. */
static inline void in_every_numbering(void (*body)(void))
{
	for (u32 i = NUMBERING_RFC; i <= NUMBERING_SPEC_SDID; i++) {
		numbering_set((enum numbering)i);
		body();
	}
	numbering_set(NUMBERING_RFC);
}

/*
 * What scause is after a failed RUN, FINALIZE or BIND: 48 for the client that looks there (ABI
 * 17.2), as it was to a strict caller.
 */
static inline u64 fail_entry(u64 before)
{
	return strict() ? before : COVE_CAUSE_FAIL_ENTRY;
}

/* Addresses that are no memory of the host's, one by one; 0 ends the list. */
u64 foreign_address(u32 i, const char **name);

#endif
