/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COVH, NACL and SUPD as the host sees them: what each call does, what it refuses, and that a
 * refusal changes nothing.
 */
#include "unit/unit.h"

#include <string.h>

#include "cove/covh.h"
#include "cove/nacl.h"
#include "cove/supd.h"
#include "page/page.h"
#include <sbi.h>
#include "tvm/tvm.h"
#include "oracle/watch.h"
#include "unit/rig.h"

#define WRAP_PAGES	(~0ULL >> PAGE_SHIFT)
#define SPEC(fid)	((u64)SUPD_TSM_DOMAIN << SUPD_SDID_SHIFT | (fid))

static void info_has_two_layouts(void **state)
{
	u64 page = rig_alloc(1, PAGE_SIZE);
	struct cove_tsm_info rfc;
	struct cove_tsm_info_spec spec;

	(void)state;
	assert_int_equal(COVH(COVH_GET_TSM_INFO, page, 31).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_GET_TSM_INFO, page, 47).value, 32);
	memcpy(&rfc, rig_word(page), sizeof(rfc));
	assert_int_equal(rfc.tsm_state, COVE_TSM_READY);
	assert_in_range(rfc.tvm_state_pages, 1, 1024);
	assert_in_range(rfc.tvm_vcpu_state_pages, 1, 1024);
	assert_int_equal(*rig_word(page + 32), 0);

	/* 48 bytes or more also say that this host speaks the specification's numbering. */
	assert_int_equal(COVH(COVH_GET_TSM_INFO, page, 48).value, 48);
	memcpy(&spec, rig_word(page), sizeof(spec));
	assert_int_equal(spec.tsm_state, COVE_TSM_READY);
	assert_int_equal(spec.tvm_state_pages, rfc.tvm_state_pages);
	assert_int_equal(spec.tvm_max_vcpus, rfc.tvm_max_vcpus);
	assert_int_equal(COVH(COVH_SPEC_PROMOTE_TO_TVM, 1).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(COVH(COVH_SPEC_DESTROY_TVM, 1).error, SBI_ERR_INVALID_PARAM);
	/* A failed call does not. */
	assert_int_equal(COVH(COVH_GET_TSM_INFO, 0x1000, 32).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_GET_TSM_INFO, page + 2, 32).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_SPEC_PROMOTE_TO_TVM, 1).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(COVH(COVH_GET_TSM_INFO, page, 32).error, 0);
	assert_int_equal(COVH(COVH_RFC_DESTROY_TVM, 1).error, SBI_ERR_INVALID_PARAM);
	rig_all_returned();
}

