/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a TVM learns about its measurement registers: the capabilities of COVG get_attcaps, and
 * those of Salus's extension ATST with its functions.
 */
#ifndef COVE_ATTEST_H
#define COVE_ATTEST_H

/* The TCB's security version, a number of ours: it grows when a defect of the TSM is repaired. */
#define COVE_TCB_SVN			1
#define COVE_PCR_UNMAPPED		0xff

/* COVG get_attcaps */
#define COVE_ATTCAPS_DESCRIPTORS	26	/* at most 8 initial and 18 runtime registers */
#define COVE_HASH_SHA384		0
#define COVE_MR_TYPE_INITIAL		0
#define COVE_MR_TYPE_RUNTIME		1
#define COVE_CERT_CBOR			(1U << 0)
#define COVE_CERT_X509			(1U << 1)

/* ATST */
#define ATST_GET_CAPABILITIES		0
#define ATST_GET_EVIDENCE		1
#define ATST_EXTEND_MEASUREMENT		2
#define ATST_READ_MEASUREMENT		3
#define ATST_ERR_BUFFER			(-9)	/* Salus: insufficient buffer capacity */
#define ATST_EXTEND_SIZE		64	/* bytes that an extend hashes: the digest, then zeros */
#define ATST_DESCRIPTORS		32
#define ATST_HASH_SHA384		1
#define ATST_FORMAT_DICE_TCB_INFO	(1U << 0)

#ifndef __ASSEMBLER__
#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

struct cove_mr_descriptor {
	uint32_t hash;
	uint32_t type;
	uint8_t tcg_pcr;
	uint8_t pad[3];
};

/* AttestationCapabilities of the specification; registers[i] describes register i. */
struct cove_attcaps {
	uint64_t tcb_svn;
	uint32_t hash;
	uint32_t certificate_formats;
	uint8_t initial_count;
	uint8_t runtime_count;
	uint8_t pad[2];
	struct cove_mr_descriptor registers[COVE_ATTCAPS_DESCRIPTORS];
	uint8_t tail_pad[4];
};

_Static_assert(sizeof(struct cove_mr_descriptor) == 12, "ABI 15.2");
_Static_assert(sizeof(struct cove_attcaps) == 336, "ABI 15.2");
_Static_assert(__builtin_offsetof(struct cove_attcaps, certificate_formats) == 12, "ABI 15.2");
_Static_assert(__builtin_offsetof(struct cove_attcaps, initial_count) == 16, "ABI 15.2");
_Static_assert(__builtin_offsetof(struct cove_attcaps, registers) == 20, "ABI 15.2");

struct atst_descriptor {
	uint8_t tcb_layer;
	uint8_t fwid;
	uint8_t pcr;
	uint8_t runtime;
};

/* Of the descriptors the first static_count + runtime_count mean something. */
struct atst_capabilities {
	uint64_t svn;
	uint8_t hash;
	uint8_t evidence_formats;
	uint8_t static_count;
	uint8_t runtime_count;
	struct atst_descriptor registers[ATST_DESCRIPTORS];
	uint8_t tail_pad[4];
};

_Static_assert(sizeof(struct atst_descriptor) == 4, "ABI 15.4");
_Static_assert(sizeof(struct atst_capabilities) == 144, "ABI 15.4");
_Static_assert(__builtin_offsetof(struct atst_capabilities, hash) == 8, "ABI 15.4");
_Static_assert(__builtin_offsetof(struct atst_capabilities, registers) == 12, "ABI 15.4");
#endif

#endif
