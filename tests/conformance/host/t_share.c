/* SPDX-License-Identifier: BSD-2-Clause */
/* Sharing and taking pages from a TVM that runs (ABI 4.14, 4.17 to 4.21, 6, 9.5, 13, 17.2). Group:
 * share. */
#include "share.h"

static struct tvm vm;

/* T48, T58 to T61, G16 to G21: the whole life of a range that the TVM never touched. */
static void untouched_body(void)
{
	static const u32 ecall[] = { INSN_ECALL };
	static const u32 jump[] = { 0x00050067 };
	const struct expect asked =
		EXPECT(CAUSE_ECALL, .args = 8,
		       .a = { GPA, 4 * PAGE_SIZE, [6] = COVG_SHARE_MEMORY, [7] = SBI_EXT_COVG });
	const struct expect fault = EXPECT(CAUSE_LOAD_GUEST, .htval = (GPA + PAGE_SIZE) >> 2);
	const struct expect store = EXPECT(CAUSE_STORE_GUEST, .htval = (GPA + 2 * PAGE_SIZE) >> 2);
	u64 page = share_new_page(PING);
	struct exit e;

	if (!share_begin(&vm))
		return;
	tvm_code(&vm, 0, ecall, 1);
	tvm_set(&vm, 0, 10, GPA);
	tvm_set(&vm, 0, 11, 4 * PAGE_SIZE);
	for (u32 i = 12; i < 16; i++)
		tvm_set(&vm, 0, i, 0x5ec4e7);
	tvm_set(&vm, 0, 16, COVG_SHARE_MEMORY);
	tvm_set(&vm, 0, 17, SBI_EXT_COVG);
	if (!expect_command(&vm, 0, OP_EXEC, 0, 0, &asked, "SHARE of an untouched range"))
		return;
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0x99;
	vcpu_resume(&vm, 0, &e);
	eq(tvm_result(&vm, 0, &e), CAUSE_BREAK, "the TVM goes on behind its ECALL");
	eq(tvm_get(&vm, 0, 10), 0, "its a0 is success");
	eq(tvm_get(&vm, 0, 11), 0x99, "its a1 is what the host said");
	if (!expect_command(&vm, 0, OP_PEEK, GPA + PAGE_SIZE + 0x128, 0, &fault,
			    "a load from the shared range"))
		return;
	sbi_err(covh_add_zero(vm.id, page, COVE_PAGE_4K, 1, GPA + PAGE_SIZE),
		SBI_ERR_INVALID_ADDRESS, "a host page as a zero page is refused");
	sbi_ok(share_add(&vm, page, GPA + PAGE_SIZE), "the host adds a page of its own");
	vcpu_resume(&vm, 0, &e);
	eq(tvm_result(&vm, 0, &e), 0, "the load succeeds then");
	eq(tvm_peek(&vm, 0, GPA + PAGE_SIZE), PING, "the TVM reads what the host wrote before");
	tvm_poke(&vm, 0, GPA + PAGE_SIZE + 8, PONG);
	eq(((volatile u64 *)page)[1], PONG, "the host reads what the TVM writes");
	((volatile u64 *)page)[2] = PING;
	eq(tvm_peek(&vm, 0, GPA + PAGE_SIZE + 16), PING, "the TVM reads what the host writes now");
	sbi_err(covh_convert(page, 1), SBI_ERR_INVALID_ADDRESS,
		"the page can not be converted while it is shared");
	ok(pages_readable(page, 1), "the host keeps it");
	*(volatile u32 *)(page + 0x80) = 0x00008067;
	tvm_code(&vm, 0, jump, 1);
	tvm_set(&vm, 0, 10, GPA + PAGE_SIZE + 0x80);
	eq(tvm_exec_done(&vm, 0), CAUSE_FETCH_ACCESS,
	   "a fetch from shared memory is an access fault in the TVM");
	eq(tvm_peek(&vm, 0, TVM_AREA(0) + AREA_EPC), GPA + PAGE_SIZE + 0x80,
	   "at the address that it jumped to");
	if (!expect_command(&vm, 0, OP_POKE, GPA + 2 * PAGE_SIZE + 0x10, 1, &store,
			    "a store to the next page"))
		return;
	sbi_ok(share_add(&vm, page + 0, GPA + 2 * PAGE_SIZE),
	       "the same host page can be added there too");
	vcpu_resume(&vm, 0, &e);
	tvm_result(&vm, 0, &e);
	eq(tvm_peek(&vm, 0, GPA + PAGE_SIZE + 0x10), 1, "and both places are one page");
	/* Back to confidential. */
	ok(share_ask(&vm, COVG_UNSHARE_MEMORY, GPA + PAGE_SIZE, 2 * PAGE_SIZE),
	   "UNSHARE of a part comes to the host");
	ok(share_take_out(&vm, GPA + PAGE_SIZE, 2 * PAGE_SIZE), "the host takes its page out");
	eq((u64)share_answer(&vm, 0, 0), 0, "UNSHARE succeeds");
	sbi_err(share_add(&vm, page, GPA + PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"the host can not add shared pages there any more");
	ok(tvm_add_zero(&vm, GPA + PAGE_SIZE), "it adds a zero page");
	eq(tvm_peek(&vm, 0, GPA + PAGE_SIZE), 0, "which is zero");
	tvm_poke(&vm, 0, GPA + PAGE_SIZE, PONG);
	eq(*(volatile u64 *)page, PING, "and is not the host's page");
	sbi_ok(covh_convert(page, 1), "which can be converted now");
	sbi_ok(covh_reclaim(page, 1), "and comes back");
	/* Again. */
	ok(share_ask(&vm, COVG_SHARE_MEMORY, GPA + PAGE_SIZE, PAGE_SIZE),
	   "SHARE of the page again");
	ok(share_take_out(&vm, GPA + PAGE_SIZE, PAGE_SIZE), "the host takes the zero page out");
	sbi_ok(covh_reclaim(vm.zero[0].pa, 1), "and back");
	ok(pages_zero(vm.zero[0].pa, 1), "it is zero: what the TVM had written is lost");
	eq((u64)share_answer(&vm, 0, 0), 0, "SHARE succeeds");
	sbi_ok(share_add(&vm, page, GPA + PAGE_SIZE), "the host adds its page again");
	tvm_poke(&vm, 0, GPA + PAGE_SIZE, PONG);
	eq(*(volatile u64 *)page, PONG, "and sees what the TVM writes");
	share_end(&vm);
	sbi_ok(covh_convert(page, 1), "when the TVM is gone its shared page can be converted");
	sbi_ok(covh_reclaim(page, 1), "and comes back");
}

static void untouched(void)
{
	in_every_numbering(untouched_body);
}

/* T49 to T51: the TVM has pages there. */
static void populated_body(void)
{
	const u64 size = 3 * PAGE_SIZE;

	if (!share_begin(&vm))
		return;
	for (u64 i = 0; i < 3; i++) {
		ok(tvm_add_zero(&vm, GPA + i * PAGE_SIZE), "a page is added");
		tvm_poke(&vm, 0, GPA + i * PAGE_SIZE, 0x5ec4e7);
	}
	if (!ok(share_ask(&vm, COVG_SHARE_MEMORY, GPA, size), "SHARE of them comes to the host"))
		return;
	sbi_err(covh_remove(vm.id, GPA, size), SBI_ERR_INVALID_ADDRESS,
		"REMOVE of what is not blocked is refused");
	sbi_ok(covh_invalidate(vm.id, GPA, size), "INVALIDATE");
	sbi_err(covh_remove(vm.id, GPA, size), SBI_ERR_INVALID_ADDRESS,
		"REMOVE without a fence is refused");
	sbi_err(covh_reclaim(vm.zero[0].pa, 1), SBI_ERR_INVALID_ADDRESS,
		"RECLAIM of a blocked page is refused");
	ok(pages_hidden(vm.zero[0].pa, 1), "the host does not reach it");
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	sbi_err(covh_reclaim(vm.zero[0].pa, 1), SBI_ERR_INVALID_ADDRESS,
		"RECLAIM of a fenced page is refused");
	sbi_ok(covh_remove(vm.id, GPA, PAGE_SIZE), "REMOVE of the first");
	sbi_ok(covh_remove(vm.id, GPA + PAGE_SIZE, 2 * PAGE_SIZE), "REMOVE of the others");
	ok(pages_hidden(vm.zero[0].pa, 1), "the host does not reach what was removed");
	for (u32 i = 0; i < 3; i++) {
		sbi_ok(covh_reclaim(vm.zero[i].pa, 1), "until it is reclaimed");
		ok(pages_zero(vm.zero[i].pa, 1), "and it is zero then");
	}
	eq((u64)share_answer(&vm, 0, 0), 0, "SHARE succeeds");
	for (u64 i = 0; i < 3; i++) {
		sbi_ok(share_add(&vm, vm.zero[i].pa, GPA + i * PAGE_SIZE),
		       "the host shares the same page");
		eq(tvm_peek(&vm, 0, GPA + i * PAGE_SIZE), 0, "the TVM reads zero from it");
	}
	share_end(&vm);
}

static void populated(void)
{
	in_every_numbering(populated_body);
}

/*
 * The host says yes and has left pages there: a strict one has its RUN refused until they are out;
 * for the RFC client the TSM takes them out itself, be they zero pages or measured ones (17.2).
 */
static void left_mapped(u64 gpa, u64 pa, const char *what)
{
	struct exit e = { 0 };
	u32 runs = 0;

	if (!ok(share_ask(&vm, COVG_SHARE_MEMORY, gpa, PAGE_SIZE), "SHARE of %s comes to the host",
		what))
		return;
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0;
	if (strict()) {
		for (u32 i = 0; i < 2; i++) {
			sbi_err(covh_run(vm.id, 0), SBI_ERR_INVALID_ADDRESS,
				"RUN with %s still mapped is refused", what);
			ok(pages_hidden(pa, 1), "the page is the TVM's still");
		}
		sbi_ok(covh_invalidate(vm.id, gpa, PAGE_SIZE), "INVALIDATE");
		sbi_err(covh_run(vm.id, 0), SBI_ERR_INVALID_ADDRESS,
			"RUN with it blocked is refused");
		sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
		sbi_err(covh_run(vm.id, 0), SBI_ERR_INVALID_ADDRESS,
			"RUN with it fenced is refused");
		sbi_ok(covh_remove(vm.id, gpa, PAGE_SIZE), "REMOVE");
	}
	/* Each exit before the TVM goes on looks like the host's timer. */
	do {
		shmem_gpr(10) = 0;
		shmem_gpr(11) = 0;
		vcpu_run(&vm, 0, &e);
	} while (!e.error && e.scause == (CAUSE_IRQ | IRQ_STI) && ++runs < 100);
	ok(strict() ? !runs : runs < 10, "RUN succeeds after %u exits as of a timer", runs);
	eq(tvm_result(&vm, 0, &e), CAUSE_BREAK, "the TVM goes on");
	eq(tvm_get(&vm, 0, 10), 0, "SHARE of %s has succeeded", what);
	sbi_ok(covh_reclaim(pa, 1), "the host takes the page back");
	ok(pages_zero(pa, 1), "it is zero");
	sbi_ok(share_add(&vm, pa, gpa), "and shares it");
	tvm_poke(&vm, 0, gpa, PONG);
	eq(*(volatile u64 *)pa, PONG, "both see it");
	*(volatile u64 *)pa = 0;
}

static void leftovers_body(void)
{
	if (!ok(tvm_build_full(&vm) && tvm_sync(&vm, 0), "a TVM with five measured pages runs (%s)",
		numbering_name()))
		return;
	left_mapped(TVM_AREA(2), vm.image + 3 * PAGE_SIZE, "a measured page");
	ok(tvm_add_zero(&vm, GPA), "a zero page is added");
	tvm_poke(&vm, 0, GPA, 0x5ec4e7);
	left_mapped(GPA, vm.zero[0].pa, "a zero page");
	share_end(&vm);
}

static void leftovers(void)
{
	in_every_numbering(leftovers_body);
}

/* A part of a region, and what is around it. */
static void partial(void)
{
	u64 page = share_new_page(PING);

	if (!share_begin(&vm))
		return;
	ok(share_range(&vm, GPA + PAGE_SIZE, PAGE_SIZE),
	   "a page in the middle of a region is shared");
	sbi_err(share_add(&vm, page, GPA), SBI_ERR_INVALID_ADDRESS,
		"the page before it takes no shared page");
	sbi_err(share_add(&vm, page, GPA + 2 * PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"nor the page behind it");
	sbi_ok(share_add(&vm, page, GPA + PAGE_SIZE), "it takes one itself");
	ok(tvm_add_zero(&vm, GPA) && tvm_add_zero(&vm, GPA + 2 * PAGE_SIZE),
	   "its neighbours take zero pages");
	tvm_poke(&vm, 0, GPA, 1);
	tvm_poke(&vm, 0, GPA + 2 * PAGE_SIZE, 2);
	eq(tvm_peek(&vm, 0, GPA + PAGE_SIZE), PING, "the TVM reads the shared page");
	sbi_err(tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_SHARE_MEMORY, GPA, 3 * PAGE_SIZE, 0),
		SBI_ERR_INVALID_PARAM, "SHARE of a range that is shared in part is refused");
	sbi_err(tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_UNSHARE_MEMORY, GPA, 2 * PAGE_SIZE, 0),
		SBI_ERR_INVALID_PARAM,
		"UNSHARE of a range that is confidential in part is refused");
	sbi_err(tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_SHARE_MEMORY, GPA + PAGE_SIZE, PAGE_SIZE, 0),
		SBI_ERR_INVALID_PARAM, "SHARE of what is shared is refused");
	eq(tvm_peek(&vm, 0, GPA), 1, "its confidential memory is as it was");
	ok(share_ask(&vm, COVG_SHARE_MEMORY, GPA + 2 * PAGE_SIZE, PAGE_SIZE) &&
		   share_take_out(&vm, GPA + 2 * PAGE_SIZE, PAGE_SIZE) &&
		   share_answer(&vm, 0, 0) == 0,
	   "the page behind is shared too");
	sbi_ok(share_add(&vm, page, GPA + 2 * PAGE_SIZE), "and takes a shared page");
	ok(share_ask(&vm, COVG_UNSHARE_MEMORY, GPA + PAGE_SIZE, 2 * PAGE_SIZE),
	   "both are one region: UNSHARE of both comes to the host");
	ok(share_take_out(&vm, GPA + PAGE_SIZE, 2 * PAGE_SIZE) && share_answer(&vm, 0, 0) == 0,
	   "and succeeds");
	ok(share_ask(&vm, COVG_SHARE_MEMORY, GPA, 3 * PAGE_SIZE) &&
		   share_take_out(&vm, GPA, PAGE_SIZE) && share_answer(&vm, 0, 0) == 0,
	   "all three are one region again: SHARE of all three succeeds");
	/* Many splits: every other page of many. */
	for (u64 i = 0; i < 40; i++)
		if (!share_range(&vm, GPA + (8 + 2 * i) * PAGE_SIZE, PAGE_SIZE))
			ok(false, "SHARE of every other page goes on (%lu)", i);
	sbi_ok(share_add(&vm, page, GPA + (8 + 2 * 39) * PAGE_SIZE),
	       "the last of them takes a shared page");
	sbi_err(share_add(&vm, page, GPA + (8 + 2 * 39 + 1) * PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"the page behind it does not");
	share_end(&vm);
}

