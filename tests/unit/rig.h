/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small machine for unit tests of the monitor: RAM with page words, the host's real G-stage, up
 * to four harts that one thread plays in turn, and the real gate. One rig a process; a test leaves
 * it as it found it, which rig_all_returned() shows.
 */
#ifndef UNIT_RIG_H
#define UNIT_RIG_H

#include "base/types.h"
#include "host/hart.h"
#include "rv_arch.h"

enum { RIG_HARTS = 4 };

#define RIG_RAM_BASE	0x80000000ULL
#define RIG_RAM_SIZE	(32ULL << 20)
/* What the host may use; below it lie the TSM's own tables. */
#define RIG_HOST_BASE	(RIG_RAM_BASE + (4ULL << 20))
#define RIG_HOST_END	(RIG_RAM_BASE + RIG_RAM_SIZE)

/* cmocka group set-up. */
int rig_setup(void **state);

/* The thread now plays this hart. */
void rig_on(u32 index);
struct hart *rig_hart(void);
/* The world that goes on on the hart in use: a vCPU's or the host's. */
struct world *rig_world(void);

struct rig_ret {
	s64 error;
	u64 value;
	bool entered;		/* a vCPU was entered; error and value come with rig_trap() */
};

/*
 * A call of the host on this hart with up to six arguments, made once. False: the TSM wants it to
 * be made again, and no register has changed.
 */
bool rig_try(u64 eid, u64 fid, const u64 *args, u32 count, struct rig_ret *r);
#define COVH_TRY(ret, ...) ({						\
	const u64 args_[] = { __VA_ARGS__ };				\
	rig_try(SBI_EXT_COVH, args_[0], args_ + 1, (u32)ARRAY_SIZE(args_) - 1, ret); })

/* An interrupt that the host on this hart would take now, until it is taken back. */
void rig_interrupt(bool pending);

/* A call that is answered at once. */
struct rig_ret rig_call(u64 eid, u64 fid, const u64 *args, u32 count);
#define RIG_CALL(eid, ...) ({						\
	const u64 args_[] = { __VA_ARGS__ };				\
	rig_call(eid, args_[0], args_ + 1, (u32)ARRAY_SIZE(args_) - 1); })
#define COVH(...)	RIG_CALL(SBI_EXT_COVH, __VA_ARGS__)

/*
 * A trap of the vCPU that runs on this hart. True: it runs on; false: the host is back, with *ret.
 */
bool rig_trap(u64 scause, u64 stval, u64 gpa, struct rig_ret *ret);
/* An ECALL of that vCPU. */
bool rig_tvm_ecall(u64 eid, u64 fid, const u64 *args, u32 count, struct rig_ret *ret);
#define TVM_ECALL(ret, eid, ...) ({					\
	const u64 args_[] = { __VA_ARGS__ };				\
	rig_tvm_ecall(eid, args_[0], args_ + 1, (u32)ARRAY_SIZE(args_) - 1, ret); })

/*
 * While the vCPU's task is on this hart: it works to its end, and the vCPU executes its ECALL again.
 * As rig_trap().
 */
bool rig_task(struct rig_ret *ret);

/* Convert and fence on all harts; asserts success. */
void rig_convert(u64 hpa, u64 pages);
void rig_fence(void);
void rig_reclaim(u64 hpa, u64 pages);

/* Host memory for tests: a fresh range every time until rig_all_returned(). */
u64 rig_alloc(u64 pages, u64 align);

/*
 * Every frame of the host is PAGE_HOST, unreferenced and mapped; memory for rig_alloc() is whole
 * again.
 */
void rig_all_returned(void);

enum page_state rig_state(u64 hpa);
u64 *rig_word(u64 hpa);

#endif
