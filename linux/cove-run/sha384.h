/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHA384_H
#define SHA384_H

#include <stddef.h>
#include <stdint.h>

#define SHA384_SIZE	48

struct sha384 {
	uint64_t state[8];
	uint64_t bytes;
	uint8_t block[128];
};

void sha384_init(struct sha384 *h);
void sha384_update(struct sha384 *h, const void *data, size_t n);
void sha384_final(struct sha384 *h, uint8_t digest[SHA384_SIZE]);

#endif
