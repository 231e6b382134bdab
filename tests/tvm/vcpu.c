/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs by SBI HSM, power by SRST, time by Sstc. */
#include <sbi.h>

#include "tvm.h"

#define SIE_STIE	(1UL << 5)

struct start {
	void (*fn)(unsigned long id, unsigned long arg);
	unsigned long arg;
};

extern char tvm_secondary[];
void tvm_stop_vcpu(void) __attribute__((noreturn));
void tvm_unexpected_trap(unsigned long cause, unsigned long pc, unsigned long value)
	__attribute__((noreturn));

static char stacks[TVM_MAX_VCPUS][TVM_STACK_SIZE] __attribute__((aligned(16)));

long tvm_probe(unsigned long eid)
{
	struct sbiret ret = tvm_sbi(SBI_EXT_BASE, SBI_BASE_PROBE, eid, 0, 0);

	return ret.error ? 0 : ret.value;
}

long tvm_start_vcpu(unsigned long id, void (*fn)(unsigned long, unsigned long), unsigned long arg)
{
	struct sbiret ret;
	struct start *start;

	if (id >= TVM_MAX_VCPUS)
		return SBI_ERR_INVALID_PARAM;
	start = (struct start *)&stacks[id][TVM_STACK_SIZE - sizeof(*start)];
	start->fn = fn;
	start->arg = arg;
	__asm__ volatile("fence rw, rw" ::: "memory");
	ret = tvm_sbi(SBI_EXT_HSM, SBI_HSM_START, id, (unsigned long)tvm_secondary,
		      (unsigned long)start);
	return ret.error;
}

long tvm_vcpu_status(unsigned long id)
{
	struct sbiret ret = tvm_sbi(SBI_EXT_HSM, SBI_HSM_STATUS, id, 0, 0);

	return ret.error ? ret.error : ret.value;
}

void tvm_stop_vcpu(void)
{
	(void)tvm_sbi(SBI_EXT_HSM, SBI_HSM_STOP, 0, 0, 0);
	for (;;)
		__asm__ volatile("wfi");
}

void tvm_power_off(bool ok)
{
	(void)tvm_sbi(SBI_EXT_SRST, SBI_SRST_RESET, SBI_SRST_TYPE_SHUTDOWN,
		      ok ? SBI_SRST_REASON_NONE : SBI_SRST_REASON_FAILURE, 0);
	for (;;)
		__asm__ volatile("wfi");
}

void tvm_unexpected_trap(unsigned long cause, unsigned long pc, unsigned long value)
{
	tvm_puts("\nTVM: unexpected trap: scause ");
	tvm_put_hex(cause);
	tvm_puts(", sepc ");
	tvm_put_hex(pc);
	tvm_puts(", stval ");
	tvm_put_hex(value);
	tvm_puts("\n");
	tvm_power_off(false);
}

uint64_t tvm_time(void)
{
	uint64_t now;

	__asm__ volatile("rdtime %0" : "=r"(now));
	return now;
}

void tvm_sleep(uint64_t ticks)
{
	uint64_t until = tvm_time() + ticks;

	__asm__ volatile("csrw 0x14d, %0" :: "r"(until));	/* stimecmp */
	__asm__ volatile("csrs sie, %0" :: "r"(SIE_STIE));
	while (tvm_time() < until)
		__asm__ volatile("wfi" ::: "memory");
	__asm__ volatile("csrc sie, %0" :: "r"(SIE_STIE));
	__asm__ volatile("csrw 0x14d, %0" :: "r"(~0UL));
}
