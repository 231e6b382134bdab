/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every hart makes, fills, runs and destroys TVMs at random, its own and the others', from pages
 * some of which all harts fight for, with wild calls in between. Afterwards every page must come
 * back, and hold nothing but zeros or what the host had put there itself. Group: stress.
 */
#include "tests.h"

#define ROUNDS	  1500
#define CONTENDED 24
#define VCPUS	  2
#define PATIENCE  400

/* What one hart builds its TVMs from; id is what all harts may use. */
static struct plot {
	u64 first, end;
	u64 pgd, state, pool, image, vcpu[VCPUS];
	u64 id;
	u64 rng;
	u32 made, ran, moved, refused, killed, filled, exhausted;
} plots[MAX_HARTS];

static u64 contended;
static u64 rounds;
static u32 done;

static u64 next(struct plot *p)
{
	p->rng ^= p->rng >> 12;
	p->rng ^= p->rng << 25;
	p->rng ^= p->rng >> 27;
	return p->rng * 0x2545f4914f6cdd1dULL;
}

static u64 shared_page(struct plot *p)
{
	return contended + next(p) % CONTENDED * PAGE_SIZE;
}

/* -5 may mean that some hart has not fenced yet. */
static s64 again(struct plot *p, enum covh_fn fn, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	for (u32 i = 0; i < PATIENCE; i++) {
		s64 error = covh_call(fn, a0, a1, a2, a3, a4, a5).error;

		if (error != SBI_ERR_INVALID_ADDRESS)
			return error;
		covh_global_fence();
		covh_local_fence();
	}
	p->exhausted++;
	return SBI_ERR_INVALID_ADDRESS;
}

static u64 load_id(const struct plot *p)
{
	return __atomic_load_n(&p->id, __ATOMIC_ACQUIRE);
}

/* The others may end the TVM at any time: then the next try begins from the start. */
static void make(struct plot *p)
{
	struct cove_tvm_create_params *params = (struct cove_tvm_create_params *)p->end;
	struct sbiret r;

	covh_destroy(load_id(p));
	/* Who converts a page twice is told. */
	if (strict())
		covh_reclaim(p->first, (p->end - p->first) / PAGE_SIZE);
	if (covh_convert(p->first, (p->end - p->first) / PAGE_SIZE).error)
		return;
	covh_global_fence();
	covh_local_fence();
	params->tvm_page_directory_addr = p->pgd;
	params->tvm_state_addr = p->state;
	for (u32 i = 0; i < PATIENCE; i++) {
		r = covh_create_tvm((u64)params, sizeof(*params));
		if (r.error != SBI_ERR_INVALID_ADDRESS)
			break;
		covh_global_fence();
		covh_local_fence();
	}
	if (r.error) {
		p->refused++;
		return;
	}
	__atomic_store_n(&p->id, (u64)r.value, __ATOMIC_RELEASE);
	if (again(p, FN_ADD_PGT, p->id, p->pool, TVM_POOL_PAGES, 0, 0, 0) ||
	    covh_add_region(p->id, TVM_RAM_GPA, TVM_RAM_SIZE).error ||
	    again(p, FN_ADD_MEASURED, p->id, (u64)tvm_image, p->image, COVE_PAGE_4K, 2, TVM_GPA))
		return;
	for (u32 i = 0; i < VCPUS; i++)
		if (again(p, FN_CREATE_VCPU, p->id, i, p->vcpu[i], 0, 0, 0))
			return;
	if (!covh_finalize(p->id, TVM_GPA, 0, 0).error)
		p->made++;
}

/* The program takes any word for a command; whatever it does, the timer ends the RUN. */
static bool run(struct plot *p, u64 id, u64 vcpu)
{
	s64 error;

	shmem_gpr(10) = next(p) % 8 < 6 ? next(p) % 4 : TVM_RAM_GPA + next(p) % TVM_RAM_SIZE;
	shmem_gpr(11) = 0;
	csr_write(0x14d, now() + ticks_per_second / 2000);
	csr_write(sie, BIT(IRQ_STI));
	error = covh_run(id, vcpu).error;
	csr_write(sie, BIT(IRQ_SSI));
	csr_write(0x14d, ~0ULL);
	p->ran += !error;
	p->refused += error != 0;
	return !error;
}

