/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a TVM: what making it, filling it and ending it costs. */
#include "bench.h"

#define CYCLES	16
#define PAGES	1024
#define FENCES	100

static struct tvm vm;
static struct cove_tvm_create_params params;

/* Instructions of one call; @r is its answer. */
#define cost(r, call)	({ u64 start_ = instret(); (r) = (call); instret() - start_; })

struct sums {
	u64 create, vcpu, finalize, measured, pgt, region;
};

static void one_cycle(struct sums *s)
{
	u64 mark = mem_mark();
	struct sbiret r;

	tvm_init(&vm);
	vm.image = pages_alloc(4, 1);
	vm.image_pages = 4;
	vm.vcpu[0] = pages_alloc(tsm_info.tvm_vcpu_state_pages, 1);
	vm.vcpus = 1;
	need(cove_convert(vm.pgd, 4) && cove_convert(vm.state, tsm_info.tvm_state_pages) &&
	     cove_convert(vm.pool, vm.pool_pages) && cove_convert(vm.image, 4) &&
	     cove_convert(vm.vcpu[0], tsm_info.tvm_vcpu_state_pages), "pages are not converted");
	params.tvm_page_directory_addr = vm.pgd;
	params.tvm_state_addr = vm.state;
	s->create += cost(r, covh_create_tvm((u64)&params, sizeof(params)));
	need(!r.error, "CREATE_TVM fails");
	vm.id = (u64)r.value;
	vm.created = true;
	s->pgt += cost(r, covh_add_pgt(vm.id, vm.pool, vm.pool_pages));
	need(!r.error, "ADD_PGT fails");
	s->region += cost(r, covh_add_region(vm.id, TVM_RAM_GPA, TVM_RAM_SIZE));
	need(!r.error, "ADD_REGION fails");
	for (u64 i = 0; i < 4; i++) {
		/* The first needs tables; it is not counted. */
		u64 n = cost(r, covh_add_measured(vm.id, (u64)tvm_image + i * PAGE_SIZE,
						  vm.image + i * PAGE_SIZE, COVE_PAGE_4K, 1,
						  TVM_GPA + i * PAGE_SIZE));

		need(!r.error, "ADD_MEASURED fails");
		s->measured += i ? n : 0;
	}
	s->vcpu += cost(r, covh_create_vcpu(vm.id, 0, vm.vcpu[0]));
	need(!r.error, "CREATE_VCPU fails");
	s->finalize += cost(r, covh_finalize(vm.id, TVM_GPA, 0, 0));
	need(!r.error, "FINALIZE fails");
	need(tvm_destroy_fast(&vm) && !mem_release(mark), "a TVM is not destroyed");
}

static void cycles(void)
{
	struct sums s = { 0 };

	for (u32 i = 0; i < CYCLES; i++)
		one_cycle(&s);
	report("create_tvm", s.create, CYCLES);
	report("add_pgt_per_page", s.pgt, CYCLES * TVM_POOL_PAGES);
	report("add_region", s.region, CYCLES);
	report("add_measured", s.measured, CYCLES * 3);
	report("create_vcpu", s.vcpu, CYCLES);
	report("finalize", s.finalize, CYCLES);
}

/* INVALIDATE of 512 pages and what may follow it, where it exists */
static void block(u64 gpa)
{
	struct sbiret r;
	u64 n = cost(r, covh_invalidate(vm.id, gpa, SIZE_2M));

	if (r.error) {
		absent("invalidate_512", r.error);
		absent("tvm_fence", r.error);
		absent("promote", r.error);
		absent("demote", r.error);
		return;
	}
	report("invalidate_512", n, 512);
	n = 0;
	for (u32 i = 0; i < FENCES; i++) {
		n += cost(r, covh_tvm_fence(vm.id));
		need(!r.error, "TVM_FENCE fails");
	}
	report("tvm_fence", n, FENCES);
	n = cost(r, covh(FN_PROMOTE_PAGE, vm.id, gpa, COVE_PAGE_2M));
	if (r.error) {
		absent("promote", r.error);
		absent("demote", r.error);
		return;
	}
	report("promote", n, 1);
	need(!covh_invalidate(vm.id, gpa, SIZE_2M).error && !covh_tvm_fence(vm.id).error,
	     "a 2 MiB leaf is not blocked");
	n = cost(r, covh(FN_DEMOTE_PAGE, vm.id, gpa, COVE_PAGE_4K));
	if (r.error)
		absent("demote", r.error);
	else
		report("demote", n, 1);
}

/*
 * A TVM of about 1800 pages, as the peer's was: filled page by page and 256 at a time, then
 * destroyed.
 */
static void fill_and_destroy(void)
{
	u64 mark = mem_mark(), sum = 0, n, big;
	u64 pages = pages_alloc(PAGES + 512, 512), more = pages_alloc(256, 1);
	struct sbiret r;

	need(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM does not run");
	need(cove_convert(pages, PAGES + 512) && cove_convert(more, 256),
	     "pages are not converted");
	/* The tables are there before anything is counted. */
	need(!covh_add_zero(vm.id, more, 0, 1, TVM_FRESH_GPA).error, "ADD_ZERO fails");
	for (u64 i = 1; i < 256; i++) {
		sum += cost(r, covh_add_zero(vm.id, more + i * PAGE_SIZE, 0, 1,
					     TVM_FRESH_GPA + i * PAGE_SIZE));
		need(!r.error, "ADD_ZERO of a page fails");
	}
	report("add_zero_1", sum, 255);
	sum = 0;
	for (u64 i = 0; i < PAGES; i += 256) {
		sum += cost(r, covh_add_zero(vm.id, pages + i * PAGE_SIZE, 0, 256,
					     TVM_FRESH_GPA + SIZE_2M + i * PAGE_SIZE));
		need(!r.error, "ADD_ZERO of 256 pages fails");
	}
	report("add_zero_256", sum, PAGES);
	big = pages + PAGES * PAGE_SIZE;
	n = cost(r, covh_add_zero(vm.id, big, COVE_PAGE_2M, 1, TVM_FRESH_GPA + 4 * SIZE_2M));
	if (r.error) {
		absent("add_zero_2m", r.error);
		need(!covh_add_zero(vm.id, big, 0, 512, TVM_FRESH_GPA + 4 * SIZE_2M).error,
		     "ADD_ZERO of 512 pages fails");
	} else {
		report("add_zero_2m", n, 1);
	}
	block(TVM_FRESH_GPA + SIZE_2M);
	vm.created = false;
	n = cost(r, covh_destroy(vm.id));
	need(!r.error, "DESTROY fails");
	report("destroy_1800", n, 1);
	need(!covh_reclaim(pages, PAGES + 512).error && !covh_reclaim(more, 256).error &&
		     tvm_destroy_fast(&vm) && !mem_release(mark),
	     "pages are lost");
}

void bench_life(void)
{
	cycles();
	fill_and_destroy();
}
