/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an operation costs, in instructions retired by the hart in all modes, counted with
 * rdinstret. Under -icount shift=0 with one hart that number is the same in every run; without it,
 * it means nothing.
 */
#ifndef BENCH_H
#define BENCH_H

#include "../../conformance/rt/rt.h"
#include "../../conformance/rt/cove.h"
#include "../../conformance/rt/tap.h"
#include "../../conformance/rt/tvm.h"

static inline u64 instret(void)
{
	return csr_read(instret);
}

/* A line that scripts/bench reads: so many instructions for so many operations. */
void report(const char *name, u64 instructions, u64 operations);
/* An operation that this TSM does not have. */
void absent(const char *name, s64 error);
/* Ends the run: what must succeed did not. */
void need(bool good, const char *what);

/*
 * n times ECALL with the same arguments; the loop is 2 instructions longer than the call. Returns
 * the instructions.
 */
u64 ecall_loop(u64 n, u64 eid, u64 fid, u64 a0, u64 a1);
/* The same, with an FP register written before each. */
u64 ecall_loop_fp(u64 n, u64 eid, u64 fid, u64 a0, u64 a1);

void bench_calls(void);
void bench_pages(void);
void bench_life(void);
void bench_run(void);
/* Where there are 4 GiB; where there are five harts. */
void bench_stretch(void);
void bench_contention(void);

#endif