/* A page that all fight for goes into the TVM, on which it may take more than one try to agree. */
static void fill(struct plot *p)
{
	u64 page = shared_page(p), gpa = TVM_FRESH_GPA + next(p) % 64 * PAGE_SIZE;

	covh_convert(page, 1);
	covh_global_fence();
	covh_local_fence();
	p->filled += !covh_add_zero(load_id(p), page, COVE_PAGE_4K, 1, gpa).error;
}

static void wild(struct plot *p)
{
	static const u64 edges[] = {
		0, 1, ~0ULL, BIT(52), BIT(63), NOWHERE, ~0xfffULL, 0x80000000
	};
	u64 a[6], fid = 1 + next(p) % 23;

	for (u32 i = 0; i < 6; i++) {
		switch (next(p) % 5) {
		case 0: a[i] = load_id(&plots[next(p) % nr_harts]); break;
		case 1: a[i] = shared_page(p); break;
		case 2: a[i] = next(p) % 4; break;
		case 3:
			a[i] = TVM_RAM_GPA + next(p) % (TVM_RAM_SIZE / PAGE_SIZE) * PAGE_SIZE;
			break;
		default: a[i] = edges[next(p) % ARRAY_SIZE(edges)];
		}
	}
	/* Not what lies behind the pages of this test */
	if (fid == COVH_CONVERT_PAGES || fid == COVH_RFC_ADD_PGT_PAGES || fid == COVH_RFC_RUN_VCPU)
		return;
	sbi_call(SBI_EXT_COVH, fid, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void act(struct plot *p)
{
	struct plot *other = &plots[next(p) % nr_harts];
	u64 id = load_id(other), gpa = TVM_FRESH_GPA + next(p) % 64 * PAGE_SIZE;

	covh_local_fence();
	switch (next(p) % 24) {
	case 0: make(p); return;
	case 1: p->killed += next(p) % 4 == 0 && !covh_destroy(id).error; return;
	case 2:
		/* Whoever wins, the page is somebody's. */
		covh_convert(shared_page(p), 1);
		return;
	case 3: covh_reclaim(shared_page(p), 1); return;
	case 4: covh_global_fence(); return;
	case 5: covh_tvm_fence(id); return;
	case 6: covh_invalidate(id, gpa, PAGE_SIZE); return;
	case 7: covh_validate(id, gpa, PAGE_SIZE); return;
	case 8: covh_remove(id, gpa, PAGE_SIZE); return;
	case 9:
	case 10: fill(p); return;
	case 11:
	case 12:
	case 13: wild(p); return;
	case 14:
	case 15:
	case 16:
	case 17: p->moved += run(p, id, next(p) % 8 == 0) && other != p; return;
	default: run(p, load_id(p), 0);
	}
}

/* A hart that idles would hold the others' fences back. */
static u64 work(u64 unused)
{
	struct plot *p = &plots[this_hart()->index];
	u64 start = now();

	(void)unused;
	nacl_setup(0);
	make(p);
	for (u64 i = 0; i < rounds && now() - start < test_times() * 60 * ticks_per_second; i++)
		act(p);
	__atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) < nr_harts &&
	       now() - start < test_times() * 90 * ticks_per_second)
		covh_local_fence();
	return now() - start >= test_times() * 90 * ticks_per_second;
}

static void pattern(u64 from, u64 to)
{
	for (u64 at = from; at < to; at += 8)
		*(u64 *)at = at ^ 0x5a5a5a5a5a5a5a5aULL;
}

