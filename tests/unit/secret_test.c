/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secrets that a TVM is started with (cove/payload.h): the notary's half alone, then FINALIZE and COVG
 * retrieve_secret through the gate. The relying party's half is played here with lib/dice; that Python's
 * (scripts/attest/seal.py) is the same is for tests/attest/system.py to show.
 */
#include "unit/tvm_rig.h"

#include <mbedtls/chachapoly.h>

#include "cove/attest.h"
#include "measure/identity.h"
#include "notary/notary.h"

#define IMAGE_SIZE	(4 * PAGE_SIZE)
#define OUT		(RAM + PAGE_SIZE)
#define HOLE		(RAM + RAM_PAGES * PAGE_SIZE)
#define RESULT		((s64)w->gpr[REG_A0])
#define EPHEMERAL	"test: a key for one payload"

static u8 heap[DICE_HEAP_SIZE];
static struct notary_mailbox box;
static struct notary_work work;
static struct world *w;
static u64 payload_at;

static const u8 secret[24] = "this is what is sealed.";

static void measured(u8 mr[COVE_PAYLOAD_MRS][COVE_MR_SIZE])
{
	for (u32 i = 0; i < COVE_PAYLOAD_MRS; i++)
		memset(mr[i], (int)(0x40 + i), COVE_MR_SIZE);
}

/* To whom holds that CDI, for whom has these registers; its size. */
static u64 seal(struct cove_payload *p, const u8 *cdi, const u8 mr[COVE_PAYLOAD_MRS][COVE_MR_SIZE],
		const u8 *data, u32 size)
{
	struct dice_input of_cdi = { .first = cdi, .first_size = COVE_CDI_SIZE };
	struct dice_input seed = { .first = secret, .first_size = sizeof(secret) };
	u8 shared[COVE_KEY_SIZE], digest[SHA384_SIZE], out[COVE_SECRET_KEY + COVE_SECRET_NONCE];
	struct dice_input in = { shared, sizeof(shared), digest, sizeof(digest) };
	mbedtls_chachapoly_context cipher;
	struct dice_key sealing, own;
	u8 peer[2 * COVE_KEY_SIZE];

	dice_heap(heap, sizeof(heap));
	memset(p, 0, sizeof(*p));
	assert_true(dice_key_derive(COVE_KDF_SEALING_KEY, &of_cdi, &sealing));
	assert_true(dice_key_derive(EPHEMERAL, &seed, &own));
	p->magic = COVE_PAYLOAD_MAGIC;
	p->size = size;
	memcpy(p->mr, mr, sizeof(p->mr));
	memcpy(p->key, own.x, COVE_KEY_SIZE);
	memcpy(p->key + COVE_KEY_SIZE, own.y, COVE_KEY_SIZE);
	memcpy(peer, sealing.x, COVE_KEY_SIZE);
	memcpy(peer + COVE_KEY_SIZE, sealing.y, COVE_KEY_SIZE);
	assert_true(dice_agree(EPHEMERAL, &seed, peer, shared));
	sha384(p, COVE_PAYLOAD_HEADER, digest);
	assert_true(dice_kdf(COVE_KDF_SECRET, &in, out, sizeof(out)));
	mbedtls_chachapoly_init(&cipher);
	assert_int_equal(mbedtls_chachapoly_setkey(&cipher, out), 0);
	assert_int_equal(mbedtls_chachapoly_encrypt_and_tag(&cipher, size, out + COVE_SECRET_KEY,
							    (const u8 *)p, COVE_PAYLOAD_HEADER, data,
							    p->data, p->data + size), 0);
	mbedtls_chachapoly_free(&cipher);
	return COVE_PAYLOAD_HEADER + size + COVE_PAYLOAD_TAG;
}

/* --- the notary alone --- */

static enum notary_status unseal(const struct notary_unseal *u)
{
	memset(&box, 0, sizeof(box));
	box.request.op = NOTARY_UNSEAL;
	box.request.unseal = *u;
	notary_run(&box, &work);
	return box.reply.status;
}

static u64 sealed(struct notary_unseal *u, const u8 *data, u32 size)
{
	memset(u->sealing_cdi, 0x77, sizeof(u->sealing_cdi));
	measured(u->mr);
	return seal(&u->payload, u->sealing_cdi, u->mr, data, size);
}

static void sizes(void **state)
{
	static const u32 all[] = { 1, 63, 64, 65, COVE_PAYLOAD_SECRET_MAX - 1, COVE_PAYLOAD_SECRET_MAX };
	static u8 data[COVE_PAYLOAD_SECRET_MAX];
	struct notary_unseal u;
	u64 seed = 3;

	(void)state;
	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = (u8)unit_random(&seed);
	for (u32 i = 0; i < ARRAY_SIZE(all); i++) {
		sealed(&u, data, all[i]);
		assert_int_equal(unseal(&u), NOTARY_OK);
		assert_int_equal(box.reply.size, all[i]);
		assert_memory_equal(box.reply.data, data, all[i]);
	}
	sealed(&u, data, sizeof(data));
	u.payload.size = 0;
	assert_int_equal(unseal(&u), NOTARY_REFUSED);
	u.payload.size = COVE_PAYLOAD_SECRET_MAX + 1;
	assert_int_equal(unseal(&u), NOTARY_REFUSED);
	u.payload.size = ~0U;
	assert_int_equal(unseal(&u), NOTARY_REFUSED);
}

