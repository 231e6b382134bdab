/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What measured boot leaves for the TSM: one page, written by firmware before S-mode starts.
 * /chosen's property "cove,handoff" (one u64, big endian) is its address; a node of /reserved-memory
 * covers it. The TSM copies it while no other hart runs, wipes it, and takes the property out of
 * what the host sees. A page that is not as described here counts as none. Little endian.
 */
#ifndef COVE_ATTEST_HANDOFF_H
#define COVE_ATTEST_HANDOFF_H

#include "cove/claims.h"
#include "cove/covg.h"

#define COVE_HANDOFF_PROPERTY		"cove,handoff"
#define COVE_HANDOFF_MAGIC		0x31444e4845564f43	/* "COVEHND1" */
#define COVE_HANDOFF_VERSION		1
#define COVE_HANDOFF_SIZE		4096
#define COVE_HANDOFF_MRS		4	/* registers 0 to 3 are firmware's */

/* The pieces of its tail. */
#define COVE_HANDOFF_PLATFORM_TOKEN	0	/* COSE_Sign1, signed by the RoT key */
#define COVE_HANDOFF_TSM_TOKEN		1	/* COSE_Sign1, signed by the platform key */
#define COVE_HANDOFF_PLATFORM_CERT	2	/* X.509 DER, issued by the RoT key */
#define COVE_HANDOFF_TSM_CERT		3	/* X.509 DER, issued by the platform key */
#define COVE_HANDOFF_PIECES		4

/*
 * The TSM's image, at its load address and linked to it. Measured: @size bytes from its start
 * (register 2), @manifest_size bytes at @manifest from its start (register 3).
 */
#define COVE_IMAGE_MAGIC		0x314d535445564f43	/* "COVETSM1" */

#ifndef __ASSEMBLER__
#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

struct cove_image_header {
	uint32_t code[2];	/* a jump */
	uint64_t magic;
	uint64_t size;		/* of the file */
	uint64_t manifest;
	uint64_t manifest_size;
};

struct cove_handoff_piece {
	uint16_t offset;	/* into tail[] */
	uint16_t size;		/* at least 1 */
};

struct cove_handoff {
	uint64_t magic;
	uint32_t version;
	uint32_t platform_state;
	uint8_t mr[COVE_HANDOFF_MRS][COVE_MR_SIZE];
	uint8_t cdi[COVE_CDI_SIZE];			/* CDI_1 */
	uint8_t sealing_cdi[COVE_CDI_SIZE];		/* SCDI_1 */
	uint8_t private_key[COVE_KEY_SIZE];		/* the TSM's, derived from CDI_1 */
	uint8_t public_key[2 * COVE_KEY_SIZE];		/* x, y */
	struct cove_handoff_piece piece[COVE_HANDOFF_PIECES];
	uint8_t tail[COVE_HANDOFF_SIZE - 464];
};

_Static_assert(sizeof(struct cove_image_header) == 40, "contract with firmware");
_Static_assert(sizeof(struct cove_handoff) == COVE_HANDOFF_SIZE, "contract with firmware");
_Static_assert(__builtin_offsetof(struct cove_handoff, cdi) == 208, "contract with firmware");
_Static_assert(__builtin_offsetof(struct cove_handoff, piece) == 448, "contract with firmware");
_Static_assert(__builtin_offsetof(struct cove_handoff, tail) == 464, "contract with firmware");
#endif

#endif
