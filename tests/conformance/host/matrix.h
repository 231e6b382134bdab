/* SPDX-License-Identifier: BSD-2-Clause */
/* The condition matrix (tests/conformance/matrix.csv): its rows, and the world that their calls are
 * made in. */
#ifndef MATRIX_H
#define MATRIX_H

#include "tests.h"
#include "../rt/aia.h"

/* From 6 on: fields of the structure that the call reads; 12: what the vCPU is bound to */
#define MATRIX_ARGS 13

struct call {
	const struct matrix_function *f;
	u64 a[MATRIX_ARGS];
	u64 flip; /* bits set in a6 */
	bool other_domain;
	bool other_caller; /* a TVM, or the host in place of one */
	u32 hart;
};

/* What a function's calls need of the world. */
enum world {
	WITH_AIA = 1,	  /* the TVM and its vCPU have an interrupt file */
	WITH_SHARED = 2,  /* a shared region with a page in it */
	WITH_PENDING = 4, /* a share request over pages that are blocked */
	WITH_MMIO = 8,
	INI_AIA = 16,	 /* the TVM that is not finalized has a geometry */
	WITH_FOLD = 64,	 /* 512 pages that make 2 MiB, blocked and fenced */
	NEVER_GOOD = 32, /* no call succeeds */
};

struct fixture {
	void (*good)(struct call *c); /* arguments of a call that succeeds, and the state that it
					 needs */
	void (*after)(struct call *c,
		      u64 value); /* it has succeeded: the state that the next needs */
	u32 world;
};

struct matrix_function {
	u64 eid;
	const char *name;
	s64 rfc, spec; /* -1: the numbering has no such function */
	u32 rows;
	const struct fixture *fixture;
};

struct matrix_row {
	u8 op, priority;
	int8_t arg, error;
	u64 value;
	bool strict, two_harts;
	const char *sentence;
};

/* One for each kind of condition. */
#define OP(op, additive) OP_##op,
enum op {
#include "matrix.inc"
};
#undef OP

/* Makes the call's arguments or the world wrong in the row's way, and right again. */
void condition_apply(struct call *c, const struct matrix_row *r);
void condition_undo(const struct matrix_row *r);
/* It changes an argument that another condition may have replaced before. */
bool condition_is_additive(const struct matrix_row *r);
/* Both can be wrong in one call. */
bool conditions_combinable(const struct matrix_row *a, const struct matrix_row *b);

/* Where the calls of the interrupt extension have brought the vCPU. */
enum bind_state { UNBOUND, BOUND, UNBINDING_OPEN, UNBINDING, REBINDING_OPEN, REBINDING, CLONED };

struct world_state {
	struct tvm vm;	  /* finalized, two vCPUs of which the first is on */
	struct tvm ini;	  /* not finalized, one vCPU */
	struct tvm plain; /* a finalized TVM that calls what TVMs may not */
	u64 mark, ini_mark, op_mark;
	u64 stale;	      /* id of a TVM that is gone */
	u64 raw;	      /* id of one that DESTROY is tried on */
	u64 host;	      /* 8 pages of the host's */
	u64 mix;	      /* of the host's, converted, of the host's */
	u64 converted;	      /* 4 aligned pages and the state of a TVM behind them */
	u64 spare;	      /* 4 aligned pages of the host's */
	u64 pages, pages_end; /* converted ones that good calls use up */
	u64 fold;	      /* 512 pages for promote and demote */
	bool folded;
	u64 params;
	u64 shared;	       /* host page that the TVM maps at SHARED_GPA */
	u64 gpa, sgpa, region; /* addresses that good calls use up */
	u64 vcpu;
	u32 file; /* of the two that rebinding changes between */
	enum bind_state at;
	struct tvm special; /* made for one condition */
	bool spoiled;	    /* the world must be made anew */
};

extern struct world_state w;

#define MAPPED_GPA  (TVM_RAM_GPA + 0x400000) /* two pages, then none */
#define BLOCKED_GPA (TVM_RAM_GPA + 0x404000) /* two blocked pages, then none */
#define FREE_GPA    (TVM_RAM_GPA + 0x411000) /* from here on none */
#define PENDING_GPA                                                                                \
	(TVM_RAM_GPA + 0x600000) /* two blocked and fenced, one mapped, three absent               \
				  */
#define FOLD_GPA     (TVM_RAM_GPA + 0x1800000)
#define SHARED_GPA   (TVM_RAM_GPA + 0x800000)
#define SHARED_PAGES 192
#define REGION_GPA   (TVM_HOLE_GPA + 0x1000000)

bool world_begin(u32 what);
bool world_end(void);
bool ini_build(u32 what);
bool ini_rebuild(u32 what);
/* Of everything that the host can see: pages, their contents, files; the NACL area unless a TVM has
 * just run. */
u64 world_snapshot(bool area, bool files);
/* The measurement registers are what the successful calls made them. */
bool world_measured(struct tvm *t);
void drive(enum bind_state to);
/* Pieces of it, for the good calls */
bool map_zero(u64 gpa, u64 n);
bool block_2m(void);
bool raw_create(u64 pages, u64 *id);
void swap_files(void);

/* One for each row of the table. */
#define FUNCTION(ext, name, ...) extern const struct fixture fixture_##ext##_##name;
#include "matrix.inc"
#undef FUNCTION

#endif
