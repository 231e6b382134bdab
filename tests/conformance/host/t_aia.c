/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a TVM does with its interrupt file, on one hart, and who else reaches it (ABI 5, 6, 9.4, 14,
 * 17.2). Group: aia.
 */
#include "bound.h"
#include "expect.h"

static struct tvm vm;

static bool start(u64 vcpu)
{
	return ok(tvm_start(&vm, vcpu) && tvm_sync(&vm, (u32)vcpu), "vCPU %lu is started and runs",
		  vcpu);
}

/* --- the TVM's own file --- */

static void own_file(void)
{
	u64 v = 0;

	if (!bound_begin(&vm, 1))
		return;
	eq(vcpu_ireg(&vm, 0, IREG_EIDELIVERY), 0, "eidelivery is 0 at first");
	eq(vcpu_ireg(&vm, 0, IREG_EITHRESHOLD), 0, "eithreshold is 0 at first");
	for (u64 i = 0; i <= machine.imsic_ids / 64; i++) {
		eq(vcpu_ireg(&vm, 0, IREG_EIE0 + 2 * i), 0,
		   "no identity is enabled at first (word %lu)", i);
		eq(vcpu_ireg(&vm, 0, IREG_EIP0 + 2 * i), 0, "none is pending (word %lu)", i);
	}
	vcpu_irq_on(&vm, 0, BIT(3) | BIT(5) | BIT(63));
	eq(vcpu_ireg(&vm, 0, IREG_EIDELIVERY), 1, "eidelivery reads what the TVM wrote");
	eq(vcpu_ireg(&vm, 0, IREG_EIE0), BIT(3) | BIT(5) | BIT(63), "eie reads what the TVM wrote");
	vcpu_send(&vm, 0, TVM_FILE(0), 5);
	vcpu_send(&vm, 0, TVM_FILE(0), 3);
	vcpu_send(&vm, 0, TVM_FILE(0), 63);
	tvm_insn(&vm, 0, INSN_CSRR(0xdb0), &v);
	eq(v >> 16, IRQ_SEI, "stopi shows an external interrupt when the TVM has sent itself one");
	eq(vcpu_take(&vm, 0), 3, "stopei gives the lowest");
	eq(vcpu_take(&vm, 0), 5, "then the next");
	eq(vcpu_take(&vm, 0), 63, "then the last");
	eq(vcpu_take(&vm, 0), 0, "then none");
	vcpu_send(&vm, 0, TVM_FILE(0), (u32)machine.imsic_ids + 1);
	vcpu_send(&vm, 0, TVM_FILE(0), 0);
	vcpu_send(&vm, 0, TVM_FILE(0), 4);
	eq(vcpu_take(&vm, 0), 0, "what is no identity, or is not enabled, does not arrive");
	eq(vcpu_ireg(&vm, 0, IREG_EIP0), BIT(4), "but is pending if it is one");
	vcpu_ireg_set(&vm, 0, IREG_EITHRESHOLD, 5);
	vcpu_send(&vm, 0, TVM_FILE(0), 5);
	vcpu_send(&vm, 0, TVM_FILE(0), 3);
	eq(vcpu_take(&vm, 0), 3, "the threshold lets lower identities through");
	eq(vcpu_take(&vm, 0), 0, "and holds the others");
	eq(imsic_take(), 0, "nothing of this arrives in the host's file");
	bound_end(&vm);
}

/* WFI with something enabled and pending goes on by itself; without it is row 9. */
static void wait_for_interrupt(void)
{
	static const u32 code[] = { INSN_WFI };
	struct exit e;

	if (!bound_begin(&vm, 1))
		return;
	vcpu_irq_on(&vm, 0, BIT(3));
	vcpu_send(&vm, 0, TVM_FILE(0), 3);
	tvm_code(&vm, 0, code, 1);
	eq(tvm_exec_done(&vm, 0), CAUSE_BREAK,
	   "WFI does not exit while an interrupt is pending and enabled");
	eq(vcpu_take(&vm, 0), 3, "which is still there");
	tvm_code(&vm, 0, code, 1);
	tvm_exec(&vm, 0, &e);
	eq(e.scause, CAUSE_VIRTUAL, "WFI exits when none is");
	ok(e.vsie & BIT(IRQ_SEI),
	   "the exit tells the host that the TVM waits for external interrupts");
	sbi_err(bound_inject(&vm, 0, 3), SBI_ERR_DENIED,
		"the host can not wake it by what it has not allowed");
	vcpu_resume(&vm, 0, &e);
	eq(tvm_result(&vm, 0, &e), CAUSE_BREAK, "it goes on when it is run");
	bound_end(&vm);
}

