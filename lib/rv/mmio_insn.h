/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding of the integer loads and stores with which a VS-mode context reaches what it has no mapping for. Pure functions over
 * untrusted instruction words. Compressed forms (C and Zcb) decode to the same operations.
 */
#ifndef RV_MMIO_INSN_H
#define RV_MMIO_INSN_H

#include "base/types.h"

struct mmio_op {
	bool store;
	bool sign;		/* load: sign-extended */
	u8 width;		/* bytes: 1, 2, 4, 8 */
	u8 reg;			/* destination of a load, source of a store; x0 .. x31 */
	u8 length;		/* of the instruction in bytes: 2 or 4 */
};

/*
 * @insn: 16 bits of it count when its lowest two are not 11. False: not an integer load or store.
 */
bool mmio_decode(u32 insn, struct mmio_op *op);

/*
 * The form in which the host sees it (ABI.md 9.4): a 32-bit load to, or store from, x10 with no
 * address part.
 */
u64 mmio_htinst(const struct mmio_op *op);

/* The register value that a load of @raw gives, and the value that a store of @reg moves. */
u64 mmio_load_value(const struct mmio_op *op, u64 raw);
u64 mmio_store_value(const struct mmio_op *op, u64 reg);

#endif
