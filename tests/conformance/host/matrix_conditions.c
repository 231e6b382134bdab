/* SPDX-License-Identifier: BSD-2-Clause */
/* The conditions of the matrix: what makes an otherwise good call wrong, and how that is undone. */
#include "matrix.h"

#define OP(op, additive) [OP_##op] = additive,
static const bool is_additive[] = {
#include "matrix.inc"
};
#undef OP

bool condition_is_additive(const struct matrix_row *r)
{
	return is_additive[r->op];
}

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

void condition_apply(struct call *c, const struct matrix_row *r)
{
	if (r->arg < 0)
		apply_state(c, r);
	else if (is_additive[r->op])
		c->a[r->arg] |= added(r);
	else
		c->a[r->arg] = replaced(c, r, c->a[r->arg]);
}

void condition_undo(const struct matrix_row *r)
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

bool conditions_combinable(const struct matrix_row *a, const struct matrix_row *b)
{
	return a->arg < 0 || b->arg < 0 || a->arg != b->arg ||
	       is_additive[a->op] != is_additive[b->op];
}
