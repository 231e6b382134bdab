/* SPDX-License-Identifier: BSD-2-Clause */
/* What the rooms below the handlers promise, and what they ask of a caller (their headers). */
#include "proof.h"
#include "abi/stretch.h"
#include "host/sgei.h"
#include "host/space.h"
#include "io/iommu.h"
#include "irq/file.h"
#include "measure/identity.h"
#include "tvm/run.h"

void *malloc(size_t size);

#define CHANGE()	(ghost.changes++)
#define HELD(t)		proof_check((t) == &proof_tvm && proof_refs() > 0, "a TVM is used while a reference is held")

static enum tsm_err any_of(u64 errors)
{
	u32 err = nondet_u32();

	proof_assume(err <= TSM_AGAIN && (errors & BIT(err)));
	return (enum tsm_err)err;
}

#define OR(e)	BIT(TSM_E_##e)
#define AGAIN	BIT(TSM_AGAIN)
#define OK	BIT(TSM_OK)

/* An operation that fails and changes nothing, or succeeds. */
static enum tsm_err attempt(struct tvm *t, u64 errors)
{
	enum tsm_err err = any_of(errors | OK);

	HELD(t);
	if (err == TSM_OK)
		CHANGE();
	return err;
}

static void claimed(pfn_t pfn, u64 count, const char *text)
{
	proof_check(page_range_is_ram(pfn, count), "frames are RAM");
	for (u64 i = 0; i < count; i++)
		proof_check(page_word_busy(page_word(pfn_add(pfn, i))), "frames are claimed by the caller");
	(void)text;
}

/* --- host/ --- */

enum tsm_err host_range(hpa_t hpa, u64 count, pfn_t *first)
{
	if (!count)
		return TSM_E_PARAM;
	*first = PFN(hpa.v >> PAGE_SHIFT);
	return IS_ALIGNED(hpa.v, PAGE_SIZE) && page_range_is_ram(*first, count) ? TSM_OK : TSM_E_ADDRESS;
}

enum tsm_err host_copy_in(void *dst, hpa_t src, u64 size)
{
	(void)src;
	proof_check(__CPROVER_w_ok(dst, size), "the copy fits");
	if (nondet_bool())
		return TSM_E_ADDRESS;
	__CPROVER_havoc_slice(dst, size);
	return TSM_OK;
}

enum tsm_err host_copy_out(hpa_t dst, const void *src, u64 size)
{
	(void)dst;
	proof_check(__CPROVER_r_ok(src, size), "the copy stays within its source");
	if (nondet_bool())
		return TSM_E_ADDRESS;
	CHANGE();
	return TSM_OK;
}

void host_space_unmap(pfn_t pfn, u64 count) { claimed(pfn, count, "unmap"); CHANGE(); }
void host_space_map(pfn_t pfn, u64 count)
{
	claimed(pfn, count, "map");
	CHANGE();
}

static void file_claimed(pfn_t file)
{
	proof_check(page_is_imsic(file) && page_word_busy(page_word(file)), "a file is claimed by the caller");
	CHANGE();
}

void host_space_unmap_file(pfn_t file) { file_claimed(file); }
void host_space_map_file(pfn_t file) { file_claimed(file); }
void host_space_catch_up(const struct hart *h) { proof_check(h == this_hart(), "this hart"); }

void sgei_back(struct hart *h) { proof_check(h == this_hart(), "this hart"); }

/* --- io/ --- */

bool iommu_is_current(void) { return nondet_bool(); }
bool iommu_fence(void) { return nondet_bool(); }

/* --- irq/ --- */

bool irq_file_owner(pfn_t file, struct hart **h, u64 *number)
{
	static struct hart other;

	(void)file;
	*h = nondet_bool() ? this_hart() : &other;
	*number = nondet_u64();
	return nondet_bool();
}

void irq_file_clear(u64 number) { (void)number; CHANGE(); }
enum tsm_err irq_inject(struct irq_vcpu *v, u64 id)
{
	enum tsm_err err = any_of(OK | OR(PARAM) | OR(DENIED));

