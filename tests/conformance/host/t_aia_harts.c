/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt files on several harts (ABI 5, 14, 17.2): who may call where, and that no interrupt is
 * lost. Group: aia_harts. */
#include "tests.h"
#include "../rt/aia.h"

static struct tvm vm;
static struct exit seen[MAX_HARTS];

/* csrrw a1, stopei, zero; beqz a1, the same again */
static const u32 wait_irq[] = { 0x15c015f3, 0xfe058ee3 };

static void end(void)
{
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
	ok(aia_give_back(), "its files come back");
}

/* --- work for the hart where the vCPU is bound --- */

static u64 take_here(u64 vcpu)
{
	nacl_setup(0);
	return vcpu_take(&vm, (u32)vcpu);
}

static u64 pending_here(u64 vcpu)
{
	nacl_setup(0);
	return vcpu_ireg(&vm, (u32)vcpu, IREG_EIP0);
}

static u64 enabled_here(u64 vcpu)
{
	nacl_setup(0);
	return vcpu_ireg(&vm, (u32)vcpu, IREG_EIE0);
}

static u64 irq_on_here(u64 vcpu)
{
	nacl_setup(0);
	vcpu_irq_on(&vm, (u32)vcpu, ~0ULL);
	return 0;
}

static u64 sync_here(u64 vcpu)
{
	nacl_setup(0);
	return tvm_sync(&vm, (u32)vcpu);
}

/* Waits in the TVM for an interrupt; what stopei gave. */
static u64 wait_here(u64 vcpu)
{
	nacl_setup(0);
	tvm_code(&vm, (u32)vcpu, wait_irq, ARRAY_SIZE(wait_irq));
	if (tvm_exec_done(&vm, (u32)vcpu) != CAUSE_BREAK)
		return 0;
	return tvm_get(&vm, (u32)vcpu, 11) >> 16;
}

static u64 run_here(u64 vcpu)
{
	struct exit *e = &seen[this_hart()->index];

	nacl_setup(0);
	csr_write(scause, 3);
	vcpu_run(&vm, (u32)vcpu, e);
	return 0;
}

/* vCPU i on hart i, file 1 */
static bool begin(u32 vcpus)
{
	bool good = aia_build(&vm, vcpus);

	for (u32 i = 0; good && i < vcpus; i++)
		good = aia_bind(&vm, i, i, 1);
	good = good && tvm_sync(&vm, 0);
	for (u32 i = 1; good && i < vcpus; i++)
		good = tvm_start(&vm, i) && run_on(i, sync_here, i);
	return ok(good, "a TVM with %u vCPUs runs, each bound to a hart of its own (%s)", vcpus,
		  numbering_name());
}

/* --- the tests --- */

static void elsewhere_body(void)
{
	if (!begin(1))
		return;
	run_on(1, run_here, 0);
	if (strict()) {
		ok(seen[1].error == SBI_ERR_INVALID_PARAM,
		   "RUN on another hart than the one it is bound to is refused");
	} else {
		ok(!seen[1].error && !seen[1].value,
		   "RUN on another hart than the one it is bound to succeeds");
		eq(seen[1].scause, CAUSE_IRQ | IRQ_STI, "as if the host's timer had ended it");
	}
	eq(tvm_peek(&vm, 0, TVM_GPA), *(const u64 *)tvm_image,
	   "the vCPU did not run: it goes on where it is bound");
	end();
}

static void elsewhere(void)
{
	in_every_numbering(elsewhere_body);
}

