/* SPDX-License-Identifier: BSD-2-Clause */
/* CoVE interrupt extension (COVI). The numbers are the same for every client. */
#ifndef COVE_COVI_H
#define COVE_COVI_H

#define COVI_INIT_AIA			0
#define COVI_SET_CPU_IMSIC_ADDR		1
#define COVI_CONVERT_IMSIC		2
#define COVI_RECLAIM_IMSIC		3
#define COVI_BIND			4
#define COVI_UNBIND_BEGIN		5
#define COVI_UNBIND_END			6
#define COVI_INJECT			7
#define COVI_REBIND_BEGIN		8
#define COVI_REBIND_CLONE		9
#define COVI_REBIND_END			10

/*
 * a2 of UNBIND_BEGIN, of our own: until the vCPU is bound again the host is told of what arrives for it. UNBIND_END's value is 1
 * if an interrupt waits, and a store to its file by another vCPU ends as an SBI IPI does. Any other a2 means nothing.
 */
#define COVI_UNBIND_TELL		0x54454c4cULL

#ifndef __ASSEMBLER__
#include "cove/covh.h"

/* INIT_AIA: where the interrupt files of a TVM are, as the TVM sees them (ABI 3.3). */
struct cove_tvm_aia_params {
	cove_u64 imsic_base_addr;	/* GPA of group 0, hart 0, guest 0 */
	cove_u32 group_index_bits;
	cove_u32 group_index_shift;	/* >= 24 */
	cove_u32 hart_index_bits;
	cove_u32 guest_index_bits;
	cove_u32 guests_per_hart;
	cove_u32 reserved;
};

_Static_assert(sizeof(struct cove_tvm_aia_params) == 32, "ABI 3.3");
#endif

#endif
