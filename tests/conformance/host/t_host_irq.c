/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Row 10 of ABI 9.4: the host's interrupts end a RUN although the host has them disabled in
 * sstatus. Group: host_irq.
 */
#include "expect.h"

static struct tvm vm;
static const u32 spin[] = { INSN_SPIN };

static void after(u32 irq, const char *what)
{
	eq(csr_read(sip) & BIT(irq), BIT(irq), "%s: the host finds it pending when RUN returns",
	   what);
}

static bool begin(void)
{
	csr_write(sie, 0);
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return false;
	tvm_code(&vm, 0, spin, 1);
	return tvm_command_begin(&vm, 0, OP_EXEC, 0, 0);
}

static void end(void)
{
	csr_write(sie, 0);
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

static void timer(void)
{
	static const struct expect x = EXPECT(CAUSE_IRQ | IRQ_STI, .irq = true);
	u64 start;

	if (!begin())
		return;
	csr_write(0x14d, 0);
	csr_write(sie, BIT(IRQ_STI));
	if (!expect_exit(&vm, 0, &x, "a timer interrupt that is pending at RUN"))
		return;
	after(IRQ_STI, "a timer interrupt that is pending at RUN");
	start = now();
	csr_write(0x14d, start + ticks_per_second / 100);
	if (!expect_exit(&vm, 0, &x, "a timer interrupt while the TVM spins"))
		return;
	ok(now() - start >= ticks_per_second / 100, "the TVM has run until then");
	after(IRQ_STI, "a timer interrupt while the TVM spins");
	eq(csr_read(0x14d), start + ticks_per_second / 100, "the host's stimecmp is what it was");
	csr_write(0x14d, ~0ULL);
	ok(!(csr_read(sip) & BIT(IRQ_STI)), "and the interrupt goes away when the host says so");
	end();
}

/*
 * A deadline of the host's that is still to come when something else ends the RUN, and one that the host does not wait for: it
 * passes while the host runs, and while the TVM does, and disturbs neither.
 */
static void timer_later(void)
{
	/* 1: rdtime t0; csrr t1, sip; or a1, a1, t1; bltu t0, a0, 1b */
	static const u32 look[] = { 0xc01022f3, 0x14402373, 0x0065e5b3, 0xfea2eae3 };
	struct exit e;
	u64 time = 0;

	csr_write(sie, 0);
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	csr_write(0x14d, now() + ticks_per_second / 100);
	csr_write(sie, BIT(IRQ_STI));
	tvm_command(&vm, 0, OP_NOP, 0, 0, &e);
	ok(exit_is_putchar(&e), "its call ends a RUN before the host's deadline");
	vm.synced[0] = true;
	csr_write(sie, 0);
	delay(ticks_per_second / 50);
	ok(csr_read(sip) & BIT(IRQ_STI), "the host finds its timer pending later, and goes on");
	tvm_set(&vm, 0, 11, 0);
	/* csrr a0, time */
	eq(tvm_insn(&vm, 0, INSN_CSRR(0xc01), &time), CAUSE_BREAK, "the TVM reads its time");
	tvm_code(&vm, 0, look, ARRAY_SIZE(look));
	tvm_set(&vm, 0, 10, time + ticks_per_second / 10);
	csr_write(0x14d, now() + ticks_per_second / 100);
	eq(tvm_exec_done(&vm, 0), CAUSE_BREAK, "the TVM looks at its interrupts while another deadline passes");
	eq(tvm_get(&vm, 0, 11), 0, "nothing is pending for it");
	csr_write(0x14d, ~0ULL);
	end();
}

static void external(void)
{
	static const struct expect x = EXPECT(CAUSE_IRQ | IRQ_SEI, .irq = true);

	if (!begin())
		return;
	imsic_send(this_hart()->index, EIID_TEST);
	csr_write(sie, BIT(IRQ_SEI));
	if (!expect_exit(&vm, 0, &x, "an external interrupt that is pending at RUN"))
		return;
	after(IRQ_SEI, "an external interrupt that is pending at RUN");
	if (!expect_exit(&vm, 0, &x, "the same one, which the host has not taken"))
		return;
	eq(imsic_take(), EIID_TEST, "the host takes it from its interrupt file");
	end();
}

static void software(void)
{
	static const struct expect x = EXPECT(CAUSE_IRQ | IRQ_SSI, .irq = true);

	if (!begin())
		return;
	csr_set(sip, BIT(IRQ_SSI));
	csr_write(sie, BIT(IRQ_SSI));
	if (!expect_exit(&vm, 0, &x, "a software interrupt that is pending at RUN"))
		return;
	after(IRQ_SSI, "a software interrupt that is pending at RUN");
	csr_clear(sip, BIT(IRQ_SSI));
	end();
}

/* What the host has not enabled does not end a RUN: the timer that it did enable does, later. */
static void not_enabled(void)
{
	static const struct expect x = EXPECT(CAUSE_IRQ | IRQ_STI, .irq = true);
	u64 start = now();

	if (!begin())
		return;
	imsic_send(this_hart()->index, EIID_TEST);
	csr_set(sip, BIT(IRQ_SSI));
	csr_write(0x14d, start + ticks_per_second / 50);
	csr_write(sie, BIT(IRQ_STI));
	expect_exit(&vm, 0, &x, "a timer, while others are pending but not enabled");
	ok(now() - start >= ticks_per_second / 50, "the others did not end it before");
	csr_clear(sip, BIT(IRQ_SSI));
	eq(imsic_take(), EIID_TEST, "they are still pending");
	csr_write(0x14d, ~0ULL);
	end();
}

/* An interrupt while an answer is due: the answer is taken before it, and only once. */
static void with_an_answer(void)
{
	struct exit e;

	csr_write(sie, 0);
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	csr_write(0x14d, 0);
	csr_write(sie, BIT(IRQ_STI));
	for (u32 i = 0; i < 3; i++) {
		static const u64 words[] = { OP_PEEK, TVM_GPA, 0 };
		u64 word = words[i];

		shmem_gpr(10) = word;
		vcpu_run(&vm, 0, &e);
		/*
		 * Perhaps at once, perhaps after the next report: what counts is that no word is
		 * lost or taken twice.
		 */
		for (u32 n = 0; n < 10 && !e.error && (e.scause & CAUSE_IRQ); n++) {
			csr_write(sie, 0);
			shmem_gpr(10) = 0xbad;
			vcpu_run(&vm, 0, &e);
			csr_write(sie, BIT(IRQ_STI));
		}
	}
	csr_write(sie, 0);
	csr_write(0x14d, ~0ULL);
	eq(tvm_result(&vm, 0, &e), *(const u64 *)tvm_image,
	   "answers and interrupts that cross each other do not mix");
	end();
}

/* Time and timer of the TVM as the host sees them */
static void tvm_time(void)
{
	u64 before, tvm, delta, cmp = 0x123456789a;
	struct exit e;

	csr_write(sie, 0);
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	before = now();
	tvm_insn(&vm, 0, INSN_CSRR(0xc01), &tvm);
	tvm_command(&vm, 0, OP_NOP, 0, 0, &e);
	tvm_result(&vm, 0, &e);
	delta = e.htimedelta;
	ok(tvm < ticks_per_second * 100, "the TVM's time began at 0 with its first RUN");
	ok(tvm - delta >= before && tvm - delta <= now(),
	   "htimedelta is the TVM's time minus the host's");
	eq(e.vstimecmp, ~0ULL, "vstimecmp is ~0 before the TVM sets it");
	tvm_insn(&vm, 0, INSN_CSRW(0x14d), &cmp);
	tvm_command(&vm, 0, OP_NOP, 0, 0, &e);
	tvm_result(&vm, 0, &e);
	eq(e.vstimecmp, 0x123456789a,
	   "what the TVM writes to stimecmp the host reads as vstimecmp");
	eq(e.htimedelta, delta, "htimedelta stays");
	sbi_ok(tvm_ecall(&vm, 0, SBI_EXT_TIME, SBI_TIME_SET_TIMER, 0x77777777, 0, 0),
	       "the TVM sets its timer by SBI");
	tvm_command(&vm, 0, OP_NOP, 0, 0, &e);
	tvm_result(&vm, 0, &e);
	eq(e.vstimecmp, 0x77777777, "which the host reads as vstimecmp too");
	cmp = BIT(IRQ_STI) | BIT(IRQ_SSI);
	tvm_insn(&vm, 0, INSN_CSRW(0x104), &cmp);
	tvm_command(&vm, 0, OP_NOP, 0, 0, &e);
	tvm_result(&vm, 0, &e);
	eq(e.vsie, BIT(IRQ_STI) | BIT(IRQ_SSI),
	   "what the TVM enables in sie the host reads in vsie, at the same bits");
	end();
}

/* The TVM's own timer interrupt reaches it without the host. */
static void tvm_timer(void)
{
	/* csrw stimecmp, a0; 1: csrr a1, sip; andi a1, a1, 32; beqz a1, 1b */
	static const u32 code[] = { INSN_CSRW(0x14d), 0x144025f3, 0x0205f593, 0xfe058ce3 };

	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	tvm_code(&vm, 0, code, ARRAY_SIZE(code));
	tvm_set(&vm, 0, 10, 0);
	eq(tvm_exec_done(&vm, 0), CAUSE_BREAK,
	   "a TVM's timer interrupt becomes pending in the TVM");
	eq(csr_read(sip) & BIT(IRQ_STI), 0, "and not in the host");
	end();
}

static const struct test host_irq_tests[] = {
	TEST(timer), TEST(timer_later), TEST(external), TEST(software), TEST(not_enabled), TEST(with_an_answer),
	TEST(tvm_time), TEST(tvm_timer),
};

GROUP(host_irq, true, 1);