static void wrong_hart_body(void)
{
	if (!ok(aia_build(&vm, 1) && aia_convert(1, 1),
		"a TVM is built and a file of hart 1 is converted (%s)", numbering_name()))
		return;
	sbi_err(covi_on(0, COVI_BIND, vm.id, 0, BIT(1)), SBI_ERR_INVALID_ADDRESS,
		"BIND on a hart whose file was not converted is refused");
	ok(file_is_hosts(0, 1), "that file stays the host's");
	sbi_ok(covi_on(1, COVI_BIND, vm.id, 0, BIT(1)), "BIND on the hart of the file succeeds");
	eq(run_on(1, sync_here, 0), 1, "the vCPU runs there");
	sbi_err(covi_on(0, COVI_UNBIND_BEGIN, vm.id, 0, 0), SBI_ERR_INVALID_PARAM,
		"UNBIND_BEGIN on another hart is refused");
	eq(run_on(1, take_here, 0), 0, "the vCPU runs as before");
	sbi_ok(covi_on(1, COVI_UNBIND_BEGIN, vm.id, 0, 0), "UNBIND_BEGIN on its hart");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	sbi_err(covi_on(0, COVI_UNBIND_END, vm.id, 0, 0), SBI_ERR_INVALID_PARAM,
		"UNBIND_END on another hart is refused");
	sbi_ok(covi_on(1, COVI_UNBIND_END, vm.id, 0, 0), "UNBIND_END on its hart");
	sbi_ok(covi_on(1, COVI_BIND, vm.id, 0, BIT(1)), "it is bound again");
	ok(aia_convert(0, 2), "a file of hart 0 is converted");
	sbi_err(covi_on(1, COVI_REBIND_BEGIN, vm.id, 0, BIT(2)), SBI_ERR_INVALID_ADDRESS,
		"REBIND_BEGIN on a hart whose file 2 was not converted is refused");
	sbi_ok(covi_on(0, COVI_REBIND_BEGIN, vm.id, 0, BIT(2)), "REBIND_BEGIN on the new hart");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	sbi_err(covi_on(0, COVI_REBIND_CLONE, vm.id, 0, 0), SBI_ERR_INVALID_PARAM,
		"REBIND_CLONE on the new hart is refused");
	sbi_ok(covi_on(1, COVI_REBIND_CLONE, vm.id, 0, 0), "REBIND_CLONE on the old hart");
	sbi_err(covi_on(1, COVI_REBIND_END, vm.id, 0, 0), SBI_ERR_INVALID_PARAM,
		"REBIND_END on the old hart is refused");
	sbi_ok(covi_on(0, COVI_REBIND_END, vm.id, 0, 0), "REBIND_END on the new hart");
	eq(tvm_peek(&vm, 0, TVM_GPA), *(const u64 *)tvm_image, "the vCPU runs there");
	end();
}

static void wrong_hart(void)
{
	in_every_numbering(wrong_hart_body);
}

/* 11.9: from hart to hart and back; whatever comes at whatever time is there in the end. */
static void migration(void)
{
	static const u64 expected =
		BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(9);

	if (!begin(2))
		return;
	irq_on_here(0);
	run_on(1, irq_on_here, 1);
	/* vCPU 0 allows for itself; vCPU 1 was started before and allows by itself. */
	sbi_ok(tvm_covg(&vm, 0, COVG_ALLOW_EXT_INTERRUPT, ~0ULL, 0), "the TVM allows all");
	ok(aia_convert(1, 2), "a file of hart 1 is converted");
	/* vCPU 0 moves 0 -> 1, file 1 -> 2. Messages of vCPU 1 are injected for by the host, and
	 * sent by the TVM. */
	sbi_ok(covi_call(COVI_INJECT, vm.id, 0, 2), "INJECT before");
	sbi_ok(covi_on(1, COVI_REBIND_BEGIN, vm.id, 0, BIT(2)), "REBIND_BEGIN on hart 1");
	sbi_ok(covi_call(COVI_INJECT, vm.id, 0, 3), "INJECT while rebinding, from hart 0");
	sbi_ok(covi_on(1, COVI_INJECT, vm.id, 0, 4), "and from hart 1");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	sbi_ok(covi_on(0, COVI_REBIND_CLONE, vm.id, 0, 0), "REBIND_CLONE on hart 0");
	sbi_ok(covi_call(COVI_INJECT, vm.id, 0, 5), "INJECT while cloned");
	sbi_ok(covi_on(1, COVI_REBIND_END, vm.id, 0, 0), "REBIND_END on hart 1");
	sbi_ok(covi_call(COVI_INJECT, vm.id, 0, 6), "INJECT while bound");
	eq(run_on(1, enabled_here, 0), ~1ULL, "what was enabled is enabled");
	/* And back by unbinding. */
	sbi_ok(covi_on(1, COVI_UNBIND_BEGIN, vm.id, 0, 0), "UNBIND_BEGIN on hart 1");
	sbi_ok(covi_call(COVI_INJECT, vm.id, 0, 7), "INJECT while unbinding");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	sbi_ok(covi_on(1, COVI_UNBIND_END, vm.id, 0, 0), "UNBIND_END on hart 1");
	sbi_ok(covi_call(COVI_INJECT, vm.id, 0, 8), "INJECT while unbound");
	ok(aia_bind(&vm, 0, 0, 1), "it is bound on hart 0");
	sbi_ok(covi_on(1, COVI_INJECT, vm.id, 0, 9), "INJECT while bound");
	eq(pending_here(0), expected, "every interrupt of that way is pending on hart 0");
	for (u32 id = 2; id <= 9; id++)
		eq(take_here(0), id, "%u is taken", id);
	eq(imsic_take(), 0, "the host's files have nothing of it");
	end();
}

