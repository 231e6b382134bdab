/* SPDX-License-Identifier: BSD-2-Clause */
/* TVMs and several harts. Group: harts. */
#include "tests.h"

static struct tvm vm;
static struct tvm per_hart[MAX_HARTS];
static struct exit seen[MAX_HARTS];

static const u32 spin[] = { INSN_SPIN };

/* RUN on the calling hart until a message ends it; *e is what it saw. */
static u64 run_here(u64 arg)
{
	struct exit *e = &seen[this_hart()->index];
	u64 start = now();

	nacl_setup(0);
	csr_write(sie, BIT(IRQ_SEI));
	/* The other hart tries it too, to see whether it runs. */
	do {
		vcpu_run(&vm, (u32)arg, e);
	} while (e->error && now() - start < LONG_ENOUGH);
	csr_write(sie, BIT(IRQ_SSI));
	imsic_take();
	return e->error != 0;
}

/*
 * A hart that RUN has not yet taken out of the host's memory holds a second fence back. Two in a
 * row succeed once it is inside the TVM.
 */
static bool is_inside(void)
{
	u64 start = now();

	while (now() - start < LONG_ENOUGH)
		if (!cove_fence() && !cove_fence())
			return true;
	return false;
}

/* Waits until the vCPU is seen to be running: RUN on this hart is refused. */
static bool is_running(u32 vcpu)
{
	u64 start = now();

	while (now() - start < LONG_ENOUGH) {
		struct sbiret r;

		/* It spins: should it run here after all, the timer brings us back. */
		csr_write(0x14d, now() + ticks_per_second / 1000);
		csr_write(sie, BIT(IRQ_STI));
		r = covh_run(vm.id, vcpu);
		csr_write(sie, 0);
		csr_write(0x14d, ~0ULL);
		if (r.error)
			return is_inside();
		delay(ticks_per_second / 200);
	}
	note("hart 1 is %s, its RUN gave:", run_done(1) ? "idle" : "busy");
	exit_note(&seen[1]);
	return false;
}

static bool spinning(void)
{
	if (!tvm_build(&vm) || !tvm_sync(&vm, 0))
		return false;
	tvm_code(&vm, 0, spin, 1);
	return tvm_command_begin(&vm, 0, OP_EXEC, 0, 0);
}

/* The third word goes in on the other hart: a0 of its area. */
static u64 take_word(u64 word)
{
	nacl_setup(0);
	shmem_gpr(10) = word;
	return 0;
}

static void running_elsewhere(void)
{
	struct sbiret r;
	u64 result;

	if (!ok(spinning(), "a TVM is about to spin"))
		return;
	run_on(1, take_word, 0);
	run_begin(1, run_here, 0);
	if (!ok(is_running(0), "it runs on another hart"))
		return;
	csr_write(scause, 3);
	r = covh_run(vm.id, 0);
	sbi_err(r, SBI_ERR_INVALID_PARAM, "RUN of a vCPU that runs on another hart is refused");
	eq(csr_read(scause), fail_entry(3), "scause is %lu then", fail_entry(3));
	sbi_refused(covh_destroy(vm.id), "DESTROY of a TVM that runs is refused");
	sbi_err(covh_reclaim(vm.image, 1), SBI_ERR_INVALID_ADDRESS,
		"its pages can not be reclaimed");
	ok(tvm_add_zero(&vm, TVM_FRESH_GPA), "a page can be added while it runs");
	ok(pages_hidden(vm.image, vm.image_pages), "its memory stays hidden");
	ok(!run_done(1), "it still runs");
	imsic_send(1, EIID_TEST);
	if (!ok(run_wait(1, 5 * ticks_per_second, &result), "a message to the hart ends the RUN"))
		return;
	eq(seen[1].scause, CAUSE_IRQ | IRQ_SEI, "with the cause of an external interrupt");
	eq(result, 0, "and success");
	ok(tvm_destroy(&vm), "then the TVM is destroyed and all its pages come back as zero");
}

/* Without AIA a vCPU may run wherever the host likes. */
static u64 peek_here(u64 gpa)
{
	nacl_setup(0);
	return tvm_peek(&vm, 0, gpa);
}

static void migration(void)
{
	u64 wrong = 0;

	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0) && tvm_add_zero(&vm, TVM_FRESH_GPA),
		"a TVM runs on this hart"))
		return;
	for (u32 round = 0; round < 8; round++) {
		tvm_poke(&vm, 0, TVM_FRESH_GPA, 0x100 + round);
		for (u32 i = 1; i < nr_harts; i++)
			wrong += run_on(i, peek_here, TVM_FRESH_GPA) != 0x100 + round;
	}
	eq(wrong, 0, "it goes from hart to hart and back, and finds its memory on each");
	ok(tvm_destroy(&vm), "it is destroyed");
}

