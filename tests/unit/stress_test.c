/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Four harts at once that build, fill, run, share, block and destroy TVMs, each other's included,
 * and convert and reclaim pages wherever they are. Nothing is expected of a single call, since
 * another hart may have been faster; but no check of the monitor fails, and in the end every page
 * comes back.
 */
#include "unit/unit.h"

#include <pthread.h>
#include <string.h>

#include "abi/abi.h"
#include "cove/covg.h"
#include "cove/covh.h"
#include "cove/nacl.h"
#include "page/page.h"
#include <sbi.h>
#include "oracle/watch.h"
#include "tvm/tvm.h"
#include "unit/rig.h"

enum { ROUNDS = 3000, SLICE_PAGES = 1024, TRAPS = 40 };

#define RAM		0x80200000ULL
#define RAM_PAGES	64ULL

/* The latest TVM of each hart; anybody may use it, or be too late. */
static u64 ids[RIG_HARTS];
static u64 entered, exits, built;

static u64 below(u64 *seed, u64 n)
{
	return unit_random(seed) % n;
}

/* A call, as often as the TSM asks for it. Errors are the caller's to see. */
static s64 call(u64 eid, u64 fid, const u64 *args, u32 count, u64 *value, bool *in)
{
	struct hart *h = rig_hart();
	struct world *w = &h->host, *next;
	u64 pc = w->sepc;

	do {
		for (u32 i = 0; i < 6; i++)
			w->gpr[REG_A0 + i] = i < count ? args[i] : 0;
		w->gpr[REG_A6] = fid;
		w->gpr[REG_A7] = eid;
		next = abi_host_ecall(w);
		next = next ? next : abi_host_run_over(h);
	} while (next == w && w->sepc == pc);
	if (in)
		*in = next != w;
	if (value)
		*value = w->gpr[REG_A1];
	return next == w ? (s64)w->gpr[REG_A0] : 0;
}

#define CALL(...) ({								\
	const u64 args_[] = { __VA_ARGS__ };					\
	call(SBI_EXT_COVH, args_[0], args_ + 1, (u32)ARRAY_SIZE(args_) - 1, NULL, NULL); })

/* Somebody else may be late with his flush; everybody flushes often. */
static void fence(void)
{
	u32 stamp = epoch_stamp(&host_epoch);

	for (u32 i = 0; i < 100000 && !epoch_passed(&host_epoch, stamp); i++) {
		CALL(COVH_GLOBAL_FENCE);
		CALL(COVH_LOCAL_FENCE);
	}
}

static u64 slice(u32 hart)
{
	return RIG_HOST_BASE + hart * SLICE_PAGES * PAGE_SIZE;
}

static u64 random_page(u64 *seed)
{
	return RIG_HOST_BASE + below(seed, RIG_HARTS * SLICE_PAGES) * PAGE_SIZE;
}

static void build(u64 *seed)
{
	u32 hart = rig_hart()->index;
	u64 base = slice(hart), id = 0;
	struct cove_tvm_create_params params = { base, base + 4 * PAGE_SIZE };
	u64 args[] = { base + 1000 * PAGE_SIZE, sizeof(params) };

	CALL(COVH_RFC_DESTROY_TVM, ids[hart]);
	CALL(COVH_RECLAIM_PAGES, base, SLICE_PAGES);
	memcpy(rig_word(args[0]), &params, sizeof(params));
	CALL(COVH_CONVERT_PAGES, base, 100);
	fence();
	if (call(SBI_EXT_COVH, COVH_CREATE_TVM, args, 2, &id, NULL))
		return;
	__atomic_store_n(&ids[hart], id, __ATOMIC_RELAXED);
	CALL(COVH_RFC_ADD_PGT_PAGES, id, base + 6 * PAGE_SIZE, 8);
	CALL(COVH_RFC_ADD_MEMORY_REGION, id, RAM, RAM_PAGES * PAGE_SIZE);
	CALL(COVH_RFC_ADD_MEASURED_PAGES, id, base + 500 * PAGE_SIZE, base + 20 * PAGE_SIZE, 0,
	     1 + below(seed, 3), RAM);
	for (u64 i = 0; i < 3; i++)
		CALL(COVH_RFC_CREATE_VCPU, id, i, base + (30 + 2 * i) * PAGE_SIZE);
	if (!CALL(COVH_FINALIZE_TVM, id, RAM, 0, 0))
		__atomic_fetch_add(&built, 1, __ATOMIC_RELAXED);
}

