/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/check.h"
#include "tvm/tvm.h"

static bool same_call(const struct tvm_measuring *m, const struct tvm_add *add, pfn_t source)
{
	return m->add.pfn.v == add->pfn.v && m->add.range.gpa.v == add->range.gpa.v &&
	       m->add.range.count == add->range.count && m->add.range.level == add->range.level &&
	       m->source.v == source.v;
}

static enum tsm_err begin(struct tvm *t, const struct tvm_add *add, pfn_t source)
{
	struct tvm_measuring *m = &t->measuring;

	if (t->state != TVM_INITIALIZING)
		return TSM_E_PARAM;
	if (m->active) {
		if (m->working || !same_call(m, add, source))
			return TSM_AGAIN;
		m->working = true;
		return TSM_OK;
	}
	*m = (struct tvm_measuring){
		.active = true,
		.working = true,
		.add = *add,
		.source = source,
		.reg = t->measurement.reg[COVE_MR_TVM_PAGES],
	};
	t->builders++;
	return TSM_OK;
}

enum tsm_err tvm_measure_begin(struct tvm *t, const struct tvm_add *add, pfn_t source,
			       struct tvm_measuring **m)
{
	enum tsm_err err;

	spin_lock(&t->lock);
	err = begin(t, add, source);
	spin_unlock(&t->lock);
	*m = &t->measuring;
	return err;
}

void tvm_measure_pause(struct tvm *t)
{
	spin_lock(&t->lock);
	check(t->measuring.working);
	t->measuring.working = false;
	spin_unlock(&t->lock);
}

void tvm_measure_end(struct tvm *t)
{
	spin_lock(&t->lock);
	check(t->measuring.working && t->builders > 0);
	t->measuring.active = false;
	t->measuring.working = false;
	t->builders--;
	spin_unlock(&t->lock);
}
