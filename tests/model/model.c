/* SPDX-License-Identifier: BSD-2-Clause */
#include "model.h"

#include <string.h>

#include <sbi.h>

const char *const model_call_name[MODEL_CALLS] = {
	[CONVERT] = "CONVERT", [CONVERT_BOTH] = "CONVERT (2 pages)", [RECLAIM] = "RECLAIM", [RECLAIM_BOTH] = "RECLAIM (2 pages)",
	[GLOBAL_FENCE] = "GLOBAL_FENCE", [LOCAL_FENCE] = "LOCAL_FENCE", [CREATE] = "CREATE_TVM",
	[CREATE_STATE] = "CREATE_TVM (as state)", [CREATE_PGD] = "CREATE_TVM (as directory)", [DESTROY] = "DESTROY_TVM",
	[DESTROY_OTHER] = "DESTROY_TVM (the other)", [FINALIZE] = "FINALIZE_TVM", [ADD_PGT] = "ADD_PGT", [CREATE_VCPU] = "CREATE_VCPU",
	[ADD_MEASURED] = "ADD_MEASURED", [ADD_MEASURED_FROM] = "ADD_MEASURED (as source)", [ADD_ZERO] = "ADD_ZERO",
	[ADD_SHARED] = "ADD_SHARED", [INVALIDATE] = "INVALIDATE", [VALIDATE] = "VALIDATE", [REMOVE] = "REMOVE", [PROMOTE] = "PROMOTE",
	[DEMOTE] = "DEMOTE", [TVM_FENCE] = "TVM_FENCE", [GET_INFO] = "GET_TSM_INFO", [ADD_REGION] = "ADD_MEMORY_REGION",
	[INIT_AIA] = "INIT_AIA", [SET_ADDR] = "SET_CPU_IMSIC_ADDR", [CONVERT_FILE] = "CONVERT_IMSIC",
	[RECLAIM_FILE] = "RECLAIM_IMSIC", [BIND] = "BIND", [UNBIND_BEGIN] = "UNBIND_BEGIN", [UNBIND_END] = "UNBIND_END",
	[INJECT] = "INJECT", [REBIND_BEGIN] = "REBIND_BEGIN", [REBIND_CLONE] = "REBIND_CLONE", [REBIND_END] = "REBIND_END",
	[RUN] = "RUN_VCPU", [RUN_TWICE] = "RUN_VCPU (twice)", [TIMER] = "the host's timer", [FAULT] = "a page fault",
	[SHARE] = "SHARE", [UNSHARE] = "UNSHARE", [ADD_MMIO] = "ADD_MMIO_REGION", [REMOVE_MMIO] = "REMOVE_MMIO_REGION",
	[ALLOW] = "ALLOW_EXT_INTERRUPT", [DENY] = "DENY_EXT_INTERRUPT", [GET_ATTCAPS] = "GET_ATTCAPS",
	[EXTEND] = "EXTEND_MEASUREMENT", [READ_MEASUREMENT] = "READ_MEASUREMENT", [GET_EVIDENCE] = "GET_EVIDENCE (unaligned)",
};

const char *const model_page_name[M_PAGE_STATES] = {
	[M_HOST] = "HOST", [M_CONVERTING] = "CONVERTING", [M_CONVERTED] = "CONVERTED", [M_DATA] = "TVM_DATA", [M_TABLE] = "TVM_TABLE",
	[M_TVM_STATE] = "TVM_STATE", [M_VCPU_STATE] = "VCPU_STATE", [M_TSM] = "TSM", [M_NOT_RAM] = "RESERVED",
	[F_HOST] = "file:HOST", [F_CONVERTING] = "file:CONVERTING", [F_CONVERTED] = "file:CONVERTED",
	[F_DIRTY] = "file:CONVERTED(dirty)", [F_BOUND] = "file:TVM_DATA", [F_BLOCKED] = "file:TVM_BLOCKED",
	[F_OWN] = "file:HOST(own)",
};

enum { REFUSED_PARAM = SBI_ERR_INVALID_PARAM, REFUSED_ADDRESS = SBI_ERR_INVALID_ADDRESS };

