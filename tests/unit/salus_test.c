/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Salus's evidence: Ed25519 (known answers of RFC 8032, 7.1), PKCS #10 requests (made by Python's cryptography with the first of
 * those keys), and ATST get_evidence through the gate. tests/attest/system.py judges the certificate.
 */
#include "unit/tvm_rig.h"

#include "cove/attest.h"
#include "generated/config.h"
#include "measure/identity.h"
#include "notary/ed25519.h"
#include "notary/notary.h"

#define IMAGE_SIZE	(4 * PAGE_SIZE)
#define CSR		(RAM + 3)
#define OUT		(RAM + PAGE_SIZE + 5)
#define HOLE		(RAM + RAM_PAGES * PAGE_SIZE)
#define RESULT		((s64)w->gpr[REG_A0])

static struct world *w;

static const u8 csr[] = {
	0x30, 0x81, 0x9a, 0x30, 0x4e, 0x02, 0x01, 0x00, 0x30, 0x1b, 0x31, 0x19, 0x30, 0x17, 0x06, 0x03,
	0x55, 0x04, 0x03, 0x0c, 0x10, 0x61, 0x20, 0x67, 0x75, 0x65, 0x73, 0x74, 0x20, 0x6f, 0x66, 0x20,
	0x53, 0x61, 0x6c, 0x75, 0x73, 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21,
	0x00, 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07,
	0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51,
	0x1a, 0xa0, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x41, 0x00, 0x22, 0x8e, 0x14,
	0x23, 0xbd, 0x2d, 0xd5, 0xee, 0xa6, 0x9b, 0x71, 0x58, 0xa4, 0x28, 0x4e, 0x15, 0x5b, 0xf3, 0x20,
	0xf4, 0xbe, 0x70, 0xdc, 0xbf, 0x77, 0xba, 0x20, 0xde, 0x5a, 0xc2, 0x63, 0x94, 0x2f, 0xba, 0xc8,
	0x12, 0x8a, 0x1c, 0x92, 0x50, 0xef, 0x6d, 0xca, 0x02, 0x90, 0x49, 0x71, 0x39, 0xd3, 0xb2, 0x02,
	0xff, 0xf2, 0xbd, 0x07, 0x39, 0x10, 0x75, 0xfc, 0xe1, 0xd2, 0x9c, 0xd9, 0x00,
};

static void from_hex(const char *hex, u8 *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (u8)byte;
	}
}

