/* SPDX-License-Identifier: BSD-2-Clause */
/* On top of the rig: a TVM as a careful host builds it, and what the host sees of its exits. */
#ifndef UNIT_TVM_RIG_H
#define UNIT_TVM_RIG_H

#include "unit/unit.h"

#include <string.h>

#include "cove/covg.h"
#include "cove/covh.h"
#include "cove/nacl.h"
#include "cove/supd.h"
#include "page/page.h"
#include <sbi.h>
#include "tvm/tvm.h"
#include "unit/rig.h"

#define SPEC(fid)	((u64)SUPD_TSM_DOMAIN << SUPD_SDID_SHIFT | (fid))
#define RAM		0x80200000ULL
#define RAM_PAGES	1024ULL
#define ENTRY		(RAM + 0x100)
#define POOL_PAGES	8ULL
#define WFI		0x10500073
#define ENTRY_ARG	0x1234

/* Where its parts are, in host addresses. */
struct tvm_rig {
	u64 params, pgd, tvm_state, pool, vcpu[3], image, source, shmem;
	u64 id;
};

extern struct tvm_rig t;

/* Host memory for a TVM; the same, converted; CREATE_TVM with it. */
void tvm_alloc(void);
void tvm_convert(void);
void tvm_create_call(void);

/* A TVM with a region of RAM_PAGES at RAM, four measured pages at its start and three vCPUs. */
void tvm_build(void);
/* It becomes runnable, with shared memory for its exits on this hart; both in one. */
void tvm_finalize_call(void);
void tvm_start(void);
/* Destroys it; every page comes back. */
void tvm_end(void);

u64 shmem(u64 offset);
void shmem_set(u64 offset, u64 value);

/* Runs a vCPU on this hart. */
struct world *run(u64 vcpu);
/* Ends the run by the host's timer. */
void kick(void);

/* What must not have been written holds this after poison(). */
#define UNTOUCHED	0xeeeeeeeeeeeeeeeeULL
void poison(void);
/* The exit that the host sees. */
void expect_exit(u64 scause, u64 stval, u64 htval, u64 htinst);
void expect_args(u64 a0, u64 a1, u64 a2, u64 a6, u64 a7);
void expect_no_args(void);

#define ZERO(page, type, n, gpa)						\
	COVH(COVH_RFC_ADD_ZERO_PAGES, t.id, page, type, n, gpa).error
/* A call of the running vCPU that is answered at once: its error. */
#define ASK(...) ({								\
	struct rig_ret ret_;							\
	assert_true(TVM_ECALL(&ret_, __VA_ARGS__));				\
	(s64)rig_world()->gpr[REG_A0]; })

#endif
