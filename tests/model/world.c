/* SPDX-License-Identifier: BSD-2-Clause */
/* The same calls to the real monitor, on the unit tests' rig, and what its data say in the model's words. */
#include "model.h"

#include <string.h>

#include "unit/unit.h"
#include "cove/covg.h"
#include "cove/covh.h"
#include "cove/covi.h"
#include "cove/nacl.h"
#include "cove/supd.h"
#include "host/space.h"
#include "page/page.h"
#include <sbi.h>
#include "tvm/tvm.h"
#include "unit/rig.h"

#define SPEC(fid)	((u64)SUPD_TSM_DOMAIN << SUPD_SDID_SHIFT | (fid))
#define GPA_BASE	0x80200000ULL
#define EXTRA_GPA	0x90000000ULL
#define FILE_GPA	0x28000000ULL
#define TIMER_TRAP	(CAUSE_IRQ | IRQ_STI)
/* The host's guest file 1 of a hart: hardware file 2. */
#define FILE_MASK	2ULL
enum { POOL_PAGES = 8 };

/* Host addresses, fixed; kept on the heap, out of what is saved and loaded. */
static struct places {
	u64 ab;				/* A, B and the rest of a page directory, or of a vCPU */
	u64 params, params2, params3;
	u64 pgd, state, pool, vcpu;	/* of the TVM */
	u64 pgd2, state2;		/* the other TVM's other half */
	u64 source, shmem, info, aia;
} *at;

extern char __data_start[], _end[];

static u64 page_address(u32 page)
{
	if (page == PAGE_OF_TSM)
		return RIG_RAM_BASE + 0x2000;
	if (page == PAGE_NOT_RAM)
		return RIG_RAM_BASE + RIG_RAM_SIZE;
	if (page == PAGE_FILE_OWN)
		return RIG_FILES + PAGE_SIZE;
	if (page >= PAGE_FILE)
		return RIG_FILES + ((page - PAGE_FILE) * RIG_FILE_PAGES + 2) * PAGE_SIZE;
	return at->ab + page * PAGE_SIZE;
}

static void params(u64 where, u64 pgd, u64 state)
{
	struct cove_tvm_create_params p = { pgd, state };

	memcpy(rig_word(where), &p, sizeof(p));
}

void monitor_init(void)
{
	hart_features.vector = false;
	rig_setup(NULL);
	hart_features.vector = false;
	hart_features.vlenb = 0;
	/* The model has two harts. */
	host_epoch.slot_count = MODEL_HARTS;
	hart_count = MODEL_HARTS;
	at = calloc(1, sizeof(*at));
	at->ab = rig_alloc(MODEL_PAGES + vcpu_state_pages(), 0x4000);
	at->pgd = rig_alloc(4, 0x4000);
	at->pgd2 = rig_alloc(4, 0x4000);
	at->state = rig_alloc(TVM_STATE_PAGES, PAGE_SIZE);
	at->state2 = rig_alloc(TVM_STATE_PAGES, PAGE_SIZE);
	at->pool = rig_alloc(POOL_PAGES, PAGE_SIZE);
	at->vcpu = rig_alloc(vcpu_state_pages(), PAGE_SIZE);
	at->params = rig_alloc(3, PAGE_SIZE);
	at->source = rig_alloc(1, PAGE_SIZE);
	at->info = rig_alloc(1, PAGE_SIZE);
	at->aia = rig_alloc(1, PAGE_SIZE);
	at->shmem = rig_alloc(3, PAGE_SIZE);
	memcpy(rig_word(at->aia), &(struct cove_tvm_aia_params){ .imsic_base_addr = FILE_GPA, .group_index_shift = 24 },
	       sizeof(struct cove_tvm_aia_params));
	params(at->params, at->pgd, at->state);
	params(at->params + PAGE_SIZE, at->pgd2, at->ab);
	params(at->params + 2 * PAGE_SIZE, at->ab, at->state2);
	assert_true(vcpu_state_pages() >= 2);
	rig_convert(at->ab + MODEL_PAGES * PAGE_SIZE, vcpu_state_pages());
	rig_convert(at->pgd, 4);
	rig_convert(at->pgd2, 4);
	rig_convert(at->state, TVM_STATE_PAGES);
	rig_convert(at->state2, TVM_STATE_PAGES);
	rig_convert(at->pool, POOL_PAGES);
	rig_convert(at->vcpu, vcpu_state_pages());
	rig_on(1);
	assert_int_equal(RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, at->shmem, 0, 0).error, 0);
	rig_on(0);
}