static void a6_names_the_domain(void **state)
{
	u64 page = rig_alloc(1, PAGE_SIZE);

	(void)state;
	assert_int_equal(COVH(SPEC(COVH_SPEC_PROMOTE_TO_TVM)).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(COVH(SPEC(COVH_SPEC_DESTROY_TVM), 1).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(SPEC(COVH_GET_TSM_INFO), page, 32).error, 0);
	assert_int_equal(COVH(2ULL << SUPD_SDID_SHIFT).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(COVH(1ULL << 32).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(COVH(1ULL << 16).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(COVH(SPEC(1ULL << 25)).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(COVH(21).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(COVH(0xffff).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(COVH(~0ULL).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(RIG_CALL(SBI_EXT_SUPD, 0).value, 3);
	assert_int_equal(RIG_CALL(SBI_EXT_SUPD, 1).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(RIG_CALL(SBI_EXT_COVG, 0).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(RIG_CALL(SBI_EXT_COVI, 11).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(RIG_CALL(0x12345, 0).error, SBI_ERR_NOT_SUPPORTED);
	rig_all_returned();
}

static void convert_and_reclaim(void **state)
{
	u64 hpa = rig_alloc(600, PAGE_SIZE);

	(void)state;
	memset(rig_word(hpa), 0x5a, 600 * PAGE_SIZE);
	assert_int_equal(COVH(COVH_CONVERT_PAGES, hpa, 600).value, 600);
	assert_int_equal(rig_state(hpa), PAGE_CONVERTING);
	assert_int_equal(*rig_word(hpa), 0x5a5a5a5a5a5a5a5a);
	rig_fence();
	assert_int_equal(COVH(COVH_RECLAIM_PAGES, hpa, 600).value, 600);
	for (u64 i = 0; i < 600 * 512; i++)
		assert_int_equal(rig_word(hpa)[i], 0);
	rig_all_returned();
}

static void reclaim_takes_what_is_not_fenced(void **state)
{
	u64 hpa = rig_alloc(6, PAGE_SIZE);

	(void)state;
	*rig_word(hpa) = 77;
	assert_int_equal(COVH(COVH_CONVERT_PAGES, hpa, 2).error, 0);
	rig_reclaim(hpa, 2);
	assert_int_equal(*rig_word(hpa), 77);
	/* Again, and over pages of three kinds. */
	rig_reclaim(hpa, 2);
	rig_convert(hpa + 2 * PAGE_SIZE, 2);
	assert_int_equal(COVH(COVH_CONVERT_PAGES, hpa + 4 * PAGE_SIZE, 1).error, 0);
	rig_reclaim(hpa, 6);
	rig_all_returned();
}

static void page_calls_refuse(u64 fid)
{
	static const struct { u64 base, count; s64 error; } rows[] = {
		{ RIG_HOST_BASE, 0, SBI_ERR_INVALID_PARAM },
		{ RIG_HOST_BASE + 1, 1, SBI_ERR_INVALID_ADDRESS },
		{ RIG_HOST_BASE + 8, 1, SBI_ERR_INVALID_ADDRESS },
		{ RIG_HOST_END, 1, SBI_ERR_INVALID_ADDRESS },
		{ RIG_HOST_END - PAGE_SIZE, 2, SBI_ERR_INVALID_ADDRESS },
		{ 0, 1, SBI_ERR_INVALID_ADDRESS },
		{ RIG_RAM_BASE, 1, SBI_ERR_INVALID_ADDRESS },
		{ RIG_HOST_BASE - PAGE_SIZE, 2, SBI_ERR_INVALID_ADDRESS },
		{ ~PAGE_MASK, 1, SBI_ERR_INVALID_ADDRESS },
		{ ~PAGE_MASK, 2, SBI_ERR_INVALID_ADDRESS },
		{ RIG_HOST_BASE, ~0ULL, SBI_ERR_INVALID_ADDRESS },
		{ RIG_HOST_BASE, WRAP_PAGES, SBI_ERR_INVALID_ADDRESS },
		{ RIG_HOST_BASE, WRAP_PAGES + 2, SBI_ERR_INVALID_ADDRESS },
		{ RIG_HOST_BASE, 1ULL << 63, SBI_ERR_INVALID_ADDRESS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(COVH(fid, rows[i].base, rows[i].count).error, rows[i].error);
}

static void page_calls_refuse_bad_ranges(void **state)
{
	(void)state;
	page_calls_refuse(COVH_CONVERT_PAGES);
	page_calls_refuse(COVH_RECLAIM_PAGES);
	rig_all_returned();
}

static void convert_is_all_or_nothing(void **state)
{
	u64 hpa = rig_alloc(4, PAGE_SIZE);

	(void)state;
	assert_int_equal(COVH(COVH_CONVERT_PAGES, hpa + 2 * PAGE_SIZE, 1).error, 0);
	assert_int_equal(COVH(SPEC(COVH_CONVERT_PAGES), hpa, 4).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(rig_state(hpa), PAGE_HOST);
	assert_int_equal(rig_state(hpa + 3 * PAGE_SIZE), PAGE_HOST);
	rig_reclaim(hpa + 2 * PAGE_SIZE, 1);
	rig_all_returned();
}

/* The RFC client converts one page twice when two vCPUs fault on it; a strict caller is told. */
static void convert_twice_by_numbering(void **state)
{
	u64 hpa = rig_alloc(1, PAGE_SIZE);

	(void)state;
	assert_int_equal(COVH(COVH_CONVERT_PAGES, hpa, 1).error, 0);
	assert_int_equal(COVH(COVH_CONVERT_PAGES, hpa, 1).error, 0);
	assert_int_equal(COVH(SPEC(COVH_CONVERT_PAGES), hpa, 1).error, SBI_ERR_INVALID_ADDRESS);
	rig_fence();
	assert_int_equal(COVH(COVH_CONVERT_PAGES, hpa, 1).error, 0);
	assert_int_equal(COVH(SPEC(COVH_CONVERT_PAGES), hpa, 1).error, SBI_ERR_INVALID_ADDRESS);
	rig_reclaim(hpa, 1);
	rig_reclaim(hpa, 1);
	rig_all_returned();
}

/* A range of which a part is confidential: for the RFC client the rest is converted, or nothing. */
static void convert_takes_the_rest(void **state)
{
	u64 hpa = rig_alloc(8, PAGE_SIZE);

	(void)state;
	rig_convert(hpa + 2 * PAGE_SIZE, 1);
	assert_int_equal(COVH(COVH_CONVERT_PAGES, hpa + 5 * PAGE_SIZE, 1).error, 0);
	/* A pin and a claim out of nowhere, which the oracle would not have. */
	watch_on = false;
	assert_int_equal(page_pin(PFN((hpa >> PAGE_SHIFT) + 7), 1), TSM_OK);
	assert_int_equal(COVH(COVH_CONVERT_PAGES, hpa, 8).error, SBI_ERR_INVALID_ADDRESS);
	for (u64 i = 0; i < 8; i++) {
		enum page_state want = i == 2 || i == 5 ? PAGE_CONVERTING : PAGE_HOST;

		assert_int_equal(rig_state(hpa + i * PAGE_SIZE), want);
		assert_int_equal(page_word_owner(page_word(PFN((hpa >> PAGE_SHIFT) + i))), 0);
		assert_false(page_word_busy(page_word(PFN((hpa >> PAGE_SHIFT) + i))));
	}
	page_unpin(PFN((hpa >> PAGE_SHIFT) + 7), 1);
	/* A page that another call holds: the call is made again. */
	assert_int_equal(page_claim(PFN((hpa >> PAGE_SHIFT) + 6), 1, PAGE_HOST, 0), TSM_OK);
	assert_false(COVH_TRY(&(struct rig_ret){ 0 }, COVH_CONVERT_PAGES, hpa, 8));
	page_unclaim(PFN((hpa >> PAGE_SHIFT) + 6), 1);
	watch_on = true;
	assert_int_equal(rig_state(hpa), PAGE_HOST);
	assert_int_equal(COVH(COVH_CONVERT_PAGES, hpa, 8).value, 8);
	for (u64 i = 0; i < 8; i++)
		assert_int_equal(rig_state(hpa + i * PAGE_SIZE), PAGE_CONVERTING);
	rig_fence();
	rig_reclaim(hpa, 8);
	rig_all_returned();
}

static void fences_wait_for_every_hart(void **state)
{
	(void)state;
	assert_int_equal(COVH(COVH_GLOBAL_FENCE).error, 0);
	assert_int_equal(COVH(COVH_GLOBAL_FENCE).error, SBI_ERR_ALREADY_STARTED);
	for (u32 i = 1; i < RIG_HARTS; i++) {
		u64 flushes;

		rig_on(i);
		flushes = rv_cpu->hfence_gvma_vmid;
		assert_int_equal(COVH(COVH_LOCAL_FENCE).error, 0);
		assert_int_equal(rv_cpu->hfence_gvma_vmid, flushes + 1);
		assert_int_equal(rv_cpu->last_vmid, HOST_VMID);
		/* Legal at any time; nothing to flush any more. */
		assert_int_equal(COVH(COVH_LOCAL_FENCE).error, 0);
		assert_int_equal(rv_cpu->hfence_gvma_vmid, flushes + 1);
		rig_on(0);
		assert_int_equal(COVH(COVH_GLOBAL_FENCE).error,
				 i == RIG_HARTS - 1 ? 0 : SBI_ERR_ALREADY_STARTED);
	}
	for (u32 i = 0; i < RIG_HARTS; i++) {
		rig_on(i);
		COVH(COVH_LOCAL_FENCE);
	}
	rig_on(0);
}

static void long_reclaims_make_room(void **state)
{
	u64 hpa = rig_alloc(200, PAGE_SIZE);
	struct rig_ret r;
	u32 tries = 1;

	(void)state;
	memset(rig_word(hpa), 0x77, 200 * PAGE_SIZE);
	rig_convert(hpa, 200);
	/* The interrupt stays pending: each try gets a stretch further and shows nothing of it. */
	rig_interrupt(true);
	for (; !COVH_TRY(&r, COVH_RECLAIM_PAGES, hpa, 200); tries++) {
		assert_int_equal(rig_state(hpa), PAGE_CONVERTED);
		assert_false(page_word_busy(page_word(PFN(hpa >> PAGE_SHIFT))));
		assert_true(tries < 10);
	}
	rig_interrupt(false);
	assert_int_equal(tries, 4);
	assert_int_equal(r.error, 0);
	assert_int_equal(r.value, 200);
	for (u64 i = 0; i < 200 * 512; i++)
		assert_int_equal(rig_word(hpa)[i], 0);
	rig_all_returned();
}

static void shmem_is_pinned(void **state)
{
	u64 a = rig_alloc(3, PAGE_SIZE), b = rig_alloc(3, PAGE_SIZE);
	struct hart *h = rig_hart();

	(void)state;
#define SHMEM(...)	RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, __VA_ARGS__).error
	assert_int_equal(SHMEM(a, 0, 1), SBI_ERR_INVALID_PARAM);
	assert_int_equal(SHMEM(a + 8, 0, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(SHMEM(a, 1, 0), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(SHMEM(0, 0, 0), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(SHMEM(RIG_HOST_END - 2 * PAGE_SIZE, 0, 0), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(SHMEM(~PAGE_MASK, 0, 0), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(h->nacl_shmem, 0);
	assert_int_equal(SHMEM(a, 0, 0), 0);
	assert_int_equal(h->nacl_shmem, a);
	assert_int_equal(COVH(COVH_CONVERT_PAGES, a + 2 * PAGE_SIZE, 1).error,
			 SBI_ERR_INVALID_ADDRESS);
	/* A refused replacement leaves the old area. */
	assert_int_equal(COVH(COVH_CONVERT_PAGES, b + 2 * PAGE_SIZE, 1).error, 0);
	assert_int_equal(SHMEM(b, 0, 0), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(h->nacl_shmem, a);
	rig_reclaim(b + 2 * PAGE_SIZE, 1);
	assert_int_equal(SHMEM(b, 0, 0), 0);
	assert_int_equal(COVH(COVH_CONVERT_PAGES, a, 1).error, 0);
	rig_reclaim(a, 1);
	assert_int_equal(SHMEM(NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE, 0), 0);
	assert_int_equal(h->nacl_shmem, 0);
	for (u64 f = 0; f < 5; f++)
		assert_int_equal(RIG_CALL(SBI_EXT_NACL, NACL_PROBE_FEATURE, f).value, 0);
	assert_int_equal(RIG_CALL(SBI_EXT_NACL, NACL_SYNC_CSR, ~0ULL).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(RIG_CALL(SBI_EXT_NACL, NACL_SYNC_HFENCE, 0).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(RIG_CALL(SBI_EXT_NACL, NACL_SYNC_SRET).error, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(RIG_CALL(SBI_EXT_NACL, 1ULL << 40).error, SBI_ERR_NOT_SUPPORTED);
	rig_all_returned();
}

/*
 * Hostile calls: any function, any numbers that might hit something. Nothing panics, nothing is
 * lost.
 */
static void random_calls_do_no_harm(void **state)
{
	static const u64 odd[] = { 0, 1, 2, 3, 4, 16, 48, 512, ~0ULL, 1ULL << 63, 0xfff, 0x1000,
				   RIG_HOST_BASE, RIG_HOST_BASE + 0x4000, RIG_HOST_BASE + 0x8000,
				   RIG_HOST_END, RIG_RAM_BASE, 0x80200000, ~PAGE_MASK, 1ULL << 41 };
	u64 seed = 4711;

	(void)state;
	for (u32 round = 0; round < 40000; round++) {
		u64 args[6];
		u64 fid = unit_random(&seed) % 22;

		/* One page of converted memory in four calls keeps the deeper paths busy. */
		for (u32 i = 0; i < 6; i++) {
			u64 r = unit_random(&seed);

			args[i] = r & 3 ? odd[(r >> 2) % ARRAY_SIZE(odd)] :
					  RIG_HOST_BASE + (r >> 8) % 64 * PAGE_SIZE;
		}
		if (fid == COVH_GET_TSM_INFO)
			continue;
		rig_on((u32)(unit_random(&seed) % RIG_HARTS));
		if (rig_call(SBI_EXT_COVH, fid, args, 6).entered)
			fail_msg("a vCPU was entered");
	}
	for (u32 i = 0; i < RIG_HARTS; i++) {
		rig_on(i);
		COVH(COVH_LOCAL_FENCE);
	}
	rig_on(0);
	for (u64 id = RIG_HOST_BASE >> PAGE_SHIFT; id < RIG_HOST_END >> PAGE_SHIFT; id++)
		COVH(COVH_RFC_DESTROY_TVM, id);
	rig_reclaim(RIG_HOST_BASE, (RIG_HOST_END - RIG_HOST_BASE) >> PAGE_SHIFT);
	rig_fence();
	rig_all_returned();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE(
			"covh: GET_TSM_INFO answers in the layout that fits, and picks the numbering",
			info_has_two_layouts),
		SENTENCE("covh: a6 holds a function, a domain and nothing else",
			 a6_names_the_domain),
		SENTENCE("covh: converted pages come back as zeroes", convert_and_reclaim),
		SENTENCE("covh: RECLAIM takes pages before the fence, and those it has already",
			 reclaim_takes_what_is_not_fenced),
		SENTENCE("covh: CONVERT and RECLAIM refuse ranges that are no host memory",
			 page_calls_refuse_bad_ranges),
		SENTENCE("covh: CONVERT takes all pages or none", convert_is_all_or_nothing),
		SENTENCE("covh: CONVERT twice is refused to a strict caller only",
			 convert_twice_by_numbering),
		SENTENCE("covh: CONVERT of a range that is confidential in part takes the rest, or nothing",
			 convert_takes_the_rest),
		SENTENCE("covh: a fence is over when every hart has flushed",
			 fences_wait_for_every_hart),
		SENTENCE("covh: a long RECLAIM lets the host take its interrupts",
			 long_reclaims_make_room),
		SENTENCE("nacl: the shared memory is pinned while it is registered",
			 shmem_is_pinned),
		SENTENCE("covh: hostile calls do no harm", random_calls_do_no_harm),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
