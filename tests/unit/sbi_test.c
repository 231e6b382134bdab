/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's standard extensions, through the gate: tsm/host/sbi.c and hsm.c. The firmware is rv_cpu's record of the latest call. */
#include "unit/unit.h"

#include <string.h>

#include "abi/abi.h"
#include "host/hsm.h"
#include "host/sbi.h"
#include "oracle/watch.h"
#include "platform.h"
#include <sbi.h>
#include "unit/rig.h"

#define PLACE	(RIG_HOST_BASE + 16 * PAGE_SIZE)

static char said[4096];
static size_t said_count, typed_left;

void platform_console_write(const char *s, size_t n)
{
	assert_true(said_count + n <= sizeof(said));
	memcpy(said + said_count, s, n);
	said_count += n;
}

size_t platform_console_read(char *s, size_t n)
{
	n = n < typed_left ? n : typed_left;
	memset(s, 't', n);
	typed_left -= n;
	return n;
}

static int fresh(void **state)
{
	(void)state;
	rig_harts_reset();
	said_count = typed_left = 0;
	return 0;
}

static void refused(u64 eid, u64 fid, u64 a0, u64 a1, u64 a2, s64 error)
{
	struct rig_ret r = RIG_CALL(eid, fid, a0, a1, a2);

	assert_int_equal(r.error, error);
	assert_int_equal(r.value, 0);
}

/* A call after which the host goes on elsewhere. */
static void leave(u64 fid, u64 a0, u64 a1, u64 a2)
{
	struct world *w = &rig_hart()->host;

	w->gpr[REG_A0] = a0;
	w->gpr[REG_A1] = a1;
	w->gpr[REG_A2] = a2;
	w->gpr[REG_A6] = fid;
	w->gpr[REG_A7] = SBI_EXT_HSM;
	assert_ptr_equal(abi_host_ecall(w), w);
}

static void base(void **state)
{
	static const u64 offered[] = { SBI_EXT_LEGACY_PUTCHAR, SBI_EXT_LEGACY_GETCHAR, SBI_EXT_BASE, SBI_EXT_TIME, SBI_EXT_IPI,
				       SBI_EXT_RFENCE, SBI_EXT_HSM, SBI_EXT_SRST, SBI_EXT_DBCN, SBI_EXT_COVH, SBI_EXT_COVI,
				       SBI_EXT_SUPD };
	static const u64 absent[] = { SBI_EXT_COVG, SBI_EXT_ATST, SBI_EXT_PMU, 0x08, ~0ULL };

	(void)state;
	rv_cpu->sbi_ret = (struct sbiret){ 0, 0x4711 };
	host_sbi_init();
	assert_int_equal(rv_cpu->sbi_ext, SBI_EXT_BASE);
	assert_int_equal(rv_cpu->sbi_fid, SBI_BASE_MIMPID);
	for (u64 fid = SBI_BASE_MVENDORID; fid <= SBI_BASE_MIMPID; fid++)
		assert_int_equal(RIG_CALL(SBI_EXT_BASE, fid).value, 0x4711);
	rv_cpu->sbi_ret.error = -2;
	host_sbi_init();
	for (u64 fid = SBI_BASE_MVENDORID; fid <= SBI_BASE_MIMPID; fid++)
		assert_int_equal(RIG_CALL(SBI_EXT_BASE, fid).value, 0);
	assert_int_equal(RIG_CALL(SBI_EXT_BASE, SBI_BASE_SPEC_VERSION).value, SBI_SPEC_VERSION_2_0);
	assert_int_equal(RIG_CALL(SBI_EXT_BASE, SBI_BASE_IMPL_ID).value, TSM_SBI_IMPL_ID);
	assert_int_equal(RIG_CALL(SBI_EXT_BASE, SBI_BASE_IMPL_VERSION).value, TSM_VERSION);
	refused(SBI_EXT_BASE, 7, 0, 0, 0, SBI_ERR_NOT_SUPPORTED);
	for (u32 i = 0; i < ARRAY_SIZE(offered); i++)
		assert_int_equal(RIG_CALL(SBI_EXT_BASE, SBI_BASE_PROBE, offered[i]).value, 1);
	for (u32 i = 0; i < ARRAY_SIZE(absent); i++)
		assert_int_equal(RIG_CALL(SBI_EXT_BASE, SBI_BASE_PROBE, absent[i]).value, 0);
	/* Stock KVM asks for RFENCE right before. */
	assert_int_equal(RIG_CALL(SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_NACL).value, 1);
	RIG_CALL(SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_RFENCE);
	assert_int_equal(RIG_CALL(SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_NACL).value, 0);
	assert_int_equal(RIG_CALL(SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_NACL).value, 1);
}

