/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COVG get_evidence through the gate: a job in steps. The U-mode program is called natively where
 * the target would enter it; what a hostile one could do is played.
 */
#include "unit/tvm_rig.h"

#include "cove/attest.h"
#include "measure/identity.h"
#include "notary/notary.h"

#define IMAGE_SIZE	(4 * PAGE_SIZE)
#define KEY		RAM
#define CHALLENGE	(RAM + PAGE_SIZE)
#define OUT		(RAM + 2 * PAGE_SIZE)
#define OUT_SIZE	(2 * PAGE_SIZE)
#define MISSING		(RAM + IMAGE_SIZE)
#define RESULT		((s64)w->gpr[REG_A0])

static const u8 cose_key[] = {
	0xa3, 0x01, 0x01, 0x20, 0x06, 0x21, 0x58, 0x20,
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
	17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
};

static struct world *w;

static bool ask(struct rig_ret *r, u64 key, u64 size, u64 challenge, u64 format, u64 out, u64 out_size)
{
	return TVM_ECALL(r, SBI_EXT_COVG, COVG_GET_EVIDENCE, key, size, challenge, format, out, out_size);
}

static bool ask_good(struct rig_ret *r)
{
	return ask(r, KEY, sizeof(cose_key), CHALLENGE, COVE_CERT_CBOR, OUT, OUT_SIZE);
}

static u8 *memory(u64 gpa)
{
	return (u8 *)rig_word(t.image) + (gpa - RAM);
}

static struct vcpu *vcpu(u64 i)
{
	return (struct vcpu *)rig_word(t.vcpu[i]);
}

static u8 *arena(u64 i)
{
	return (u8 *)rig_word(t.vcpu[i] + vcpu_register_pages() * PAGE_SIZE);
}

static void begin(void)
{
	tvm_start();
	memset(memory(RAM), 0x5a, IMAGE_SIZE);
	memcpy(memory(KEY), cose_key, sizeof(cose_key));
	w = run(0);
}

static void end(void)
{
	kick();
	tvm_end();
}

static void arena_is_zero(u64 i)
{
	for (u64 k = 0; k < NOTARY_ARENA_PAGES * PAGE_SIZE; k++)
		assert_int_equal(arena(i)[k], 0);
	for (u32 k = 0; k < 32; k++)
		assert_int_equal(vcpu(i)->task.world.gpr[k], 0);
	assert_int_equal(vcpu(i)->job.step, JOB_NONE);
}

static bool contains(const u8 *data, u64 size, const void *what, u64 n)
{
	return memmem(data, size, what, n) != NULL;
}

/* The call, to its end. */
static s64 answer(struct rig_ret *r)
{
	assert_true(rig_task(r));
	return RESULT;
}

static void answers(void **state)
{
	u8 challenge[COVE_CHALLENGE_SIZE];
	struct rig_ret r;
	u64 pc, size;

	(void)state;
	begin();
	memset(challenge, 0x5a, sizeof(challenge));
	pc = w->sepc;
	assert_true(ask_good(&r));
	assert_true(vcpu(0)->task.on_hart);
	assert_int_equal(w->sepc, pc);
	/* From here on the TVM's memory is not read: nobody can change the question. */
	memset(memory(KEY), 0, sizeof(cose_key));
	memset(memory(CHALLENGE), 0, sizeof(challenge));
	assert_int_equal(answer(&r), 0);
	assert_int_equal(w->sepc, pc + 4);
	size = w->gpr[REG_A1];
	assert_in_range(size, 1500, OUT_SIZE);
	assert_true(contains(memory(OUT), size, challenge, sizeof(challenge)));
	assert_true(contains(memory(OUT), size, cose_key, sizeof(cose_key)));
	for (u64 i = size; i < OUT_SIZE; i++)
		assert_int_equal(memory(OUT)[i], 0x5a);
	arena_is_zero(0);
	assert_non_null(identity());
	/* The TSM's key is in nothing that the TVM or the host can see. */
	assert_false(contains(memory(RAM), IMAGE_SIZE, identity()->private_key, COVE_KEY_SIZE));
	assert_false(contains((u8 *)rig_word(t.shmem), NACL_SHMEM_SIZE, identity()->private_key,
			      COVE_KEY_SIZE));
	end();
}

