/* SPDX-License-Identifier: BSD-2-Clause */
/* Building a TVM and taking it apart, through the gate. */
#include "unit/tvm_rig.h"

#include "measure/measure.h"

static void builds_and_destroys(void **state)
{
	(void)state;
	tvm_build();
	assert_int_equal(rig_state(t.image), PAGE_TVM_DATA);
	assert_int_equal(rig_state(t.pool), PAGE_TVM_TABLE);
	assert_int_equal(COVH(COVH_RECLAIM_PAGES, t.pgd, 4).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_RECLAIM_PAGES, t.image, 1).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_RECLAIM_PAGES, t.tvm_state + PAGE_SIZE, 1).error,
			 SBI_ERR_INVALID_ADDRESS);
	assert_memory_equal(rig_word(t.image), rig_word(t.source), 4 * PAGE_SIZE);
	tvm_end();
}

static void create_refuses(void **state)
{
	struct cove_tvm_create_params params;
	u64 n = sizeof(params);

	(void)state;
	tvm_alloc();
	rig_convert(t.pgd, 4);
	rig_convert(t.tvm_state, TVM_STATE_PAGES);
#define TRY(pgd_, state_, address, length) ({					\
	params = (struct cove_tvm_create_params){ pgd_, state_ };		\
	memcpy(rig_word(t.params), &params, n);					\
	COVH(COVH_CREATE_TVM, address, length).error; })
	assert_int_equal(TRY(t.pgd, t.tvm_state, t.params, 15), SBI_ERR_INVALID_PARAM);
	assert_int_equal(TRY(t.pgd, t.tvm_state, 0x1000, n), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TRY(t.pgd, t.tvm_state, t.pgd, n), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TRY(t.pgd, t.tvm_state, ~0ULL - 3, n), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TRY(t.pgd + PAGE_SIZE, t.tvm_state, t.params, n), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TRY(t.pgd, t.tvm_state + 8, t.params, n), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TRY(t.pgd, t.pgd, t.params, n), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TRY(t.pgd, t.tvm_state + PAGE_SIZE, t.params, n), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TRY(t.pgd, ~PAGE_MASK, t.params, n), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TRY(~0x3fffULL, t.tvm_state, t.params, n), SBI_ERR_INVALID_ADDRESS);
	rig_reclaim(t.pgd, 4);
	rig_reclaim(t.tvm_state, TVM_STATE_PAGES);
	rig_all_returned();
}

static void ids_that_name_nothing(void **state)
{
	const u64 wrong[] = { 0, 1, t.id + 1, ~0ULL, 1ULL << 26, 1ULL << 32, RIG_HOST_BASE >> 12 };

	(void)state;
	tvm_start();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		u64 id = i == 2 ? t.id + 1 : wrong[i];

		assert_int_equal(COVH(COVH_FINALIZE_TVM, id, 0, 0, 0).error, SBI_ERR_INVALID_PARAM);
		assert_int_equal(csr_read(CSR_VSCAUSE), COVE_CAUSE_FAIL_ENTRY);
		assert_int_equal(COVH(COVH_RFC_DESTROY_TVM, id).error, SBI_ERR_INVALID_PARAM);
		assert_int_equal(COVH(COVH_RFC_ADD_MEMORY_REGION, id, 0, 4096).error,
				 SBI_ERR_INVALID_PARAM);
		assert_int_equal(COVH(COVH_RFC_ADD_PGT_PAGES, id, t.pool, 1).error,
				 SBI_ERR_INVALID_PARAM);
		assert_int_equal(
			COVH(COVH_RFC_ADD_MEASURED_PAGES, id, t.source, t.image, 0, 1, RAM).error,
			SBI_ERR_INVALID_PARAM);
		assert_int_equal(COVH(COVH_RFC_ADD_ZERO_PAGES, id, t.image, 0, 1, RAM).error,
				 SBI_ERR_INVALID_PARAM);
		assert_int_equal(COVH(COVH_RFC_CREATE_VCPU, id, 0, t.vcpu[0]).error,
				 SBI_ERR_INVALID_PARAM);
		assert_int_equal(COVH(COVH_RFC_RUN_VCPU, id, 0).error, SBI_ERR_INVALID_PARAM);
	}
	tvm_end();
	assert_int_equal(COVH(COVH_RFC_DESTROY_TVM, t.id).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_RFC_RUN_VCPU, t.id, 0).error, SBI_ERR_INVALID_PARAM);
}