/* What a TVM may do next. False: the host is back. */
static bool tvm_step(u64 *seed)
{
	struct hart *h = rig_hart();
	struct world *w = rig_world();
	u64 gpa = RAM + below(seed, RAM_PAGES + 2) * PAGE_SIZE;
	u64 size = (1 + below(seed, 3)) * PAGE_SIZE;
	static const u64 causes[] = { CAUSE_FETCH_GUEST, CAUSE_LOAD_GUEST, CAUSE_STORE_GUEST };
	static const struct { u64 eid, fid; } calls[] = {
		{ SBI_EXT_COVG, COVG_SHARE_MEMORY }, { SBI_EXT_COVG, COVG_UNSHARE_MEMORY },
		{ SBI_EXT_COVG, COVG_ADD_MMIO_REGION }, { SBI_EXT_COVG, COVG_REMOVE_MMIO_REGION },
		{ SBI_EXT_COVG, COVG_READ_MEASUREMENT }, { SBI_EXT_DBCN, SBI_DBCN_WRITE },
		{ SBI_EXT_HSM, SBI_HSM_START }, { SBI_EXT_HSM, SBI_HSM_STATUS },
		{ SBI_EXT_LEGACY_PUTCHAR, 0 }, { SBI_EXT_BASE, SBI_BASE_PROBE },
	};
	u64 scause = CAUSE_IRQ | IRQ_STI, i = below(seed, 12);

	if (i < 4) {
		scause = causes[below(seed, 3)];
	} else if (i < 10) {
		i = below(seed, ARRAY_SIZE(calls));
		scause = CAUSE_ECALL_VS;
		w->gpr[REG_A0] = calls[i].eid == SBI_EXT_HSM ? below(seed, 4) : gpa;
		w->gpr[REG_A1] = calls[i].eid == SBI_EXT_HSM ? RAM : size;
		if (calls[i].eid == SBI_EXT_DBCN) {
			w->gpr[REG_A0] = 1 + below(seed, 20);
			w->gpr[REG_A1] = gpa + 4090;
		}
		w->gpr[REG_A2] = 4 * (calls[i].eid == SBI_EXT_COVG);
		w->gpr[REG_A6] = calls[i].fid;
		w->gpr[REG_A7] = calls[i].eid;
	} else if (i == 10) {
		scause = CAUSE_IRQ | IRQ_SSI;
	}
	csr_write(CSR_HTVAL, gpa >> 2);
	csr_write(CSR_HTINST, 0);
	return (scause == CAUSE_ECALL_VS ? abi_tvm_ecall(h) :
		scause & CAUSE_IRQ ? abi_tvm_interrupt(h, scause) :
				     abi_tvm_exception(h, scause, gpa)) != &h->host;
}

static void run(u64 *seed, u64 id)
{
	struct hart *h = rig_hart();
	u64 args[] = { id, below(seed, 4) };
	bool in;

	/* The host's answers lie where the last exit left them; most of them are "yes". */
	if (h->nacl_shmem && below(seed, 8))
		*(u64 *)spa_ptr(SPA(h->nacl_shmem + NACL_GPR_OFFSET(REG_A0))) = 0;
	if (call(SBI_EXT_COVH, COVH_RFC_RUN_VCPU, args, 2, NULL, &in) && !below(seed, 8))
		return build(seed);
	if (!in)
		return;
	__atomic_fetch_add(&entered, 1, __ATOMIC_RELAXED);
	for (u32 i = 0; i < TRAPS; i++) {
		if (!tvm_step(seed)) {
			__atomic_fetch_add(&exits, 1, __ATOMIC_RELAXED);
			return;
		}
	}
	abi_tvm_interrupt(h, CAUSE_IRQ | IRQ_STI);
}

