/* SPDX-License-Identifier: BSD-2-Clause */
/* SBI nested acceleration (NACL): functions and the layout of the per-hart shared memory that RUN_VCPU uses. */
#ifndef COVE_NACL_H
#define COVE_NACL_H

#define NACL_PROBE_FEATURE		0
#define NACL_SET_SHMEM			1
#define NACL_SYNC_CSR			2
#define NACL_SYNC_HFENCE		3
#define NACL_SYNC_SRET			4

#define NACL_FEAT_SYNC_CSR		0
#define NACL_FEAT_SYNC_HFENCE		1
#define NACL_FEAT_SYNC_SRET		2
#define NACL_FEAT_AUTOSWAP_CSR		3

#define NACL_SHMEM_SIZE			0x3000
#define NACL_SHMEM_PAGES		3
#define NACL_SHMEM_GPR			0x0000	/* word i: x<i> */
#define NACL_SHMEM_AUTOSWAP		0x0200
#define NACL_SHMEM_HFENCE		0x0800
#define NACL_SHMEM_CSR_DIRTY		0x0f80
#define NACL_SHMEM_CSR			0x1000	/* 1024 words */

#define NACL_SHMEM_DISABLE		(~0ULL)

/* Byte offsets of a general purpose register and of a CSR in the area */
#define NACL_GPR_OFFSET(x)		(NACL_SHMEM_GPR + 8 * (x))
#define NACL_CSR_INDEX(csr)		((((csr) & 0xc00) >> 2) | ((csr) & 0xff))
#define NACL_CSR_OFFSET(csr)		(NACL_SHMEM_CSR + 8 * NACL_CSR_INDEX(csr))

#ifndef __ASSEMBLER__
_Static_assert(NACL_CSR_OFFSET(0x643) == 0x1a18, "ABI 8.1: htval");
_Static_assert(NACL_CSR_OFFSET(0x605) == 0x1828, "ABI 8.1: htimedelta");
_Static_assert(NACL_CSR_OFFSET(0x204) == 0x1020, "ABI 8.1: vsie");
_Static_assert(NACL_CSR_OFFSET(0x24d) == 0x1268, "ABI 8.1: vstimecmp");
#endif

#endif
