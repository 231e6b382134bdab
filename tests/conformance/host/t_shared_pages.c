/* SPDX-License-Identifier: BSD-2-Clause */
/* ADD_SHARED, pages that two TVMs share, and consoles in shared memory (ABI 4.14, 13). Group:
 * shared_pages. */
#include "share.h"

static struct tvm vm, other;

/* N39 */
static void two_tvms(void)
{
	u64 page = share_new_page(PING), args[6] = { GPA, PAGE_SIZE };
	struct exit e;

	if (!ok(tvm_build(&vm) && tvm_build(&other) && tvm_sync(&vm, 0) && tvm_sync(&other, 0),
		"two TVMs run"))
		return;
	ok(share_range(&vm, GPA, PAGE_SIZE), "one shares a range");
	tvm_ecall_begin(&other, 0, SBI_EXT_COVG, COVG_SHARE_MEMORY, args, &e);
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0;
	sbi_ok(tvm_ecall_end(&other, 0), "the other does too");
	sbi_ok(share_add(&vm, page, GPA), "a host page is added to one");
	sbi_ok(share_add(&other, page, GPA), "and to the other");
	eq(tvm_peek(&other, 0, GPA), PING, "the other reads what the host wrote");
	tvm_poke(&vm, 0, GPA, PONG);
	eq(tvm_peek(&other, 0, GPA), PONG, "and what the first writes");
	sbi_ok(covh_invalidate(vm.id, GPA, PAGE_SIZE), "the page is blocked in the first");
	eq(tvm_peek(&other, 0, GPA), PONG, "the other reads it still");
	tvm_command(&vm, 0, OP_PEEK, GPA, 0, &e);
	eq(e.scause, CAUSE_LOAD_GUEST, "the first faults");
	sbi_err(covh_convert(page, 1), SBI_ERR_INVALID_ADDRESS, "the page can not be converted");
	sbi_ok(covh_invalidate(other.id, GPA, PAGE_SIZE), "it is blocked in both");
	sbi_ok(covh_validate(vm.id, GPA, PAGE_SIZE), "and unblocked in the first");
	vcpu_resume(&vm, 0, &e);
	eq(tvm_result(&vm, 0, &e), PONG, "which goes on");
	sbi_ok(covh_validate(other.id, GPA, PAGE_SIZE), "it is unblocked in the other");
	share_end(&vm);
	sbi_err(covh_convert(page, 1), SBI_ERR_INVALID_ADDRESS,
		"it can not be converted while one TVM is left");
	eq(tvm_peek(&other, 0, GPA), PONG, "which reads it");
	ok(tvm_destroy(&other), "the other is destroyed");
	sbi_ok(covh_convert(page, 1), "then it can be converted");
	sbi_ok(covh_reclaim(page, 1), "and comes back");
}

