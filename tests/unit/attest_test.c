/* SPDX-License-Identifier: BSD-2-Clause */
/* COVG 6, 7, 10 and ATST through the gate: a TVM and its measurement registers. */
#include "unit/tvm_rig.h"

#include "cove/attest.h"
#include "crypto/sha384.h"
#include "generated/config.h"

#define IMAGE_SIZE	(4 * PAGE_SIZE)
#define IMAGE_END	(RAM + IMAGE_SIZE)		/* the first page that is missing */
#define MMIO		(RAM + RAM_PAGES * PAGE_SIZE)
#define HOLE		0x1000ULL
#define FIRST		((u64)COVE_MR_INITIAL_COUNT)
#define PATTERN		0x5a

static struct world *w;		/* of vCPU 0, which runs */

static void begin(void)
{
	struct rig_ret r;

	tvm_start();
	memset(rig_word(t.image), PATTERN, IMAGE_SIZE);
	w = run(0);
	assert_false(TVM_ECALL(&r, SBI_EXT_COVG, COVG_ADD_MMIO_REGION, MMIO, PAGE_SIZE));
	w = run(0);
}

static void end(void)
{
	kick();
	tvm_end();
}

/* Calls that are answered: the error; the value is in a1. */
#define COVG(...)	ASK(SBI_EXT_COVG, __VA_ARGS__)
#define ATST(...)	ASK(SBI_EXT_ATST, __VA_ARGS__)
#define VALUE		(w->gpr[REG_A1])

/* A call that needs a page of the host's first: where. */
#define NEEDS(cause, ...) ({						\
	struct rig_ret r_;						\
	u64 pc_ = w->sepc;						\
	assert_false(TVM_ECALL(&r_, __VA_ARGS__));			\
	assert_int_equal(csr_read(CSR_VSCAUSE), cause);			\
	assert_int_equal(w->sepc, pc_);				\
	u64 gpa_ = shmem(NACL_CSR_OFFSET(CSR_HTVAL)) << 2;		\
	w = run(0);							\
	gpa_; })

static u8 *memory(u64 gpa)
{
	return (u8 *)rig_word(t.image) + (gpa - RAM);
}

static const struct measurement *registers(void)
{
	return &((const struct tvm *)rig_word(t.tvm_state))->measurement;
}

/* What the calls so far could have changed. */
static struct {
	struct measure_reg reg[COVE_MR_COUNT];
	u8 memory[IMAGE_SIZE];
} before;

static void remember(void)
{
	memcpy(before.reg, registers()->reg, sizeof(before.reg));
	memcpy(before.memory, memory(RAM), sizeof(before.memory));
}

static void nothing_changed(void)
{
	assert_memory_equal(before.reg, registers()->reg, sizeof(before.reg));
	assert_memory_equal(before.memory, memory(RAM), sizeof(before.memory));
}

/* The register extended by what a call must have hashed. */
static void expect_extended(u32 index, const void *digest, u32 zeros)
{
	static const u8 zero[ATST_EXTEND_SIZE];
	struct sha384_ctx ctx;

	sha384_init(&ctx);
	sha384_update(&ctx, &before.reg[index], COVE_MR_SIZE);
	sha384_update(&ctx, digest, COVE_MR_SIZE);
	sha384_update(&ctx, zero, zeros);
	sha384_finish(&ctx, before.reg[index].value);
	assert_memory_equal(before.reg, registers()->reg, sizeof(before.reg));
}

/* --- COVG ------------------------------------------------------------------------------------- */