/* A refusal leaves nothing of the plain text, not even before the tag was looked at. */
static void flips(void **state)
{
	struct notary_unseal u;
	u64 size;

	(void)state;
	size = sealed(&u, secret, sizeof(secret));
	for (u64 bit = 0; bit < 8 * size; bit++) {
		((u8 *)&u.payload)[bit / 8] ^= (u8)(1 << bit % 8);
		assert_int_equal(unseal(&u), NOTARY_REFUSED);
		assert_null(memmem(box.reply.data, sizeof(box.reply.data), secret, 8));
		((u8 *)&u.payload)[bit / 8] ^= (u8)(1 << bit % 8);
	}
	assert_int_equal(unseal(&u), NOTARY_OK);
}

static void others(void **state)
{
	struct notary_unseal u, other;

	(void)state;
	sealed(&u, secret, sizeof(secret));
	for (u32 bit = 0; bit < 8 * sizeof(u.mr); bit++) {
		other = u;
		((u8 *)other.mr)[bit / 8] ^= (u8)(1 << bit % 8);
		assert_int_equal(unseal(&other), NOTARY_REFUSED);
		/* Nor with a policy that was rewritten to match. */
		memcpy(other.payload.mr, other.mr, sizeof(other.mr));
		if (bit % 64 == 0)
			assert_int_equal(unseal(&other), NOTARY_REFUSED);
	}
	for (u32 i = 0; i < COVE_CDI_SIZE; i++) {
		other = u;
		other.sealing_cdi[i] ^= 1;
		assert_int_equal(unseal(&other), NOTARY_REFUSED);
	}
	/* Points that are none, or at infinity: no key is shared with anybody by them. */
	other = u;
	memset(other.payload.key, 0, sizeof(other.payload.key));
	assert_int_equal(unseal(&other), NOTARY_REFUSED);
	memset(other.payload.key, 0xff, sizeof(other.payload.key));
	assert_int_equal(unseal(&other), NOTARY_REFUSED);
}

/* --- through the gate --- */

static struct vcpu *vcpu(u64 i)
{
	return (struct vcpu *)rig_word(t.vcpu[i]);
}

static u8 *memory(u64 gpa)
{
	return (u8 *)rig_word(t.image) + (gpa - RAM);
}

static bool ask(struct rig_ret *r, u64 gpa, u64 size)
{
	return TVM_ECALL(r, SBI_EXT_COVG, COVG_RETRIEVE_SECRET, gpa, size);
}

static s64 retrieve(u64 size)
{
	struct rig_ret r;

	assert_true(ask(&r, OUT, size));
	if (vcpu(0)->task.on_hart)
		assert_true(rig_task(&r));
	return RESULT;
}

/* The identity, which without measured boot is made when it is first needed. */
static const u8 *sealing_cdi(void)
{
	static struct cove_handoff h;
	struct dice_platform p;

	if (!h.magic) {
		dice_heap(heap, sizeof(heap));
		dice_debug_platform(&p, COVE_TCB_SVN);
		assert_true(dice_handoff(&p, &h));
	}
	return h.sealing_cdi;
}

static void finalize(u64 a4, u64 a5)
{
	assert_int_equal(COVH(COVH_FINALIZE_TVM, t.id, ENTRY, ENTRY_ARG, 0, a4, a5).error, 0);
	assert_int_equal(RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, t.shmem, 0, 0).error, 0);
	memset(memory(OUT), 0x5a, PAGE_SIZE);
	w = run(0);
}

static void end(void)
{
	kick();
	tvm_end();
}

/* The registers of tvm_build()'s TVM, once it is finalized with these. */
static void learn(u8 mr[COVE_PAYLOAD_MRS][COVE_MR_SIZE])
{
	struct tvm *tvm;

	tvm_build();
	finalize(0, 0);
	tvm = tvm_get(t.id);
	for (u32 i = 0; i < COVE_PAYLOAD_MRS; i++)
		memcpy(mr[i], tvm->measurement.reg[COVE_MR_TVM_PAGES + i].value, COVE_MR_SIZE);
	tvm_put(tvm);
	end();
}

static u64 build(const u8 mr[COVE_PAYLOAD_MRS][COVE_MR_SIZE], const u8 *cdi)
{
	tvm_build();
	payload_at = rig_alloc(1, PAGE_SIZE);
	return seal((struct cove_payload *)rig_word(payload_at), cdi, mr, secret, sizeof(secret));
}

static void is_nowhere(void)
{
	const u8 *ram = (const u8 *)rig_word(RIG_HOST_BASE);
	u64 size = RIG_HOST_END - RIG_HOST_BASE;

	assert_null(memmem(ram, size, secret, 8));
	assert_null(memmem(ram, size, sealing_cdi(), 16));
}

