/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Register state of one VS-mode context (the host on one hart, or one vCPU of a TVM), and the lists that say how each
 * CSR is moved. The lists are shared by C, by the offsets generated for assembly, and by the tests.
 *
 * The whole picture, register by register, is csr_classes.h.
 *
 * A trap saves the general registers, sepc and sstatus into the current world; a return loads them from the world
 * that trap_handle() names. The CSRs below move only when the world changes (world_switch()).
 */
#ifndef RV_WORLD_H
#define RV_WORLD_H

#include "base/types.h"
#include "rv/csr.h"

/* SWAPPED too, but what ends a run is told by the host's. */
#define WORLD_CSRS_TOLD(X)		\
	X(vscause, CSR_VSCAUSE)		\
	X(vstval, CSR_VSTVAL)

/*
 * SWAPPED: belongs to the world, read when it is left and written when it is entered.
 * vsatp is not in the list: it is cleared before hgatp changes and written last.
 */
#define WORLD_CSRS_SWAPPED(X)		\
	X(vsstatus, CSR_VSSTATUS)	\
	X(vsie, CSR_VSIE)		\
	X(vstvec, CSR_VSTVEC)		\
	X(vsscratch, CSR_VSSCRATCH)	\
	X(vsepc, CSR_VSEPC)		\
	X(vsiselect, CSR_VSISELECT)	\
	X(vstimecmp, CSR_VSTIMECMP)	\
	X(hvip, CSR_HVIP)		\
	X(scounteren, CSR_SCOUNTEREN)	\
	X(senvcfg, CSR_SENVCFG)

/* CONFIG: chosen by the TSM for the world and not the same for all, written when it is entered, never read back. */
#define WORLD_CSRS_CONFIG(X)		\
	X(htimedelta, CSR_HTIMEDELTA)	\
	X(hedeleg, CSR_HEDELEG)		\
	X(hcounteren, CSR_HCOUNTEREN)

/* CONSTANT: chosen by the TSM too, and the same for every world: written when a hart starts, and left alone. */
#define WORLD_CSRS_CONSTANT(X)		\
	X(hideleg, CSR_HIDELEG)		\
	X(hvien, CSR_HVIEN)		\
	X(henvcfg, CSR_HENVCFG)

/*
 * OPTIONAL: swapped on harts that have them open to VS mode. Where Smstateen can close a register
 * (all but sstateen0 and fcsr), it is closed and does not move.
 */
#define WORLD_CSRS_OPTIONAL(X)					\
	X(sstateen0, CSR_SSTATEEN0, WORLD_HAS_STATEEN)		\
	X(fcsr, CSR_FCSR, WORLD_HAS_FCSR)			\
	X(jvt, CSR_JVT, WORLD_HAS_JVT)				\
	X(scontext, CSR_SCONTEXT, WORLD_HAS_SCONTEXT)		\
	X(vsctrctl, CSR_VSCTRCTL, WORLD_HAS_CTR)		\
	X(sctrstatus, CSR_SCTRSTATUS, WORLD_HAS_CTR)

#define WORLD_HAS_STATEEN	0x01	/* Smstateen: sstateen0, and hstateen0 as a constant */
#define WORLD_HAS_FCSR		0x02	/* Zfinx: fcsr without f registers */
#define WORLD_HAS_JVT		0x04	/* Zcmt */
#define WORLD_HAS_SCONTEXT	0x08	/* Sdtrig */
#define WORLD_HAS_CTR		0x10	/* Ssctr; its records are erased at a switch */
#define WORLD_HAS_RARE		0x1e

#define WORLD_FIELD(name, num)	u64 name;
#define WORLD_FIELD_IF(name, num, has)	u64 name;

struct world {
	u64 gpr[32];		/* gpr[0]: the world's own sscratch slot, always 0 */
	u64 sepc;
	u64 sstatus;
	u64 hstatus;
	u64 hgatp;
	u64 vsatp;
	u64 tsm_sp;		/* top of the stack of the hart that this world runs on */
	u64 tsm_tp;		/* that hart's struct hart */
	WORLD_CSRS_TOLD(WORLD_FIELD)
	WORLD_CSRS_SWAPPED(WORLD_FIELD)
	WORLD_CSRS_CONFIG(WORLD_FIELD)
	WORLD_CSRS_CONSTANT(WORLD_FIELD)
	WORLD_CSRS_OPTIONAL(WORLD_FIELD_IF)
	u64 hstateen0;		/* constant where Smstateen exists */
};

/* Floating-point state; the vector registers follow it where V exists (struct vector_regs). */
struct fp_regs {
	u64 f[32];
	u64 fcsr;
};

struct vector_regs {
	u64 vstart;
	u64 vcsr;
	u64 vl;
	u64 vtype;
	u8 v[];			/* 32 * vlenb bytes */
};

enum { REG_RA = 1, REG_SP = 2, REG_A0 = 10, REG_A1, REG_A2, REG_A3, REG_A4, REG_A5, REG_A6, REG_A7 };

#endif