static void add_shared_refused_body(void)
{
	u64 page = share_new_page(PING), second = share_new_page(0),
	    confidential = pages_alloc(1, 1);
	struct sbiret r;

	if (!share_begin(&vm))
		return;
	ok(share_range(&vm, GPA, 4 * PAGE_SIZE), "a range is shared");
	ok(cove_convert(confidential, 1), "a page is converted");
	sbi_err(share_add(&vm, confidential, GPA), SBI_ERR_INVALID_ADDRESS,
		"ADD_SHARED of a converted page is refused");
	sbi_ok(covh_reclaim(confidential, 1), "the page comes back");
	sbi_err(share_add(&vm, vm.image, GPA), SBI_ERR_INVALID_ADDRESS, "of a TVM's page");
	sbi_err(share_add(&vm, page + 8, GPA), SBI_ERR_INVALID_ADDRESS, "of an unaligned page");
	for (u32 i = 0;; i++) {
		const char *name;
		u64 at = foreign_address(i, &name);

		if (!at)
			break;
		sbi_err(share_add(&vm, at & ~0xfffULL, GPA), SBI_ERR_INVALID_ADDRESS, "of %s",
			name);
	}
	sbi_err(share_add(&vm, page, GPA - PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"into confidential memory");
	sbi_err(share_add(&vm, page, TVM_GPA), SBI_ERR_INVALID_ADDRESS, "over a measured page");
	sbi_err(share_add(&vm, page, TVM_HOLE_GPA), SBI_ERR_INVALID_ADDRESS, "into no region");
	sbi_err(covh_add_shared(vm.id, page, COVE_PAGE_4K, 0, GPA), SBI_ERR_INVALID_PARAM,
		"of no page");
	sbi_err(covh_add_shared(vm.id, page, 4, 1, GPA), SBI_ERR_INVALID_PARAM, "of page type 4");
	sbi_err(covh_add_shared(vm.id, page, COVE_PAGE_2M, 1, GPA), SBI_ERR_INVALID_ADDRESS,
		"of an unaligned 2 MiB");
	sbi_refused(covh_add_shared(vm.id, page, COVE_PAGE_4K, ~0ULL, GPA), "of 2^64 - 1 pages");
	sbi_refused(covh_add_shared(vm.id, page, COVE_PAGE_4K, BIT(52), GPA), "of 2^52 pages");
	sbi_err(covh_add_shared(vm.id, page, COVE_PAGE_4K, 2, GPA + 3 * PAGE_SIZE),
		SBI_ERR_INVALID_ADDRESS, "of a range that leaves the region");
	sbi_err(covh_add_shared(vm.id + 1, page, COVE_PAGE_4K, 1, GPA), SBI_ERR_INVALID_PARAM,
		"to an unknown TVM");
	sbi_ok(covh_convert(page, 1), "no refused call holds the page: it can be converted");
	sbi_ok(covh_reclaim(page, 1), "and comes back");
	sbi_ok(share_add(&vm, page, GPA), "then it is added");
	sbi_err(share_add(&vm, second, GPA), SBI_ERR_INVALID_ADDRESS,
		"another page at the same address is refused");
	r = share_add(&vm, page, GPA);
	if (strict())
		sbi_err(r, SBI_ERR_INVALID_ADDRESS, "and the same page");
	else
		sbi_ok(r, "the same page again does no harm");
	if (!strict())
		sbi_ok(share_add(&vm, page, GPA + 0x128), "nor does a fault address as it is");
	ok(share_take_out(&vm, GPA, 0) == false, "INVALIDATE of nothing is refused");
	ok(share_ask(&vm, COVG_UNSHARE_MEMORY, GPA, PAGE_SIZE) &&
		   share_take_out(&vm, GPA, PAGE_SIZE) && share_answer(&vm, 0, 0) == 0,
	   "the page is unshared");
	sbi_ok(covh_convert(page, 1), "it was held once: it can be converted");
	sbi_ok(covh_reclaim(page, 1), "and comes back");
	sbi_ok(covh_convert(second, 1), "so can the one that was refused");
	sbi_ok(covh_reclaim(second, 1), "and comes back");
	share_end(&vm);
}

static void add_shared_refused(void)
{
	in_every_numbering(add_shared_refused_body);
}

/* T58: a console write from shared memory is the host's to print. */
static void shared_console_body(void)
{
	const struct expect x =
		EXPECT(CAUSE_ECALL, .args = 8,
		       .a = { 5, GPA + 0x10, [6] = SBI_DBCN_WRITE, [7] = SBI_EXT_DBCN });
	static const u32 ecall[] = { INSN_ECALL };
	u64 page = share_new_page(PING);
	struct exit e;

	if (!share_begin(&vm))
		return;
	ok(share_range(&vm, GPA, PAGE_SIZE), "a page is shared");
	sbi_ok(share_add(&vm, page, GPA), "and added");
	tvm_code(&vm, 0, ecall, 1);
	tvm_set(&vm, 0, 10, 5);
	tvm_set(&vm, 0, 11, GPA + 0x10);
	for (u32 i = 12; i < 16; i++)
		tvm_set(&vm, 0, i, 0);
	tvm_set(&vm, 0, 16, SBI_DBCN_WRITE);
	tvm_set(&vm, 0, 17, SBI_EXT_DBCN);
	if (!expect_command(&vm, 0, OP_EXEC, 0, 0, &x, "a DBCN write from shared memory"))
		return;
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0;
	vcpu_resume(&vm, 0, &e);
	eq(tvm_result(&vm, 0, &e), CAUSE_BREAK, "the TVM goes on");
	eq(tvm_get(&vm, 0, 10), 0, "with success");
	eq(tvm_get(&vm, 0, 11), strict() ? 0 : 5, "a host that answers (0, 0) has printed %s",
	   strict() ? "nothing, it says" : "all, in RFC numbering");
	share_end(&vm);
}

static void shared_console(void)
{
	in_every_numbering(shared_console_body);
}

static const struct test shared_pages_tests[] = {
	TEST(two_tvms),
	TEST(add_shared_refused),
	TEST(shared_console),
};

GROUP(shared_pages, true, 1);
