/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest external interrupt of the host (12): it has given a file away and hears when something
 * is pending there, with interrupts enabled or not, whether its handler asks stopi, as Linux does,
 * or goes by scause. Groups: sgei, sgei_harts.
 */
#include "tests.h"
#include "../rt/aia.h"

#define CSR_HIE 0x604
#define CSR_HGEIE 0x607
#define CSR_HIP 0x644
#define CSR_HGEIP 0xe12
#define CSR_STOPI 0xdb0
#define ENOUGH 50 /* interrupts that no handler has an end of */
#define FILE_1 BIT(1)
#define TVM_SAYS_5 5

static struct tvm vm;

/* What the handler has seen. */
static struct {
	u32 traps, sgei, timer, external, nothing;
	u64 cause; /* of the first trap */
	u64 files; /* that were pending and waited for */
} seen;

/* csr_read() with a number */
#define READ(csr)                                                                                  \
	({                                                                                         \
		u64 v_;                                                                            \
		__asm__ volatile("csrr %0, %1" : "=r"(v_) : "i"(csr) : "memory");                  \
		v_;                                                                                \
	})
#define WRITE(csr, v) __asm__ volatile("csrw %1, %0" : : "r"((u64)(v)), "i"(csr) : "memory")
#define CLEAR(csr, v) __asm__ volatile("csrc %1, %0" : : "r"((u64)(v)), "i"(csr) : "memory")

static void handle(u64 irq)
{
	switch (irq) {
	case IRQ_SGEI: {
		u64 files = READ(CSR_HGEIP) & READ(CSR_HGEIE);

		seen.sgei++;
		seen.files |= files;
		CLEAR(CSR_HGEIE, files);
		return;
	}
	case IRQ_STI:
		seen.timer++;
		csr_write(0x14d, ~0ULL);
		return;
	case IRQ_SEI: seen.external += imsic_take() != 0; return;
	}
	seen.nothing++;
}

static void count_trap(u64 scause)
{
	if (!seen.traps++)
		seen.cause = scause;
	/* A test that would go on for ever ends here. */
	if (seen.traps > ENOUGH)
		csr_write(sie, 0);
}

/* Linux: the cause does not matter, stopi is asked until nothing is left. */
static void by_stopi(u64 scause)
{
	u64 top;

	count_trap(scause);
	for (u32 i = 0; i < ENOUGH && (top = READ(CSR_STOPI)); i++)
		handle(top >> 16);
}

static void by_cause(u64 scause)
{
	count_trap(scause);
	handle(scause & ~CAUSE_IRQ);
}

static void interrupts_on(void)
{
	csr_set(sstatus, SSTATUS_SIE);
}

static void interrupts_off(void)
{
	csr_clear(sstatus, SSTATUS_SIE);
}

/* A TVM on file 1, which takes interrupt 5; the host waits for the file, interrupts disabled. */
static bool begin(void (*handler)(u64 scause))
{
	u64 enable = BIT(TVM_SAYS_5);

	sbi_probe(SBI_EXT_BASE);
	sbi_probe(SBI_EXT_NACL);
	if (!ok(aia_build(&vm, 1) && aia_bind(&vm, 0, 0, 1) && tvm_sync(&vm, 0),
		"a TVM runs, bound to a file"))
		return false;
	vcpu_irq_on(&vm, 0, enable);
	if (!ok(!tvm_covg(&vm, 0, COVG_ALLOW_EXT_INTERRUPT, TVM_SAYS_5, 0).error, "it allows 5"))
		return false;
	memset(&seen, 0, sizeof(seen));
	this_hart()->irq = handler;
	csr_write(sie, BIT(IRQ_STI) | BIT(IRQ_SEI));
	WRITE(CSR_HGEIE, FILE_1);
	WRITE(CSR_HIE, BIT(IRQ_SGEI));
	return true;
}

static void end(void)
{
	interrupts_off();
	WRITE(CSR_HGEIE, 0);
	WRITE(CSR_HIE, 0);
	csr_write(sie, BIT(IRQ_SSI));
	csr_write(0x14d, ~0ULL);
	this_hart()->irq = NULL;
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
	ok(aia_give_back(), "its file comes back");
}

static void inject(void)
{
	sbi_ok(covi_call(COVI_INJECT, vm.id, 0, TVM_SAYS_5), "the host injects 5");
}

/* Exactly one, and nothing that has no end. */
static void told_once(const char *when)
{
	eq(seen.sgei, 1, "%s: the host's handler finds interrupt 12, once", when);
	eq(seen.files, FILE_1, "%s: hgeip names the file", when);
	eq(seen.nothing, 0, "%s: it finds no interrupt that there is not", when);
	ok(seen.traps <= 3, "%s: it is not entered again and again (%u)", when, seen.traps);
}

