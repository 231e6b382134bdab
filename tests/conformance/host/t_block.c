/* SPDX-License-Identifier: BSD-2-Clause */
/* INVALIDATE, VALIDATE, REMOVE and TVM_FENCE (ABI 4.17 to 4.21, 13.4). Groups: block, block_harts.
 */
#include "expect.h"

static struct tvm vm;

#define GPA TVM_FRESH_GPA

static bool begin(void)
{
	return ok(tvm_build(&vm) && tvm_sync(&vm, 0) && tvm_add_zero(&vm, GPA) &&
			  tvm_add_zero(&vm, GPA + PAGE_SIZE),
		  "a TVM with two zero pages runs (%s)", numbering_name());
}

static void end(void)
{
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

/* --- block --- */

static void cycle_body(void)
{
	const struct expect load = EXPECT(CAUSE_LOAD_GUEST, .htval = GPA >> 2);
	const struct expect store = EXPECT(CAUSE_STORE_GUEST, .htval = GPA >> 2);
	struct exit e;

	if (!begin())
		return;
	tvm_poke(&vm, 0, GPA + 8, 0x1234);
	tvm_poke(&vm, 0, GPA + PAGE_SIZE, 0x5678);
	sbi_ok(covh_invalidate(vm.id, GPA, PAGE_SIZE),
	       "a page that the TVM has just used is blocked");
	if (!expect_command(&vm, 0, OP_PEEK, GPA + 8, 0, &load, "a load from a blocked page"))
		return;
	if (!expect_exit(&vm, 0, &load, "the same while it is blocked"))
		return;
	sbi_err(covh_add_zero(vm.id, vm.image, COVE_PAGE_4K, 1, GPA), SBI_ERR_INVALID_ADDRESS,
		"nothing else can be added there");
	eq(tvm_add_zero(&vm, GPA), false, "not even a page that is free");
	sbi_ok(covh_validate(vm.id, GPA, PAGE_SIZE), "it is unblocked");
	vcpu_resume(&vm, 0, &e);
	eq(tvm_result(&vm, 0, &e), 0x1234, "the load finds what was there");
	sbi_ok(covh_invalidate(vm.id, GPA, PAGE_SIZE), "it is blocked again");
	sbi_ok(covh_tvm_fence(vm.id), "and fenced");
	if (!expect_command(&vm, 0, OP_POKE, GPA, 1, &store, "a store to a blocked page"))
		return;
	sbi_ok(covh_validate(vm.id, GPA, PAGE_SIZE), "it is unblocked after the fence");
	vcpu_resume(&vm, 0, &e);
	tvm_result(&vm, 0, &e);
	eq(tvm_peek(&vm, 0, GPA), 1, "the store is done");
	eq(tvm_peek(&vm, 0, GPA + PAGE_SIZE), 0x5678, "the page behind was never touched");
	sbi_ok(covh_invalidate(vm.id, TVM_GPA, PAGE_SIZE), "a measured page is blocked");
	vcpu_run(&vm, 0, &e);
	ok(!e.error && e.scause == CAUSE_FETCH_GUEST && e.htval == TVM_GPA >> 2,
	   "a fetch from it faults to the host");
	sbi_ok(covh_validate(vm.id, TVM_GPA, PAGE_SIZE), "it is unblocked");
	vm.synced[0] = false;
	end();
}

static void cycle(void)
{
	in_every_numbering(cycle_body);
}

static const struct {
	enum covh_fn fn;
	const char *name;
} fns[] = {
	{ FN_INVALIDATE, "INVALIDATE" },
	{ FN_VALIDATE, "VALIDATE" },
	{ FN_REMOVE, "REMOVE" },
};

static void refused_body(void)
{
	if (!begin())
		return;
	tvm_poke(&vm, 0, GPA, 0x1234);
	sbi_ok(covh_invalidate(vm.id, GPA + PAGE_SIZE, PAGE_SIZE), "one page is blocked");
	for (u32 i = 0; i < ARRAY_SIZE(fns); i++) {
		enum covh_fn fn = fns[i].fn;
		const char *name = fns[i].name;

		sbi_err(covh(fn, vm.id, GPA + 8, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
			"%s of an unaligned address is refused", name);
		sbi_err(covh(fn, vm.id, GPA, PAGE_SIZE + 8), SBI_ERR_INVALID_PARAM,
			"%s of an unaligned length", name);
		sbi_err(covh(fn, vm.id, GPA, 0), SBI_ERR_INVALID_PARAM, "%s of nothing", name);
		sbi_refused(covh(fn, vm.id, GPA, ~0xfffULL), "%s of a range that wraps", name);
		sbi_refused(covh(fn, vm.id, GPA, BIT(63)), "%s of 2^63 bytes", name);
		sbi_refused(covh(fn, vm.id, ~0xfffULL, PAGE_SIZE), "%s of the last page of all",
			    name);
		sbi_refused(covh(fn, vm.id, BIT(41), PAGE_SIZE),
			    "%s beyond the guest-physical space", name);
		sbi_err(covh(fn, vm.id, TVM_HOLE_GPA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
			"%s in no region", name);
		sbi_err(covh(fn, vm.id, GPA + 2 * PAGE_SIZE, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
			"%s of an absent page", name);
		sbi_err(covh(fn, vm.id, GPA, 2 * PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
			"%s of a mapped and a blocked page", name);
		sbi_err(covh(fn, vm.id + 1, GPA, PAGE_SIZE), SBI_ERR_INVALID_PARAM,
			"%s in an unknown TVM", name);
		sbi_err(covh(fn, ~0ULL, GPA, PAGE_SIZE), SBI_ERR_INVALID_PARAM, "%s in TVM ~0",
			name);
	}
	sbi_err(covh_invalidate(vm.id, GPA + PAGE_SIZE, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"INVALIDATE of a blocked page is refused");
	sbi_err(covh_validate(vm.id, GPA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"VALIDATE of a mapped page is refused");
	sbi_err(covh_remove(vm.id, GPA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"REMOVE of a mapped page is refused");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	sbi_err(covh_remove(vm.id, GPA + PAGE_SIZE, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"REMOVE of a blocked and fenced page that nobody asked to share is refused");
	sbi_err(covh_tvm_fence(vm.id + 1), SBI_ERR_INVALID_PARAM,
		"TVM_FENCE of an unknown TVM is refused");
	for (u32 i = 0; i < 3; i++)
		sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE may be called as often as one likes");
	eq(tvm_peek(&vm, 0, GPA), 0x1234, "after all that the mapped page is as it was");
	sbi_ok(covh_validate(vm.id, GPA + PAGE_SIZE, PAGE_SIZE),
	       "the blocked one is still blocked: it is unblocked");
	eq(tvm_peek(&vm, 0, GPA + PAGE_SIZE), 0, "and is as it was");
	sbi_ok(covh_invalidate(vm.id, GPA, 2 * PAGE_SIZE), "both are blocked in one call");
	sbi_ok(covh_validate(vm.id, GPA, 2 * PAGE_SIZE), "and unblocked");
	end();
	tvm_init(&vm);
	if (!ok(tvm_create(&vm) && tvm_add_region(&vm, TVM_RAM_GPA, TVM_RAM_SIZE) &&
			tvm_load(&vm, 1),
		"a TVM is being built"))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(fns); i++)
		sbi_err(covh(fns[i].fn, vm.id, TVM_GPA, PAGE_SIZE), SBI_ERR_INVALID_PARAM,
			"%s before FINALIZE is refused", fns[i].name);
	sbi_err(covh_tvm_fence(vm.id), SBI_ERR_INVALID_PARAM, "and TVM_FENCE");
	end();
}

static void refused(void)
{
	in_every_numbering(refused_body);
}

/* Destroyed with pages blocked */
static void destroyed(void)
{
	if (!begin())
		return;
	tvm_poke(&vm, 0, GPA, 0x1234);
	sbi_ok(covh_invalidate(vm.id, GPA, PAGE_SIZE), "a page is blocked, not fenced");
	end();
}

static const struct test block_tests[] = {
	TEST(cycle),
	TEST(refused),
	TEST(destroyed),
};

GROUP(block, true, 1);

/* --- block_harts: with a vCPU inside --- */

static struct exit seen[MAX_HARTS];

static u64 run_here(u64 word)
{
	struct exit *e = &seen[this_hart()->index];

	nacl_setup(0);
	shmem_gpr(10) = word;
	/* A message to stop it that came too late for the last run */
	while (imsic_take())
		;
	csr_write(sie, BIT(IRQ_SEI));
	vcpu_run(&vm, 0, e);
	csr_write(sie, BIT(IRQ_SSI));
	imsic_take();
	return e->error != 0;
}

/* Hart 1 runs the vCPU in a loop that stores to the page; *(GPA + 8) grows. */
static bool storing(void)
{
	/* 1: ld a1, 8(a0); addi a1, a1, 1; sd a1, 8(a0); j 1b */
	static const u32 code[] = { 0x00853583, 0x00158593, 0x00b53423, 0xff5ff06f };

	if (!begin())
		return false;
	tvm_code(&vm, 0, code, ARRAY_SIZE(code));
	tvm_set(&vm, 0, 10, GPA);
	if (!tvm_command_begin(&vm, 0, OP_EXEC, 0, 0))
		return false;
	run_begin(1, run_here, 0);
	delay(ticks_per_second / 50);
	return ok(!run_done(1), "it runs on another hart and stores to the first");
}

/* The hart may not have entered yet: again until it is back. */
static bool stop(u64 *result)
{
	for (u32 i = 0; i < 100; i++) {
		imsic_send(1, EIID_TEST);
		if (run_wait(1, ticks_per_second / 20, result))
			return true;
	}
	return false;
}

/* 13.4: a fence is complete when every vCPU that was inside has left. */
static void fence_waits(void)
{
	u64 result = 1;

	if (!storing())
		return;
	sbi_ok(covh_invalidate(vm.id, GPA + PAGE_SIZE, PAGE_SIZE),
	       "a page is blocked that it does not use");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE while it is inside");
	sbi_err(covh_tvm_fence(vm.id), SBI_ERR_ALREADY_STARTED,
		"the next is refused with -7: the first is not complete");
	ok(!run_done(1), "it is inside still");
	if (!ok(stop(&result) && !result, "a message to its hart makes it leave"))
		return;
	eq(seen[1].scause, CAUSE_IRQ | IRQ_SEI, "as an exit by the host's interrupt");
	sbi_ok(covh_tvm_fence(vm.id), "then TVM_FENCE succeeds");
	sbi_ok(covh_validate(vm.id, GPA + PAGE_SIZE, PAGE_SIZE), "the page is unblocked");
	/* A page that it uses: it leaves by itself once its translation is gone. */
	run_begin(1, run_here, 0);
	delay(ticks_per_second / 50);
	sbi_ok(covh_invalidate(vm.id, GPA, PAGE_SIZE),
	       "the page that it uses is blocked while it runs");
	sbi_ok(covh_tvm_fence(vm.id), "and fenced");
	ok(stop(&result), "the vCPU has left, by the fault or by a message");
	run_begin(1, run_here, 0);
	ok(run_wait(1, 5 * ticks_per_second, &result), "when it runs again it leaves at once");
	ok((seen[1].scause == CAUSE_LOAD_GUEST || seen[1].scause == CAUSE_STORE_GUEST) &&
		   seen[1].htval == GPA >> 2,
	   "by a fault on that page");
	sbi_ok(covh_validate(vm.id, GPA, PAGE_SIZE), "it is unblocked");
	run_begin(1, run_here, 0);
	delay(ticks_per_second / 50);
	ok(!run_done(1) && stop(&result), "then it runs on until a message comes");
	end();
}

/* REMOVE of a page that a vCPU may still have in its hart's TLB */
static void remove_waits(void)
{
	u64 page, result = 1, args[6] = { GPA + PAGE_SIZE, PAGE_SIZE },
		  start_args[6] = { 1, TVM_GPA };
	static const u32 spin[] = { INSN_SPIN };
	struct exit e;

	if (!ok(tvm_build_full(&vm) && tvm_sync(&vm, 0) && tvm_add_zero(&vm, GPA + PAGE_SIZE),
		"a TVM with several vCPUs runs"))
		return;
	page = vm.zero[0].pa;
	tvm_ecall_begin(&vm, 0, SBI_EXT_HSM, SBI_HSM_START, start_args, &e);
	sbi_ok(tvm_ecall_end(&vm, 0), "it starts a second vCPU");
	ok(tvm_sync(&vm, 1), "which runs");
	/* vCPU 1 asks to share here, vCPU 0 spins on the other hart. */
	tvm_code(&vm, 0, spin, 1);
	tvm_command_begin(&vm, 0, OP_EXEC, 0, 0);
	run_begin(1, run_here, 0);
	delay(ticks_per_second / 50);
	ok(!run_done(1), "the first vCPU spins on another hart");
	tvm_ecall_begin(&vm, 1, SBI_EXT_COVG, COVG_SHARE_MEMORY, args, &e);
	eq(e.a[6], COVG_SHARE_MEMORY, "the second asks to share a page");
	sbi_ok(covh_invalidate(vm.id, GPA + PAGE_SIZE, PAGE_SIZE), "INVALIDATE");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	sbi_err(covh_remove(vm.id, GPA + PAGE_SIZE, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"REMOVE is refused while the first vCPU has not left since the fence");
	ok(pages_hidden(page, 1), "the page is the TVM's still");
	ok(stop(&result) && !result, "a message makes it leave");
	sbi_ok(covh_remove(vm.id, GPA + PAGE_SIZE, PAGE_SIZE), "then REMOVE succeeds");
	sbi_ok(covh_reclaim(page, 1), "the page comes back");
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0;
	sbi_ok(tvm_ecall_end(&vm, 1), "SHARE succeeds");
	end();
}

/* The host says yes, and has left the page mapped. */
static void say_yes(struct exit *e)
{
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0;
	vcpu_run(&vm, 1, e);
}

/* A strict caller is told, and does it itself. */
static void leftovers_refused(void)
{
	struct exit e;
	u64 result = 1;
	u32 refused = 0;

	for (u32 i = 0; i < 5; i++) {
		say_yes(&e);
		refused += e.error == SBI_ERR_INVALID_ADDRESS;
	}
	eq(refused, 5,
	   "RUN of a vCPU whose page was left mapped is refused, as often as it is tried");
	sbi_ok(covh_invalidate(vm.id, GPA + PAGE_SIZE, PAGE_SIZE), "INVALIDATE");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	ok(stop(&result) && !result, "the other leaves");
	say_yes(&e);
	eq((u64)e.error, (u64)SBI_ERR_INVALID_ADDRESS, "a page that is blocked is in the way too");
	sbi_ok(covh_remove(vm.id, GPA + PAGE_SIZE, PAGE_SIZE), "REMOVE");
	say_yes(&e);
	eq(tvm_result(&vm, 1, &e), CAUSE_BREAK, "then the vCPU goes on");
}

/* 17.2: the TSM takes leftovers out itself, and waits for a vCPU that is inside without holding the
 * host up. */
static void leftovers_removed(void)
{
	u32 timers = 0;
	u64 result = 1;
	struct exit e;

	for (u32 i = 0; i < 5; i++) {
		say_yes(&e);
		timers += !e.error && e.scause == (CAUSE_IRQ | IRQ_STI);
	}
	eq(timers, 5,
	   "RUN of a vCPU whose page was left mapped ends as by a timer while another vCPU is "
	   "inside");
	ok(stop(&result) && !result, "the other leaves");
	for (u32 i = 0; i < 10; i++) {
		say_yes(&e);
		if (e.error || e.scause != (CAUSE_IRQ | IRQ_STI))
			break;
	}
	eq(tvm_result(&vm, 1, &e), CAUSE_BREAK, "then the vCPU goes on");
}

static void leftovers_body(void)
{
	u64 args[6] = { GPA + PAGE_SIZE, PAGE_SIZE };
	static const u32 spin[] = { INSN_SPIN };
	struct exit e = { 0 };

	if (!ok(tvm_build_full(&vm) && tvm_sync(&vm, 0) && tvm_add_zero(&vm, GPA + PAGE_SIZE) &&
			tvm_start(&vm, 1) && tvm_sync(&vm, 1),
		"a TVM with two vCPUs runs (%s)", numbering_name()))
		return;
	tvm_code(&vm, 0, spin, 1);
	tvm_command_begin(&vm, 0, OP_EXEC, 0, 0);
	run_begin(1, run_here, 0);
	delay(ticks_per_second / 50);
	tvm_ecall_begin(&vm, 1, SBI_EXT_COVG, COVG_SHARE_MEMORY, args, &e);
	if (strict())
		leftovers_refused();
	else
		leftovers_removed();
	eq(tvm_get(&vm, 1, 10), 0, "its SHARE has succeeded");
	sbi_ok(covh_reclaim(vm.zero[0].pa, 1), "and the page comes back");
	end();
}

static void leftovers(void)
{
	in_every_numbering(leftovers_body);
}

static const struct test block_harts_tests[] = {
	TEST(fence_waits),
	TEST(remove_waits),
	TEST(leftovers),
};

GROUP(block_harts, true, 2);
