/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt files that vCPUs get and lose on one hart: what stays pending, and what the next owner
 * must not find (ABI 14). Group: rebinding.
 */
#include "bound.h"

static struct tvm vm, other;

static void unbound_run_body(void)
{
	if (!ok(aia_build(&vm, 1), "a TVM with an interrupt file is built (%s)", numbering_name()))
		return;
	nacl_setup(0);
	csr_write(scause, 3);
	csr_write(stval, 3);
	sbi_err(covh_run(vm.id, 0), SBI_ERR_INVALID_PARAM, "RUN of an unbound vCPU is refused");
	eq(csr_read(scause), fail_entry(3), "scause is %lu then", fail_entry(3));
	eq(csr_read(stval), strict() ? 3 : 0, "stval is %u then", strict() ? 3 : 0);
	ok(aia_bind(&vm, 0, 0, 1) && tvm_sync(&vm, 0), "it runs once it is bound");
	ok(aia_unbind(&vm, 0, 0), "it is unbound");
	sbi_err(covh_run(vm.id, 0), SBI_ERR_INVALID_PARAM, "and does not run");
	ok(aia_bind(&vm, 0, 0, 1), "it is bound again");
	eq(tvm_peek(&vm, 0, TVM_GPA), *(const u64 *)tvm_image, "and runs on");
	bound_end(&vm);
}

static void unbound_run(void)
{
	in_every_numbering(unbound_run_body);
}

/* What is pending, enabled and set stays with the vCPU over every change of its file. */
static void pending_stays(void)
{
	u64 last = machine.imsic_ids;

	if (!bound_begin(&vm, 1))
		return;
	vcpu_irq_on(&vm, 0, BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6));
	vcpu_ireg_set(&vm, 0, IREG_EITHRESHOLD, 60);
	vcpu_ireg_set(&vm, 0, IREG_EIE0 + 2 * (last / 64), BIT(last % 64));
	sbi_ok(bound_allow(&vm, 0, ~0ULL), "the TVM allows all");
	vcpu_send(&vm, 0, TVM_FILE(0), 2);
	sbi_ok(bound_inject(&vm, 0, 20), "the host injects what is not enabled");
	sbi_ok(bound_inject(&vm, 0, last), "and the last identity");
	sbi_ok(covi_call(COVI_UNBIND_BEGIN, vm.id, 0, 0), "UNBIND_BEGIN");
	sbi_ok(bound_inject(&vm, 0, 3), "INJECT while unbinding");
	sbi_ok(covh_tvm_fence(vm.id), "the fence");
	sbi_ok(covi_call(COVI_UNBIND_END, vm.id, 0, 0), "UNBIND_END");
	sbi_ok(bound_inject(&vm, 0, 4), "INJECT while unbound");
	sbi_ok(covi_call(COVI_BIND, vm.id, 0, BIT(1)), "BIND");
	sbi_ok(bound_inject(&vm, 0, 5), "INJECT while bound");
	eq(vcpu_ireg(&vm, 0, IREG_EIP0), BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(20),
	   "all of them are pending after that");
	eq(vcpu_ireg(&vm, 0, IREG_EIE0), BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6),
	   "the same are enabled");
	eq(vcpu_ireg(&vm, 0, IREG_EIP0 + 2 * (last / 64)) >> last % 64 & 1, 1,
	   "the last identity is pending");
	eq(vcpu_ireg(&vm, 0, IREG_EIE0 + 2 * (last / 64)) >> last % 64 & 1, 1, "and enabled");
	eq(vcpu_ireg(&vm, 0, IREG_EITHRESHOLD), 60, "the threshold is as it was");
	eq(vcpu_ireg(&vm, 0, IREG_EIDELIVERY), 1, "and delivery");
	for (u32 id = 2; id <= 5; id++)
		eq(vcpu_take(&vm, 0), id, "%u is taken", id);
	bound_end(&vm);
}

static void rebind_pending(void)
{
	if (host_files() < 2)
		return skip("needs two guest files",
			    "pending interrupts follow a vCPU to another file");
	if (!bound_begin(&vm, 1))
		return;
	vcpu_irq_on(&vm, 0, BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6));
	sbi_ok(bound_allow(&vm, 0, ~0ULL), "the TVM allows all");
	vcpu_send(&vm, 0, TVM_FILE(0), 2);
	ok(aia_convert(0, 2), "file 2 is converted");
	sbi_ok(covi_call(COVI_REBIND_BEGIN, vm.id, 0, BIT(2)), "REBIND_BEGIN from file 1 to 2");
	sbi_ok(bound_inject(&vm, 0, 3), "INJECT while rebinding");
	sbi_ok(covh_tvm_fence(vm.id), "the fence");
	sbi_ok(covi_call(COVI_REBIND_CLONE, vm.id, 0, 0), "REBIND_CLONE");
	sbi_ok(bound_inject(&vm, 0, 4), "INJECT while cloned");
	sbi_ok(covi_call(COVI_REBIND_END, vm.id, 0, 0), "REBIND_END");
	sbi_ok(bound_inject(&vm, 0, 5), "INJECT while bound again");
	sbi_ok(covi_call(COVI_RECLAIM_IMSIC, file_page(0, 1), 0, 0), "the host takes file 1 back");
	eq(vcpu_ireg(&vm, 0, IREG_EIE0), BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6),
	   "the same identities are enabled");
	for (u32 id = 2; id <= 5; id++)
		eq(vcpu_take(&vm, 0), id, "%u is taken from the new file", id);
	eq(vcpu_take(&vm, 0), 0, "and no more");
	vcpu_send(&vm, 0, TVM_FILE(0), 6);
	eq(vcpu_take(&vm, 0), 6, "the TVM's own messages go to the new file");
	bound_end(&vm);
}

