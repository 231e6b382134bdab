/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer: instruction bytes where a TVM traps on MMIO. What comes out of the decoder is what the manual says about those
 * bytes, read here a second time from the tables of the base and the C and Zcb extensions.
 */
#include "unit/unit.h"

#include <string.h>

#include "rv/mmio_insn.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void __attribute__((noreturn)) wrong(u32 insn)
{
	fprintf(stderr, "decoded wrongly: %08x\n", insn);
	abort();
}

/* The base's loads and stores: opcode, funct3. False: it is neither. */
static bool base_form(u32 insn, struct mmio_op *op)
{
	u32 funct3 = insn >> 12 & 7;
	bool store = (insn & 0x7f) == 0x23;

	if (!store && (insn & 0x7f) != 0x03)
		return false;
	if (store ? funct3 > 3 : funct3 > 6)
		return false;
	*op = (struct mmio_op){ store, !store && !(funct3 & 4), (u8)(1 << (funct3 & 3)),
				(u8)(insn >> (store ? 20 : 7) & 31), 4 };
	return true;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct mmio_op op, base;
	u32 insn;
	bool ok;

	for (; size >= 4; data += 4, size -= 4) {
		memcpy(&insn, data, 4);
		memset(&op, 0xee, sizeof(op));
		ok = mmio_decode(insn, &op);
		if ((insn & 3) == 3 && ok != base_form(insn, &base))
			wrong(insn);
		if (!ok)
			continue;
		if ((op.width != 1 && op.width != 2 && op.width != 4 && op.width != 8) || op.reg > 31 ||
		    op.length != ((insn & 3) == 3 ? 4 : 2))
			wrong(insn);
		/* A doubleword has no sign to extend. */
		if ((insn & 3) == 3 && (op.store != base.store || op.width != base.width || op.reg != base.reg ||
					(op.width < 8 && !op.store && op.sign != base.sign)))
			wrong(insn);
		if (!op.store && op.width < 8) {
			u64 raw = 0xa5a5a5a5a5a5a5a5ULL, bits = 8 * op.width;
			u64 low = raw & (BIT(bits) - 1);
			u64 want = op.sign && low >> (bits - 1) ? low | ~0ULL << bits : low;

			if (mmio_load_value(&op, raw) != want)
				wrong(insn);
		}
		if (!(mmio_htinst(&op) & 1))
			wrong(insn);
	}
	return 0;
}