/* Row 2 of 9.4 */
static void notifications(void)
{
	static const u32 ecall[] = { INSN_ECALL };
	struct exit e;

	if (!bound_begin(&vm, 1))
		return;
	for (u64 fid = COVG_ALLOW_EXT_INTERRUPT; fid <= COVG_DENY_EXT_INTERRUPT; fid++) {
		const char *what = fid == COVG_ALLOW_EXT_INTERRUPT ? "ALLOW" : "DENY";
		const struct expect x =
			EXPECT(CAUSE_ECALL, .args = 8, .a = { 3, [6] = fid, [7] = SBI_EXT_COVG });

		tvm_code(&vm, 0, ecall, 1);
		tvm_set(&vm, 0, 10, 3);
		tvm_set(&vm, 0, 16, fid);
		tvm_set(&vm, 0, 17, SBI_EXT_COVG);
		for (u32 i = 11; i < 16; i++)
			tvm_set(&vm, 0, i, 0);
		if (!expect_command(&vm, 0, OP_EXEC, 0, 0, &x, what))
			return;
		shmem_gpr(10) = 0x77;
		shmem_gpr(11) = 0x88;
		vcpu_resume(&vm, 0, &e);
		eq(tvm_result(&vm, 0, &e), CAUSE_BREAK, "%s: the TVM goes on behind its ECALL",
		   what);
		eq(tvm_get(&vm, 0, 10), 0, "%s: a0 is success, whatever the host answers", what);
		eq(tvm_get(&vm, 0, 11), 0, "%s: a1 is 0", what);
	}
	bound_end(&vm);
}

static void allow_list(void)
{
	u64 last = machine.imsic_ids;

	if (!bound_begin(&vm, 2) || !start(1))
		return;
	vcpu_irq_on(&vm, 0, ~0ULL);
	vcpu_irq_on(&vm, 1, ~0ULL);
	sbi_err(bound_inject(&vm, 0, 3), SBI_ERR_DENIED, "everything is denied at first");
	eq(vcpu_take(&vm, 0), 0, "what was denied does not arrive");
	sbi_ok(bound_allow(&vm, 0, 3), "the TVM allows 3");
	sbi_ok(bound_inject(&vm, 0, 3), "the host injects 3");
	sbi_err(bound_inject(&vm, 0, 4), SBI_ERR_DENIED, "but not 4");
	sbi_err(bound_inject(&vm, 1, 3), SBI_ERR_DENIED, "nor 3 to the other vCPU");
	eq(vcpu_take(&vm, 0), 3, "3 arrives");
	eq(vcpu_take(&vm, 0), 0, "and nothing else");
	eq(vcpu_take(&vm, 1), 0, "nothing arrives at the other vCPU");
	sbi_ok(bound_inject(&vm, 0, 3), "the same can be injected again");
	sbi_ok(bound_inject(&vm, 0, 3), "and again");
	eq(vcpu_take(&vm, 0), 3, "it is pending once");
	eq(vcpu_take(&vm, 0), 0, "only");
	sbi_ok(bound_allow(&vm, 1, last), "the other vCPU allows the last identity");
	sbi_ok(bound_inject(&vm, 1, last), "which the host injects");
	eq(vcpu_ireg(&vm, 1, IREG_EIP0 + 2 * (last / 64)), BIT(last % 64), "and it is pending");
	sbi_ok(bound_allow(&vm, 0, ~0ULL), "the TVM allows all");
	sbi_ok(bound_inject(&vm, 0, 1), "the host injects 1");
	sbi_ok(bound_inject(&vm, 0, last), "and the last identity");
	sbi_err(bound_inject(&vm, 1, 1), SBI_ERR_DENIED, "the other vCPU has not allowed all");
	sbi_ok(bound_deny(&vm, 0, 1), "the TVM denies 1");
	eq(vcpu_take(&vm, 0), 1, "what came before still arrives");
	sbi_err(bound_inject(&vm, 0, 1), SBI_ERR_DENIED, "1 is denied now");
	sbi_ok(bound_inject(&vm, 0, 2), "2 is not");
	sbi_ok(bound_deny(&vm, 0, ~0ULL), "the TVM denies all");
	for (u64 id = 1; id <= last; id = id < 64 ? id + 9 : 2 * id + 1)
		sbi_err(bound_inject(&vm, 0, id), SBI_ERR_DENIED, "%lu is denied then", id);
	sbi_err(bound_allow(&vm, 0, 0), SBI_ERR_INVALID_PARAM, "the TVM can not allow identity 0");
	sbi_err(bound_allow(&vm, 0, last + 1), SBI_ERR_INVALID_PARAM, "nor one behind the last");
	sbi_err(bound_allow(&vm, 0, BIT(32) | 3), SBI_ERR_INVALID_PARAM, "nor 2^32 + 3");
	sbi_err(bound_deny(&vm, 0, 0), SBI_ERR_INVALID_PARAM, "nor deny identity 0");
	sbi_err(bound_deny(&vm, 0, last + 1), SBI_ERR_INVALID_PARAM, "nor one behind the last");
	sbi_err(bound_inject(&vm, 0, 3), SBI_ERR_DENIED,
		"nothing was allowed by the refused calls");
	bound_end(&vm);
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM without interrupt files runs"))
		return;
	sbi_err(bound_allow(&vm, 0, 3), SBI_ERR_INVALID_PARAM, "ALLOW in it is refused");
	sbi_err(bound_deny(&vm, 0, 3), SBI_ERR_INVALID_PARAM, "and DENY");
	ok(tvm_destroy(&vm), "it is destroyed");
}

