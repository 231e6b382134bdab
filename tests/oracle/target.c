/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The oracle in QEMU: a build of the monitor for the conformance suite in which every trap from VS mode goes through here (the
 * linker's --wrap), and tsm/check/ looks after it. No file of the monitor knows of it.
 *
 * It looks at a quiescent moment: no hart is at work in the monitor but the one that looks. A hart that has served a trap looks if no
 * other is inside; if one is, it does not wait for it (that one may wait for us), it only counts. Who comes in meanwhile waits
 * for the end of the look, which waits for nobody. With one hart that is after every trap, and refused calls are compared too.
 *
 * Outside of a trap, or waiting within one, a hart changes nothing that the oracle reads, but for two: HSM stop, which is outside from
 * the moment that it has left the host's address space, and a start, which enters it.
 */
#include <sbi.h>

#include "abi/abi.h"
#include "base/fmt.h"
#include "host/hart.h"
#include "host/space.h"
#include "oracle/refused.h"
#include "oracle/seeds.h"
#include "platform.h"
#include "rv_arch.h"
#include "trap/trap.h"

#define LOOKING	BIT(31)		/* in inside: somebody looks */

/* Written into the image by who wants a seeded fault (run.py). */
__attribute__((used)) static const u32 oracle_plant = SEED_NONE;

/* The monitor's own variables (oracle.ld): all that is in .bss but the oracle's. */
extern char oracle_vars_start[], oracle_vars_end[];

static u32 inside;		/* harts in the monitor, and LOOKING */
static u64 traps, looks, compared;

/* Where a hart is, as the oracle sees it. */
static enum { OUTSIDE, INSIDE, STOPPED } place[MAX_HARTS];

#define WRAP(ret, name, ...)	ret __real_##name(__VA_ARGS__); ret __wrap_##name(__VA_ARGS__)
WRAP(struct world *, abi_host_ecall, struct world *w);
WRAP(struct world *, abi_tvm_ecall, struct hart *h);
WRAP(struct world *, abi_tvm_exception, struct hart *h, u64 scause, u64 stval);
WRAP(struct world *, trap_handle, struct world *w, u64 scause, u64 stval);
WRAP(void, page_bank_add, const struct page_bank *bank, enum page_state state);
WRAP(void, host_space_init, spa_t root, spa_t pool, u64 pool_pages);
WRAP(void, host_space_enter, void);
WRAP(void, host_space_leave, void);

static void say(const char *f, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *f, ...)
{
	char line[256];
	va_list args;
	size_t n;

	va_start(args, f);
	n = fmt_v(line, sizeof(line), f, args);
	va_end(args);
	platform_console_write(line, n);
}

/* A line that tap-run takes as the end of the run. */
void __noreturn check_violation(const char *what, u64 where, u64 detail)
{
	say("\nBail out! oracle: it is not so that %s (%lx, %lx), after %lu traps\n", what, where, detail, traps);
	platform_fail();
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
	seed_planted = (enum seed)*(const volatile u32 *)&oracle_plant;
	__real_host_space_init(root, pool, pool_pages);
}

static void gate_enter(void)
{
	u32 old;

	for (;;) {
		old = __atomic_load_n(&inside, __ATOMIC_ACQUIRE);
		if (!(old & LOOKING) &&
		    __atomic_compare_exchange_n(&inside, &old, old + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return;
		rv_relax();
	}
}

static void gate_leave(void)
{
	__atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
}

/* The only one inside goes, and nobody comes until gate_open(). */
static bool gate_close(void)
{
	u32 one = 1;

	return __atomic_compare_exchange_n(&inside, &one, LOOKING, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void gate_open(void)
{
	__atomic_store_n(&inside, 0, __ATOMIC_SEQ_CST);
}

void __wrap_host_space_leave(void)
{
	u32 i = this_hart()->index;
	bool stop = place[i] == STOPPED;

	__real_host_space_leave();
	if (stop)
		gate_leave();
}

void __wrap_host_space_enter(void)
{
	u32 i = this_hart()->index;
	bool start = place[i] != INSIDE;

	if (start)
		gate_enter();
	__real_host_space_enter();
	if (place[i] == STOPPED)
		place[i] = INSIDE;
	else if (start)
		gate_leave();
}

#define HASH_CSR(name, number)	hash_mix(&h, csr_read(number));

static void hash_mix(u64 *h, u64 x)
{
	*h = (*h ^ x) * 0x9fb21c651e98df25ULL;
	*h ^= *h >> 29;
}

u64 watch_hash(const struct world *caller)
{
	const u64 *cache = (const u64 *)&host_epoch.passed;
	u64 h = check_hash(caller);

	for (const u64 *p = (const u64 *)oracle_vars_start; p < (const u64 *)oracle_vars_end; p++)
		hash_mix(&h, p == cache ? 0 : *p);
	/* Not those of WORLD_CSRS_TOLD: a refused RUN says so there too (ABI.md 17.2). */
	WORLD_CSRS_SWAPPED(HASH_CSR)
	WORLD_CSRS_CONFIG(HASH_CSR)
	WORLD_CSRS_CONSTANT(HASH_CSR)
	hash_mix(&h, csr_read(CSR_HGATP));
	hash_mix(&h, csr_read(CSR_VSATP));
	hash_mix(&h, csr_read(CSR_HGEIE));
	return h;
}

static void look(void)
{
	traps++;
	if (!gate_close())
		return gate_leave();
	looks++;
	check_all();
	gate_open();
}

static void trap_begin(void)
{
	gate_enter();
	place[this_hart()->index] = INSIDE;
}

static struct world *trap_end(struct world *next)
{
	place[this_hart()->index] = OUTSIDE;
	look();
	return next;
}

static struct watched begin(const struct world *caller)
{
	trap_begin();
	return watched_begin(caller, hart_count == 1);
}

static struct world *end(const struct watched *x, struct world *next)
{
	compared += watched_refused(x, next) && x->compare;
	return trap_end(next);
}

/* The console: it is most of all calls, and leaves nothing but its answer. */
static bool is_console(const struct world *w)
{
	u64 eid = w->gpr[REG_A7];

	return eid == SBI_EXT_DBCN || eid == SBI_EXT_LEGACY_PUTCHAR || eid == SBI_EXT_LEGACY_GETCHAR;
}

static bool is_hsm(const struct world *w, u64 fid)
{
	return w->gpr[REG_A7] == SBI_EXT_HSM && w->gpr[REG_A6] == fid;
}

struct world *__wrap_abi_host_ecall(struct world *w)
{
	struct world *next;
	struct watched x;

	/* A suspended hart waits in the call, outside. */
	if (is_hsm(w, SBI_HSM_SUSPEND))
		return __real_abi_host_ecall(w);
	if (w->gpr[REG_A7] == SBI_EXT_SRST) {
		/* The suite asks for a shutdown at its end, and before for resets that do not exist. */
		if (w->gpr[REG_A6] == SBI_SRST_RESET && w->gpr[REG_A0] == SBI_SRST_TYPE_SHUTDOWN &&
		    w->gpr[REG_A1] <= SBI_SRST_REASON_FAILURE)
			say("# oracle: %lu traps of VS mode, %lu looks, %lu refusals compared\n", traps, looks,
			    compared);
		return __real_abi_host_ecall(w);
	}
	if (is_console(w)) {
		gate_enter();
		w = __real_abi_host_ecall(w);
		gate_leave();
		return w;
	}
	x = begin(w);
	if (is_hsm(w, SBI_HSM_STOP))
		place[this_hart()->index] = STOPPED;
	next = __real_abi_host_ecall(w);
	/* A RUN that is over at once: world.S calls this then. */
	return end(&x, next ? next : abi_host_run_over(this_hart()));
}

struct world *__wrap_abi_tvm_ecall(struct hart *h)
{
	struct watched x = begin(&h->vcpu->world);

	return end(&x, __real_abi_tvm_ecall(h));
}

struct world *__wrap_abi_tvm_exception(struct hart *h, u64 scause, u64 stval)
{
	trap_begin();
	return trap_end(__real_abi_tvm_exception(h, scause, stval));
}

/* Interrupts of the host's: requests of other harts, served without a change to what the oracle reads; one may park the hart. */
struct world *__wrap_trap_handle(struct world *w, u64 scause, u64 stval)
{
	if (scause & CAUSE_IRQ && !this_hart()->vcpu)
		return __real_trap_handle(w, scause, stval);
	trap_begin();
	return trap_end(__real_trap_handle(w, scause, stval));
}