	(void)id;
	proof_check(v == &proof_vcpu.irq, "the vCPU's own");
	if (err == TSM_OK)
		CHANGE();
	return err;
}

bool irq_allow(struct irq_vcpu *v, u64 id, bool allow)
{
	bool ok = nondet_bool();

	(void)id;
	(void)allow;
	proof_check(v == &proof_vcpu.irq, "the vCPU's own");
	ghost.changes += ok;
	return ok;
}

/* --- tvm/ --- */

void tvm_put(struct tvm *t)
{
	if (!t)
		return;
	HELD(t);
	tvm_unref(t);
}

void call_fail_entry(void) { }

u64 vcpu_state_pages(void) { return 2; }
u64 vcpu_register_pages(void) { return 1; }

u64 tvm_create(pfn_t pgd, pfn_t state)
{
	claimed(pgd, GSTAGE_ROOT_PAGES, "root");
	claimed(state, TVM_STATE_PAGES, "state");
	page_commit(pgd, GSTAGE_ROOT_PAGES, PAGE_TVM_TABLE, state.v, 0);
	page_commit(state, TVM_STATE_PAGES, PAGE_TVM_STATE, state.v, 0);
	CHANGE();
	return state.v;
}

bool tvm_build_begin(struct tvm *t)
{
	HELD(t);
	if (t->state != TVM_INITIALIZING)
		return false;
	ghost.builders++;
	return true;
}

void tvm_build_end(struct tvm *t)
{
	HELD(t);
	proof_check(ghost.builders > 0, "what ends has begun");
	ghost.builders--;
}

static void add_valid(const struct tvm_add *a)
{
	u64 size = gstage_size(a->range.level);

	proof_check(a->range.level < GSTAGE_LEVELS && a->range.count, "a leaf size, and some");
	proof_check(IS_ALIGNED(a->range.gpa.v, size) && IS_ALIGNED(a->pfn.v << PAGE_SHIFT, size), "both sides are aligned");
	proof_check(a->range.gpa.v < GSTAGE_GPA_END && a->range.count * size <= GSTAGE_GPA_END - a->range.gpa.v,
		    "the range lies in the guest-physical space");
}

enum tsm_err tvm_add_reserve(struct tvm *t, const struct tvm_add *a)
{
	enum tsm_err err = any_of(OK | OR(PARAM) | OR(ADDRESS) | OR(NO_PTPAGES) | AGAIN);

	HELD(t);
	add_valid(a);
	claimed(a->pfn, tvm_add_frames(a), "add");
	if (err == TSM_OK)
		ghost.reserved = true;
	return err;
}

void tvm_add_commit(struct tvm *t, const struct tvm_add *a)
{
	HELD(t);
	proof_check(ghost.reserved, "what is committed was reserved");
	page_commit(a->pfn, tvm_add_frames(a), PAGE_TVM_DATA, t->id, 0);
	ghost.reserved = false;
	CHANGE();
}

void tvm_add_cancel(struct tvm *t, const struct tvm_add *a)
{
	(void)a;
	HELD(t);
	proof_check(ghost.reserved, "what is cancelled was reserved");
	ghost.reserved = false;
}

enum tsm_err tvm_add_is_done(struct tvm *t, const struct tvm_add *a)
{
	HELD(t);
	add_valid(a);
	return any_of(OK | OR(ADDRESS) | AGAIN);
}

enum tsm_err tvm_shared_add(struct tvm *t, const struct tvm_add *a)
{
	add_valid(a);
	for (u64 i = 0; i < tvm_add_frames(a); i++)
		proof_check(page_word_info(page_word(pfn_add(a->pfn, i))) > 0, "shared frames are pinned");
	return attempt(t, OR(PARAM) | OR(ADDRESS) | OR(NO_PTPAGES) | AGAIN);
}

/* --- tvm/sweep.h --- */

