/* SPDX-License-Identifier: BSD-2-Clause */
#include "rv/mmio_insn.h"

#define OPCODE_LOAD	0x03u
#define OPCODE_STORE	0x23u
#define FUNCT3_UNSIGNED	0x4u

static u32 bits(u32 insn, u32 low, u32 count)
{
	return insn >> low & ((1u << count) - 1);
}

/* The register that three bits of a compressed instruction name. */
static u32 creg(u32 insn, u32 low)
{
	return 8 + bits(insn, low, 3);
}

static bool op_make(struct mmio_op *op, bool store, u32 funct3, u32 reg, u32 length)
{
	*op = (struct mmio_op){
		.store = store,
		.sign = !store && !(funct3 & FUNCT3_UNSIGNED),
		.width = (u8)(1u << (funct3 & 3)),
		.reg = (u8)reg,
		.length = (u8)length,
	};
	return true;
}

static bool decode_wide(u32 insn, struct mmio_op *op)
{
	u32 funct3 = bits(insn, 12, 3);

	switch (bits(insn, 0, 7)) {
	case OPCODE_LOAD:
		return funct3 != 7 && op_make(op, false, funct3, bits(insn, 7, 5), 4);
	case OPCODE_STORE:
		return funct3 < 4 && op_make(op, true, funct3, bits(insn, 20, 5), 4);
	}
	return false;
}

/* Zcb: c.lbu, c.lhu, c.lh, c.sb, c.sh */
static bool decode_zcb(u32 insn, struct mmio_op *op)
{
	u32 reg = creg(insn, 2);

	switch (bits(insn, 10, 3)) {
	case 0:
		return op_make(op, false, 4, reg, 2);
	case 1:
		return op_make(op, false, bits(insn, 6, 1) ? 1 : 5, reg, 2);
	case 2:
		return op_make(op, true, 0, reg, 2);
	case 3:
		return !bits(insn, 6, 1) && op_make(op, true, 1, reg, 2);
	}
	return false;
}

static bool decode_quadrant0(u32 insn, struct mmio_op *op)
{
	switch (bits(insn, 13, 3)) {
	case 2:						/* c.lw */
		return op_make(op, false, 2, creg(insn, 2), 2);
	case 3:						/* c.ld */
		return op_make(op, false, 3, creg(insn, 2), 2);
	case 4:
		return decode_zcb(insn, op);
	case 6:						/* c.sw */
		return op_make(op, true, 2, creg(insn, 2), 2);
	case 7:						/* c.sd */
		return op_make(op, true, 3, creg(insn, 2), 2);
	}
	return false;
}

static bool decode_quadrant2(u32 insn, struct mmio_op *op)
{
	u32 rd = bits(insn, 7, 5);
	u32 rs2 = bits(insn, 2, 5);

	switch (bits(insn, 13, 3)) {
	case 2:						/* c.lwsp; x0 is reserved */
		return rd && op_make(op, false, 2, rd, 2);
	case 3:						/* c.ldsp */
		return rd && op_make(op, false, 3, rd, 2);
	case 6:						/* c.swsp */
		return op_make(op, true, 2, rs2, 2);
	case 7:						/* c.sdsp */
		return op_make(op, true, 3, rs2, 2);
	}
	return false;
}

bool mmio_decode(u32 insn, struct mmio_op *op)
{
	switch (insn & 3) {
	case 0:
		return decode_quadrant0(insn, op);
	case 2:
		return decode_quadrant2(insn, op);
	case 3:
		return decode_wide(insn, op);
	}
	return false;
}

u64 mmio_htinst(const struct mmio_op *op)
{
	u32 width = (u32)__builtin_ctz(op->width);
	u32 funct3 = width | (op->store || op->sign ? 0 : FUNCT3_UNSIGNED);

	/* ld is funct3 3: a doubleword has no unsigned form. */
	if (op->width == 8)
		funct3 = 3;
	if (op->store)
		return 10u << 20 | funct3 << 12 | OPCODE_STORE;
	return funct3 << 12 | 10u << 7 | OPCODE_LOAD;
}

static u64 low_bytes(u64 value, u8 width)
{
	return width == 8 ? value : value & (BIT(8 * width) - 1);
}

u64 mmio_load_value(const struct mmio_op *op, u64 raw)
{
	u64 value = low_bytes(raw, op->width);
	u64 sign = BIT(8 * op->width - 1);

	return op->sign && op->width < 8 ? (value ^ sign) - sign : value;
}

u64 mmio_store_value(const struct mmio_op *op, u64 reg)
{
	return low_bytes(reg, op->width);
}
