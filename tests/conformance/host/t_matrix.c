/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The condition matrix: each function is called with exactly one thing wrong, and with two whose
 * priorities are adjacent. The first check that fails decides. Group: matrix.
 */
#include "matrix.h"

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

	return (u64)(numbering == NUMBERING_RFC ? c->f->rfc : c->f->spec) | c->flip |
	       domain << SUPD_SDID_SHIFT;
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
	condition_apply(&c, r);
	structures(&c);
	before = world_snapshot(area, files);
	good = refuse(&c, r, NULL);
	good &= same(f, before, world_snapshot(area, files), r);
	condition_undo(r);
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
		bool other_first = condition_is_additive(r) && !condition_is_additive(o);

		if (o->priority != next || !applies(o) || !conditions_combinable(r, o))
			continue;
		/* A TVM's call takes long, and its arguments are not looked at. */
		if (r->op == OP_tvm && n)
			break;
		begin(&c, f);
		if (!n)
			before = world_snapshot(area, files);
		condition_apply(&c, other_first ? o : r);
		condition_apply(&c, other_first ? r : o);
		*good &= refuse(&c, r, o);
		condition_undo(o);
		condition_undo(r);
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
	bool there = tvm_build(t) &&
		     tvm_ecall(t, 0, SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_ATST, 0, 0).value;

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
