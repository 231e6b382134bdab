/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The measurement of a TVM, as the TVM reads it, against what the test host computes. Groups:
 * measure, finalize.
 */
#include "tests.h"

static struct tvm vm, other;

/* Reads a register into @mr by the TVM's own call. */
static bool read_register(struct tvm *t, u64 index, u8 mr[SHA384_SIZE])
{
	u64 at = TVM_FRESH_GPA, word;
	struct sbiret r;

	if (!t->zeros && !tvm_add_zero(t, at))
		return false;
	r = tvm_ecall(t, 0, SBI_EXT_COVG, COVG_READ_MEASUREMENT, at, PAGE_SIZE, index);
	if (r.error) {
		note("READ_MEASUREMENT(%lu): error %ld", index, r.error);
		return false;
	}
	for (u32 i = 0; i < SHA384_SIZE; i += 8) {
		word = tvm_peek(t, 0, at + i);
		memcpy(mr + i, &word, 8);
	}
	return true;
}

static void show(const char *what, const u8 *mr)
{
	note("%s %02x%02x%02x%02x%02x%02x%02x%02x...", what, mr[0], mr[1], mr[2], mr[3], mr[4],
	     mr[5], mr[6], mr[7]);
}

static bool agrees(struct tvm *t, u64 index, const u8 *wanted)
{
	u8 mr[SHA384_SIZE];

	if (!read_register(t, index, mr))
		return false;
	if (!memcmp(mr, wanted, SHA384_SIZE))
		return true;
	show("the TVM reads", mr);
	show("the host computes", wanted);
	return false;
}

static void as_computed(void)
{
	const char *who = numbering_name();

	if (!ok(tvm_build(&vm), "a TVM is built (%s)", who))
		return;
	ok(agrees(&vm, COVE_MR_TVM_PAGES, vm.pages_mr),
	   "the TVM reads the measurement of its pages that the host computed (%s)", who);
	ok(agrees(&vm, COVE_MR_TVM_ENTRY, vm.entry_mr),
	   "the TVM reads the measurement of its entry that the host computed (%s)", who);
	ok(tvm_destroy(&vm), "the TVM is destroyed (%s)", who);
}

static void computed(void)
{
	in_every_numbering(as_computed);
}

/*
 * One call for two pages or two calls for one: the same. Another order, another GPA, another
 * byte: not.
 */
static bool load_in_order(struct tvm *t, const u32 *order, u32 n, u64 source)
{
	t->image = pages_alloc(n, 1);
	t->image_pages = n;
	if (!cove_convert(t->image, n))
		return false;
	for (u32 i = 0; i < n; i++) {
		u64 offset = order[i] * PAGE_SIZE;

		if (covh_add_measured(t->id, source + offset, t->image + offset, COVE_PAGE_4K, 1,
				      TVM_GPA + offset)
			    .error)
			return false;
		measure_page(t->pages_mr, TVM_GPA + offset, (void *)(source + offset));
	}
	return true;
}

static bool build_in_order(struct tvm *t, const u32 *order, u32 n, u64 source, u64 arg)
{
	tvm_init(t);
	return tvm_create(t) && tvm_add_region(t, TVM_RAM_GPA, TVM_RAM_SIZE) &&
	       load_in_order(t, order, n, source) && tvm_add_vcpu(t, 0) && tvm_finalize(t, arg);
}

static void order_matters(void)
{
	static const u32 up[] = { 0, 1 }, down[] = { 1, 0 };
	u8 first[SHA384_SIZE], entry[SHA384_SIZE];

	if (!ok(tvm_build(&vm), "a TVM is built with one call for two pages"))
		return;
	memcpy(first, vm.pages_mr, SHA384_SIZE);
	memcpy(entry, vm.entry_mr, SHA384_SIZE);
	tvm_destroy(&vm);
	ok(build_in_order(&vm, up, 2, (u64)tvm_image, 0) && agrees(&vm, COVE_MR_TVM_PAGES, first),
	   "a TVM built with one call for each page has the same measurement");
	tvm_destroy(&vm);
	ok(build_in_order(&vm, down, 2, (u64)tvm_image, 0) &&
		   agrees(&vm, COVE_MR_TVM_PAGES, vm.pages_mr) &&
		   memcmp(vm.pages_mr, first, SHA384_SIZE),
	   "pages in another order have another one, which the host computes too");
	tvm_destroy(&vm);
	ok(build_in_order(&vm, up, 2, (u64)tvm_image, 0x1234) &&
		   agrees(&vm, COVE_MR_TVM_ENTRY, vm.entry_mr) &&
		   memcmp(vm.entry_mr, entry, SHA384_SIZE),
	   "another entry argument has another measurement");
	tvm_destroy(&vm);
}