#define CALL(...)	COVH(__VA_ARGS__).error

static s64 create(void)
{
	u64 id = at->state >> PAGE_SHIFT;
	s64 error = CALL(SPEC(COVH_CREATE_TVM), at->params, sizeof(struct cove_tvm_create_params));

	if (error)
		return error;
	assert_int_equal(CALL(SPEC(COVH_SPEC_ADD_PGT_PAGES), id, at->pool, POOL_PAGES), 0);
	assert_int_equal(CALL(SPEC(COVH_SPEC_ADD_MEMORY_REGION), id, GPA_BASE, MODEL_SLOTS * PAGE_SIZE), 0);
	assert_int_equal(CALL(SPEC(COVH_SPEC_CREATE_VCPU), id, 0, at->vcpu), 0);
	return 0;
}

static s64 run(u64 id)
{
	struct rig_ret r;

	/* The host agrees with whatever the vCPU has asked for. */
	*rig_word(at->shmem + NACL_GPR_OFFSET(REG_A0)) = 0;
	r = COVH(SPEC(COVH_SPEC_RUN_VCPU), id, 0);
	return r.entered ? MODEL_ENTERED : r.error;
}

static s64 trap(bool goes_on)
{
	return goes_on ? MODEL_GOES_ON : MODEL_EXIT;
}

static s64 ask(u64 fid, u64 gpa, u64 size, u64 more)
{
	struct rig_ret r;

	if (!TVM_ECALL(&r, SBI_EXT_COVG, fid, gpa, size, more))
		return MODEL_EXIT;
	return (s64)rig_world()->gpr[REG_A0] ? (s64)rig_world()->gpr[REG_A0] : MODEL_GOES_ON;
}

static s64 vcpu_step(const struct action *a)
{
	u64 gpa = GPA_BASE + a->slot * PAGE_SIZE;
	struct rig_ret r;

	switch ((enum model_call)a->call) {
	case TIMER:
		return trap(rig_trap(TIMER_TRAP, 0, 0, &r));
	case SHARE:
		return ask(COVG_SHARE_MEMORY, GPA_BASE + PAGE_SIZE, PAGE_SIZE, 0);
	case UNSHARE:
		return ask(COVG_UNSHARE_MEMORY, GPA_BASE + PAGE_SIZE, PAGE_SIZE, 0);
	case ADD_MMIO:
		return ask(COVG_ADD_MMIO_REGION, EXTRA_GPA, PAGE_SIZE, 0);
	case REMOVE_MMIO:
		return ask(COVG_REMOVE_MMIO_REGION, EXTRA_GPA, PAGE_SIZE, 0);
	case ALLOW:
		return ask(COVG_ALLOW_EXT_INTERRUPT, 1, 0, 0);
	case DENY:
		return ask(COVG_DENY_EXT_INTERRUPT, 1, 0, 0);
	case GET_ATTCAPS:
		return ask(COVG_GET_ATTCAPS, GPA_BASE, PAGE_SIZE, 0);
	case EXTEND:
		return ask(COVG_EXTEND_MEASUREMENT, GPA_BASE, COVE_MR_SIZE, COVE_MR_INITIAL_COUNT);
	case READ_MEASUREMENT:
		return ask(COVG_READ_MEASUREMENT, GPA_BASE, PAGE_SIZE, 0);
	case GET_EVIDENCE:
		return ask(COVG_GET_EVIDENCE, GPA_BASE + 1, PAGE_SIZE, GPA_BASE);
	default:
		return trap(rig_trap(CAUSE_LOAD_GUEST, gpa, gpa, &r));
	}
}