/* ABI 17.2: a vCPU that is started inherits what its starter allows, for a host in RFC numbering.
 */
static void inherit_body(void)
{
	if (!bound_begin(&vm, 2))
		return;
	sbi_ok(bound_allow(&vm, 0, ~0ULL), "the boot vCPU allows all");
	sbi_err(bound_inject(&vm, 1, 9), SBI_ERR_DENIED,
		"that is not for a vCPU that is not started");
	if (!start(1))
		return;
	vcpu_irq_on(&vm, 1, BIT(9));
	if (strict()) {
		sbi_err(bound_inject(&vm, 1, 9), SBI_ERR_DENIED,
			"nor for one that it starts, in the specification's numbering");
		eq(vcpu_take(&vm, 1), 0, "nothing arrives");
	} else {
		sbi_ok(bound_inject(&vm, 1, 9),
		       "a vCPU that it starts allows the same, in RFC numbering");
		eq(vcpu_take(&vm, 1), 9, "it arrives");
	}
	bound_end(&vm);
}

static void inherit(void)
{
	in_every_numbering(inherit_body);
}

static void ipis(void)
{
	if (!bound_begin(&vm, 2) || !start(1))
		return;
	vcpu_irq_on(&vm, 0, BIT(1) | BIT(40));
	vcpu_irq_on(&vm, 1, BIT(1) | BIT(40));
	vcpu_send(&vm, 0, TVM_FILE(1), 40);
	eq(vcpu_take(&vm, 0), 0, "a message to the other vCPU is none to oneself");
	eq(vcpu_take(&vm, 1), 40, "a vCPU that is not running gets it when it runs");
	vcpu_send(&vm, 1, TVM_FILE(0), 1);
	eq(vcpu_take(&vm, 0), 1, "and the other way round");
	eq(imsic_take(), 0, "the host's own file has nothing of it");
	bound_end(&vm);
}

/* --- who reaches a file --- */

