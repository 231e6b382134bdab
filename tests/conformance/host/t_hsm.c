/* SPDX-License-Identifier: BSD-2-Clause */
/* Hart state management. Groups: hsm (one hart), hsm_harts (all). */
#include "tests.h"

static void status(void)
{
	struct sbiret r = sbi(SBI_EXT_HSM, SBI_HSM_STATUS, this_hart()->id);

	sbi_ok(r, "the calling hart has a status");
	eq((u64)r.value, SBI_HSM_STARTED, "it is started");
	sbi_err(sbi(SBI_EXT_HSM, SBI_HSM_STATUS, 0x1000), SBI_ERR_INVALID_PARAM,
		"the status of a hart that does not exist is refused");
	sbi_err(sbi(SBI_EXT_HSM, SBI_HSM_STATUS, ~0ULL), SBI_ERR_INVALID_PARAM,
		"the status of hart ~0 is refused");
}

static void start_refused(void)
{
	sbi_err(sbi(SBI_EXT_HSM, SBI_HSM_START, this_hart()->id, (u64)hart_entry, 0),
		SBI_ERR_ALREADY_AVAILABLE, "a hart that runs can not be started");
	sbi_err(sbi(SBI_EXT_HSM, SBI_HSM_START, 0x1000, (u64)hart_entry, 0), SBI_ERR_INVALID_PARAM,
		"a hart that does not exist can not be started");
	sbi_err(sbi(SBI_EXT_HSM, SBI_HSM_START, ~0ULL, (u64)hart_entry, 0), SBI_ERR_INVALID_PARAM,
		"hart ~0 can not be started");
}

static void suspend_retentive(void)
{
	u64 deadline = now() + ticks_per_second / 100;

	sbi(SBI_EXT_TIME, SBI_TIME_SET_TIMER, deadline);
	csr_write(sie, BIT(IRQ_STI));
	sbi_ok(sbi(SBI_EXT_HSM, SBI_HSM_SUSPEND, SBI_HSM_SUSPEND_RETENTIVE, 0, 0),
	       "a retentive suspend returns when the timer fires");
	ok(now() >= deadline, "and not before");
	ok(csr_read(sip) & BIT(IRQ_STI), "the timer interrupt is pending then");
	csr_write(sie, 0);
	sbi(SBI_EXT_TIME, SBI_TIME_SET_TIMER, ~0ULL);
	csr_set(sip, BIT(IRQ_SSI));
	csr_write(sie, BIT(IRQ_SSI));
	sbi_ok(sbi(SBI_EXT_HSM, SBI_HSM_SUSPEND, SBI_HSM_SUSPEND_RETENTIVE, 0, 0),
	       "a suspend with an interrupt pending returns at once");
	csr_write(sie, 0);
	csr_clear(sip, BIT(IRQ_SSI));
}

static void suspend_non_retentive(void)
{
	struct hart *h = this_hart();
	s64 result;

	sbi(SBI_EXT_TIME, SBI_TIME_SET_TIMER, now() + ticks_per_second / 100);
	csr_write(sie, BIT(IRQ_STI));
	h->entry_a0 = ~h->id;
	h->entry_satp = 1;
	result = hart_suspend(SBI_HSM_SUSPEND_NON_RETENTIVE);
	csr_write(sie, 0);
	ok(result == RESUMED || result == SBI_ERR_NOT_SUPPORTED,
	   "a suspend without retention resumes or is not offered");
	if (result == RESUMED) {
		eq(h->entry_a0, h->id, "a0 is the hart id at the resume address");
		eq(h->entry_satp, 0, "satp is 0 there");
		eq(h->entry_sstatus & SSTATUS_SIE, 0, "interrupts are disabled there");
	}
	sbi(SBI_EXT_TIME, SBI_TIME_SET_TIMER, ~0ULL);
	imsic_init_hart();
}

static const struct test hsm_tests[] = {
	TEST(status), TEST(start_refused), TEST(suspend_retentive), TEST(suspend_non_retentive),
};