void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	memset(m->file, F_HOST, sizeof(m->file));
}

enum model_page model_page_of(const struct model *m, u32 page)
{
	switch (page) {
	case PAGE_OF_TSM:
		return M_TSM;
	case PAGE_NOT_RAM:
		return M_NOT_RAM;
	case PAGE_FILE:
	case PAGE_FILE_1:
		return (enum model_page)m->file[page - PAGE_FILE];
	case PAGE_FILE_OWN:
		return F_OWN;
	}
	return (enum model_page)m->page[page];
}

bool model_possible(const struct model *m, const struct action *a)
{
	switch (a->call) {
	case TIMER:
	case FAULT:
	case SHARE:
	case UNSHARE:
	case ADD_MMIO:
	case REMOVE_MMIO:
	case ALLOW:
	case DENY:
	case GET_ATTCAPS:
	case EXTEND:
	case READ_MEASUREMENT:
	case GET_EVIDENCE:
	case RUN_TWICE:
		return m->running;
	case RUN:
		return !m->running;
	default:
		return a->hart != 1 || !m->running;
	}
}

/* Ages that say no more than "it is complete" become one: what a complete fence covers stays covered. */
static void settle(struct model *m)
{
	u32 lag = 0;

	for (u32 i = 0; i < MODEL_HARTS; i++)
		lag = m->host_lag[i] > lag ? m->host_lag[i] : lag;
	for (u32 i = 0; i < MODEL_FILES; i++) {
		if (m->file[i] == F_CONVERTING && m->file_age[i] > lag)
			m->file[i] = F_CONVERTED;
		if (m->file[i] != F_CONVERTING)
			m->file_age[i] = 0;
	}
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
	if (m->irq != I_UNBINDING && m->irq != I_REBINDING)
		m->irq_age = 0;
	else if (m->irq_age > m->tvm_lag)
		m->irq_age = 2;
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
	for (u32 i = 0; i < MODEL_HARTS; i++)
		if (m->host_lag[i])
			return SBI_ERR_ALREADY_STARTED;
	for (u32 i = 0; i < MODEL_PAGES; i++)
		m->page_age[i]++;
	for (u32 i = 0; i < MODEL_FILES; i++)
		m->file_age[i]++;
	for (u32 i = 0; i < MODEL_HARTS; i++)
		m->host_lag[i] = i != hart && !(i == 1 && m->running);
	return 0;
}

/* --- the life of TVMs --- */

/* How many of the pages it takes: a TVM's state is two frames, its directory four, of which all but these are there already. */
static u32 other_pages(u8 as)
{
	return as == 1 || MODEL_PAGES < 4 ? (as == 1 ? 2 : MODEL_PAGES) : 4;
}

static s64 create_other(struct model *m, u8 as)
{
	if (m->other)
		return REFUSED_ADDRESS;
	for (u32 i = 0; i < other_pages(as); i++)
		if (!usable(m, i))
			return REFUSED_ADDRESS;
	m->other = as;
	for (u32 i = 0; i < other_pages(as); i++)
		m->page[i] = as == 1 ? M_TVM_STATE : M_TABLE;
	return 0;
}

static s64 destroy_other(struct model *m)
{
	if (!m->other)
		return REFUSED_PARAM;
	for (u32 i = 0; i < other_pages(m->other); i++)
		m->page[i] = M_CONVERTED;
	m->other = 0;
	return 0;
}

static s64 destroy(struct model *m)
{
	if (m->tvm == T_NONE)
		return REFUSED_PARAM;
	if (m->running)
		return SBI_ERR_FAILED;
	for (u32 i = 0; i < MODEL_PAGES; i++) {
		bool others = m->other && i < other_pages(m->other);

		if (m->page[i] == M_DATA || m->page[i] == M_VCPU_STATE || (m->page[i] == M_TABLE && !others))
			m->page[i] = M_CONVERTED;
		m->pins[i] = 0;
	}
	for (u32 i = 0; i < MODEL_FILES; i++)
		if (m->file[i] == F_BOUND || m->file[i] == F_BLOCKED)
			m->file[i] = F_DIRTY;
	m->tvm = m->vcpu1 = m->region = m->pending = m->extra = 0;
	m->aia = m->irq = m->irq_file = m->irq_old = m->allowed = 0;
	memset(m->leaf, L_EMPTY, sizeof(m->leaf));
	return 0;
}