/* N38: the host says no. */
static void rejected_body(void)
{
	u64 page = share_new_page(PING);

	if (!share_begin(&vm))
		return;
	ok(tvm_add_zero(&vm, GPA), "a page is added");
	tvm_poke(&vm, 0, GPA, 0x5ec4e7);
	ok(share_ask(&vm, COVG_SHARE_MEMORY, GPA, 2 * PAGE_SIZE), "SHARE comes to the host");
	eq((u64)share_answer(&vm, (u64)SBI_ERR_DENIED, 7), (u64)SBI_ERR_DENIED,
	   "the TVM is told the host's error");
	eq(tvm_peek(&vm, 0, GPA), 0x5ec4e7, "its page is as it was");
	sbi_err(share_add(&vm, page, GPA + PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"the range takes no shared page");
	ok(tvm_add_zero(&vm, GPA + PAGE_SIZE), "it takes a zero page");
	sbi_ok(covh_invalidate(vm.id, GPA, PAGE_SIZE), "a page of it is blocked");
	sbi_ok(covh_tvm_fence(vm.id), "and fenced");
	sbi_err(covh_remove(vm.id, GPA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"but it can not be removed");
	sbi_ok(covh_validate(vm.id, GPA, PAGE_SIZE), "it is unblocked");
	eq(tvm_peek(&vm, 0, GPA), 0x5ec4e7, "the TVM reads it");
	/* A host that has blocked and then says no */
	ok(share_ask(&vm, COVG_SHARE_MEMORY, GPA, PAGE_SIZE), "SHARE comes to the host");
	sbi_ok(covh_invalidate(vm.id, GPA, PAGE_SIZE), "the host blocks");
	sbi_ok(covh_validate(vm.id, GPA, PAGE_SIZE), "unblocks");
	eq((u64)share_answer(&vm, (u64)SBI_ERR_FAILED, 0), (u64)SBI_ERR_FAILED, "and says no");
	eq(tvm_peek(&vm, 0, GPA), 0x5ec4e7, "the TVM has its page");
	/* The other way */
	ok(share_range(&vm, GPA + 4 * PAGE_SIZE, PAGE_SIZE), "a page is shared");
	sbi_ok(share_add(&vm, page, GPA + 4 * PAGE_SIZE), "and added");
	ok(share_ask(&vm, COVG_UNSHARE_MEMORY, GPA + 4 * PAGE_SIZE, PAGE_SIZE),
	   "UNSHARE comes to the host");
	eq((u64)share_answer(&vm, (u64)SBI_ERR_INVALID_PARAM, 0), (u64)SBI_ERR_INVALID_PARAM,
	   "which says no");
	eq(tvm_peek(&vm, 0, GPA + 4 * PAGE_SIZE), PING, "the page is shared still");
	sbi_ok(covh_invalidate(vm.id, GPA + 4 * PAGE_SIZE, PAGE_SIZE), "it is blocked");
	sbi_ok(covh_tvm_fence(vm.id), "and fenced");
	sbi_err(covh_remove(vm.id, GPA + 4 * PAGE_SIZE, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"but it can not be removed");
	share_end(&vm);
}

static void rejected(void)
{
	in_every_numbering(rejected_body);
}

static void tvm_errors(void)
{
	static const struct {
		u64 gpa, size;
		s64 error;
		const char *name;
	} list[] = {
		{ GPA + 8, PAGE_SIZE, SBI_ERR_INVALID_ADDRESS, "an unaligned address" },
		{ GPA, PAGE_SIZE + 8, SBI_ERR_INVALID_ADDRESS, "an unaligned length" },
		{ TVM_HOLE_GPA, PAGE_SIZE, SBI_ERR_INVALID_PARAM, "an address in no region" },
		{ TVM_RAM_GPA + TVM_RAM_SIZE - PAGE_SIZE, 2 * PAGE_SIZE, SBI_ERR_INVALID_PARAM,
		  "a range that leaves its region" },
		{ TVM_RAM_GPA - PAGE_SIZE, 2 * PAGE_SIZE, SBI_ERR_INVALID_PARAM,
		  "a range that begins before its region" },
		{ TVM_MMIO_GPA, PAGE_SIZE, SBI_ERR_INVALID_PARAM, "MMIO" },
	};
	u64 page = share_new_page(0);

	if (!share_begin(&vm))
		return;
	sbi_ok(tvm_declare_mmio(&vm, 0, TVM_MMIO_GPA, PAGE_SIZE), "the TVM declares MMIO");
	for (u64 fid = COVG_SHARE_MEMORY; fid <= COVG_UNSHARE_MEMORY; fid++) {
		const char *what = fid == COVG_SHARE_MEMORY ? "SHARE" : "UNSHARE";

		for (u32 i = 0; i < ARRAY_SIZE(list); i++)
			sbi_err(tvm_ecall(&vm, 0, SBI_EXT_COVG, fid, list[i].gpa, list[i].size, 0),
				list[i].error, "%s of %s is refused in the TVM", what,
				list[i].name);
		sbi_refused(tvm_ecall(&vm, 0, SBI_EXT_COVG, fid, GPA, 0, 0),
			    "%s of nothing is refused", what);
		sbi_refused(tvm_ecall(&vm, 0, SBI_EXT_COVG, fid, GPA, ~0xfffULL, 0),
			    "%s of a range that wraps is refused", what);
		sbi_refused(tvm_ecall(&vm, 0, SBI_EXT_COVG, fid, ~0xfffULL, PAGE_SIZE, 0),
			    "%s of the last page is refused", what);
	}
	sbi_err(tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_UNSHARE_MEMORY, GPA, PAGE_SIZE, 0),
		SBI_ERR_INVALID_PARAM, "UNSHARE of confidential memory is refused");
	sbi_err(share_add(&vm, page, GPA), SBI_ERR_INVALID_ADDRESS,
		"nothing was shared by any of this");
	ok(tvm_add_zero(&vm, GPA), "the range takes a zero page");
	share_end(&vm);
}

/* While the request is open: other pages of the TVM, and pages in the range. */
static void pending(void)
{
	u64 zero = share_new_page(0), page = share_new_page(PING);

	if (!share_begin(&vm))
		return;
	ok(tvm_add_zero(&vm, GPA - PAGE_SIZE), "a page is added outside of the range");
	ok(share_ask(&vm, COVG_SHARE_MEMORY, GPA, 2 * PAGE_SIZE), "SHARE comes to the host");
	ok(cove_convert(zero, 1), "a page is converted");
	sbi_ok(covh_add_zero(vm.id, zero, COVE_PAGE_4K, 1, GPA),
	       "a zero page is taken into a range that is about to be shared");
	sbi_err(share_add(&vm, page, GPA + PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"a shared page is not, yet");
	ok(share_take_out(&vm, GPA, PAGE_SIZE), "the zero page is taken out again");
	sbi_err(covh_remove(vm.id, GPA - PAGE_SIZE, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"a page before the range can not be removed");
	sbi_err(covh_remove(vm.id, GPA - PAGE_SIZE, 2 * PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"nor a range that begins before the range");
	eq((u64)share_answer(&vm, 0, 0), 0, "SHARE succeeds");
	sbi_ok(covh_reclaim(zero, 1), "the page comes back");
	ok(share_ask(&vm, COVG_UNSHARE_MEMORY, GPA, 2 * PAGE_SIZE), "UNSHARE comes to the host");
	sbi_ok(share_add(&vm, page, GPA),
	       "a shared page is taken into a range that is about to be unshared");
	ok(share_take_out(&vm, GPA, PAGE_SIZE), "and is taken out again");
	eq((u64)share_answer(&vm, 0, 0), 0, "UNSHARE succeeds");
	share_end(&vm);
	/* A TVM that is destroyed with the request open */
	if (!share_begin(&vm))
		return;
	ok(share_ask(&vm, COVG_SHARE_MEMORY, GPA, PAGE_SIZE), "SHARE comes to the host");
	share_end(&vm);
}

/* 17.2: the RFC client blocks and removes every page of the range, touched or not. */
static void untouched_unshare_body(void)
{
	struct sbiret block, remove;

	if (!share_begin(&vm))
		return;
	ok(share_range(&vm, GPA, 2 * PAGE_SIZE), "a range is shared");
	sbi_err(covh_invalidate(vm.id, GPA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"INVALIDATE of an absent page is refused while nobody asked to unshare it");
	ok(share_ask(&vm, COVG_UNSHARE_MEMORY, GPA, 2 * PAGE_SIZE), "UNSHARE comes to the host");
	block = covh_invalidate(vm.id, GPA, PAGE_SIZE);
	sbi_ok(covh_tvm_fence(vm.id), "TVM_FENCE");
	remove = covh_remove(vm.id, GPA, PAGE_SIZE);
	if (strict()) {
		sbi_err(block, SBI_ERR_INVALID_ADDRESS, "INVALIDATE of an absent page is refused");
		sbi_err(remove, SBI_ERR_INVALID_ADDRESS, "and REMOVE");
	} else {
		sbi_ok(block, "INVALIDATE of an absent page of the range succeeds");
		sbi_ok(remove, "and REMOVE");
	}
	sbi_err(covh_validate(vm.id, GPA, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"VALIDATE of an absent page is refused");
	eq((u64)share_answer(&vm, 0, 0), 0, "UNSHARE succeeds");
	ok(tvm_add_zero(&vm, GPA), "the range takes a zero page");
	share_end(&vm);
}

static void untouched_unshare(void)
{
	in_every_numbering(untouched_unshare_body);
}

static const struct test share_tests[] = {
	TEST(untouched), TEST(populated),  TEST(leftovers), TEST(partial),
	TEST(rejected),	 TEST(tvm_errors), TEST(pending),   TEST(untouched_unshare),
};

GROUP(share, true, 1);
