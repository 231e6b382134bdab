/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual hart of a TVM: its registers, what it waits for, and its TLB tag on the hart where it
 * ran last. It lives in pages that the host donated (PAGE_VCPU_STATE).
 *
 * Invariant: only the call that moved `power` to VCPU_CLAIMED or VCPU_RUNNING touches the rest.
 */
#ifndef VCPU_VCPU_H
#define VCPU_VCPU_H

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
};

struct vcpu_job {
	enum vcpu_job_step step;
	bool enter;		/* the task is to go on now */
	u64 call[8];		/* a0 to a7 of the ECALL */
	struct dice_public key;
	u8 challenge[COVE_CHALLENGE_SIZE];
};

struct vcpu {
	struct world world;
	struct fp_regs fp;
	u64 tvm_id;
	u32 id;
	u32 power;		/* enum vcpu_power, atomically */

	u32 requests;		/* VCPU_REQ_*, any hart, atomically */
	u32 on_hart;		/* index of the hart, while VCPU_RUNNING; read by any hart, atomically */

	enum vcpu_pending pending;
	struct mmio_op mmio;			/* PENDING_LOAD, PENDING_STORE */
	struct vcpu_share share;		/* PENDING_SHARE, PENDING_UNSHARE */
	u32 console_size, console_next;		/* PENDING_CONSOLE */
	u8 console[VCPU_CONSOLE_MAX];

	struct irq_vcpu irq;
	bool lenient;		/* the run that is on was called in RFC numbering (ABI.md 17.2) */
	/*
	 * What its cycle and instret have counted: time on a hart only. While it is on one, less
	 * what the hart's counter was at entry.
	 */
	u64 cycle, instret;
	struct pmu pmu;

	u32 hart_index;		/* where it ran last; meaningful when vmid_generation is not 0 */
	u32 code_version;	/* of the TVM, when this hart last executed fence.i for it */
	u64 vmid_generation;
	u64 vmid;

	struct vcpu_job job;
	struct task task;
};

/* The vector registers follow struct vcpu where V exists. */
#define VCPU_VECTOR_OFFSET	ALIGN_UP(sizeof(struct vcpu), 16ULL)

/* Frames that a vCPU takes on this machine: registers first, then the task's arena. */
u64 vcpu_state_pages(void);
/* Those that have to be zero when it is made. */
u64 vcpu_register_pages(void);
pfn_t vcpu_arena(const struct vcpu *v);

/*
 * @v is scrubbed memory. The vCPU is off; its delegation and environment are those of the host on
 * this hart.
 */
void vcpu_init(struct vcpu *v, u64 tvm_id, u32 id);

/* State transitions of `power`; false: it was not @from. */
bool vcpu_power_move(struct vcpu *v, enum vcpu_power from, enum vcpu_power to);

static inline bool vcpu_is_off(const struct vcpu *v)
{
	return __atomic_load_n(&v->power, __ATOMIC_ACQUIRE) == VCPU_OFF;
}

/*
 * Leaves requests with a vCPU. The hart that it is on, or about to be on, and that must be told;
 * NULL: it is on none, and whoever enters it serves them.
 */
struct hart *vcpu_ask(struct vcpu *v, u32 requests);
/* Serves them. The vCPU's CSRs are loaded on this hart. */
void vcpu_serve(struct vcpu *v);

/*
 * Reset state with a start address and argument (FINALIZE, HSM start): VS mode, a0 = id, a1 =
 * @opaque, no translation, no interrupts, no timer. The vCPU is VCPU_CLAIMED by the caller.
 */
void vcpu_reset(struct vcpu *v, u64 pc, u64 opaque);

/* run.c: entering and leaving */

/* The address space that a vCPU is entered with. */
struct vcpu_space {
	u64 hgatp;			/* without VMID */
	struct epoch *epoch;
	struct epoch_slot *slot;	/* the vCPU's own */
	u32 code_version;		/* grows when pages are added */
};

/*
 * Moves this hart from the host's world to the vCPU's: registers, FP and vector state, CSRs,
 * address space, TLB; arms the host's interrupts so that they end the run (ABI.md 9.2). The vCPU is
 * VCPU_RUNNING.
 */
void vcpu_enter(struct hart *h, struct vcpu *v, const struct vcpu_space *space);

/* The way back. When it returns, this hart holds nothing of the TVM and v is only memory. */
void vcpu_leave(struct hart *h, struct vcpu *v, struct epoch_slot *slot);

/*
 * A read of the vCPU's cycle or instret (CSR_CYCLE, CSR_INSTRET) while it is on this hart. False:
 * @csr is neither, or the vCPU's user mode may not read it.
 */
bool vcpu_counter(const struct vcpu *v, u32 csr, u64 *value);

/* fpv.c: eager moves of FP and vector state */
void fpv_enter(struct hart *h, struct vcpu *v);
void fpv_leave(struct hart *h, struct vcpu *v);

#endif