static void known_answers(void **state)
{
	static const struct {
		const char *seed, *key, *message, *signature;
	} all[] = {
		{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
		{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
		{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
	};
	u8 seed[32], key[32], message[2], signature[64], secret[64], made[64];

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(all); i++) {
		size_t n = strlen(all[i].message) / 2;

		from_hex(all[i].seed, seed, 32);
		from_hex(all[i].key, key, 32);
		from_hex(all[i].message, message, n);
		from_hex(all[i].signature, signature, 64);
		ed25519_key(seed, secret);
		assert_memory_equal(secret, seed, 32);
		assert_memory_equal(secret + 32, key, 32);
		ed25519_sign(secret, message, n, made);
		assert_memory_equal(made, signature, 64);
		assert_true(ed25519_verify(key, message, n, signature));
		for (u32 bit = 0; bit < 512; bit++) {
			made[bit / 8] ^= (u8)(1 << bit % 8);
			assert_false(ed25519_verify(key, message, n, made));
			made[bit / 8] ^= (u8)(1 << bit % 8);
		}
	}
	/* A key of small order signs everything. */
	memset(key, 0, sizeof(key));
	key[0] = 1;
	memset(signature, 0, sizeof(signature));
	signature[0] = 1;
	assert_false(ed25519_verify(key, "x", 1, signature));
}

static void requests(void **state)
{
	struct notary_applicant a;
	u8 data[NOTARY_INPUT_MAX];

	(void)state;
	assert_true(notary_parse_csr(csr, sizeof(csr), &a));
	assert_int_equal(a.name_size, 29);
	assert_memory_equal(a.name, csr + 8, 29);
	assert_memory_equal(a.key, csr + 49, 32);
	memcpy(data, csr, sizeof(csr));
	for (u32 bit = 0; bit < 8 * sizeof(csr); bit++) {
		data[bit / 8] ^= (u8)(1 << bit % 8);
		assert_false(notary_parse_csr(data, sizeof(csr), &a));
		data[bit / 8] ^= (u8)(1 << bit % 8);
	}
	for (size_t n = 0; n < sizeof(csr); n++) {
		u8 *exact = malloc(n + !n);

		memcpy(exact, csr, n);
		assert_false(notary_parse_csr(exact, n, &a));
		free(exact);
	}
	assert_false(notary_parse_csr(data, sizeof(csr) + 1, &a));
}

/* The signature is good, and what it is for is no request that we take: the parser alone refuses it. */
static void signed_nonsense(void **state)
{
	u8 data[sizeof(csr)], secret[64], seed[32], was;
	struct notary_applicant a;
	u32 taken = 0;

	(void)state;
	from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed, 32);
	ed25519_key(seed, secret);
	memcpy(data, csr, sizeof(csr));
	for (u32 at = 3; at < 83; at++) {
		was = data[at];
		for (u32 value = 0; value < 256; value += 15) {
			if (value == was)
				continue;
			data[at] = (u8)value;
			ed25519_sign(secret, data + 3, 80, data + sizeof(data) - 64);
			if (!notary_parse_csr(data, sizeof(data), &a))
				continue;
			/* The attribute's type, and its string with the tag: they mean nothing to us. */
			assert_true((at >= 16 && at <= 19) || (at >= 21 && at <= 36));
			taken++;
		}
		data[at] = was;
	}
	assert_true(taken > 0);
}

/* --- through the gate --- */

static u8 *memory(u64 gpa)
{
	return (u8 *)rig_word(t.image) + (gpa - RAM);
}

static void begin(void)
{
	tvm_start();
	memset(memory(RAM), 0x5a, IMAGE_SIZE);
	memcpy(memory(CSR), csr, sizeof(csr));
	w = run(0);
}

static void end(void)
{
	kick();
	tvm_end();
}

static s64 ask(u64 at, u64 size, u64 out, u64 out_size)
{
	struct vcpu *v = (struct vcpu *)rig_word(t.vcpu[0]);
	struct rig_ret r;

	assert_true(TVM_ECALL(&r, SBI_EXT_ATST, ATST_GET_EVIDENCE, at, size, 0, 0, out, out_size));
	if (v->task.on_hart)
		assert_true(rig_task(&r));
	return RESULT;
}

static void certificate(void **state)
{
	u64 size;

	(void)state;
	if (!CONFIG_ATST)
		return;
	begin();
	assert_int_equal(ask(CSR, sizeof(csr), OUT, 2 * PAGE_SIZE), 0);
	size = w->gpr[REG_A1];
	assert_in_range(size, 700, 1200);
	assert_int_equal(memory(OUT)[0], 0x30);
	assert_int_equal(memory(OUT)[2] << 8 | memory(OUT)[3], size - 4);
	assert_int_equal(memory(OUT - 1)[0], 0x5a);
	assert_int_equal(memory(OUT)[size], 0x5a);
	assert_non_null(memmem(memory(OUT), size, csr + 8, 29 + 44));
	for (u32 i = 0; i < 48; i++)
		assert_int_equal(((u8 *)rig_word(t.vcpu[0] + vcpu_register_pages() * PAGE_SIZE))[i], 0);
	assert_null(memmem(memory(RAM), IMAGE_SIZE, identity()->cdi, 16));
	/* Which of its bytes are whose is for tests/attest/system.py; here, that the request's key is in it and signs nothing. */
	assert_int_equal(ask(CSR, sizeof(csr), OUT, size - 1), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ask(CSR, sizeof(csr), OUT, size), 0);
	end();
}

static void refusals(void **state)
{
	(void)state;
	if (!CONFIG_ATST)
		return;
	begin();
	assert_int_equal(ask(CSR, 0, OUT, PAGE_SIZE), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ask(CSR, NOTARY_INPUT_MAX + 1, OUT, PAGE_SIZE), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ask(CSR, 1ULL << 32, OUT, PAGE_SIZE), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ask(CSR, sizeof(csr), OUT, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(ask(HOLE, sizeof(csr), OUT, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ask(CSR, sizeof(csr), HOLE, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ask(CSR, sizeof(csr), ~0ULL, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ask(CSR, sizeof(csr), OUT, ~0ULL), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(ask(CSR, sizeof(csr) - 1, OUT, PAGE_SIZE), SBI_ERR_INVALID_PARAM);
	memory(CSR)[60] ^= 1;
	assert_int_equal(ask(CSR, sizeof(csr), OUT, PAGE_SIZE), SBI_ERR_INVALID_PARAM);
	assert_int_equal(memory(OUT)[0], 0x5a);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("Ed25519 gives RFC 8032's answers, and no changed signature verifies", known_answers),
		SENTENCE("a request that is cut off, longer or has one bit changed is refused", requests),
		SENTENCE("a good signature does not make a request of what is none", signed_nonsense),
		SENTENCE("atst: get_evidence gives a certificate with the request's subject and key", certificate),
		SENTENCE("atst: get_evidence refuses bad sizes, addresses and requests", refusals),
	};

	return cmocka_run_group_tests_name("salus", tests, rig_setup, NULL);
}
