/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that trap from the host as virtual: CSRs that its ISA promises and the TSM answers for. The host keeps `h`,
 * so a stock kvm.ko and the CoVE clients touch the hypervisor's CSRs; they find a virtual file of them (one table).
 */
#ifndef HOST_HCSR_H
#define HOST_HCSR_H

#include "host/hart.h"

/*
 * Whether hgeie shows the guest files that the host can give to TVMs. Not before a CoVE host has asked for NACL: stock KVM would take
 * them for its own (DECISIONS 10).
 */
void hcsr_offer_files(bool offer);

/* A register of the virtual file, by CSR number. */
u64 hcsr_read(const struct hart *h, u32 number);

/*
 * Emulates the instruction in @stval (0: it is fetched) that trapped in the host's world @w, and steps over it. False:
 * it is none of those, nothing has changed.
 */
bool hcsr_emulate(struct hart *h, struct world *w, u64 stval);

#endif
