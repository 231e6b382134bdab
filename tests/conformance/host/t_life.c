/* SPDX-License-Identifier: BSD-2-Clause */
/* TVMs beside each other, and many of them after each other. Groups: isolation, life. */
#include "tests.h"

static struct tvm vm, other;

static void hidden_from_host(void)
{
	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0) && tvm_add_zero(&vm, TVM_FRESH_GPA),
		"a TVM runs"))
		return;
	ok(pages_hidden(vm.pgd, COVE_PGD_PAGES), "the host can not read the TVM's page directory");
	ok(pages_hidden(vm.state, tsm_info.tvm_state_pages), "nor its state");
	ok(pages_hidden(vm.pool, vm.pool_pages), "nor its page tables");
	ok(pages_hidden(vm.vcpu[0], tsm_info.tvm_vcpu_state_pages), "nor its vCPU's state");
	ok(pages_hidden(vm.image, vm.image_pages), "nor its measured pages");
	ok(pages_hidden(vm.zero[0].pa, 1), "nor its zero pages");
	eq(probe_store64(vm.image, 0), CAUSE_STORE_ACCESS, "nor store to a measured page");
	eq(probe_fetch(vm.image), CAUSE_FETCH_ACCESS, "nor execute it");
	eq(probe_store64(vm.vcpu[0], 0), CAUSE_STORE_ACCESS, "nor store to the vCPU's state");
	eq(user_load(vm.image), CAUSE_LOAD_ACCESS, "nor can its user mode read a measured page");
	eq(tvm_peek(&vm, 0, TVM_GPA), *(const u64 *)tvm_image, "the TVM's memory is as it was");
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

/* The same GPA in two TVMs is two pages, whichever ran last on the hart. */
static void two_memories(void)
{
	u32 wrong = 0;

	if (!ok(tvm_build(&vm) && tvm_build(&other) && tvm_add_zero(&vm, TVM_FRESH_GPA) &&
		tvm_add_zero(&other, TVM_FRESH_GPA), "two TVMs are built"))
		return;
	tvm_poke(&vm, 0, TVM_FRESH_GPA, 0x1111);
	eq(tvm_peek(&other, 0, TVM_FRESH_GPA), 0,
	   "what one writes the other does not read at the same GPA");
	tvm_poke(&other, 0, TVM_FRESH_GPA, 0x2222);
	for (u32 i = 0; i < 50; i++) {
		wrong += tvm_peek(&vm, 0, TVM_FRESH_GPA) != 0x1111 + i;
		wrong += tvm_peek(&other, 0, TVM_FRESH_GPA) != 0x2222 + i;
		tvm_poke(&vm, 0, TVM_FRESH_GPA, 0x1112 + i);
		tvm_poke(&other, 0, TVM_FRESH_GPA, 0x2223 + i);
	}
	eq(wrong, 0, "each reads its own while they take turns on one hart");
	ok(tvm_destroy(&vm), "one is destroyed");
	eq(tvm_peek(&other, 0, TVM_FRESH_GPA), 0x2222 + 50, "the other goes on");
	ok(tvm_destroy(&other), "and is destroyed");
}

