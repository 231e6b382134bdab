/* SPDX-License-Identifier: BSD-2-Clause */
/* CSR numbers and fields that the TSM uses, for C and assembly. Values: the privileged, AIA, Sstc, Smstateen chapters. */
#ifndef RV_CSR_H
#define RV_CSR_H

#define CSR_FFLAGS		0x001
#define CSR_FRM			0x002
#define CSR_FCSR		0x003
#define CSR_VSTART		0x008
#define CSR_VCSR		0x00f
#define CSR_SEED		0x015
#define CSR_JVT			0x017
#define CSR_SSTATUS		0x100
#define CSR_SIE			0x104
#define CSR_STVEC		0x105
#define CSR_SCOUNTEREN		0x106
#define CSR_SENVCFG		0x10a
#define CSR_SSTATEEN0		0x10c
#define CSR_SSCRATCH		0x140
#define CSR_SEPC		0x141
#define CSR_SCAUSE		0x142
#define CSR_STVAL		0x143
#define CSR_SIP			0x144
#define CSR_STIMECMP		0x14d
#define CSR_SCTRSTATUS		0x14f
#define CSR_SISELECT		0x150
#define CSR_SIREG		0x151
#define CSR_STOPEI		0x15c
#define CSR_SATP		0x180
#define CSR_VSSTATUS		0x200
#define CSR_VSIE		0x204
#define CSR_VSTVEC		0x205
#define CSR_VSSCRATCH		0x240
#define CSR_VSEPC		0x241
#define CSR_VSCAUSE		0x242
#define CSR_VSTVAL		0x243
#define CSR_VSIP		0x244
#define CSR_VSTIMECMP		0x24d
#define CSR_VSCTRCTL		0x24e
#define CSR_VSISELECT		0x250
#define CSR_VSIREG		0x251
#define CSR_VSTOPEI		0x25c
#define CSR_VSATP		0x280
#define CSR_SCONTEXT		0x5a8
#define CSR_HSTATUS		0x600
#define CSR_HEDELEG		0x602
#define CSR_HIDELEG		0x603
#define CSR_HIE			0x604
#define CSR_HTIMEDELTA		0x605
#define CSR_HCOUNTEREN		0x606
#define CSR_HGEIE		0x607
#define CSR_HVIEN		0x608
#define CSR_HVICTL		0x609
#define CSR_HENVCFG		0x60a
#define CSR_HSTATEEN0		0x60c
#define CSR_HSTATEEN1		0x60d
#define CSR_HSTATEEN2		0x60e
#define CSR_HSTATEEN3		0x60f
#define CSR_HTVAL		0x643
#define CSR_HIP			0x644
#define CSR_HVIP		0x645
#define CSR_HVIPRIO1		0x646
#define CSR_HVIPRIO2		0x647
#define CSR_HTINST		0x64a
#define CSR_HGATP		0x680
#define CSR_CYCLE		0xc00
#define CSR_TIME		0xc01
#define CSR_INSTRET		0xc02
#define CSR_VL			0xc20
#define CSR_VTYPE		0xc21
#define CSR_VLENB		0xc22
#define CSR_SCOUNTOVF		0xda0
#define CSR_HGEIP		0xe12

#ifdef __ASSEMBLER__
#define RV_UL(x)		x
#else
#define RV_UL(x)		x##ULL
#endif

#define SSTATUS_SIE		RV_UL(0x2)
#define SSTATUS_SPIE		RV_UL(0x20)
#define SSTATUS_SPP		RV_UL(0x100)
#define SSTATUS_VS		RV_UL(0x600)
#define SSTATUS_VS_INITIAL	RV_UL(0x200)
#define SSTATUS_VS_CLEAN	RV_UL(0x400)
#define SSTATUS_VS_DIRTY	RV_UL(0x600)
#define SSTATUS_FS		RV_UL(0x6000)
#define SSTATUS_FS_INITIAL	RV_UL(0x2000)
#define SSTATUS_FS_CLEAN	RV_UL(0x4000)
#define SSTATUS_FS_DIRTY	RV_UL(0x6000)
#define SSTATUS_SUM		RV_UL(0x40000)
#define SSTATUS_MXR		RV_UL(0x80000)
#define SSTATUS_UXL_64		RV_UL(0x200000000)