static void sweep_valid(const struct sweep_call *c)
{
	const struct gstage_range *r = &c->range;

	proof_check(c->kind < SWEEP_KINDS && c->frames, "a kind, and some frames");
	if (c->kind < SWEEP_BLOCK)
		proof_check(page_range_is_ram(c->pfn, c->frames), "frames are RAM");
	if (c->kind == SWEEP_MEASURED)
		proof_check(page_range_is_ram(c->source, c->frames), "and so is the source");
	if (c->kind >= SWEEP_ZERO) {
		u64 size = gstage_size(r->level);

		proof_check(r->level < GSTAGE_LEVELS && r->count && IS_ALIGNED(r->gpa.v, size) && r->gpa.v < GSTAGE_GPA_END &&
			    r->count <= (GSTAGE_GPA_END - r->gpa.v) / size, "leaves of the guest-physical space");
		proof_check(r->count * (size >> PAGE_SHIFT) == c->frames, "as many as there are frames");
	}
}

static struct sweep host_sweep;

static enum tsm_err sweep_begin(const struct sweep_call *c, u64 errors)
{
	enum tsm_err err = any_of(OK | AGAIN | errors);

	sweep_valid(c);
	proof_check(!ghost.sweeping, "one at a time");
	ghost.sweeping = err == TSM_OK;
	return err;
}

static void sweep_over(void)
{
	proof_check(ghost.sweeping, "what is over was begun");
	ghost.sweeping = false;
}

static enum tsm_err sweep_end(u64 errors)
{
	enum tsm_err err = any_of(OK | errors);

	sweep_over();
	if (err == TSM_OK)
		CHANGE();
	return err;
}

enum tsm_err sweep_host_begin(const struct sweep_call *c, struct sweep **s)
{
	proof_check(c->kind <= SWEEP_RECLAIM, "frames of the host");
	*s = &host_sweep;
	return sweep_begin(c, OR(FAILED));
}

void sweep_host_pause(struct sweep *s)
{
	proof_check(s == &host_sweep, "what was begun");
	sweep_over();
	ghost.paused = true;
}

enum tsm_err sweep_host_end(struct sweep *s)
{
	proof_check(s == &host_sweep, "what was begun");
	return sweep_end(OR(ADDRESS) | AGAIN);
}

bool sweep_host_overlaps(pfn_t pfn, u64 count)
{
	proof_check(page_range_is_ram(pfn, count), "frames are RAM");
	return nondet_bool();
}

enum tsm_err tvm_sweep_begin(struct tvm *t, const struct sweep_call *c)
{
	HELD(t);
	proof_check(c->kind >= SWEEP_POOL, "of a TVM");
	return sweep_begin(c, OR(PARAM));
}

void tvm_sweep_pause(struct tvm *t)
{
	HELD(t);
	sweep_over();
	ghost.paused = true;
}

enum tsm_err tvm_sweep_end(struct tvm *t)
{
	HELD(t);
	return sweep_end(OR(PARAM) | OR(ADDRESS) | OR(NO_PTPAGES) | AGAIN);
}

bool sweep_step(struct sweep *s, struct tvm *t)
{
	static u32 steps;

	proof_check(ghost.sweeping && (t ? s == &proof_tvm.sweep : s == &host_sweep), "a step of what was begun");
	return steps++ >= 1 || nondet_bool();
}

enum tsm_err tvm_destroy_begin(u64 id, struct tvm **t)
{
	enum tsm_err err = any_of(OK | OR(PARAM) | OR(FAILED));

	(void)id;
	if (err == TSM_OK) {
		*t = &proof_tvm;
		ghost.dying = true;
		CHANGE();
	}
	return err;
}

bool tvm_destroy_step(struct tvm *t)
{
	static u32 steps;

	proof_check(t == &proof_tvm && ghost.dying, "a step of what was begun");
	if (steps++ < 2 && nondet_bool())
		return false;
	ghost.dying = false;
	return true;
}

void tvm_destroy_pause(struct tvm *t)
{
	proof_check(t == &proof_tvm && ghost.dying, "what is paused was begun");
	ghost.dying = false;
	ghost.paused = true;
}

