/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TVM that proves what it is: reads a challenge (128 hex digits and a newline) from its console,
 * asks the TSM for evidence in both formats and for Salus's certificate, and prints it in lines "evidence NAME hex". The public
 * key in it is a well-known one, that of RFC 6979, A.2.5: nothing depends on who has the other half.
 * Then it asks for the secret that it was started with. It prints the secret's size and checksum, not
 * the secret, and keeps it until its console says one more byte.
 */
#include <sbi.h>
#include <cove/attest.h>
#include <cove/claims.h>
#include <cove/covg.h>

#include "tvm.h"

#define LINE_BYTES	48
#define OUT_SIZE	(2 * TVM_PAGE_SIZE)
#define TICKS_PER_MS	10000
#define POLL_MS		10
#define PATIENCE	6000		/* polls: one minute */

#define page_aligned	__attribute__((aligned(TVM_PAGE_SIZE)))

static char shared[TVM_PAGE_SIZE] page_aligned;		/* where the host puts the input */
static uint8_t challenge[TVM_PAGE_SIZE] page_aligned;
static uint8_t key[TVM_PAGE_SIZE] page_aligned;
static uint8_t evidence[OUT_SIZE] page_aligned;

/* A PKCS #10 request, signed by the first key of RFC 8032, 7.1. */
static const uint8_t csr[] = {
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

static const uint8_t cose_key[] = {
	0xa4, 0x01, 0x02, 0x20, 0x01, 0x21, 0x58, 0x20, /* EC2, P-256, x */
	0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35, 0x6d, 0x68,
	0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6,
	0x22, 0x58, 0x20, /* y */
	0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64,
	0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99,
};

static uint8_t secret[TVM_PAGE_SIZE] page_aligned;

/* The next byte that was typed; negative: none came. */
static int get(void)
{
	for (unsigned int i = 0; i < PATIENCE; i++) {
		struct sbiret ret = tvm_sbi(SBI_EXT_DBCN, SBI_DBCN_READ, 1, (unsigned long)shared, 0);

		if (ret.error)
			return -1;
		if (ret.value == 1)
			return *(volatile char *)shared;
		tvm_sleep(POLL_MS * TICKS_PER_MS);
	}
	return -1;
}

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_challenge(void)
{
	for (unsigned int i = 0; i < 2 * COVE_CHALLENGE_SIZE; i++) {
		int digit = hex_digit(get());

		if (digit < 0)
			return false;
		challenge[i / 2] = (uint8_t)(challenge[i / 2] << 4 | digit);
	}
	return get() == '\n';
}

static bool print_answer(const char *name, struct sbiret ret)
{
	size_t at, size = (size_t)ret.value;

	if (ret.error || size > sizeof(evidence)) {
		tvm_puts("attest: the TSM gives no evidence\n");
		return false;
	}
	for (at = 0; at < size; at += LINE_BYTES) {
		tvm_puts("evidence ");
		tvm_puts(name);
		tvm_puts(" ");
		tvm_put_bytes(evidence + at, size - at < LINE_BYTES ? size - at : LINE_BYTES);
		tvm_puts("\n");
	}
	return true;
}

static bool print_evidence(const char *name, unsigned int format)
{
	return print_answer(name, tvm_ecall((unsigned long)key, sizeof(cose_key), (unsigned long)challenge, format,
					    (unsigned long)evidence, sizeof(evidence), COVG_GET_EVIDENCE, SBI_EXT_COVG));
}

/* Where the TSM offers Salus's interface. */
static bool print_salus(void)
{
	if (tvm_probe(SBI_EXT_ATST) <= 0)
		return true;
	return print_answer("salus", tvm_ecall((unsigned long)csr, sizeof(csr), 0, 0, (unsigned long)evidence, sizeof(evidence),
					       ATST_GET_EVIDENCE, SBI_EXT_ATST));
}

static bool take_secret(void)
{
	struct sbiret ret = tvm_sbi(SBI_EXT_COVG, COVG_RETRIEVE_SECRET, (unsigned long)secret, sizeof(secret), 0);
	uint64_t sum = 0xcbf29ce484222325;		/* FNV-1a */

	if (ret.error) {
		tvm_puts(ret.error == SBI_ERR_DENIED ? "secret: none for this TVM\n" : "secret: an error\n");
		return ret.error == SBI_ERR_DENIED;
	}
	for (long i = 0; i < ret.value; i++)
		sum = (sum ^ secret[i]) * 0x100000001b3;
	tvm_puts("secret: bytes ");
	tvm_put_dec((uint64_t)ret.value);
	tvm_puts(", sum ");
	tvm_put_hex(sum);
	tvm_puts("\n");
	(void)get();
	return true;
}

bool tvm_main(unsigned long vcpu, unsigned long arg)
{
	size_t i;

	(void)vcpu;
	(void)arg;
	for (i = 0; i < sizeof(cose_key); i++)
		key[i] = cose_key[i];
	if (tvm_sbi(SBI_EXT_COVG, COVG_SHARE_MEMORY, (unsigned long)shared, sizeof(shared), 0).error) {
		tvm_puts("attest: no page can be shared\n");
		return false;
	}
	tvm_puts("attest: challenge?\n");
	if (!read_challenge()) {
		tvm_puts("attest: that is no challenge of 64 bytes\n");
		return false;
	}
	return print_evidence("cbor", COVE_CERT_CBOR) && print_evidence("x509", COVE_CERT_X509) && print_salus() &&
	       take_secret();
}