#define HSTATUS_GVA		RV_UL(0x40)
#define HSTATUS_SPV		RV_UL(0x80)
#define HSTATUS_SPVP		RV_UL(0x100)
#define HSTATUS_HU		RV_UL(0x200)
#define HSTATUS_VGEIN_SHIFT	12
#define HSTATUS_VGEIN		RV_UL(0x3f000)
#define HSTATUS_VTVM		RV_UL(0x100000)
#define HSTATUS_VTW		RV_UL(0x200000)
#define HSTATUS_VTSR		RV_UL(0x400000)
#define HSTATUS_VSXL_64		RV_UL(0x200000000)

#define HVICTL_VTI		RV_UL(0x40000000)
#define HVICTL_IID_SHIFT	16

#define HGATP_MODE_SHIFT	60
#define HGATP_MODE_SV39X4	RV_UL(8)
#define HGATP_MODE_SV48X4	RV_UL(9)
#define HGATP_VMID_SHIFT	44
#define HGATP_VMID_BITS		14
#define HGATP_PPN_MASK		RV_UL(0xfffffffffff)
#define SATP_MODE_SV39		RV_UL(8)
#define SATP_MODE_SHIFT		60

#define HENVCFG_FIOM		RV_UL(0x1)
#define HENVCFG_CBIE_FLUSH	RV_UL(0x10)
#define HENVCFG_CBIE		RV_UL(0x30)
#define HENVCFG_CBCFE		RV_UL(0x40)
#define HENVCFG_CBZE		RV_UL(0x80)
#define HENVCFG_ADUE		RV_UL(0x2000000000000000)
#define HENVCFG_PBMTE		RV_UL(0x4000000000000000)
#define HENVCFG_STCE		RV_UL(0x8000000000000000)

#define HSTATEEN0_FCSR		RV_UL(0x2)
#define HSTATEEN0_JVT		RV_UL(0x4)
#define HSTATEEN0_IMSIC		RV_UL(0x0400000000000000)
#define HSTATEEN0_AIA		RV_UL(0x0800000000000000)
#define HSTATEEN0_CSRIND	RV_UL(0x1000000000000000)
#define HSTATEEN0_ENVCFG	RV_UL(0x4000000000000000)
#define HSTATEEN0_SE0		RV_UL(0x8000000000000000)

#define HCOUNTEREN_CY		0x1
#define HCOUNTEREN_TM		0x2
#define HCOUNTEREN_IR		0x4

/* Interrupt numbers */
#define IRQ_SSI			1
#define IRQ_VSSI		2
#define IRQ_STI			5
#define IRQ_VSTI		6
#define IRQ_SEI			9
#define IRQ_VSEI		10
#define IRQ_SGEI		12
#define IRQ_LCOFI		13
#define CAUSE_IRQ		RV_UL(0x8000000000000000)

/* Exception causes */
#define CAUSE_FETCH_MISALIGNED	0
#define CAUSE_FETCH_ACCESS	1
#define CAUSE_ILLEGAL		2
#define CAUSE_BREAKPOINT	3
#define CAUSE_LOAD_MISALIGNED	4
#define CAUSE_LOAD_ACCESS	5
#define CAUSE_STORE_MISALIGNED	6
#define CAUSE_STORE_ACCESS	7
#define CAUSE_ECALL_U		8
#define CAUSE_ECALL_HS		9
#define CAUSE_ECALL_VS		10
#define CAUSE_FETCH_PAGE	12
#define CAUSE_LOAD_PAGE		13
#define CAUSE_STORE_PAGE	15
#define CAUSE_FETCH_GUEST	20
#define CAUSE_LOAD_GUEST	21
#define CAUSE_VIRTUAL_INST	22
#define CAUSE_STORE_GUEST	23

/* Page table entries, both stages */
#define PTE_V			RV_UL(0x01)
#define PTE_R			RV_UL(0x02)
#define PTE_W			RV_UL(0x04)
#define PTE_X			RV_UL(0x08)
#define PTE_U			RV_UL(0x10)
#define PTE_G			RV_UL(0x20)
#define PTE_A			RV_UL(0x40)
#define PTE_D			RV_UL(0x80)
#define PTE_SOFT0		RV_UL(0x100)
#define PTE_SOFT1		RV_UL(0x200)
#define PTE_LEAF		(PTE_R | PTE_W | PTE_X)
#define PTE_PPN_SHIFT		10
#define PTE_PPN_MASK		RV_UL(0x3ffffffffffc00)

#endif
