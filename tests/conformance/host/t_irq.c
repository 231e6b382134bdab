/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's own interrupts: Sstc and its interrupt file. Group: irq. */
#include "tests.h"

static void sstc(void)
{
	u64 start;

	csr_write(sie, 0);
	csr_write(0x14d, ~0ULL);
	ok(!(csr_read(sip) & BIT(IRQ_STI)), "no timer interrupt is pending while stimecmp is ~0");
	eq(csr_read(0x14d), ~0ULL, "stimecmp reads what was written");
	start = now();
	csr_write(0x14d, start + ticks_per_second / 100);
	csr_write(sie, BIT(IRQ_STI));
	wfi();
	ok(csr_read(sip) & BIT(IRQ_STI), "WFI ends when stimecmp is reached");
	ok(now() - start >= ticks_per_second / 100, "and time has passed meanwhile");
	csr_write(sie, 0);
	csr_write(0x14d, 0);
	ok(csr_read(sip) & BIT(IRQ_STI), "a stimecmp in the past makes the interrupt pending");
	csr_write(0x14d, ~0ULL);
	ok(!(csr_read(sip) & BIT(IRQ_STI)), "and ~0 takes it back");
}

static void time_runs(void)
{
	u64 a = now(), b;

	delay(10);
	b = now();
	ok(b > a, "time runs forwards");
	for (u32 i = 0; i < nr_harts; i++)
		ok(harts[i].imsic, "hart %lu has an interrupt file in the device tree",
		   harts[i].id);
	ok(machine.imsic_ids >= 63, "the interrupt files have at least 63 identities");
}

static void own_file(void)
{
	csr_write(sie, 0);
	eq(imsic_take(), 0, "nothing is pending in the interrupt file at first");
	imsic_send(this_hart()->index, EIID_TEST);
	ok(csr_read(sip) & BIT(IRQ_SEI),
	   "a message to the hart's own file makes the external interrupt pending");
	eq(imsic_take(), EIID_TEST, "stopei tells its identity and takes it");
	ok(!(csr_read(sip) & BIT(IRQ_SEI)), "then none is pending");
	imsic_send(this_hart()->index, EIID_OTHER);
	imsic_send(this_hart()->index, EIID_TEST);
	eq(imsic_take(), EIID_TEST, "of two messages the lower identity comes first");
	eq(imsic_take(), EIID_OTHER, "then the other");
	imsic_send(this_hart()->index, EIID_OTHER + 1);
	ok(!(csr_read(sip) & BIT(IRQ_SEI)),
	   "a message whose identity is not enabled raises nothing");
	csr_write(0x150, 0x80);		/* eip0 */
	csr_write(0x151, 0);
	imsic_send(this_hart()->index, EIID_TEST);
	csr_write(sie, BIT(IRQ_SEI));
	wfi();
	csr_write(sie, 0);
	eq(imsic_take(), EIID_TEST,
	   "WFI ends with a message that came before it, interrupts disabled in sstatus");
}

static u64 wait_message(u64 unused)
{
	u64 start = now();

	(void)unused;
	csr_write(sie, BIT(IRQ_SEI));
	while (!(csr_read(sip) & BIT(IRQ_SEI)) && now() - start < LONG_ENOUGH)
		wfi();
	csr_write(sie, BIT(IRQ_SSI));
	return imsic_take();
}

static void other_files(void)
{
	for (u32 i = 1; i < nr_harts; i++) {
		u64 got = 0;

		run_begin(i, wait_message, 0);
		imsic_send(i, EIID_TEST);
		run_wait(i, 2 * ticks_per_second, &got);
		eq(got, EIID_TEST, "a message to hart %lu's file ends its WFI and is found there",
		   harts[i].id);
	}
	if (nr_harts == 1)
		skip("needs more harts",
		     "a message to another hart's file ends its WFI and is found there");
}

static const struct test irq_tests[] = {
	TEST(time_runs), TEST(sstc), TEST(own_file), TEST(other_files),
};

GROUP(irq, false, 1);