#define FILE_CALL(...)	RIG_CALL(SBI_EXT_COVI, __VA_ARGS__).error

static s64 file_step(const struct action *a)
{
	u64 id = at->state >> PAGE_SHIFT;

	switch ((enum model_call)a->call) {
	case INIT_AIA:
		return FILE_CALL(SPEC(COVI_INIT_AIA), id, at->aia, sizeof(struct cove_tvm_aia_params));
	case SET_ADDR:
		return FILE_CALL(SPEC(COVI_SET_CPU_IMSIC_ADDR), id, 0, FILE_GPA);
	case CONVERT_FILE:
		return FILE_CALL(SPEC(COVI_CONVERT_IMSIC), page_address(a->page));
	case RECLAIM_FILE:
		return FILE_CALL(SPEC(COVI_RECLAIM_IMSIC), page_address(a->page));
	case BIND:
		return FILE_CALL(SPEC(COVI_BIND), id, 0, FILE_MASK);
	case UNBIND_BEGIN:
		return FILE_CALL(SPEC(COVI_UNBIND_BEGIN), id, 0, 0);
	case UNBIND_END:
		return FILE_CALL(SPEC(COVI_UNBIND_END), id, 0);
	case INJECT:
		return FILE_CALL(SPEC(COVI_INJECT), id, 0, 1);
	case REBIND_BEGIN:
		return FILE_CALL(SPEC(COVI_REBIND_BEGIN), id, 0, FILE_MASK);
	case REBIND_CLONE:
		return FILE_CALL(SPEC(COVI_REBIND_CLONE), id, 0);
	case REBIND_END:
		return FILE_CALL(SPEC(COVI_REBIND_END), id, 0);
	default:
		return run(id);
	}
}