static void received(void **state)
{
	u8 mr[COVE_PAYLOAD_MRS][COVE_MR_SIZE];
	u64 size;

	(void)state;
	learn(mr);
	size = build(mr, sealing_cdi());
	finalize(payload_at, size);
	/* It was read once: what the host makes of its page later is nothing to anybody. */
	memset(rig_word(payload_at), 0xff, PAGE_SIZE);
	assert_int_equal(retrieve(PAGE_SIZE), 0);
	assert_int_equal(w->gpr[REG_A1], sizeof(secret));
	assert_memory_equal(memory(OUT), secret, sizeof(secret));
	for (u64 i = sizeof(secret); i < PAGE_SIZE; i++)
		assert_int_equal(memory(OUT)[i], 0x5a);
	memset(memory(OUT), 0x5a, PAGE_SIZE);
	is_nowhere();
	assert_int_equal(retrieve(sizeof(secret) - 1), SBI_ERR_INVALID_PARAM);
	assert_int_equal(retrieve(sizeof(secret)), 0);
	assert_memory_equal(memory(OUT), secret, sizeof(secret));
	end();
	is_nowhere();
}

static void denied(u64 a4, u64 a5)
{
	finalize(a4, a5);
	assert_int_equal(retrieve(PAGE_SIZE), SBI_ERR_DENIED);
	assert_int_equal(memory(OUT)[0], 0x5a);
	end();
	is_nowhere();
}

static void refused(void **state)
{
	u8 mr[COVE_PAYLOAD_MRS][COVE_MR_SIZE], cdi[COVE_CDI_SIZE];
	u64 size;

	(void)state;
	learn(mr);
	for (u32 i = 0; i < COVE_PAYLOAD_MRS; i++) {
		mr[i][i] ^= 1;
		size = build(mr, sealing_cdi());
		denied(payload_at, size);
		mr[i][i] ^= 1;
	}
	memcpy(cdi, sealing_cdi(), sizeof(cdi));
	cdi[0] ^= 1;
	size = build(mr, cdi);
	denied(payload_at, size);
}

/* For old callers these registers mean nothing: FINALIZE goes on whatever is in them. */
static void no_payload(void **state)
{
	u8 mr[COVE_PAYLOAD_MRS][COVE_MR_SIZE];
	u64 size, sizes[] = { 0, 1, COVE_PAYLOAD_HEADER, ~0ULL, PAGE_SIZE + 1, PAGE_SIZE };
	u64 places[] = { 0, ~0ULL, ~0ULL << 3, RIG_RAM_BASE, RIG_HOST_END - 8, 1ULL << 60 };

	(void)state;
	learn(mr);
	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
		build(mr, sealing_cdi());
		denied(payload_at, sizes[i]);
	}
	for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
		size = build(mr, sealing_cdi());
		denied(places[i], size);
	}
	size = build(mr, sealing_cdi());
	denied(payload_at, size - 1);
	size = build(mr, sealing_cdi());
	denied(payload_at + 4, size);
	/* A page of the TVM's own: confidential, though the host names it. */
	size = build(mr, sealing_cdi());
	denied(t.image, size);
	size = build(mr, sealing_cdi());
	rig_word(payload_at)[0]++;
	denied(payload_at, size);
}

static void arguments(void **state)
{
	u8 mr[COVE_PAYLOAD_MRS][COVE_MR_SIZE];
	struct rig_ret r;
	u64 size;

	(void)state;
	learn(mr);
	size = build(mr, sealing_cdi());
	finalize(payload_at, size);
	assert_int_equal(ASK(SBI_EXT_COVG, COVG_RETRIEVE_SECRET, OUT + 8, 64), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ASK(SBI_EXT_COVG, COVG_RETRIEVE_SECRET, ~0ULL << 12, 64), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ASK(SBI_EXT_COVG, COVG_RETRIEVE_SECRET, OUT, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ASK(SBI_EXT_COVG, COVG_RETRIEVE_SECRET, OUT, PAGE_SIZE + 1), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ASK(SBI_EXT_COVG, COVG_RETRIEVE_SECRET, HOLE, 64), SBI_ERR_INVALID_PARAM);
	/* A page that is not there yet is asked for, and then the call goes on. */
	assert_true(ask(&r, RAM + IMAGE_SIZE, PAGE_SIZE));
	assert_false(rig_task(&r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_STORE_GUEST);
	w = run(0);
	/* Another question takes its place. */
	assert_int_equal(retrieve(PAGE_SIZE), 0);
	assert_memory_equal(memory(OUT), secret, sizeof(secret));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("a sealed secret of any size that is allowed comes out as it was", sizes),
		SENTENCE("a payload with any one bit changed is refused, and nothing of the secret is shown", flips),
		SENTENCE("other registers, another platform, and points that are none are refused", others),
		SENTENCE("the TVM that a secret was sealed to receives it; the host has it nowhere, then or later",
			 received),
		SENTENCE("a TVM with another register, or on another platform, does not receive it", refused),
		SENTENCE("what FINALIZE is given and is no payload is nothing to it", no_payload),
		SENTENCE("retrieve_secret refuses bad arguments; a missing page is asked for", arguments),
	};

	return cmocka_run_group_tests_name("secret", tests, rig_setup, NULL);
}
