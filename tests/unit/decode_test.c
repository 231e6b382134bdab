/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include "rv/mmio_insn.h"

struct sample {
	u32 insn;
	u8 width, reg, length;
	bool store, sign;
	u32 htinst;
};

/* Encodings as the GNU assembler gives them; htinst from ABI.md 9.4. */
static const struct sample samples[] = {
	{ 0x00058503, 1, 10, 4, false, true, 0x503 },		/* lb a0, 0(a1) */
	{ 0xfff59783, 2, 15, 4, false, true, 0x1503 },		/* lh a5, -1(a1) */
	{ 0x0005a003, 4, 0, 4, false, true, 0x2503 },		/* lw zero, 0(a1) */
	{ 0x7ff5bf83, 8, 31, 4, false, true, 0x3503 },		/* ld t6, 2047(a1) */
	{ 0x0005c503, 1, 10, 4, false, false, 0x4503 },		/* lbu */
	{ 0x0005d503, 2, 10, 4, false, false, 0x5503 },		/* lhu */
	{ 0x0005e503, 4, 10, 4, false, false, 0x6503 },		/* lwu */
	{ 0x00b50023, 1, 11, 4, true, false, 0x00a00023 },	/* sb a1, 0(a0) */
	{ 0x00b51023, 2, 11, 4, true, false, 0x00a01023 },	/* sh */
	{ 0xfeb52fa3, 4, 11, 4, true, false, 0x00a02023 },	/* sw a1, -1(a0) */
	{ 0x01f53023, 8, 31, 4, true, false, 0x00a03023 },	/* sd t6, 0(a0) */
	{ 0x4188, 4, 10, 2, false, true, 0x2503 },		/* c.lw a0, 0(a1) */
	{ 0x6188, 8, 10, 2, false, true, 0x3503 },		/* c.ld a0, 0(a1) */
	{ 0xc10c, 4, 11, 2, true, false, 0x00a02023 },		/* c.sw a1, 0(a0) */
	{ 0xe10c, 8, 11, 2, true, false, 0x00a03023 },		/* c.sd a1, 0(a0) */
	{ 0x4502, 4, 10, 2, false, true, 0x2503 },		/* c.lwsp a0, 0(sp) */
	{ 0x6502, 8, 10, 2, false, true, 0x3503 },		/* c.ldsp a0, 0(sp) */
	{ 0xc02e, 4, 11, 2, true, false, 0x00a02023 },		/* c.swsp a1, 0(sp) */
	{ 0xe02e, 8, 11, 2, true, false, 0x00a03023 },		/* c.sdsp a1, 0(sp) */
	{ 0x8188, 1, 10, 2, false, false, 0x4503 },		/* c.lbu a0, 0(a1) */
	{ 0x8588, 2, 10, 2, false, false, 0x5503 },		/* c.lhu a0, 0(a1) */
	{ 0x85c8, 2, 10, 2, false, true, 0x1503 },		/* c.lh a0, 0(a1) */
	{ 0x890c, 1, 11, 2, true, false, 0x00a00023 },		/* c.sb a1, 0(a0) */
	{ 0x8d0c, 2, 11, 2, true, false, 0x00a01023 },		/* c.sh a1, 0(a0) */
};

static void decodes_loads_and_stores(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		struct mmio_op op;

		assert_true(mmio_decode(s->insn, &op));
		assert_int_equal(op.store, s->store);
		assert_int_equal(op.width, s->width);
		assert_int_equal(op.reg, s->reg);
		assert_int_equal(op.length, s->length);
		assert_int_equal(op.sign, s->sign);
		assert_int_equal(mmio_htinst(&op), s->htinst);
	}
}

static void upper_half_does_not_matter(void **state)
{
	struct mmio_op op;

	(void)state;
	assert_true(mmio_decode(0xffff4188, &op));
	assert_int_equal(op.width, 4);
	assert_int_equal(op.length, 2);
}

