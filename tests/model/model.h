/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The abstract model: two pages that change hands, one TVM with two guest addresses and a vCPU, a second TVM that is made of the two
 * pages, two harts, and TLB epochs as ages. It knows nothing of the monitor's code: model.c is what docs and ABI say. explore.c walks
 * through all of its states, and world.c makes each call of the real monitor too.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "base/types.h"

enum { MODEL_PAGES = 2, MODEL_SLOTS = 2, MODEL_HARTS = 2 };

/* Pages that a call may name: A and B change; the other two are what they are. */
enum { PAGE_A, PAGE_B, PAGE_OF_TSM, PAGE_NOT_RAM, PAGE_NAMES };

enum model_page {
	M_HOST,
	M_CONVERTING,		/* a hart may still have a translation */
	M_CONVERTED,
	M_DATA,
	M_TABLE,
	M_TVM_STATE,
	M_VCPU_STATE,
	M_TSM,
	M_NOT_RAM,
	M_PAGE_STATES,
};

enum model_leaf { L_EMPTY, L_MAPPED, L_BLOCKED };
enum model_region { R_CONFIDENTIAL, R_CONFIDENTIAL_REMOVABLE, R_SHARED, R_SHARED_REMOVABLE };
enum model_tvm { T_NONE, T_BUILT, T_RUNNABLE };

/* All bytes, no padding: states are compared as bytes. */
struct model {
	u8 page[MODEL_PAGES];		/* enum model_page */
	u8 page_age[MODEL_PAGES];	/* M_CONVERTING: fences since, 0 or 1 */
	u8 pins[MODEL_PAGES];		/* M_HOST: shared with the TVM */
	u8 tvm;				/* enum model_tvm */
	u8 vcpu1;			/* page of vCPU 1, + 1; 0: none */
	u8 leaf[MODEL_SLOTS];		/* enum model_leaf */
	u8 leaf_page[MODEL_SLOTS];	/* unless empty */
	u8 leaf_age[MODEL_SLOTS];	/* L_BLOCKED: 0, 1; 2: the fence is complete */
	u8 region;			/* of slot 1; slot 0 is confidential for ever */
	u8 pending;			/* vCPU 0 waits for the host's answer to share or unshare */
	u8 running;			/* vCPU 0 is on hart 1 */
	u8 tvm_lag;			/* running: epochs that it is behind */
	u8 host_lag[MODEL_HARTS];	/* likewise of the host; 0 for a hart that is not in it */
	u8 other;			/* a TVM made of A and B: 0 none, 1 they are its state, 2 its page directory */
};

enum model_call {
	CONVERT, CONVERT_BOTH, RECLAIM, RECLAIM_BOTH, GLOBAL_FENCE, LOCAL_FENCE, CREATE, CREATE_STATE, CREATE_PGD, DESTROY,
	DESTROY_OTHER, FINALIZE, ADD_PGT, CREATE_VCPU, ADD_MEASURED, ADD_MEASURED_FROM, ADD_ZERO, ADD_SHARED, INVALIDATE, VALIDATE,
	REMOVE, TVM_FENCE, RUN, RUN_TWICE, TIMER, SHARE, UNSHARE, FAULT,
	MODEL_CALLS,
};

/* A call with its page, slot and hart. */
struct action {
	u8 call, page, slot, hart;
};

extern const char *const model_call_name[MODEL_CALLS];
extern const char *const model_page_name[M_PAGE_STATES];

/* What a call answers: an SBI error, or one of these. */
#define MODEL_ENTERED	1	/* the vCPU runs */
#define MODEL_GOES_ON	2	/* it still does */
#define MODEL_EXIT	3	/* it has left, the host has its answer */

/* The first state. */
void model_init(struct model *m);
/* False: nobody could make this call now (the hart is elsewhere). */
bool model_possible(const struct model *m, const struct action *a);
/* What the call answers; *m is what it leads to. */
s64 model_step(struct model *m, const struct action *a);
/* The state of a page that a call names. */
enum model_page model_page_of(const struct model *m, u32 page);

/* world.c: the real monitor. */
void monitor_init(void);
s64 monitor_step(const struct action *a);
/* What the monitor's own data say. Of the age of a blocked leaf they tell only whether its fence is complete. */
void monitor_abstract(struct model *m);
/* All of the monitor's memory. */
u64 monitor_size(void);
void monitor_save(void *to);
void monitor_load(const void *from);

#endif
