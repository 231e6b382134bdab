/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measurement registers of a TVM: SHA-384, 48 zero bytes at first, extended as R := SHA384(R ||
 * data). All numbers are hashed as 8 bytes, little endian. COVG names a register by its index, ATST
 * by a PCR; Salus's certificate lists it at its fwid. This is the one table of all three
 * (measure_names in measure.c):
 *
 * index  fwid  PCR  what it holds
 * 0      0     0    platform firmware
 * 1      1     1    platform configuration
 * 2      -     -    the TSM
 * 3      -     -    the TSM's manifest; 0 to 3 are what measured boot left (identity.h)
 * 4      2     2    pages: one extend per measured 4 KiB page in ascending order: LE64(gpa) || the
 *                   page
 * 5      3     3    entry: two extends: LE64(entry pc), LE64(entry argument)
 * 6      -     -    configuration: one extend over a sequence of words:
 *                   1 (version of this layout),
 *                   number of confidential regions, then for each in ascending order: gpa, length
 *                   in bytes; adjacent regions count as one, whatever calls declared them,
 *                   number of vCPUs, then the id of each in ascending order,
 *                   0 without interrupt files; else 1, base, group bits, group shift, hart bits,
 *                   guest bits, and the address of each vCPU's file
 * 7-10   4-7   17-20  runtime: what the TVM extends them by. COVG hashes the 48 bytes of a digest;
 *                   ATST hashes 64 bytes, the digest and 16 zeros, as Salus does.
 *
 * 0 to 6 are initial: only the calls that build a TVM write them, FINALIZE freezes them. 4 and 5
 * are Salus's formulas for its registers 2 and 3 (ABI.md 15.3).
 */
#ifndef MEASURE_MEASURE_H
#define MEASURE_MEASURE_H

#include "base/spinlock.h"
#include "base/types.h"
#include "cove/attest.h"
#include "cove/covg.h"
#include "crypto/sha384.h"

#define MEASURE_CONFIG_VERSION	1

struct measure_reg {
	u8 value[COVE_MR_SIZE];
};

struct measurement {
	struct spinlock lock;		/* guards the runtime registers; nothing nests in it */
	struct measure_reg reg[COVE_MR_COUNT];
};

/* Other names of a register. */
struct measure_name {
	u8 fwid;			/* MEASURE_NO_FWID: Salus has none like it */
	u8 pcr;				/* COVE_PCR_UNMAPPED then */
};

#define MEASURE_NO_FWID		0xff

/* By index. Registers with a fwid stand in the order of their fwids. */
extern const struct measure_name measure_names[COVE_MR_COUNT];

/* The register with that PCR, COVE_MR_COUNT: there is none. */
u32 measure_of_pcr(u64 pcr);

static inline bool measure_is_runtime(u64 index)
{
	return index >= COVE_MR_INITIAL_COUNT && index < COVE_MR_COUNT;
}

/* The value of a register of a finalized TVM. */
void measure_read(struct measurement *m, u32 index, struct measure_reg *value);

/*
 * Extends a runtime register. False: another hart has extended it meanwhile, and it was not done.
 * No lock is held while the hash is computed.
 */
bool measure_extend(struct measurement *m, u32 index, const void *data, size_t size);

/* Extends @r by one page at @gpa; @page is memory that nobody else can change. */
void measure_page(struct measure_reg *r, gpa_t gpa, const void *page);

/* Extends @r by one number. */
void measure_word(struct measure_reg *r, u64 word);

/*
 * An extend over a sequence of numbers: begin with the register, add the words, end in the
 * register.
 */
void measure_begin(struct sha384_ctx *ctx, const struct measure_reg *r);
void measure_add(struct sha384_ctx *ctx, u64 word);
void measure_end(struct sha384_ctx *ctx, struct measure_reg *r);

#endif