static void interrupted(void **state)
{
	struct rig_ret r;
	u64 pc, satp;

	(void)state;
	begin();
	pc = w->sepc;
	satp = csr_read(CSR_SATP);
	assert_true(ask_good(&r));
	assert_int_not_equal(csr_read(CSR_SATP), satp);
	/* The host's timer: the run ends, the vCPU stands at its ECALL, the task where it was. */
	assert_false(rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r));
	assert_int_equal(r.error, 0);
	assert_int_equal(r.value, 0);
	assert_int_equal(csr_read(CSR_SATP), satp);
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_STI);
	assert_int_equal(w->sepc, pc);
	assert_int_equal(vcpu(0)->task.state, TASK_READY);
	/* On another hart it goes on. */
	vcpu(0)->task.world.sepc += 64;
	rig_on(1);
	assert_int_equal(RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, t.source, 0, 0).error, 0);
	w = run(0);
	assert_false(vcpu(0)->task.on_hart);
	pc = vcpu(0)->task.world.sepc;
	assert_true(rig_trap(CAUSE_ECALL_VS, 0, 0, &r));
	assert_true(vcpu(0)->task.on_hart);
	assert_int_equal(vcpu(0)->task.world.sepc, pc);
	assert_int_equal(answer(&r), 0);
	kick();
	RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE, 0);
	rig_on(0);
	tvm_end();
}

static void paused(void **state)
{
	struct rig_ret r;

	(void)state;
	begin();
	assert_true(ask_good(&r));
	vcpu(0)->task.world.gpr[REG_A7] = NOTARY_ECALL_PAUSE;
	assert_false(rig_trap(CAUSE_ECALL_U, 0, 0, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_STI);
	assert_int_equal(vcpu(0)->task.state, TASK_READY);
	w = run(0);
	assert_true(rig_trap(CAUSE_ECALL_VS, 0, 0, &r));
	assert_int_equal(answer(&r), 0);
	end();
}

static void task_faults(void **state)
{
	static const u64 causes[] = { CAUSE_ILLEGAL, CAUSE_LOAD_GUEST, 12, 13, 15, CAUSE_BREAKPOINT };
	struct rig_ret r;

	(void)state;
	begin();
	for (u32 i = 0; i < ARRAY_SIZE(causes); i++) {
		u64 satp = csr_read(CSR_SATP);

		assert_true(ask_good(&r));
		assert_true(rig_trap(causes[i], 0, 0, &r));
		assert_int_equal(csr_read(CSR_SATP), satp);
		assert_true(rig_trap(CAUSE_ECALL_VS, 0, 0, &r));
		assert_int_equal(RESULT, SBI_ERR_FAILED);
		arena_is_zero(0);
	}
	assert_true(ask_good(&r));
	assert_int_equal(answer(&r), 0);
	end();
}

/* A parser that a TVM has taken over: whatever it leaves in the mailbox. */
static void hostile_reply(void **state)
{
	struct notary_reply *reply;
	u64 seed = 7;
	struct rig_ret r;

	(void)state;
	begin();
	for (u32 i = 0; i < 200; i++) {
		assert_true(ask_good(&r));
		reply = &task_mailbox(vcpu_arena(vcpu(0)))->reply;
		for (u64 k = 0; k < sizeof(*reply) / 8; k++)
			((u64 *)reply)[k] = unit_random(&seed);
		if (i % 2) {
			reply->status = NOTARY_OK;
			reply->key.curve = i % 4 == 1 ? DICE_CURVES : ~0U;
		}
		vcpu(0)->task.world.gpr[REG_A7] = NOTARY_ECALL_DONE;
		assert_true(rig_trap(CAUSE_ECALL_U, 0, 0, &r));
		assert_true(rig_trap(CAUSE_ECALL_VS, 0, 0, &r));
		assert_int_not_equal(RESULT, 0);
		arena_is_zero(0);
	}
	/* The last step's: sizes that are none. */
	for (u32 i = 0; i < 2; i++) {
		assert_true(ask_good(&r));
		vcpu(0)->job.step = JOB_EVIDENCE;
		reply->status = NOTARY_OK;
		reply->size = i ? ~0U : sizeof(reply->data) + 1;
		vcpu(0)->task.world.gpr[REG_A7] = NOTARY_ECALL_DONE;
		assert_true(rig_trap(CAUSE_ECALL_U, 0, 0, &r));
		assert_true(rig_trap(CAUSE_ECALL_VS, 0, 0, &r));
		assert_int_equal(RESULT, SBI_ERR_FAILED);
	}
	end();
}

static void another_call(void **state)
{
	struct rig_ret r;

	(void)state;
	begin();
	assert_true(ask_good(&r));
	assert_false(rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r));
	w = run(0);
	/* An interrupt handler of the TVM's asks something else first. */
	assert_true(TVM_ECALL(&r, SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_COVG));
	assert_false(vcpu(0)->task.on_hart);
	assert_int_equal(RESULT, 0);
	assert_true(ask(&r, KEY, sizeof(cose_key), CHALLENGE, COVE_CERT_X509, OUT,
					   OUT_SIZE));
	assert_int_equal(answer(&r), 0);
	assert_int_equal(memory(OUT)[0], 0x30);
	assert_true(ask_good(&r));
	assert_int_equal(answer(&r), 0);
	assert_int_equal(memory(OUT)[0], 0xd2);
	end();
}