static void enabled_body(void (*handler)(u64 scause), const char *how)
{
	if (!begin(handler))
		return;
	interrupts_on();
	inject();
	eq(seen.cause, CAUSE_IRQ | IRQ_SGEI, "scause is 12 (%s)", how);
	told_once(how);
	eq(READ(CSR_HGEIE), 0, "the handler's write to hgeie holds");
	eq(READ(CSR_HIP) & BIT(IRQ_SGEI), 0, "SGEIP is 0 then");
	WRITE(CSR_HGEIE, FILE_1);
	eq(seen.sgei, 2, "waiting for it again while it is pending: told at once");
	eq(vcpu_take(&vm, 0), TVM_SAYS_5, "the TVM takes its interrupt");
	WRITE(CSR_HGEIE, FILE_1);
	delay(ticks_per_second / 1000);
	eq(seen.sgei, 2, "then there is nothing to hear of");
	inject();
	eq(seen.sgei, 3, "until the next");
	end();
}

static void enabled(void)
{
	enabled_body(by_stopi, "a handler that asks stopi");
	enabled_body(by_cause, "a handler that goes by scause");
}

static void masked_body(void (*handler)(u64 scause), const char *how)
{
	if (!begin(handler))
		return;
	inject();
	eq(seen.traps, 0, "nothing is told while interrupts are disabled");
	eq(READ(CSR_STOPI) >> 16, IRQ_SGEI, "stopi says 12");
	eq(csr_read(sip) & BIT(IRQ_SEI), 0, "no external interrupt of the host's is pending");
	eq(csr_read(sie), BIT(IRQ_STI) | BIT(IRQ_SEI), "sie is what the host wrote");
	csr_write(sie, BIT(IRQ_SEI));
	eq(csr_read(sie), BIT(IRQ_SEI), "and takes what it writes");
	csr_set(sie, BIT(IRQ_STI));
	csr_set(sip, BIT(IRQ_SSI));
	eq(csr_read(sip) & BIT(IRQ_SSI), BIT(IRQ_SSI), "sip takes what it writes");
	csr_clear(sip, BIT(IRQ_SSI));
	eq(csr_read(sip), 0, "and gives it back");
	csr_write(0x14d, now() + 1000 * ticks_per_second);
	ok(csr_read(0x14d) > now(), "so does stimecmp");
	imsic_send(this_hart()->index, EIID_TEST);
	eq(csr_read(sip) & BIT(IRQ_SEI), BIT(IRQ_SEI), "one that does come is seen");
	eq(imsic_take(), EIID_TEST, "and taken");
	interrupts_on();
	told_once(how);
	eq(seen.external, 0, "%s: no external interrupt was found", how);
	end();
}

static void masked(void)
{
	masked_body(by_stopi, "enabled again, by stopi");
	masked_body(by_cause, "enabled again, by scause");
}

/* Linux sleeps so: WFI with interrupts disabled, then enabled. */
static void asleep(void)
{
	u64 start = now();

	if (!begin(by_stopi))
		return;
	inject();
	csr_write(0x14d, start + 20 * ticks_per_second);
	wfi();
	ok(now() - start < 10 * ticks_per_second, "WFI ends, interrupts disabled");
	interrupts_on();
	told_once("after the WFI");
	eq(seen.timer, 0, "the timer had nothing to do with it");
	end();
}

static void with_timer_body(void (*handler)(u64 scause), const char *how)
{
	if (!begin(handler))
		return;
	csr_write(0x14d, 0);
	inject();
	interrupts_on();
	told_once(how);
	eq(seen.timer, 1, "%s: the timer's interrupt that was pending is taken, once", how);
	eq(csr_read(sip), 0, "%s: nothing is left pending", how);
	interrupts_off();
	/* The other order */
	memset(&seen, 0, sizeof(seen));
	WRITE(CSR_HGEIE, FILE_1);
	csr_write(0x14d, 0);
	imsic_send(this_hart()->index, EIID_TEST);
	interrupts_on();
	told_once(how);
	eq(seen.timer, 1, "%s: the timer's that came later is taken, once", how);
	eq(seen.external, 1, "%s: so is the message to the host's own file", how);
	end();
}

static void with_timer(void)
{
	with_timer_body(by_stopi, "timer and 12, by stopi");
	with_timer_body(by_cause, "timer and 12, by scause");
}

static void unbind(void)
{
	sbi_ok(covi_call(COVI_UNBIND_BEGIN, vm.id, 0, 0), "UNBIND_BEGIN");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	sbi_ok(covi_call(COVI_UNBIND_END, vm.id, 0, 0), "UNBIND_END");
}

