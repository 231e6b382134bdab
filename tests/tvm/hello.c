/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first TVM: greets, prints the measurements that the TSM took of it, touches memory that was
 * not there yet, and powers off. cove-run reads the lines "measurement N: ..." and compares them
 * with what it computed from the file.
 */
#include <sbi.h>
#include <cove/covg.h>

#include "tvm.h"

#define TOUCHED_PAGES	16

static uint8_t digest[TVM_PAGE_SIZE] __attribute__((aligned(TVM_PAGE_SIZE)));

static bool print_measurement(unsigned int reg)
{
	struct sbiret ret = tvm_sbi(SBI_EXT_COVG, COVG_READ_MEASUREMENT, (unsigned long)digest,
				    sizeof(digest), reg);

	if (ret.error || ret.value != COVE_MR_SIZE) {
		tvm_puts("hello: the TSM does not tell measurement ");
		tvm_put_dec(reg);
		tvm_puts("\n");
		return false;
	}
	tvm_puts("measurement ");
	tvm_put_dec(reg);
	tvm_puts(": ");
	tvm_put_bytes(digest, COVE_MR_SIZE);
	tvm_puts("\n");
	return true;
}

/*
 * Each first access faults in the TSM, and the host gives a page. It must be zero, and keep what is
 * written.
 */
static bool touch(void)
{
	volatile uint64_t *word = (volatile uint64_t *)tvm_image_end;
	const size_t step = TVM_PAGE_SIZE / sizeof(*word);
	size_t i;

	for (i = 0; i < TOUCHED_PAGES; i++) {
		if (word[i * step] || word[i * step + step - 1])
			return false;
		word[i * step] = i + 1;
	}
	for (i = 0; i < TOUCHED_PAGES; i++)
		if (word[i * step] != i + 1)
			return false;
	return true;
}

bool tvm_main(unsigned long vcpu, unsigned long arg)
{
	bool ok;

	tvm_puts("Hello from a confidential VM: vCPU ");
	tvm_put_dec(vcpu);
	tvm_puts(", boot argument ");
	tvm_put_hex(arg);
	tvm_puts("\n");
	if (tvm_probe(SBI_EXT_COVG) <= 0) {
		tvm_puts("hello: no COVG: this is not a confidential VM\n");
		return false;
	}
	ok = print_measurement(COVE_MR_TVM_PAGES);
	ok = print_measurement(COVE_MR_TVM_ENTRY) && ok;
	ok = print_measurement(COVE_MR_TVM_CONFIG) && ok;
	if (!touch()) {
		tvm_puts("hello: new memory is not zero, or does not keep what is written\n");
		return false;
	}
	tvm_puts("hello: touched ");
	tvm_put_dec(TOUCHED_PAGES);
	tvm_puts(" new pages, all zero before\nhello: bye\n");
	return ok;
}
