/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attestation payload: a secret that only one TVM receives, on one platform. Whoever has the secret
 * seals it to the platform's sealing key (claim COVE_CLAIM_SEALING_KEY) and to the measurements that the
 * TVM must have; the host hands it to the TSM with FINALIZE_TVM (a4: its address, aligned to 8; a5: its
 * exact size; what is no payload is ignored); the TVM receives the secret by COVG retrieve_secret. Little
 * endian. docs/attestation.md says how it is encrypted.
 */
#ifndef COVE_PAYLOAD_H
#define COVE_PAYLOAD_H

#include "cove/claims.h"
#include "cove/covg.h"

#define COVE_PAYLOAD_MAGIC		0x3150415445564f43	/* "COVETAP1" */
#define COVE_PAYLOAD_SIZE_MAX		4096
#define COVE_PAYLOAD_HEADER		256
#define COVE_PAYLOAD_TAG		16
#define COVE_PAYLOAD_SECRET_MAX	(COVE_PAYLOAD_SIZE_MAX - COVE_PAYLOAD_HEADER - COVE_PAYLOAD_TAG)
#define COVE_PAYLOAD_MRS		3	/* registers 4, 5 and 6 */
#define COVE_SECRET_KEY			32	/* ChaCha20-Poly1305 */
#define COVE_SECRET_NONCE		12

#ifndef __ASSEMBLER__
#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

struct cove_payload {
	uint64_t magic;
	uint32_t reserved;				/* 0 */
	uint32_t size;					/* of the secret: 1 .. COVE_PAYLOAD_SECRET_MAX */
	uint8_t mr[COVE_PAYLOAD_MRS][COVE_MR_SIZE];	/* the policy */
	uint8_t key[2 * COVE_KEY_SIZE];			/* x, y of a key that was made for this payload */
	uint8_t data[COVE_PAYLOAD_SIZE_MAX - COVE_PAYLOAD_HEADER];	/* ciphertext, tag */
};

_Static_assert(__builtin_offsetof(struct cove_payload, data) == COVE_PAYLOAD_HEADER, "docs/attestation.md");
_Static_assert(sizeof(struct cove_payload) == COVE_PAYLOAD_SIZE_MAX, "docs/attestation.md");
#endif

#endif