/* It is a level: what is gone by the time that the host can hear is not told. */
static void gone(void)
{
	if (!begin(by_stopi))
		return;
	inject();
	eq(READ(CSR_STOPI) >> 16, IRQ_SGEI, "12 is pending");
	unbind();
	eq(READ(CSR_HGEIP) & FILE_1, 0, "the file is empty, before the host hears of it");
	eq(READ(CSR_STOPI), 0, "nothing is pending then");
	eq(csr_read(sip), 0, "nor in sip");
	interrupts_on();
	eq(seen.traps, 0, "nothing is told");
	ok(aia_bind(&vm, 0, 0, 1), "what was pending follows the vCPU to the file");
	told_once("bound again");
	interrupts_off();
	memset(&seen, 0, sizeof(seen));
	WRITE(CSR_HGEIE, FILE_1);
	eq(READ(CSR_STOPI) >> 16, IRQ_SGEI, "12 is pending");
	WRITE(CSR_HIE, 0);
	eq(READ(CSR_STOPI), 0, "what the host has disabled in hie is not pending");
	interrupts_on();
	eq(seen.traps, 0, "and not told");
	WRITE(CSR_HIE, BIT(IRQ_SGEI));
	told_once("enabled in hie");
	end();
}

/* A RUN that it ends, and what the host finds then: stopi is the TVM's own inside. */
static void ends_a_run(void)
{
	/* csrr a0, stopi */
	u64 top = ~0ULL;
	struct exit e;

	if (!begin(by_stopi) || !tvm_command_begin(&vm, 0, OP_NOP, 0, 0))
		return;
	inject();
	eq(READ(CSR_STOPI) >> 16, IRQ_SGEI, "12 is pending");
	csr_write(scause, 3);
	sbi_ok(covh_run(vm.id, 0), "RUN with 12 pending");
	eq(csr_read(scause), CAUSE_IRQ | IRQ_SGEI, "ends by it");
	eq(READ(CSR_STOPI) >> 16, IRQ_SGEI, "which is pending still");
	interrupts_on();
	told_once("after RUN");
	interrupts_off();
	vcpu_resume(&vm, 0, &e);
	eq(tvm_result(&vm, 0, &e), 0, "the TVM goes on");
	tvm_insn(&vm, 0, INSN_CSRR(CSR_STOPI), &top);
	eq(top >> 16, IRQ_SEI, "in the TVM it is the external interrupt of its file");
	eq(vcpu_take(&vm, 0), TVM_SAYS_5, "which it takes");
	eq(READ(CSR_STOPI), 0, "nothing is left in the host");
	end();
}

static const struct test sgei_tests[] = {
	TEST(enabled), TEST(masked), TEST(asleep), TEST(with_timer), TEST(gone), TEST(ends_a_run),
};

GROUP_FILES(sgei, 1, 1);

/* --- from another hart --- */

static u64 inject_there(u64 times)
{
	u64 failed = 0;

	for (u64 i = 0; i < times; i++) {
		delay(ticks_per_second / 200);
		failed += covi_call(COVI_INJECT, vm.id, 0, TVM_SAYS_5).error != 0;
	}
	return failed;
}

static bool told(u32 times)
{
	u64 start = now();

	while (*(volatile u32 *)&seen.sgei < times && now() - start < LONG_ENOUGH)
		;
	return seen.sgei == times;
}

static void loops(void)
{
	u64 failed = 1;

	if (!begin(by_stopi))
		return;
	interrupts_on();
	run_begin(1, inject_there, 1);
	ok(told(1), "a host that loops hears what another hart injects");
	eq(seen.cause, CAUSE_IRQ | IRQ_SGEI, "as interrupt 12");
	ok(run_wait(1, LONG_ENOUGH, &failed) && !failed, "the other hart is done");
	told_once("looping");
	end();
}

static void sleeps(void)
{
	u64 failed = 1, start = now();
	u32 wakes = 0;

	if (!begin(by_stopi))
		return;
	run_begin(1, inject_there, 1);
	csr_write(0x14d, start + 10 * ticks_per_second);
	while (!seen.sgei && wakes++ < ENOUGH && now() - start < 5 * ticks_per_second) {
		wfi();
		interrupts_on();
		interrupts_off();
	}
	ok(run_wait(1, LONG_ENOUGH, &failed) && !failed, "the other hart is done");
	told_once("asleep");
	ok(now() - start < 5 * ticks_per_second && !seen.timer,
	   "it did not sleep on until its timer");
	end();
}

/* The TVM takes what is told each time, while the other hart goes on. */
static void again_and_again(void)
{
	u64 failed = 1, taken = 0;

	if (!begin(by_stopi))
		return;
	run_begin(1, inject_there, 20);
	for (u32 i = 1; i <= 20; i++) {
		interrupts_on();
		if (!told(i))
			break;
		interrupts_off();
		taken += vcpu_take(&vm, 0) == TVM_SAYS_5;
		WRITE(CSR_HGEIE, FILE_1);
		if (run_done(1) && !(READ(CSR_HGEIP) & FILE_1))
			break;
	}
	ok(run_wait(1, LONG_ENOUGH, &failed) && !failed, "another hart injects 20 times");
	ok(taken && taken == seen.sgei,
	   "the TVM finds one each time that the host was told (%lu, %u)", taken, seen.sgei);
	end();
}

static const struct test sgei_harts_tests[] = {
	TEST(loops),
	TEST(sleeps),
	TEST(again_and_again),
};

GROUP_FILES(sgei_harts, 2, 1);
