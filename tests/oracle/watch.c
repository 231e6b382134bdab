/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "abi/abi.h"
#include "check/check.h"
#include "host/space.h"
#include "oracle/refused.h"
#include "rv_arch.h"
#include "unit/rig.h"

bool watch_on = true, watch_compare = true, watch_only_check;
u64 watch_calls, watch_refused;

/* The monitor's own variables: the build puts those of tsm/ into sections of these names. */
extern char __start_tsm_bss[], __stop_tsm_bss[];
extern char __start_tsm_data[] __attribute__((weak)), __stop_tsm_data[] __attribute__((weak));
extern char __gcov_init[] __attribute__((weak));

struct world *__real_abi_host_ecall(struct world *w);
struct world *__real_abi_tvm_ecall(struct hart *h);
struct world *__real_abi_tvm_exception(struct hart *h, u64 scause, u64 stval);
struct world *__real_abi_tvm_interrupt(struct hart *h, u64 scause);
void __real_page_bank_add(const struct page_bank *bank, enum page_state state);
void __real_host_space_init(spa_t root, spa_t pool, u64 pool_pages);
void __wrap_page_bank_add(const struct page_bank *bank, enum page_state state);
void __wrap_host_space_init(spa_t root, spa_t pool, u64 pool_pages);
struct world *__wrap_abi_host_ecall(struct world *w);
struct world *__wrap_abi_tvm_ecall(struct hart *h);
struct world *__wrap_abi_tvm_exception(struct hart *h, u64 scause, u64 stval);
struct world *__wrap_abi_tvm_interrupt(struct hart *h, u64 scause);

/* The tests of the seeded faults look for this status and for the sentence. */
void __noreturn check_violation(const char *what, u64 where, u64 detail)
{
	fprintf(stderr, "ORACLE: it is not so that %s (%llx, %llx)\n", what, (unsigned long long)where,
		(unsigned long long)detail);
	fflush(stderr);
	if (getenv("ORACLE_STATUS"))
		_exit(atoi(getenv("ORACLE_STATUS")));
	abort();
}

void __wrap_page_bank_add(const struct page_bank *bank, enum page_state state)
{
	check_add_bank(bank);
	__real_page_bank_add(bank, state);
}

void __wrap_host_space_init(spa_t root, spa_t pool, u64 pool_pages)
{
	check_set_root(root.v);
	check_zero_budget(16);
	tlb_start();
	__real_host_space_init(root, pool, pool_pages);
}

/* Variables have red zones between them, which only the sanitizer may not read over. */
__attribute__((no_sanitize("address")))
static u64 hash_variables(const char *p, const char *end, u64 h)
{
	const char *cache = (const char *)&host_epoch.passed;

	for (; p + 8 <= end; p += 8) {
		u64 x = *(const u64 *)p;

		h = (h ^ (p == cache ? 0 : x)) * 0x9fb21c651e98df25ULL;
		h ^= h >> 29;
	}
	return h;
}

/* The hart's registers, but for vscause and vstval: a refused RUN says so there too (ABI.md 17.2). */
static u64 hash_csrs(u64 h)
{
	for (u32 i = 0; i < ARRAY_SIZE(rv_cpu->csr); i++)
		if (rv_cpu->csr[i] && i != CSR_VSCAUSE && i != CSR_VSTVAL)
			h = (h ^ rv_cpu->csr[i] ^ (u64)i << 50) * 0x9fb21c651e98df25ULL;
	return h;
}

u64 watch_hash(const struct world *caller)
{
	u64 h = check_hash(caller);

	/* A build that measures coverage counts in variables of the monitor's files. */
	if (!__gcov_init) {
		h = hash_variables(__start_tsm_bss, __stop_tsm_bss, h);
		h = hash_variables(__start_tsm_data, __stop_tsm_data, h);
	}
	return hash_csrs(h);
}

void watch_all(void)
{
	check_all();
	if (watch_only_check)
		return;
	shadow_step();
	tlb_step();
}

static struct watched watch_begin(const struct world *caller)
{
	return watched_begin(caller, watch_on && watch_compare);
}

static void watch_end(const struct watched *x, const struct world *next)
{
	if (!watch_on)
		return;
	watch_calls++;
	watch_refused += watched_refused(x, next);
	watch_all();
}

struct world *__wrap_abi_host_ecall(struct world *w)
{
	struct watched x = watch_begin(w);
	struct world *next = __real_abi_host_ecall(w);

	if (!next)
		next = abi_host_run_over(this_hart());
	watch_end(&x, next);
	return next;
}

struct world *__wrap_abi_tvm_ecall(struct hart *h)
{
	struct watched x = watch_begin(&h->vcpu->world);
	struct world *next = __real_abi_tvm_ecall(h);

	watch_end(&x, next);
	return next;
}

static struct world *watch_trap(struct world *next)
{
	if (watch_on) {
		watch_calls++;
		watch_all();
	}
	return next;
}

struct world *__wrap_abi_tvm_exception(struct hart *h, u64 scause, u64 stval)
{
	return watch_trap(__real_abi_tvm_exception(h, scause, stval));
}

struct world *__wrap_abi_tvm_interrupt(struct hart *h, u64 scause)
{
	return watch_trap(__real_abi_tvm_interrupt(h, scause));
}
