/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measurement registers of a TVM: SHA-384, 48 zero bytes at first, extended as R := SHA384(R ||
 * data). All numbers are hashed as 8 bytes, little endian.
 *
 * register 4 (pages)   one extend per measured 4 KiB page in ascending order: LE64(gpa) || the page
 * register 5 (entry)   two extends: LE64(entry pc), LE64(entry argument) register 6 (config)  one
 * extend over a sequence of words: 1 (version of this layout) number of confidential regions, then
 * for each in ascending order: gpa, length in bytes; adjacent regions count as one, whatever calls
 * declared them number of vCPUs, then the id of each in ascending order 0 without interrupt
 * files, else 1, base, group bits, group shift, hart bits, guest bits, and the address of each vCPU's file
 *
 * 4 and 5 are Salus's formulas for its registers 2 and 3 (ABI.md 15.3). Registers 0 to 3 stay zero
 * in this version.
 */
#ifndef MEASURE_MEASURE_H
#define MEASURE_MEASURE_H

#include "base/types.h"
#include "cove/covg.h"
#include "crypto/sha384.h"

#define MEASURE_CONFIG_VERSION	1

struct measure_reg {
	u8 value[COVE_MR_SIZE];
};

struct measurement {
	struct measure_reg reg[COVE_MR_INITIAL_COUNT];
};

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