static s64 host_step(const struct action *a)
{
	u64 id = at->state >> PAGE_SHIFT, page = page_address(a->page), gpa = GPA_BASE + a->slot * PAGE_SIZE;
	u64 other = (rig_state(at->ab) == PAGE_TVM_STATE ? at->ab : at->state2) >> PAGE_SHIFT;
	u64 length = sizeof(struct cove_tvm_create_params);

	switch ((enum model_call)a->call) {
	case CONVERT:
		return CALL(SPEC(COVH_CONVERT_PAGES), page, 1);
	case CONVERT_BOTH:
		return CALL(SPEC(COVH_CONVERT_PAGES), at->ab, 2);
	case RECLAIM:
		return CALL(SPEC(COVH_RECLAIM_PAGES), page, 1);
	case RECLAIM_BOTH:
		return CALL(SPEC(COVH_RECLAIM_PAGES), at->ab, 2);
	case GLOBAL_FENCE:
		return CALL(SPEC(COVH_GLOBAL_FENCE));
	case LOCAL_FENCE:
		return CALL(SPEC(COVH_LOCAL_FENCE));
	case CREATE:
		return create();
	case CREATE_STATE:
		return CALL(SPEC(COVH_CREATE_TVM), at->params + PAGE_SIZE, length);
	case CREATE_PGD:
		return CALL(SPEC(COVH_CREATE_TVM), at->params + 2 * PAGE_SIZE, length);
	case DESTROY:
		return CALL(SPEC(COVH_SPEC_DESTROY_TVM), id);
	case DESTROY_OTHER:
		return CALL(SPEC(COVH_SPEC_DESTROY_TVM), other);
	case FINALIZE:
		return CALL(SPEC(COVH_FINALIZE_TVM), id, GPA_BASE, 0, 0);
	case ADD_PGT:
		return CALL(SPEC(COVH_SPEC_ADD_PGT_PAGES), id, page, 1);
	case CREATE_VCPU:
		return CALL(SPEC(COVH_SPEC_CREATE_VCPU), id, 1, page);
	case ADD_MEASURED:
		return CALL(SPEC(COVH_SPEC_ADD_MEASURED_PAGES), id, at->source, page, 0, 1, gpa);
	case ADD_MEASURED_FROM:
		return CALL(SPEC(COVH_SPEC_ADD_MEASURED_PAGES), id, page,
			    page_address(a->page == PAGE_A ? PAGE_B : PAGE_A), 0, 1, gpa);
	case ADD_ZERO:
		return CALL(SPEC(COVH_SPEC_ADD_ZERO_PAGES), id, page, 0, 1, gpa);
	case ADD_SHARED:
		return CALL(SPEC(COVH_SPEC_ADD_SHARED_PAGES), id, page, 0, 1, gpa);
	case INVALIDATE:
		return CALL(SPEC(COVH_SPEC_INVALIDATE_PAGES), id, gpa, PAGE_SIZE);
	case VALIDATE:
		return CALL(SPEC(COVH_SPEC_VALIDATE_PAGES), id, gpa, PAGE_SIZE);
	case REMOVE:
		return CALL(SPEC(COVH_SPEC_REMOVE_PAGES), id, gpa, PAGE_SIZE);
	case PROMOTE:
		/* Its number is REMOVE's in the specification's numbering. */
		return CALL(COVH_RFC_PROMOTE_PAGE, id, GPA_BASE, GSTAGE_2M);
	case DEMOTE:
		return CALL(COVH_RFC_DEMOTE_PAGE, id, GPA_BASE, GSTAGE_4K);
	case TVM_FENCE:
		return CALL(SPEC(COVH_SPEC_TVM_FENCE), id);
	case GET_INFO:
		return CALL(SPEC(COVH_GET_TSM_INFO), at->info, sizeof(struct cove_tsm_info));
	case ADD_REGION:
		return CALL(SPEC(COVH_SPEC_ADD_MEMORY_REGION), id, EXTRA_GPA, PAGE_SIZE);
	default:
		return file_step(a);
	}
}

s64 monitor_step(const struct action *a)
{
	s64 r;

	switch ((enum model_call)a->call) {
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
		rig_on(1);
		r = vcpu_step(a);
		break;
	case RUN:
		rig_on(1);
		r = run(at->state >> PAGE_SHIFT);
		break;
	default:
		rig_on(a->hart);
		r = host_step(a);
	}
	rig_on(0);
	return r;
}

/* --- the monitor's data in the model's words --- */

static const u8 page_states[] = {
	[PAGE_RESERVED] = M_NOT_RAM, [PAGE_TSM] = M_TSM, [PAGE_HOST] = M_HOST, [PAGE_CONVERTING] = M_CONVERTING,
	[PAGE_CONVERTED] = M_CONVERTED, [PAGE_TVM_DATA] = M_DATA, [PAGE_TVM_TABLE] = M_TABLE,
	[PAGE_TVM_STATE] = M_TVM_STATE, [PAGE_VCPU_STATE] = M_VCPU_STATE,
};

static void abstract_page(struct model *m, u32 i)
{
	u64 word = page_word(PFN((at->ab >> PAGE_SHIFT) + i));
	u32 info = page_word_info(word);

	assert_false(page_word_busy(word));
	m->page[i] = page_states[page_word_state(word)];
	if (m->page[i] == M_HOST) {
		m->pins[i] = (u8)info;
	} else if (m->page[i] == M_CONVERTING && epoch_passed(&host_epoch, info)) {
		m->page[i] = M_CONVERTED;
	} else if (m->page[i] == M_CONVERTING) {
		m->page_age[i] = (u8)((u32)host_epoch.current - info);
	}
	/* What the host may not reach is not mapped for it, and the other way round. */
	assert_int_equal(host_space_maps(HPA(at->ab + i * PAGE_SIZE)), m->page[i] == M_HOST);
}