static void missing_pages(void **state)
{
	static const u64 args[3][6] = {
		{ MISSING, sizeof(cose_key), CHALLENGE, COVE_CERT_CBOR, OUT, OUT_SIZE },
		{ KEY, sizeof(cose_key), MISSING, COVE_CERT_CBOR, OUT, OUT_SIZE },
		{ KEY, sizeof(cose_key), CHALLENGE, COVE_CERT_CBOR, MISSING, OUT_SIZE },
	};
	struct rig_ret r;

	(void)state;
	begin();
	for (u32 i = 0; i < 3; i++) {
		u64 pc = w->sepc;
		bool runs = rig_tvm_ecall(SBI_EXT_COVG, COVG_GET_EVIDENCE, args[i], 6, &r);

		if (i == 2)
			runs = rig_task(&r);
		assert_false(runs);
		assert_int_equal(csr_read(CSR_VSCAUSE), i == 2 ? CAUSE_STORE_GUEST : CAUSE_LOAD_GUEST);
		assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_HTVAL)) << 2, MISSING);
		assert_int_equal(w->sepc, pc);
		w = run(0);
	}
	end();
}

/* A vCPU that is stopped, or a TVM that is destroyed, in the middle of a job. */
static void abandoned(void **state)
{
	struct rig_ret r;

	(void)state;
	begin();
	assert_true(ask_good(&r));
	vcpu(0)->task.world.gpr[REG_A7] = NOTARY_ECALL_DONE;
	assert_false(rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r));
	vcpu_reset(vcpu(0), ENTRY, 0);
	assert_int_equal(vcpu(0)->job.step, JOB_NONE);
	tvm_end();
}

static void refusals(void **state)
{
	struct rig_ret r;

	(void)state;
	begin();
	/* A private key in it; a curve that is none; nothing but a number. */
	memcpy(memory(KEY), "\xa1\x23\x40", 3);
	assert_true(ask(&r, KEY, 3, CHALLENGE, COVE_CERT_CBOR, OUT, OUT_SIZE));
	assert_int_equal(answer(&r), SBI_ERR_INVALID_PARAM);
	memcpy(memory(KEY), "\x00", 1);
	assert_true(ask(&r, KEY, 1, CHALLENGE, COVE_CERT_CBOR, OUT, OUT_SIZE));
	assert_int_equal(answer(&r), SBI_ERR_INVALID_PARAM);
	assert_int_equal(memory(OUT)[0], 0x5a);
	arena_is_zero(0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("evidence holds challenge and key as they were when it was asked for; nothing stays",
			 answers),
		SENTENCE("an interrupt of the host ends the run, and another hart goes on with the task",
			 interrupted),
		SENTENCE("a pause of the task ends the run as if by the host's timer", paused),
		SENTENCE("a task that faults is an error of the call", task_faults),
		SENTENCE("nothing that a hostile parser leaves in its mailbox is believed", hostile_reply),
		SENTENCE("other calls in between do no harm, another job takes the first one's place",
			 another_call),
		SENTENCE("a page that is missing is asked for, and the call goes on", missing_pages),
		SENTENCE("a job may be abandoned", abandoned),
		SENTENCE("what is no public key is refused", refusals),
	};

	return cmocka_run_group_tests_name("evidence", tests, rig_setup, NULL);
}