static void attcaps(void **state)
{
	static const u8 pcr[COVE_MR_COUNT] = { 0, 1, 0xff, 0xff, 2, 3, 0xff, 17, 18, 19, 20 };
	struct cove_attcaps caps;

	(void)state;
	begin();
	assert_int_equal(COVG(COVG_GET_ATTCAPS, RAM + PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(VALUE, 336);
	memcpy(&caps, memory(RAM + PAGE_SIZE), sizeof(caps));
	assert_int_equal(memory(RAM + PAGE_SIZE)[sizeof(caps)], PATTERN);
	assert_int_equal(caps.hash, 0);
	assert_int_equal(caps.certificate_formats, COVE_CERT_CBOR | COVE_CERT_X509);
	assert_int_equal(caps.initial_count, 7);
	assert_int_equal(caps.runtime_count, 4);
	for (u32 i = 0; i < COVE_ATTCAPS_DESCRIPTORS; i++) {
		assert_int_equal(caps.registers[i].hash, 0);
		assert_int_equal(caps.registers[i].type, i >= 7 && i < COVE_MR_COUNT);
		assert_int_equal(caps.registers[i].tcg_pcr, i < COVE_MR_COUNT ? pcr[i] : 0);
	}
	assert_int_equal(COVG(COVG_GET_ATTCAPS, RAM + PAGE_SIZE, sizeof(caps)), 0);
	end();
}

static void covg_extend(void **state)
{
	(void)state;
	begin();
	sha384("helloworld", 10, memory(RAM + PAGE_SIZE));
	remember();
	for (u32 i = 0; i < 3; i++) {
		assert_int_equal(COVG(COVG_EXTEND_MEASUREMENT, RAM + PAGE_SIZE, 48, FIRST), 0);
		assert_int_equal(VALUE, 0);
		expect_extended(COVE_MR_INITIAL_COUNT, memory(RAM + PAGE_SIZE), 0);
	}
	assert_int_equal(COVG(COVG_EXTEND_MEASUREMENT, RAM + PAGE_SIZE, 48, COVE_MR_COUNT - 1), 0);
	expect_extended(COVE_MR_COUNT - 1, memory(RAM + PAGE_SIZE), 0);
	for (u64 i = 0; i < COVE_MR_COUNT; i++) {
		assert_int_equal(COVG(COVG_READ_MEASUREMENT, RAM, PAGE_SIZE, i), 0);
		assert_int_equal(VALUE, 48);
		assert_memory_equal(memory(RAM), &registers()->reg[i], 48);
		assert_int_equal(memory(RAM)[48], PATTERN);
	}
	end();
}

/* For each function with a buffer in a0 and a1: what is wrong with where it is. */
static void covg_buffers(void **state)
{
	static const struct {
		u64 fid, size, index;
	} fn[] = {
		{ COVG_GET_ATTCAPS, PAGE_SIZE, 0 },
		{ COVG_EXTEND_MEASUREMENT, 48, FIRST },
		{ COVG_READ_MEASUREMENT, 48, FIRST },
	};
	static const struct {
		u64 gpa;
		s64 error;
	} where[] = {
		{ RAM + 1, SBI_ERR_INVALID_ADDRESS }, { RAM + 2048, SBI_ERR_INVALID_ADDRESS },
		{ ~0ULL, SBI_ERR_INVALID_ADDRESS }, { ~PAGE_MASK, SBI_ERR_INVALID_ADDRESS },
		{ GSTAGE_GPA_END, SBI_ERR_INVALID_ADDRESS }, { HOLE, SBI_ERR_INVALID_PARAM },
		{ RAM - PAGE_SIZE, SBI_ERR_INVALID_PARAM }, { MMIO, SBI_ERR_INVALID_PARAM },
		{ GSTAGE_GPA_END - PAGE_SIZE, SBI_ERR_INVALID_PARAM },
	};

	(void)state;
	begin();
	remember();
	for (u32 f = 0; f < ARRAY_SIZE(fn); f++) {
		for (u32 i = 0; i < ARRAY_SIZE(where); i++)
			assert_int_equal(COVG(fn[f].fid, where[i].gpa, fn[f].size, fn[f].index),
					 where[i].error);
		assert_int_equal(COVG(fn[f].fid, RAM, 0, fn[f].index), SBI_ERR_INVALID_PARAM);
		assert_int_equal(COVG(fn[f].fid, RAM, 47, fn[f].index), SBI_ERR_INVALID_PARAM);
		assert_int_equal(COVG(fn[f].fid, RAM, ~0ULL, fn[f].index), SBI_ERR_INVALID_PARAM);
		assert_int_equal(COVG(fn[f].fid, RAM, -RAM, fn[f].index), SBI_ERR_INVALID_PARAM);
		/* Its tail is another region. */
		assert_int_equal(COVG(fn[f].fid, RAM, (RAM_PAGES + 1) * PAGE_SIZE, fn[f].index),
				 SBI_ERR_INVALID_PARAM);
	}
	assert_int_equal(COVG(COVG_GET_ATTCAPS, RAM, 335), SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVG(COVG_EXTEND_MEASUREMENT, RAM, 49, FIRST), SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVG(COVG_EXTEND_MEASUREMENT, RAM, 64, FIRST), SBI_ERR_INVALID_PARAM);
	nothing_changed();
	end();
}

static void covg_indices(void **state)
{
	static const u64 none[] = { COVE_MR_COUNT, 17, 0xff, 1ULL << 32 | FIRST, ~0ULL };

	(void)state;
	begin();
	remember();
	for (u32 i = 0; i < ARRAY_SIZE(none); i++) {
		assert_int_equal(COVG(COVG_EXTEND_MEASUREMENT, RAM, 48, none[i]),
				 SBI_ERR_INVALID_PARAM);
		assert_int_equal(COVG(COVG_READ_MEASUREMENT, RAM, 48, none[i]),
				 SBI_ERR_INVALID_PARAM);
	}
	/* Initial registers are frozen. */
	for (u64 i = 0; i < COVE_MR_INITIAL_COUNT; i++)
		assert_int_equal(COVG(COVG_EXTEND_MEASUREMENT, RAM, 48, i), SBI_ERR_INVALID_PARAM);
	/* The address comes first. */
	assert_int_equal(COVG(COVG_EXTEND_MEASUREMENT, RAM + 8, 0, ~0ULL), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVG(COVG_RETRIEVE_SECRET, RAM, 48), SBI_ERR_DENIED);
	nothing_changed();
	end();
}

/* The host supplies the page and the vCPU repeats its call. */
static void pages_missing(void **state)
{
	u64 page;

	(void)state;
	begin();
	remember();
	assert_int_equal(NEEDS(CAUSE_STORE_GUEST, SBI_EXT_COVG, COVG_GET_ATTCAPS, IMAGE_END, 4096),
			 IMAGE_END);
	assert_int_equal(NEEDS(CAUSE_LOAD_GUEST, SBI_EXT_COVG, COVG_EXTEND_MEASUREMENT, IMAGE_END,
			       48, FIRST), IMAGE_END);
	assert_int_equal(NEEDS(CAUSE_STORE_GUEST, SBI_EXT_COVG, COVG_READ_MEASUREMENT, IMAGE_END,
			       48, FIRST), IMAGE_END);
	nothing_changed();
	kick();
	page = rig_alloc(1, PAGE_SIZE);
	rig_convert(page, 1);
	assert_int_equal(ZERO(page, 0, 1, IMAGE_END), 0);
	w = run(0);
	assert_int_equal(COVG(COVG_READ_MEASUREMENT, IMAGE_END, 48, COVE_MR_TVM_PAGES), 0);
	assert_memory_equal(rig_word(page), &registers()->reg[COVE_MR_TVM_PAGES], 48);
	end();
}

/* --- ATST ------------------------------------------------------------------------------------- */

/* Without the option the extension looks like any that does not exist. */
static void atst_absent(void **state)
{
	(void)state;
	begin();
	remember();
	assert_int_equal(ASK(SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_ATST), 0);
	assert_int_equal(VALUE, CONFIG_ATST);
	for (u64 fid = 0; fid < 5 && !CONFIG_ATST; fid++)
		assert_int_equal(ATST(fid, RAM, 48, 17), SBI_ERR_NOT_SUPPORTED);
	nothing_changed();
	end();
}

/* False: this build has none. */
static bool begin_atst(void)
{
	if (CONFIG_ATST)
		begin();
	return CONFIG_ATST;
}

/* A buffer lies in two pages of which the second is missing: the first is not written either. */
static void atst_pages_missing(void **state)
{
	const u8 *pages;
	u64 page;

	(void)state;
	if (!begin_atst())
		return;
	pages = registers()->reg[COVE_MR_TVM_PAGES].value;
	remember();
	assert_int_equal(NEEDS(CAUSE_STORE_GUEST, SBI_EXT_ATST, ATST_READ_MEASUREMENT,
			       IMAGE_END - 24, 48, 17), IMAGE_END);
	assert_int_equal(NEEDS(CAUSE_STORE_GUEST, SBI_EXT_ATST, ATST_GET_CAPABILITIES,
			       IMAGE_END - 1, 144), IMAGE_END);
	assert_int_equal(NEEDS(CAUSE_LOAD_GUEST, SBI_EXT_ATST, ATST_EXTEND_MEASUREMENT,
			       IMAGE_END - 47, 48, 17), IMAGE_END);
	nothing_changed();
	kick();
	page = rig_alloc(1, PAGE_SIZE);
	rig_convert(page, 1);
	assert_int_equal(ZERO(page, 0, 1, IMAGE_END), 0);
	w = run(0);
	assert_int_equal(ATST(ATST_READ_MEASUREMENT, IMAGE_END - 24, 48, 2), 0);
	assert_memory_equal(memory(IMAGE_END - 24), pages, 24);
	assert_memory_equal(rig_word(page), pages + 24, 24);
	end();
}

static void atst_capabilities(void **state)
{
	static const struct atst_descriptor list[ATST_DESCRIPTORS] = {
		{ 0, 0, 0, 0 }, { 0, 1, 1, 0 }, { 0, 2, 2, 0 }, { 0, 3, 3, 0 },
		{ 0, 4, 17, 1 }, { 0, 5, 18, 1 }, { 0, 6, 19, 1 }, { 0, 7, 20, 1 },
	};
	struct atst_capabilities caps;

	(void)state;
	if (!begin_atst())
		return;
	assert_int_equal(ASK(SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_ATST), 0);
	assert_int_equal(VALUE, 1);
	assert_int_equal(ATST(ATST_GET_CAPABILITIES, RAM + 12, 144), 0);
	assert_int_equal(VALUE, 0);
	memcpy(&caps, memory(RAM + 12), sizeof(caps));
	assert_int_equal(memory(RAM)[11], PATTERN);
	assert_int_equal(memory(RAM + 12)[sizeof(caps)], PATTERN);
	assert_int_equal(caps.hash, 1);
	assert_int_equal(caps.evidence_formats, 1);
	assert_int_equal(caps.static_count, 4);
	assert_int_equal(caps.runtime_count, 4);
	assert_memory_equal(caps.registers, list, sizeof(list));
	end();
}

/* The digest and 16 zeros, wherever it lies; PCRs are COVG's registers. */
static void atst_extend(void **state)
{
	(void)state;
	if (!begin_atst())
		return;
	sha384("helloworld", 10, memory(RAM + 5));
	remember();
	for (u64 i = 0; i < COVE_MR_RUNTIME_COUNT; i++) {
		assert_int_equal(ATST(ATST_EXTEND_MEASUREMENT, RAM + 5, 48, 17 + i), 0);
		assert_int_equal(VALUE, 0);
		expect_extended((u32)(FIRST + i), memory(RAM + 5), 16);
		assert_int_equal(ATST(ATST_READ_MEASUREMENT, RAM + 4000, 48, 17 + i), 0);
		assert_int_equal(VALUE, 48);
		assert_memory_equal(memory(RAM + 4000), &registers()->reg[FIRST + i], 48);
	}
	/* Salus's own test vector begins and ends so. */
	assert_int_equal(registers()->reg[FIRST].value[0], 0x4d);
	assert_int_equal(registers()->reg[FIRST].value[47], 0x87);
	assert_int_equal(ATST(ATST_READ_MEASUREMENT, RAM, 4096, 3), 0);
	assert_memory_equal(memory(RAM), &registers()->reg[COVE_MR_TVM_ENTRY], 48);
	end();
}

static void atst_refuses(void **state)
{
	static const u64 no_pcr[] = { 4, 16, 21, 0xff, 1ULL << 32 | 17, ~0ULL };
	static const u64 no_memory[] = { HOLE, MMIO, MMIO - 1, RAM - 1, GSTAGE_GPA_END - 8,
					 GSTAGE_GPA_END, ~0ULL, ~0ULL - 47 };

	(void)state;
	if (!begin_atst())
		return;
	remember();
	for (u32 i = 0; i < ARRAY_SIZE(no_pcr); i++) {
		assert_int_equal(ATST(ATST_EXTEND_MEASUREMENT, HOLE, 0, no_pcr[i]),
				 SBI_ERR_INVALID_PARAM);
		assert_int_equal(ATST(ATST_READ_MEASUREMENT, HOLE, 0, no_pcr[i]),
				 SBI_ERR_INVALID_PARAM);
	}
	assert_int_equal(ATST(ATST_GET_CAPABILITIES, HOLE, 143), -9);
	assert_int_equal(ATST(ATST_EXTEND_MEASUREMENT, HOLE, 47, 17), -9);
	assert_int_equal(ATST(ATST_EXTEND_MEASUREMENT, HOLE, 64, 17), -9);
	assert_int_equal(ATST(ATST_READ_MEASUREMENT, HOLE, 47, 17), -9);
	for (u32 i = 0; i < ARRAY_SIZE(no_memory); i++) {
		assert_int_equal(ATST(ATST_GET_CAPABILITIES, no_memory[i], 144),
				 SBI_ERR_INVALID_ADDRESS);
		assert_int_equal(ATST(ATST_EXTEND_MEASUREMENT, no_memory[i], 48, 0),
				 SBI_ERR_INVALID_ADDRESS);
		assert_int_equal(ATST(ATST_READ_MEASUREMENT, no_memory[i], 48, 17),
				 SBI_ERR_INVALID_ADDRESS);
	}
	for (u64 pcr = 0; pcr < 4; pcr++)
		assert_int_equal(ATST(ATST_EXTEND_MEASUREMENT, RAM, 48, pcr),
				 SBI_ERR_INVALID_PARAM);
	assert_int_equal(ATST(4), SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(ATST(1ULL << 32), SBI_ERR_NOT_SUPPORTED);
	nothing_changed();
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("covg: get_attcaps describes every register", attcaps),
		SENTENCE("covg: extend hashes a digest, read tells every register", covg_extend),
		SENTENCE("covg: attestation buffers are aligned, confidential and large enough",
			 covg_buffers),
		SENTENCE("covg: only runtime registers are extended, only registers are read",
			 covg_indices),
		SENTENCE("covg: a missing page is asked for, and nothing is done before",
			 pages_missing),
		SENTENCE("atst: it is there where it is configured, and else absent", atst_absent),
		SENTENCE("atst: a buffer whose second page is missing is not touched",
			 atst_pages_missing),
		SENTENCE("atst: capabilities are Salus's", atst_capabilities),
		SENTENCE("atst: extend pads the digest to 64 bytes", atst_extend),
		SENTENCE("atst: refusals are Salus's, in its order, and change nothing",
			 atst_refuses),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