GROUP(hsm, false, 1);

/* --- hsm_harts --- */

static u64 stop_self(u64 unused)
{
	(void)unused;
	sbi(SBI_EXT_HSM, SBI_HSM_STOP);
	return 1;
}

static bool wait_status(u32 index, s64 wanted)
{
	u64 start = now();

	while (sbi(SBI_EXT_HSM, SBI_HSM_STATUS, harts[index].id).value != wanted)
		if (now() - start > LONG_ENOUGH)
			return false;
	return true;
}

static bool stop(u32 index)
{
	harts[index].online = false;
	harts[index].shmem = 0;
	run_begin(index, stop_self, 0);
	return wait_status(index, SBI_HSM_STOPPED);
}

static void start_and_stop(void)
{
	for (u32 i = 1; i < nr_harts; i++) {
		struct hart *h = &harts[i];
		u64 starts = h->starts;

		eq(h->entry_a0, h->id, "hart %lu was entered with its id in a0", h->id);
		eq(h->entry_satp, 0, "hart %lu was entered without translation", h->id);
		eq(h->entry_sstatus & SSTATUS_SIE, 0,
		   "hart %lu was entered with interrupts disabled", h->id);
		eq((u64)sbi(SBI_EXT_HSM, SBI_HSM_STATUS, h->id).value, SBI_HSM_STARTED,
		   "hart %lu is started", h->id);
		sbi_err(sbi(SBI_EXT_HSM, SBI_HSM_START, h->id, (u64)hart_entry, 0),
			SBI_ERR_ALREADY_AVAILABLE, "hart %lu can not be started twice", h->id);
		ok(stop(i), "hart %lu stops", h->id);
		ok(hart_start(h), "hart %lu starts again", h->id);
		eq(h->starts, starts + 1,
		   "hart %lu came through its entry, its opaque argument in a1", h->id);
		eq(h->entry_a0, h->id, "hart %lu has its id in a0 again", h->id);
	}
}

static void start_addresses(void)
{
	const char *name;
	u64 at;

	if (!ok(stop(1), "a hart stops"))
		return;
	for (u32 i = 0; tsm_present && (at = foreign_address(i, &name)); i++)
		sbi_err(sbi(SBI_EXT_HSM, SBI_HSM_START, harts[1].id, at, 0),
			SBI_ERR_INVALID_ADDRESS, "a hart can not be started in %s", name);
	eq((u64)sbi(SBI_EXT_HSM, SBI_HSM_STATUS, harts[1].id).value, SBI_HSM_STOPPED,
	   "it is still stopped");
	ok(hart_start(&harts[1]), "it starts at an address of the host");
}

static void many_times(void)
{
	u32 good = 0;

	for (u32 i = 0; i < 20; i++)
		good += stop(1) && hart_start(&harts[1]);
	eq(good, 20, "a hart stops and starts 20 times in a row");
}

/* All ask for the same hart at once: it starts once. */
static u64 start_last(u64 last)
{
	return (u64)sbi(SBI_EXT_HSM, SBI_HSM_START, harts[last].id, (u64)hart_entry,
			(u64)&harts[last])
		.error;
}

static void start_race(void)
{
	u32 last = nr_harts - 1, good = 0;
	u64 starts = harts[last].starts, result;

	if (!ok(stop(last), "the last hart stops"))
		return;
	harts[last].busy = 0;
	for (u32 i = 1; i < last; i++)
		run_begin(i, start_last, last);
	good += start_last(last) == 0;
	for (u32 i = 1; i < last; i++)
		good += run_wait(i, ticks_per_second, &result) && result == 0;
	eq(good, 1, "of several harts that start the same one, one succeeds");
	wait_u64(&harts[last].starts, starts + 1);
	eq(harts[last].starts, starts + 1, "it was entered once");
}

static const struct test hsm_harts_tests[] = {
	TEST(start_and_stop), TEST(start_addresses), TEST(many_times), TEST(start_race),
};

GROUP(hsm_harts, false, 2);
