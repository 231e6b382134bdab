/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The abstract model: pages that change hands, two interrupt files, one TVM with two guest addresses and a vCPU, a second TVM that is
 * made of the pages, harts, and TLB epochs as ages. It knows nothing of the monitor's code: model.c is what docs and ABI say. explore.c
 * walks through all of its states, and world.c makes each call of the real monitor too.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "base/types.h"

/* The bounds. Larger ones are for make assurance. */
#ifndef MODEL_PAGES
#define MODEL_PAGES	2
#endif
#ifndef MODEL_HARTS
#define MODEL_HARTS	2
#endif
enum { MODEL_SLOTS = 2, MODEL_FILES = 2 };

/* Pages that a call may name: A, B and so on change, and one interrupt file of hart 0 and of hart 1; the others are what they are. */
enum {
	PAGE_A, PAGE_B,
	PAGE_OF_TSM = MODEL_PAGES, PAGE_NOT_RAM, PAGE_FILE, PAGE_FILE_1, PAGE_FILE_OWN,
	PAGE_NAMES,
};

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
	/* Interrupt files. */
	F_HOST,
	F_CONVERTING,
	F_CONVERTED,
	F_DIRTY,		/* its TVM was destroyed: to be cleared on its own hart */
	F_BOUND,
	F_BLOCKED,
	F_OWN,			/* the host's own, for good */
	M_PAGE_STATES,
};

enum model_leaf { L_EMPTY, L_MAPPED, L_BLOCKED };
enum model_region { R_CONFIDENTIAL, R_CONFIDENTIAL_REMOVABLE, R_SHARED, R_SHARED_REMOVABLE };
enum model_tvm { T_NONE, T_BUILT, T_RUNNABLE };
enum model_aia { A_NONE, A_GEOMETRY, A_ADDRESS };
enum model_irq { I_UNBOUND, I_BOUND, I_UNBINDING, I_REBINDING, I_CLONED };
/* A region at an address of its own. */
enum model_extra { E_NONE, E_CONFIDENTIAL, E_MMIO };

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
	u8 other;			/* a TVM made of the pages: 0 none, 1 they are its state, 2 its page directory */
	u8 extra;			/* enum model_extra */
	u8 file[MODEL_FILES];		/* enum model_page; file n is hart n's */
	u8 file_age[MODEL_FILES];	/* F_CONVERTING: as page_age */
	u8 aia;				/* enum model_aia: of the TVM, and of vCPU 0 */
	u8 irq;				/* enum model_irq: of vCPU 0 */
	u8 irq_file, irq_old;		/* which file, + 1; I_REBINDING: and the one before */
	u8 irq_age;			/* I_UNBINDING, I_REBINDING: as leaf_age */
	u8 allowed;			/* vCPU 0 allows the host's interrupt */
};

enum model_call {
	CONVERT, CONVERT_BOTH, RECLAIM, RECLAIM_BOTH, GLOBAL_FENCE, LOCAL_FENCE, CREATE, CREATE_STATE, CREATE_PGD, DESTROY,
	DESTROY_OTHER, FINALIZE, ADD_PGT, CREATE_VCPU, ADD_MEASURED, ADD_MEASURED_FROM, ADD_ZERO, ADD_SHARED, INVALIDATE, VALIDATE,
	REMOVE, PROMOTE, DEMOTE, TVM_FENCE, GET_INFO, ADD_REGION,
	INIT_AIA, SET_ADDR, CONVERT_FILE, RECLAIM_FILE, BIND, UNBIND_BEGIN, UNBIND_END, INJECT, REBIND_BEGIN, REBIND_CLONE, REBIND_END,
	RUN, RUN_TWICE, TIMER, FAULT, SHARE, UNSHARE, ADD_MMIO, REMOVE_MMIO, ALLOW, DENY, GET_ATTCAPS, EXTEND, READ_MEASUREMENT,
	GET_EVIDENCE,
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
#define MODEL_GOES_ON	2	/* it still does, without an error */
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
