/* SPDX-License-Identifier: BSD-2-Clause */
#include "irq/bind.h"

bool irq_mask_file(u64 mask, struct irq_file *f)
{
	u64 n;

	if (!mask || mask & 1 || mask & (mask - 1))
		return false;
	n = (u64)__builtin_ctzll(mask);
	if (!irq_host_file(this_hart(), n, &f->page))
		return false;
	f->hart = this_hart();
	f->number = n + 1;
	return true;
}

static bool id_exists(u64 id)
{
	return id && id <= hart_features.imsic_ids;
}

static void raise(struct irq_vcpu *v, u32 id)
{
	if (v->state == IRQ_BOUND || v->state == IRQ_REBINDING)
		irq_file_raise(v->file.page, id);
	else
		irq_soft_raise(&v->soft, id);
}

enum tsm_err irq_inject(struct irq_vcpu *v, u64 id)
{
	enum tsm_err err = TSM_OK;

	if (!id_exists(id))
		return TSM_E_PARAM;
	spin_lock(&v->lock);
	if (v->allowed[id / 64] & BIT(id % 64))
		raise(v, (u32)id);
	else
		err = TSM_E_DENIED;
	spin_unlock(&v->lock);
	return err;
}

bool irq_send(struct irq_vcpu *v, u64 id)
{
	if (!id_exists(id))
		return false;
	spin_lock(&v->lock);
	raise(v, (u32)id);
	spin_unlock(&v->lock);
	return true;
}

bool irq_allow(struct irq_vcpu *v, u64 id, bool allow)
{
	bool all = id == ~0ULL;

	if (!all && !id_exists(id))
		return false;
	spin_lock(&v->lock);
	for (u64 i = 0; i < IRQ_WORDS; i++) {
		u64 bits = all ? ~0ULL : i == id / 64 ? BIT(id % 64) : 0;

		v->allowed[i] = allow ? v->allowed[i] | bits : v->allowed[i] & ~bits;
	}
	spin_unlock(&v->lock);
	return true;
}

void irq_inherit(struct irq_vcpu *to, const struct irq_vcpu *from)
{
	/* @from is the calling vCPU's: nobody else changes what it allows. */
	spin_lock(&to->lock);
	for (u32 i = 0; i < IRQ_WORDS; i++)
		to->allowed[i] = from->allowed[i];
	spin_unlock(&to->lock);
}

void irq_attach(struct irq_vcpu *v, const struct irq_file *f)
{
	spin_lock(&v->lock);
	irq_file_load(f->number, &v->soft);
	v->file = *f;
	v->state = IRQ_BOUND;
	spin_unlock(&v->lock);
}

void irq_detach(struct irq_vcpu *v, const struct irq_file *f, enum irq_state next)
{
	spin_lock(&v->lock);
	irq_file_save(f->number, &v->soft);
	v->state = next;
	spin_unlock(&v->lock);
}

/* The file would signal an interrupt: one is pending and enabled, below the threshold, and delivery is on. */
static bool soft_ready(const struct irq_soft *s)
{
	for (u32 i = 0; i < IRQ_WORDS; i++) {
		u64 both = s->pending[i] & s->enabled[i];

		if (both)
			return s->delivery == 1 && (!s->threshold ||
						    (u64)i * 64 + (u64)__builtin_ctzll(both) < s->threshold);
	}
	return false;
}

bool irq_drain(struct irq_vcpu *v)
{
	struct irq_soft late = { 0 };
	bool ready;

	spin_lock(&v->lock);
	irq_file_save(v->file.number, &late);
	for (u32 i = 0; i < IRQ_WORDS; i++)
		v->soft.pending[i] |= late.pending[i];
	v->file = (struct irq_file){ 0 };
	v->state = IRQ_UNBOUND;
	ready = soft_ready(&v->soft);
	spin_unlock(&v->lock);
	return ready;
}
