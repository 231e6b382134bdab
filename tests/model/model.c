/* SPDX-License-Identifier: BSD-2-Clause */
#include "model.h"

#include <string.h>

#include <sbi.h>

const char *const model_call_name[MODEL_CALLS] = {
	"CONVERT", "CONVERT (2 pages)", "RECLAIM", "RECLAIM (2 pages)", "GLOBAL_FENCE", "LOCAL_FENCE", "CREATE_TVM",
	"CREATE_TVM (as state)", "CREATE_TVM (as directory)", "DESTROY_TVM", "DESTROY_TVM (the other)", "FINALIZE_TVM", "ADD_PGT",
	"CREATE_VCPU", "ADD_MEASURED", "ADD_MEASURED (as source)", "ADD_ZERO", "ADD_SHARED", "INVALIDATE", "VALIDATE", "REMOVE",
	"TVM_FENCE", "RUN_VCPU", "RUN_VCPU (twice)", "the host's timer", "SHARE", "UNSHARE", "a page fault",
};

const char *const model_page_name[M_PAGE_STATES] = {
	"HOST", "CONVERTING", "CONVERTED", "TVM_DATA", "TVM_TABLE", "TVM_STATE", "VCPU_STATE", "TSM", "RESERVED",
};

enum { REFUSED_PARAM = SBI_ERR_INVALID_PARAM, REFUSED_ADDRESS = SBI_ERR_INVALID_ADDRESS };

void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
}

enum model_page model_page_of(const struct model *m, u32 page)
{
	if (page >= MODEL_PAGES)
		return page == PAGE_OF_TSM ? M_TSM : M_NOT_RAM;
	return (enum model_page)m->page[page];
}

bool model_possible(const struct model *m, const struct action *a)
{
	switch (a->call) {
	case TIMER:
	case SHARE:
	case UNSHARE:
	case FAULT:
	case RUN_TWICE:
		return m->running;
	case RUN:
		return !m->running;
	default:
		return a->hart == 0 || !m->running;
	}
}

/* Ages that say no more than "it is complete" become one: what a complete fence covers stays covered. */
static void settle(struct model *m)
{
	u32 lag = m->host_lag[0] > m->host_lag[1] ? m->host_lag[0] : m->host_lag[1];

	for (u32 i = 0; i < MODEL_PAGES; i++) {
		if (m->page[i] == M_CONVERTING && m->page_age[i] > lag)
			m->page[i] = M_CONVERTED;
		if (m->page[i] != M_CONVERTING)
			m->page_age[i] = 0;
	}
	if (!m->running)
		m->tvm_lag = 0;
	for (u32 i = 0; i < MODEL_SLOTS; i++) {
		if (m->leaf[i] == L_EMPTY)
			m->leaf_page[i] = 0;
		if (m->leaf[i] != L_BLOCKED)
			m->leaf_age[i] = 0;
		else if (m->leaf_age[i] > m->tvm_lag)
			m->leaf_age[i] = 2;
	}
}

/* --- pages between the host and the TSM --- */

static bool convertible(const struct model *m, u32 page)
{
	return model_page_of(m, page) == M_HOST && m->pins[page] == 0;
}

static bool usable(const struct model *m, u32 page)
{
	return model_page_of(m, page) == M_CONVERTED;
}

static bool reclaimable(const struct model *m, u32 page)
{
	enum model_page p = model_page_of(m, page);

	return p == M_CONVERTED || p == M_CONVERTING || (p == M_HOST && m->pins[page] == 0);
}

static s64 convert(struct model *m, u32 first, u32 count)
{
	for (u32 i = first; i < first + count; i++)
		if (!convertible(m, i))
			return REFUSED_ADDRESS;
	for (u32 i = first; i < first + count; i++) {
		m->page[i] = M_CONVERTING;
		m->page_age[i] = 0;
	}
	return 0;
}

static s64 reclaim(struct model *m, u32 first, u32 count)
{
	bool all_host = true, ok = true;

	for (u32 i = first; i < first + count; i++) {
		all_host = all_host && model_page_of(m, i) == M_HOST;
		ok = ok && reclaimable(m, i);
	}
	if (all_host)
		return 0;
	if (!ok)
		return REFUSED_ADDRESS;
	for (u32 i = first; i < first + count; i++)
		m->page[i] = M_HOST;
	return 0;
}

