/* SPDX-License-Identifier: BSD-2-Clause */
/* SBI for TVMs: what is answered, what goes to the host, and how its answers come back. */
#include "unit/tvm_rig.h"

static void forwarded_calls(void **state)
{
	struct world *w;
	struct rig_ret r;

	(void)state;
	tvm_start();
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
	tvm_end();
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
	tvm_start();
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
	tvm_end();
}

static void answered_calls(void **state)
{
	struct rig_ret r;
	struct world *w;

	(void)state;
	tvm_start();
	w = run(0);
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
	assert_int_equal(ASK(SBI_EXT_COVG, COVG_READ_MEASUREMENT, RAM, 48, COVE_MR_COUNT),
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
	tvm_end();
}

static void several_vcpus(void **state)
{
	struct world *w, *second;
	struct rig_ret r;

	(void)state;
	tvm_start();
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
	tvm_end();
}

/* Without interrupt files, vCPUs interrupt and fence each other by calls. */
static void ipi_and_rfence(void **state)
{
	struct rig_ret r;
	u64 calls, fences;

	(void)state;
	tvm_start();
	run(0);
	assert_int_equal(ASK(SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_IPI), 0);
	assert_int_equal(rig_world()->gpr[REG_A1], 1);
	/* Bits of vCPUs that do not exist; functions that are a hypervisor's. */
	assert_int_equal(ASK(SBI_EXT_IPI, 0, 8, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ASK(SBI_EXT_IPI, 0, 1, 3), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ASK(SBI_EXT_IPI, 0, 2, ~1ULL), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ASK(SBI_EXT_IPI, 0, 1ULL << 63, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ASK(SBI_EXT_IPI, 1, 1, 0), SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(ASK(SBI_EXT_RFENCE, 1, 1, 256, 0, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ASK(SBI_EXT_RFENCE, 3, 1, 0, 0, 0), SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(csr_read(CSR_HVIP) & BIT(IRQ_VSSI), 0);
	/* Itself, and nobody, and all where the others are off. */
	assert_int_equal(ASK(SBI_EXT_IPI, 0, 0, 0), 0);
	assert_int_equal(csr_read(CSR_HVIP) & BIT(IRQ_VSSI), 0);
	assert_int_equal(ASK(SBI_EXT_IPI, 0, 0, ~0ULL), 0);
	assert_int_equal(csr_read(CSR_HVIP) & BIT(IRQ_VSSI), BIT(IRQ_VSSI));
	csr_clear(CSR_HVIP, BIT(IRQ_VSSI));
	fences = rv_cpu->hfence_vvma_all;
	assert_int_equal(ASK(SBI_EXT_RFENCE, 1, 1, 0, 0, ~0ULL), 0);
	assert_int_equal(rv_cpu->hfence_vvma_all, fences + 1);
	/* One that is started but not on a hart: the host is told, the interrupt waits. */
	assert_false(TVM_ECALL(&r, SBI_EXT_HSM, SBI_HSM_START, 1, RAM + 0x200, 0));
	run(0);
	assert_int_equal(ASK(SBI_EXT_RFENCE, 0, 2, 0, 0, 0), 0);
	poison();
	assert_false(TVM_ECALL(&r, SBI_EXT_IPI, SBI_IPI_SEND, 2, 0));
	expect_args(2, 0, 0, SBI_IPI_SEND, SBI_EXT_IPI);
	rig_on(1);
	fences = rv_cpu->fence_i;
	run(1);
	assert_int_equal(csr_read(CSR_HVIP) & BIT(IRQ_VSSI), BIT(IRQ_VSSI));
	assert_true(rv_cpu->fence_i > fences);
	csr_clear(CSR_HVIP, BIT(IRQ_VSSI));
	/* Now it is on a hart: that one is interrupted. */
	rig_on(0);
	assert_int_equal(run(0)->gpr[REG_A0], 0);
	calls = rv_cpu->sbi_calls;
	assert_int_equal(ASK(SBI_EXT_IPI, 0, 1, 1), 0);
	assert_int_equal(rv_cpu->sbi_calls, calls + 1);
	assert_int_equal(ASK(SBI_EXT_RFENCE, 2, 2, 0, 0, ~0ULL, 5), 0);
	assert_int_equal(rv_cpu->sbi_calls, calls + 2);
	rig_on(1);
	fences = rv_cpu->hfence_vvma_all;
	assert_true(rig_trap(CAUSE_IRQ | IRQ_SSI, 0, 0, &r));
	assert_int_equal(csr_read(CSR_HVIP) & BIT(IRQ_VSSI), BIT(IRQ_VSSI));
	assert_int_equal(rv_cpu->hfence_vvma_all, fences + 1);
	csr_clear(CSR_HVIP, BIT(IRQ_VSSI));
	/* It is about to sleep when the interrupt comes: the host runs it again. */
	rig_on(0);
	assert_int_equal(ASK(SBI_EXT_IPI, 0, 2, 0), 0);
	rig_on(1);
	csr_write(CSR_VSIP, 0);
	rig_world()->sstatus |= SSTATUS_SPP;
	assert_false(rig_trap(CAUSE_VIRTUAL_INST, WFI, 0, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_STI);
	run(1);
	assert_int_equal(csr_read(CSR_HVIP) & BIT(IRQ_VSSI), BIT(IRQ_VSSI));
	csr_clear(CSR_HVIP, BIT(IRQ_VSSI));
	kick();
	rig_on(0);
	kick();
	tvm_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("exit: calls that go to the host show their arguments only",
			 forwarded_calls),
		SENTENCE("exit: a console write from confidential memory, byte by byte",
			 private_console),
		SENTENCE("sbi: what a TVM is answered without the host", answered_calls),
		SENTENCE("sbi: vCPUs start, stop and run on one hart at a time", several_vcpus),
		SENTENCE("sbi: IPI and RFENCE between vCPUs without interrupt files", ipi_and_rfence),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
