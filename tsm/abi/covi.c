/* SPDX-License-Identifier: BSD-2-Clause */
/* COVI: interrupt files of TVMs (ABI.md 5). The numbers are the same in both numberings. */
#include "abi/call.h"
#include "cove/covi.h"
#include "cove/supd.h"
#include "host/sgei.h"
#include "host/space.h"
#include "irq/file.h"
#include "page/page.h"
#include "tvm/tvm.h"

/* init_tvm_aia. Refuses: unknown id, not INITIALIZING, length, parameters not in host memory, geometry, overlap. */
static struct reply covi_init(const struct call *c)
{
	struct cove_tvm_aia_params p;
	struct tvm_aia a;
	struct tvm *t;
	enum tsm_err err;

	if (c->arg[2] < sizeof(p))
		return reply_value(TSM_E_PARAM, 0);
	t = tvm_get(c->arg[0]);
	err = t && tvm_build_begin(t) ? TSM_OK : TSM_E_PARAM;
	if (err == TSM_OK) {
		err = host_copy_in(&p, HPA(c->arg[1]), sizeof(p));
		a = (struct tvm_aia){
			.base = p.imsic_base_addr,
			.group_bits = p.group_index_bits,
			.group_shift = p.group_index_shift,
			.hart_bits = p.hart_index_bits,
			.guest_bits = p.guest_index_bits,
		};
		/* No TVM has guest files of its own. */
		if (err == TSM_OK)
			err = p.guests_per_hart ? TSM_E_PARAM : tvm_aia_init(t, &a);
		tvm_build_end(t);
	}
	tvm_put(t);
	return reply_value(err, 0);
}

/* set_tvm_aia_cpu_imsic_addr. Refuses: unknown id or vCPU, not INITIALIZING, no geometry, address. */
static struct reply covi_set_addr(const struct call *c)
{
	struct tvm *t = tvm_get(c->arg[0]);
	enum tsm_err err = t && tvm_build_begin(t) ? TSM_OK : TSM_E_PARAM;

	if (err == TSM_OK) {
		struct vcpu *v = tvm_vcpu(t, c->arg[1]);

		err = v ? tvm_aia_set_addr(t, v, GPA(c->arg[2])) : TSM_E_PARAM;
		tvm_build_end(t);
	}
	tvm_put(t);
	return reply_value(err, 0);
}

/* The interrupt file at a host address that the host can give away. */
static bool file_at(u64 hpa, pfn_t *page, struct hart **h, u64 *number)
{
	*page = PFN(hpa >> PAGE_SHIFT);
	return IS_ALIGNED(hpa, PAGE_SIZE) && page_is_imsic(*page) && irq_file_owner(*page, h, number);
}

/* convert_aia_imsic. Refuses: no interrupt file, the host's own, not the host's. */
static struct reply covi_convert(const struct call *c)
{
	struct hart *owner;
	u64 number;
	pfn_t page;

	if (!file_at(c->arg[0], &page, &owner, &number))
		return reply_value(TSM_E_ADDRESS, 0);
	if (page_claim(page, 1, PAGE_HOST, 0) != TSM_OK) {
		bool again = call_deviates(c) && page_word_state(page_word(page)) >= PAGE_CONVERTING;

		return reply_value(again ? TSM_OK : TSM_E_ADDRESS, 0);
	}
	host_space_unmap_file(page);
	page_commit(page, 1, PAGE_CONVERTING, 0, epoch_stamp(&host_epoch));
	return reply_value(TSM_OK, 0);
}

/*
 * reclaim_tvm_aia_imsic. Refuses: no interrupt file, assigned to a vCPU; a file that a TVM was destroyed with, on another
 * hart than its own, because only there it can be cleared.
 */
static struct reply covi_reclaim(const struct call *c)
{
	struct hart *owner;
	u64 number;
	pfn_t page;
	bool dirty;

	if (!file_at(c->arg[0], &page, &owner, &number))
		return reply_value(TSM_E_ADDRESS, 0);
	if (page_claim(page, 1, PAGE_CONVERTED, 0) != TSM_OK &&
	    page_claim(page, 1, PAGE_CONVERTING, 0) != TSM_OK)
		return reply_value(page_word_state(page_word(page)) >= PAGE_TVM_DATA ? TSM_E_PARAM :
			     TSM_E_ADDRESS, 0);
	dirty = page_word_state(page_word(page)) == PAGE_CONVERTED &&
		page_word_info(page_word(page)) == IRQ_FILE_DIRTY;
	if (dirty && owner != this_hart()) {
		page_unclaim(page, 1);
		return reply_value(TSM_E_ADDRESS, 0);
	}
	if (owner == this_hart())
		irq_file_clear(number);
	host_space_map_file(page);
	page_commit(page, 1, PAGE_HOST, 0, 0);
	return reply_value(TSM_OK, 0);
}