static void add_page(u64 *seed, u64 id, u64 gpa)
{
	u64 page = slice(rig_hart()->index) + (600 + below(seed, 300)) * PAGE_SIZE;

	if (below(seed, 3) == 0) {
		CALL(COVH_RFC_ADD_SHARED_PAGES, id, page, 0, 1, gpa);
		return;
	}
	CALL(COVH_CONVERT_PAGES, page, 1);
	fence();
	CALL(COVH_RFC_ADD_ZERO_PAGES, id, page, 0, 1, gpa);
}

static void step(u64 *seed)
{
	u64 id = __atomic_load_n(&ids[below(seed, RIG_HARTS)], __ATOMIC_RELAXED);
	u64 gpa = RAM + below(seed, RAM_PAGES) * PAGE_SIZE;
	u64 size = (1 + below(seed, 4)) * PAGE_SIZE;

	CALL(COVH_LOCAL_FENCE);
	switch (below(seed, 16)) {
	case 0:
		return (void)CALL(COVH_CONVERT_PAGES, random_page(seed), 1 + below(seed, 4));
	case 1:
		return (void)CALL(COVH_RECLAIM_PAGES, random_page(seed), 1 + below(seed, 4));
	case 2:
		return (void)CALL(COVH_RFC_INVALIDATE_PAGES, id, gpa, size);
	case 3:
		return (void)CALL(COVH_RFC_VALIDATE_PAGES, id, gpa, size);
	case 4:
		return (void)CALL(COVH_RFC_TVM_FENCE, id);
	case 5:
		return (void)CALL(COVH_RFC_REMOVE_PAGES, id, gpa, size);
	case 6:
	case 7:
		return add_page(seed, id, gpa);
	case 8:
		return (void)CALL(COVH_RFC_ADD_PGT_PAGES, id, random_page(seed), 1);
	case 9:
		if (below(seed, 40))
			return;
		return (void)CALL(COVH_RFC_DESTROY_TVM, id);
	case 10:
		if (below(seed, 40))
			return;
		return build(seed);
	}
	run(seed, id);
}

static void *hart_main(void *arg)
{
	u32 index = (u32)(uintptr_t)arg;
	u64 seed = 0x1000 + index +
		   (getenv("STRESS_SEED") ? (u64)atoi(getenv("STRESS_SEED")) : 0) * 16;
	u64 area[] = { RIG_HOST_BASE + (RIG_HARTS * SLICE_PAGES + 4 * index) * PAGE_SIZE, 0, 0 };

	rig_on(index);
	call(SBI_EXT_NACL, NACL_SET_SHMEM, area, 3, NULL, NULL);
	build(&seed);
	for (u32 i = 0; i < ROUNDS; i++)
		step(&seed);
	/* A hart that is done holds no fence back. */
	for (u32 i = 0; i < 3; i++)
		area[i] = i < 2 ? NACL_SHMEM_DISABLE : 0;
	call(SBI_EXT_NACL, NACL_SET_SHMEM, area, 3, NULL, NULL);
	epoch_leave(&host_epoch_slots[index]);
	return NULL;
}

static void harts_at_once(void **state)
{
	pthread_t threads[RIG_HARTS];

	(void)state;
	watch_on = false;
	rv_on_fence = NULL;
	for (u32 i = 0; i < RIG_HARTS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hart_main, (void *)(uintptr_t)i),
				 0);
	for (u32 i = 0; i < RIG_HARTS; i++)
		pthread_join(threads[i], NULL);
	print_message("# %lu TVMs, %lu entries, %lu exits\n", (unsigned long)built,
		      (unsigned long)entered, (unsigned long)exits);
	assert_true(built > 50 && entered > 100);
	rig_on(0);
	for (u64 id = RIG_HOST_BASE >> PAGE_SHIFT; id < RIG_HOST_END >> PAGE_SHIFT; id++)
		CALL(COVH_RFC_DESTROY_TVM, id);
	assert_int_equal(CALL(COVH_RECLAIM_PAGES, RIG_HOST_BASE,
			      (RIG_HOST_END - RIG_HOST_BASE) >> PAGE_SHIFT), 0);
	rig_all_returned();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("stress: four harts at once lose nothing and break nothing",
			 harts_at_once),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