/* Another vCPU's messages in each phase, by its stores */
static u64 send_here(u64 id)
{
	nacl_setup(0);
	vcpu_send(&vm, 1, TVM_FILE(0), (u32)id);
	return vm.broken;
}

/* A store that has nowhere to go comes to the host (row 6), as often as it is tried. */
static u64 send_exits_here(u64 id)
{
	struct exit *e = &seen[1];

	nacl_setup(0);
	if (id)
		vcpu_store_word(&vm, 1, TVM_FILE(0), (u32)id, e);
	else
		vcpu_resume(&vm, 1, e);
	return e->error || e->scause != CAUSE_STORE_GUEST || e->htval != TVM_FILE(0) >> 2;
}

static u64 send_done_here(u64 unused)
{
	(void)unused;
	vcpu_resume(&vm, 1, &seen[1]);
	return tvm_result(&vm, 1, &seen[1]) != CAUSE_BREAK;
}

/* UNBIND_BEGIN to BIND; the last identity that was sent. */
static u32 unbound_messages(void)
{
	bool exits = strict();

	sbi_ok(covi_on(1, COVI_UNBIND_BEGIN, vm.id, 0, 0), "UNBIND_BEGIN");
	eq(run_on(1, exits ? send_exits_here : send_here, 6), 0, "%s while unbinding",
	   exits ? "its store comes to the host" : "it sends");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	sbi_ok(covi_on(1, COVI_UNBIND_END, vm.id, 0, 0), "UNBIND_END");
	eq(run_on(1, exits ? send_exits_here : send_here, exits ? 0 : 7), 0, "%s while unbound",
	   exits ? "again" : "it sends");
	ok(aia_bind(&vm, 0, 0, 1), "BIND on the first hart");
	if (exits)
		eq(run_on(1, send_done_here, 0), 0, "then the store is done");
	return exits ? 6 : 7;
}

static void messages_in_each_phase(void)
{
	u32 last;

	if (!begin(2))
		return;
	irq_on_here(0);
	ok(aia_convert(1, 2), "a file of hart 1 is converted");
	eq(run_on(1, send_here, 2), 0, "the other vCPU sends before");
	sbi_ok(covi_on(1, COVI_REBIND_BEGIN, vm.id, 0, BIT(2)), "REBIND_BEGIN");
	eq(run_on(1, send_here, 3), 0, "it sends while rebinding");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	sbi_ok(covi_on(0, COVI_REBIND_CLONE, vm.id, 0, 0), "REBIND_CLONE");
	eq(run_on(1, send_here, 4), 0, "while cloned");
	sbi_ok(covi_on(1, COVI_REBIND_END, vm.id, 0, 0), "REBIND_END");
	eq(run_on(1, send_here, 5), 0, "while bound again");
	last = unbound_messages();
	for (u32 id = 2; id <= last; id++)
		eq(take_here(0), id, "%u has arrived", id);
	eq(take_here(0), 0, "and no more");
	end();
}

/* What comes from another hart while the vCPU is inside */
static void running(void)
{
	u64 got = 0;

	if (!begin(2))
		return;
	irq_on_here(0);
	run_on(1, irq_on_here, 1);
	run_begin(1, wait_here, 1);
	delay(ticks_per_second / 50);
	ok(!run_done(1), "the second vCPU waits inside the TVM on hart 1");
	sbi_err(covi_on(0, COVI_REBIND_BEGIN, vm.id, 1, BIT(1)), SBI_ERR_INVALID_PARAM,
		"REBIND_BEGIN of a vCPU that runs is refused");
	sbi_err(covi_on(0, COVI_UNBIND_BEGIN, vm.id, 1, 0), SBI_ERR_INVALID_PARAM,
		"and UNBIND_BEGIN");
	sbi_err(covi_call(COVI_INJECT, vm.id, 1, 30), SBI_ERR_DENIED,
		"what it has not allowed is denied while it runs");
	ok(!run_done(1), "and does not arrive");
	vcpu_send(&vm, 0, TVM_FILE(1), 31);
	ok(run_wait(1, 5 * ticks_per_second, &got),
	   "a message of the first vCPU, on hart 0, ends the wait");
	eq(got, 31, "with its identity");
	run_begin(1, wait_here, 1);
	delay(ticks_per_second / 50);
	vcpu_send(&vm, 0, TVM_FILE(1), 32);
	ok(run_wait(1, 5 * ticks_per_second, &got) && got == 32, "and the next");
	end();
}

