/* SPDX-License-Identifier: GPL-2.0-only */
/* What the TSM's measurement registers must hold, computed from what the TVM is made of. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>
#include <stdint.h>

#include "sha384.h"

#define MEASURE_PAGE	4096

/*
 * Register 4: from zeros, for each measured page in the order of measuring: R := SHA-384(R, GPA as
 * 8 bytes little endian, the page's bytes). pages is a whole number of pages, the last one padded
 * with zeros.
 */
void measure_pages(uint8_t reg[SHA384_SIZE], uint64_t gpa, const void *pages, size_t size);

/*
 * Register 5: from zeros, R := SHA-384(R, entry point), then R := SHA-384(R, boot argument), 8
 * bytes each.
 */
void measure_entry(uint8_t reg[SHA384_SIZE], uint64_t entry, uint64_t arg);

/* The same of those of the pages that are not all zero: what cove.ko measures when nobody says what. */
void measure_written(uint8_t reg[SHA384_SIZE], uint64_t gpa, const void *pages, size_t size);

/* A TVM with one region, vCPUs from 0 on and, if files is not 0, an interrupt file a page for each from there on. */
struct measure_shape {
	uint64_t base;
	uint64_t size;
	uint64_t vcpus;
	uint64_t files;
	uint64_t hart_bits;
};

/*
 * Register 6: R := SHA-384(zeros, 1, 1, base, size, vcpus, each vCPU's id, 0), 8 bytes each; with files 1 in place of the 0, and
 * behind it their base, 0 group bits, group shift, hart bits, 0 guest bits, and the address of each.
 */
void measure_config(uint8_t reg[SHA384_SIZE], const struct measure_shape *shape);

#endif
