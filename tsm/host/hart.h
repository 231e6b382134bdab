/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One physical hart: its stack, the host's vCPU on it, its slot in the host's TLB epoch, its NACL area, its VMIDs.
 * tp points here while the TSM runs. A hart changes only its own struct, except for the fields marked "any hart".
 */
#ifndef HOST_HART_H
#define HOST_HART_H

#include "base/types.h"
#include "page/page.h"
#include "rv/world.h"
#include "rv_arch.h"

#define MAX_HARTS	64
#define HCSR_COUNT	32		/* registers in the host's virtual H-CSR file, at most (host/hcsr.c) */

/* What another hart asks of this one (hart.requests), followed by an SBI IPI. */
#define HART_REQ_SSIP	BIT(0)		/* the host's software interrupt becomes pending */
#define HART_REQ_START	BIT(1)		/* the host starts this hart */
#define HART_REQ_PARK	BIT(2)		/* the machine is about to be reset: leave VS mode and stay out of it */

#define PMU_COUNTERS	32		/* indices of SBI PMU: cycle, time, instret, hpmcounter3 to 31 */

/* What SBI PMU keeps for one side, the host on a hart or a vCPU (host/pmu.c). */
struct pmu {
	u32 owned, started;		/* a bit an index */
	struct pmu_counter {
		u64 event, data;	/* what it counts, as SBI numbers it */
		u64 flags;		/* SBI_PMU_CFG_*INH: where it does not count */
		u64 value;		/* while another side's counter is in its place */
	} counter[PMU_COUNTERS];
};

/* The host's view of a hart: SBI HSM states. Values are those of SBI_HSM_*. */
enum hart_state {
	HART_STARTED,
	HART_STOPPED,
	HART_START_PENDING,
};

struct vcpu;

struct hart {
	u64 recover;			/* first: where a fault in the TSM continues, or 0; see rv_arch.h */
	struct vcpu *vcpu;		/* the TVM vCPU that is on this hart; NULL: the host is */
	u64 stack_top;
	u64 hartid;
	spa_t imsic;			/* its supervisor interrupt file; guest file n is n pages higher */
	u32 index;			/* 0 .. hart_count - 1, order of the device tree */
	u32 msi_index;			/* the number by which an APLIC knows its interrupt files */
	u32 parked;			/* for a reset; any hart, atomically */
	u32 online;			/* set once the hart waits for the host; any hart, atomically */
	enum hart_state state;		/* any hart, atomically */
	u64 requests;			/* any hart, atomically: HART_REQ_* */
	u64 start_addr;			/* written by the hart that moves state from STOPPED to START_PENDING */
	u64 start_opaque;
	struct world host;		/* the host's vCPU */
	struct fp_regs host_fp;		/* its FP registers while a TVM's are in the hart */
	struct vector_regs *host_vector;	/* likewise; NULL without V */
	u64 nacl_shmem;			/* spa of the 3 pinned pages, or 0 */
	u64 vmid_next;			/* VMIDs of this hart: the next to hand out */
	/*
	 * Grows when they are handed out anew, after a flush; no two harts have the same ever: index + 1, in
	 * steps of MAX_HARTS.
	 */
	u64 vmid_generation;
	struct epoch_slot *epoch_slot;	/* its own in host_epoch */
	u32 run_err;			/* enum tsm_err and value of a RUN_VCPU that is over at once */
	u32 run_dead;
	u64 hgeie;			/* host/sgei.c: what hgeie is while the host runs */
	u64 sgei_files;			/* host/sgei.c: hardware files whose interrupts the host waits for, a mask */
	bool sgei_told;			/* the host is shown it, and has not answered yet */
	bool sgei_waits;		/* it is to be told when it enables interrupts */
	struct pmu *tvm_pmu;		/* those of the vCPU that is on this hart and has any, or NULL */
	bool plain_switch;		/* hart_features.plain_switch, and hvictl is not in use (host/sgei.c) */
	u64 *task_tables;		/* task/: three pages, the root first */
	u64 task_satp;			/* theirs; 0: they are not filled in yet */
	u64 tsm_satp;
	u64 last_probe;			/* EID of the host's latest Base probe here */
	/* Last: what the fields before it have short offsets for. */
	struct pmu pmu;			/* the host's hardware counters */
	u64 hcsr[HCSR_COUNT];		/* host/hcsr.c */
};

static_assert(offsetof(struct hart, recover) == 0, "rv_fault.S and world.S rely on it");

static inline struct hart *this_hart(void) { return rv_tp(); }

/* What every hart has in common, found at boot and constant since. Without padding: harts are compared byte by byte. */
struct hart_features {
	bool vector;			/* V exists */
	bool fp;
	bool seed;			/* Zkr, and the firmware lets S mode read it */
	bool lcofi;			/* the TSM can hand the counters' overflow interrupt on (hvien) */
	/* An illegal instruction of VS mode that hedeleg does not give to it arrives in the TSM. */
	bool illegal_traps;
	/* VMIDs, and of the CSRs that not every hart has sstateen0 alone: vcpu/switch.h. */
	bool plain_switch;
	u16 world_csrs;			/* optional CSRs that a change of world moves: WORLD_HAS_* */
	u64 vlenb;			/* bytes in a vector register, 0 without V */
	u64 vmid_max;			/* largest VMID that hgatp holds, 0 when there are none */
	u64 henvcfg;			/* bits that can be granted to VS mode */
	u64 hstateen0;			/* likewise */
	u64 geilen;			/* guest interrupt files a hart */
	u64 imsic_ids;			/* identities of a guest interrupt file: 1 .. imsic_ids */
	u64 cboz_block;			/* bytes that cbo.zero clears, 0 where the TSM cannot use it */
};
static_assert(sizeof(struct hart_features) == 64, "no padding");

extern struct hart_features hart_features;
extern struct hart *harts[MAX_HARTS];
extern u32 hart_count;
/* A slot a hart, and one behind the last hart's for the IOMMUs (io/iommu.h). */
extern struct epoch_slot host_epoch_slots[MAX_HARTS + 1];

#define HOST_VMID	0		/* TVMs use 1 .. vmid_max */

/* The hart with that id, or NULL. */
struct hart *hart_by_id(u64 hartid);

/* Sets request bits of another hart and interrupts it. Legal from any hart, any time; does not wait. */
void hart_request(struct hart *h, u64 bits);

#endif
