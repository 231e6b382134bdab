/* SPDX-License-Identifier: BSD-2-Clause */
#include "tvm/aia.h"
#include "base/check.h"
#include "measure/measure.h"
#include "page/page.h"
#include "tvm/tvm.h"

static bool geometry_possible(const struct tvm_aia *a)
{
	u64 index_bits, mask;

	if (a->guest_bits > 6 || a->hart_bits > 16 || a->group_bits > AIA_MAX_GROUP_BITS ||
	    a->group_shift < 24 || a->group_shift >= 64 - a->group_bits)
		return false;
	index_bits = PAGE_SHIFT + a->hart_bits + a->guest_bits;
	if (a->group_shift < index_bits)
		return false;
	mask = (BIT(index_bits) - 1) | (BIT(a->group_bits) - 1) << a->group_shift;
	return !(a->base & mask);
}

static u64 group_base(const struct tvm_aia *a, u64 group) { return a->base + (group << a->group_shift); }
static u64 group_size(const struct tvm_aia *a) { return PAGE_SIZE << (a->hart_bits + a->guest_bits); }
static u64 groups(const struct tvm_aia *a) { return BIT(a->group_bits); }

static bool same_geometry(const struct tvm_aia *a, const struct tvm_aia *b)
{
	return a->base == b->base && a->group_bits == b->group_bits && a->group_shift == b->group_shift &&
	       a->hart_bits == b->hart_bits && a->guest_bits == b->guest_bits;
}

static void remove_groups(struct tvm *t, const struct tvm_aia *a, u64 count)
{
	for (u64 g = 0; g < count; g++)
		tvm_region_remove(t, group_base(a, g), group_size(a), REGION_IMSIC);
}

/* One init at a time: regions of two that touch would become one, and the failure of one take out both. */
static enum tsm_err init_begin(struct tvm *t, const struct tvm_aia *a, bool *done)
{
	enum tsm_err err = TSM_OK;

	spin_lock(&t->lock);
	*done = t->aia.valid;
	if (t->aia.valid)
		err = same_geometry(&t->aia, a) ? TSM_OK : TSM_E_PARAM;
	else if (t->aia.busy)
		err = TSM_AGAIN;
	else
		t->aia.busy = true;
	spin_unlock(&t->lock);
	return err;
}

static void init_end(struct tvm *t, const struct tvm_aia *a)
{
	spin_lock(&t->lock);
	if (a)
		t->aia = *a;
	t->aia.valid = a != NULL;
	t->aia.busy = false;
	spin_unlock(&t->lock);
}

enum tsm_err tvm_aia_init(struct tvm *t, const struct tvm_aia *a)
{
	enum tsm_err err;
	bool done;

	if (!geometry_possible(a))
		return TSM_E_PARAM;
	err = init_begin(t, a, &done);
	if (err != TSM_OK || done)
		return err;
	for (u64 g = 0; g < groups(a); g++) {
		u64 base = group_base(a, g);

		err = TSM_E_ADDRESS;
		if (base < GSTAGE_GPA_END && group_size(a) <= GSTAGE_GPA_END - base)
			err = tvm_region_add(t, base, group_size(a), REGION_IMSIC);
		if (err != TSM_OK) {
			remove_groups(t, a, g);
			init_end(t, NULL);
			return err == TSM_E_PARAM ? TSM_E_ADDRESS : err;
		}
	}
	init_end(t, a);
	return TSM_OK;
}

/* Guest files have no vCPU behind them: a vCPU's address has guest index 0. */
static bool is_file_address(struct tvm *t, gpa_t gpa)
{
	return IS_ALIGNED(gpa.v, PAGE_SIZE << t->aia.guest_bits) && gpa.v < GSTAGE_GPA_END &&
	       tvm_range_type(t, gpa, PAGE_SIZE) == REGION_IMSIC;
}

enum tsm_err tvm_aia_set_addr(struct tvm *t, struct vcpu *v, gpa_t gpa)
{
	enum tsm_err err = TSM_OK;

	if (!t->aia.valid)
		return TSM_E_PARAM;
	if (!is_file_address(t, gpa))
		return TSM_E_ADDRESS;
	spin_lock(&v->irq.lock);
	if (v->irq.has_gpa && v->irq.gpa.v != gpa.v)
		err = TSM_E_PARAM;
	v->irq.gpa = err == TSM_OK ? gpa : v->irq.gpa;
	v->irq.has_gpa = true;
	spin_unlock(&v->irq.lock);
	return err;
}

static struct vcpu *vcpu_with_address(const struct tvm *t, gpa_t gpa, u64 below)
{
	for (u64 i = 0; i < below; i++) {
		struct vcpu *v = tvm_vcpu(t, i);

		if (v && v->irq.has_gpa && v->irq.gpa.v == gpa.v)
			return v;
	}
	return NULL;
}

