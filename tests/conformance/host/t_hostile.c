/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls by the thousand with arguments that a fuzzer would choose; the same ones every time.
 * Group: hostile.
 */
#include "tests.h"

#define ROUNDS		20000
#define TVM_ROUNDS	400
#define ARENA_PAGES	64

static struct tvm vm, target;
static u64 state;

static u64 next(void)
{
	/* xorshift64* */
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

/*
 * Addresses of the arena, ids, small numbers, edges: what gets past the first check as often as
 * not.
 */
static u64 argument(u64 arena)
{
	static const u64 edges[] = {
		0,	 1,	    2,	      8,	  16,	      48,	  0xfff,
		0x1000,	 0x2000,    0x200000, 0x80000000, 0x80200000, 0x10000000, 0x28000000,
		BIT(31), BIT(32),   BIT(47),  BIT(51),	  BIT(52),    BIT(55),	  BIT(63),
		~0ULL,	 ~0xfffULL, ~7ULL,    NOWHERE,
	};

	switch (next() % 8) {
	case 0:
		return target.id;
	case 1:
	case 2:
		return arena + next() % ARENA_PAGES * PAGE_SIZE;
	case 3:
		return arena + next() % (ARENA_PAGES * PAGE_SIZE);
	case 4:
		return next() % 4;
	case 5:
		return TVM_RAM_GPA + next() % (TVM_RAM_SIZE / PAGE_SIZE) * PAGE_SIZE;
	case 6:
		return edges[next() % ARRAY_SIZE(edges)];
	}
	return next();
}

static bool alive(void)
{
	bool good;

	numbering_set(NUMBERING_RFC);
	good = tvm_build(&vm) && tvm_sync(&vm, 0) &&
	       tvm_peek(&vm, 0, TVM_GPA) == *(const u64 *)tvm_image;
	return tvm_destroy(&vm) && good;
}

/* Counts may take what lies behind the arena: it ends far before the end of what is free. */
static bool reaches_out(u64 fid, u64 a1)
{
	return (fid == COVH_CONVERT_PAGES || fid == COVH_RFC_ADD_PGT_PAGES) && a1 > ARENA_PAGES &&
	       a1 < 0x100000;
}

static void fuzz(u64 eid, u64 fids, const char *what)
{
	u64 arena = pages_alloc(2 * ARENA_PAGES, 4), errors = 0, odd = 0;

	state = 0x9e3779b97f4a7c15ULL ^ eid;
	if (!ok(tvm_build(&target), "a TVM is built"))
		return;
	nacl_setup(0);
	/* RUN of the target ends by its own ECALL, its dead end, or this timer. */
	for (u32 i = 0; i < ROUNDS; i++) {
		u64 a[6], fid = next() % fids;
		struct sbiret r;

		for (u32 j = 0; j < 6; j++)
			a[j] = argument(arena);
		if (eid == SBI_EXT_COVH && reaches_out(fid, a[1]))
			continue;
		csr_write(0x14d, now() + 1000);
		csr_write(sie, BIT(IRQ_STI));
		r = sbi_call(eid, fid, a[0], a[1], a[2], a[3], a[4], a[5]);
		csr_write(sie, 0);
		errors += r.error != 0;
		if (r.error > 0 || r.error < SBI_ERR_INVALID_STATE) {
			note("function %lu(%lx, %lx, %lx, %lx, %lx, %lx): error %ld", fid, a[0],
			     a[1], a[2], a[3], a[4], a[5], r.error);
			odd++;
		}
	}
	csr_write(0x14d, ~0ULL);
	nacl(NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE);
	this_hart()->shmem = 0;
	nacl_setup(0);
	note("%lu of %u calls were refused", errors, ROUNDS);
	eq(odd, 0, "%u calls of %s with wild arguments give an SBI error or success", ROUNDS, what);
	numbering_set(NUMBERING_RFC);
	run_on_all(local_fence, 0);
	/*
	 * The fuzzer may have destroyed the target, or made a TVM of its own from the arena: by
	 * id, all frames are tried.
	 */
	covh_destroy(target.id);
	for (u64 page = arena; page < arena + 2 * ARENA_PAGES * PAGE_SIZE; page += PAGE_SIZE)
		covh_destroy(page / PAGE_SIZE);
	target.created = false;
	tvm_destroy_fast(&target);
	for (u64 page = arena; page < arena + 2 * ARENA_PAGES * PAGE_SIZE; page += PAGE_SIZE)
		covh_reclaim(page, 1);
	ok(pages_readable(arena, 2 * ARENA_PAGES), "every page can be had back after %s", what);
	ok(alive(), "a TVM can be made, run and destroyed after %s", what);
}

static void fuzz_covh(void)
{
	fuzz(SBI_EXT_COVH, 24, "COVH");
}

static void fuzz_covi(void)
{
	fuzz(SBI_EXT_COVI, 12, "COVI");
}

static void fuzz_nacl(void)
{
	fuzz(SBI_EXT_NACL, 6, "NACL");
}

/* The TVM's calls, whose exits are answered with rubbish */
static void fuzz_tvm(void)
{
	static const u64 eids[] = {
		SBI_EXT_BASE, SBI_EXT_COVG, SBI_EXT_COVG, SBI_EXT_COVG, SBI_EXT_DBCN,
		SBI_EXT_HSM,  SBI_EXT_TIME, SBI_EXT_COVH, SBI_EXT_NACL, SBI_EXT_PMU,
	};
	u32 made = 0, lives = 1;
	struct exit e = { 0 };

	state = 0x1234567887654321ULL;
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	for (u32 i = 0; i < TVM_ROUNDS; i++) {
		u64 args[6], eid = eids[next() % ARRAY_SIZE(eids)], fid = next() % 12;

		if (eid == SBI_EXT_HSM && fid == SBI_HSM_STOP)
			continue;
		for (u32 j = 0; j < 6; j++)
			args[j] = argument(TVM_GPA);
		if (!tvm_ecall_begin(&vm, 0, eid, fid, args, &e))
			break;
		/* Anything may come out, as long as it ends. */
		for (u32 n = 0; n < 600 && !e.error && !e.value; n++) {
			if (exit_is_putchar(&e) && e.a[0] == CAUSE_BREAK)
				break;
			shmem_gpr(10) = next();
			shmem_gpr(11) = next();
			vcpu_run(&vm, 0, &e);
		}
		if (!e.error && !e.value && exit_is_putchar(&e)) {
			vm.synced[0] = true;
			made++;
			continue;
		}
		/* A call may have unmapped what the TVM runs on; the next TVM goes on. */
		if (e.error && e.error != SBI_ERR_INVALID_PARAM &&
		    e.error != SBI_ERR_INVALID_ADDRESS)
			exit_note(&e);
		tvm_destroy_fast(&vm);
		lives++;
		if (!tvm_build(&vm) || !tvm_sync(&vm, 0))
			break;
	}
	note("%u calls came back, %u TVMs were used", made, lives);
	ok(made > TVM_ROUNDS / 3, "calls of a TVM with wild arguments come back");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
	ok(alive(), "another can be made, run and destroyed after that");
}

static const struct test hostile_tests[] = {
	TEST(fuzz_covh), TEST(fuzz_covi), TEST(fuzz_nacl), TEST(fuzz_tvm),
};

GROUP(hostile, true, 1);