static void timer(void **state)
{
	(void)state;
	assert_int_equal(RIG_CALL(SBI_EXT_TIME, SBI_TIME_SET_TIMER, 0x123456789abcULL).error, 0);
	assert_int_equal(csr_read(CSR_VSTIMECMP), 0x123456789abcULL);
	refused(SBI_EXT_TIME, 1, 5, 0, 0, SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(csr_read(CSR_VSTIMECMP), 0x123456789abcULL);
}

/* Hart i has id 10 + i. */
static void ipi(void **state)
{
	(void)state;
	refused(SBI_EXT_IPI, 1, 1, 10, 0, SBI_ERR_NOT_SUPPORTED);
	refused(SBI_EXT_IPI, SBI_IPI_SEND, 0x11, 10, 0, SBI_ERR_INVALID_PARAM);
	refused(SBI_EXT_IPI, SBI_IPI_SEND, 1, 9, 0, SBI_ERR_INVALID_PARAM);
	for (u32 i = 0; i < RIG_HARTS; i++)
		assert_int_equal(harts[i]->requests, 0);
	assert_int_equal(csr_read(CSR_HVIP), 0);
	assert_int_equal(RIG_CALL(SBI_EXT_IPI, SBI_IPI_SEND, 0x5, 10).error, 0);
	assert_int_equal(csr_read(CSR_HVIP), BIT(IRQ_VSSI));
	assert_int_equal(harts[1]->requests, 0);
	assert_int_equal(harts[2]->requests, HART_REQ_SSIP);
	assert_int_equal(rv_cpu->sbi_ext, SBI_EXT_IPI);
	assert_int_equal(rv_cpu->sbi_arg[0], 1);
	assert_int_equal(rv_cpu->sbi_arg[1], 12);
	/* What the other hart does about it: the host's interrupt is pending there, or waits in its world while a TVM runs. */
	rig_on(2);
	hsm_serve_requests(harts[2]);
	assert_int_equal(harts[2]->requests, 0);
	assert_int_equal(csr_read(CSR_HVIP), BIT(IRQ_VSSI));
	rig_on(0);
	/* All of them, but for one that is stopped. */
	harts[3]->state = HART_STOPPED;
	assert_int_equal(RIG_CALL(SBI_EXT_IPI, SBI_IPI_SEND, 0, ~0ULL).error, 0);
	assert_int_equal(harts[1]->requests, HART_REQ_SSIP);
	assert_int_equal(harts[3]->requests, 0);
	harts[3]->state = HART_STARTED;
}

static void remote_fences(void **state)
{
	static const u64 forwarded[] = { SBI_RFENCE_FENCE_I, SBI_RFENCE_HFENCE_VVMA, SBI_RFENCE_HFENCE_VVMA_ASID };

	(void)state;
	for (u64 fid = 0; fid < ARRAY_SIZE(forwarded); fid++) {
		const u64 args[] = { 0xa, 10, 0x1000, 0x2000, 7 };
		u64 calls = rv_cpu->sbi_calls;

		assert_int_equal(rig_call(SBI_EXT_RFENCE, fid, args, 5).error, 0);
		assert_int_equal(rv_cpu->sbi_calls, calls + 1);
		assert_int_equal(rv_cpu->sbi_ext, SBI_EXT_RFENCE);
		assert_int_equal(rv_cpu->sbi_fid, forwarded[fid]);
		/* One call names both harts, and no other. */
		assert_int_equal(rv_cpu->sbi_arg[0] << (rv_cpu->sbi_arg[1] - 10), 0xa);
		assert_int_equal(rv_cpu->sbi_arg[2], 0x1000);
		assert_int_equal(rv_cpu->sbi_arg[3], 0x2000);
		assert_int_equal(rv_cpu->sbi_arg[4], 7);
	}
	/* Ids that fit no mask together: a call each. */
	harts[3]->hartid = 200;
	u64 calls = rv_cpu->sbi_calls;

	assert_int_equal(RIG_CALL(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, 0, ~0ULL, 0, 0).error, 0);
	assert_int_equal(rv_cpu->sbi_calls, calls + 2);
	assert_int_equal(rv_cpu->sbi_arg[0], 1);
	assert_int_equal(rv_cpu->sbi_arg[1], 200);
	for (u64 fid = SBI_RFENCE_HFENCE_GVMA_VMID; fid < 8; fid++)
		refused(SBI_EXT_RFENCE, fid, 1, 10, 0, SBI_ERR_NOT_SUPPORTED);
	refused(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, 0x10, 10, 0, SBI_ERR_INVALID_PARAM);
	assert_int_equal(rv_cpu->sbi_calls, calls + 2);
	rv_cpu->sbi_ret.error = SBI_ERR_INVALID_ADDRESS;
	refused(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, 1, 10, 0, SBI_ERR_FAILED);
}

static void hart_states(void **state)
{
	(void)state;
	assert_int_equal(RIG_CALL(SBI_EXT_HSM, SBI_HSM_STATUS, 12).value, SBI_HSM_STARTED);
	harts[2]->state = HART_STOPPED;
	assert_int_equal(RIG_CALL(SBI_EXT_HSM, SBI_HSM_STATUS, 12).value, SBI_HSM_STOPPED);
	refused(SBI_EXT_HSM, SBI_HSM_STATUS, 14, 0, 0, SBI_ERR_INVALID_PARAM);
	refused(SBI_EXT_HSM, 4, 12, 0, 0, SBI_ERR_NOT_SUPPORTED);
	refused(SBI_EXT_HSM, SBI_HSM_START, 14, PLACE, 0, SBI_ERR_INVALID_PARAM);
	refused(SBI_EXT_HSM, SBI_HSM_START, 12, RIG_RAM_BASE, 0, SBI_ERR_INVALID_ADDRESS);
	refused(SBI_EXT_HSM, SBI_HSM_START, 12, RIG_HOST_END, 0, SBI_ERR_INVALID_ADDRESS);
	rig_convert(PLACE, 1);
	refused(SBI_EXT_HSM, SBI_HSM_START, 12, PLACE, 0, SBI_ERR_INVALID_ADDRESS);
	rig_reclaim(PLACE, 1);
	refused(SBI_EXT_HSM, SBI_HSM_START, 11, PLACE, 0, SBI_ERR_ALREADY_AVAILABLE);
	assert_int_equal(harts[1]->requests | harts[2]->requests, 0);
	assert_int_equal(RIG_CALL(SBI_EXT_HSM, SBI_HSM_START, 12, PLACE, 0x77).error, 0);
	assert_int_equal(RIG_CALL(SBI_EXT_HSM, SBI_HSM_STATUS, 12).value, SBI_HSM_START_PENDING);
	assert_int_equal(harts[2]->requests, HART_REQ_START);
	assert_int_equal(rv_cpu->sbi_arg[1], 12);
	refused(SBI_EXT_HSM, SBI_HSM_START, 12, PLACE, 0, SBI_ERR_ALREADY_AVAILABLE);
	harts[2]->requests = 0;
	harts[2]->state = HART_STARTED;
}

/* The start has been asked for already: the hart does not wait. */
static void stop_and_start(void **state)
{
	struct hart *h = rig_hart();
	struct world *w = &h->host;
	u64 gvma = rv_cpu->hfence_gvma_vmid, fences_i = rv_cpu->fence_i;

	(void)state;
	h->start_addr = PLACE;
	h->start_opaque = 0x1234;
	h->requests = HART_REQ_START;
	csr_write(CSR_VSIE, ~0ULL);
	csr_write(CSR_HVIP, BIT(IRQ_VSSI));
	csr_write(CSR_VSTIMECMP, 5);
	csr_write(CSR_VSSCRATCH, 99);
	w->gpr[REG_A2 + 5] = 0xbad;
	h->hcsr[0] = 3;
	h->sgei_files = 0;
	leave(SBI_HSM_STOP, 0, 0, 0);
	assert_int_equal(h->state, HART_STARTED);
	assert_int_equal(h->requests, 0);
	assert_int_equal(w->sepc, PLACE);
	assert_int_equal(w->gpr[REG_A0], h->hartid);
	assert_int_equal(w->gpr[REG_A1], 0x1234);
	assert_int_equal(w->gpr[REG_A2 + 5], 0);
	assert_int_equal(csr_read(CSR_VSIE), 0);
	assert_int_equal(csr_read(CSR_HVIP), 0);
	assert_int_equal(csr_read(CSR_VSTIMECMP), ~0ULL);
	assert_int_equal(csr_read(CSR_VSSCRATCH), 0);
	assert_int_equal(h->hcsr[0], 0);
	/* Whatever it had cached before is forgotten, and it holds the host's fences back again. */
	assert_true(rv_cpu->hfence_gvma_vmid > gvma);
	assert_true(rv_cpu->fence_i > fences_i);
	assert_true(host_epoch_slots[0].active);
}

static void suspend_and_resume(void **state)
{
	struct world *w = &rig_hart()->host;

	(void)state;
	refused(SBI_EXT_HSM, SBI_HSM_SUSPEND, 1, PLACE, 0, SBI_ERR_INVALID_PARAM);
	refused(SBI_EXT_HSM, SBI_HSM_SUSPEND, 0x80000001, PLACE, 0, SBI_ERR_INVALID_PARAM);
	refused(SBI_EXT_HSM, SBI_HSM_SUSPEND, SBI_HSM_SUSPEND_NON_RETENTIVE, RIG_RAM_BASE, 0, SBI_ERR_INVALID_ADDRESS);
	/* An interrupt is there already. */
	csr_write(CSR_VSIE, BIT(IRQ_STI));
	csr_write(CSR_VSIP, BIT(IRQ_STI));
	csr_write(CSR_VSSCRATCH, 99);
	assert_int_equal(RIG_CALL(SBI_EXT_HSM, SBI_HSM_SUSPEND, SBI_HSM_SUSPEND_RETENTIVE).error, 0);
	assert_int_equal(csr_read(CSR_VSSCRATCH), 99);
	csr_write(CSR_VSIP, 0);
	csr_write(CSR_HGEIE, 4);
	csr_write(CSR_HGEIP, 4);
	csr_write(CSR_VSTIMECMP, 0x5555);
	csr_write(CSR_HVIP, BIT(IRQ_VSSI));
	w->hstatus |= HSTATUS_VTSR;
	leave(SBI_HSM_SUSPEND, SBI_HSM_SUSPEND_NON_RETENTIVE, PLACE, 0x42);
	assert_int_equal(w->sepc, PLACE);
	assert_int_equal(w->gpr[REG_A0], rig_hart()->hartid);
	assert_int_equal(w->gpr[REG_A1], 0x42);
	assert_int_equal(csr_read(CSR_VSSCRATCH), 0);
	/* What is pending stays so, and the timer; an ordinary VM is stopped at its return still. */
	assert_int_equal(csr_read(CSR_VSTIMECMP), 0x5555);
	assert_int_equal(csr_read(CSR_HVIP), BIT(IRQ_VSSI));
	assert_true(w->hstatus & HSTATUS_VTSR);
	csr_write(CSR_HGEIP, 0);
}

static void reset(void **state)
{
	(void)state;
	refused(SBI_EXT_SRST, 1, 0, 0, 0, SBI_ERR_NOT_SUPPORTED);
	refused(SBI_EXT_SRST, SBI_SRST_RESET, 3, 0, 0, SBI_ERR_INVALID_PARAM);
	refused(SBI_EXT_SRST, SBI_SRST_RESET, 0, 2, 0, SBI_ERR_INVALID_PARAM);
	assert_int_equal(rv_cpu->sbi_calls, 0);
	/* The others are out of the way. */
	for (u32 i = 1; i < RIG_HARTS; i++)
		harts[i]->parked = 1;
	rv_cpu->sbi_ret.error = SBI_ERR_DENIED;
	/* It has asked the other harts to park, and says so only now. */
	watch_compare = false;
	assert_int_equal(RIG_CALL(SBI_EXT_SRST, SBI_SRST_RESET, SBI_SRST_TYPE_WARM_REBOOT, 1).error, SBI_ERR_DENIED);
	watch_compare = true;
	assert_int_equal(rv_cpu->sbi_ext, SBI_EXT_SRST);
	assert_int_equal(rv_cpu->sbi_arg[0], SBI_SRST_TYPE_WARM_REBOOT);
	assert_int_equal(rv_cpu->sbi_arg[1], 1);
	for (u32 i = 1; i < RIG_HARTS; i++)
		assert_int_equal(harts[i]->requests, HART_REQ_PARK);
	/* Nobody resets any more: a hart that is told to park goes on at once. */
	rig_on(1);
	hsm_serve_requests(harts[1]);
	assert_int_equal(harts[1]->parked, 0);
	assert_int_equal(harts[1]->requests, 0);
	rig_on(0);
}

static void console_write(void **state)
{
	char *text = (char *)rig_word(PLACE);

	(void)state;
	for (u32 i = 0; i < 2 * PAGE_SIZE; i++)
		text[i] = (char)('a' + i % 23);
	for (u64 n = 0; n < 300; n += 149) {
		said_count = 0;
		assert_int_equal(RIG_CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE, n, PLACE + 3, 0).value, n);
		assert_int_equal(said_count, n);
		assert_memory_equal(said, text + 3, n);
	}
	said_count = 0;
	/* No more than this at a time. */
	assert_int_equal(RIG_CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE, PAGE_SIZE, PLACE, 0).value, 1024);
	assert_int_equal(said_count, 1024);
	/* Up to where the memory is not the host's. */
	rig_convert(PLACE + PAGE_SIZE, 1);
	said_count = 0;
	assert_int_equal(RIG_CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE, 300, PLACE + PAGE_SIZE - 200, 0).value, 128);
	assert_int_equal(said_count, 128);
	refused(SBI_EXT_DBCN, SBI_DBCN_WRITE, 8, PLACE + PAGE_SIZE, 0, SBI_ERR_INVALID_PARAM);
	refused(SBI_EXT_DBCN, SBI_DBCN_WRITE, 8, PLACE, 1, SBI_ERR_INVALID_PARAM);
	refused(SBI_EXT_DBCN, SBI_DBCN_WRITE, 8, ~0ULL - 3, 0, SBI_ERR_INVALID_PARAM);
	refused(SBI_EXT_DBCN, SBI_DBCN_WRITE, ~0ULL, PLACE, 0, SBI_ERR_INVALID_PARAM);
	refused(SBI_EXT_DBCN, SBI_DBCN_WRITE, 8, RIG_HOST_END - 4, 0, SBI_ERR_INVALID_PARAM);
	assert_int_equal(said_count, 128);
	assert_int_equal(RIG_CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE_BYTE, '!').error, 0);
	assert_int_equal(said[128], '!');
	RIG_CALL(SBI_EXT_LEGACY_PUTCHAR, 0, '?');
	assert_int_equal(said[129], '?');
	refused(SBI_EXT_DBCN, 3, 0, 0, 0, SBI_ERR_NOT_SUPPORTED);
	rig_reclaim(PLACE + PAGE_SIZE, 1);
}

