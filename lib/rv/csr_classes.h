/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every register and CSR that software in VS or VU mode can name, and what keeps the worlds apart
 * in it: the one list that world.h, the unit test "csr_classes" (which compares the two) and the
 * conformance group "leak" (which reads and poisons all of it on both sides) have in common. Plain
 * macros, usable from any of them.
 *
 * Not CSRs: x1-x31 and pc move at every trap (trap/world.S), f0-f31 and v0-v31 at every change of
 * world (vcpu/fpv.c), all of them SWAPPED. An LR reservation may survive a change of world: it
 * holds an address and no value; a later SC of the other side fails, or stores what that side
 * stores anyway.
 *
 * X(name, number, class in the host, class in a TVM, what does it)
 *   SWAPPED   each world has its own; saved and loaded at a change of world
 *   VIEW      what hardware makes of SWAPPED or configured registers, or of the interrupt file
 *             that the world owns
 *   CONSTANT  the same for everybody, for ever
 *   TRAPPED   an access ends in the TSM, which emulates or refuses it; or it is illegal, where the
 *             extension is absent
 *   SHARED    one register for all: not kept apart (docs/registers.md)
 */
#ifndef RV_CSR_CLASSES_H
#define RV_CSR_CLASSES_H

#define CSR_CLASSES_USER(X)							\
	X(fflags,	0x001, SWAPPED,  SWAPPED,  "fcsr")			\
	X(frm,		0x002, SWAPPED,  SWAPPED,  "fcsr")			\
	X(fcsr,		0x003, SWAPPED,  SWAPPED,  "fpv.c; world.h with Zfinx")	\
	X(vstart,	0x008, SWAPPED,  SWAPPED,  "fpv.c")			\
	X(vxsat,	0x009, SWAPPED,  SWAPPED,  "vcsr")			\
	X(vxrm,		0x00a, SWAPPED,  SWAPPED,  "vcsr")			\
	X(vcsr,		0x00f, SWAPPED,  SWAPPED,  "fpv.c")			\
	X(ssp,		0x011, TRAPPED,  TRAPPED,  "henvcfg.SSE is 0")		\
	X(seed,		0x015, TRAPPED,  TRAPPED,  "always; emulated for the host")	\
	X(jvt,		0x017, SWAPPED,  SWAPPED,  "hstateen0.JVT is 0; else world.h")	\
	X(cycle,	0xc00, SHARED,   TRAPPED,  "hcounteren.CY; emulated for a TVM")	\
	X(time,		0xc01, VIEW,     VIEW,     "htimedelta")		\
	X(instret,	0xc02, SHARED,   TRAPPED,  "hcounteren.IR; emulated for a TVM")	\
	X(vl,		0xc20, SWAPPED,  SWAPPED,  "fpv.c")			\
	X(vtype,	0xc21, SWAPPED,  SWAPPED,  "fpv.c")			\
	X(vlenb,	0xc22, CONSTANT, CONSTANT, "")

/*
 * hcounteren. The host and each vCPU have those that they allocated, with their own counts (host/pmu.c).
 */
#define CSR_CLASSES_HPM(X)							\
	X(hpmcounter3,  0xc03) X(hpmcounter4,  0xc04) X(hpmcounter5,  0xc05)	\
	X(hpmcounter6,  0xc06) X(hpmcounter7,  0xc07) X(hpmcounter8,  0xc08)	\
	X(hpmcounter9,  0xc09) X(hpmcounter10, 0xc0a) X(hpmcounter11, 0xc0b)	\
	X(hpmcounter12, 0xc0c) X(hpmcounter13, 0xc0d) X(hpmcounter14, 0xc0e)	\
	X(hpmcounter15, 0xc0f) X(hpmcounter16, 0xc10) X(hpmcounter17, 0xc11)	\
	X(hpmcounter18, 0xc12) X(hpmcounter19, 0xc13) X(hpmcounter20, 0xc14)	\
	X(hpmcounter21, 0xc15) X(hpmcounter22, 0xc16) X(hpmcounter23, 0xc17)	\
	X(hpmcounter24, 0xc18) X(hpmcounter25, 0xc19) X(hpmcounter26, 0xc1a)	\
	X(hpmcounter27, 0xc1b) X(hpmcounter28, 0xc1c) X(hpmcounter29, 0xc1d)	\
	X(hpmcounter30, 0xc1e) X(hpmcounter31, 0xc1f)

