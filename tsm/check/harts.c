/* SPDX-License-Identifier: BSD-2-Clause */
/* Where each hart is, and what that pins. */
#include "check/check.h"
#include "cove/nacl.h"
#include "rv_arch.h"

static void hart_vcpu(const struct hart *h)
{
	u64 frame = ptr_spa(h->vcpu).v >> PAGE_SHIFT;
	u64 word = check_word(frame);
	const struct epoch_slot *slot = &host_epoch_slots[h->index];

	check_that(w_state(word) == W_VCPU && w_owner(word) == h->vcpu->tvm_id,
		   "the vCPU on a hart is one", h->index, word);
	check_that(h->vcpu->power == VCPU_RUNNING, "the vCPU on a hart is running", h->index, h->vcpu->power);
	check_that(!slot->active, "a hart in a TVM holds back no fence of the host's", h->index, slot->version);
}

void check_harts(struct check_sums *s)
{
	for (u32 i = 0; i < hart_count; i++) {
		const struct hart *h = harts[i];
		const struct epoch_slot *slot = &host_epoch_slots[i];

		if (h->nacl_shmem)
			for (u64 p = 0; p < NACL_SHMEM_PAGES; p++)
				tally_add(&s->pins_found, (h->nacl_shmem >> PAGE_SHIFT) + p, 1);
		check_that(slot->version <= host_epoch.current, "no hart has flushed for a fence to come", i,
			   slot->version);
		if (h->vcpu)
			hart_vcpu(h);
		else if (h == this_hart())
			check_that(slot->active, "a hart in the host holds fences back", i, slot->version);
	}
}