/* More vCPUs than files: they take turns. */
static void take_turns(void)
{
	u32 wrong = 0;

	if (!ok(aia_build(&vm, 1) && aia_build(&other, 1),
		"two TVMs with interrupt files are built"))
		return;
	for (u32 round = 0; round < 4; round++) {
		struct tvm *t = round & 1 ? &other : &vm;

		if (!ok(aia_bind(t, 0, 0, 1), "TVM %u gets the file, round %u", round & 1, round))
			return;
		if (round < 2) {
			eq(vcpu_ireg(t, 0, IREG_EIE0), 0,
			   "nothing of the file's last owner is enabled in it");
			eq(vcpu_ireg(t, 0, IREG_EIP0), 0, "nothing is pending");
			eq(vcpu_ireg(t, 0, IREG_EIDELIVERY), 0, "nothing is delivered");
			vcpu_irq_on(t, 0, BIT(10 + round));
		}
		wrong += vcpu_ireg(t, 0, IREG_EIE0) != BIT(10 + (round & 1));
		vcpu_send(t, 0, TVM_FILE(0), 10 + round);
		ok(aia_unbind(t, 0, 0), "and gives it up");
	}
	eq(wrong, 0, "each has its own identities enabled");
	ok(aia_bind(&vm, 0, 0, 1), "the first gets the file again");
	eq(vcpu_ireg(&vm, 0, IREG_EIP0), BIT(10) | BIT(12), "its own messages are pending");
	ok(aia_unbind(&vm, 0, 0) && aia_bind(&other, 0, 0, 1), "and the other gets it again");
	eq(vcpu_ireg(&other, 0, IREG_EIP0), BIT(11) | BIT(13), "its own are");
	ok(tvm_destroy(&other), "the other is destroyed");
	bound_end(&vm);
}

/* A file that comes to a TVM from the host, from a destroyed TVM, and through the host from one, is
 * clear. */
static void clear_file(void)
{
	*(volatile u32 *)file_page(0, 1) = 21;
	fence();
	if (!bound_begin(&vm, 1))
		return;
	eq(vcpu_ireg(&vm, 0, IREG_EIP0), 0,
	   "what the host has sent to the file before is not pending in the TVM");
	vcpu_irq_on(&vm, 0, BIT(22));
	vcpu_send(&vm, 0, TVM_FILE(0), 23);
	vcpu_ireg_set(&vm, 0, IREG_EITHRESHOLD, 7);
	ok(tvm_destroy(&vm), "the TVM is destroyed while it is bound");
	ok(!file_is_hosts(0, 1), "its file is not the host's yet");
	if (!bound_begin(&vm, 1))
		return;
	eq(vcpu_ireg(&vm, 0, IREG_EIP0), 0, "nothing of it is pending for the next owner");
	eq(vcpu_ireg(&vm, 0, IREG_EIE0), 0, "nor enabled");
	eq(vcpu_ireg(&vm, 0, IREG_EITHRESHOLD), 0, "nor is the threshold");
	eq(vcpu_ireg(&vm, 0, IREG_EIDELIVERY), 0, "nor delivery");
	vcpu_irq_on(&vm, 0, BIT(22));
	vcpu_send(&vm, 0, TVM_FILE(0), 23);
	bound_end(&vm);
	if (!bound_begin(&vm, 1))
		return;
	eq(vcpu_ireg(&vm, 0, IREG_EIP0), 0, "nor after the file has been the host's");
	eq(vcpu_ireg(&vm, 0, IREG_EIE0), 0, "with all that was enabled");
	ok(tvm_sync(&vm, 0), "the TVM runs");
	/* Destroyed in the middle of either sequence. */
	sbi_ok(covi_call(COVI_UNBIND_BEGIN, vm.id, 0, 0), "UNBIND_BEGIN");
	ok(tvm_destroy(&vm), "a TVM is destroyed while it is being unbound");
	ok(aia_give_back(), "its file comes back");
	if (host_files() < 2 || !bound_begin(&vm, 1) ||
	    !ok(aia_convert(0, 2), "file 2 is converted"))
		return;
	sbi_ok(covi_call(COVI_REBIND_BEGIN, vm.id, 0, BIT(2)), "REBIND_BEGIN");
	sbi_ok(covh_tvm_fence(vm.id), "the fence");
	sbi_ok(covi_call(COVI_REBIND_CLONE, vm.id, 0, 0), "REBIND_CLONE");
	bound_end(&vm);
}

static const struct test rebinding_tests[] = {
	TEST(unbound_run), TEST(pending_stays), TEST(rebind_pending),
	TEST(take_turns),  TEST(clear_file),
};

GROUP_FILES(rebinding, 1, 2);
