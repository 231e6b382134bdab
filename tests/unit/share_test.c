/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that changes hands while a TVM lives: blocking, fences, removal, sharing and its end. */
#include "unit/tvm_rig.h"

#define AREA		(RAM + 0x10000)
#define AREA_PAGES	8ULL
#define AREA_SIZE	(AREA_PAGES * PAGE_SIZE)

static u64 pages;

/* A TVM whose area is populated with zero pages; vCPU 0 is not running. */
static void start_with_area(void)
{
	tvm_start();
	pages = rig_alloc(AREA_PAGES, PAGE_SIZE);
	rig_convert(pages, AREA_PAGES);
	assert_int_equal(ZERO(pages, 0, AREA_PAGES, AREA), 0);
}

#define BLOCK(gpa, size)	COVH(COVH_RFC_INVALIDATE_PAGES, t.id, gpa, size).error
#define UNBLOCK(gpa, size)	COVH(COVH_RFC_VALIDATE_PAGES, t.id, gpa, size).error
#define REMOVE(gpa, size)	COVH(COVH_RFC_REMOVE_PAGES, t.id, gpa, size).error
#define FENCE()			COVH(COVH_RFC_TVM_FENCE, t.id).error
#define SHARED(page, n, gpa)	COVH(COVH_RFC_ADD_SHARED_PAGES, t.id, page, 0, n, gpa).error

/* vCPU 0 asks; the host has not answered yet. */
static void ask(u64 fid, u64 gpa, u64 size)
{
	struct rig_ret r;

	run(0);
	poison();
	assert_false(TVM_ECALL(&r, SBI_EXT_COVG, fid, gpa, size));
	assert_int_equal(r.value, COVE_RUN_RESUMABLE);
	expect_exit(CAUSE_ECALL_VS, 0, 0, 0);
	expect_args(gpa, size, 0, fid, SBI_EXT_COVG);
}

static void answer(u64 error)
{
	shmem_set(NACL_GPR_OFFSET(REG_A0), error);
	shmem_set(NACL_GPR_OFFSET(REG_A1), 0);
}

/* What the RFC client does for a range that it has populated. */
static void take_out(u64 gpa, u64 size)
{
	assert_int_equal(BLOCK(gpa, size), 0);
	assert_int_equal(FENCE(), 0);
	assert_int_equal(REMOVE(gpa, size), 0);
}

static void share_area(void)
{
	struct world *w;

	ask(COVG_SHARE_MEMORY, AREA, AREA_SIZE);
	take_out(AREA, AREA_SIZE);
	rig_reclaim(pages, AREA_PAGES);
	answer(0);
	w = run(0);
	assert_int_equal(w->gpr[REG_A0], 0);
	kick();
}