/* Each page is the host's, and all zero or all as it was. */
static bool clean(u64 from, u64 to)
{
	u64 v;

	for (u64 page = from; page < to; page += PAGE_SIZE) {
		bool zero = true, kept = true;

		if (probe_load64(page, &v) != NO_TRAP) {
			note("page %lx did not come back", page);
			return false;
		}
		for (u64 at = page; at < page + PAGE_SIZE; at += 8) {
			zero &= *(u64 *)at == 0;
			kept &= *(u64 *)at == (at ^ 0x5a5a5a5a5a5a5a5aULL);
		}
		if (!zero && !kept) {
			note("page %lx holds something else", page);
			return false;
		}
	}
	return true;
}

static void lay_out(struct plot *p, u64 seed)
{
	memset(p, 0, sizeof(*p));
	p->rng = 0x9e3779b97f4a7c15ULL * (seed + 1);
	p->pgd = pages_alloc(COVE_PGD_PAGES, COVE_PGD_PAGES);
	p->first = p->pgd;
	p->state = pages_alloc(tsm_info.tvm_state_pages, 1);
	p->pool = pages_alloc(TVM_POOL_PAGES, 1);
	p->image = pages_alloc(2, 1);
	for (u32 i = 0; i < VCPUS; i++)
		p->vcpu[i] = pages_alloc(tsm_info.tvm_vcpu_state_pages, 1);
	p->end = pages_alloc(1, 1);
	pattern(p->first, p->end);
}

static void at_random(void)
{
	u64 made = 0, ran = 0, moved = 0, killed = 0, filled = 0, refused = 0, exhausted = 0;
	u64 result, hung = 0, lost = 0, errors = 0;

	numbering_set(NUMBERING_RFC);
	rounds = ROUNDS * test_times();
	done = 0;
	contended = pages_alloc(CONTENDED, 1);
	pattern(contended, contended + CONTENDED * PAGE_SIZE);
	for (u32 i = 0; i < nr_harts; i++)
		lay_out(&plots[i], i);
	for (u32 i = 1; i < nr_harts; i++)
		run_begin(i, work, 0);
	hung = work(0);
	for (u32 i = 1; i < nr_harts; i++)
		hung += !run_wait(i, test_times() * 100 * ticks_per_second, &result) || result;
	if (!eq(hung, 0, "no call hangs while %u harts make, run and destroy TVMs at random",
		nr_harts))
		return;
	run_on_all(local_fence, 0);
	for (u32 i = 0; i < nr_harts; i++) {
		const struct plot *p = &plots[i];
		s64 error = covh_destroy(p->id).error;

		errors += error && error != SBI_ERR_INVALID_PARAM;
		made += p->made;
		ran += p->ran;
		moved += p->moved;
		killed += p->killed;
		filled += p->filled;
		refused += p->refused;
		exhausted += p->exhausted;
	}
	note("%lu TVMs were made, %lu destroyed by others, %lu pages added", made, killed, filled);
	note("%lu runs, %lu of them of another hart's TVM; %lu refused, %lu not waited for", ran,
	     moved, refused, exhausted);
	eq(errors, 0, "every TVM that is left can be destroyed");
	ok(made >= nr_harts && ran > 10 * nr_harts && moved && filled,
	   "TVMs were made, filled, run and moved between harts");
	for (u32 i = 0; i < nr_harts; i++) {
		const struct plot *p = &plots[i];

		for (u64 at = p->first; at < p->end; at += PAGE_SIZE)
			lost += covh_reclaim(at, 1).error != 0;
	}
	for (u64 at = contended; at < contended + CONTENDED * PAGE_SIZE; at += PAGE_SIZE)
		lost += covh_reclaim(at, 1).error != 0;
	eq(lost, 0, "every page can be reclaimed");
	for (u32 i = 0; i < nr_harts; i++)
		ok(clean(plots[i].first, plots[i].end),
		   "the pages of hart %lu are zero, or as the host had left them", harts[i].id);
	ok(clean(contended, contended + CONTENDED * PAGE_SIZE),
	   "and so are the pages that all harts fought for");
	eq((u64)cove_fence(), 0, "the fences succeed after that");
}

static const struct test stress_tests[] = { TEST(at_random) };

GROUP(stress, true, 2);
