/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COVG get_evidence: what a TVM gets, and what it is refused. What it gets goes to the console in
 * hex, for tests/attest to verify. Group: evidence.
 */
#include "tests.h"

#include "cove/attest.h"
#include "cove/claims.h"

#define KEY		TVM_FRESH_GPA
#define CHALLENGE	(KEY + PAGE_SIZE)
#define OUT		(KEY + 2 * PAGE_SIZE)
#define OUT_SIZE	(2 * PAGE_SIZE)
#define MISSING		(TVM_FRESH_GPA + 8 * PAGE_SIZE)
#define GPA_END		BIT(41)

static struct tvm vm;
static u8 got[OUT_SIZE], again[OUT_SIZE];

/* A public key on P-384: RFC 6979, A.2.6 */
static const u8 cose_key[] = {
	0xa4, 0x01, 0x02, 0x20, 0x02, 0x21, 0x58, 0x30,
	0xec, 0x3a, 0x4e, 0x41, 0x5b, 0x4e, 0x19, 0xa4, 0x56, 0x86, 0x18, 0x02, 0x9f, 0x42, 0x7f, 0xa5,
	0xda, 0x9a, 0x8b, 0xc4, 0xae, 0x92, 0xe0, 0x2e, 0x06, 0xaa, 0xe5, 0x28, 0x6b, 0x30, 0x0c, 0x64,
	0xde, 0xf8, 0xf0, 0xea, 0x90, 0x55, 0x86, 0x60, 0x64, 0xa2, 0x54, 0x51, 0x54, 0x80, 0xbc, 0x13,
	0x22, 0x58, 0x30,
	0x80, 0x15, 0xd9, 0xb7, 0x2d, 0x7d, 0x57, 0x24, 0x4e, 0xa8, 0xef, 0x9a, 0xc0, 0xc6, 0x21, 0x89,
	0x67, 0x08, 0xa5, 0x93, 0x67, 0xf9, 0xdf, 0xb9, 0xf5, 0x4c, 0xa8, 0x4b, 0x3f, 0x1c, 0x9d, 0xb1,
	0x28, 0x8b, 0x23, 0x1c, 0x3a, 0xe0, 0xd4, 0xfe, 0x73, 0x44, 0xfd, 0x25, 0x33, 0x26, 0x47, 0x20,
};

static void get(u64 gpa, void *to, u64 size)
{
	for (u64 i = 0; i < size; i += 8) {
		u64 word = tvm_peek(&vm, 0, gpa + i);

		memcpy((u8 *)to + i, &word, MIN(8, size - i));
	}
}

static void put(u64 gpa, const void *from, u64 size)
{
	for (u64 i = 0; i < size; i += 8) {
		u64 word = 0;

		memcpy(&word, (const u8 *)from + i, MIN(8, size - i));
		tvm_poke(&vm, 0, gpa + i, word);
	}
}

/* 64 bytes that @seed decides. */
static void put_challenge(u8 seed)
{
	u8 challenge[COVE_CHALLENGE_SIZE];

	for (u32 i = 0; i < sizeof(challenge); i++)
		challenge[i] = (u8)(seed + i);
	put(CHALLENGE, challenge, sizeof(challenge));
}

static bool begin(void)
{
	bool good = tvm_build(&vm);

	for (u32 i = 0; i < 4; i++)
		good = good && tvm_add_zero(&vm, KEY + i * PAGE_SIZE);
	if (!ok(good && tvm_sync(&vm, 0), "a TVM runs"))
		return false;
	put(KEY, cose_key, sizeof(cose_key));
	put_challenge(0);
	return true;
}

static void end(void)
{
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

static struct sbiret evidence(u64 key, u64 key_size, u64 challenge, u64 format, u64 out, u64 out_size)
{
	const u64 args[] = { key, key_size, challenge, format, out, out_size };

	return tvm_ecall_args(&vm, 0, SBI_EXT_COVG, COVG_GET_EVIDENCE, args);
}

/* Evidence of that format; its size, 0 when there is none. */
static u64 fetch(u64 format, u8 *to)
{
	struct sbiret r = evidence(KEY, sizeof(cose_key), CHALLENGE, format, OUT, OUT_SIZE);

	if (!sbi_ok(r, "GET_EVIDENCE in format %lu answers", format) ||
	    !ok(r.value > 1000 && r.value <= (s64)OUT_SIZE, "its value is a size"))
		return 0;
	get(OUT, to, (u64)r.value);
	return (u64)r.value;
}

/* Lines of "evidence NAME hex". */
static void show(const char *name, const u8 *data, u64 size)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * 48 + 1];

	for (u64 at = 0; at < size; at += 48) {
		u64 n = MIN(48, size - at);

		for (u64 i = 0; i < n; i++) {
			text[2 * i] = digits[data[at + i] >> 4];
			text[2 * i + 1] = digits[data[at + i] & 15];
		}
		text[2 * n] = 0;
		note("evidence %s %s", name, text);
	}
}

