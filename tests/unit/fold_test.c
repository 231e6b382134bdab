/* SPDX-License-Identifier: BSD-2-Clause */
/* PROMOTE_PAGE and DEMOTE_PAGE as the host calls them, in each numbering. */
#include "unit/tvm_rig.h"

#define GPA_2M		0x80400000ULL

#define BLOCK(gpa, size)	COVH(COVH_RFC_INVALIDATE_PAGES, t.id, gpa, size).error
#define FENCE()			COVH(COVH_RFC_TVM_FENCE, t.id).error
#define PROMOTE(gpa, type)	COVH(COVH_RFC_PROMOTE_PAGE, t.id, gpa, type).error
#define DEMOTE(gpa, type)	COVH(COVH_RFC_DEMOTE_PAGE, t.id, gpa, type).error

static u64 pages;

static u64 pool_count(void)
{
	const struct tvm *tvm = spa_ptr(SPA(t.id << PAGE_SHIFT));

	return tvm->gstage.pool_count;
}

/* 2 MiB of zero pages, each with a word of its own. */
static void start_with_2m(void)
{
	tvm_start();
	pages = rig_alloc(512, SIZE_2M);
	rig_convert(pages, 512);
	assert_int_equal(ZERO(pages, 0, 512, GPA_2M), 0);
	for (u64 i = 0; i < 512; i++)
		*rig_word(pages + i * PAGE_SIZE) = i;
}

static void block_and_fence(void)
{
	assert_int_equal(BLOCK(GPA_2M, SIZE_2M), 0);
	assert_int_equal(FENCE(), 0);
}