static s64 global_fence(struct model *m, u32 hart)
{
	if (m->host_lag[0] || m->host_lag[1])
		return SBI_ERR_ALREADY_STARTED;
	for (u32 i = 0; i < MODEL_PAGES; i++)
		m->page_age[i]++;
	for (u32 i = 0; i < MODEL_HARTS; i++)
		m->host_lag[i] = i != hart && !(i == 1 && m->running);
	return 0;
}

/* --- the life of TVMs --- */

static s64 create_other(struct model *m, u8 as)
{
	if (m->other || !usable(m, PAGE_A) || !usable(m, PAGE_B))
		return REFUSED_ADDRESS;
	m->other = as;
	m->page[PAGE_A] = m->page[PAGE_B] = as == 1 ? M_TVM_STATE : M_TABLE;
	return 0;
}

static s64 destroy_other(struct model *m)
{
	if (!m->other)
		return REFUSED_PARAM;
	m->other = 0;
	m->page[PAGE_A] = m->page[PAGE_B] = M_CONVERTED;
	return 0;
}

static s64 destroy(struct model *m)
{
	if (m->tvm == T_NONE)
		return REFUSED_PARAM;
	if (m->running)
		return SBI_ERR_FAILED;
	for (u32 i = 0; i < MODEL_PAGES; i++) {
		if (m->page[i] == M_DATA || m->page[i] == M_VCPU_STATE || (m->page[i] == M_TABLE && !m->other))
			m->page[i] = M_CONVERTED;
		m->pins[i] = 0;
	}
	m->tvm = m->vcpu1 = m->region = m->pending = 0;
	memset(m->leaf, L_EMPTY, sizeof(m->leaf));
	return 0;
}

static s64 add_pgt(struct model *m, u32 page)
{
	if (m->tvm == T_NONE)
		return REFUSED_PARAM;
	if (!usable(m, page))
		return REFUSED_ADDRESS;
	m->page[page] = M_TABLE;
	return 0;
}

static s64 create_vcpu(struct model *m, u32 page)
{
	if (m->tvm != T_BUILT || m->vcpu1)
		return REFUSED_PARAM;
	/* It takes pages from that one on: from A, B too, and others behind it, which are nobody's. */
	for (u32 i = page; i < MODEL_PAGES || i == page; i++)
		if (!usable(m, i))
			return REFUSED_ADDRESS;
	for (u32 i = page; i < MODEL_PAGES; i++)
		m->page[i] = M_VCPU_STATE;
	m->vcpu1 = (u8)(page + 1);
	return 0;
}

/* --- pages of the TVM --- */

static u8 region_of(const struct model *m, u32 slot)
{
	return slot == 0 ? R_CONFIDENTIAL : m->region;
}

static bool confidential(u8 region)
{
	return region == R_CONFIDENTIAL || region == R_CONFIDENTIAL_REMOVABLE;
}

static s64 add(struct model *m, u32 page, u32 slot, u8 state)
{
	if (m->tvm != state)
		return REFUSED_PARAM;
	if (!usable(m, page) || m->leaf[slot] != L_EMPTY || !confidential(region_of(m, slot)))
		return REFUSED_ADDRESS;
	m->page[page] = M_DATA;
	m->leaf[slot] = L_MAPPED;
	m->leaf_page[slot] = (u8)page;
	return 0;
}

static s64 add_shared(struct model *m, u32 page, u32 slot)
{
	if (m->tvm != T_RUNNABLE)
		return REFUSED_PARAM;
	if (model_page_of(m, page) != M_HOST || m->leaf[slot] != L_EMPTY || confidential(region_of(m, slot)))
		return REFUSED_ADDRESS;
	m->pins[page]++;
	m->leaf[slot] = L_MAPPED;
	m->leaf_page[slot] = (u8)page;
	return 0;
}

static s64 block(struct model *m, u32 slot, u8 from, u8 to)
{
	if (m->tvm != T_RUNNABLE)
		return REFUSED_PARAM;
	if (m->leaf[slot] != from)
		return REFUSED_ADDRESS;
	m->leaf[slot] = to;
	m->leaf_age[slot] = 0;
	return 0;
}

static s64 remove_page(struct model *m, u32 slot)
{
	u8 region = region_of(m, slot), page = m->leaf_page[slot];

	if (m->tvm != T_RUNNABLE)
		return REFUSED_PARAM;
	if ((region != R_CONFIDENTIAL_REMOVABLE && region != R_SHARED_REMOVABLE) || m->leaf[slot] != L_BLOCKED ||
	    m->leaf_age[slot] < 2)
		return REFUSED_ADDRESS;
	m->leaf[slot] = L_EMPTY;
	if (confidential(region))
		m->page[page] = M_CONVERTED;
	else
		m->pins[page]--;
	return 0;
}

