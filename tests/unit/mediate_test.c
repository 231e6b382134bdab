/* SPDX-License-Identifier: BSD-2-Clause */
/* Device registers that the host reaches through the TSM only. */
#include "unit/unit.h"

#include <string.h>

#include "cove/covh.h"
#include "io/mediate.h"
#include "page/page.h"
#include "platform.h"
#include <sbi.h>
#include "unit/rig.h"

#define APLIC		0x0d003000ULL
#define RESET		0x00100000ULL
#define HIDDEN		0x30000000ULL
#define PC		0x80300000ULL
#define SW_A1_A0	0x00b52023U
#define LW_A1_A0	0x00052583U
#define LW_X0_A0	0x00052003U
#define SB_A1_A0	0x00b50023U

static jmp_buf ended;
static u64 writes, at;
static u32 written, answer;

static void device(u64 spa, u32 bytes, bool store, u64 *value)
{
	assert_int_equal(bytes, 4);
	at = spa;
	writes += store;
	if (store)
		written = (u32)*value;
	else
		*value = answer;
}

static u16 code[2];

/* The machine ends here. */
void __noreturn platform_fail(void)
{
	longjmp(ended, 1);
}

/* One access of the host: false, the fault is not mediate's. */
static bool access(u32 insn, u64 hpa, u32 value)
{
	struct hart *h = rig_hart();
	bool store = (insn & 0x7f) == 0x23;

	code[0] = (u16)insn;
	code[1] = (u16)(insn >> 16);
	rv_cpu->code = code;
	rv_cpu->code_addr = PC;
	rv_cpu->code_halves = 2;
	writes = 0;
	h->host.sepc = PC;
	h->host.gpr[REG_A0] = hpa;
	h->host.gpr[REG_A0 + 1] = value;
	return mediate_host_fault(h, store ? CAUSE_STORE_GUEST : CAUSE_LOAD_GUEST, hpa, HPA(hpa));
}

static void done(u64 wanted)
{
	assert_int_equal(rig_hart()->host.sepc, PC + 4);
	assert_int_equal(writes, wanted);
}

static void targets(void **state)
{
	(void)state;
	for (u32 guest = 0; guest < 64; guest++) {
		u32 value = 3 << 18 | guest << 12 | 25;

		assert_true(access(SW_A1_A0, APLIC + 8, value));
		done(guest == 1);
		if (guest == 1) {
			assert_int_equal(at, APLIC + 8);
			assert_int_equal(written, value);
		}
	}
	answer = 0x80001019;
	assert_true(access(LW_A1_A0, APLIC + 4, 0));
	done(0);
	assert_int_equal(rig_hart()->host.gpr[REG_A0 + 1], (u64)(s64)(s32)0x80001019);
	assert_true(access(LW_X0_A0, APLIC + 4, 7));
	done(0);
	assert_int_equal(rig_hart()->host.gpr[0], 0);
	assert_false(access(LW_A1_A0, APLIC + PAGE_SIZE, 0));
}

static void genmsi(void **state)
{
	(void)state;
	answer = 0x1234;
	assert_true(access(SW_A1_A0, APLIC, 1 << 12 | 25));
	done(0);
	assert_true(access(LW_A1_A0, APLIC, 9));
	done(0);
	assert_int_equal(rig_hart()->host.gpr[REG_A0 + 1], 0);
}

/* The exception that the host takes: its handler runs, and says at which address. */
static void faulted(u64 cause, u64 hpa)
{
	assert_int_equal(csr_read(CSR_VSCAUSE), cause);
	assert_int_equal(csr_read(CSR_VSTVAL), hpa);
	assert_int_equal(csr_read(CSR_VSEPC), PC);
	assert_int_equal(writes, 0);
}

static void other_accesses(void **state)
{
	(void)state;
	assert_true(access(SB_A1_A0, APLIC + 4, 1 << 12));
	faulted(CAUSE_STORE_ACCESS, APLIC + 4);
	assert_true(access(SW_A1_A0, APLIC + 6, 1 << 12));
	faulted(CAUSE_STORE_ACCESS, APLIC + 6);
	assert_true(access(LW_A1_A0, APLIC + 2, 0));
	faulted(CAUSE_LOAD_ACCESS, APLIC + 2);
	/* addi a1, a0, 0 does not access memory: the page was changed behind the fault. */
	assert_true(access(0x00050593, APLIC + 4, 0));
	faulted(CAUSE_LOAD_ACCESS, APLIC + 4);
	/* Nothing is fetched: the host faults again by itself. */
	rv_cpu->code_halves = 0;
	rig_hart()->host.sepc = PC;
	assert_true(mediate_host_fault(rig_hart(), CAUSE_LOAD_GUEST, APLIC, HPA(APLIC)));
	assert_int_equal(rig_hart()->host.sepc, PC);
}

