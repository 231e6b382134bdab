/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer: evidence that a hostile TVM asks for. The first bytes choose registers, what happens between the steps of the job, and how
 * long the key is; the key's bytes follow, and then what a broken parser leaves in its mailbox. All of it goes through the
 * gate, under the oracle. What the parser accepts is read here a second time.
 */
#include "unit/tvm_rig.h"

#include "cove/attest.h"
#include "dice/key.h"
#include "notary/notary.h"
#include "oracle/watch.h"

#define CHALLENGE	(RAM + PAGE_SIZE)
#define OUT		(RAM + 2 * PAGE_SIZE)

enum { STEPS = 8, HEAD = 8 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* The fuzzer can fail: a parser that takes half a point for a key is one that it finds. */
static bool seeded;
bool __real_dice_has_y(u32 curve);
bool __wrap_dice_has_y(u32 curve);

bool __wrap_dice_has_y(u32 curve)
{
	return !seeded && __real_dice_has_y(curve);
}

static void __attribute__((noreturn)) wrong(const char *what)
{
	fprintf(stderr, "evidence: %s\n", what);
	abort();
}

/* --- COSE_Key, once more: definite lengths in their shortest form, one map and nothing behind it ------------------ */

struct reader {
	const u8 *p, *end;
	bool bad;
};

static u64 head(struct reader *r, u8 *major)
{
	u64 v, n;
	u8 low;

	*major = 8;
	if (r->p == r->end) {
		r->bad = true;
		return 0;
	}
	*major = *r->p >> 5;
	low = *r->p++ & 31;
	if (low < 24)
		return low;
	n = 1ULL << (low - 24);
	if (low > 27 || (u64)(r->end - r->p) < n) {
		r->bad = true;
		return 0;
	}
	v = 0;
	for (u64 i = 0; i < n; i++)
		v = v << 8 | *r->p++;
	r->bad |= n == 1 ? v < 24 : v >> 4 * n == 0;
	return v;
}

static const u8 *bytes(struct reader *r, u64 n)
{
	const u8 *at = r->p;

	if ((u64)(r->end - r->p) < n) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	return at;
}

/* What stands for label @want (as major type and argument), for maps of numbers and strings. */
static bool find(const u8 *data, size_t size, u8 want_major, u64 want, u8 *major, u64 *value, const u8 **at)
{
	struct reader r = { data, data + size, false };
	u64 n = head(&r, major), found = 0;

	if (*major != 5)
		return false;
	for (u64 i = 0; i < n && !r.bad; i++) {
		u8 label_major, item_major;
		u64 label = head(&r, &label_major), item = head(&r, &item_major);
		const u8 *p = item_major == 2 || item_major == 3 ? bytes(&r, item) : NULL;

		if (label_major != want_major || label != want)
			continue;
		found++;
		*major = item_major;
		*value = item;
		*at = p;
	}
	return !r.bad && r.p == r.end && found == 1;
}

/* 1: kty, -1: crv, -2: x, -3: y, -4: d (RFC 9053). */
static void judge_key(const u8 *data, size_t size, const struct dice_public *key)
{
	static const struct { u64 kty, crv, length; } known[DICE_CURVES] = {
		[DICE_P256]	= { 2, 1, 32 },
		[DICE_P384]	= { 2, 2, 48 },
		[DICE_X25519]	= { 1, 4, 32 },
		[DICE_ED25519]	= { 1, 6, 32 },
	};
	const u8 *at = NULL;
	u64 value = 0;
	u8 major;

	if (key->curve >= DICE_CURVES)
		wrong("a curve that is none");
	if (!find(data, size, 0, 1, &major, &value, &at) || major || value != known[key->curve].kty)
		wrong("another key type");
	if (!find(data, size, 1, 0, &major, &value, &at) || major || value != known[key->curve].crv)
		wrong("another curve");
	if (!find(data, size, 1, 1, &major, &value, &at) || major != 2 || value != known[key->curve].length ||
	    memcmp(at, key->x, value))
		wrong("another x");
	if (find(data, size, 1, 2, &major, &value, &at) != (known[key->curve].kty == 2))
		wrong("a y where there is none, or none where there is one");
	if (known[key->curve].kty == 2 && (major != 2 || value != known[key->curve].length || memcmp(at, key->y, value)))
		wrong("another y");
	if (find(data, size, 1, 3, &major, &value, &at))
		wrong("a private key");
}

/* --- the call ------------------------------------------------------------------------------------------------------ */

static u8 *memory(u64 gpa)
{
	return (u8 *)rig_word(t.image) + (gpa - RAM);
}

static struct notary_mailbox *mailbox(void)
{
	return task_mailbox(vcpu_arena((struct vcpu *)rig_word(t.vcpu[0])));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	seeded = getenv("FUZZ_SEEDED");
	rig_setup(NULL);
	return 0;
}

/* Registers that are nearly right: one of them may be another. */
static void arguments(u64 *args, const u8 *choice, u64 key_size)
{
	static const u64 odd[] = { 0, 1, 512, 513, PAGE_SIZE - 1, PAGE_SIZE, RAM + 4 * PAGE_SIZE, RAM + RAM_PAGES * PAGE_SIZE,
				   RAM - PAGE_SIZE, 1ULL << 41, 1ULL << 63, ~0ULL, ~0ULL << PAGE_SHIFT, RAM + 8, COVE_CERT_X509 };
	const u64 good[6] = { RAM, key_size, CHALLENGE, choice[0] & 1 ? COVE_CERT_X509 : COVE_CERT_CBOR, OUT, 2 * PAGE_SIZE };

	memcpy(args, good, sizeof(good));
	if (choice[0] & 2)
		args[choice[1] % 6] = odd[choice[2] % ARRAY_SIZE(odd)];
	if (choice[0] & 4)
		args[5] = (u64)choice[3] << 5;
}

/* What is in the mailbox when the task says that it is done, by bytes of the input. */
static void leave_rubbish(const u8 *p, size_t n)
{
	struct notary_reply *r = &mailbox()->reply;

	memset(r, n ? p[0] : 0xff, sizeof(*r));
	memcpy(r, p, n < sizeof(*r) ? n : sizeof(*r));
	rig_hart()->vcpu->task.world.gpr[REG_A7] = n ? p[0] : NOTARY_ECALL_DONE;
}

/* One event while the call is under way. False: the host is back. */
static bool event(u8 what, const u8 *rest, size_t n, struct rig_ret *r)
{
	static const u64 faults[] = { CAUSE_ILLEGAL, 12, 13, 15, CAUSE_BREAKPOINT, CAUSE_LOAD_GUEST };

	switch (what % 4) {
	case 0:
		return rig_task(r);
	case 1:
		return rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, r);
	case 2:
		if (!rig_hart()->vcpu->task.on_hart)
			return true;
		leave_rubbish(rest, n);
		return rig_trap(CAUSE_ECALL_U, 0, 0, r) && rig_trap(CAUSE_ECALL_VS, 0, 0, r);
	default:
		return !rig_hart()->vcpu->task.on_hart || rig_trap(faults[what / 4 % ARRAY_SIZE(faults)], 0, 0, r);
	}
}

