/* SPDX-License-Identifier: BSD-2-Clause */
/* A TVM's life through the gate: building, running, every exit of ABI.md 9.4, and its end. */
#include "unit/unit.h"

#include <string.h>

#include "cove/covg.h"
#include "cove/covh.h"
#include "cove/nacl.h"
#include "cove/supd.h"
#include "measure/measure.h"
#include "page/page.h"
#include <sbi.h>
#include "tvm/tvm.h"
#include "unit/rig.h"

#define SPEC(fid)	((u64)SUPD_TSM_DOMAIN << SUPD_SDID_SHIFT | (fid))
#define RAM		0x80200000ULL
#define RAM_PAGES	1024ULL
#define ENTRY		(RAM + 0x100)
#define POOL_PAGES	8ULL
#define WFI		0x10500073

/* A TVM as a careful host builds it; memory of it in host addresses. */
static struct {
	u64 params, pgd, tvm_state, pool, vcpu[3], image, source, shmem;
	u64 id;
} t;

static s64 convert_all(void)
{
	rig_convert(t.pgd, 4);
	rig_convert(t.tvm_state, TVM_STATE_PAGES);
	rig_convert(t.pool, POOL_PAGES);
	for (u32 i = 0; i < 3; i++)
		rig_convert(t.vcpu[i], vcpu_state_pages());
	rig_convert(t.image, 4);
	return 0;
}

static void alloc_all(void)
{
	t.params = rig_alloc(1, PAGE_SIZE);
	t.pgd = rig_alloc(4, 0x4000);
	t.tvm_state = rig_alloc(TVM_STATE_PAGES, PAGE_SIZE);
	t.pool = rig_alloc(POOL_PAGES, PAGE_SIZE);
	for (u32 i = 0; i < 3; i++)
		t.vcpu[i] = rig_alloc(vcpu_state_pages(), PAGE_SIZE);
	t.image = rig_alloc(4, PAGE_SIZE);
	t.source = rig_alloc(4, PAGE_SIZE);
	t.shmem = rig_alloc(3, PAGE_SIZE);
}

static void create(void)
{
	struct cove_tvm_create_params params = { t.pgd, t.tvm_state };
	struct rig_ret r;

	memcpy(rig_word(t.params), &params, sizeof(params));
	r = COVH(COVH_CREATE_TVM, t.params, sizeof(params));
	assert_int_equal(r.error, 0);
	t.id = r.value;
}

static void build(void)
{
	alloc_all();
	convert_all();
	create();
	assert_int_equal(COVH(COVH_RFC_ADD_PGT_PAGES, t.id, t.pool, POOL_PAGES).error, 0);
	assert_int_equal(COVH(COVH_RFC_ADD_MEMORY_REGION, t.id, RAM, RAM_PAGES * PAGE_SIZE).error,
			 0);
	for (u64 i = 0; i < 4 * 512; i++)
		rig_word(t.source)[i] = i * 0x0101010101010101;
	assert_int_equal(
		COVH(COVH_RFC_ADD_MEASURED_PAGES, t.id, t.source, t.image, 0, 4, RAM).value, 4);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(COVH(COVH_RFC_CREATE_VCPU, t.id, i, t.vcpu[i]).error, 0);
}

static void build_and_finalize(void)
{
	build();
	assert_int_equal(COVH(COVH_FINALIZE_TVM, t.id, ENTRY, 0x1234, 0).error, 0);
	assert_int_equal(RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, t.shmem, 0, 0).error, 0);
}

static void destroy(void)
{
	assert_int_equal(COVH(COVH_RFC_DESTROY_TVM, t.id).error, 0);
	RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE, 0);
	rig_reclaim(RIG_HOST_BASE, (RIG_HOST_END - RIG_HOST_BASE) >> PAGE_SHIFT);
	rig_all_returned();
}

static u64 shmem(u64 offset)
{
	return *rig_word(t.shmem + offset);
}

static void shmem_set(u64 offset, u64 value)
{
	*rig_word(t.shmem + offset) = value;
}

static struct world *run(u64 vcpu)
{
	struct rig_ret r = COVH(COVH_RFC_RUN_VCPU, t.id, vcpu);

	assert_true(r.entered);
	return rig_hart()->current;
}

/* The exit that the host sees; 0xee.. marks what must not have been written. */
#define UNTOUCHED	0xeeeeeeeeeeeeeeeeULL

static void poison(void)
{
	for (u64 i = 0; i < NACL_SHMEM_SIZE; i += 8)
		shmem_set(i, UNTOUCHED);
	csr_write(CSR_STVAL, UNTOUCHED);
}

static void expect_exit(u64 scause, u64 stval, u64 htval, u64 htinst)
{
	assert_int_equal(csr_read(CSR_VSCAUSE), scause);
	assert_int_equal(csr_read(CSR_VSTVAL), stval);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_HTVAL)), htval);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_HTINST)), htinst);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_HVIP)), UNTOUCHED);
	assert_int_not_equal(shmem(NACL_CSR_OFFSET(CSR_HTIMEDELTA)), UNTOUCHED);
}

static void expect_args(u64 a0, u64 a1, u64 a2, u64 a6, u64 a7)
{
	const u64 args[8] = { a0, a1, a2, 0, 0, 0, a6, a7 };

	for (u32 i = 0; i < 32; i++)
		assert_int_equal(shmem(NACL_GPR_OFFSET(i)),
				 i >= 10 && i < 18 ? args[i - 10] : UNTOUCHED);
}