static void refuses_the_rest(void **state)
{
	static const u32 refused[] = {
		0x00000000,		/* illegal */
		0x0005f503,		/* load, funct3 7 */
		0x00b54023,		/* store, funct3 4 */
		0x0005a507,		/* flw */
		0x0005b507,		/* fld */
		0x00b52027,		/* fsw */
		0x00a5a52f,		/* amoadd.w */
		0x1005a52f,		/* lr.w */
		0x00000073,		/* ecall */
		0x00b50533,		/* add */
		0x0005c50f,		/* misc-mem */
		0x2188,			/* c.fld */
		0xa10c,			/* c.fsd */
		0x4002,			/* c.lwsp x0: reserved */
		0x6002,			/* c.ldsp x0: reserved */
		0x8d4c,			/* Zcb: store halfword with bit 6 set */
		0x9188,			/* Zcb: reserved */
		0x2502,			/* c.fldsp */
		0xa02e,			/* c.fsdsp */
		0x0001,			/* c.nop */
		0x852e,			/* c.mv */
	};
	struct mmio_op op;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_false(mmio_decode(refused[i], &op));
}

static void every_word_is_safe(void **state)
{
	u64 seed = 0x1234567;
	struct mmio_op op;

	(void)state;
	for (u32 i = 0; i < 0x10000 + 200000; i++) {
		u32 insn = i < 0x10000 ? i : (u32)unit_random(&seed);

		if (!mmio_decode(insn, &op))
			continue;
		assert_true(op.width == 1 || op.width == 2 || op.width == 4 || op.width == 8);
		assert_true(op.reg < 32);
		assert_int_equal(op.length, (insn & 3) == 3 ? 4 : 2);
		assert_int_equal(mmio_htinst(&op) & 3, 3);
		assert_false(op.store && op.sign);
	}
}

static u64 loaded(u32 insn, u64 raw)
{
	struct mmio_op op;

	assert_true(mmio_decode(insn, &op));
	return mmio_load_value(&op, raw);
}

static void extends_loads(void **state)
{
	u64 raw = 0xfedcba9887f5f3f1;

	(void)state;
	assert_int_equal(loaded(0x00058503, raw), 0xfffffffffffffff1);
	assert_int_equal(loaded(0x00059503, raw), 0xfffffffffffff3f1);
	assert_int_equal(loaded(0x0005a503, raw), 0xffffffff87f5f3f1);
	assert_int_equal(loaded(0x0005b503, raw), raw);
	assert_int_equal(loaded(0x0005c503, raw), 0xf1);
	assert_int_equal(loaded(0x0005d503, raw), 0xf3f1);
	assert_int_equal(loaded(0x0005e503, raw), 0x87f5f3f1);
	assert_int_equal(loaded(0x00058503, 0x7f), 0x7f);
}

static u64 stored(u32 insn, u64 reg)
{
	struct mmio_op op;

	assert_true(mmio_decode(insn, &op));
	return mmio_store_value(&op, reg);
}

static void cuts_stores(void **state)
{
	u64 reg = 0xfedcba9887f5f3f1;

	(void)state;
	assert_int_equal(stored(0x00b50023, reg), 0xf1);
	assert_int_equal(stored(0x00b51023, reg), 0xf3f1);
	assert_int_equal(stored(0x00b52023, reg), 0x87f5f3f1);
	assert_int_equal(stored(0x00b53023, reg), reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("decode: integer loads and stores, compressed forms included",
			 decodes_loads_and_stores),
		SENTENCE("decode: only 16 bits of a compressed instruction count",
			 upper_half_does_not_matter),
		SENTENCE("decode: anything else is refused", refuses_the_rest),
		SENTENCE("decode: no instruction word gives an operation out of bounds",
			 every_word_is_safe),
		SENTENCE("decode: a load is extended as its opcode says", extends_loads),
		SENTENCE("decode: a store shows no more than it writes", cuts_stores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
