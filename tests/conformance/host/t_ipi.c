/* SPDX-License-Identifier: BSD-2-Clause */
/* IPI and RFENCE of a TVM without interrupt files (DECISIONS 8). Group: ipi. */
#include "tests.h"

static struct tvm vm;

#define INSN_CSRR_SIP	0x14402573	/* csrr a0, sip */
#define INSN_CSRC_SSIP	0x14417073	/* csrci sip, 2 */

static bool soft_pending(u32 vcpu)
{
	u64 sip = 0;

	eq(tvm_insn(&vm, vcpu, INSN_CSRR_SIP, &sip), CAUSE_BREAK, "vCPU %u reads sip", vcpu);
	return sip & BIT(IRQ_SSI);
}

static void soft_clear(u32 vcpu)
{
	u64 a0 = 0;

	tvm_insn(&vm, vcpu, INSN_CSRC_SSIP, &a0);
}

static void one_vcpu(void)
{
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM without interrupt files runs"))
		return;
	eq((u64)tvm_ecall(&vm, 0, SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_IPI, 0, 0).value, 1, "IPI probes 1");
	eq((u64)tvm_ecall(&vm, 0, SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_RFENCE, 0, 0).value, 1, "RFENCE probes 1");
	sbi_err(tvm_ecall(&vm, 0, SBI_EXT_IPI, SBI_IPI_SEND, 2, 0, 0), SBI_ERR_INVALID_PARAM,
		"an IPI to a vCPU that does not exist is refused");
	sbi_err(tvm_ecall(&vm, 0, SBI_EXT_IPI, SBI_IPI_SEND, 1, 64, 0), SBI_ERR_INVALID_PARAM, "one to vCPU 64 too");
	sbi_err(tvm_ecall(&vm, 0, SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, 3, 0, 0), SBI_ERR_INVALID_PARAM,
		"a fence on a vCPU that does not exist is refused");
	for (u64 fid = SBI_RFENCE_HFENCE_GVMA_VMID; fid <= SBI_RFENCE_HFENCE_VVMA; fid++)
		sbi_err(tvm_ecall(&vm, 0, SBI_EXT_RFENCE, fid, 1, 0, 0), SBI_ERR_NOT_SUPPORTED,
			"RFENCE function %lu answers -2 in a TVM", fid);
	ok(!soft_pending(0), "no software interrupt is pending after the refusals");
	for (u64 fid = SBI_RFENCE_FENCE_I; fid <= SBI_RFENCE_SFENCE_VMA_ASID; fid++)
		sbi_ok(tvm_ecall(&vm, 0, SBI_EXT_RFENCE, fid, 1, 0, 0), "RFENCE function %lu on itself", fid);
	sbi_ok(tvm_ecall(&vm, 0, SBI_EXT_IPI, SBI_IPI_SEND, 1, 0, 0), "an IPI to itself");
	ok(soft_pending(0), "the interrupt is pending");
	soft_clear(0);
	ok(!soft_pending(0), "and is taken back by clearing it");
	sbi_ok(tvm_ecall(&vm, 0, SBI_EXT_IPI, SBI_IPI_SEND, 0, ~0ULL, 0), "an IPI to all");
	ok(soft_pending(0), "reaches itself");
	ok(!(csr_read(sip) & BIT(IRQ_SSI)), "it is not pending for the host");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

/* The other vCPU is not on a hart: the host is told whom to run, and finds the interrupt there. */
static void two_vcpus(void)
{
	const u64 args[6] = { 2, 0 };
	struct exit e = { 0 };

	if (!ok(tvm_build_full(&vm) && tvm_sync(&vm, 0) && tvm_start(&vm, 1) && tvm_sync(&vm, 1), "two vCPUs run"))
		return;
	ok(tvm_ecall_begin(&vm, 0, SBI_EXT_IPI, SBI_IPI_SEND, args, &e), "vCPU 0 sends vCPU 1 an IPI");
	ok(!e.error && e.scause == CAUSE_ECALL && e.a[7] == SBI_EXT_IPI && e.a[6] == SBI_IPI_SEND && e.a[0] == 2 &&
	   e.a[1] == 0, "the host is told whom it names");
	sbi_ok(tvm_ecall_end(&vm, 0), "the call succeeds");
	ok(soft_pending(1), "vCPU 1 has its interrupt");
	ok(!soft_pending(0), "vCPU 0 has none");
	soft_clear(1);
	ok(!soft_pending(1), "it comes once");
	sbi_ok(tvm_ecall(&vm, 0, SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, 3, 0, 0), "a fence on both");
	ok(!soft_pending(1), "vCPU 1 goes on");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

static const struct test ipi_tests[] = {
	TEST(one_vcpu), TEST(two_vcpus),
};

GROUP(ipi, true, 1);
