/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The condition matrix: each function is called with exactly one thing wrong, and with two whose
 * priorities are adjacent. The first check that fails decides. Group: matrix.
 */
#include "matrix.h"

#define OP(op, additive) OP_##op,
enum op {
#include "matrix.inc"
};
#undef OP
#define OP(op, additive) [OP_##op] = additive,
static const bool is_additive[] = {
#include "matrix.inc"
};
#undef OP
#define FUNCTION(ext, name, rfc, spec, rows)                                                       \
	{ SBI_EXT_##ext, #ext " " #name, rfc, spec, rows, &fixture_##ext##_##name },
static const struct matrix_function functions[] = {
#include "matrix.inc"
};
#undef FUNCTION
#define ROW(ext, name, op, arg, value, error, priority, strict, two, sentence)                     \
	{ OP_##op, priority, arg, error, value, strict, two, sentence },
static const struct matrix_row rows[] = {
#include "matrix.inc"
};
#undef ROW

/* --- conditions --- */

static bool wants_converted(const struct call *c, u64 pa)
{
	(void)c;
	return pa >= w.pages && pa < w.pages_end;
}

static u64 firmware(void)
{
	const char *name;

	return foreign_address(0, &name);
}

/* Of bytes: the end itself. Of pages: the last, so that the second is behind it. */
static u64 ram_end(const struct call *c)
{
	const struct range *top = &machine.ram[machine.nr_ram - 1];
	const struct fixture *f = c->f->fixture;
	bool bytes = f == &fixture_COVH_get_tsm_info || f == &fixture_COVH_create_tvm ||
		     f == &fixture_COVH_finalize_tvm || f == &fixture_COVI_init_tvm_aia;

	return top->base + top->size - (bytes ? 0 : PAGE_SIZE);
}

static u64 unfenced_page(void)
{
	if (covh_convert(w.spare, 4).error)
		note("no page can be converted for a condition");
	return w.spare;
}

/* A TVM that lacks what FINALIZE wants. */
static u64 special(bool with_vcpu)
{
	w.op_mark = mem_mark();
	tvm_init(&w.special);
	if (!tvm_create(&w.special) ||
	    (with_vcpu && (!tvm_add_vcpu(&w.special, 0) ||
			   covi_call(COVI_INIT_AIA, w.special.id, w.params, 32).error)))
		note("the TVM that lacks something can not be made");
	return w.special.id;
}

static u64 spin_there(u64 unused)
{
	u64 start = now();
	struct exit e;

	(void)unused;
	nacl_setup(0);
	csr_write(sie, BIT(IRQ_SEI));
	shmem_gpr(10) = 0;
	/* The other hart tries it too, to see whether it runs. */
	do {
		vcpu_run(&w.vm, 0, &e);
	} while (e.error && now() - start < ticks_per_second);
	csr_write(sie, BIT(IRQ_SSI));
	imsic_take();
	return (u64)e.error;
}

/* The vCPU runs on another hart until a message ends that; what it runs is endless. */
static void make_busy(void)
{
	static const u32 spin[] = { INSN_SPIN };
	u64 start = now();
	s64 error = 0;

	w.spoiled = true;
	if (!tvm_sync(&w.vm, 0))
		return;
	tvm_code(&w.vm, 0, spin, 1);
	tvm_command_begin(&w.vm, 0, OP_EXEC, 0, 0);
	run_begin(1, spin_there, 0);
	while (!error && now() - start < ticks_per_second) {
		delay(ticks_per_second / 500);
		csr_write(0x14d, now() + ticks_per_second / 1000);
		csr_write(sie, BIT(IRQ_STI));
		error = run_done(1) ? 1 : covh_run(w.vm.id, 0).error;
		csr_write(sie, 0);
		csr_write(0x14d, ~0ULL);
	}
}

static void end_busy(void)
{
	u64 result;

	imsic_send(1, EIID_TEST);
	if (!run_wait(1, 5 * ticks_per_second, &result))
		note("the hart that runs the vCPU does not come back");
}

static u64 driven(enum bind_state to)
{
	drive(to);
	return 0;
}

static u64 replaced(const struct call *c, const struct matrix_row *r, u64 old)
{
	const struct fixture *f = c->f->fixture;

	switch ((enum op)r->op) {
	case OP_zero: return 0;
	case OP_all: return ~0ULL;
	case OP_all32: return ~0u;
	case OP_is: return r->value;
	case OP_wrap: return BIT(52);
	case OP_pages_end: return ~0xfffULL;
	case OP_beyond: return BIT(41);
	case OP_nowhere: return NOWHERE;
	case OP_device: return 0x10000000;
	case OP_firmware: return firmware();
	case OP_ram_end: return ram_end(c);
	case OP_own_file: return file_page(0, 0);
	case OP_tsm_file: return file_page(0, 0) - PAGE_SIZE;
	case OP_file: return file_page(0, 1);
	case OP_file_converted: return file_page(0, 3 - w.file);
	case OP_file_bound: return file_page(0, w.file);
	case OP_file_host: return file_page(0, 3);
	case OP_file_own: return BIT(w.file);
	case OP_file_unfenced: covi_call(COVI_CONVERT_IMSIC, file_page(0, 3), 0, 0); return BIT(3);
	case OP_host: return w.host + 4 * PAGE_SIZE;
	case OP_host4: return w.host;
	case OP_mixed: return w.mix + (wants_converted(c, old) ? PAGE_SIZE : 0);
	case OP_unfenced:
	case OP_unfenced4: return unfenced_page();
	case OP_converted: return w.converted;
	case OP_assigned: return w.vm.image + 2 * PAGE_SIZE;
	case OP_table: return w.vm.pgd;
	case OP_state: return w.vm.state;
	case OP_vcpu: return w.vm.vcpu[0];
	case OP_pinned: return this_hart()->shmem;
	case OP_shared: return w.shared;
	case OP_same: return c->a[r->arg - 1];
	case OP_unknown: return w.params >> 12;
	case OP_stale: return w.stale;
	case OP_init: return w.ini.id;
	case OP_running: return w.vm.id;
	case OP_unbound: return driven(UNBOUND);
	case OP_bound: return driven(BOUND);
	case OP_unbinding: return driven(UNBINDING);
	case OP_unbinding_unfenced: return driven(UNBINDING_OPEN);
	case OP_rebinding: return driven(REBINDING);
	case OP_rebinding_unfenced: return driven(REBINDING_OPEN);
	case OP_cloned: return driven(CLONED);
	case OP_max: return tsm_info.tvm_max_vcpus;
	case OP_busy: make_busy(); return w.vm.id;
	case OP_plain: return w.plain.id;
	case OP_no_vcpu: return special(false);
	case OP_no_file: return special(true);
	case OP_hole: return TVM_HOLE_GPA;
	case OP_region_end: return TVM_RAM_GPA + TVM_RAM_SIZE - 8;
	case OP_taken: return r->arg >= 6 ? TVM_RAM_GPA : TVM_GPA;
	case OP_edge: return TVM_RAM_GPA + TVM_RAM_SIZE - PAGE_SIZE;
	case OP_before: return TVM_RAM_GPA - PAGE_SIZE;
	case OP_part: return c->a[r->arg] + PAGE_SIZE;
	case OP_blocked: return BLOCKED_GPA;
	case OP_absent:
		return f == &fixture_COVH_tvm_remove_pages ? PENDING_GPA + 4 * PAGE_SIZE : FREE_GPA;
	case OP_absent_2m: return FOLD_GPA - SIZE_2M;
	case OP_scattered: return TVM_RAM_GPA + 2 * SIZE_2M;
	case OP_mapped: return PENDING_GPA + 2 * PAGE_SIZE;
	case OP_removable_edge: return PENDING_GPA + 5 * PAGE_SIZE;
	case OP_shared_gpa: return SHARED_GPA;
	case OP_taken_shared: return SHARED_GPA;
	case OP_shared_edge: return SHARED_GPA + (SHARED_PAGES - 1) * PAGE_SIZE;
	case OP_fresh: return FREE_GPA;
	case OP_mmio: return TVM_MMIO_GPA;
	case OP_imsic: return TVM_IMSIC_GPA;
	case OP_file_end: return TVM_IMSIC_GPA + (PAGE_SIZE << TVM_IMSIC_HART_BITS);
	default: note("condition %u is not known", r->op); return old;
	}
}

static u64 added(const struct matrix_row *r)
{
	switch ((enum op)r->op) {
	case OP_unaligned: return 0x800;
	case OP_odd: return 2;
	case OP_bit63: return BIT(63);
	case OP_high: return BIT(32);
	default: return PAGE_SIZE; /* page-off */
	}
}

/* What the function's good call wants fenced. */
static bool folds(const struct call *c)
{
	return c->f->fixture->world & WITH_FOLD;
}

static u64 fenced_gpa(const struct call *c)
{
	return folds(c) ? FOLD_GPA : PENDING_GPA;
}

static u64 fenced_size(const struct call *c)
{
	return folds(c) ? SIZE_2M : 2 * PAGE_SIZE;
}

/* Conditions that are no argument's. */
static void apply_state(struct call *c, const struct matrix_row *r)
{
	switch ((enum op)r->op) {
	case OP_tvm:
	case OP_host: c->other_caller = true; return;
	case OP_a6_high: c->flip |= BIT(32); return;
	case OP_a6_reserved: c->flip |= BIT(16); return;
	case OP_a6_domain: c->other_domain = true; return;
	case OP_none: return;
	case OP_elsewhere: c->hart = 1; return;
	case OP_fencing:
		covh_global_fence();
		covh_local_fence();
		return;
	case OP_no_block: covh_validate(w.vm.id, FOLD_GPA, SIZE_2M); return;
	case OP_no_fence:
		covh_validate(w.vm.id, fenced_gpa(c), fenced_size(c));
		covh_invalidate(w.vm.id, fenced_gpa(c), fenced_size(c));
		return;
	default: note("condition %u is not known", r->op);
	}
}

static void apply(struct call *c, const struct matrix_row *r)
{
	if (r->arg < 0)
		apply_state(c, r);
	else if (is_additive[r->op])
		c->a[r->arg] |= added(r);
	else
		c->a[r->arg] = replaced(c, r, c->a[r->arg]);
}

static void undo(const struct matrix_row *r)
{
	switch ((enum op)r->op) {
	case OP_unfenced:
	case OP_unfenced4: covh_reclaim(w.spare, 4); return;
	case OP_file_unfenced: covi_call(COVI_RECLAIM_IMSIC, file_page(0, 3), 0, 0); return;
	case OP_no_vcpu:
	case OP_no_file:
		if (!tvm_destroy_fast(&w.special) || mem_release(w.op_mark))
			note("the TVM that lacks something leaves pages behind");
		return;
	case OP_busy: end_busy(); return;
	case OP_fencing: run_on_all(local_fence, 0); return;
	case OP_no_block: covh_invalidate(w.vm.id, FOLD_GPA, SIZE_2M); __attribute__((fallthrough));
	case OP_no_fence: covh_tvm_fence(w.vm.id); return;
	default: return;
	}
}

static bool combinable(const struct matrix_row *a, const struct matrix_row *b)
{
	return a->arg < 0 || b->arg < 0 || a->arg != b->arg ||
	       is_additive[a->op] != is_additive[b->op];
}

/* --- calls --- */

static void structures(const struct call *c)
{
	if (c->f->fixture == &fixture_COVH_create_tvm)
		memcpy((void *)w.params, &c->a[6], sizeof(struct cove_tvm_create_params));
	if (c->f->fixture == &fixture_COVI_init_tvm_aia)
		*(struct cove_tvm_aia_params *)w.params = (struct cove_tvm_aia_params){
			c->a[6],
			(u32)c->a[7],
			(u32)c->a[8],
			(u32)c->a[9],
			(u32)c->a[10],
			(u32)c->a[11],
			0,
		};
}

static bool is_tvms(const struct call *c)
{
	return c->f->eid == SBI_EXT_COVG || c->f->eid == SBI_EXT_ATST;
}

static u64 a6_of(const struct call *c)
{
	bool has_domains = c->f->eid == SBI_EXT_COVH || c->f->eid == SBI_EXT_COVI;
	u64 domain = c->other_domain				       ? 2
		     : has_domains && numbering == NUMBERING_SPEC_SDID ? SUPD_TSM_DOMAIN
								       : 0;

	return (u64)(numbering == NUMBERING_RFC ? c->f->rfc : c->f->spec) | c->flip | domain << SUPD_SDID_SHIFT;
}

/* The host agrees to whatever the TVM asks for or tells. */
static struct sbiret from_tvm(struct tvm *t, const struct call *c)
{
	struct sbiret r = { 1, 0 };
	struct exit e;

	if (!tvm_ecall_begin(t, 0, c->f->eid, a6_of(c), c->a, &e))
		return r;
	if (exit_is_putchar(&e)) {
		if (tvm_result(t, 0, &e) == CAUSE_BREAK) {
			r.error = (s64)tvm_get(t, 0, 10);
			r.value = (s64)tvm_get(t, 0, 11);
		}
		return r;
	}
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0;
	r = tvm_ecall_end(t, 0);
	/* Marks a refusal that the host has heard of. */
	return r.error ? (struct sbiret){ 2, r.error } : r;
}

static struct sbiret from_host(const struct call *c)
{
	return sbi_call(c->f->eid, a6_of(c), c->a[0], c->a[1], c->a[2], c->a[3], c->a[4], c->a[5]);
}

struct job {
	const struct call *c;
	struct sbiret r;
};

static u64 job(u64 arg)
{
	struct job *j = (struct job *)arg;

	j->r = from_host(j->c);
	return 0;
}

static struct sbiret invoke(const struct call *c)
{
	struct job j = { .c = c };

	structures(c);
	if (is_tvms(c) != c->other_caller)
		return from_tvm(is_tvms(c) ? &w.vm : &w.plain, c);
	csr_write(scause, 3);
	if (!c->hart)
		return from_host(c);
	run_on(c->hart, job, (u64)&j);
	return j.r;
}

/* A failing RUN, FINALIZE or BIND says so in scause to the client that looks there, once the
 * function is known. */
static bool scause_is_right(const struct call *c, const struct matrix_row *r)
{
	const struct fixture *f = c->f->fixture;
	bool sets = f == &fixture_COVH_finalize_tvm || f == &fixture_COVH_run_tvm_vcpu ||
		    f == &fixture_COVI_bind_aia_imsic;

	if (is_tvms(c) || c->other_caller || c->hart)
		return true;
	return csr_read(scause) ==
	       (sets && r->priority > 1 && !strict() ? COVE_CAUSE_FAIL_ENTRY : 3);
}

static void begin(struct call *c, const struct matrix_function *f)
{
	*c = (struct call){ .f = f };
	f->fixture->good(c);
	structures(c);
}

static bool refuse(const struct call *c, const struct matrix_row *r, const struct matrix_row *other)
{
	struct sbiret got = invoke(c);
	bool good = got.error == r->error && !got.value && scause_is_right(c, r);

	if (!good)
		note("%s: %s%s%s: error %ld value %lx scause %lx, expected %d; arguments %lx %lx "
		     "%lx %lx %lx %lx",
		     c->f->name, r->sentence, other ? ", and " : "", other ? other->sentence : "",
		     got.error, got.value, csr_read(scause), r->error, c->a[0], c->a[1], c->a[2],
		     c->a[3], c->a[4], c->a[5]);
	return good;
}

static bool applies(const struct matrix_row *r)
{
	return (!r->strict || strict()) && (!r->two_harts || nr_harts > 1);
}

static bool area_counts(const struct matrix_function *f, const struct matrix_row *r)
{
	return !is_tvms(&(struct call){ .f = f }) && r->op != OP_tvm && r->op != OP_busy;
}

static bool same(const struct matrix_function *f, u64 before, u64 after, const struct matrix_row *r)
{
	if (before != after)
		note("%s: %s: something has changed", f->name, r->sentence);
	return before == after;
}

static bool renew(const struct matrix_function *f)
{
	bool good = world_end() && world_begin(f->fixture->world);

	if (!good)
		note("%s: the world can not be made anew", f->name);
	return good;
}

/* Conditions that spoil the world are followed by a new one. */
static bool repaired(const struct matrix_function *f)
{
	return !w.spoiled || renew(f);
}

static bool alone(const struct matrix_function *f, const struct matrix_row *r)
{
	bool area = area_counts(f, r), files = f->eid == SBI_EXT_COVI, good;
	struct call c;
	u64 before;

	begin(&c, f);
	apply(&c, r);
	structures(&c);
	before = world_snapshot(area, files);
	good = refuse(&c, r, NULL);
	good &= same(f, before, world_snapshot(area, files), r);
	undo(r);
	return repaired(f) && good;
}

/* Together with each condition of the next priority. Returns how many, and whether all went well.
 */
static u32 together(const struct matrix_function *f, const struct matrix_row *all,
		    const struct matrix_row *r, bool *good)
{
	bool area = area_counts(f, r), files = f->eid == SBI_EXT_COVI;
	u32 next = 0, n = 0;
	u64 before = 0;
	struct call c;

	for (u32 i = 0; i < f->rows; i++)
		if (all[i].priority > r->priority && applies(&all[i]) &&
		    (!next || all[i].priority < next))
			next = all[i].priority;
	for (u32 i = 0; next && i < f->rows; i++) {
		const struct matrix_row *o = &all[i];
		/* What is replaced comes before what is added to it. */
		bool other_first = is_additive[r->op] && !is_additive[o->op];

		if (o->priority != next || !applies(o) || !combinable(r, o))
			continue;
		/* A TVM's call takes long, and its arguments are not looked at. */
		if (r->op == OP_tvm && n)
			break;
		begin(&c, f);
		if (!n)
			before = world_snapshot(area, files);
		apply(&c, other_first ? o : r);
		apply(&c, other_first ? r : o);
		*good &= refuse(&c, r, o);
		undo(o);
		undo(r);
		if (w.spoiled) {
			*good &= renew(f);
			before = 0;
		}
		n++;
	}
	if (n && before) {
		begin(&c, f);
		*good &= same(f, before, world_snapshot(area, files), r);
	}
	return n;
}

static bool succeeds(const struct matrix_function *f)
{
	struct sbiret got;
	struct call c;

	begin(&c, f);
	got = invoke(&c);
	if (got.error)
		note("%s: the good call: error %ld value %lx; arguments %lx %lx %lx %lx %lx %lx",
		     f->name, got.error, got.value, c.a[0], c.a[1], c.a[2], c.a[3], c.a[4], c.a[5]);
	else
		f->fixture->after(&c, (u64)got.value);
	return !got.error;
}

static void one_row(const struct matrix_function *f, const struct matrix_row *all,
		    const struct matrix_row *r)
{
	bool never = f->fixture->world & NEVER_GOOD, good = alone(f, r), pairs_good = true;
	u32 n = together(f, all, r, &pairs_good);

	ok(good && pairs_good && (never || succeeds(f)),
	   "%s: %s: %d, before %u other conditions as well; nothing changes%s (%s)", f->name,
	   r->sentence, r->error, n, never ? "" : ", and then the good call succeeds",
	   is_tvms(&(struct call){ .f = f }) ? "a TVM" : numbering_name());
}

static void one_function(const struct matrix_function *f, const struct matrix_row *all)
{
	u64 measured = f->fixture->world & (WITH_PENDING | WITH_AIA);

	if (!ok(world_begin(f->fixture->world), "%s: TVMs and pages are made (%s)", f->name,
		numbering_name()))
		return;
	for (u32 i = 0; i < f->rows; i++)
		if (applies(&all[i]))
			one_row(f, all, &all[i]);
	if (!measured) {
		ok(world_measured(&w.vm), "%s: the TVM's measurement has not changed", f->name);
		ok(tvm_finalize(&w.ini, 0) && world_measured(&w.ini),
		   "%s: the other TVM's measurement is what the good calls made it", f->name);
	}
	ok(world_end(), "%s: every page comes back, and those of the TVMs are zero (%s)", f->name,
	   numbering_name());
}

/* All functions of an extension that a caller of this numbering has. */
static void extension(u64 eid)
{
	const struct matrix_row *all = rows;

	for (u32 i = 0; i < ARRAY_SIZE(functions); i++) {
		const struct matrix_function *f = &functions[i];

		if (f->eid == eid && (numbering == NUMBERING_RFC ? f->rfc : f->spec) >= 0)
			one_function(f, all);
		all += f->rows;
	}
}

static void covh_rows(void)
{
	extension(SBI_EXT_COVH);
}

static void covi_rows(void)
{
	extension(SBI_EXT_COVI);
}

static void other_rows(void)
{
	extension(SBI_EXT_NACL);
	extension(SBI_EXT_SUPD);
}

static void matrix_covh(void)
{
	in_every_numbering(covh_rows);
}

/* What the calls' world is made of */
static bool has_files(u32 n)
{
	if (host_files() < n)
		skip("needs more guest files", "the calls of TVMs with interrupt files");
	return host_files() >= n;
}

static void matrix_covi(void)
{
	if (!has_files(3))
		return;
	in_every_numbering(covi_rows);
}

static void matrix_nacl_supd(void)
{
	in_every_numbering(other_rows);
}

static void matrix_covg(void)
{
	if (!has_files(2))
		return;
	extension(SBI_EXT_COVG);
}

/* The extension is a Kconfig option. */
static void matrix_atst(void)
{
	struct tvm *t = &w.plain;
	bool there = tvm_build(t) && tvm_ecall(t, 0, SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_ATST, 0, 0).value;

	tvm_destroy(t);
	if (!has_files(2))
		return;
	if (there)
		extension(SBI_EXT_ATST);
	else
		skip("this TSM is built without it", "ATST is offered to TVMs");
}

static const struct test matrix_tests[] = {
	TEST(matrix_covh),
	TEST(matrix_covi),
	TEST(matrix_nacl_supd),
	TEST(matrix_covg),
	TEST(matrix_atst),
};

GROUP(matrix, true, 1);