static void there_and_back(void **state)
{
	struct rig_ret r;
	u64 pool;

	(void)state;
	start_with_2m();
	pool = pool_count();
	assert_int_equal(PROMOTE(GPA_2M, 1), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(BLOCK(GPA_2M, SIZE_2M), 0);
	assert_int_equal(PROMOTE(GPA_2M, 1), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(FENCE(), 0);
	assert_int_equal(DEMOTE(GPA_2M, 0), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(PROMOTE(GPA_2M, 1), 0);
	assert_int_equal(PROMOTE(GPA_2M, 1), SBI_ERR_INVALID_ADDRESS);
	/* It is unblocked, and a part of it cannot be blocked. */
	run(0);
	assert_true(rig_trap(CAUSE_LOAD_GUEST, GPA_2M, GPA_2M, &r));
	kick();
	assert_int_equal(BLOCK(GPA_2M, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	block_and_fence();
	assert_int_equal(DEMOTE(GPA_2M, 0), 0);
	assert_int_equal(DEMOTE(GPA_2M, 0), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(pool_count(), pool - 1);
	assert_int_equal(BLOCK(GPA_2M, PAGE_SIZE), 0);
	for (u64 i = 0; i < 512; i++) {
		assert_int_equal(*rig_word(pages + i * PAGE_SIZE), i);
		assert_int_equal(rig_state(pages + i * PAGE_SIZE), PAGE_TVM_DATA);
	}
	tvm_end();
}

static void a_vcpu_inside_holds_both_back(void **state)
{
	(void)state;
	start_with_2m();
	run(0);
	rig_on(1);
	assert_int_equal(BLOCK(GPA_2M, SIZE_2M), 0);
	assert_int_equal(FENCE(), 0);
	assert_int_equal(PROMOTE(GPA_2M, 1), SBI_ERR_INVALID_ADDRESS);
	rig_on(0);
	kick();
	rig_on(1);
	assert_int_equal(PROMOTE(GPA_2M, 1), 0);
	assert_int_equal(BLOCK(GPA_2M, SIZE_2M), 0);
	rig_on(0);
	run(0);
	rig_on(1);
	assert_int_equal(FENCE(), 0);
	/* It entered before the fence, and has not left since. */
	assert_int_equal(DEMOTE(GPA_2M, 0), SBI_ERR_INVALID_ADDRESS);
	rig_on(0);
	kick();
	assert_int_equal(DEMOTE(GPA_2M, 0), 0);
	tvm_end();
}

static void refusals(void **state)
{
	static const struct { u64 gpa, type; s64 promote, demote; } rows[] = {
		{ GPA_2M + 1, 1, SBI_ERR_INVALID_ADDRESS, SBI_ERR_INVALID_ADDRESS },
		{ GSTAGE_GPA_END, 1, SBI_ERR_INVALID_ADDRESS, SBI_ERR_INVALID_ADDRESS },
		{ ~0ULL << 30, 1, SBI_ERR_INVALID_ADDRESS, SBI_ERR_INVALID_ADDRESS },
		{ GPA_2M, 0, SBI_ERR_INVALID_PARAM, SBI_ERR_INVALID_ADDRESS },
		{ GPA_2M, 2, SBI_ERR_INVALID_ADDRESS, SBI_ERR_INVALID_PARAM },
		{ GPA_2M, 3, SBI_ERR_INVALID_PARAM, SBI_ERR_INVALID_PARAM },
		{ GPA_2M, ~0ULL, SBI_ERR_INVALID_PARAM, SBI_ERR_INVALID_PARAM },
		{ GPA_2M, 1ULL << 32, SBI_ERR_INVALID_PARAM, SBI_ERR_INVALID_PARAM },
		{ GPA_2M + PAGE_SIZE, 1, SBI_ERR_INVALID_ADDRESS, SBI_ERR_INVALID_ADDRESS },
		{ GPA_2M + PAGE_SIZE, 0, SBI_ERR_INVALID_PARAM, SBI_ERR_INVALID_ADDRESS },
		/* Not in one region. */
		{ 0x80000000, 2, SBI_ERR_INVALID_ADDRESS, SBI_ERR_INVALID_PARAM },
		{ 0x40000000, 1, SBI_ERR_INVALID_ADDRESS, SBI_ERR_INVALID_ADDRESS },
	};

	(void)state;
	start_with_2m();
	block_and_fence();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(PROMOTE(rows[i].gpa, rows[i].type), rows[i].promote);
		assert_int_equal(DEMOTE(rows[i].gpa, rows[i].type), rows[i].demote);
	}
	assert_int_equal(COVH(COVH_RFC_PROMOTE_PAGE, t.id + 1, GPA_2M, 1).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_RFC_DEMOTE_PAGE, t.id + 1, GPA_2M, 0).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(PROMOTE(GPA_2M, 1), 0);
	tvm_end();
	tvm_build();
	assert_int_equal(PROMOTE(GPA_2M, 1), SBI_ERR_INVALID_PARAM);
	assert_int_equal(DEMOTE(GPA_2M, 0), SBI_ERR_INVALID_PARAM);
	tvm_end();
}

/* ACE's Linux: the long GET_TSM_INFO, no domain. */
static void ace_numbers(void **state)
{
	u64 info;

	(void)state;
	start_with_2m();
	block_and_fence();
	info = rig_alloc(1, PAGE_SIZE);
	assert_int_equal(COVH(SPEC(COVH_ACE_PROMOTE_PAGE), t.id, GPA_2M, 1).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(SPEC(COVH_ACE_DEMOTE_PAGE), t.id, GPA_2M, 0).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(COVH(SPEC(COVH_ACE_REMOVE_PAGES), t.id, GPA_2M, SIZE_2M).error,
			 SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(COVH(COVH_GET_TSM_INFO, info, 48).error, 0);
	/* A length is REMOVE's, at both numbers: this region does not change hands. */
	assert_int_equal(COVH(COVH_ACE_PROMOTE_PAGE, t.id, GPA_2M, SIZE_2M).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_ACE_REMOVE_PAGES, t.id, GPA_2M, SIZE_2M).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_ACE_REMOVE_PAGES, t.id, GPA_2M, 1).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_ACE_PROMOTE_PAGE, t.id, GPA_2M, 1).error, 0);
	assert_int_equal(COVH(COVH_SPEC_INVALIDATE_PAGES, t.id, GPA_2M, SIZE_2M).error, 0);
	assert_int_equal(COVH(COVH_SPEC_TVM_FENCE, t.id).error, 0);
	assert_int_equal(COVH(COVH_ACE_DEMOTE_PAGE, t.id, GPA_2M, 0).error, 0);
	assert_int_equal(COVH(22, t.id, GPA_2M, 0).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(COVH(COVH_GET_TSM_INFO, info, 32).error, 0);
	tvm_end();
}

/* Each round of blocking, folding and splitting costs no page for good. */
static void a_hundred_rounds(void **state)
{
	u64 least = ~0ULL;

	(void)state;
	start_with_2m();
	for (u32 i = 0; i < 100; i++) {
		block_and_fence();
		assert_int_equal(PROMOTE(GPA_2M, 1), 0);
		block_and_fence();
		assert_int_equal(DEMOTE(GPA_2M, 0), 0);
		least = MIN(least, pool_count());
	}
	assert_int_equal(least, 0);
	tvm_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "fold: PROMOTE and DEMOTE keep every page", there_and_back, NULL, NULL, NULL },
		{ "fold: a vCPU inside the TVM holds both back", a_vcpu_inside_holds_both_back, NULL, NULL, NULL },
		{ "fold: PROMOTE and DEMOTE check what they are given", refusals, NULL, NULL, NULL },
		{ "fold: the numbers of ACE's Linux", ace_numbers, NULL, NULL, NULL },
		{ "fold: a hundred rounds do not use up the pool", a_hundred_rounds, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
