/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual hart of a TVM: its registers, what it waits for, and its TLB tag on the hart where it
 * ran last. It lives in pages that the host donated (PAGE_VCPU_STATE).
 *
 * Invariant: only the call that moved `power` to VCPU_CLAIMED or VCPU_RUNNING touches the rest.
 */
#ifndef VCPU_VCPU_H
#define VCPU_VCPU_H

#include "base/check.h"
#include "base/types.h"
#include "gstage/gstage.h"
#include "host/hart.h"
#include "irq/bind.h"
#include "page/epoch.h"
#include "task/task.h"
#include "rv/world.h"
#include "rv/mmio_insn.h"

enum vcpu_power {
	VCPU_OFF,
	VCPU_CLAIMED,		/* somebody prepares its registers */
	VCPU_ON,		/* may be run */
	VCPU_RUNNING,		/* on a hart, from RUN_VCPU to its return */
};

/* What the next RUN_VCPU has to finish before the vCPU goes on (ABI.md 9.4, last column). */
enum vcpu_pending {
	PENDING_NONE,
	PENDING_ECALL,		/* a0 and a1 are the host's answer */
	PENDING_PUTCHAR,	/* only a0 is */
	PENDING_CONSOLE,	/* bytes of console[] go out one by one as putchar calls */
	PENDING_LOAD,
	PENDING_STORE,
	PENDING_SHARE,		/* tvm/ finishes these two: the region changes hands */
	PENDING_UNSHARE,
};

/* What another vCPU of the TVM asks of this one; it is done before it executes anything more. */
#define VCPU_REQ_SSIP		1u	/* a software interrupt becomes pending */
#define VCPU_REQ_FENCE_I	2u
#define VCPU_REQ_FENCE_VMA	4u	/* nothing of its VS stage stays cached */

/* Bytes that one DBCN write from confidential memory prints at most. */
enum { VCPU_CONSOLE_MAX = 256 };

/* A request to share or unshare, and how much of it, in bytes from its start, the TSM has taken out itself (tvm/block.c). */
struct vcpu_share {
	struct gstage_span span;
	u64 blocked, removed;
};

/*
 * A call of the vCPU's that the U-mode program works at, in steps and over several runs: the ECALL is
 * executed again until the answer is there. Another such call takes its place.
 */
enum vcpu_job_step {
	JOB_NONE,
	JOB_KEY,		/* the key is read */
	JOB_IDENTITY,		/* the TSM's own keys are made */
	JOB_EVIDENCE,
	JOB_SECRET,
	JOB_CSR,		/* Salus's: the request is read */
	JOB_SALUS,
};

struct vcpu_job {
	enum vcpu_job_step step;
	bool enter;		/* the task is to go on now */
	u64 call[8];		/* a0 to a7 of the ECALL */
	union {
		struct {
			struct dice_public key;
			u8 challenge[COVE_CHALLENGE_SIZE];
		};
		struct notary_applicant applicant;	/* Salus's */
	};
};

struct vcpu {
	struct world world;
	u64 tvm_id;
	u32 id;
	u32 power;		/* enum vcpu_power, atomically */

	u32 requests;		/* VCPU_REQ_*, any hart, atomically */
	u32 on_hart;		/* index of the hart, while VCPU_RUNNING; read by any hart, atomically */

	/* What makes a run more than a change of world: usually nothing, which is one look. */
	union {
		struct {
			u8 pending;		/* enum vcpu_pending */
			u8 fpv_loaded;		/* units whose registers are in the hart, FPV_*; fpv.c */
			u8 fpv_expected;	/* units that the next run begins with */
			bool counts;		/* it has looked at a counter of its own */
		};
		u32 extras;
	};
	u8 fp_keep, vector_keep;	/* runs for which the units are expected */
	/*
	 * What its cycle and instret have counted since it first looked: time on a hart only. While it
	 * is on one, less what the hart's counter was at entry.
	 */
	u64 cycle, instret;
	u64 vmid_generation;	/* of the hart where it ran last, when it took its VMID there; 0: nowhere */
	u64 vmid;
	struct epoch_slot *slot;	/* its own in the TVM's epoch */
	u32 code_version;	/* of the TVM, when that hart last executed fence.i for it */
	bool lenient;		/* the run that is on was called in RFC numbering (ABI.md 17.2) */

	struct fp_regs fp;
	struct mmio_op mmio;			/* PENDING_LOAD, PENDING_STORE */
	struct vcpu_share share;		/* PENDING_SHARE, PENDING_UNSHARE */
	u32 console_size, console_next;		/* PENDING_CONSOLE */
	u8 console[VCPU_CONSOLE_MAX];

	struct pmu pmu;
	struct irq_vcpu irq;

