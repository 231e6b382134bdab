/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TVM that proves what it is: reads a challenge (128 hex digits and a newline) from its console,
 * asks the TSM for evidence in both formats, and prints it in lines "evidence NAME hex". The public
 * key in it is a well-known one, that of RFC 6979, A.2.5: nothing depends on who has the other half.
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

static const uint8_t cose_key[] = {
	0xa4, 0x01, 0x02, 0x20, 0x01, 0x21, 0x58, 0x20, /* EC2, P-256, x */
	0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35, 0x6d, 0x68,
	0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6,
	0x22, 0x58, 0x20, /* y */
	0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64,
	0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99,
};

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

static bool print_evidence(const char *name, unsigned int format)
{
	struct sbiret ret = tvm_ecall((unsigned long)key, sizeof(cose_key), (unsigned long)challenge,
				      format, (unsigned long)evidence, sizeof(evidence),
				      COVG_GET_EVIDENCE, SBI_EXT_COVG);
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
	return print_evidence("cbor", COVE_CERT_CBOR) && print_evidence("x509", COVE_CERT_X509);
}