static void show_registers(void)
{
	u8 mr[SHA384_SIZE];

	for (u32 i = 0; i < COVE_MR_COUNT; i++) {
		sbi_ok(tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_READ_MEASUREMENT, OUT, PAGE_SIZE, i),
		       "register %u can be read", i);
		get(OUT, mr, sizeof(mr));
		show("registers", mr, sizeof(mr));
	}
}

static bool contains(const u8 *data, u64 size, const void *what, u64 n)
{
	for (u64 i = 0; i + n <= size; i++)
		if (!memcmp(data + i, what, n))
			return true;
	return false;
}

static void both_formats(void)
{
	u8 challenge[COVE_CHALLENGE_SIZE];
	u64 size, size_again;

	if (!begin())
		return;
	show_registers();
	size = fetch(COVE_CERT_CBOR, got);
	show("cbor", got, size);
	get(CHALLENGE, challenge, sizeof(challenge));
	ok(contains(got, size, challenge, sizeof(challenge)), "the challenge appears in it");
	ok(contains(got, size, cose_key, sizeof(cose_key)), "the TVM's key appears in it");
	size_again = fetch(COVE_CERT_CBOR, again);
	ok(size == size_again && !memcmp(got, again, size), "the same question has the same answer");
	put_challenge(77);
	size_again = fetch(COVE_CERT_CBOR, again);
	ok(size == size_again && memcmp(got, again, size), "another challenge has another");
	show("cbor77", again, size_again);
	size = fetch(COVE_CERT_X509, got);
	show("x509", got, size);
	end();
}

/* GET_EVIDENCE in RUNs of a millisecond each. How many there were; 0: it did not end as it should. */
static u32 fetch_in_parts(void)
{
	const u64 in[] = { KEY, sizeof(cose_key), CHALLENGE, COVE_CERT_CBOR, OUT, OUT_SIZE, COVG_GET_EVIDENCE, SBI_EXT_COVG };
	static const u32 code[] = { INSN_ECALL };
	struct exit e;
	u32 runs = 0;

	tvm_code(&vm, 0, code, 1);
	for (u32 i = 0; i < ARRAY_SIZE(in); i++)
		tvm_set(&vm, 0, 10 + i, in[i]);
	if (!tvm_command_begin(&vm, 0, OP_EXEC, 0, 0))
		return 0;
	csr_write(sie, BIT(IRQ_STI));
	do {
		csr_write(0x14d, now() + ticks_per_second / 1000);
		vcpu_run(&vm, 0, &e);
		runs++;
	} while (!e.error && e.scause == (CAUSE_IRQ | IRQ_STI) && runs < 1000000);
	csr_write(sie, 0);
	csr_write(0x14d, ~0ULL);
	return tvm_result(&vm, 0, &e) == CAUSE_BREAK ? runs : 0;
}

/*
 * The program that signs runs between two instructions of the vCPU, in several RUNs: host and TVM find their own FP and vector
 * state afterwards (rt/fpv.h).
 */
static void fp_and_vectors(void)
{
	u64 units = (machine.has_d ? FPV_F | FPV_F_CSR : 0) | (machine.has_v ? FPV_V | FPV_V_CSR : 0);
	const u64 tvm = 0x1111222233330000, host = 0x4444555566660000, csrs = 0x6dULL << FPV_CSRS_SHIFT;
	struct exit e;
	u32 runs;

	if (!begin())
		return;
	tvm_command(&vm, 0, OP_FPV_PUT, tvm, units | FPV_STATUS, &e);
	tvm_result(&vm, 0, &e);
	csr_set(sstatus, FPV_STATUS);
	fpv_put(host, units | FPV_STATUS | csrs);
	runs = fetch_in_parts();
	eq(fpv_check(host, units | csrs), 0, "the host finds its FP and vector state");
	csr_clear(sstatus, FPV_STATUS);
	ok(runs > 2, "GET_EVIDENCE answers, after the host's timer came in between");
	eq(tvm_get(&vm, 0, 10), 0, "without an error");
	tvm_command(&vm, 0, OP_FPV_CHECK, tvm, units, &e);
	eq(tvm_result(&vm, 0, &e), 0, "the TVM finds its own");
	end();
}