static void console_read(void **state)
{
	char *text = (char *)rig_word(PLACE);

	(void)state;
	memset(text, 0, PAGE_SIZE);
	typed_left = 200;
	assert_int_equal(RIG_CALL(SBI_EXT_DBCN, SBI_DBCN_READ, 150, PLACE, 0).value, 150);
	for (u32 i = 0; i < 151; i++)
		assert_int_equal(text[i], i < 150 ? 't' : 0);
	/* Less than was asked for. */
	assert_int_equal(RIG_CALL(SBI_EXT_DBCN, SBI_DBCN_READ, 150, PLACE, 0).value, 50);
	assert_int_equal(RIG_CALL(SBI_EXT_DBCN, SBI_DBCN_READ, 150, PLACE, 0).value, 0);
	/* A refusal loses no input. */
	typed_left = 5;
	rig_convert(PLACE, 1);
	refused(SBI_EXT_DBCN, SBI_DBCN_READ, 5, PLACE, 0, SBI_ERR_INVALID_PARAM);
	assert_int_equal(typed_left, 5);
	rig_reclaim(PLACE, 1);
	assert_int_equal(RIG_CALL(SBI_EXT_LEGACY_GETCHAR, 0).error, 't');
	typed_left = 0;
	assert_int_equal(RIG_CALL(SBI_EXT_LEGACY_GETCHAR, 0).error, -1);
}

#define FRESH(text, function)	{ text, function, fresh, NULL, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("sbi: Base tells what the firmware is and what is offered", base),
		FRESH("sbi: TIME sets the host's own timer", timer),
		FRESH("sbi: IPI reaches the harts that the mask names, or none", ipi),
		FRESH("sbi: RFENCE is forwarded for the host's VMID, in as few calls as the ids allow", remote_fences),
		FRESH("sbi: HSM start is asked of a hart that is stopped, at an address of the host's", hart_states),
		FRESH("sbi: a hart that stops and is started keeps nothing of what it was", stop_and_start),
		FRESH("sbi: a resume without retention keeps what is pending, the timer and VTSR", suspend_and_resume),
		FRESH("sbi: a reset that the firmware refuses lets the others go on", reset),
		FRESH("sbi: DBCN writes what is the host's, and nothing beyond", console_write),
		FRESH("sbi: DBCN reads into the host's memory, and a refusal loses no input", console_read),
	};

	return cmocka_run_group_tests_name("sbi", tests, rig_setup, NULL);
}
