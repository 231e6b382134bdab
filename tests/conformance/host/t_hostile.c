/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls by the thousand with arguments that a fuzzer would choose; the same ones every time.
 * Group: hostile.
 */
#include "tests.h"

#define ROUNDS_COVH	60000
#define ROUNDS_COVI	40000
#define ROUNDS_NACL	20000
#define TVM_CALLS	100000
#define TVM_CHUNK	5000
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

/*
 * Counts may take what lies behind the arena: it ends far before the end of what is free. Guest
 * addresses are host addresses too, where this program itself may lie: CONVERT would take it away,
 * and GET_TSM_INFO write to it.
 */
static bool reaches_out(u64 arena, u64 fid, u64 a0, u64 a1)
{
	if ((fid == COVH_CONVERT_PAGES || fid == COVH_GET_TSM_INFO) &&
	    a0 - arena >= ARENA_PAGES * PAGE_SIZE && machine_is_ram(a0 & ~0xfffULL, PAGE_SIZE))
		return true;
	return (fid == COVH_CONVERT_PAGES || fid == COVH_RFC_ADD_PGT_PAGES) && a1 > ARENA_PAGES &&
	       a1 < 0x100000;
}

static void fuzz(u64 eid, u64 fids, u64 rounds, const char *what)
{
	u64 arena = pages_alloc(2 * ARENA_PAGES, 4), errors = 0, odd = 0;

	state = 0x9e3779b97f4a7c15ULL ^ eid;
	if (!ok(tvm_build(&target), "a TVM is built"))
		return;
	nacl_setup(0);
	/* RUN of the target ends by its own ECALL, its dead end, or this timer. */
	for (u64 i = 0; i < rounds; i++) {
		u64 a[6], fid = next() % fids;
		struct sbiret r;

		for (u32 j = 0; j < 6; j++)
			a[j] = argument(arena);
		if (eid == SBI_EXT_COVH && reaches_out(arena, fid, a[0], a[1]))
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
	note("%lu of %lu calls were refused", errors, rounds);
	eq(odd, 0, "%lu calls of %s with wild arguments give an SBI error or success", rounds,
	   what);
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
	fuzz(SBI_EXT_COVH, 24, ROUNDS_COVH * test_times(), "COVH");
}

static void fuzz_covi(void)
{
	fuzz(SBI_EXT_COVI, 12, ROUNDS_COVI * test_times(), "COVI");
}

static void fuzz_nacl(void)
{
	fuzz(SBI_EXT_NACL, 6, ROUNDS_NACL * test_times(), "NACL");
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

/*
 * A loop in the TVM: s1 calls whose numbers and arguments come from tables at s2 (64 arguments, 16
 * extensions) and a generator, so that what the TSM answers by itself costs no exit.
 */
__asm__(".section .rodata\n"
	"	.balign	8\n"
	"	.option	push\n"
	"	.option	norvc\n"
	"wild_code:\n"
	"	j	2f\n"
	"1:	srli	t2, s0, 12\n"
	"	xor	s0, s0, t2\n"
	"	slli	t2, s0, 25\n"
	"	xor	s0, s0, t2\n"
	"	srli	t2, s0, 27\n"
	"	xor	s0, s0, t2\n"
	"	mul	t0, s0, s3\n"
	"	ret\n"
	"2:	jal	ra, 1b\n"
	"	srli	t1, t0, 20\n"
	"	andi	t1, t1, 15 * 8\n"
	"	add	t1, t1, s2\n"
	"	ld	a7, 512(t1)\n"
	"	srli	t1, t0, 40\n"
	"	andi	a6, t1, 15\n"
	"	.irp	r, a0, a1, a2, a3, a4, a5\n"
	"	jal	ra, 1b\n"
	"	mv	\\r, t0\n"
	"	srli	t1, t0, 50\n"
	"	andi	t1, t1, 15\n"
	"	beqz	t1, 3f\n"
	"	srli	t1, t0, 20\n"
	"	andi	t1, t1, 63 * 8\n"
	"	add	t1, t1, s2\n"
	"	ld	\\r, 0(t1)\n"
	"3:\n"
	"	.endr\n"
	"	ecall\n"
	"	addi	s1, s1, -1\n"
	"	bnez	s1, 2b\n"
	"wild_code_end:\n"
	"	.option	pop\n"
	"	.previous\n");

extern const u32 wild_code[], wild_code_end[];

#define WILD_TABLE	0x800

static bool wild_begin(void)
{
	static const u64 eids[16] = {
		SBI_EXT_COVG, SBI_EXT_COVG, SBI_EXT_COVG, SBI_EXT_COVG, SBI_EXT_COVG, SBI_EXT_COVG,
		SBI_EXT_BASE, SBI_EXT_TIME, SBI_EXT_ATST, SBI_EXT_ATST, SBI_EXT_PMU,  SBI_EXT_COVH,
		SBI_EXT_COVI, SBI_EXT_NACL, SBI_EXT_SUPD, 0x12345678,
	};
	static const u64 sizes[] = { 0, 1, 48, 336, 0x1000, 0x2000, 0x200000, 0x1001 };
	static const u64 edges[] = {
		~0ULL,	 ~0xfffULL,	   BIT(52),	 BIT(63),	 BIT(41),
		BIT(40), TVM_MMIO_GPA, TVM_HOLE_GPA, 0x28000000,
	};
	u64 area = TVM_AREA(0), v;

	if (!tvm_build(&vm) || !tvm_sync(&vm, 0))
		return false;
	for (u32 i = 0; i < 64; i++) {
		if (i < 16)
			v = TVM_FRESH_GPA + i % 8 * PAGE_SIZE;
		else if (i < 24)
			v = TVM_MMIO_GPA + i * PAGE_SIZE;
		else if (i < 40)
			v = sizes[i % ARRAY_SIZE(sizes)];
		else if (i < 52)
			v = i - 40;
		else
			v = edges[i % ARRAY_SIZE(edges)];
		tvm_poke(&vm, 0, area + WILD_TABLE + 8 * i, v);
	}
	for (u32 i = 0; i < 16; i++)
		tvm_poke(&vm, 0, area + WILD_TABLE + 512 + 8 * i, eids[i]);
	tvm_code(&vm, 0, wild_code, (u32)(wild_code_end - wild_code));
	return !vm.broken;
}

/* Memory that a call names and that is not there yet; which kind is for the TSM to say. */
static bool wild_page(const struct exit *e, u64 page)
{
	u64 gpa = e->htval << 2;

	return e->scause >= CAUSE_FETCH_GUEST && e->scause != CAUSE_VIRTUAL &&
	       e->scause <= CAUSE_STORE_GUEST &&
	       (!covh_add_shared(vm.id, page, COVE_PAGE_4K, 1, gpa).error ||
		tvm_add_zero(&vm, gpa));
}

/* One EXEC of the loop. False: the TVM has talked itself to death. */
static bool wild_chunk(u64 calls, u64 page, u64 *exits)
{
	struct exit e;

	tvm_set(&vm, 0, 8, next());
	tvm_set(&vm, 0, 9, calls);
	tvm_set(&vm, 0, 18, TVM_AREA(0) + WILD_TABLE);
	tvm_set(&vm, 0, 19, 0x2545f4914f6cdd1dULL);
	if (!tvm_command_begin(&vm, 0, OP_EXEC, 0, 0))
		return false;
	for (u64 n = 0; n < 4 * calls; n++) {
		csr_write(0x14d, now() + ticks_per_second / 200);
		csr_write(sie, BIT(IRQ_STI));
		vcpu_run(&vm, 0, &e);
		csr_write(sie, 0);
		++*exits;
		if (e.error || e.value)
			return false;
		if (exit_is_putchar(&e)) {
			vm.synced[0] = true;
			return e.a[0] == CAUSE_BREAK;
		}
		if (!(e.scause & CAUSE_IRQ) && e.scause != CAUSE_ECALL &&
		    !(e.htval && wild_page(&e, page)))
			return false;
		/* Most requests are refused: a TVM that shares all of its memory soon ends. */
		shmem_gpr(10) = next() % 8 ? (u64)SBI_ERR_FAILED : 0;
		shmem_gpr(11) = next();
	}
	return false;
}

static void fuzz_tvm_loop(void)
{
	u64 calls = TVM_CALLS * test_times(), made = 0, exits = 0, lives = 1;
	u64 page = pages_alloc(1, 1);
	bool alive_now = wild_begin();

	state = 0xfedcba9876543210ULL;
	for (u64 i = 0; alive_now && made < calls && i < 4 * calls / TVM_CHUNK; i++) {
		if (wild_chunk(TVM_CHUNK, page, &exits)) {
			made += TVM_CHUNK;
			continue;
		}
		tvm_destroy_fast(&vm);
		lives++;
		alive_now = wild_begin();
	}
	csr_write(0x14d, ~0ULL);
	note("%lu exits, %lu TVMs were used", exits, lives);
	ok(made >= calls, "%lu calls of a TVM with wild arguments are all answered", calls);
	ok(tvm_destroy(&vm), "that TVM is destroyed, and its pages come back as zero");
	ok(alive(), "another can be made, run and destroyed afterwards");
}

static const struct test hostile_tests[] = {
	TEST(fuzz_covh), TEST(fuzz_covi), TEST(fuzz_nacl), TEST(fuzz_tvm), TEST(fuzz_tvm_loop),
};

GROUP(hostile, true, 1);
