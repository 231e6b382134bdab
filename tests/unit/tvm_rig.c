/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/tvm_rig.h"

struct tvm_rig t;

void tvm_convert(void)
{
	rig_convert(t.pgd, 4);
	rig_convert(t.tvm_state, TVM_STATE_PAGES);
	rig_convert(t.pool, POOL_PAGES);
	for (u32 i = 0; i < 3; i++)
		rig_convert(t.vcpu[i], vcpu_state_pages());
	rig_convert(t.image, 4);
}

void tvm_alloc(void)
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

void tvm_create_call(void)
{
	struct cove_tvm_create_params params = { t.pgd, t.tvm_state };
	struct rig_ret r;

	memcpy(rig_word(t.params), &params, sizeof(params));
	r = COVH(COVH_CREATE_TVM, t.params, sizeof(params));
	assert_int_equal(r.error, 0);
	t.id = r.value;
}

void tvm_build(void)
{
	tvm_alloc();
	tvm_convert();
	tvm_create_call();
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

void tvm_finalize_call(void)
{
	assert_int_equal(COVH(COVH_FINALIZE_TVM, t.id, ENTRY, ENTRY_ARG, 0).error, 0);
	assert_int_equal(RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, t.shmem, 0, 0).error, 0);
}

void tvm_start(void)
{
	tvm_build();
	tvm_finalize_call();
}

void tvm_end(void)
{
	assert_int_equal(COVH(COVH_RFC_DESTROY_TVM, t.id).error, 0);
	RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE, 0);
	rig_reclaim(RIG_HOST_BASE, (RIG_HOST_END - RIG_HOST_BASE) >> PAGE_SHIFT);
	rig_all_returned();
}

u64 shmem(u64 offset)
{
	return *rig_word(t.shmem + offset);
}

void shmem_set(u64 offset, u64 value)
{
	*rig_word(t.shmem + offset) = value;
}

struct world *run(u64 vcpu)
{
	struct rig_ret r = COVH(COVH_RFC_RUN_VCPU, t.id, vcpu);

	assert_true(r.entered);
	return rig_world();
}

void kick(void)
{
	struct rig_ret r;

	assert_false(rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r));
}

void poison(void)
{
	for (u64 i = 0; i < NACL_SHMEM_SIZE; i += 8)
		shmem_set(i, UNTOUCHED);
	csr_write(CSR_STVAL, UNTOUCHED);
}

void expect_exit(u64 scause, u64 stval, u64 htval, u64 htinst)
{
	assert_int_equal(csr_read(CSR_VSCAUSE), scause);
	assert_int_equal(csr_read(CSR_VSTVAL), stval);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_HTVAL)), htval);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_HTINST)), htinst);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_HVIP)), UNTOUCHED);
	assert_int_not_equal(shmem(NACL_CSR_OFFSET(CSR_HTIMEDELTA)), UNTOUCHED);
}

void expect_args(u64 a0, u64 a1, u64 a2, u64 a6, u64 a7)
{
	const u64 args[8] = { a0, a1, a2, 0, 0, 0, a6, a7 };

	for (u32 i = 0; i < 32; i++)
		assert_int_equal(shmem(NACL_GPR_OFFSET(i)),
				 i >= 10 && i < 18 ? args[i - 10] : UNTOUCHED);
}

void expect_no_args(void)
{
	for (u32 i = 0; i < 32; i++)
		assert_int_equal(shmem(NACL_GPR_OFFSET(i)), UNTOUCHED);
}