static void blocked_pages_fault(void **state)
{
	struct rig_ret r;

	(void)state;
	start_with_area();
	assert_int_equal(BLOCK(AREA, AREA_SIZE), 0);
	assert_int_equal(BLOCK(AREA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	run(0);
	poison();
	assert_false(rig_trap(CAUSE_LOAD_GUEST, AREA + 0x1008, AREA + 0x1008, &r));
	expect_exit(CAUSE_LOAD_GUEST, 0, (AREA + 0x1000) >> 2, 0);
	assert_int_equal(UNBLOCK(AREA, AREA_SIZE), 0);
	assert_int_equal(UNBLOCK(AREA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	run(0);
	assert_true(rig_trap(CAUSE_LOAD_GUEST, AREA + 0x1008, AREA + 0x1008, &r));
	kick();
	/* Only a region that is about to be shared gives pages back. */
	assert_int_equal(BLOCK(AREA, AREA_SIZE), 0);
	assert_int_equal(FENCE(), 0);
	assert_int_equal(REMOVE(AREA, AREA_SIZE), SBI_ERR_INVALID_ADDRESS);
	tvm_end();
}

static void spans_are_checked(void **state)
{
	static const struct { u64 gpa, size; s64 error; } rows[] = {
		{ AREA + 1, PAGE_SIZE, SBI_ERR_INVALID_ADDRESS },
		{ AREA, 0, SBI_ERR_INVALID_PARAM },
		{ AREA, PAGE_SIZE + 1, SBI_ERR_INVALID_PARAM },
		{ AREA, ~PAGE_MASK, SBI_ERR_INVALID_ADDRESS },
		{ ~PAGE_MASK, PAGE_SIZE, SBI_ERR_INVALID_ADDRESS },
		{ GSTAGE_GPA_END, PAGE_SIZE, SBI_ERR_INVALID_ADDRESS },
		{ GSTAGE_GPA_END - PAGE_SIZE, 2 * PAGE_SIZE, SBI_ERR_INVALID_ADDRESS },
		{ 0, GSTAGE_GPA_END, SBI_ERR_INVALID_PARAM },
		{ AREA, AREA_SIZE + PAGE_SIZE, SBI_ERR_INVALID_ADDRESS },
		{ 0x1000, PAGE_SIZE, SBI_ERR_INVALID_ADDRESS },
	};
	static const u64 calls[] = { COVH_RFC_INVALIDATE_PAGES, COVH_RFC_VALIDATE_PAGES,
				     COVH_RFC_REMOVE_PAGES };

	(void)state;
	start_with_area();
	for (size_t c = 0; c < ARRAY_SIZE(calls); c++) {
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			assert_int_equal(COVH(calls[c], t.id, rows[i].gpa, rows[i].size).error,
					 rows[i].error);
		assert_int_equal(COVH(calls[c], t.id + 1, AREA, PAGE_SIZE).error,
				 SBI_ERR_INVALID_PARAM);
	}
	assert_int_equal(COVH(COVH_RFC_TVM_FENCE, t.id + 1).error, SBI_ERR_INVALID_PARAM);
	tvm_end();
	/* And none of it before the TVM is runnable. */
	tvm_build();
	for (size_t c = 0; c < ARRAY_SIZE(calls); c++)
		assert_int_equal(COVH(calls[c], t.id, RAM, PAGE_SIZE).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(FENCE(), SBI_ERR_INVALID_PARAM);
	assert_int_equal(SHARED(t.source, 1, RAM), SBI_ERR_INVALID_PARAM);
	tvm_end();
}

static void share_and_unshare(void **state)
{
	struct rig_ret r;
	struct world *w;
	u64 host;

	(void)state;
	start_with_area();
	host = rig_alloc(2, PAGE_SIZE);
	*rig_word(host) = 0x51;
	share_area();
	w = rig_world();
	/* Confidential pages have no place there now, shared ones elsewhere neither. */
	rig_convert(pages, 1);
	assert_int_equal(ZERO(pages, 0, 1, AREA), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(SHARED(host, 1, RAM + 0x5000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(SHARED(pages, 1, AREA), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(SHARED(host, 2, AREA), 0);
	/* The host keeps it, but cannot convert it; the same page again is no error. */
	assert_int_equal(*rig_word(host), 0x51);
	assert_int_equal(COVH(SPEC(COVH_CONVERT_PAGES), host, 1).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(SHARED(host, 1, AREA + 0x123), 0);
	assert_int_equal(COVH(SPEC(COVH_SPEC_ADD_SHARED_PAGES), t.id, host, 0, 1, AREA).error,
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(SHARED(host + PAGE_SIZE, 1, AREA), SBI_ERR_INVALID_ADDRESS);
	/* The TVM reads and writes it and does not execute it. */
	w = run(0);
	assert_true(rig_trap(CAUSE_STORE_GUEST, AREA, AREA, &r));
	assert_true(rig_trap(CAUSE_FETCH_GUEST, AREA + 4, AREA + 4, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_FETCH_ACCESS);
	assert_int_equal(csr_read(CSR_VSTVAL), AREA + 4);
	poison();
	assert_false(rig_trap(CAUSE_STORE_GUEST, AREA + 0x3008, AREA + 0x3008, &r));
	expect_exit(CAUSE_STORE_GUEST, 0, (AREA + 0x3000) >> 2, 0);
	/* A console write from there is the host's to read. */
	run(0);
	poison();
	assert_false(TVM_ECALL(&r, SBI_EXT_DBCN, SBI_DBCN_WRITE, 5, AREA, 0));
	expect_args(5, AREA, 0, SBI_DBCN_WRITE, SBI_EXT_DBCN);
	answer(0);
	run(0);
	assert_int_equal(w->gpr[REG_A1], 5);
	kick();
	/* And back: pages that were never touched need no care. */
	ask(COVG_UNSHARE_MEMORY, AREA, AREA_SIZE);
	take_out(AREA, AREA_SIZE);
	answer(0);
	run(0);
	kick();
	assert_int_equal(SHARED(host, 1, AREA), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ZERO(pages, 0, 1, AREA), 0);
	tvm_end();
}

static void share_requests_are_checked(void **state)
{
	(void)state;
	start_with_area();
	run(0);
#define COVG(...)	ASK(SBI_EXT_COVG, __VA_ARGS__)
	assert_int_equal(COVG(COVG_SHARE_MEMORY, AREA + 1, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVG(COVG_SHARE_MEMORY, AREA, 1), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVG(COVG_SHARE_MEMORY, AREA, 0), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVG(COVG_SHARE_MEMORY, 0x1000, PAGE_SIZE), SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVG(COVG_SHARE_MEMORY, RAM, (RAM_PAGES + 1) * PAGE_SIZE),
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVG(COVG_SHARE_MEMORY, ~PAGE_MASK, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVG(COVG_UNSHARE_MEMORY, AREA, PAGE_SIZE), SBI_ERR_INVALID_PARAM);
	kick();
	tvm_end();
}

static void a_refused_share_changes_nothing(void **state)
{
	struct world *w;
	struct rig_ret r;

	(void)state;
	start_with_area();
	ask(COVG_SHARE_MEMORY, AREA, AREA_SIZE);
	assert_int_equal(BLOCK(AREA, PAGE_SIZE), 0);
	assert_int_equal(UNBLOCK(AREA, PAGE_SIZE), 0);
	answer((u64)SBI_ERR_DENIED);
	w = run(0);
	assert_int_equal(w->gpr[REG_A0], (u64)SBI_ERR_DENIED);
	assert_int_equal(w->sepc, ENTRY + 4);
	assert_true(rig_trap(CAUSE_LOAD_GUEST, AREA, AREA, &r));
	kick();
	assert_int_equal(SHARED(t.source, 1, RAM + 0x8000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(BLOCK(AREA, PAGE_SIZE), 0);
	assert_int_equal(FENCE(), 0);
	assert_int_equal(REMOVE(AREA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	tvm_end();
}

/* Removal waits for the fence, and the fence for every vCPU that was inside. */
static void removal_needs_the_fence(void **state)
{
	struct rig_ret r;

	(void)state;
	start_with_area();
	run(0);
	assert_false(TVM_ECALL(&r, SBI_EXT_HSM, SBI_HSM_START, 1, RAM, 0));
	ask(COVG_SHARE_MEMORY, AREA, AREA_SIZE);
	rig_on(1);
	run(1);
	rig_on(0);
	assert_int_equal(REMOVE(AREA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(BLOCK(AREA, AREA_SIZE), 0);
	assert_int_equal(REMOVE(AREA, AREA_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(FENCE(), 0);
	assert_int_equal(REMOVE(AREA, AREA_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(FENCE(), SBI_ERR_ALREADY_STARTED);
	rig_on(1);
	kick();
	/* It comes back with the new epoch. */
	run(1);
	assert_true(rv_cpu->hfence_gvma_vmid > 0);
	rig_on(0);
	assert_int_equal(REMOVE(AREA, PAGE_SIZE), 0);
	assert_int_equal(rig_state(pages), PAGE_CONVERTED);
	assert_int_equal(REMOVE(AREA + PAGE_SIZE, AREA_SIZE - PAGE_SIZE), 0);
	answer(0);
	run(0);
	kick();
	rig_on(1);
	kick();
	rig_on(0);
	tvm_end();
}

/*
 * What the host left mapped is an error to a strict caller; for the RFC client the TSM takes it
 * out.
 */
static void leftover_pages(void **state)
{
	struct rig_ret r;
	struct world *w;

	(void)state;
	start_with_area();
	run(0);
	assert_false(TVM_ECALL(&r, SBI_EXT_HSM, SBI_HSM_START, 1, RAM, 0));
	rig_on(1);
	run(1);
	rig_on(0);
	ask(COVG_SHARE_MEMORY, AREA, AREA_SIZE);
	assert_int_equal(BLOCK(AREA, PAGE_SIZE), 0);
	answer(0);
	csr_write(CSR_VSCAUSE, 3);
	r = COVH(SPEC(COVH_SPEC_RUN_VCPU), t.id, 0);
	assert_int_equal(r.error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(csr_read(CSR_VSCAUSE), 3);
	assert_int_equal(COVH(SPEC(COVH_SPEC_RUN_VCPU), t.id, 0).error, SBI_ERR_INVALID_ADDRESS);
	/* The fence that it needs is the TSM's own, and waits for vCPU 1: the client comes again. */
	for (u32 i = 0; i < 3; i++) {
		r = COVH(COVH_RFC_RUN_VCPU, t.id, 0);
		assert_false(r.entered);
		assert_int_equal(r.error, 0);
		assert_int_equal(r.value, COVE_RUN_RESUMABLE);
		assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_STI);
		assert_int_equal(rig_state(pages), PAGE_TVM_DATA);
	}
	rig_on(1);
	kick();
	rig_on(0);
	w = run(0);
	assert_int_equal(w->gpr[REG_A0], 0);
	assert_int_equal(w->sepc, ENTRY + 8);
	assert_int_equal(rig_state(pages), PAGE_CONVERTED);
	kick();
	rig_reclaim(pages, AREA_PAGES);
	for (u64 i = 0; i < AREA_PAGES * 512; i++)
		assert_int_equal(rig_word(pages)[i], 0);
	tvm_end();
}

/* A large range that the host left as it is goes over several runs, none of them long. */
static void a_large_leftover_goes_in_steps(void **state)
{
	const u64 base = 0x100000000, tables = 40, pool = rig_alloc(tables + 2, PAGE_SIZE);
	struct rig_ret r;
	u32 runs = 1;

	(void)state;
	tvm_build();
	rig_convert(pool, tables + 2);
	assert_int_equal(COVH(COVH_RFC_ADD_MEMORY_REGION, t.id, base, tables * SIZE_2M).error, 0);
	assert_int_equal(COVH(COVH_RFC_ADD_PGT_PAGES, t.id, pool, tables + 2).error, 0);
	tvm_finalize_call();
	pages = rig_alloc(tables, PAGE_SIZE);
	rig_convert(pages, tables);
	for (u64 i = 0; i < tables; i++)
		assert_int_equal(ZERO(pages + i * PAGE_SIZE, 0, 1, base + i * SIZE_2M + 5 * PAGE_SIZE), 0);
	ask(COVG_SHARE_MEMORY, base, tables * SIZE_2M);
	answer(0);
	for (; r = COVH(COVH_RFC_RUN_VCPU, t.id, 0), !r.entered; runs++) {
		assert_int_equal(r.error, 0);
		assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_STI);
		/* Whatever the host gives it meanwhile goes too. */
		if (runs == 8)
			assert_int_equal(ZERO(pages, 0, 1, base), 0);
		assert_true(runs < 30);
	}
	assert_true(runs > 5);
	assert_int_equal(rig_world()->gpr[REG_A0], 0);
	kick();
	for (u64 i = 0; i < tables; i++)
		assert_int_equal(rig_state(pages + i * PAGE_SIZE), PAGE_CONVERTED);
	tvm_end();
}

/* INVALIDATE and REMOVE of pages that were never there: errors to a strict caller only. */
static void absent_pages(void **state)
{
	(void)state;
	start_with_area();
	ask(COVG_SHARE_MEMORY, AREA, 2 * AREA_SIZE);
	assert_int_equal(COVH(SPEC(COVH_SPEC_INVALIDATE_PAGES), t.id, AREA, 2 * AREA_SIZE).error,
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(BLOCK(AREA, 2 * AREA_SIZE), 0);
	assert_int_equal(FENCE(), 0);
	assert_int_equal(COVH(SPEC(COVH_SPEC_REMOVE_PAGES), t.id, AREA, 2 * AREA_SIZE).error,
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(REMOVE(AREA, 2 * AREA_SIZE), 0);
	/* Not in memory that stays confidential. */
	assert_int_equal(BLOCK(RAM + 0x100000, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	answer(0);
	run(0);
	kick();
	tvm_end();
}

/* One host page in a TVM at two addresses: blocked in one place, it stays in the other. */
static void one_page_twice(void **state)
{
	struct rig_ret r;
	u64 host;

	(void)state;
	start_with_area();
	host = rig_alloc(1, PAGE_SIZE);
	share_area();
	assert_int_equal(SHARED(host, 1, AREA), 0);
	assert_int_equal(SHARED(host, 1, AREA + PAGE_SIZE), 0);
	assert_int_equal(page_word_info(page_word(PFN(host >> PAGE_SHIFT))), 2);
	assert_int_equal(BLOCK(AREA, PAGE_SIZE), 0);
	run(0);
	assert_true(rig_trap(CAUSE_LOAD_GUEST, AREA + PAGE_SIZE, AREA + PAGE_SIZE, &r));
	assert_false(rig_trap(CAUSE_LOAD_GUEST, AREA, AREA, &r));
	assert_int_equal(FENCE(), 0);
	/* It can go only when the TVM gives the range up. */
	assert_int_equal(REMOVE(AREA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	ask(COVG_UNSHARE_MEMORY, AREA, PAGE_SIZE);
	assert_int_equal(REMOVE(AREA, PAGE_SIZE), 0);
	assert_int_equal(page_word_info(page_word(PFN(host >> PAGE_SHIFT))), 1);
	answer(0);
	run(0);
	kick();
	tvm_end();
}

/* A TVM that dies with requests pending, blocked pages and shared ones gives everything back. */
static void destroyed_in_the_middle(void **state)
{
	u64 host;

	(void)state;
	start_with_area();
	host = rig_alloc(2, PAGE_SIZE);
	share_area();
	assert_int_equal(SHARED(host, 2, AREA), 0);
	assert_int_equal(BLOCK(AREA, PAGE_SIZE), 0);
	rig_convert(pages, 2);
	assert_int_equal(ZERO(pages, 0, 2, AREA + AREA_SIZE), 0);
	assert_int_equal(BLOCK(AREA + AREA_SIZE, PAGE_SIZE), 0);
	ask(COVG_SHARE_MEMORY, AREA + AREA_SIZE, 4 * PAGE_SIZE);
	tvm_end();
}

/* The vCPU comes back to the same call until the last of them is gone, and can be interrupted in between. */
static void many_mmio_regions_go_in_steps(void **state)
{
	const u64 first = 0x40000000, count = 150;
	struct rig_ret r;
	u32 calls = 1;
	u64 pc;

	(void)state;
	tvm_start();
	for (u64 i = 0; i < count; i++) {
		run(0);
		assert_false(TVM_ECALL(&r, SBI_EXT_COVG, COVG_ADD_MMIO_REGION, first + 2 * i * PAGE_SIZE, PAGE_SIZE));
	}
	pc = run(0)->sepc;
	while (TVM_ECALL(&r, SBI_EXT_COVG, COVG_REMOVE_MMIO_REGION, first, 2 * count * PAGE_SIZE)) {
		assert_int_equal(rig_world()->sepc, pc);
		calls++;
	}
	assert_int_equal(calls, 3);
	assert_int_equal(run(0)->sepc, pc + 4);
	assert_int_equal(ASK(SBI_EXT_COVG, COVG_REMOVE_MMIO_REGION, first, 2 * count * PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	kick();
	tvm_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("share: a blocked page faults until it is unblocked", blocked_pages_fault),
		SENTENCE("share: INVALIDATE, VALIDATE and REMOVE check their ranges",
			 spans_are_checked),
		SENTENCE("share: memory becomes shared and confidential again", share_and_unshare),
		SENTENCE("share: requests are checked", share_requests_are_checked),
		SENTENCE("share: a refused request changes nothing",
			 a_refused_share_changes_nothing),
		SENTENCE("share: removal waits for the fence and the vCPUs inside",
			 removal_needs_the_fence),
		SENTENCE("share: pages left behind are an error, or taken out", leftover_pages),
		SENTENCE("share: a large range left behind is taken out in bounded steps", a_large_leftover_goes_in_steps),
		SENTENCE("share: absent pages are an error, or no work", absent_pages),
		SENTENCE("share: a page mapped twice is blocked once", one_page_twice),
		SENTENCE("share: many MMIO regions are removed in bounded steps", many_mmio_regions_go_in_steps),
		SENTENCE("share: a TVM destroyed in the middle gives everything back",
			 destroyed_in_the_middle),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