enum vcpu_op { OP_BIND, OP_UNBIND_BEGIN, OP_UNBIND_END, OP_INJECT, OP_REBIND_BEGIN, OP_CLONE, OP_REBIND_END };

static enum tsm_err vcpu_perform(enum vcpu_op op, struct tvm *t, struct vcpu *v, u64 arg, u64 *value)
{
	enum tsm_err err;
	bool ready = false;

	switch (op) {
	case OP_BIND:
		return tvm_aia_bind(t, v, arg);
	case OP_UNBIND_BEGIN:
		return tvm_aia_unbind_begin(t, v, arg == COVI_UNBIND_TELL);
	case OP_UNBIND_END:
		err = tvm_aia_unbind_end(t, v, &ready);
		*value = ready && v->irq.tell;
		return err;
	case OP_INJECT:
		return t->aia.valid ? irq_inject(&v->irq, arg) : TSM_E_PARAM;
	case OP_REBIND_BEGIN:
		return tvm_aia_rebind_begin(t, v, arg);
	case OP_CLONE:
		return tvm_aia_rebind_clone(t, v);
	case OP_REBIND_END:
		return tvm_aia_rebind_end(v);
	}
	return TSM_E_NOT_SUPPORTED;
}

/*
 * What these have in common. The value is 0, but for COVI_UNBIND_TELL. Refuses: unknown id or vCPU,
 * not RUNNABLE, and what tvm/aia.h says of each.
 */
static struct reply vcpu_call(const struct call *c, enum vcpu_op op)
{
	struct tvm *t = tvm_get(c->arg[0]);
	struct vcpu *v = t && tvm_state(t) == TVM_RUNNABLE ? tvm_vcpu(t, c->arg[1]) : NULL;
	u64 value = 0;
	enum tsm_err err = v ? vcpu_perform(op, t, v, c->arg[2], &value) : TSM_E_PARAM;

	tvm_put(t);
	return reply_value(err, value);
}

static struct reply covi_bind(const struct call *c) { return vcpu_call(c, OP_BIND); }
static struct reply covi_unbind_begin(const struct call *c) { return vcpu_call(c, OP_UNBIND_BEGIN); }
static struct reply covi_unbind_end(const struct call *c) { return vcpu_call(c, OP_UNBIND_END); }
static struct reply covi_inject(const struct call *c) { return vcpu_call(c, OP_INJECT); }
static struct reply covi_rebind_begin(const struct call *c) { return vcpu_call(c, OP_REBIND_BEGIN); }
static struct reply covi_rebind_clone(const struct call *c) { return vcpu_call(c, OP_CLONE); }
static struct reply covi_rebind_end(const struct call *c) { return vcpu_call(c, OP_REBIND_END); }

static const struct call_row covi_rows[] = {
	[COVI_INIT_AIA]			= { covi_init, false },
	[COVI_SET_CPU_IMSIC_ADDR]	= { covi_set_addr, false },
	[COVI_CONVERT_IMSIC]		= { covi_convert, false },
	[COVI_RECLAIM_IMSIC]		= { covi_reclaim, false },
	[COVI_BIND]			= { covi_bind, true },
	[COVI_UNBIND_BEGIN]		= { covi_unbind_begin, false },
	[COVI_UNBIND_END]		= { covi_unbind_end, false },
	[COVI_INJECT]			= { covi_inject, false },
	[COVI_REBIND_BEGIN]		= { covi_rebind_begin, false },
	[COVI_REBIND_CLONE]		= { covi_rebind_clone, false },
	[COVI_REBIND_END]		= { covi_rebind_end, false },
};

struct reply covi_call(struct hart *h, const struct world *w)
{
	struct call c = { .hart = h, .arg = &w->gpr[REG_A0] };
	u64 fid = w->gpr[REG_A6] & SUPD_FID_MASK;
	struct reply r;

	if (!call_numbering(w->gpr[REG_A6], &c.rfc) || fid >= ARRAY_SIZE(covi_rows))
		return reply_value(TSM_E_NOT_SUPPORTED, 0);
	r = call_row_run(&covi_rows[fid], &c);
	/* What the host was told of a file may have left it. */
	sgei_back(h);
	return r;
}