/*
 * Fences wait for harts that are in a TVM only as long as they must: such a hart is not in the
 * host's memory.
 */
static void fence_while_running(void)
{
	u64 page = pages_alloc(1, 1), result;

	if (!ok(spinning(), "a TVM is about to spin"))
		return;
	run_on(1, take_word, 0);
	run_begin(1, run_here, 0);
	if (!ok(is_running(0), "it runs on another hart"))
		return;
	sbi_ok(covh_convert(page, 1), "a page is converted");
	sbi_ok(covh_global_fence(), "GLOBAL_FENCE succeeds");
	for (u32 i = 2; i < nr_harts; i++)
		run_on(i, local_fence, 0);
	sbi_ok(covh_local_fence(), "LOCAL_FENCE succeeds");
	sbi_ok(covh_add_zero(vm.id, page, COVE_PAGE_4K, 1, TVM_FRESH_GPA),
	       "the page can be used although a hart inside a TVM has not fenced");
	imsic_send(1, EIID_TEST);
	ok(run_wait(1, 5 * ticks_per_second, &result), "the RUN ends");
	eq(run_on(1, local_fence, 0), 0, "the hart is back in the host");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
	sbi_ok(covh_reclaim(page, 1), "the page comes back");
}

/* Two vCPUs of one TVM on two harts at the same time: one waits for what the other writes. */
static u64 start_word(u64 unused)
{
	struct exit *e = &seen[this_hart()->index];

	(void)unused;
	nacl_setup(0);
	if (!tvm_sync(&vm, 1))
		return 1;
	/* 1: ld a1, 0(a0); beqz a1, 1b */
	static const u32 wait[] = { 0x00053583, 0xfe058ee3 };

	tvm_code(&vm, 1, wait, 2);
	tvm_set(&vm, 1, 10, TVM_AREA(3));
	tvm_command(&vm, 1, OP_EXEC, 0, 0, e);
	return tvm_result(&vm, 1, e) != CAUSE_BREAK;
}

static void two_vcpus(void)
{
	u64 args[6] = { 1, TVM_GPA, 0 }, result = 1;
	struct exit e;

	if (!ok(tvm_build_full(&vm) && tvm_sync(&vm, 0), "a TVM with several vCPUs runs"))
		return;
	tvm_ecall_begin(&vm, 0, SBI_EXT_HSM, SBI_HSM_START, args, &e);
	eq(e.a[7], SBI_EXT_HSM, "it starts its second vCPU");
	sbi_ok(tvm_ecall_end(&vm, 0), "with success");
	run_begin(1, start_word, 0);
	delay(ticks_per_second / 50);
	ok(!run_done(1), "the second vCPU, on another hart, waits for the first");
	tvm_poke(&vm, 0, TVM_AREA(3), 1);
	ok(run_wait(1, 5 * ticks_per_second, &result) && result == 0,
	   "it goes on when the first has written");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

/*
 * Every hart makes, runs and destroys TVMs of its own at the same time; fences collide and are
 * tried again.
 */
static u64 patience;

/*
 * -5 may mean that some hart has not fenced since the page was converted: fence, and try again
 * for a while.
 */
static bool tired(struct sbiret r)
{
	if (r.error != SBI_ERR_INVALID_ADDRESS || now() > patience)
		return true;
	covh_global_fence();
	covh_local_fence();
	return false;
}

#define again(call)	({ struct sbiret r_; do { r_ = (call); } while (!tired(r_)); r_; })

static bool create(struct tvm *t)
{
	static struct cove_tvm_create_params params[MAX_HARTS];
	struct cove_tvm_create_params *p = &params[this_hart()->index];
	struct sbiret r;

	p->tvm_page_directory_addr = t->pgd;
	p->tvm_state_addr = t->state;
	r = again(covh_create_tvm((u64)p, sizeof(*p)));
	t->id = (u64)r.value;
	return !r.error;
}

static u64 whole_life(u64 arg)
{
	struct tvm *t = &per_hart[this_hart()->index];
	u64 vcpu_pages = tsm_info.tvm_vcpu_state_pages;
	struct exit e;

	nacl_setup(0);
	for (u64 round = 0; round < arg; round++) {
		if (covh_convert(t->pgd, 4).error ||
		    covh_convert(t->state, tsm_info.tvm_state_pages).error ||
		    covh_convert(t->pool, t->pool_pages).error || covh_convert(t->image, 2).error ||
		    covh_convert(t->vcpu[0], vcpu_pages).error)
			return 1;
		if (!create(t))
			return 2;
		if (again(covh_add_pgt(t->id, t->pool, t->pool_pages)).error ||
		    covh_add_region(t->id, TVM_RAM_GPA, TVM_RAM_SIZE).error ||
		    again(covh_add_measured(t->id, (u64)tvm_image, t->image, COVE_PAGE_4K, 2,
					    TVM_GPA))
			    .error ||
		    again(covh_create_vcpu(t->id, 0, t->vcpu[0])).error ||
		    covh_finalize(t->id, TVM_GPA, 0, 0).error)
			return 3;
		vcpu_resume(t, 0, &e);
		if (!exit_is_putchar(&e) || e.a[0] != TVM_READY)
			return 4;
		if (covh_destroy(t->id).error)
			return 5;
		if (covh_reclaim(t->pgd, 4).error ||
		    covh_reclaim(t->state, tsm_info.tvm_state_pages).error ||
		    covh_reclaim(t->pool, t->pool_pages).error || covh_reclaim(t->image, 2).error ||
		    covh_reclaim(t->vcpu[0], vcpu_pages).error)
			return 6;
		if (!pages_zero(t->image, 2) || !pages_zero(t->vcpu[0], vcpu_pages))
			return 7;
	}
	/* Until all are done, a hart that idles would hold the others' fences back. */
	return 0;
}

static u32 finished;

static u64 life_then_fence(u64 rounds)
{
	u64 result = whole_life(rounds), start = now();

	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&finished, __ATOMIC_SEQ_CST) < nr_harts &&
	       now() - start < ALL_HARTS_TIME)
		covh_local_fence();
	return result;
}