bool tvm_aia_complete(const struct tvm *t)
{
	if (!t->aia.valid)
		return true;
	for (u64 i = 0; i < TVM_MAX_VCPUS; i++) {
		const struct vcpu *v = tvm_vcpu(t, i);

		if (v && (!v->irq.has_gpa || vcpu_with_address(t, v->irq.gpa, i)))
			return false;
	}
	return true;
}

void tvm_aia_measure(const struct tvm *t, struct sha384_ctx *ctx)
{
	measure_add(ctx, t->aia.valid);
	if (!t->aia.valid)
		return;
	measure_add(ctx, t->aia.base);
	measure_add(ctx, t->aia.group_bits);
	measure_add(ctx, t->aia.group_shift);
	measure_add(ctx, t->aia.hart_bits);
	measure_add(ctx, t->aia.guest_bits);
	for (u64 i = 0; i < TVM_MAX_VCPUS; i++) {
		const struct vcpu *v = tvm_vcpu(t, i);

		if (v)
			measure_add(ctx, v->irq.gpa.v);
	}
}

static struct gstage_range file_range(const struct vcpu *v)
{
	return (struct gstage_range){ v->irq.gpa, 1, GSTAGE_4K };
}

static struct gstage_span file_span(const struct vcpu *v)
{
	return (struct gstage_span){ v->irq.gpa, PAGE_SIZE };
}

/* Moves the vCPU's interrupt state on, for a call that then has it to itself. The vCPU must not run. */
static bool claim(struct tvm *t, struct vcpu *v, enum irq_state from, enum irq_state to, const struct hart *on)
{
	bool ok;

	spin_lock(&v->irq.lock);
	ok = t->aia.valid && v->irq.state == from && (!on || v->irq.file.hart == on) &&
	     __atomic_load_n(&v->power, __ATOMIC_SEQ_CST) != VCPU_RUNNING;
	if (ok)
		v->irq.state = to;
	spin_unlock(&v->irq.lock);
	return ok;
}

static void set_state(struct vcpu *v, enum irq_state state)
{
	spin_lock(&v->irq.lock);
	v->irq.state = state;
	spin_unlock(&v->irq.lock);
}

/* A file's page word goes from one state of the TVM's to another. Nobody but the vCPU's call sequence touches it. */
static void page_move(const struct tvm *t, pfn_t page, enum page_state from, enum page_state to, u32 info)
{
	check(page_claim(page, 1, from, t->id) == TSM_OK);
	page_commit(page, 1, to, to == PAGE_CONVERTED ? 0 : t->id, info);
}

static enum tsm_err reserve(struct tvm *t, const struct vcpu *v, const struct irq_file *f)
{
	struct gstage_range r = file_range(v);
	enum tsm_err err = page_claim(f->page, 1, PAGE_CONVERTED, 0);

	if (err != TSM_OK)
		return err;
	spin_lock(&t->lock);
	err = gstage_reserve(&t->gstage, &r, f->page, GSTAGE_SHARED);
	spin_unlock(&t->lock);
	if (err != TSM_OK)
		page_unclaim(f->page, 1);
	return err;
}

enum tsm_err tvm_aia_bind(struct tvm *t, struct vcpu *v, u64 mask)
{
	struct gstage_range r;
	struct irq_file f;
	enum tsm_err err;

	if (!irq_mask_file(mask, &f) || !claim(t, v, IRQ_UNBOUND, IRQ_BINDING, NULL))
		return TSM_E_PARAM;
	err = reserve(t, v, &f);
	if (err != TSM_OK) {
		set_state(v, IRQ_UNBOUND);
		return err;
	}
	r = file_range(v);
	irq_file_clear(f.number);
	page_commit(f.page, 1, PAGE_TVM_DATA, t->id, 0);
	gstage_commit(&t->gstage, &r);
	/* Last: another hart may rebind the vCPU as soon as it is BOUND, and relies on the mapping. */
	irq_attach(&v->irq, &f);
	return TSM_OK;
}

enum tsm_err tvm_aia_unbind_begin(struct tvm *t, struct vcpu *v)
{
	struct gstage_span s;

	if (!claim(t, v, IRQ_BOUND, IRQ_UNBINDING, this_hart()))
		return TSM_E_PARAM;
	s = file_span(v);
	spin_lock(&t->lock);
	gstage_block(&t->gstage, &s, epoch_stamp(&t->epoch));
	spin_unlock(&t->lock);
	v->irq.stamp = epoch_stamp(&t->epoch);
	page_move(t, v->irq.file.page, PAGE_TVM_DATA, PAGE_TVM_BLOCKED, v->irq.stamp);
	irq_detach(&v->irq, &v->irq.file, IRQ_UNBINDING);
	return TSM_OK;
}

/*
 * What the vCPU's state says, read at once: true when it is @state and @f, the file that the next step is about, is this hart's.
 * From here on only calls on this hart move the state on, so it stays.
 */
static bool my_step(struct vcpu *v, enum irq_state state, struct irq_file *f, u32 *stamp)
{
	bool ok;

	spin_lock(&v->irq.lock);
	ok = v->irq.state == state;
	*f = state == IRQ_REBINDING ? v->irq.old : v->irq.file;
	*stamp = v->irq.stamp;
	spin_unlock(&v->irq.lock);
	return ok && f->hart == this_hart();
}

