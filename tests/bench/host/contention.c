/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Harts that have nothing to do with each other: each converts and reclaims, makes, fills, runs and destroys a TVM, from pages of its
 * own. Under instruction counting the count is that of all harts together, so what is reported is what one round costs, whoever
 * makes it: first one hart at a time, then all. The first hart sleeps meanwhile.
 */
#include "bench.h"

#define ROUNDS		40
#define ZEROS		64
#define BLOCK		512

static struct cove_tvm_create_params params[MAX_HARTS];
static struct plot {
	u64 block, pgd, state, pool, image, vcpu, zero;
} plots[MAX_HARTS];
static u32 workers, done;

static void prepare(struct plot *p)
{
	*p = (struct plot){
		.block = pages_alloc(BLOCK, 512),
		.pgd = pages_alloc(4, 4),
		.state = pages_alloc(tsm_info.tvm_state_pages, 1),
		.pool = pages_alloc(TVM_POOL_PAGES, 1),
		.image = pages_alloc(2, 1),
		.vcpu = pages_alloc(tsm_info.tvm_vcpu_state_pages, 1),
		.zero = pages_alloc(ZEROS, 1),
	};
	/* DESTROY leaves them converted and fenced. */
	need(cove_convert(p->pgd, 4) && cove_convert(p->state, tsm_info.tvm_state_pages) &&
	     cove_convert(p->pool, TVM_POOL_PAGES) && cove_convert(p->image, 2) &&
	     cove_convert(p->vcpu, tsm_info.tvm_vcpu_state_pages) && cove_convert(p->zero, ZEROS),
	     "pages are not converted");
}

static void one_round(const struct plot *p, struct cove_tvm_create_params *params_)
{
	struct sbiret r;
	u64 id;

	need(!covh_convert(p->block, BLOCK).error && !covh_reclaim(p->block, BLOCK).error, "CONVERT or RECLAIM fails");
	params_->tvm_page_directory_addr = p->pgd;
	params_->tvm_state_addr = p->state;
	r = covh_create_tvm((u64)params_, sizeof(*params_));
	id = (u64)r.value;
	need(!r.error && !covh_add_pgt(id, p->pool, TVM_POOL_PAGES).error &&
	     !covh_add_region(id, TVM_RAM_GPA, TVM_RAM_SIZE).error &&
	     !covh_add_measured(id, (u64)tvm_image, p->image, COVE_PAGE_4K, 2, TVM_GPA).error &&
	     !covh_create_vcpu(id, 0, p->vcpu).error && !covh_finalize(id, TVM_GPA, 0, 0).error, "a TVM is not made");
	for (u64 i = 0; i < ZEROS; i++)
		need(!covh_add_zero(id, p->zero + i * PAGE_SIZE, 0, 1, TVM_FRESH_GPA + i * PAGE_SIZE).error,
		     "ADD_ZERO fails");
	need(!covh_run(id, 0).error, "RUN fails");
	need(!covh_destroy(id).error, "DESTROY fails");
}

static u64 work(u64 arg)
{
	u32 i = this_hart()->index;

	(void)arg;
	nacl_setup(0);
	for (u32 n = 0; n < ROUNDS; n++)
		one_round(&plots[i], &params[i]);
	if (__atomic_add_fetch(&done, 1, __ATOMIC_ACQ_REL) == workers)
		sbi(SBI_EXT_IPI, SBI_IPI_SEND, 1, harts[0].id);
	return 0;
}

/* Instructions (or ticks) of so many harts' rounds at once. */
static u64 together(u32 n, bool ticks)
{
	u64 start;

	workers = n;
	done = 0;
	csr_set(sie, BIT(IRQ_SSI));
	csr_clear(sip, BIT(IRQ_SSI));
	start = ticks ? now() : instret();
	for (u32 i = 1; i <= n; i++)
		run_begin(i, work, 0);
	while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < n) {
		wfi();
		csr_clear(sip, BIT(IRQ_SSI));
	}
	start = (ticks ? now() : instret()) - start;
	csr_clear(sie, BIT(IRQ_SSI));
	for (u32 i = 1; i <= n; i++)
		while (!run_done(i))
			;
	return start;
}

void bench_contention(void)
{
	bool ticks = strstr(machine.bootargs, "ticks") != NULL;

	if (nr_harts < 5)
		return;
	for (u32 i = 1; i <= 4; i++) {
		need(hart_start(&harts[i]), "a hart does not start");
		prepare(&plots[i]);
	}
	together(4, ticks);
	report("contention_1", together(1, ticks), ROUNDS);
	report("contention_2", together(2, ticks), 2 * ROUNDS);
	report("contention_4", together(4, ticks), 4 * ROUNDS);
}