static void all_at_once(void)
{
	/* The more harts, the longer a fence. */
	u64 rounds = MAX(1, 40 / MAX(8, nr_harts)), result;

	finished = 0;
	patience = now() + ALL_HARTS_TIME;
	for (u32 i = 0; i < nr_harts; i++) {
		tvm_init(&per_hart[i]);
		per_hart[i].image = pages_alloc(2, 1);
		per_hart[i].vcpu[0] = pages_alloc(tsm_info.tvm_vcpu_state_pages, 1);
	}
	for (u32 i = 1; i < nr_harts; i++)
		run_begin(i, life_then_fence, rounds);
	result = life_then_fence(rounds);
	eq(result, 0, "hart %lu makes, runs and destroys TVMs while all others do", harts[0].id);
	for (u32 i = 1; i < nr_harts; i++) {
		if (!run_wait(i, 2 * ALL_HARTS_TIME, &result))
			result = 100;
		eq(result, 0, "hart %lu makes, runs and destroys TVMs while all others do",
		   harts[i].id);
	}
	run_on_all(local_fence, 0);
	eq((u64)cove_fence(), 0, "the fences succeed after that");
}

/* A hart that the host stops gives up its NACL area. */
static u64 stop_here(u64 unused)
{
	(void)unused;
	sbi(SBI_EXT_HSM, SBI_HSM_STOP);
	return 1;
}

static u64 register_area(u64 area)
{
	return (u64)nacl(NACL_SET_SHMEM, area).error;
}

static void stop_releases_area(void)
{
	u64 area = pages_alloc(NACL_SHMEM_PAGES, 1), start = now();

	harts[1].shmem = 0;
	eq(run_on(1, register_area, area), 0, "a hart registers a NACL area");
	sbi_err(covh_convert(area, 1), SBI_ERR_INVALID_ADDRESS, "which can not be converted");
	harts[1].online = false;
	run_begin(1, stop_here, 0);
	while (sbi(SBI_EXT_HSM, SBI_HSM_STATUS, harts[1].id).value != SBI_HSM_STOPPED)
		if (now() - start > LONG_ENOUGH)
			break;
	sbi_ok(covh_convert(area, NACL_SHMEM_PAGES), "once the hart is stopped it can");
	sbi_ok(covh_reclaim(area, NACL_SHMEM_PAGES), "and comes back");
	ok(hart_start(&harts[1]), "the hart starts again");
}

static const struct test harts_tests[] = {
	TEST(running_elsewhere), TEST(migration), TEST(fence_while_running), TEST(two_vcpus),
	TEST(all_at_once), TEST(stop_releases_area),
};

GROUP(harts, true, 2);