enum tsm_err tvm_finalize_begin(struct tvm *t)
{
	enum tsm_err err = any_of(OK | OR(PARAM) | AGAIN);

	HELD(t);
	ghost.dying = err == TSM_OK;
	return err;
}

bool tvm_finalize_step(struct tvm *t)
{
	static u32 steps;

	HELD(t);
	proof_check(ghost.dying, "a step of what was begun");
	return steps++ >= 2 || nondet_bool();
}

void tvm_finalize_pause(struct tvm *t)
{
	HELD(t);
	proof_check(ghost.dying, "what is paused was begun");
	ghost.dying = false;
	ghost.paused = true;
}

void tvm_finalize(struct tvm *t, u64 entry_pc, u64 entry_arg, const u8 *identity)
{
	(void)entry_pc;
	(void)entry_arg;
	HELD(t);
	proof_check(ghost.dying && __CPROVER_r_ok(identity, TVM_IDENTITY_SIZE), "FINALIZE was begun");
	ghost.dying = false;
	CHANGE();
}

enum tsm_err tvm_region_add(struct tvm *t, u64 gpa, u64 size, enum region_type type)
{
	proof_check(IS_ALIGNED(gpa, PAGE_SIZE) && IS_ALIGNED(size, PAGE_SIZE) && size && gpa < GSTAGE_GPA_END &&
		    size <= GSTAGE_GPA_END - gpa, "a region is whole pages of the guest-physical space");
	proof_check(type == REGION_CONFIDENTIAL || type == REGION_MMIO, "a type that can be declared");
	return attempt(t, OR(PARAM) | OR(NO_MEMORY));
}

/* Some of the regions may be gone when it is to be called again. */
enum tsm_err tvm_region_remove(struct tvm *t, u64 gpa, u64 size, enum region_type type)
{
	enum tsm_err err = attempt(t, OR(ADDRESS) | AGAIN);

	proof_check(size && gpa < GSTAGE_GPA_END && size <= GSTAGE_GPA_END - gpa && type == REGION_MMIO, "MMIO only");
	ghost.replies += err == TSM_AGAIN;
	return err;
}

void tvm_pool_add(struct tvm *t, pfn_t pfn, u64 count)
{
	HELD(t);
	claimed(pfn, count, "pool");
	page_commit(pfn, count, PAGE_TVM_TABLE, t->id, 0);
	CHANGE();
}

enum tsm_err tvm_vcpu_add(struct tvm *t, u64 id, pfn_t pfn)
{
	enum tsm_err err = any_of(OK | OR(PARAM));

	HELD(t);
	proof_check(id < TVM_MAX_VCPUS && ghost.builders > 0, "a vCPU id, while it is being built");
	claimed(pfn, vcpu_state_pages(), "vcpu");
	if (err == TSM_OK) {
		page_commit(pfn, vcpu_state_pages(), PAGE_VCPU_STATE, t->id, 0);
		CHANGE();
	}
	return err;
}

static void span_valid(const struct gstage_span *s)
{
	proof_check(s->size && IS_ALIGNED(s->gpa.v, PAGE_SIZE) && IS_ALIGNED(s->size, PAGE_SIZE) &&
		    s->gpa.v < GSTAGE_GPA_END && s->size <= GSTAGE_GPA_END - s->gpa.v, "a span of whole pages");
}

enum tsm_err tvm_block(struct tvm *t, const struct gstage_span *s, bool lenient)
{
	(void)lenient;
	span_valid(s);
	return attempt(t, OR(PARAM) | OR(ADDRESS) | AGAIN);
}

enum tsm_err tvm_unblock(struct tvm *t, const struct gstage_span *s) { return tvm_block(t, s, false); }
enum tsm_err tvm_remove(struct tvm *t, const struct gstage_span *s, bool lenient) { return tvm_block(t, s, lenient); }

