/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call as its handler sees it, and the tables that name the handlers. A handler decodes (claims,
 * checks, changes nothing that anybody could see), performs (cannot fail) and releases at a single
 * exit.
 */
#ifndef ABI_CALL_H
#define ABI_CALL_H

#include "base/types.h"
#include "base/err.h"
#include "cove/covh.h"
#include "host/hart.h"
#include "generated/config.h"

struct call {
	struct hart *hart;
	const u64 *arg;		/* a0 to a5, in the caller's world, which only its hart changes */
	bool rfc;		/* the caller speaks RFC numbering */
};

/* Two words: it is returned in registers, whole. */
struct reply {
	u64 err;		/* enum tsm_err; TSM_AGAIN: the world that is on this hart now goes on */
	u64 value;		/* counts only without an error */
};

static_assert(sizeof(struct reply) == 16, "two words");

struct call_row {
	struct reply (*handler)(const struct call *c);
	bool fail_entry;	/* a failure shows in the host's scause too (ABI.md 17.2) */
};

static inline struct reply reply_value(enum tsm_err err, u64 value)
{
	return (struct reply){ .err = err, .value = value };
}

/* abi.c: the SBI code of an error. */
extern const s64 reply_code[TSM_ERR_COUNT];

/* abi.c: the call is made again, or was a RUN_VCPU: then the vCPU goes on. */
struct world *reply_again(struct world *w);

/* The host's @w gets its answer; what goes on. */
static inline struct world *reply_give(struct world *w, struct reply r)
{
	if (unlikely(r.err != TSM_OK)) {
		if (r.err == TSM_AGAIN)
			return reply_again(w);
		r.value = 0;
	}
	w->gpr[REG_A0] = (u64)reply_code[r.err];
	w->gpr[REG_A1] = r.value;
	w->sepc += 4;
	return w;
}

/* The deviations of ABI.md 17.2 hold for this call. */
static inline bool call_deviates(const struct call *c)
{
	return CONFIG_RFC_DEVIATIONS && c->rfc;
}

/* Frames that one call may name. */
#define CALL_MAX_PAGES	(1ULL << 18)

/* a1 of a range call that counts pages, and the base in a0: TSM_E_PARAM or TSM_E_ADDRESS. */
enum tsm_err call_range(u64 hpa, u64 count, pfn_t *first);

/* covh_page.c */
struct reply covh_convert_pages(const struct call *c);
struct reply covh_reclaim_pages(const struct call *c);
struct reply covh_global_fence(const struct call *c);
struct reply covh_local_fence(const struct call *c);

/* covh_tvm.c */
struct reply covh_create_tvm(const struct call *c);
struct reply covh_finalize_tvm(const struct call *c);
struct reply covh_destroy_tvm(const struct call *c);
struct reply covh_add_memory_region(const struct call *c);
struct reply covh_add_pgt_pages(const struct call *c);

/* covh_add.c */
struct reply covh_add_measured_pages(const struct call *c);
struct reply covh_add_zero_pages(const struct call *c);
struct reply covh_add_shared_pages(const struct call *c);

/* covh_block.c */
struct reply covh_invalidate_pages(const struct call *c);
struct reply covh_validate_pages(const struct call *c);
struct reply covh_remove_pages(const struct call *c);
struct reply covh_promote_page(const struct call *c);
struct reply covh_demote_page(const struct call *c);
struct reply covh_tvm_fence(const struct call *c);

/* covh_vcpu.c */
struct reply covh_create_vcpu(const struct call *c);
struct reply covh_run_vcpu(const struct call *c);
/* What tvm_run() left in the hart when it returned NULL. */
struct reply covh_run_over(struct hart *h);

/* The numbering that a6 names. False: a6 has bits that mean nothing. */
bool call_numbering(u64 a6, bool *rfc);
/* A failure of the call shows in the host's scause too (ABI.md 17.2). */
void call_fail_entry(void);

static inline struct reply call_row_run(const struct call_row *row, const struct call *c)
{
	struct reply r = row->handler(c);

	if (unlikely(r.err != TSM_OK) && r.err != TSM_AGAIN && row->fail_entry && call_deviates(c))
		call_fail_entry();
	return r;
}

/* covh.c, covi.c: find the handler for a COVH or COVI call of the host and call it. covh_call(): and answers it. */
struct world *covh_call(struct hart *h, struct world *w);
struct reply covi_call(struct hart *h, const struct world *w);

/* tsm_ext.c: the same for a call of the TSM's own extension. */
struct reply tsm_ext_call(const struct world *w);

/*
 * What the latest GET_TSM_INFO said about callers that name no domain (reference/DECISIONS.md 1).
 */
extern bool covh_host_speaks_spec;

/* Whether it is RUN_VCPU, called without naming a domain; *rfc: in RFC numbering. */
static inline bool covh_is_run(const struct world *w, bool *rfc)
{
	*rfc = !__atomic_load_n(&covh_host_speaks_spec, __ATOMIC_RELAXED);
	return w->gpr[REG_A6] == (*rfc ? COVH_RFC_RUN_VCPU : COVH_SPEC_RUN_VCPU);
}

#endif