static void expect_no_args(void)
{
	for (u32 i = 0; i < 32; i++)
		assert_int_equal(shmem(NACL_GPR_OFFSET(i)), UNTOUCHED);
}

/* --- building --------------------------------------------------------------------------------- */

static void builds_and_destroys(void **state)
{
	(void)state;
	build();
	assert_int_equal(rig_state(t.image), PAGE_TVM_DATA);
	assert_int_equal(rig_state(t.pool), PAGE_TVM_TABLE);
	assert_int_equal(COVH(COVH_RECLAIM_PAGES, t.pgd, 4).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_RECLAIM_PAGES, t.image, 1).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_RECLAIM_PAGES, t.tvm_state + PAGE_SIZE, 1).error,
			 SBI_ERR_INVALID_ADDRESS);
	assert_memory_equal(rig_word(t.image), rig_word(t.source), 4 * PAGE_SIZE);
	destroy();
}

static void create_refuses(void **state)
{
	struct cove_tvm_create_params params;
	u64 n = sizeof(params);

	(void)state;
	alloc_all();
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
	build_and_finalize();
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
	destroy();
	assert_int_equal(COVH(COVH_RFC_DESTROY_TVM, t.id).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_RFC_RUN_VCPU, t.id, 0).error, SBI_ERR_INVALID_PARAM);
}

static void regions_refuse(void **state)
{
	(void)state;
	build();
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
	destroy();
}

static void measured_pages_refuse(void **state)
{
	struct measurement before;
	struct tvm *tvm;
	u64 more;

	(void)state;
	build();
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
	destroy();
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
	build();
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
	destroy();
}

static void destroy_ends_a_measured_add(void **state)
{
	struct rig_ret r;
	u64 more;

	(void)state;
	build();
	more = rig_alloc(4, PAGE_SIZE);
	rig_convert(more, 4);
	rig_interrupt(true);
	assert_false(COVH_TRY(&r, MORE));
	rig_interrupt(false);
	destroy();
	assert_int_equal(COVH(MORE).error, SBI_ERR_INVALID_PARAM);
}

static void finalize_and_vcpus_refuse(void **state)
{
	u64 spare, n = vcpu_state_pages();

	(void)state;
	alloc_all();
	convert_all();
	create();
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
	destroy();
}

static void measurement_is_salus_formula(void **state)
{
	struct measure_reg pages = { { 0 } }, entry = { { 0 } }, config = { { 0 } };
	const u64 words[] = { 1, 1, RAM, RAM_PAGES * PAGE_SIZE, 3, 0, 1, 2, 0 };
	const struct tvm *tvm;
	struct sha384_ctx ctx;

	(void)state;
	build_and_finalize();
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
	destroy();
}

static void zero_pages(void **state)
{
	u64 page, other;

	(void)state;
	build_and_finalize();
	page = rig_alloc(2, PAGE_SIZE);
	other = rig_alloc(1, PAGE_SIZE);
	memset(rig_word(page), 0x55, 2 * PAGE_SIZE);
	rig_convert(page, 2);
	rig_convert(other, 1);
#define ZERO(page, type, n, gpa)	COVH(COVH_RFC_ADD_ZERO_PAGES, t.id, page, type, n, gpa).error
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
	destroy();
}

static void large_pages(void **state)
{
	u64 large;

	(void)state;
	build_and_finalize();
	large = rig_alloc(512, SIZE_2M);
	rig_convert(large, 512);
	assert_int_equal(ZERO(large, 1, 1, RAM + SIZE_2M + PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ZERO(large + PAGE_SIZE, 1, 1, RAM + SIZE_2M), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ZERO(large, 1, 2, RAM + SIZE_2M), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ZERO(large, 2, 1, 0x80000000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_RFC_ADD_ZERO_PAGES, t.id, large, 1, 1, RAM + SIZE_2M).value, 1);
	assert_int_equal(rig_state(large + 511 * PAGE_SIZE), PAGE_TVM_DATA);
	destroy();
}

/* --- running ---------------------------------------------------------------------------------- */

static void first_entry(void **state)
{
	struct world *w;
	struct rig_ret r;

	(void)state;
	build_and_finalize();
	poison();
	csr_write(CSR_TIME, 5000);
	w = run(0);
	assert_int_equal(w->sepc, ENTRY);
	for (u32 i = 0; i < 32; i++)
		assert_int_equal(w->gpr[i], i == REG_A1 ? 0x1234 : 0);
	assert_int_equal(w->sstatus & SSTATUS_SPP, SSTATUS_SPP);
	assert_int_equal(csr_read(CSR_VSTIMECMP), ~0ULL);
	assert_int_equal(csr_read(CSR_HTIMEDELTA), (u64)-5000);
	assert_int_equal(csr_read(CSR_VSATP), 0);
	assert_int_equal(csr_read(CSR_VSIE), 0);
	assert_int_equal(csr_read(CSR_HVIP), 0);
	assert_int_equal(csr_read(CSR_HGATP) & HGATP_PPN_MASK, t.pgd >> PAGE_SHIFT);
	assert_int_not_equal(csr_read(CSR_HGATP) >> HGATP_VMID_SHIFT & 0x3fff, HOST_VMID);
	assert_int_equal(w->tsm_tp, rig_hart()->host.tsm_tp);
	/* Row 10: nothing but the cause. */
	csr_write(CSR_VSIE, 0x220);
	assert_false(rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r));
	assert_int_equal(r.error, 0);
	assert_int_equal(r.value, COVE_RUN_RESUMABLE);
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_STI);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_HTVAL)), UNTOUCHED);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_HTINST)), UNTOUCHED);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_VSTIMECMP)), ~0ULL);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_VSIE)), 0x220);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_HTIMEDELTA)), (u64)-5000);
	expect_no_args();
	/* The second run keeps the time. */
	csr_write(CSR_TIME, 9000);
	run(0);
	assert_int_equal(csr_read(CSR_HTIMEDELTA), (u64)-5000);
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	destroy();
}