enum tsm_err tvm_aia_unbind_end(struct tvm *t, struct vcpu *v, bool *ready)
{
	struct gstage_span s = file_span(v);
	struct gstage_run run;
	struct irq_file f;
	u32 stamp;

	if (!my_step(v, IRQ_UNBINDING, &f, &stamp))
		return TSM_E_PARAM;
	if (!epoch_passed(&t->epoch, stamp))
		return TSM_E_ADDRESS;
	spin_lock(&t->lock);
	check(gstage_remove(&t->gstage, &s, &run));
	spin_unlock(&t->lock);
	*ready = irq_drain(&v->irq);
	page_move(t, f.page, PAGE_TVM_BLOCKED, PAGE_CONVERTED, 0);
	return TSM_OK;
}

enum tsm_err tvm_aia_rebind_begin(struct tvm *t, struct vcpu *v, u64 mask)
{
	struct irq_file f;

	if (!irq_mask_file(mask, &f) || !claim(t, v, IRQ_BOUND, IRQ_BINDING, NULL))
		return TSM_E_PARAM;
	if (page_claim(f.page, 1, PAGE_CONVERTED, 0) != TSM_OK) {
		set_state(v, IRQ_BOUND);
		return TSM_E_ADDRESS;
	}
	irq_file_clear(f.number);
	page_commit(f.page, 1, PAGE_TVM_DATA, t->id, 0);
	spin_lock(&t->lock);
	gstage_replace(&t->gstage, v->irq.gpa, f.page);
	spin_unlock(&t->lock);
	v->irq.stamp = epoch_stamp(&t->epoch);
	page_move(t, v->irq.file.page, PAGE_TVM_DATA, PAGE_TVM_BLOCKED, v->irq.stamp);
	spin_lock(&v->irq.lock);
	v->irq.old = v->irq.file;
	v->irq.file = f;
	v->irq.state = IRQ_REBINDING;
	spin_unlock(&v->irq.lock);
	return TSM_OK;
}

enum tsm_err tvm_aia_rebind_clone(struct tvm *t, struct vcpu *v)
{
	struct irq_file f;
	u32 stamp;

	if (!my_step(v, IRQ_REBINDING, &f, &stamp))
		return TSM_E_PARAM;
	if (!epoch_passed(&t->epoch, stamp))
		return TSM_E_ADDRESS;
	irq_detach(&v->irq, &f, IRQ_CLONED);
	page_move(t, f.page, PAGE_TVM_BLOCKED, PAGE_CONVERTED, 0);
	return TSM_OK;
}

enum tsm_err tvm_aia_rebind_end(struct vcpu *v)
{
	struct irq_file f;
	u32 stamp;

	if (!my_step(v, IRQ_CLONED, &f, &stamp))
		return TSM_E_PARAM;
	irq_attach(&v->irq, &f);
	return TSM_OK;
}

bool tvm_aia_runnable(const struct tvm *t, struct vcpu *v, u64 *number, bool *elsewhere)
{
	bool bound;

	*number = 0;
	*elsewhere = false;
	if (!t->aia.valid)
		return true;
	spin_lock(&v->irq.lock);
	bound = v->irq.state == IRQ_BOUND;
	*elsewhere = bound && v->irq.file.hart != this_hart();
	*number = v->irq.file.number;
	spin_unlock(&v->irq.lock);
	return bound && !*elsewhere;
}

bool tvm_aia_store(struct tvm *t, gpa_t gpa, u32 value, struct vcpu **raised)
{
	struct vcpu *v = vcpu_with_address(t, GPA(ALIGN_DOWN(gpa.v, PAGE_SIZE)), TVM_MAX_VCPUS);

	*raised = NULL;
	if (!v)
		return false;
	/* seteipnum_le is the one register of the page that exists here; what is no identity is dropped, as hardware does. */
	if (!(gpa.v & PAGE_MASK) && irq_send(&v->irq, value))
		*raised = v;
	return true;
}

/* A file that goes back without its hart's help keeps the mark that it is not clear. */
static void give_back(const struct tvm *t, const struct irq_file *f, enum page_state from)
{
	if (f->number)
		page_move(t, f->page, from, PAGE_CONVERTED, IRQ_FILE_DIRTY);
}

void tvm_aia_release(struct tvm *t, struct vcpu *v)
{
	switch (v->irq.state) {
	case IRQ_UNBOUND:
	case IRQ_BINDING:
		break;
	case IRQ_UNBINDING:
		give_back(t, &v->irq.file, PAGE_TVM_BLOCKED);
		break;
	case IRQ_REBINDING:
		give_back(t, &v->irq.old, PAGE_TVM_BLOCKED);
		give_back(t, &v->irq.file, PAGE_TVM_DATA);
		break;
	case IRQ_BOUND:
	case IRQ_CLONED:
		give_back(t, &v->irq.file, PAGE_TVM_DATA);
		break;
	}
}