static enum tsm_err fold(struct tvm *t, gpa_t gpa, enum gstage_level larger)
{
	proof_check(larger < GSTAGE_LEVELS && IS_ALIGNED(gpa.v, gstage_size(larger)) && gpa.v < GSTAGE_GPA_END,
		    "the address is aligned to the larger size");
	return attempt(t, OR(PARAM) | OR(ADDRESS) | OR(NO_PTPAGES) | AGAIN);
}

enum tsm_err tvm_promote(struct tvm *t, gpa_t gpa, enum gstage_level level) { return fold(t, gpa, level); }
enum tsm_err tvm_demote(struct tvm *t, gpa_t gpa, enum gstage_level level) { return fold(t, gpa, level + 1); }
enum tsm_err tvm_fence(struct tvm *t) { return attempt(t, OR(PARAM) | OR(ALREADY_STARTED)); }

/* --- tvm/aia.h --- */

enum tsm_err tvm_aia_init(struct tvm *t, const struct tvm_aia *a)
{
	proof_check(__CPROVER_r_ok(a, sizeof(*a)) && ghost.builders > 0, "while it is being built");
	return attempt(t, OR(PARAM) | OR(ADDRESS) | OR(NO_MEMORY) | AGAIN);
}

static enum tsm_err vcpu_attempt(struct tvm *t, struct vcpu *v)
{
	proof_check(v == &proof_vcpu, "a vCPU of the TVM");
	return attempt(t, OR(PARAM) | OR(ADDRESS) | OR(NO_PTPAGES) | OR(FAILED) | AGAIN);
}

enum tsm_err tvm_aia_set_addr(struct tvm *t, struct vcpu *v, gpa_t gpa)
{
	(void)gpa;
	proof_check(ghost.builders > 0, "while it is being built");
	return vcpu_attempt(t, v);
}

enum tsm_err tvm_aia_bind(struct tvm *t, struct vcpu *v, u64 mask) { (void)mask; return vcpu_attempt(t, v); }
enum tsm_err tvm_aia_unbind_begin(struct tvm *t, struct vcpu *v, bool tell)
{
	(void)tell;
	return vcpu_attempt(t, v);
}

enum tsm_err tvm_aia_unbind_end(struct tvm *t, struct vcpu *v, bool *ready)
{
	*ready = nondet_bool();
	return vcpu_attempt(t, v);
}

enum tsm_err tvm_aia_rebind_begin(struct tvm *t, struct vcpu *v, u64 mask) { (void)mask; return vcpu_attempt(t, v); }
enum tsm_err tvm_aia_rebind_clone(struct tvm *t, struct vcpu *v) { return vcpu_attempt(t, v); }
enum tsm_err tvm_aia_rebind_end(struct vcpu *v) { return vcpu_attempt(&proof_tvm, v); }

/* --- tvm/run.h, vcpu/exit.h, measure/: for the calls of a TVM --- */

struct world *tvm_run(struct hart *h, u64 id, u64 vcpu, bool deviates)
{
	(void)id;
	(void)vcpu;
	(void)deviates;
	proof_check(h == this_hart(), "this hart");
	if (nondet_bool()) {
		CHANGE();
		return &proof_vcpu.world;
	}
	h->run_err = any_of(OK | OR(PARAM) | OR(ADDRESS) | AGAIN);
	h->run_dead = h->run_err == TSM_OK && nondet_bool();
	ghost.changes += h->run_err == TSM_OK;
	return NULL;
}

bool tvm_reply(const struct tvm_call *c, s64 error, u64 value)
{
	c->vcpu->world.gpr[REG_A0] = (u64)error;
	c->vcpu->world.gpr[REG_A1] = value;
	ghost.replies++;
	ghost.refused = error != 0;
	if (error)
		proof_check(ghost.changes == 0, "a refusal changes nothing");
	return true;
}

bool tvm_need_page(const struct tvm_call *c, u64 scause, gpa_t gpa)
{
	(void)scause;
	(void)gpa;
	proof_check(c->exit && ghost.changes == 0, "the host is asked for a page before anything is done");
	ghost.replies++;
	return false;
}