static void host_does_not_reach(void)
{
	u64 file = file_page(0, 1);

	if (!bound_begin(&vm, 1))
		return;
	vcpu_irq_on(&vm, 0, ~0ULL);
	eq(probe_store32(file, 3), CAUSE_STORE_ACCESS,
	   "the host can not send to a bound file past the allow list");
	eq(probe_fetch(file), CAUSE_FETCH_ACCESS, "nor fetch from it");
	eq(user_load(file), CAUSE_LOAD_ACCESS, "nor can its user mode load");
	eq(vcpu_take(&vm, 0), 0, "nothing arrives");
	sbi_err(covh_invalidate(vm.id, TVM_FILE(0), PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"INVALIDATE of the file's address is refused");
	sbi_err(covh_validate(vm.id, TVM_FILE(0), PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"and VALIDATE");
	sbi_err(covh_remove(vm.id, TVM_FILE(0), PAGE_SIZE), SBI_ERR_INVALID_ADDRESS, "and REMOVE");
	sbi_err(covh_add_shared(vm.id, pages_alloc(1, 1), COVE_PAGE_4K, 1, TVM_FILE(1)),
		SBI_ERR_INVALID_ADDRESS, "and ADD_SHARED at a file that is not bound");
	eq(tvm_add_zero(&vm, TVM_FILE(1)), false, "and ADD_ZERO there");
	sbi_err(tvm_covg(&vm, 0, COVG_ADD_MMIO_REGION, TVM_IMSIC_GPA, PAGE_SIZE),
		SBI_ERR_INVALID_ADDRESS, "the TVM can not declare its file as MMIO");
	sbi_err(tvm_covg(&vm, 0, COVG_ADD_MMIO_REGION, TVM_FILE(7), 2 * PAGE_SIZE),
		SBI_ERR_INVALID_ADDRESS, "nor a range that begins in the files");
	sbi_refused(tvm_covg(&vm, 0, COVG_REMOVE_MMIO_REGION, TVM_IMSIC_GPA, PAGE_SIZE),
		    "nor remove it as MMIO");
	sbi_err(tvm_covg(&vm, 0, COVG_SHARE_MEMORY, TVM_IMSIC_GPA, PAGE_SIZE),
		SBI_ERR_INVALID_PARAM, "nor share it");
	vcpu_send(&vm, 0, TVM_FILE(0), 3);
	eq(vcpu_take(&vm, 0), 3, "after all that the file works");
	bound_end(&vm);
}

/* Row 6: a store to the file of a vCPU that has none now */
static void unbound_store_body(void)
{
	const struct expect x = EXPECT(CAUSE_STORE_GUEST, .htval = TVM_FILE(1) >> 2, .vsie = 0);
	static const u32 store[] = { INSN_SW_A1_A0 };
	struct exit e;

	if (!bound_begin(&vm, 2) || !start(1))
		return;
	vcpu_irq_on(&vm, 1, ~0ULL);
	ok(aia_unbind(&vm, 1, 0), "the second vCPU is unbound");
	if (strict()) {
		tvm_code(&vm, 0, store, 1);
		tvm_set(&vm, 0, 10, TVM_FILE(1));
		tvm_set(&vm, 0, 11, 17);
		if (!expect_command(&vm, 0, OP_EXEC, 0, 0, &x, "a store to an unbound vCPU's file"))
			return;
		if (!expect_exit(&vm, 0, &x, "the same when it is still unbound"))
			return;
		ok(aia_bind(&vm, 1, 0, 2), "it is bound");
		vcpu_resume(&vm, 0, &e);
		eq(tvm_result(&vm, 0, &e), CAUSE_BREAK, "the store is done then");
	} else {
		vcpu_send(&vm, 0, TVM_FILE(1), 17);
		ok(!vm.broken, "a store to an unbound vCPU's file is absorbed");
		vcpu_send(&vm, 0, TVM_FILE(1) + 4, 18);
		vcpu_send(&vm, 0, TVM_FILE(1), (u32)machine.imsic_ids + 1);
		vcpu_send(&vm, 0, TVM_FILE(1), ~0u);
		vcpu_send(&vm, 0, TVM_FILE(1), 0);
		ok(!vm.broken, "one of no identity does no harm");
		vcpu_store_word(&vm, 0, TVM_FILE(5), 18, &e);
		eq(tvm_result(&vm, 0, &e), CAUSE_STORE_ACCESS,
		   "a store where no vCPU has its file is an access fault in the TVM");
		ok(aia_bind(&vm, 1, 0, 2), "it is bound");
	}
	eq(vcpu_take(&vm, 1), 17, "the interrupt arrives at the other vCPU");
	eq(vcpu_take(&vm, 1), 0, "and no other");
	bound_end(&vm);
}

static void unbound_store(void)
{
	in_every_numbering(unbound_store_body);
}

/* Row 11: anything else there */
static void unbound_other(void)
{
	static const struct {
		u32 insn;
		u64 cause;
		const char *name;
	} list[] = {
		{ INSN_LD_A1_A0, CAUSE_LOAD_GUEST, "a load from" },
		{ 0x00050067, CAUSE_FETCH_GUEST, "a jump to" },
	};

	for (u32 i = 0; i < ARRAY_SIZE(list); i++) {
		struct exit e;

		if (!bound_begin(&vm, 2))
			return;
		ok(aia_unbind(&vm, 1, 0), "the second vCPU is unbound");
		tvm_code(&vm, 0, &list[i].insn, 1);
		tvm_set(&vm, 0, 10, TVM_FILE(1));
		tvm_exec(&vm, 0, &e);
		ok(!e.error && e.value == COVE_RUN_DEAD && e.scause == list[i].cause,
		   "%s an unbound vCPU's file ends the vCPU", list[i].name);
		bound_end(&vm);
	}
}

/* hgeie is 0x607, hgeip 0xe12, hie 0x604, hip 0x644. */
static void host_sees(void)
{
	static const struct expect x =
		EXPECT(CAUSE_IRQ | IRQ_SGEI, .irq = true, .vsie = BIT(IRQ_SEI));
	u64 all = (2ULL << host_files()) - 2;
	static const u32 spin[] = { INSN_SPIN };

	/* Who asks for NACL, and is not stock KVM, which probes RFENCE right before, is shown the
	 * files (DECISIONS 10). */
	sbi_probe(SBI_EXT_RFENCE);
	sbi_probe(SBI_EXT_NACL);
	csr_write(0x607, ~0ULL);
	eq(csr_read(0x607), 0, "hgeie shows stock KVM no guest files");
	sbi_probe(SBI_EXT_BASE);
	sbi_probe(SBI_EXT_NACL);
	csr_write(0x607, ~0ULL);
	eq(csr_read(0x607), all, "hgeie shows as many guest files as the host has");
	csr_write(0x607, 0);
	if (!bound_begin(&vm, 1))
		return;
	vcpu_irq_on(&vm, 0, BIT(3));
	sbi_ok(bound_allow(&vm, 0, 3), "the TVM allows 3");
	eq(csr_read(0xe12) & all, 0, "hgeip is 0 while nothing is pending");
	csr_write(0x607, BIT(1));
	csr_write(0x604, BIT(IRQ_SGEI));
	eq(csr_read(0x644) & BIT(IRQ_SGEI), 0, "hip.SGEIP is 0");
	tvm_code(&vm, 0, spin, 1);
	if (!tvm_command_begin(&vm, 0, OP_EXEC, 0, 0))
		return;
	sbi_ok(bound_inject(&vm, 0, 3), "the host injects 3");
	eq(csr_read(0xe12) & all, BIT(1), "hgeip shows the file");
	eq(csr_read(0x644) & BIT(IRQ_SGEI), BIT(IRQ_SGEI), "hip.SGEIP is set");
	/* Should it not come, the timer ends the wait. */
	csr_write(0x14d, now() + ticks_per_second);
	csr_write(sie, BIT(IRQ_STI));
	expect_exit(&vm, 0, &x, "a guest external interrupt that the host waits for");
	csr_write(sie, 0);
	csr_write(0x14d, ~0ULL);
	csr_write(0x607, 0);
	eq(csr_read(0x644) & BIT(IRQ_SGEI), 0,
	   "hip.SGEIP is 0 when the host does not wait for the file");
	csr_write(0x604, 0);
	bound_end(&vm);
}

static const struct test aia_tests[] = {
	TEST(own_file),
	TEST(wait_for_interrupt),
	TEST(notifications),
	TEST(allow_list),
	TEST(inherit),
	TEST(ipis),
	TEST(host_does_not_reach),
	TEST(unbound_store),
	TEST(unbound_other),
	TEST(host_sees),
};

GROUP_FILES(aia, 1, 2);