static void host_state_survives(void **state)
{
	struct hart *h = rig_hart();
	struct rig_ret r;

	(void)state;
	build_and_finalize();
	csr_write(CSR_VSSTATUS, 0x222);
	csr_write(CSR_VSSCRATCH, 0x51);
	csr_write(CSR_VSATP, 0x8000000000080001);
	csr_write(CSR_SENVCFG, 0x71);
	csr_write(CSR_VSISELECT, 0x72);
	csr_write(CSR_SSTATEEN0, 0x8000000000000000);
	h->host.sstatus |= SSTATUS_FS_DIRTY | SSTATUS_VS_DIRTY;
	for (u32 i = 0; i < 32; i++)
		rv_cpu->f[i] = 0xf00 + i;
	memset(rv_cpu->v, 0x99, 32 * rv_cpu->vlenb);
	rv_cpu->fcsr = 0xe0;
	rv_cpu->vcsr = 7;
	run(0);
	assert_int_equal(csr_read(CSR_VSSCRATCH), 0);
	assert_int_equal(csr_read(CSR_SENVCFG), 0);
	assert_int_equal(csr_read(CSR_VSISELECT), 0);
	assert_int_equal(csr_read(CSR_SSTATEEN0), 0);
	assert_int_equal(rv_cpu->fcsr, 0);
	assert_int_equal(rv_cpu->vcsr, 0);
	for (u32 i = 0; i < 32 * rv_cpu->vlenb; i++)
		assert_int_equal(rv_cpu->v[i], 0);
	for (u32 i = 0; i < 32; i++)
		assert_int_equal(rv_cpu->f[i], 0);
	/* The TVM leaves its own behind. */
	h->current->sstatus |= SSTATUS_FS_DIRTY | SSTATUS_VS_DIRTY;
	rv_cpu->f[3] = 0x33;
	rv_cpu->v[5] = 0x55;
	csr_write(CSR_VSSCRATCH, 0x52);
	csr_write(CSR_SENVCFG, 0x73);
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	assert_int_equal(csr_read(CSR_VSSTATUS), 0x222);
	assert_int_equal(csr_read(CSR_VSSCRATCH), 0x51);
	assert_int_equal(csr_read(CSR_VSATP), 0x8000000000080001);
	assert_int_equal(csr_read(CSR_SENVCFG), 0x71);
	assert_int_equal(csr_read(CSR_VSISELECT), 0x72);
	assert_int_equal(csr_read(CSR_SSTATEEN0), 0x8000000000000000);
	assert_int_equal(rv_cpu->f[3], 0xf03);
	assert_int_equal(rv_cpu->v[5], 0x99);
	assert_int_equal(rv_cpu->fcsr, 0xe0);
	/* And finds it again. */
	run(0);
	assert_int_equal(csr_read(CSR_VSSCRATCH), 0x52);
	assert_int_equal(csr_read(CSR_SENVCFG), 0x73);
	assert_int_equal(rv_cpu->f[3], 0x33);
	assert_int_equal(rv_cpu->v[5], 0x55);
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	csr_write(CSR_VSATP, 0);
	destroy();
}