void exit_ecall(struct vcpu_exit *e, struct vcpu *v, u32 args, enum vcpu_pending pending)
{
	proof_check(__CPROVER_w_ok(e, sizeof(*e)) && v == &proof_vcpu && args <= 6 && pending != PENDING_NONE, "an ECALL's exit");
	ghost.replies++;
}

void exit_notify(struct vcpu_exit *e, u64 eid, u64 fid, u64 a0, u64 a1, bool dead)
{
	(void)eid;
	(void)fid;
	(void)a0;
	(void)a1;
	proof_check(__CPROVER_w_ok(e, sizeof(*e)) && !dead, "a notice");
}

enum tsm_err tvm_share_request(struct tvm *t, const struct gstage_span *s, enum region_type from, enum region_type to)
{
	span_valid(s);
	proof_check(from != to, "it becomes something else");
	return attempt(t, OR(PARAM) | OR(NO_MEMORY));
}

enum region_type tvm_range_type(struct tvm *t, gpa_t gpa, u64 size)
{
	u32 type = nondet_u32();

	HELD(t);
	proof_check(gpa.v < GSTAGE_GPA_END && size <= GSTAGE_GPA_END - gpa.v, "a range of the guest-physical space");
	proof_assume(type <= REGION_IMSIC);
	return (enum region_type)type;
}

bool tvm_read(const struct tvm *t, gpa_t gpa, void *dst, u64 size, gpa_t *missing)
{
	HELD(t);
	proof_check(size && range_ok(gpa.v, size) && __CPROVER_w_ok(dst, size), "the copy fits");
	__CPROVER_havoc_slice(dst, size);
	*missing = GPA(nondet_u64());
	return nondet_bool();
}

bool tvm_write(const struct tvm *t, gpa_t gpa, const void *src, u64 size, gpa_t *missing)
{
	bool ok = nondet_bool();

	HELD(t);
	proof_check(size && range_ok(gpa.v, size) && __CPROVER_r_ok(src, size), "the copy stays within its source");
	*missing = GPA(nondet_u64());
	ghost.changes += ok;
	return ok;
}

bool measure_extend(struct measurement *m, u32 index, const void *data, size_t size)
{
	bool ok = nondet_bool();

	proof_check(m == &proof_tvm.measurement && measure_is_runtime(index) && __CPROVER_r_ok(data, size) &&
		    size >= COVE_MR_SIZE, "a runtime register is extended by a digest");
	ghost.changes += ok;
	ghost.replies += !ok;
	return ok;
}

void measure_read(struct measurement *m, u32 index, struct measure_reg *value)
{
	proof_check(m == &proof_tvm.measurement && index < COVE_MR_COUNT && __CPROVER_w_ok(value, sizeof(*value)),
		    "a register is read");
}

const struct measure_name measure_names[COVE_MR_COUNT];

/* --- task/ and the identity: what the task wrote may be anything --- */

pfn_t vcpu_arena(const struct vcpu *v)
{
	proof_check(v == &proof_vcpu, "the vCPU's own");
	return PFN(PROOF_FIRST);
}

struct notary_mailbox *task_mailbox(pfn_t arena)
{
	/* Anything, anew each time. */
	struct notary_mailbox *mailbox = malloc(sizeof(*mailbox));

	(void)arena;
	proof_assume(mailbox != NULL);
	return mailbox;
}

void task_clear(struct task *t, pfn_t arena)
{
	(void)arena;
	proof_check(t == &proof_vcpu.task, "the vCPU's own");
	t->state = TASK_NONE;
}

void task_start(struct task *t, pfn_t arena)
{
	(void)arena;
	proof_check(t == &proof_vcpu.task && proof_vcpu.job.step != JOB_NONE, "a job's step");
	t->state = TASK_READY;
	ghost.replies++;
	CHANGE();
}

const struct cove_handoff *identity(void)
{
	struct cove_handoff *handoff = malloc(sizeof(*handoff));

	return nondet_bool() ? handoff : NULL;
}

void identity_publish(const struct cove_handoff *h)
{
	proof_check(__CPROVER_r_ok(h, sizeof(*h)), "a whole hand-off");
}
