/* SPDX-License-Identifier: BSD-2-Clause */
#include "abi/stretch.h"
#include "page/page.h"
#include "rv_arch.h"

/* Frames between two looks at the host's interrupts: about 35,000 instructions without Zicboz. */
#define STRETCH_PAGES	64

bool host_wants_hart(void)
{
	if (csr_read(CSR_SIP) & csr_read(CSR_SIE))
		return true;
	return (csr_read(CSR_VSSTATUS) & SSTATUS_SIE) && (csr_read(CSR_VSIP) & csr_read(CSR_VSIE));
}

bool stretch_scrub(pfn_t pfn, u64 count)
{
	for (u64 done = 0;;) {
		done += page_scrub_some(pfn_add(pfn, done), count - done, STRETCH_PAGES);
		if (done == count)
			return true;
		if (host_wants_hart()) {
			page_unclaim_clean(pfn, count, done);
			return false;
		}
	}
}

enum tsm_err stretch_sweep(struct tvm *t, const struct sweep_call *c)
{
	enum tsm_err err = tvm_sweep_begin(t, c);

	if (err != TSM_OK)
		return err;
	while (!sweep_step(&t->sweep, t)) {
		if (!host_wants_hart())
			continue;
		tvm_sweep_pause(t);
		return TSM_AGAIN;
	}
	return tvm_sweep_end(t);
}