static void no_reset(void **state)
{
	static const u32 values[] = { 0, 1, 0x3332, 0x5554, 0x7778, 0x33330000 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(values); i++) {
		assert_true(access(SW_A1_A0, RESET, values[i]));
		done(0);
	}
	assert_true(access(SW_A1_A0, RESET + 4, 0x5555));
	done(0);
}

static void reset(void **state)
{
	u64 page = rig_alloc(1, PAGE_SIZE), other = rig_alloc(1, PAGE_SIZE);

	(void)state;
	rig_convert(page, 1);
	memset(rig_word(page), 0x5a, PAGE_SIZE);
	memset(rig_word(other), 0x5a, PAGE_SIZE);
	for (u32 i = 1; i < RIG_HARTS; i++)
		harts[i]->parked = 1;
	rv_cpu->relax_ticks = 1000000;
	if (!setjmp(ended)) {
		access(SW_A1_A0, RESET, 0x10005555);
		fail();
	}
	assert_int_equal(writes, 1);
	assert_int_equal(at, RESET);
	assert_int_equal(written, 0x10005555);
	for (u64 i = 0; i < PAGE_SIZE / 8; i++)
		assert_int_equal(rig_word(page)[i], 0);
	assert_int_equal(*rig_word(other), 0x5a5a5a5a5a5a5a5aULL);
	for (u32 i = 1; i < RIG_HARTS; i++)
		assert_true(harts[i]->requests & HART_REQ_PARK);
}

static void hidden(void **state)
{
	(void)state;
	assert_true(access(SW_A1_A0, HIDDEN + PAGE_SIZE, 1));
	faulted(CAUSE_STORE_ACCESS, HIDDEN + PAGE_SIZE);
	assert_true(access(LW_A1_A0, HIDDEN, 0));
	faulted(CAUSE_LOAD_ACCESS, HIDDEN);
	assert_false(access(LW_A1_A0, HIDDEN + 2 * PAGE_SIZE, 0));
	assert_false(mediate_host_fault(rig_hart(), CAUSE_FETCH_GUEST, HIDDEN, HPA(HIDDEN)));
}

static void ranges(void **state)
{
	u32 more = 0;

	(void)state;
	assert_int_equal(mediate_next(0, 1ULL << 32)->base, RESET);
	assert_int_equal(mediate_next(RESET + PAGE_SIZE, 1ULL << 32)->base, APLIC);
	assert_int_equal(mediate_next(APLIC + PAGE_SIZE, 1ULL << 32)->base, HIDDEN);
	assert_null(mediate_next(HIDDEN + 2 * PAGE_SIZE, 1ULL << 32));
	while (more < 1000 && mediate_add(MEDIATED_APLIC_TARGETS, SPA(APLIC + ++more * 0x10000ULL), PAGE_SIZE))
		;
	assert_in_range(more, 2, 200);
}

static int setup(void **state)
{
	rig_setup(state);
	rv_mmio_model = device;
	mediate_add(MEDIATED_APLIC_TARGETS, SPA(APLIC), PAGE_SIZE);
	mediate_add(MEDIATED_RESET, SPA(RESET), PAGE_SIZE);
	mediate_add(MEDIATED_HIDDEN, SPA(HIDDEN), 2 * PAGE_SIZE);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("mediate: an interrupt is aimed at the host's own files, and at no other", targets),
		SENTENCE("mediate: genmsi takes nothing and reads 0", genmsi),
		SENTENCE("mediate: an access that is no aligned word is an access fault", other_accesses),
		SENTENCE("mediate: what is no reset is not passed on", no_reset),
		SENTENCE("mediate: what is hidden faults, whoever asks", hidden),
		SENTENCE("mediate: ranges are found in order, and there are so many and no more", ranges),
		SENTENCE("mediate: a reset zeroes what was taken from the host first", reset),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