static s64 tvm_fence(struct model *m)
{
	if (m->tvm != T_RUNNABLE)
		return REFUSED_PARAM;
	if (m->tvm_lag)
		return SBI_ERR_ALREADY_STARTED;
	for (u32 i = 0; i < MODEL_SLOTS; i++)
		m->leaf_age[i]++;
	m->tvm_lag = m->running;
	return 0;
}

/* --- the vCPU --- */

static s64 run(struct model *m)
{
	if (m->tvm != T_RUNNABLE)
		return REFUSED_PARAM;
	if (m->pending) {
		if (m->leaf[1] != L_EMPTY)
			return REFUSED_ADDRESS;
		m->region = m->region == R_CONFIDENTIAL_REMOVABLE ? R_SHARED : R_CONFIDENTIAL;
		m->pending = 0;
	}
	m->running = 1;
	m->tvm_lag = 0;
	m->host_lag[1] = 0;
	return MODEL_ENTERED;
}

static s64 leave(struct model *m)
{
	m->running = 0;
	m->host_lag[1] = 0;
	return MODEL_EXIT;
}

static s64 request(struct model *m, u8 from, u8 to)
{
	if (m->region != from)
		return MODEL_GOES_ON;
	m->region = to;
	m->pending = 1;
	return leave(m);
}

static s64 step(struct model *m, const struct action *a)
{
	switch ((enum model_call)a->call) {
	case CONVERT:
		return convert(m, a->page, 1);
	case CONVERT_BOTH:
		return convert(m, PAGE_A, 2);
	case RECLAIM:
		return reclaim(m, a->page, 1);
	case RECLAIM_BOTH:
		return reclaim(m, PAGE_A, 2);
	case GLOBAL_FENCE:
		return global_fence(m, a->hart);
	case LOCAL_FENCE:
		m->host_lag[a->hart] = 0;
		return 0;
	case CREATE:
		if (m->tvm != T_NONE)
			return REFUSED_ADDRESS;
		m->tvm = T_BUILT;
		return 0;
	case CREATE_STATE:
		return create_other(m, 1);
	case CREATE_PGD:
		return create_other(m, 2);
	case DESTROY:
		return destroy(m);
	case DESTROY_OTHER:
		return destroy_other(m);
	case FINALIZE:
		if (m->tvm != T_BUILT)
			return REFUSED_PARAM;
		m->tvm = T_RUNNABLE;
		return 0;
	case ADD_PGT:
		return add_pgt(m, a->page);
	case CREATE_VCPU:
		return create_vcpu(m, a->page);
	case ADD_MEASURED:
		return add(m, a->page, a->slot, T_BUILT);
	case ADD_MEASURED_FROM:
		if (m->tvm == T_BUILT && model_page_of(m, a->page) != M_HOST)
			return REFUSED_ADDRESS;
		return add(m, a->page == PAGE_A ? PAGE_B : PAGE_A, a->slot, T_BUILT);
	case ADD_ZERO:
		return add(m, a->page, a->slot, T_RUNNABLE);
	case ADD_SHARED:
		return add_shared(m, a->page, a->slot);
	case INVALIDATE:
		return block(m, a->slot, L_MAPPED, L_BLOCKED);
	case VALIDATE:
		return block(m, a->slot, L_BLOCKED, L_MAPPED);
	case REMOVE:
		return remove_page(m, a->slot);
	case TVM_FENCE:
		return tvm_fence(m);
	case RUN:
		return run(m);
	case RUN_TWICE:
		return REFUSED_PARAM;
	case TIMER:
		return leave(m);
	case SHARE:
		return request(m, R_CONFIDENTIAL, R_CONFIDENTIAL_REMOVABLE);
	case UNSHARE:
		return request(m, R_SHARED, R_SHARED_REMOVABLE);
	case FAULT:
		return m->leaf[a->slot] == L_MAPPED ? MODEL_GOES_ON : leave(m);
	case MODEL_CALLS:
		break;
	}
	return 0;
}

s64 model_step(struct model *m, const struct action *a)
{
	s64 r = step(m, a);

	settle(m);
	return r;
}
