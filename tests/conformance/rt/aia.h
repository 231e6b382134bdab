/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TVMs with interrupt files: the geometry that the tests use, COVI calls on the hart that they must
 * come from, and what the program in a TVM does with its file. A host file is (index of its hart,
 * number from 1).
 */
#ifndef RT_AIA_H
#define RT_AIA_H

#include "tvm.h"

#define TVM_IMSIC_GPA		0x28000000ULL
#define TVM_IMSIC_HART_BITS	3
#define TVM_FILE(vcpu)		(TVM_IMSIC_GPA + (u64)(vcpu) * PAGE_SIZE)

/* The page of a host file, and how many a hart has. */
u64 file_page(u32 hart, u32 n);
u32 host_files(void);
/* Whether the host reaches it. */
bool file_is_hosts(u32 hart, u32 n);
/* A bit for each file that the host reaches, hart by hart, of the first eight. */
u64 files_snapshot(void);

/* COVI calls here, and on a hart; they say who calls as `numbering` has it. */
struct sbiret covi_call(u64 fid, u64 a0, u64 a1, u64 a2);
struct sbiret covi_on(u32 hart, u64 fid, u64 a0, u64 a1, u64 a2);

/* INIT_AIA with the geometry above, and an address for each vCPU. */
bool aia_init(struct tvm *t);
/* A TVM with its whole image, so many vCPUs and files; FINALIZEd. */
bool aia_build(struct tvm *t, u32 vcpus);
/* CONVERT_IMSIC and the fences. */
bool aia_convert(u32 hart, u32 n);
/* Converts the file if it is still the host's, and BINDs it on its hart. */
bool aia_bind(struct tvm *t, u32 vcpu, u32 hart, u32 n);
/* UNBIND_BEGIN, TVM_FENCE, UNBIND_END on the hart. */
bool aia_unbind(struct tvm *t, u32 vcpu, u32 hart);
/* REBIND on one hart or from one to another. */
bool aia_rebind(struct tvm *t, u32 vcpu, u32 from, u32 to, u32 n);
/* RECLAIM_IMSIC of each file that the host does not reach, on its hart. False: one did not come
 * back. */
bool aia_give_back(void);

/* Registers of the vCPU's file, on the hart where it is bound. */
#define IREG_EIDELIVERY		0x70
#define IREG_EITHRESHOLD	0x72
#define IREG_EIP0		0x80
#define IREG_EIE0		0xc0
u64 vcpu_ireg(struct tvm *t, u32 vcpu, u64 reg);
void vcpu_ireg_set(struct tvm *t, u32 vcpu, u64 reg, u64 value);
/* Delivery on, threshold 0, these of the first 64 identities enabled, external interrupts enabled
 * in sie. */
void vcpu_irq_on(struct tvm *t, u32 vcpu, u64 enabled);
/* The interrupt that stopei gives, and takes; 0 = none. */
u32 vcpu_take(struct tvm *t, u32 vcpu);
/* A store of a word; the exit, if it leads to one, is in *e. */
bool vcpu_store_word(struct tvm *t, u32 vcpu, u64 gpa, u32 value, struct exit *e);
/* The same when it must run through. */
void vcpu_send(struct tvm *t, u32 vcpu, u64 gpa, u32 id);

#define INSN_SW_A1_A0	0x00b52023	/* sw a1, 0(a0) */
#define INSN_LD_A1_A0	0x00053583	/* ld a1, 0(a0) */

#endif