static void abstract_file(struct model *m, u32 i)
{
	pfn_t page = PFN(page_address(PAGE_FILE + i) >> PAGE_SHIFT);
	u64 word = page_word(page);
	u32 info = page_word_info(word);
	bool own = page_word_owner(word) == at->state >> PAGE_SHIFT;

	assert_false(page_word_busy(word));
	switch (page_word_state(word)) {
	case PAGE_HOST:
		m->file[i] = F_HOST;
		break;
	case PAGE_CONVERTING:
		m->file[i] = epoch_passed(&host_epoch, info) ? F_CONVERTED : F_CONVERTING;
		m->file_age[i] = (u8)(m->file[i] == F_CONVERTING ? (u32)host_epoch.current - info : 0);
		break;
	case PAGE_CONVERTED:
		m->file[i] = info == IRQ_FILE_DIRTY ? F_DIRTY : F_CONVERTED;
		break;
	case PAGE_TVM_DATA:
	case PAGE_TVM_BLOCKED:
		assert_true(own);
		m->file[i] = page_word_state(word) == PAGE_TVM_DATA ? F_BOUND : F_BLOCKED;
		break;
	default:
		fail_msg("a file is in state %u", page_word_state(word));
	}
	assert_int_equal(host_space_maps(HPA(pfn_spa(page).v)), m->file[i] == F_HOST);
}

static u8 file_name(const struct irq_file *f)
{
	for (u32 i = 0; i < MODEL_FILES; i++)
		if (f->hart && f->page.v == page_address(PAGE_FILE + i) >> PAGE_SHIFT)
			return (u8)(i + 1);
	return 0;
}

static void abstract_irq(struct model *m, struct tvm *t, const struct irq_vcpu *v)
{
	static const u8 states[] = {
		[IRQ_UNBOUND] = I_UNBOUND, [IRQ_BOUND] = I_BOUND, [IRQ_UNBINDING] = I_UNBINDING, [IRQ_REBINDING] = I_REBINDING,
		[IRQ_CLONED] = I_CLONED,
	};

	assert_int_not_equal(v->state, IRQ_BINDING);
	m->aia = t->aia.valid ? (v->has_gpa ? A_ADDRESS : A_GEOMETRY) : A_NONE;
	m->irq = states[v->state];
	m->irq_file = file_name(&v->file);
	m->irq_old = m->irq == I_REBINDING ? file_name(&v->old) : 0;
	if (m->irq == I_UNBINDING || m->irq == I_REBINDING)
		m->irq_age = epoch_passed(&t->epoch, v->stamp) ? 2 : 0;
	m->allowed = v->allowed[0] & BIT(1) ? 1 : 0;
	/* Where the vCPU's file is mapped there is one. */
	assert_int_equal(gstage_lookup(&t->gstage, GPA(FILE_GPA)).kind == GSTAGE_MAPPED,
			 m->irq == I_BOUND || m->irq == I_REBINDING || m->irq == I_CLONED);
}

static void abstract_leaf(struct model *m, struct tvm *t, u32 slot)
{
	struct gstage_entry e = gstage_lookup(&t->gstage, GPA(GPA_BASE + slot * PAGE_SIZE));
	struct gstage_span span = { GPA(GPA_BASE + slot * PAGE_SIZE), PAGE_SIZE };

	if (e.kind == GSTAGE_EMPTY)
		return;
	assert_int_not_equal(e.kind, GSTAGE_IN_FLIGHT);
	m->leaf[slot] = e.kind == GSTAGE_MAPPED ? L_MAPPED : L_BLOCKED;
	m->leaf_page[slot] = (u8)(e.pfn.v - (at->ab >> PAGE_SHIFT));
	if (e.kind == GSTAGE_BLOCKED)
		m->leaf_age[slot] = gstage_check(&t->gstage, &span, GSTAGE_WANT_FENCED, false, &t->epoch) == TSM_OK ?
				    2 : 0;
}