#define CSR_CLASSES_SUPERVISOR(X)						\
	X(sstatus,	0x100, SWAPPED,  SWAPPED,  "vsstatus")			\
	X(sie,		0x104, SWAPPED,  SWAPPED,  "vsie")			\
	X(stvec,	0x105, SWAPPED,  SWAPPED,  "vstvec")			\
	X(scounteren,	0x106, SWAPPED,  SWAPPED,  "world.h")			\
	X(senvcfg,	0x10a, SWAPPED,  SWAPPED,  "world.h")			\
	X(sstateen0,	0x10c, SWAPPED,  SWAPPED,  "world.h")			\
	X(sstateen1,	0x10d, TRAPPED,  TRAPPED,  "hstateen1 is 0")		\
	X(sstateen2,	0x10e, TRAPPED,  TRAPPED,  "hstateen2 is 0")		\
	X(sstateen3,	0x10f, TRAPPED,  TRAPPED,  "hstateen3 is 0")		\
	X(scountinhibit, 0x120, TRAPPED, TRAPPED,  "always")			\
	X(sscratch,	0x140, SWAPPED,  SWAPPED,  "vsscratch")			\
	X(sepc,		0x141, SWAPPED,  SWAPPED,  "vsepc")			\
	X(scause,	0x142, SWAPPED,  SWAPPED,  "vscause; RUN writes the host's")	\
	X(stval,	0x143, SWAPPED,  SWAPPED,  "vstval; RUN writes the host's")	\
	X(sip,		0x144, VIEW,     VIEW,     "hvip, vstimecmp, the file of VGEIN")	\
	X(stimecmp,	0x14d, SWAPPED,  SWAPPED,  "vstimecmp")			\
	X(sctrctl,	0x14e, SWAPPED,  SWAPPED,  "hstateen0.CTR is 0; else world.h")	\
	X(sctrstatus,	0x14f, SWAPPED,  SWAPPED,  "hstateen0.CTR is 0; else world.h")	\
	X(siselect,	0x150, SWAPPED,  SWAPPED,  "vsiselect")			\
	X(sireg,	0x151, VIEW,     VIEW,     "the file of VGEIN; none: trapped")	\
	X(sireg2,	0x152, TRAPPED,  TRAPPED,  "nothing behind it; records of Ssctr are erased")	\
	X(sireg3,	0x153, TRAPPED,  TRAPPED,  "as sireg2")			\
	X(sireg4,	0x155, TRAPPED,  TRAPPED,  "as sireg2")			\
	X(sireg5,	0x156, TRAPPED,  TRAPPED,  "as sireg2")			\
	X(sireg6,	0x157, TRAPPED,  TRAPPED,  "as sireg2")			\
	X(stopei,	0x15c, VIEW,     VIEW,     "the file of VGEIN; none: trapped")	\
	X(sctrdepth,	0x15f, TRAPPED,  TRAPPED,  "always")			\
	X(satp,		0x180, SWAPPED,  SWAPPED,  "vsatp, last")		\
	X(srmcfg,	0x181, TRAPPED,  TRAPPED,  "always")			\
	X(scontext,	0x5a8, SWAPPED,  SWAPPED,  "hstateen0.C is 0; else world.h")	\
	X(scountovf,	0xda0, VIEW,     VIEW,     "hcounteren; docs/registers.md")	\
	X(stopi,	0xdb0, VIEW,     VIEW,     "sip, sie, the file of VGEIN")

/*
 * The hypervisor's, and VS mode's under their own names: the host has a virtual file of them
 * (host/hcsr.c), nothing of which reaches hardware.
 */
#define CSR_CLASSES_HYPERVISOR(X)						\
	X(vsstatus, 0x200) X(vsie, 0x204) X(vstvec, 0x205) X(vsscratch, 0x240)	\
	X(vsepc, 0x241) X(vscause, 0x242) X(vstval, 0x243) X(vsip, 0x244)	\
	X(vstimecmp, 0x24d) X(vsctrctl, 0x24e) X(vsiselect, 0x250)		\
	X(vsireg, 0x251) X(vsireg2, 0x252) X(vsireg3, 0x253) X(vsireg4, 0x255)	\
	X(vsireg5, 0x256) X(vsireg6, 0x257) X(vstopei, 0x25c) X(vsatp, 0x280)	\
	X(hstatus, 0x600) X(hedeleg, 0x602) X(hideleg, 0x603) X(hie, 0x604)	\
	X(htimedelta, 0x605) X(hcounteren, 0x606) X(hgeie, 0x607)		\
	X(hvien, 0x608) X(hvictl, 0x609) X(henvcfg, 0x60a)			\
	X(hstateen0, 0x60c) X(hstateen1, 0x60d) X(hstateen2, 0x60e)		\
	X(hstateen3, 0x60f) X(htval, 0x643) X(hip, 0x644) X(hvip, 0x645)	\
	X(hviprio1, 0x646) X(hviprio2, 0x647) X(htinst, 0x64a)			\
	X(hgatp, 0x680) X(hcontext, 0x6a8) X(hgeip, 0xe12) X(vstopi, 0xeb0)

/* Those with a class of their own. The others are TRAPPED in a TVM. */
#define CSR_CLASSES(X)		CSR_CLASSES_USER(X) CSR_CLASSES_SUPERVISOR(X)

#endif
