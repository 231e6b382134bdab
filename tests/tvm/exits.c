/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TVM that leaves for the host in the ways that hello does not: MMIO of each width, WFI until a
 * timer, vCPUs that start and stop. It prints what it found, one line a check, and reports a
 * failure if any was wrong. Its VMM answers loads from nowhere with all ones (cove-run does) and
 * has as many vCPUs as it likes.
 */
#include <sbi.h>
#include <cove/covg.h>

#include "tvm.h"

#define NOWHERE		0x10000000UL	/* below RAM: no device there */
#define SLEEP_TICKS	100000		/* 10 ms at QEMU's 10 MHz */

#define SHARED_PAGES	32

static unsigned long came[TVM_MAX_VCPUS];

static bool check(bool ok, const char *what)
{
	tvm_puts(ok ? "ok: " : "not ok: ");
	tvm_puts(what);
	tvm_puts("\n");
	return ok;
}

static bool mmio_loads(void)
{
	const uintptr_t at = NOWHERE;

	return *(volatile uint8_t *)at == UINT8_MAX && *(volatile uint16_t *)at == UINT16_MAX &&
	       *(volatile uint32_t *)at == UINT32_MAX && *(volatile uint64_t *)at == UINT64_MAX &&
	       *(volatile int8_t *)at == -1 && *(volatile int16_t *)at == -1 &&
	       *(volatile int32_t *)at == -1;
}

static void mmio_stores(void)
{
	const uintptr_t at = NOWHERE;

	*(volatile uint8_t *)at = 0x11;
	*(volatile uint16_t *)at = 0x2222;
	*(volatile uint32_t *)at = 0x33333333;
	*(volatile uint64_t *)at = 0x4444444444444444;
}

static bool sleeps(void)
{
	uint64_t before = tvm_time();

	tvm_sleep(SLEEP_TICKS);
	return tvm_time() - before >= SLEEP_TICKS;
}

static void other(unsigned long id, unsigned long arg)
{
	__atomic_store_n(&came[id], arg, __ATOMIC_RELEASE);
}

/* Starts a vCPU, waits until it came and has stopped again. False after about ten seconds. */
static bool start_and_stop(unsigned long id, unsigned long arg)
{
	unsigned int tries = 1000;

	if (tvm_start_vcpu(id, other, arg))
		return false;
	while (tries-- && (__atomic_load_n(&came[id], __ATOMIC_ACQUIRE) != arg ||
			   tvm_vcpu_status(id) != SBI_HSM_STOPPED))
		tvm_sleep(SLEEP_TICKS);
	return tries != (unsigned int)-1;
}

/* All vCPUs touch the same new pages at once: each adds its bit to each page. */
static void touch_all(unsigned long id, unsigned long unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < SHARED_PAGES; i++)
		__atomic_fetch_or((uint64_t *)(tvm_image_end + i * TVM_PAGE_SIZE), 1UL << id,
				  __ATOMIC_RELAXED);
}

static bool same_pages(unsigned long vcpus)
{
	const uint64_t all = (1UL << vcpus) - 1;
	unsigned int tries = 1000;
	unsigned long id;
	size_t i;

	for (id = 1; id < vcpus; id++)
		if (tvm_start_vcpu(id, touch_all, 0))
			return false;
	touch_all(0, 0);
	for (id = 1; id < vcpus; id++)
		while (tries && tvm_vcpu_status(id) != SBI_HSM_STOPPED) {
			tvm_sleep(SLEEP_TICKS);
			tries--;
		}
	for (i = 0; i < SHARED_PAGES; i++)
		if (*(volatile uint64_t *)(tvm_image_end + i * TVM_PAGE_SIZE) != all)
			return false;
	return true;
}

bool tvm_main(unsigned long vcpu, unsigned long arg)
{
	unsigned long id;
	bool ok;

	(void)arg;
	ok = check(vcpu == 0, "the boot vCPU is number 0");
	ok &= check(!tvm_sbi(SBI_EXT_COVG, COVG_ADD_MMIO_REGION, NOWHERE, TVM_PAGE_SIZE, 0).error,
		    "the TVM declares an MMIO region");
	ok &= check(mmio_loads(), "loads of 1 to 8 bytes from no device give ones, extended");
	mmio_stores();
	ok &= check(true, "stores of 1 to 8 bytes to no device return");
	ok &= check(sleeps(), "WFI with a timer returns when the time has come");
	for (id = 1; id < TVM_MAX_VCPUS && tvm_vcpu_status(id) == SBI_HSM_STOPPED; id++) {
		ok &= check(start_and_stop(id, id + 1), "another vCPU starts, runs and stops");
		ok &= check(start_and_stop(id, id + 100), "it does so again");
	}
	ok &= check(same_pages(id), "all vCPUs touch the same new pages at once, and none is lost");
	ok &= check(same_pages(id), "all vCPUs touch the same new pages at once, and none is lost");
	return ok;
}