static s64 finalize(struct model *m)
{
	/* With interrupt files every vCPU has the address of one; vCPU 1 never has. */
	if (m->tvm != T_BUILT || m->aia == A_GEOMETRY || (m->aia && m->vcpu1))
		return REFUSED_PARAM;
	m->tvm = T_RUNNABLE;
	return 0;
}

static s64 add_region(struct model *m)
{
	if (m->tvm != T_BUILT || m->extra)
		return REFUSED_PARAM;
	m->extra = E_CONFIDENTIAL;
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
	m->irq_age++;
	m->tvm_lag = m->running;
	return 0;
}

/* --- interrupt files --- */

static s64 file_convert(struct model *m, u32 page)
{
	if (model_page_of(m, page) != F_HOST)
		return REFUSED_ADDRESS;
	m->file[page - PAGE_FILE] = F_CONVERTING;
	m->file_age[page - PAGE_FILE] = 0;
	return 0;
}

static s64 file_reclaim(struct model *m, u32 page, u32 hart)
{
	switch (model_page_of(m, page)) {
	case F_DIRTY:
		if (hart != page - PAGE_FILE)
			return REFUSED_ADDRESS;
		break;
	case F_CONVERTING:
	case F_CONVERTED:
		break;
	case F_BOUND:
	case F_BLOCKED:
		return REFUSED_PARAM;
	default:
		return REFUSED_ADDRESS;
	}
	m->file[page - PAGE_FILE] = F_HOST;
	return 0;
}

/* Both take the file of the hart that calls. */
static s64 bind(struct model *m, u32 hart, u8 from, u8 to)
{
	if (m->tvm != T_RUNNABLE || !m->aia || m->irq != from || m->running)
		return REFUSED_PARAM;
	if (hart >= MODEL_FILES)
		return REFUSED_ADDRESS;
	if (m->file[hart] != F_CONVERTED && m->file[hart] != F_DIRTY)
		return REFUSED_ADDRESS;
	if (to == I_REBINDING) {
		m->irq_old = m->irq_file;
		m->file[m->irq_old - 1] = F_BLOCKED;
	}
	m->file[hart] = F_BOUND;
	m->irq_file = (u8)(hart + 1);
	m->irq = to;
	m->irq_age = 0;
	return 0;
}

static s64 unbind_begin(struct model *m, u32 hart)
{
	if (m->tvm != T_RUNNABLE || m->irq != I_BOUND || m->irq_file != hart + 1 || m->running)
		return REFUSED_PARAM;
	m->file[hart] = F_BLOCKED;
	m->irq = I_UNBINDING;
	m->irq_age = 0;
	return 0;
}

static s64 unbind_end(struct model *m, u32 hart)
{
	if (m->tvm != T_RUNNABLE || m->irq != I_UNBINDING || m->irq_file != hart + 1)
		return REFUSED_PARAM;
	if (m->irq_age < 2)
		return REFUSED_ADDRESS;
	m->file[hart] = F_CONVERTED;
	m->irq = I_UNBOUND;
	m->irq_file = 0;
	return 0;
}

static s64 rebind_clone(struct model *m, u32 hart)
{
	if (m->tvm != T_RUNNABLE || m->irq != I_REBINDING || m->irq_old != hart + 1)
		return REFUSED_PARAM;
	if (m->irq_age < 2)
		return REFUSED_ADDRESS;
	m->file[hart] = F_CONVERTED;
	m->irq = I_CLONED;
	m->irq_old = 0;
	return 0;
}