static u64 allow_here(u64 vcpu)
{
	nacl_setup(0);
	return (u64)tvm_covg(&vm, (u32)vcpu, COVG_ALLOW_EXT_INTERRUPT, ~0ULL, 0).error;
}

static void inject_running(void)
{
	u64 got = 0;

	if (!begin(2))
		return;
	run_on(1, irq_on_here, 1);
	eq(run_on(1, allow_here, 1), 0, "the second vCPU allows all");
	for (u32 id = 40; id < 44; id++) {
		run_begin(1, wait_here, 1);
		delay(ticks_per_second / 100);
		sbi_ok(covi_call(COVI_INJECT, vm.id, 1, id),
		       "hart 0 injects %u while it runs on hart 1", id);
		ok(run_wait(1, 5 * ticks_per_second, &got) && got == id,
		   "it arrives without an exit");
	}
	end();
}

/* 14: a file that its TVM was destroyed with is cleared on its own hart before the host has it. */
static void destroyed_elsewhere(void)
{
	if (!ok(aia_build(&vm, 1) && aia_bind(&vm, 0, 1, 1) && run_on(1, sync_here, 0),
		"a TVM runs on hart 1"))
		return;
	run_on(1, irq_on_here, 0);
	ok(tvm_destroy(&vm), "it is destroyed by hart 0");
	sbi_err(covi_on(0, COVI_RECLAIM_IMSIC, file_page(1, 1), 0, 0), SBI_ERR_INVALID_ADDRESS,
		"RECLAIM_IMSIC on hart 0, which can not clear the file, is refused");
	ok(!file_is_hosts(1, 1), "the host does not reach it");
	sbi_ok(covi_on(1, COVI_RECLAIM_IMSIC, file_page(1, 1), 0, 0),
	       "RECLAIM_IMSIC on its hart succeeds");
	if (!ok(aia_build(&vm, 1) && aia_bind(&vm, 0, 1, 1), "another TVM is bound to it"))
		return;
	eq(run_on(1, enabled_here, 0), 0, "nothing is enabled in it");
	ok(aia_unbind(&vm, 0, 1), "it is unbound");
	sbi_ok(covi_on(0, COVI_RECLAIM_IMSIC, file_page(1, 1), 0, 0),
	       "a file that was unbound comes back on any hart");
	end();
}

/*
 * vCPU 0 sends the identities 1 to LAST on hart 1 while vCPU 1 moves between hart 0 and hart 2 all
 * the time. None may be lost. A hart that sends leaves its TVM by a message whenever a fence needs
 * it.
 */
#define LAST 255

static bool sending;

static u64 begin_sending(u64 unused)
{
	(void)unused;
	return tvm_command_begin(&vm, 0, OP_EXEC, 0, 0);
}

/* What a strict caller hears of the sender's store while the receiver is unbound: again, then. */
static bool store_to_unbound(const struct exit *e)
{
	return strict() && e->scause == CAUSE_STORE_GUEST && e->htval == TVM_FILE(1) >> 2;
}

static u64 sender(u64 unused)
{
	struct exit e;

	(void)unused;
	nacl_setup(0);
	csr_write(sie, BIT(IRQ_SEI));
	for (;;) {
		vcpu_run(&vm, 0, &e);
		imsic_take();
		if (e.error || !(e.scause & CAUSE_IRQ || store_to_unbound(&e)))
			break;
	}
	csr_write(sie, BIT(IRQ_SSI));
	__atomic_store_n(&sending, false, __ATOMIC_RELEASE);
	return tvm_result(&vm, 0, &e);
}

/* Messages to the sender that came when it had left */
static u64 drain_here(u64 unused)
{
	(void)unused;
	while (imsic_take())
		;
	return 0;
}