static void play(const u8 *choice, const u8 *key, u64 key_size, const u8 *rest, size_t n)
{
	struct rig_ret r;
	u64 args[6];

	tvm_start();
	memcpy(memory(RAM), key, key_size);
	run(0);
	arguments(args, choice, key_size);
	for (u32 i = 0; i < STEPS; i++) {
		u8 what = choice[4 + i / 2 % 4] >> (i % 2 * 4);

		if (!rig_hart()->vcpu)
			run(0);
		if (rig_hart()->vcpu->task.on_hart || rig_tvm_ecall(SBI_EXT_COVG, COVG_GET_EVIDENCE, args, 6, &r))
			event(what, rest, n, &r);
	}
	if (rig_hart()->vcpu)
		kick();
	tvm_end();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct dice_public key;
	u64 key_size;
	u8 *exact;

	if (size < HEAD + 2)
		return 0;
	key_size = ((u64)data[HEAD] | (u64)data[HEAD + 1] << 8) % (NOTARY_KEY_MAX + 1);
	if (key_size > size - HEAD - 2)
		key_size = size - HEAD - 2;
	/* Exactly as long as it says, so that a read beyond it is seen. */
	exact = malloc(key_size + 1);
	if (!exact)
		return 0;
	memmove(exact + 1, data + HEAD + 2, key_size);
	if (notary_parse_key(exact + 1, key_size, &key))
		judge_key(exact + 1, key_size, &key);
	free(exact);
	/* A call costs a thousand times as much. */
	if (data[0] & 0x80)
		play(data, data + HEAD + 2, key_size, data + HEAD + 2 + key_size, size - HEAD - 2 - key_size);
	return 0;
}