static s64 rebind_end(struct model *m, u32 hart)
{
	if (m->tvm != T_RUNNABLE || m->irq != I_CLONED || m->irq_file != hart + 1)
		return REFUSED_PARAM;
	m->irq = I_BOUND;
	return 0;
}

static s64 inject(const struct model *m)
{
	if (m->tvm != T_RUNNABLE || !m->aia)
		return REFUSED_PARAM;
	return m->allowed ? 0 : SBI_ERR_DENIED;
}

static s64 aia(struct model *m, u8 to)
{
	if (m->tvm != T_BUILT || m->aia + 1 < to)
		return REFUSED_PARAM;
	m->aia = m->aia > to ? m->aia : to;
	return 0;
}

/* --- the vCPU: on hart 1 --- */

static s64 run(struct model *m)
{
	if (m->tvm != T_RUNNABLE || (m->aia && (m->irq != I_BOUND || m->irq_file != 1 + 1)))
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
		return REFUSED_PARAM;
	m->region = to;
	m->pending = 1;
	return leave(m);
}

static s64 change_mmio(struct model *m, u8 from, u8 to)
{
	if (m->extra != from)
		return REFUSED_ADDRESS;
	m->extra = to;
	return leave(m);
}

static s64 allow(struct model *m, u8 allowed)
{
	if (!m->aia)
		return REFUSED_PARAM;
	m->allowed = allowed;
	return leave(m);
}

/* The TVM's memory must be there, or the host is asked for it. */
static s64 touch(struct model *m, u32 slot)
{
	return m->leaf[slot] == L_MAPPED ? MODEL_GOES_ON : leave(m);
}

static s64 vcpu_step(struct model *m, const struct action *a)
{
	switch ((enum model_call)a->call) {
	case RUN:
		return run(m);
	case RUN_TWICE:
		return REFUSED_PARAM;
	case TIMER:
		return leave(m);
	case FAULT:
		return touch(m, a->slot);
	case SHARE:
		return request(m, R_CONFIDENTIAL, R_CONFIDENTIAL_REMOVABLE);
	case UNSHARE:
		return request(m, R_SHARED, R_SHARED_REMOVABLE);
	case ADD_MMIO:
		return change_mmio(m, E_NONE, E_MMIO);
	case REMOVE_MMIO:
		return change_mmio(m, E_MMIO, E_NONE);
	case ALLOW:
	case DENY:
		return allow(m, a->call == ALLOW);
	case GET_ATTCAPS:
	case EXTEND:
	case READ_MEASUREMENT:
		return touch(m, 0);
	default:
		return REFUSED_ADDRESS;
	}
}

static s64 file_step(struct model *m, const struct action *a)
{
	switch ((enum model_call)a->call) {
	case INIT_AIA:
		return aia(m, A_GEOMETRY);
	case SET_ADDR:
		return aia(m, A_ADDRESS);
	case CONVERT_FILE:
		return file_convert(m, a->page);
	case RECLAIM_FILE:
		return file_reclaim(m, a->page, a->hart);
	case BIND:
		return bind(m, a->hart, I_UNBOUND, I_BOUND);
	case UNBIND_BEGIN:
		return unbind_begin(m, a->hart);
	case UNBIND_END:
		return unbind_end(m, a->hart);
	case INJECT:
		return inject(m);
	case REBIND_BEGIN:
		return bind(m, a->hart, I_BOUND, I_REBINDING);
	case REBIND_CLONE:
		return rebind_clone(m, a->hart);
	case REBIND_END:
		return rebind_end(m, a->hart);
	default:
		return vcpu_step(m, a);
	}
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
		return finalize(m);
	case ADD_REGION:
		return add_region(m);
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
	case PROMOTE:
	case DEMOTE:
		/* Nothing here is as large as that. */
		return m->tvm == T_RUNNABLE ? REFUSED_ADDRESS : REFUSED_PARAM;
	case TVM_FENCE:
		return tvm_fence(m);
	case GET_INFO:
		return 0;
	default:
		return file_step(m, a);
	}
}

s64 model_step(struct model *m, const struct action *a)
{
	s64 r = step(m, a);

	settle(m);
	return r;
}