static bool move(u32 from, u32 to)
{
	struct sbiret r;
	u64 start = now();

	if (covi_on(to, COVI_REBIND_BEGIN, vm.id, 1, BIT(1)).error || covh_tvm_fence(vm.id).error)
		return false;
	do {
		imsic_send(1, EIID_TEST);
		r = covi_on(from, COVI_REBIND_CLONE, vm.id, 1, 0);
	} while (r.error == SBI_ERR_INVALID_ADDRESS && now() - start < ticks_per_second);
	return !r.error && !covi_on(to, COVI_REBIND_END, vm.id, 1, 0).error;
}

static bool unbind_and_bind(u32 from, u32 to)
{
	struct sbiret r;
	u64 start = now();

	if (covi_on(from, COVI_UNBIND_BEGIN, vm.id, 1, 0).error || covh_tvm_fence(vm.id).error)
		return false;
	do {
		imsic_send(1, EIID_TEST);
		r = covi_on(from, COVI_UNBIND_END, vm.id, 1, 0);
	} while (r.error == SBI_ERR_INVALID_ADDRESS && now() - start < ticks_per_second);
	return !r.error && !covi_on(to, COVI_BIND, vm.id, 1, BIT(1)).error;
}

static u64 missing_here(u64 words)
{
	u64 missing = 0;

	nacl_setup(0);
	for (u64 i = 0; i < words; i++) {
		u64 got = vcpu_ireg(&vm, 1, IREG_EIP0 + 2 * i);

		for (u32 b = !i; b < 64; b++) {
			if (got & BIT(b))
				continue;
			note("identity %lu was lost", i * 64 + b);
			missing++;
		}
	}
	return missing;
}

static void nothing_is_lost(void)
{
	/* 1: sw a1, 0(a0); mv a4, a3; 2: addi a4, a4, -1; bnez a4, 2b; addi a1, a1, 1; bgeu a2, a1,
	 * 1b */
	static const u32 code[] = { 0x00b52023, 0x00068713, 0xfff70713,
				    0xfe071ee3, 0x00158593, 0xfeb676e3 };
	u32 moves = 0, bad = 0, at = 0;
	u64 result = 0;

	if (nr_harts < 3)
		return skip("needs three harts", "no message is lost while its receiver moves");
	if (!ok(aia_build(&vm, 2) && aia_bind(&vm, 0, 0, 1) && tvm_sync(&vm, 0) &&
			tvm_start(&vm, 1) && aia_bind(&vm, 1, 0, 2) && tvm_sync(&vm, 1),
		"a TVM with two vCPUs runs"))
		return;
	tvm_code(&vm, 0, code, ARRAY_SIZE(code));
	tvm_set(&vm, 0, 10, TVM_FILE(1));
	tvm_set(&vm, 0, 11, 1);
	tvm_set(&vm, 0, 12, LAST);
	tvm_set(&vm, 0, 13, 600000);
	/* The sender goes to hart 1, the receiver to file 1 of harts 0 and 2. */
	ok(aia_rebind(&vm, 0, 0, 1, 1), "the sender moves to hart 1");
	ok(aia_convert(2, 1), "a file of hart 2 is converted");
	ok(aia_rebind(&vm, 1, 0, 0, 1), "the receiver moves to file 1 of hart 0");
	if (!run_on(1, sync_here, 0) || !ok(!vm.broken, "both run"))
		return;
	sending = true;
	if (!run_on(1, begin_sending, 0))
		return;
	run_begin(1, sender, 0);
	while (__atomic_load_n(&sending, __ATOMIC_ACQUIRE) && !bad && moves < 5000) {
		bad += !(moves & 1 ? unbind_and_bind(at, at ^ 2) : move(at, at ^ 2));
		at ^= 2;
		moves++;
	}
	note("%u moves", moves);
	eq(bad, 0, "the receiver moves between two harts while the sender sends");
	ok(run_wait(1, 20 * ticks_per_second, &result) && result == CAUSE_BREAK,
	   "the sender has sent all");
	run_on(1, drain_here, 0);
	ok(moves > 1, "the receiver has moved meanwhile");
	eq(run_on(at, missing_here, (LAST + 1) / 64), 0, "none of %u messages is lost", LAST);
	end();
}

static const struct test aia_harts_tests[] = {
	TEST(elsewhere),
	TEST(wrong_hart),
	TEST(migration),
	TEST(messages_in_each_phase),
	TEST(running),
	TEST(inject_running),
	TEST(destroyed_elsewhere),
	TEST(nothing_is_lost),
};

GROUP_FILES(aia_harts, 2, 2);