static void host_interrupts(void **state)
{
	struct hart *h = rig_hart();
	struct rig_ret r;

	(void)state;
	build_and_finalize();
	csr_write(CSR_VSIE, BIT(IRQ_STI) | BIT(IRQ_SEI) | BIT(IRQ_SSI));
	csr_write(CSR_VSTIMECMP, 123456);
	run(0);
	assert_int_equal(csr_read(CSR_STIMECMP), 123456);
	assert_int_equal(csr_read(CSR_SIE), BIT(IRQ_SSI) | BIT(IRQ_STI));
	assert_int_equal(csr_read(CSR_HIE) & BIT(IRQ_SGEI), BIT(IRQ_SGEI));
	assert_int_equal(csr_read(CSR_HGEIE), BIT(1));
	/* The TSM's own business does not end the run. */
	assert_true(rig_trap(CAUSE_IRQ | IRQ_SSI, 0, 0, &r));
	h->host.hvip |= BIT(IRQ_VSSI);
	assert_false(rig_trap(CAUSE_IRQ | IRQ_SSI, 0, 0, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_SSI);
	assert_int_equal(csr_read(CSR_HVIP), BIT(IRQ_VSSI));
	assert_int_equal(csr_read(CSR_SIE), BIT(IRQ_SSI));
	assert_int_equal(csr_read(CSR_HIE) & BIT(IRQ_SGEI), 0);
	/* Pending already: the vCPU is not entered at all. */
	r = COVH(COVH_RFC_RUN_VCPU, t.id, 0);
	assert_false(r.entered);
	assert_int_equal(r.error, 0);
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_SSI);
	csr_write(CSR_HVIP, 0);
	run(0);
	assert_false(rig_trap(CAUSE_IRQ | IRQ_SGEI, 0, 0, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_SEI);
	csr_write(CSR_VSIE, 0);
	run(0);
	assert_int_equal(csr_read(CSR_SIE), BIT(IRQ_SSI));
	assert_int_equal(csr_read(CSR_HIE) & BIT(IRQ_SGEI), 0);
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	destroy();
}

static void page_faults(void **state)
{
	const u64 causes[] = { CAUSE_FETCH_GUEST, CAUSE_LOAD_GUEST, CAUSE_STORE_GUEST };
	struct world *w;
	struct rig_ret r;
	u64 page;

	(void)state;
	build_and_finalize();
	page = rig_alloc(1, PAGE_SIZE);
	rig_convert(page, 1);
	for (u32 i = 0; i < 3; i++) {
		w = run(0);
		poison();
		assert_false(rig_trap(causes[i], RAM + 0x7123, RAM + 0x7123, &r));
		assert_int_equal(r.value, COVE_RUN_RESUMABLE);
		expect_exit(causes[i], 0, (RAM + 0x7000) >> 2, 0);
		expect_no_args();
		assert_int_equal(w->sepc, ENTRY);
	}
	assert_int_equal(ZERO(page, 0, 1, RAM + 0x7000), 0);
	/* Spurious now: flushed and retried. */
	run(0);
	page = rv_cpu->hfence_gvma_vmid;
	assert_true(rig_trap(CAUSE_STORE_GUEST, RAM + 0x7123, RAM + 0x7123, &r));
	assert_int_equal(rv_cpu->hfence_gvma_vmid, page + 1);
	/* Row 11: nobody's address. */
	poison();
	assert_false(rig_trap(CAUSE_LOAD_GUEST, 0x10000003, 0x10000003, &r));
	assert_int_equal(r.value, COVE_RUN_DEAD);
	expect_exit(CAUSE_LOAD_GUEST, 0, 0, 0);
	expect_no_args();
	assert_int_equal(COVH(COVH_RFC_RUN_VCPU, t.id, 0).error, SBI_ERR_INVALID_PARAM);
	destroy();
}

static void mmio(void **state)
{
	static const u16 lh[] = { 0x1503, 0x0005 }, c_sw[] = { 0xc10c }, amo[] = { 0xa52f, 0x00a5 };
	struct world *w;
	struct rig_ret r;

	(void)state;
	build_and_finalize();
	w = run(0);
	poison();
	assert_false(TVM_ECALL(&r, SBI_EXT_COVG, COVG_ADD_MMIO_REGION, 0x10000000, 0x2000));
	expect_exit(CAUSE_ECALL_VS, 0, 0, 0);
	expect_args(0x10000000, 0x2000, 0, COVG_ADD_MMIO_REGION, SBI_EXT_COVG);
	assert_int_equal(w->sepc, ENTRY + 4);
	assert_int_equal(w->gpr[REG_A0], 0);

	/* lh a0, 0(a0) */
	run(0);
	rv_cpu->code_addr = ENTRY + 4;
	rv_cpu->code = lh;
	rv_cpu->code_halves = 2;
	poison();
	assert_false(rig_trap(CAUSE_LOAD_GUEST, 0xffffffd010000ffe, 0x10000ffe, &r));
	expect_exit(CAUSE_LOAD_GUEST, 2, 0x10000ffe >> 2, 0x1503);
	assert_int_equal(shmem(NACL_GPR_OFFSET(REG_A0)), 0);
	assert_int_equal(shmem(NACL_GPR_OFFSET(REG_A1)), UNTOUCHED);
	shmem_set(NACL_GPR_OFFSET(REG_A0), 0x8001);
	run(0);
	assert_int_equal(w->gpr[REG_A0], 0xffffffffffff8001);
	assert_int_equal(w->sepc, ENTRY + 8);
	assert_int_equal(shmem(NACL_GPR_OFFSET(REG_A0)), 0);

	/* c.sw a1, 0(a0) */
	rv_cpu->code_addr = ENTRY + 8;
	rv_cpu->code = c_sw;
	rv_cpu->code_halves = 1;
	w->gpr[REG_A1] = 0x1122334455667788;
	poison();
	assert_false(rig_trap(CAUSE_STORE_GUEST, 0x10001004, 0x10001004, &r));
	expect_exit(CAUSE_STORE_GUEST, 0, 0x10001004 >> 2, 0x00a02023);
	assert_int_equal(shmem(NACL_GPR_OFFSET(REG_A0)), 0x55667788);
	assert_int_equal(shmem(NACL_GPR_OFFSET(REG_A1)), UNTOUCHED);
	run(0);
	assert_int_equal(w->sepc, ENTRY + 10);

	/* Misaligned, and no load or store: exceptions in the TVM. */
	rv_cpu->code_addr = ENTRY + 10;
	csr_write(CSR_VSTVEC, 0x80300001);
	assert_true(rig_trap(CAUSE_STORE_GUEST, 0x10001006, 0x10001006, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_STORE_MISALIGNED);
	assert_int_equal(csr_read(CSR_VSTVAL), 0x10001006);
	assert_int_equal(csr_read(CSR_VSEPC), ENTRY + 10);
	assert_int_equal(w->sepc, 0x80300000);
	rv_cpu->code_addr = 0x80300000;
	rv_cpu->code = amo;
	rv_cpu->code_halves = 2;
	assert_true(rig_trap(CAUSE_STORE_GUEST, 0x10001004, 0x10001004, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_ILLEGAL);
	assert_int_equal(csr_read(CSR_VSTVAL), 0x00a5a52f);
	/* Not fetchable any more, or rewritten since: the vCPU sees for itself. */
	rv_cpu->code_halves = 0;
	assert_true(rig_trap(CAUSE_STORE_GUEST, 0x10001004, 0x10001004, &r));
	rv_cpu->code = lh;
	rv_cpu->code_halves = 2;
	assert_true(rig_trap(CAUSE_STORE_GUEST, 0x10001004, 0x10001004, &r));
	rv_cpu->code_halves = 1;
	assert_true(rig_trap(CAUSE_LOAD_GUEST, 0x10001004, 0x10001004, &r));
	/* A fetch is no MMIO. */
	assert_false(rig_trap(CAUSE_FETCH_GUEST, 0x10001004, 0x10001004, &r));
	assert_int_equal(r.value, COVE_RUN_DEAD);
	destroy();
}

static void mmio_regions(void **state)
{
	struct rig_ret r;

	(void)state;
	build_and_finalize();
	run(0);
#define TVM_ERR(fid, ...) ({							\
	assert_true(TVM_ECALL(&r, SBI_EXT_COVG, fid, __VA_ARGS__));		\
	(s64)rig_hart()->current->gpr[REG_A0]; })
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, RAM, 0x1000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, 0x1001, 0x1000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, 0x1000, 0x1001), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, 0x1000, 0), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, 0x1000, ~PAGE_MASK),
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, ~PAGE_MASK, 0x1000),
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_REMOVE_MMIO_REGION, 0x1000, 0x1000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_REMOVE_MMIO_REGION, RAM, 0x1000), SBI_ERR_INVALID_ADDRESS);
	for (u64 i = 1; i < 4; i++) {
		assert_false(
			TVM_ECALL(&r, SBI_EXT_COVG, COVG_ADD_MMIO_REGION, i * 0x10000, 0x1000));
		run(0);
	}
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, 0x10000, 0x1000), SBI_ERR_INVALID_ADDRESS);
	/* Every region that overlaps goes. */
	assert_false(TVM_ECALL(&r, SBI_EXT_COVG, COVG_REMOVE_MMIO_REGION, 0x10000, 0x11000));
	run(0);
	assert_int_equal(TVM_ERR(COVG_REMOVE_MMIO_REGION, 0x10000, 0x11000),
			 SBI_ERR_INVALID_ADDRESS);
	assert_false(TVM_ECALL(&r, SBI_EXT_COVG, COVG_REMOVE_MMIO_REGION, 0x30000, 0x1000));
	destroy();
}