	struct vcpu_job job;
	struct task task;
};

static_assert(offsetof(struct vcpu, world) == 0, "world.S compares hart.vcpu with the world to enter");

/* The vector registers follow struct vcpu where V exists. */
#define VCPU_VECTOR_OFFSET	ALIGN_UP(sizeof(struct vcpu), 16ULL)

/* Frames of a vCPU that have to be zero when it is made. */
static inline u64 vcpu_register_pages(void)
{
	u64 size = VCPU_VECTOR_OFFSET;

	if (hart_features.vector)
		size += sizeof(struct vector_regs) + 32 * hart_features.vlenb;
	return ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT;
}

/* All that it takes on this machine: registers first, then the task's arena. */
static inline u64 vcpu_state_pages(void)
{
	return vcpu_register_pages() + NOTARY_ARENA_PAGES;
}
pfn_t vcpu_arena(const struct vcpu *v);

/*
 * @v is scrubbed memory. The vCPU is off; its delegation and environment are those of the host on
 * this hart.
 */
void vcpu_init(struct vcpu *v, u64 tvm_id, u32 id, struct epoch_slot *slot);

/* State transitions of `power`; false: it was not @from. */
static inline bool vcpu_power_move(struct vcpu *v, enum vcpu_power from, enum vcpu_power to)
{
	return rv_cas32(&v->power, from, to);
}

/* The hart that runs it is done with it. */
static inline void vcpu_stop_running(struct vcpu *v, enum vcpu_power to)
{
	check(__atomic_load_n(&v->power, __ATOMIC_RELAXED) == VCPU_RUNNING);
	rv_store_release(&v->power, (u32)to);
}

static inline bool vcpu_waits_for_share(const struct vcpu *v)
{
	return v->pending >= PENDING_SHARE;
}

static inline bool vcpu_is_off(const struct vcpu *v)
{
	return __atomic_load_n(&v->power, __ATOMIC_ACQUIRE) == VCPU_OFF;
}

/*
 * Leaves requests with a vCPU. The hart that it is on, or about to be on, and that must be told;
 * NULL: it is on none, and whoever enters it serves them.
 */
struct hart *vcpu_ask(struct vcpu *v, u32 requests);
/* Serves them, if there are any. The vCPU's CSRs are loaded on this hart. */
void vcpu_serve_requests(struct vcpu *v);

static inline bool vcpu_is_asked(const struct vcpu *v)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&v->requests, __ATOMIC_RELAXED);
}

static inline void vcpu_serve(struct vcpu *v)
{
	if (unlikely(vcpu_is_asked(v)))
		vcpu_serve_requests(v);
}

/*
 * Reset state with a start address and argument (FINALIZE, HSM start): VS mode, a0 = id, a1 =
 * @opaque, no translation, no interrupts, no timer. The vCPU is VCPU_CLAIMED by the caller.
 */
void vcpu_reset(struct vcpu *v, u64 pc, u64 opaque);

/* run.c */

/*
 * A read of the vCPU's cycle or instret (CSR_CYCLE, CSR_INSTRET) while it is on this hart. False:
 * @csr is neither, or the vCPU's user mode may not read it.
 */
bool vcpu_counter(struct vcpu *v, u32 csr, u64 *value);

/* fpv.c: FP and vector registers */

#define FPV_FP		1u
#define FPV_VECTOR	2u

/* vcpu.extras where FP registers are all that there is */
#define FPV_EXTRAS_EXPECTED	(FPV_FP << 16)
#define FPV_EXTRAS_LOADED	(FPV_FP << 8)

static_assert(offsetof(struct vcpu, fpv_loaded) == offsetof(struct vcpu, extras) + 1 &&
	      offsetof(struct vcpu, fpv_expected) == offsetof(struct vcpu, extras) + 2, "FPV_EXTRAS");

/* Nothing of them is loaded; the memory that they live in is zeroed by the caller. */
void fpv_reset(struct vcpu *v);
/* On the way in: takes what v->fpv_expected says, which is not nothing. */
void fpv_take_expected(struct hart *h, struct vcpu *v);
/* The same where that is FP alone, and the way back of it. */
void fpv_take_fp(struct hart *h, struct vcpu *v);
void fpv_give_back_fp(struct hart *h, struct vcpu *v);
/*
 * An illegal instruction of the vCPU; @insn, or 0. True: it may have been for want of registers that are
 * there now: to be executed again. False: it is the vCPU's to deal with.
 */
bool fpv_take(struct hart *h, struct vcpu *v, u64 insn);
/* On the way out: the host's registers come back. v->fpv_loaded is not nothing. */
void fpv_give_back(struct hart *h, struct vcpu *v);

#endif