static void contents_matter(void)
{
	static const u32 up[] = { 0, 1 };
	u64 copy = pages_alloc(2, 1);
	u8 first[SHA384_SIZE];

	memcpy((void *)copy, tvm_image, 2 * PAGE_SIZE);
	if (!ok(build_in_order(&vm, up, 2, copy, 0), "a TVM is built from a copy of the image"))
		return;
	memcpy(first, vm.pages_mr, SHA384_SIZE);
	/* What the host does to the source afterwards is none of the TVM's business. */
	memset((void *)copy, 0xff, 2 * PAGE_SIZE);
	ok(agrees(&vm, COVE_MR_TVM_PAGES, first),
	   "changing the source after ADD_MEASURED changes nothing");
	eq(tvm_peek(&vm, 0, TVM_GPA), *(const u64 *)tvm_image, "in the TVM's memory either");
	tvm_destroy(&vm);
	memcpy((void *)copy, tvm_image, 2 * PAGE_SIZE);
	*(u8 *)(copy + 2 * PAGE_SIZE - 1) ^= 1;
	ok(build_in_order(&vm, up, 2, copy, 0) && agrees(&vm, COVE_MR_TVM_PAGES, vm.pages_mr) &&
	   memcmp(vm.pages_mr, first, SHA384_SIZE), "one bit of a page changes the measurement");
	tvm_destroy(&vm);
}

/* Refused calls, and pages that are not measured, leave it alone. */
static void refusals_do_not_count(void)
{
	u64 page = pages_alloc(2, 1), src = pages_alloc(2, 1);

	tvm_init(&vm);
	if (!ok(tvm_create(&vm) && tvm_add_region(&vm, TVM_RAM_GPA, TVM_RAM_SIZE) &&
			tvm_load(&vm, 2) && cove_convert(page, 2),
		"a TVM is created"))
		return;
	sbi_refused(covh_add_measured(vm.id, src, page, COVE_PAGE_4K, 2, TVM_GPA - PAGE_SIZE),
		    "pages of which the second is mapped are refused");
	sbi_refused(covh_add_measured(vm.id, src, page, COVE_PAGE_4K, 2,
				      TVM_RAM_GPA + TVM_RAM_SIZE - PAGE_SIZE),
		    "pages of which the second is outside are refused");
	sbi_refused(covh_add_measured(vm.id, src, page, COVE_PAGE_4K, 3, TVM_FRESH_GPA),
		    "pages of which the third is not converted are refused");
	ok(tvm_add_vcpu(&vm, 0) && tvm_finalize(&vm, 0), "the TVM is finalized");
	sbi_ok(covh_add_zero(vm.id, page, COVE_PAGE_4K, 2, TVM_FRESH_GPA + 8 * PAGE_SIZE),
	       "zero pages are added");
	ok(agrees(&vm, COVE_MR_TVM_PAGES, vm.pages_mr),
	   "the measurement is that of what was added before");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
	sbi_ok(covh_reclaim(page, 2), "the zero pages come back");
}

/* COVG read_measurement, misused by the TVM */
static void read_refused(void)
{
	u8 mr[SHA384_SIZE];
	struct sbiret r;

	if (!ok(tvm_build(&vm) && read_register(&vm, COVE_MR_TVM_PAGES, mr),
		"a TVM reads a register"))
		return;
	r = tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_READ_MEASUREMENT, TVM_FRESH_GPA, SHA384_SIZE,
		      COVE_MR_TVM_PAGES);
	sbi_ok(r, "READ_MEASUREMENT into exactly 48 bytes succeeds");
	eq((u64)r.value, SHA384_SIZE, "its value is 48");
	r = tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_READ_MEASUREMENT, TVM_FRESH_GPA, SHA384_SIZE - 1,
		      COVE_MR_TVM_PAGES);
	sbi_err(r, SBI_ERR_INVALID_PARAM, "READ_MEASUREMENT into 47 bytes is refused");
	r = tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_READ_MEASUREMENT, TVM_FRESH_GPA, 0,
		      COVE_MR_TVM_PAGES);
	sbi_err(r, SBI_ERR_INVALID_PARAM, "READ_MEASUREMENT into nothing is refused");
	r = tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_READ_MEASUREMENT, TVM_FRESH_GPA, SHA384_SIZE, 64);
	sbi_err(r, SBI_ERR_INVALID_PARAM, "READ_MEASUREMENT of register 64 is refused");
	r = tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_READ_MEASUREMENT, TVM_FRESH_GPA, SHA384_SIZE,
		      ~0ULL);
	sbi_err(r, SBI_ERR_INVALID_PARAM, "READ_MEASUREMENT of register ~0 is refused");
	r = tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_READ_MEASUREMENT, TVM_HOLE_GPA, SHA384_SIZE,
		      COVE_MR_TVM_PAGES);
	sbi_refused(r, "READ_MEASUREMENT to a GPA in no region is refused");
	r = tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_READ_MEASUREMENT, ~0xfffULL, SHA384_SIZE,
		      COVE_MR_TVM_PAGES);
	sbi_refused(r, "READ_MEASUREMENT to the last page of all is refused");
	r = tvm_ecall(&vm, 0, SBI_EXT_COVG, COVG_READ_MEASUREMENT, TVM_FRESH_GPA + 8, SHA384_SIZE,
		      COVE_MR_TVM_PAGES);
	sbi_refused(r, "READ_MEASUREMENT to an unaligned GPA is refused");
	for (u64 i = 0; i < COVE_MR_INITIAL_COUNT; i++)
		ok(read_register(&vm, i, mr), "register %lu can be read", i);
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