static void refused(void)
{
	static const u64 bad_address[] = { 8, KEY + 8, KEY + 2048, GPA_END, ~0ULL << 12 };
	static const u64 not_confidential[] = { TVM_HOLE_GPA, GPA_END - PAGE_SIZE };
	static const u64 formats[] = { 0, 3, 4, BIT(32) | 1, ~0ULL };
	const u64 n = sizeof(cose_key);
	u8 before[8], after[8];

	if (!begin())
		return;
	get(OUT, before, sizeof(before));
	for (u32 i = 0; i < ARRAY_SIZE(bad_address); i++) {
		u64 at = bad_address[i];

		sbi_err(evidence(at, n, CHALLENGE, 1, OUT, OUT_SIZE), SBI_ERR_INVALID_ADDRESS, "a key at %lx is refused", at);
		sbi_err(evidence(KEY, n, at, 1, OUT, OUT_SIZE), SBI_ERR_INVALID_ADDRESS, "a challenge at %lx is refused", at);
		sbi_err(evidence(KEY, n, CHALLENGE, 1, at, OUT_SIZE), SBI_ERR_INVALID_ADDRESS, "output at %lx is refused", at);
	}
	for (u32 i = 0; i < ARRAY_SIZE(not_confidential); i++) {
		u64 at = not_confidential[i];

		sbi_err(evidence(at, n, CHALLENGE, 1, OUT, OUT_SIZE), SBI_ERR_INVALID_PARAM, "a key at %lx is refused", at);
		sbi_err(evidence(KEY, n, at, 1, OUT, OUT_SIZE), SBI_ERR_INVALID_PARAM, "a challenge at %lx is refused", at);
		sbi_err(evidence(KEY, n, CHALLENGE, 1, at, OUT_SIZE), SBI_ERR_INVALID_PARAM, "output at %lx is refused", at);
	}
	for (u32 i = 0; i < ARRAY_SIZE(formats); i++)
		sbi_err(evidence(KEY, n, CHALLENGE, formats[i], OUT, OUT_SIZE), SBI_ERR_INVALID_PARAM,
			"format %lx is refused", formats[i]);
	sbi_err(evidence(KEY, 0, CHALLENGE, 1, OUT, OUT_SIZE), SBI_ERR_INVALID_PARAM, "a key of no bytes is refused");
	sbi_err(evidence(KEY, 513, CHALLENGE, 1, OUT, OUT_SIZE), SBI_ERR_INVALID_PARAM, "a key of 513 bytes is refused");
	sbi_err(evidence(KEY, ~0ULL, CHALLENGE, 1, OUT, OUT_SIZE), SBI_ERR_INVALID_PARAM, "a key without end is refused");
	sbi_err(evidence(KEY, n - 1, CHALLENGE, 1, OUT, OUT_SIZE), SBI_ERR_INVALID_PARAM, "a key that is cut off is refused");
	sbi_err(evidence(KEY, n + 1, CHALLENGE, 1, OUT, OUT_SIZE), SBI_ERR_INVALID_PARAM, "a byte behind the key is refused");
	sbi_err(evidence(KEY, n, CHALLENGE, 1, OUT, 0), SBI_ERR_INVALID_PARAM, "output of no bytes is refused");
	sbi_err(evidence(KEY, n, CHALLENGE, 1, OUT, ~0ULL), SBI_ERR_INVALID_PARAM, "output without end is refused");
	sbi_err(evidence(KEY, n, CHALLENGE, 1, OUT, 500), SBI_ERR_INVALID_PARAM, "output that is too small is refused");
	get(OUT, after, sizeof(after));
	ok(!memcmp(before, after, sizeof(after)), "the refused calls wrote nothing");
	end();
}

/* By Python's cryptography, with the first key of RFC 8032, 7.1. */
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

/* Salus's interface: a request at any address, whose challenge is not looked at. */
static void salus(void)
{
	static const u8 v3[] = { 0xa0, 3, 2, 1, 2 };
	static const u8 tcb_info[] = { 6, 5, 0x67, 0x81, 5, 5, 4, 1, 1, 0xff };
	const u64 args[] = { KEY + 8, sizeof(csr), CHALLENGE, 0, OUT + 8, OUT_SIZE - 8 };
	struct sbiret r;
	u8 mr[SHA384_SIZE];

	if (!begin())
		return;
	r = tvm_ecall(&vm, 0, SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_ATST, 0, 0);
	if (r.error || !r.value) {
		skip("this TSM is built without it", "Salus's GetEvidence");
		end();
		return;
	}
	put(KEY + 8, csr, sizeof(csr));
	ok(sizeof(csr) <= 4096, "the certificate request fits");
	r = tvm_ecall_args(&vm, 0, SBI_EXT_ATST, ATST_GET_EVIDENCE, args);
	if (!sbi_ok(r, "Salus's GetEvidence answers") || !ok(r.value > 600 && r.value < 1400, "with a certificate's size")) {
		end();
		return;
	}
	get(OUT + 8, got, (u64)r.value);
	show("salus", got, (u64)r.value);
	ok(got[0] == 0x30 && got[1] == 0x82 && (got[2] << 8 | got[3]) == r.value - 4, "it is DER of that size");
	ok(contains(got, 24, v3, sizeof(v3)), "it is X.509 v3");
	ok(contains(got, (u64)r.value, csr + 8, 29 + 44), "subject and key are those of the request");
	ok(contains(got, (u64)r.value, tcb_info, sizeof(tcb_info)), "DiceTcbInfo is in it, critical");
	memcpy(mr, vm.pages_mr, sizeof(mr));
	ok(contains(got, (u64)r.value, mr, sizeof(mr)), "the measurement of the pages is in it");
	ok(contains(got, (u64)r.value, vm.entry_mr, sizeof(mr)), "the measurement of the entry is in it");
	end();
}

static const struct test evidence_tests[] = {
	TEST(both_formats), TEST(fp_and_vectors), TEST(refused), TEST(salus),
};

GROUP(evidence, true, 1);