static void regions_refuse(void **state)
{
	(void)state;
	tvm_build();
#define REGION(gpa, size)	COVH(COVH_RFC_ADD_MEMORY_REGION, t.id, gpa, size).error
	assert_int_equal(REGION(RAM + PAGE_SIZE, PAGE_SIZE), SBI_ERR_INVALID_PARAM);
	assert_int_equal(REGION(RAM - PAGE_SIZE, 2 * PAGE_SIZE), SBI_ERR_INVALID_PARAM);
	assert_int_equal(REGION(0x1001, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(REGION(0x1000, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(REGION(0x1000, 0x1001), SBI_ERR_INVALID_PARAM);
	assert_int_equal(REGION(0x1000, ~PAGE_MASK), SBI_ERR_INVALID_PARAM);
	assert_int_equal(REGION(GSTAGE_GPA_END, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(REGION(GSTAGE_GPA_END - PAGE_SIZE, 2 * PAGE_SIZE), SBI_ERR_INVALID_PARAM);
	assert_int_equal(REGION(GSTAGE_GPA_END - PAGE_SIZE, PAGE_SIZE), 0);
	/* As many as memory allows: descriptors come from the pool, and then from nowhere. */
	for (u64 i = 0; i < 1000; i++) {
		s64 err = REGION(0x100000000 + i * 2 * PAGE_SIZE, PAGE_SIZE);

		if (err) {
			assert_int_equal(err, SBI_ERR_FAILED);
			assert_in_range(i, 200, 999);
			break;
		}
	}
	tvm_end();
}

static void measured_pages_refuse(void **state)
{
	struct measurement before;
	struct tvm *tvm;
	u64 more;

	(void)state;
	tvm_build();
	more = rig_alloc(2, PAGE_SIZE);
	tvm = spa_ptr(SPA(t.tvm_state));
	before = tvm->measurement;
#define ADD(src, dst, type, n, gpa)						\
	COVH(COVH_RFC_ADD_MEASURED_PAGES, t.id, src, dst, type, n, gpa).error
	assert_int_equal(ADD(t.source, more, 0, 1, RAM + 0x4000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_CONVERT_PAGES, more, 2).error, 0);
	assert_int_equal(ADD(t.source, more, 0, 1, RAM + 0x4000), SBI_ERR_INVALID_ADDRESS);
	rig_fence();
	assert_int_equal(ADD(t.source, more, 0, 1, RAM), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ADD(t.source, more, 0, 1, RAM - PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ADD(t.source, more, 0, 2, RAM + (RAM_PAGES - 1) * PAGE_SIZE),
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ADD(t.source, more, 0, 1, RAM + 0x4001), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ADD(t.source + 4, more, 0, 1, RAM + 0x4000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ADD(more, more, 0, 1, RAM + 0x4000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ADD(t.image, more, 0, 1, RAM + 0x4000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ADD(0x1000, more, 0, 1, RAM + 0x4000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ADD(t.source, t.image, 0, 1, RAM + 0x4000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ADD(t.source, more, 3, 1, RAM + 0x4000), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ADD(t.source, more, ~0ULL, 1, RAM + 0x4000), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ADD(t.source, more, 0, 0, RAM + 0x4000), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ADD(t.source, more, 0, ~0ULL, RAM + 0x4000), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ADD(t.source, more, 2, 1ULL << 46, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ADD(t.source, more, 1, 1, RAM + 0x4000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ADD(t.source, more, 0, 1, GSTAGE_GPA_END), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ADD(t.source, more, 0, 1, ~PAGE_MASK), SBI_ERR_INVALID_ADDRESS);
	assert_memory_equal(&before, &tvm->measurement, sizeof(before));
	assert_int_equal(rig_state(more), PAGE_CONVERTED);
	assert_int_equal(page_word_info(page_word(PFN(t.source >> PAGE_SHIFT))), 0);
	assert_int_equal(ADD(t.source, more, 0, 2, RAM + 0x4000), 0);
	assert_int_not_equal(memcmp(&before, &tvm->measurement, sizeof(before)), 0);
	tvm_end();
}

/* A measured add of many pages stops for the host's interrupts and goes on where it was. */
static void measured_pages_make_room(void **state)
{
	const struct tvm *tvm;
	struct measure_reg expected;
	struct rig_ret r, other;
	u32 tries = 1;
	u64 more;

	(void)state;
	tvm_build();
	more = rig_alloc(4, PAGE_SIZE);
	rig_convert(more, 4);
	tvm = spa_ptr(SPA(t.tvm_state));
	expected = tvm->measurement.reg[COVE_MR_TVM_PAGES];
	for (u64 i = 0; i < 4; i++)
		measure_page(&expected, GPA(RAM + 0x8000 + i * PAGE_SIZE),
			     rig_word(t.source + i * PAGE_SIZE));
#define MORE	COVH_RFC_ADD_MEASURED_PAGES, t.id, t.source, more, 0, 4, RAM + 0x8000
	rig_interrupt(true);
	for (; !COVH_TRY(&r, MORE); tries++) {
		assert_memory_not_equal(&expected, &tvm->measurement.reg[COVE_MR_TVM_PAGES], 48);
		/* What depends on it waits, what cannot have its pages is told so. */
		assert_false(COVH_TRY(&other, COVH_FINALIZE_TVM, t.id, ENTRY, 0, 0));
		assert_false(COVH_TRY(&other, COVH_RFC_ADD_MEASURED_PAGES, t.id, t.source, more, 0,
				      3, RAM + 0x8000));
		assert_true(COVH_TRY(&other, SPEC(COVH_CONVERT_PAGES), t.source, 1));
		assert_int_equal(other.error, SBI_ERR_INVALID_ADDRESS);
		rig_on(1);
		assert_false(COVH_TRY(&other, COVH_RECLAIM_PAGES, more, 4));
		rig_on(0);
	}
	rig_interrupt(false);
	assert_int_equal(tries, 4);
	assert_int_equal(r.error, 0);
	assert_int_equal(r.value, 4);
	assert_memory_equal(&expected, &tvm->measurement.reg[COVE_MR_TVM_PAGES], 48);
	assert_int_equal(COVH(COVH_FINALIZE_TVM, t.id, ENTRY, 0, 0).error, 0);
	tvm_end();
}

static void destroy_ends_a_measured_add(void **state)
{
	struct rig_ret r;
	u64 more;

	(void)state;
	tvm_build();
	more = rig_alloc(4, PAGE_SIZE);
	rig_convert(more, 4);
	rig_interrupt(true);
	assert_false(COVH_TRY(&r, MORE));
	rig_interrupt(false);
	tvm_end();
	assert_int_equal(COVH(MORE).error, SBI_ERR_INVALID_PARAM);
}

static void finalize_and_vcpus_refuse(void **state)
{
	u64 spare, n = vcpu_state_pages();

	(void)state;
	tvm_alloc();
	tvm_convert();
	tvm_create_call();
	spare = rig_alloc(n, PAGE_SIZE);
	rig_convert(spare, n);
	assert_int_equal(COVH(COVH_FINALIZE_TVM, t.id, ENTRY, 0, 0).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_RFC_CREATE_VCPU, t.id, TVM_MAX_VCPUS, spare).error,
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_RFC_CREATE_VCPU, t.id, ~0ULL, spare).error,
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_RFC_CREATE_VCPU, t.id, 0, spare + 1).error,
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_RFC_CREATE_VCPU, t.id, 0, t.params).error,
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_RFC_CREATE_VCPU, t.id, 0, t.pgd).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_RFC_CREATE_VCPU, t.id, 1, t.vcpu[1]).error, 0);
	assert_int_equal(COVH(COVH_RFC_CREATE_VCPU, t.id, 1, spare).error, SBI_ERR_INVALID_PARAM);
	assert_in_range(rig_state(spare), PAGE_CONVERTING, PAGE_CONVERTED);
	/* vCPU 0 is the one that boots. */
	assert_int_equal(COVH(COVH_FINALIZE_TVM, t.id, ENTRY, 0, 0).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_RFC_CREATE_VCPU, t.id, 0, t.vcpu[0]).error, 0);
	assert_int_equal(COVH(COVH_RFC_RUN_VCPU, t.id, 0).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(csr_read(CSR_VSCAUSE), COVE_CAUSE_FAIL_ENTRY);
	assert_int_equal(COVH(COVH_FINALIZE_TVM, t.id, ENTRY, 0, 8).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_FINALIZE_TVM, t.id, ENTRY, 0, 0x1000).error,
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_RFC_ADD_ZERO_PAGES, t.id, t.image, 0, 1, RAM).error,
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_FINALIZE_TVM, t.id, ENTRY, 0, t.params).error, 0);
	/* Only the RFC client needs its cause overwritten. */
	csr_write(CSR_VSCAUSE, 7);
	assert_int_equal(COVH(SPEC(COVH_FINALIZE_TVM), t.id, ENTRY, 0, 0).error,
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(csr_read(CSR_VSCAUSE), 7);
	assert_int_equal(COVH(COVH_RFC_CREATE_VCPU, t.id, 2, t.vcpu[2]).error,
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_RFC_ADD_MEMORY_REGION, t.id, 0x1000, 4096).error,
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(
		COVH(COVH_RFC_ADD_MEASURED_PAGES, t.id, t.source, t.image, 0, 1, RAM).error,
		SBI_ERR_INVALID_PARAM);
	/* Off, and not there. */
	assert_int_equal(COVH(COVH_RFC_RUN_VCPU, t.id, 1).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_RFC_RUN_VCPU, t.id, 2).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_RFC_RUN_VCPU, t.id, ~0ULL).error, SBI_ERR_INVALID_PARAM);
	tvm_end();
}

static void measurement_is_salus_formula(void **state)
{
	struct measure_reg pages = { { 0 } }, entry = { { 0 } }, config = { { 0 } };
	const u64 words[] = { 1, 1, RAM, RAM_PAGES * PAGE_SIZE, 3, 0, 1, 2, 0 };
	const struct tvm *tvm;
	struct sha384_ctx ctx;

	(void)state;
	tvm_start();
	tvm = spa_ptr(SPA(t.tvm_state));
	for (u64 i = 0; i < 4; i++) {
		u64 gpa = RAM + i * PAGE_SIZE;

		sha384_init(&ctx);
		sha384_update(&ctx, &pages, 48);
		sha384_update(&ctx, &gpa, 8);
		sha384_update(&ctx, rig_word(t.source + i * PAGE_SIZE), PAGE_SIZE);
		sha384_finish(&ctx, pages.value);
	}
	for (u32 i = 0; i < 2; i++) {
		u64 word = i ? 0x1234 : ENTRY;

		sha384_init(&ctx);
		sha384_update(&ctx, &entry, 48);
		sha384_update(&ctx, &word, 8);
		sha384_finish(&ctx, entry.value);
	}
	sha384_init(&ctx);
	sha384_update(&ctx, &config, 48);
	sha384_update(&ctx, words, sizeof(words));
	sha384_finish(&ctx, config.value);
	assert_memory_equal(&tvm->measurement.reg[COVE_MR_TVM_PAGES], &pages, 48);
	assert_memory_equal(&tvm->measurement.reg[COVE_MR_TVM_ENTRY], &entry, 48);
	assert_memory_equal(&tvm->measurement.reg[COVE_MR_TVM_CONFIG], &config, 48);
	tvm_end();
}

static void zero_pages(void **state)
{
	u64 page, other;

	(void)state;
	tvm_start();
	page = rig_alloc(2, PAGE_SIZE);
	other = rig_alloc(1, PAGE_SIZE);
	memset(rig_word(page), 0x55, 2 * PAGE_SIZE);
	rig_convert(page, 2);
	rig_convert(other, 1);
	assert_int_equal(ZERO(page, 0, 2, RAM), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ZERO(page, 0, 2, 0x1000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ZERO(page, 0, 1, RAM + RAM_PAGES * PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ZERO(page, 4, 1, RAM + 0x5000), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ZERO(page, 0, 0, RAM + 0x5000), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ZERO(t.params, 0, 1, RAM + 0x5000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ZERO(t.tvm_state, 0, 1, RAM + 0x5000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(rig_state(page), PAGE_CONVERTED);
	/* The RFC client's addresses are not rounded; a strict caller's must be. */
	assert_int_equal(COVH(SPEC(COVH_SPEC_ADD_ZERO_PAGES), t.id, page, 0, 2, RAM + 0x5abc).error,
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ZERO(page, 0, 2, RAM + 0x5abc), 0);
	for (u64 i = 0; i < 1024; i++)
		assert_int_equal(rig_word(page)[i], 0);
	/*
	 * Two vCPUs faulted on it: the same page again is no error for that client, another one is.
	 */
	assert_int_equal(ZERO(page, 0, 1, RAM + 0x5abc), 0);
	assert_int_equal(ZERO(page, 0, 2, RAM + 0x5000), 0);
	assert_int_equal(ZERO(page, 0, 1, RAM + 0x6000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ZERO(other, 0, 1, RAM + 0x5000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(SPEC(COVH_SPEC_ADD_ZERO_PAGES), t.id, page, 0, 1, RAM + 0x5000).error,
			 SBI_ERR_INVALID_ADDRESS);
	/* Converting it again likewise. */
	assert_int_equal(COVH(COVH_CONVERT_PAGES, page, 1).error, 0);
	assert_int_equal(COVH(SPEC(COVH_CONVERT_PAGES), page, 1).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(rig_state(page), PAGE_TVM_DATA);
	tvm_end();
}

static void large_pages(void **state)
{
	u64 large;

	(void)state;
	tvm_start();
	large = rig_alloc(512, SIZE_2M);
	rig_convert(large, 512);
	assert_int_equal(ZERO(large, 1, 1, RAM + SIZE_2M + PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ZERO(large + PAGE_SIZE, 1, 1, RAM + SIZE_2M), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ZERO(large, 1, 2, RAM + SIZE_2M), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ZERO(large, 2, 1, 0x80000000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_RFC_ADD_ZERO_PAGES, t.id, large, 1, 1, RAM + SIZE_2M).value, 1);
	assert_int_equal(rig_state(large + 511 * PAGE_SIZE), PAGE_TVM_DATA);
	tvm_end();
}

static void destroy_makes_room(void **state)
{
	struct rig_ret r;
	u64 pages;
	u32 tries = 1;

	(void)state;
	tvm_start();
	pages = rig_alloc(1000, PAGE_SIZE);
	rig_convert(pages, 1000);
	/* One page apart: a run each. */
	for (u64 i = 0; i < 500; i++)
		assert_int_equal(
			ZERO(pages + i * 2 * PAGE_SIZE, 0, 1, RAM + 0x10000 + i * PAGE_SIZE), 0);
	rig_interrupt(true);
	for (; !COVH_TRY(&r, COVH_RFC_DESTROY_TVM, t.id); tries++) {
		/* Between two tries the id is good for nothing but this call. */
		rig_interrupt(false);
		assert_int_equal(COVH(COVH_RFC_RUN_VCPU, t.id, 0).error, SBI_ERR_INVALID_PARAM);
		assert_int_equal(COVH(COVH_RFC_ADD_PGT_PAGES, t.id, pages, 1).error,
				 SBI_ERR_INVALID_PARAM);
		rig_interrupt(true);
	}
	rig_interrupt(false);
	assert_true(tries > 2);
	assert_int_equal(r.error, 0);
	assert_int_equal(COVH(COVH_RFC_DESTROY_TVM, t.id).error, SBI_ERR_INVALID_PARAM);
	RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE, 0);
	rig_reclaim(RIG_HOST_BASE, (RIG_HOST_END - RIG_HOST_BASE) >> PAGE_SHIFT);
	rig_all_returned();
}

static struct tvm *tvm_now(void)
{
	return spa_ptr(SPA(t.tvm_state));
}

/* FINALIZE of a TVM with many regions lets the host take its interrupts; the measurement is that of one made in one go. */
static void finalize_makes_room(void **state)
{
	struct measure_reg whole = { 0 };
	struct rig_ret r;

	(void)state;
	for (u32 interrupted = 0; interrupted < 2; interrupted++) {
		u32 tries = 1;

		tvm_build();
		for (u64 i = 0; i < 200; i++)
			assert_int_equal(COVH(COVH_RFC_ADD_MEMORY_REGION, t.id, 0x100000000 + 2 * i * PAGE_SIZE, PAGE_SIZE).error, 0);
		rig_interrupt(interrupted);
		for (; !COVH_TRY(&r, COVH_FINALIZE_TVM, t.id, ENTRY, ENTRY_ARG, 0); tries++) {
			/* Between two tries the TVM is neither being built nor runnable. */
			rig_interrupt(false);
			assert_int_equal(COVH(COVH_RFC_RUN_VCPU, t.id, 0).error, SBI_ERR_INVALID_PARAM);
			assert_int_equal(COVH(COVH_RFC_ADD_MEMORY_REGION, t.id, 0x40000000, PAGE_SIZE).error,
					 SBI_ERR_INVALID_PARAM);
			rig_interrupt(true);
		}
		rig_interrupt(false);
		assert_int_equal(r.error, 0);
		assert_int_equal(tries > 4, interrupted);
		assert_int_equal(COVH(COVH_FINALIZE_TVM, t.id, ENTRY, ENTRY_ARG, 0).error, SBI_ERR_INVALID_PARAM);
		if (interrupted)
			assert_memory_equal(&tvm_now()->measurement.reg[COVE_MR_TVM_CONFIG], &whole, sizeof(whole));
		whole = tvm_now()->measurement.reg[COVE_MR_TVM_CONFIG];
		assert_int_equal(RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, t.shmem, 0, 0).error, 0);
		tvm_end();
	}
	/* One that is given up in the middle is destroyed like any other. */
	tvm_build();
	for (u64 i = 0; i < 200; i++)
		assert_int_equal(COVH(COVH_RFC_ADD_MEMORY_REGION, t.id, 0x100000000 + 2 * i * PAGE_SIZE, PAGE_SIZE).error, 0);
	rig_interrupt(true);
	assert_false(COVH_TRY(&r, COVH_FINALIZE_TVM, t.id, ENTRY, ENTRY_ARG, 0));
	rig_interrupt(false);
	tvm_end();
}

static void many_lives(void **state)
{
	(void)state;
	for (u32 i = 0; i < 200; i++) {
		tvm_start();
		tvm_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("tvm: is built, owns its pages, and gives them back", builds_and_destroys),
		SENTENCE("tvm: CREATE_TVM refuses what it cannot use and keeps nothing",
			 create_refuses),
		SENTENCE("tvm: a wrong id is refused by every call", ids_that_name_nothing),
		SENTENCE("tvm: regions are aligned, disjoint and as many as memory allows",
			 regions_refuse),
		SENTENCE("tvm: a refused measured page leaves measurement and pages alone",
			 measured_pages_refuse),
		SENTENCE("tvm: a long measured add lets the host take its interrupts",
			 measured_pages_make_room),
		SENTENCE("tvm: DESTROY takes a paused measured add back",
			 destroy_ends_a_measured_add),
		SENTENCE("tvm: FINALIZE, CREATE_VCPU and RUN in their order only",
			 finalize_and_vcpus_refuse),
		SENTENCE("tvm: measurements follow the documented formulas",
			 measurement_is_salus_formula),
		SENTENCE("tvm: zero pages are zero, and twice the same one is no error",
			 zero_pages),
		SENTENCE("tvm: 2 MiB pages are aligned on both sides", large_pages),
		SENTENCE("tvm: a long DESTROY lets the host take its interrupts",
			 destroy_makes_room),
		SENTENCE("tvm: FINALIZE with many regions lets the host take its interrupts", finalize_makes_room),
		SENTENCE("tvm: 200 lives leave nothing behind", many_lives),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