/* A TVM that uses host physical addresses as its own reaches nothing. */
static void reach(u64 gpa, const char *what)
{
	u32 load = 0x00053583;
	struct exit e = { 0 };

	if (!ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	tvm_code(&vm, 0, &load, 1);
	tvm_set(&vm, 0, 10, gpa);
	tvm_exec(&vm, 0, &e);
	ok(!e.error && e.scause == CAUSE_LOAD_GUEST && e.value == COVE_RUN_DEAD,
	   "a TVM's load from %s ends it", what);
	ok(tvm_destroy(&vm), "it is destroyed");
}

static void foreign_memory(void)
{
	struct range *low = &machine.ram[0];
	u64 page;

	/* Where the TVM's own region is not. */
	page = low->base + low->size - PAGE_SIZE;
	if (page > TVM_RAM_GPA + TVM_RAM_SIZE)
		reach(page, "the address of the host's last page");
	reach(0x10000000, "the UART");
	reach(0x28000000, "an interrupt file");
	reach(machine.imsic[0], "the host's interrupt file");
	reach(0x1000, "the boot ROM");
	if (!ok(tvm_build(&other), "another TVM is built"))
		return;
	if (other.image < TVM_RAM_GPA || other.image >= TVM_RAM_GPA + TVM_RAM_SIZE)
		reach(other.image, "the address of another TVM's page");
	ok(tvm_destroy(&other), "the other is destroyed");
}

/* Pages that were a TVM's are clean for the next one, with and without passing through the host. */
static void reuse(void)
{
	u64 page;

	if (!ok(tvm_build(&vm) && tvm_add_zero(&vm, TVM_FRESH_GPA), "a TVM is built"))
		return;
	page = vm.zero[0].pa;
	for (u32 i = 0; i < 8; i++)
		tvm_poke(&vm, 0, TVM_FRESH_GPA + 512 * i, 0x5ec4e7);
	sbi_ok(covh_destroy(vm.id), "it is destroyed with a secret in a page");
	vm.created = false;
	if (!ok(tvm_build(&other), "another TVM is built"))
		return;
	sbi_ok(covh_add_zero(other.id, page, COVE_PAGE_4K, 1, TVM_FRESH_GPA),
	       "it is given the page, which the host never had");
	eq(tvm_peek(&other, 0, TVM_FRESH_GPA), 0, "the page is zero for it");
	eq(tvm_peek(&other, 0, TVM_FRESH_GPA + 512 * 7), 0, "all of it");
	ok(tvm_destroy(&other), "it is destroyed");
	ok(tvm_destroy(&vm), "and every page comes back as zero");
}

static const struct test isolation_tests[] = {
	TEST(hidden_from_host), TEST(two_memories), TEST(foreign_memory), TEST(reuse),
};

GROUP(isolation, true, 1);

/* --- life --- */

/* The same pages again and again: a page or an id that is not given back is soon missed. */
static void hundred_cycles(void)
{
	u32 good = 0;

	for (u32 i = 0; i < 100; i++) {
		u64 mark = mem_mark();
		bool fine;

		fine = tvm_build(&vm) && tvm_add_zero(&vm, TVM_FRESH_GPA);
		tvm_poke(&vm, 0, TVM_FRESH_GPA, i);
		fine = fine && tvm_peek(&vm, 0, TVM_FRESH_GPA) == i;
		/* Every tenth is looked at in full. */
		fine &= i % 10 ? tvm_destroy_fast(&vm) : tvm_destroy(&vm);
		good += fine && !mem_release(mark);
		if (!fine)
			break;
	}
	eq(good, 100,
	   "a TVM is created, run, destroyed and reclaimed 100 times from the same pages");
}

/* Without a page of the image, whose measuring takes the time. */
static void thousand_cycles(void)
{
	/* Each fence of each takes all harts. */
	u32 good = 0, cycles = nr_harts <= 2 ? 1000 : 100;
	u64 mark;

	for (mark = mem_mark(); good < cycles; good++) {
		tvm_init(&vm);
		if (!tvm_create(&vm) || !tvm_add_region(&vm, TVM_RAM_GPA, TVM_RAM_SIZE) ||
		    !tvm_add_vcpu(&vm, 0) || !tvm_finalize(&vm, good) || !tvm_destroy_fast(&vm) ||
		    mem_release(mark))
			break;
	}
	eq(good, cycles,
	   "a TVM is created, finalized, destroyed and reclaimed %u times from the same pages",
	   cycles);
}

static void many_at_once(void)
{
	static struct tvm many[6];
	u32 good = 0, different = 0;

	for (u32 i = 0; i < ARRAY_SIZE(many); i++)
		good += tvm_build(&many[i]);
	eq(good, ARRAY_SIZE(many), "%lu TVMs live at once", ARRAY_SIZE(many));
	for (u32 i = 0; i < ARRAY_SIZE(many); i++)
		for (u32 j = 0; j < i; j++)
			different += many[i].id != many[j].id;
	eq(different, ARRAY_SIZE(many) * (ARRAY_SIZE(many) - 1) / 2, "all ids differ");
	good = 0;
	for (u32 i = 0; i < ARRAY_SIZE(many); i++)
		tvm_poke(&many[i], 0, TVM_AREA(0) + AREA_IN, 0x1000 + i);
	for (u32 i = 0; i < ARRAY_SIZE(many); i++)
		good += tvm_peek(&many[i], 0, TVM_AREA(0) + AREA_IN) == 0x1000 + i;
	eq(good, ARRAY_SIZE(many), "each runs and keeps its own memory");
	good = 0;
	/* From the middle, so that what is left are holes. */
	for (u32 i = 0; i < ARRAY_SIZE(many); i++)
		good += tvm_destroy(&many[(i + 3) % ARRAY_SIZE(many)]);
	eq(good, ARRAY_SIZE(many), "all are destroyed and all their pages come back as zero");
}

/* DESTROY in every state of the TVM's life */
static void destroy_any_time(void)
{
	struct exit e;

	tvm_init(&vm);
	ok(tvm_create(&vm) && tvm_destroy(&vm), "a TVM that was only created is destroyed");
	tvm_init(&vm);
	ok(tvm_create(&vm) && tvm_add_region(&vm, TVM_RAM_GPA, TVM_RAM_SIZE) && tvm_load(&vm, 1) &&
		   tvm_destroy(&vm),
	   "a TVM with a measured page is destroyed");
	tvm_init(&vm);
	ok(tvm_create(&vm) && tvm_add_vcpu(&vm, 0) && tvm_destroy(&vm),
	   "a TVM with a vCPU is destroyed");
	ok(tvm_build(&vm) && tvm_destroy(&vm), "a TVM that never ran is destroyed");
	ok(tvm_build(&vm) && tvm_sync(&vm, 0) && tvm_destroy(&vm),
	   "a TVM that waits for an answer is destroyed");
	ok(tvm_build(&vm) && tvm_command(&vm, 0, OP_PEEK, TVM_FRESH_GPA, 0, &e) && tvm_destroy(&vm),
	   "a TVM that waits for a page is destroyed");
	ok(tvm_build(&vm) && tvm_command(&vm, 0, OP_PEEK, TVM_HOLE_GPA, 0, &e) &&
		   e.value == COVE_RUN_DEAD && tvm_destroy(&vm),
	   "a TVM that is dead is destroyed");
	sbi_err(covh_destroy(vm.id), SBI_ERR_INVALID_PARAM, "and can not be destroyed twice");
}

/* 2 MiB of zero pages, touched by the TVM, and back. */
static void many_pages(void)
{
	u64 pages = pages_alloc(512, 512), wrong = 0;
	struct sbiret r;

	if (!ok(tvm_build(&vm) && cove_convert(pages, 512),
		"a TVM is built and 512 pages are converted"))
		return;
	r = covh_add_zero(vm.id, pages, COVE_PAGE_4K, 512, TVM_FRESH_GPA);
	sbi_ok(r, "512 zero pages are added in one call");
	eq((u64)r.value, 512, "its value says so");
	for (u64 i = 0; i < 512; i += 7)
		tvm_poke(&vm, 0, TVM_FRESH_GPA + i * PAGE_SIZE, ~i);
	for (u64 i = 0; i < 512; i += 7)
		wrong += tvm_peek(&vm, 0, TVM_FRESH_GPA + i * PAGE_SIZE) != ~i;
	eq(wrong, 0, "the TVM writes and reads all over them");
	ok(pages_hidden(pages, 512), "the host can read none of them");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
	r = covh_reclaim(pages, 512);
	sbi_ok(r, "the 512 pages are reclaimed in one call");
	eq((u64)r.value, 512, "its value says so");
	ok(pages_zero(pages, 512), "all of them are zero");
}

static const struct test life_tests[] = {
	TEST(hundred_cycles),	TEST(thousand_cycles), TEST(many_at_once),
	TEST(destroy_any_time), TEST(many_pages),
};

GROUP(life, true, 1);