static void wfi_and_exceptions(void **state)
{
	struct world *w;
	struct rig_ret r;

	(void)state;
	build_and_finalize();
	w = run(0);
	poison();
	assert_false(rig_trap(CAUSE_VIRTUAL_INST, WFI, 0, &r));
	expect_exit(CAUSE_VIRTUAL_INST, WFI, 0, 0);
	expect_no_args();
	assert_int_equal(w->sepc, ENTRY + 4);
	run(0);
	/* Something to do: no exit. */
	csr_write(CSR_VSIP, BIT(IRQ_STI));
	csr_write(CSR_VSIE, BIT(IRQ_STI));
	assert_true(rig_trap(CAUSE_VIRTUAL_INST, WFI, 0, &r));
	assert_int_equal(w->sepc, ENTRY + 8);
	csr_write(CSR_VSIP, 0);
	csr_write(CSR_VSTVEC, 0x80300000);
	csr_write(CSR_VSSTATUS, SSTATUS_SIE);
	/* Any other virtual instruction, and WFI in user mode, are illegal instructions. */
	assert_true(rig_trap(CAUSE_VIRTUAL_INST, 0x10200073, 0, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_ILLEGAL);
	assert_int_equal(csr_read(CSR_VSTVAL), 0x10200073);
	assert_int_equal(csr_read(CSR_VSSTATUS), SSTATUS_SPP | SSTATUS_SPIE);
	assert_int_equal(w->sepc, 0x80300000);
	w->sstatus &= ~SSTATUS_SPP;
	assert_true(rig_trap(CAUSE_VIRTUAL_INST, WFI, 0, &r));
	assert_int_equal(csr_read(CSR_VSSTATUS), 0);
	assert_int_equal(w->sstatus & SSTATUS_SPP, SSTATUS_SPP);
	/* A delegated exception that firmware sends on goes where it belongs. */
	assert_true(rig_trap(CAUSE_LOAD_ACCESS, 0x99, 0, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_LOAD_ACCESS);
	assert_int_equal(csr_read(CSR_VSTVAL), 0x99);
	/* Row 11: what nobody knows. */
	poison();
	assert_false(rig_trap(63, 0x1234, 0x5678, &r));
	expect_exit(63, 0, 0, 0);
	assert_int_equal(r.value, COVE_RUN_DEAD);
	csr_write(CSR_VSIE, 0);
	destroy();
}

/* --- SBI for TVMs ----------------------------------------------------------------------------- */

static void forwarded_calls(void **state)
{
	struct world *w;
	struct rig_ret r;

	(void)state;
	build_and_finalize();
	w = run(0);
	poison();
	assert_false(TVM_ECALL(&r, SBI_EXT_LEGACY_PUTCHAR, 0x77, 'x'));
	expect_exit(CAUSE_ECALL_VS, 0, 0, 0);
	expect_args('x', 0, 0, 0, SBI_EXT_LEGACY_PUTCHAR);
	assert_int_equal(w->sepc, ENTRY);
	shmem_set(NACL_GPR_OFFSET(REG_A0), 5);
	shmem_set(NACL_GPR_OFFSET(REG_A1), 6);
	run(0);
	assert_int_equal(w->sepc, ENTRY + 4);
	assert_int_equal(w->gpr[REG_A0], 5);
	assert_int_equal(w->gpr[REG_A1], 0xbeef0001);

	poison();
	assert_false(TVM_ECALL(&r, SBI_EXT_DBCN, SBI_DBCN_WRITE_BYTE, 'y'));
	expect_args('y', 0, 0, SBI_DBCN_WRITE_BYTE, SBI_EXT_DBCN);
	shmem_set(NACL_GPR_OFFSET(REG_A0), (u64)-4);
	shmem_set(NACL_GPR_OFFSET(REG_A1), 9);
	run(0);
	assert_int_equal(w->gpr[REG_A0], (u64)-4);
	assert_int_equal(w->gpr[REG_A1], 9);
	assert_int_equal(w->sepc, ENTRY + 8);
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	destroy();
}

/*
 * A write from confidential memory comes out byte by byte, without the host seeing where it came
 * from.
 */
static void private_console(void **state)
{
	struct world *w;
	struct rig_ret r;
	u64 gpa = RAM + 2 * PAGE_SIZE - 3;

	(void)state;
	build_and_finalize();
	memcpy((char *)rig_word(t.image) + 2 * PAGE_SIZE - 3, "secret", 6);
	w = run(0);
	poison();
	assert_false(TVM_ECALL(&r, SBI_EXT_DBCN, SBI_DBCN_WRITE, 6, gpa, 0));
	for (u32 i = 0;; i++) {
		expect_args((u64)"secret"[i], 0, 0, 0, SBI_EXT_LEGACY_PUTCHAR);
		expect_exit(CAUSE_ECALL_VS, 0, 0, 0);
		assert_int_equal(w->sepc, ENTRY);
		poison();
		shmem_set(NACL_GPR_OFFSET(REG_A0), 0);
		r = COVH(COVH_RFC_RUN_VCPU, t.id, 0);
		if (r.entered) {
			assert_int_equal(i, 5);
			break;
		}
		assert_int_equal(r.error, 0);
		assert_int_equal(r.value, COVE_RUN_RESUMABLE);
	}
	assert_int_equal(w->gpr[REG_A0], 0);
	assert_int_equal(w->gpr[REG_A1], 6);
	assert_int_equal(w->sepc, ENTRY + 4);
	/* More than fits at once is cut; nothing, nonsense and what is not mapped. */
	assert_false(TVM_ECALL(&r, SBI_EXT_DBCN, SBI_DBCN_WRITE, 5000, RAM, 0));
	for (u32 i = 0; !COVH(COVH_RFC_RUN_VCPU, t.id, 0).entered; i++)
		assert_true(i < VCPU_CONSOLE_MAX);
	assert_int_equal(w->gpr[REG_A1], VCPU_CONSOLE_MAX);
#define DBCN_ERR(...) ({							\
	assert_true(TVM_ECALL(&r, SBI_EXT_DBCN, __VA_ARGS__));			\
	(s64)w->gpr[REG_A0]; })
	assert_int_equal(DBCN_ERR(SBI_DBCN_WRITE, 0, RAM, 0), 0);
	assert_int_equal(DBCN_ERR(SBI_DBCN_WRITE, 1, 0x1000, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(DBCN_ERR(SBI_DBCN_WRITE, 1, RAM, 1), SBI_ERR_INVALID_PARAM);
	assert_int_equal(DBCN_ERR(SBI_DBCN_WRITE, ~0ULL, RAM, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(DBCN_ERR(SBI_DBCN_WRITE, 1, ~0ULL, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(DBCN_ERR(3), SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(DBCN_ERR(SBI_DBCN_READ, 1, RAM, 0), 0);
	assert_int_equal(w->gpr[REG_A1], 0);
	poison();
	assert_false(TVM_ECALL(&r, SBI_EXT_DBCN, SBI_DBCN_WRITE, 2, RAM + 4 * PAGE_SIZE - 1, 0));
	expect_exit(CAUSE_LOAD_GUEST, 0, (RAM + 4 * PAGE_SIZE) >> 2, 0);
	destroy();
}

static void answered_calls(void **state)
{
	struct rig_ret r;
	struct world *w;

	(void)state;
	build_and_finalize();
	w = run(0);
#define ASK(...) ({ assert_true(TVM_ECALL(&r, __VA_ARGS__)); (s64)w->gpr[REG_A0]; })
	assert_int_equal(ASK(SBI_EXT_BASE, SBI_BASE_SPEC_VERSION), 0);
	assert_int_equal(w->gpr[REG_A1], SBI_SPEC_VERSION_2_0);
	assert_int_equal(ASK(SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_COVG), 0);
	assert_int_equal(w->gpr[REG_A1], 1);
	assert_int_equal(ASK(SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_COVH), 0);
	assert_int_equal(w->gpr[REG_A1], 0);
	assert_int_equal(ASK(SBI_EXT_BASE, 7), SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(ASK(SBI_EXT_COVH, 0), SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(ASK(SBI_EXT_NACL, 1, t.shmem, 0, 0), SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(ASK(SBI_EXT_COVI, 0), SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(ASK(SBI_EXT_COVG, 11), SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(ASK(~0ULL, 0), SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(ASK(SBI_EXT_TIME, 0, 777), 0);
	assert_int_equal(csr_read(CSR_VSTIMECMP), 777);
	assert_int_equal(ASK(SBI_EXT_SRST, 0, 3, 0), SBI_ERR_INVALID_PARAM);
	/* Its measurement, into its own memory only. */
	assert_int_equal(ASK(SBI_EXT_COVG, COVG_READ_MEASUREMENT, RAM + 1, 48, 4),
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ASK(SBI_EXT_COVG, COVG_READ_MEASUREMENT, RAM, 47, 4),
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(ASK(SBI_EXT_COVG, COVG_READ_MEASUREMENT, RAM, 48, 7),
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(ASK(SBI_EXT_COVG, COVG_READ_MEASUREMENT, 0, 48, 4), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ASK(SBI_EXT_COVG, COVG_READ_MEASUREMENT, RAM, ~0ULL, 4),
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(ASK(SBI_EXT_COVG, COVG_READ_MEASUREMENT, RAM + PAGE_SIZE, 48, 4), 0);
	assert_int_equal(w->gpr[REG_A1], 48);
	assert_memory_equal(rig_word(t.image + PAGE_SIZE),
			    &((struct tvm *)rig_word(t.tvm_state))->measurement.reg[4], 48);
	poison();
	assert_false(TVM_ECALL(&r, SBI_EXT_COVG, COVG_READ_MEASUREMENT, RAM + 0x9000, 48, 4));
	expect_exit(CAUSE_STORE_GUEST, 0, (RAM + 0x9000) >> 2, 0);
	/* Reset is final. */
	run(0);
	poison();
	assert_false(TVM_ECALL(&r, SBI_EXT_SRST, 0, 0, 1));
	expect_args(0, 1, 0, 0, SBI_EXT_SRST);
	assert_int_equal(r.value, COVE_RUN_DEAD);
	assert_int_equal(COVH(COVH_RFC_RUN_VCPU, t.id, 0).error, SBI_ERR_INVALID_PARAM);
	destroy();
}

static void several_vcpus(void **state)
{
	struct world *w, *second;
	struct rig_ret r;

	(void)state;
	build_and_finalize();
	w = run(0);
	assert_int_equal(ASK(SBI_EXT_HSM, SBI_HSM_STATUS, 1), 0);
	assert_int_equal(w->gpr[REG_A1], SBI_HSM_STOPPED);
	assert_int_equal(ASK(SBI_EXT_HSM, SBI_HSM_STATUS, 3), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ASK(SBI_EXT_HSM, SBI_HSM_START, 3, RAM, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ASK(SBI_EXT_HSM, SBI_HSM_START, 1, ~0ULL, 0), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ASK(SBI_EXT_HSM, SBI_HSM_START, 0, RAM, 0), SBI_ERR_ALREADY_AVAILABLE);
	assert_int_equal(ASK(SBI_EXT_HSM, SBI_HSM_SUSPEND, 0, RAM, 0), SBI_ERR_NOT_SUPPORTED);
	poison();
	assert_false(TVM_ECALL(&r, SBI_EXT_HSM, SBI_HSM_START, 1, RAM + 0x200, 0x5ec3e7));
	/* The host learns who, not where. */
	expect_args(1, 0, 0, SBI_HSM_START, SBI_EXT_HSM);
	assert_int_equal(r.value, COVE_RUN_RESUMABLE);
	w = run(0);
	assert_int_equal(w->gpr[REG_A0], 0);
	assert_int_equal(ASK(SBI_EXT_HSM, SBI_HSM_START, 1, RAM, 0), SBI_ERR_ALREADY_AVAILABLE);
	/* On another hart meanwhile; neither twice. */
	rig_on(1);
	assert_int_equal(COVH(COVH_RFC_RUN_VCPU, t.id, 0).error, SBI_ERR_INVALID_PARAM);
	second = run(1);
	assert_ptr_not_equal(second, w);
	assert_int_equal(second->sepc, RAM + 0x200);
	assert_int_equal(second->gpr[REG_A0], 1);
	assert_int_equal(second->gpr[REG_A1], 0x5ec3e7);
	rig_on(2);
	assert_int_equal(COVH(COVH_RFC_RUN_VCPU, t.id, 1).error, SBI_ERR_INVALID_PARAM);
	assert_int_equal(COVH(COVH_RFC_DESTROY_TVM, t.id).error, SBI_ERR_FAILED);
	rig_on(0);
	assert_false(rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r));
	assert_int_equal(COVH(COVH_RFC_DESTROY_TVM, t.id).error, SBI_ERR_FAILED);
	/* Stop on hart 1; it can be started again and comes up fresh. */
	rig_on(1);
	assert_false(TVM_ECALL(&r, SBI_EXT_HSM, SBI_HSM_STOP));
	assert_int_equal(r.value, COVE_RUN_DEAD);
	rig_on(0);
	w = run(0);
	assert_false(TVM_ECALL(&r, SBI_EXT_HSM, SBI_HSM_START, 1, RAM + 0x300, 1));
	rig_on(3);
	second = run(1);
	assert_int_equal(second->sepc, RAM + 0x300);
	assert_false(rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r));
	rig_on(0);
	destroy();
}

static void vmids_and_fences(void **state)
{
	struct rig_ret r;
	u64 tag, flushes;

	(void)state;
	build_and_finalize();
	run(0);
	tag = csr_read(CSR_HGATP) >> HGATP_VMID_SHIFT & 0x3fff;
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	flushes = rv_cpu->hfence_gvma_vmid;
	run(0);
	assert_int_equal(csr_read(CSR_HGATP) >> HGATP_VMID_SHIFT & 0x3fff, tag);
	assert_int_equal(rv_cpu->hfence_gvma_vmid, flushes);
	/* While it is inside, the TVM's epoch waits for it; the host's does not. */
	rig_on(1);
	assert_int_equal(COVH(COVH_GLOBAL_FENCE).error, 0);
	for (u32 i = 2; i < RIG_HARTS; i++) {
		rig_on(i);
		assert_int_equal(COVH(COVH_LOCAL_FENCE).error, 0);
	}
	assert_int_equal(COVH(COVH_GLOBAL_FENCE).error, 0);
	rig_on(0);
	flushes = rv_cpu->hfence_gvma_vmid;
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	assert_int_equal(rv_cpu->hfence_gvma_vmid, flushes + 1);
	assert_int_equal(rv_cpu->last_vmid, HOST_VMID);
	for (u32 i = 1; i < RIG_HARTS; i++) {
		rig_on(i);
		COVH(COVH_LOCAL_FENCE);
	}
	/*
	 * Back and forth between harts: a new tag each time, and all of them are used up at some
	 * point.
	 */
	for (u32 i = 0; i < 20; i++) {
		rig_on(i % 2);
		run(0);
		assert_in_range(csr_read(CSR_HGATP) >> HGATP_VMID_SHIFT & 0x3fff, 1,
				hart_features.vmid_max);
		rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	}
	assert_true(rv_cpu->hfence_gvma_all > 0);
	assert_true(rig_hart()->vmid_generation > 1);
	rig_on(0);
	destroy();
}

static void without_vmids(void **state)
{
	u64 max = hart_features.vmid_max;
	struct rig_ret r;
	u64 before;

	(void)state;
	hart_features.vmid_max = 0;
	build_and_finalize();
	for (u32 i = 0; i < 3; i++) {
		before = rv_cpu->hfence_gvma_all;
		run(0);
		assert_int_equal(csr_read(CSR_HGATP) >> HGATP_VMID_SHIFT & 0x3fff, 0);
		assert_int_equal(rv_cpu->hfence_gvma_all, before + 1);
		rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
		assert_int_equal(rv_cpu->hfence_gvma_all, before + 2);
	}
	hart_features.vmid_max = max;
	destroy();
}

/* Without shared memory nothing is reported there, and nothing comes from there. */
static void without_shmem(void **state)
{
	struct world *w;
	struct rig_ret r;

	(void)state;
	build_and_finalize();
	RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE, 0);
	w = run(0);
	assert_false(TVM_ECALL(&r, SBI_EXT_LEGACY_PUTCHAR, 0, 'x'));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_ECALL_VS);
	run(0);
	assert_int_equal(w->gpr[REG_A0], 0);
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	destroy();
}

static void destroy_makes_room(void **state)
{
	struct rig_ret r;
	u64 pages;
	u32 tries = 1;

	(void)state;
	build_and_finalize();
	pages = rig_alloc(200, PAGE_SIZE);
	rig_convert(pages, 200);
	/* One page apart: a run each. */
	for (u64 i = 0; i < 100; i++)
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
	assert_true(tries > 3);
	assert_int_equal(r.error, 0);
	assert_int_equal(COVH(COVH_RFC_DESTROY_TVM, t.id).error, SBI_ERR_INVALID_PARAM);
	RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE, 0);
	rig_reclaim(RIG_HOST_BASE, (RIG_HOST_END - RIG_HOST_BASE) >> PAGE_SHIFT);
	rig_all_returned();
}

static void many_lives(void **state)
{
	(void)state;
	for (u32 i = 0; i < 200; i++) {
		build_and_finalize();
		destroy();
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
		SENTENCE("run: a vCPU starts in the documented state", first_entry),
		SENTENCE("run: the host's state survives, the TVM sees none of it",
			 host_state_survives),
		SENTENCE("run: the host's interrupts end it as the host has enabled them",
			 host_interrupts),
		SENTENCE("exit: page faults, rounded to the page", page_faults),
		SENTENCE("exit: MMIO loads and stores, exact and in x10 form", mmio),
		SENTENCE("covg: MMIO regions are added and removed", mmio_regions),
		SENTENCE("exit: WFI; other instructions are illegal in the TVM",
			 wfi_and_exceptions),
		SENTENCE("exit: calls that go to the host show their arguments only",
			 forwarded_calls),
		SENTENCE("exit: a console write from confidential memory, byte by byte",
			 private_console),
		SENTENCE("sbi: what a TVM is answered without the host", answered_calls),
		SENTENCE("sbi: vCPUs start, stop and run on one hart at a time", several_vcpus),
		SENTENCE("run: VMIDs are not shared, stale translations do not live",
			 vmids_and_fences),
		SENTENCE("run: a machine without VMIDs flushes at every change", without_vmids),
		SENTENCE("run: without shared memory nothing is reported", without_shmem),
		SENTENCE("tvm: a long DESTROY lets the host take its interrupts",
			 destroy_makes_room),
		SENTENCE("tvm: 200 lives leave nothing behind", many_lives),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