static const struct test measure_tests[] = {
	TEST(computed), TEST(order_matters), TEST(contents_matter), TEST(refusals_do_not_count),
	TEST(read_refused),
};

GROUP(measure, true, 1);

/* --- finalize --- */

static void cause48(const char *what)
{
	if (strict())
		return;
	eq(csr_read(scause), COVE_CAUSE_FAIL_ENTRY,
	   "scause is 48 after FINALIZE %s, for the RFC client", what);
	eq(csr_read(stval), 0, "stval is 0 after FINALIZE %s", what);
}

static void refused(void)
{
	const char *who = numbering_name();
	u64 identity = pages_alloc(1, 1);

	tvm_init(&vm);
	if (!ok(tvm_create(&vm) && tvm_add_region(&vm, TVM_RAM_GPA, TVM_RAM_SIZE) &&
			tvm_load(&vm, 2),
		"a TVM without a vCPU is created (%s)", who))
		return;
	csr_write(scause, 3);
	csr_write(stval, 3);
	sbi_err(covh_finalize(vm.id, TVM_GPA, 0, 0), SBI_ERR_INVALID_PARAM,
		"FINALIZE without vCPU 0 is refused (%s)", who);
	cause48("without vCPU 0");
	sbi_err(covh_run(vm.id, 0), SBI_ERR_INVALID_PARAM,
		"a TVM that is not finalized can not be run (%s)", who);
	tvm_add_vcpu(&vm, 0);
	sbi_err(covh_run(vm.id, 0), SBI_ERR_INVALID_PARAM, "nor with a vCPU (%s)", who);
	sbi_err(covh_finalize(vm.id, TVM_GPA, 0, identity + 8), SBI_ERR_INVALID_PARAM,
		"FINALIZE with an unaligned identity is refused (%s)", who);
	sbi_refused(covh_finalize(vm.id, TVM_GPA, 0, NOWHERE),
		    "FINALIZE with an identity in no memory is refused (%s)", who);
	csr_write(scause, 3);
	sbi_ok(covh_finalize(vm.id, TVM_GPA, 0, 0), "after the refusals FINALIZE succeeds (%s)",
	       who);
	eq(csr_read(scause), 3, "and leaves scause alone (%s)", who);
	sbi_err(covh_finalize(vm.id, TVM_GPA, 0, 0), SBI_ERR_INVALID_PARAM,
		"a second FINALIZE is refused (%s)", who);
	cause48("for the second time");
	ok(tvm_sync(&vm, 0), "the TVM runs (%s)", who);
	ok(tvm_destroy(&vm), "the TVM is destroyed (%s)", who);
}

static void finalize_refused(void)
{
	in_every_numbering(refused);
}

static void identity(void)
{
	u64 page = pages_alloc(1, 1);

	memset((void *)page, 0x77, 64);
	tvm_init(&vm);
	if (!ok(tvm_create(&vm) && tvm_add_region(&vm, TVM_RAM_GPA, TVM_RAM_SIZE) &&
			tvm_load(&vm, 2) && tvm_add_vcpu(&vm, 0),
		"a TVM is created"))
		return;
	sbi_ok(covh_finalize(vm.id, TVM_GPA, 0, page), "FINALIZE takes an identity");
	measure_u64(vm.entry_mr, TVM_GPA);
	measure_u64(vm.entry_mr, 0);
	ok(agrees(&vm, COVE_MR_TVM_ENTRY, vm.entry_mr), "which is not measured");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

/* A TVM that is never finalized gives all back. */
static void never(void)
{
	tvm_init(&other);
	ok(tvm_create(&other) && tvm_add_region(&other, TVM_RAM_GPA, TVM_RAM_SIZE) &&
		   tvm_load(&other, 2) && tvm_add_vcpu(&other, 0),
	   "a TVM is created and loaded");
	ok(tvm_destroy(&other),
	   "it is destroyed before FINALIZE, and all its pages come back as zero");
}

static const struct test finalize_tests[] = {
	TEST(finalize_refused), TEST(identity), TEST(never),
};

GROUP(finalize, true, 1);
