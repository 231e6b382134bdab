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
#include "host/hart.h"
#include "generated/config.h"

struct call {
	struct hart *hart;
	u64 arg[6];		/* those beyond the function's arity are 0 */
	bool rfc;		/* the caller speaks RFC numbering */
};

struct reply {
	enum tsm_err err;
	u64 value;		/* counts only without an error */
	bool entered;		/* a vCPU is on this hart now */
};

struct call_row {
	struct reply (*handler)(const struct call *c);
	u8 arity;
	bool fail_entry;	/* a failure shows in the host's scause too (ABI.md 17.2) */
};

static inline struct reply reply_value(enum tsm_err err, u64 value)
{
	return (struct reply){ .err = err, .value = value };
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

/* The numbering that a6 names. False: a6 has bits that mean nothing. */
bool call_numbering(u64 a6, bool *rfc);
/* Fills in the arguments that the row takes and calls its handler. */
struct reply call_row_run(const struct call_row *row, struct call *c, const struct world *w, bool *fail_entry);

/* covi.c: the same for a COVI call. */
struct reply covi_call(struct hart *h, const struct world *w, bool *fail_entry);

/* tsm_ext.c: the same for a call of the TSM's own extension. */
struct reply tsm_ext_call(const struct world *w);

/*
 * covh.c: finds the handler for a COVH call of the host and calls it. *@rfc and *@fail_entry say
 * how a failure is told.
 */
struct reply covh_call(struct hart *h, const struct world *w, bool *fail_entry);

#endif