static void abstract_tvm(struct model *m)
{
	struct tvm *t = spa_ptr(SPA(at->state));
	struct vcpu *v = tvm_vcpu(t, 0);
	u64 id = at->state >> PAGE_SHIFT;
	static const u8 regions[] = {
		[REGION_CONFIDENTIAL] = R_CONFIDENTIAL, [REGION_CONFIDENTIAL_REMOVABLE] = R_CONFIDENTIAL_REMOVABLE,
		[REGION_SHARED] = R_SHARED, [REGION_SHARED_REMOVABLE] = R_SHARED_REMOVABLE,
	};

	static const u8 extras[] = { [REGION_CONFIDENTIAL] = E_CONFIDENTIAL, [REGION_MMIO] = E_MMIO };

	if (rig_state(at->state) != PAGE_TVM_STATE || page_word_owner(page_word(PFN(id))) != id)
		return;
	m->tvm = t->state == TVM_INITIALIZING ? T_BUILT : T_RUNNABLE;
	assert_true(t->state == TVM_INITIALIZING || t->state == TVM_RUNNABLE);
	m->vcpu1 = (u8)(t->vcpu_pfn[1] ? t->vcpu_pfn[1] - (at->ab >> PAGE_SHIFT) + 1 : 0);
	for (u32 i = 0; i < MODEL_SLOTS; i++)
		abstract_leaf(m, t, i);
	assert_int_equal(region_of_range(&t->regions, GPA_BASE, PAGE_SIZE), REGION_CONFIDENTIAL);
	m->region = regions[region_of_range(&t->regions, GPA_BASE + PAGE_SIZE, PAGE_SIZE)];
	m->extra = extras[region_of_range(&t->regions, EXTRA_GPA, PAGE_SIZE)];
	abstract_irq(m, t, &v->irq);
	m->running = v->power == VCPU_RUNNING;
	m->pending = v->pending == PENDING_SHARE || v->pending == PENDING_UNSHARE;
	assert_int_equal(t->slots[0].active, m->running);
	assert_int_equal(page_word_info(page_word(PFN(id))), m->running);
	m->tvm_lag = (u8)(m->running ? t->epoch.current - t->slots[0].version : 0);
}

void monitor_abstract(struct model *m)
{
	memset(m, 0, sizeof(*m));
	for (u32 i = 0; i < MODEL_PAGES; i++)
		abstract_page(m, i);
	for (u32 i = 0; i < MODEL_FILES; i++)
		abstract_file(m, i);
	abstract_tvm(m);
	for (u32 i = 0; i < MODEL_HARTS; i++)
		m->host_lag[i] = (u8)(host_epoch_slots[i].active ? host_epoch.current - host_epoch_slots[i].version : 0);
	m->other = rig_state(at->ab) == PAGE_TVM_STATE ? 1 : rig_state(at->state2) == PAGE_TVM_STATE ? 2 : 0;
}

/* --- all of its memory: our own static data, its tables, and the pages that are used --- */

#define TABLE_BYTES	(256ULL << 10)

static u64 used(void)
{
	return at->shmem + 3 * PAGE_SIZE - RIG_HOST_BASE;
}

static u64 data_bytes(void)
{
	return (u64)(_end - __data_start);
}

u64 monitor_size(void)
{
	return data_bytes() + TABLE_BYTES + used();
}

void monitor_save(void *to)
{
	char *p = to;

	memcpy(p, __data_start, data_bytes());
	memcpy(p + data_bytes(), rv_ram, TABLE_BYTES);
	memcpy(p + data_bytes() + TABLE_BYTES, rig_word(RIG_HOST_BASE), used());
}

void monitor_load(const void *from)
{
	const char *p = from;

	memcpy(__data_start, p, data_bytes());
	memcpy(rv_ram, p + data_bytes(), TABLE_BYTES);
	memcpy(rig_word(RIG_HOST_BASE), p + data_bytes() + TABLE_BYTES, used());
	rig_on(0);
}
