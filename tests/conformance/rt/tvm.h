/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Test TVMs: making them, running their vCPUs, and telling the program in them what to do
 * (tvm/proto.h). All of it happens on the calling hart, which needs a NACL area.
 */
#ifndef RT_TVM_H
#define RT_TVM_H

#include "cove.h"
#include "sha384.h"
#include "../tvm/proto.h"

#define TVM_RAM_GPA		0x80000000ULL
#define TVM_RAM_SIZE		0x2000000ULL
#define TVM_FRESH_GPA		0x81000000ULL	/* RAM that nothing is mapped at */
#define TVM_MMIO_GPA		0x10000000ULL	/* no region until the TVM declares one */
#define TVM_HOLE_GPA		0x40000000ULL	/* never in a region */
#define TVM_POOL_PAGES		8
#define TVM_MAX_ZERO		64

struct tvm {
	bool created;			/* it has an id */
	bool broken; /* an exit came that the test did not expect; what follows is void */
	u64 id;
	u64 pgd, state, pool, image, vcpu[TVM_VCPUS];
	u64 pool_pages, image_pages;
	u32 vcpus;			/* state pages donated */
	struct {
		u64 pa, gpa;
	} zero[TVM_MAX_ZERO];
	u32 zeros;
	bool mmio_pending;		/* the next RUN completes an MMIO access */
	bool synced[TVM_VCPUS];		/* the program waits for an operation */
	u8 pages_mr[SHA384_SIZE];	/* what measurement registers 4 and 5 must be */
	u8 entry_mr[SHA384_SIZE];
};

/* --- making one; each step says in a note why it failed --- */
/* Allocates from the arena; nothing is converted yet. */
void tvm_init(struct tvm *t);
/* Converts page directory, state and pool, fences, CREATE_TVM, ADD_PGT. */
bool tvm_create(struct tvm *t);
bool tvm_add_region(struct tvm *t, u64 gpa, u64 size);
/* Measures the first pages of the image in, one call for all. */
bool tvm_load(struct tvm *t, u32 pages);
bool tvm_add_vcpu(struct tvm *t, u32 vcpu);
bool tvm_finalize(struct tvm *t, u64 arg);
/*
 * All of these with one vCPU and an image of two pages; tvm_build_full(): with TVM_VCPUS and the
 * whole image.
 */
bool tvm_build(struct tvm *t);
bool tvm_build_full(struct tvm *t);
/* Converts a fresh page and adds it as zero at gpa; false also when the TVM has its fill. */
bool tvm_add_zero(struct tvm *t, u64 gpa);
/*
 * DESTROY, and takes back every page. False: something failed (a note says what). tvm_destroy()
 * checks that all is zero.
 */
bool tvm_destroy(struct tvm *t);
bool tvm_destroy_fast(struct tvm *t);
/* Whatever tests left. */
void tvm_destroy_all(void);
u64 tvm_all_pages(const struct tvm *t);

/* The image, host side */
extern const u8 tvm_image[];
/* Register = SHA384(register || LE64(gpa) || page), and (register || LE64(value)) */
void measure_page(u8 mr[SHA384_SIZE], u64 gpa, const void *page);
void measure_u64(u8 mr[SHA384_SIZE], u64 value);

/* --- running --- */
struct exit {
	s64 error, value;
	u64 scause, stval, htval, htinst;
	u64 vstimecmp, vsie, htimedelta;
	u64 a[8];
};

/* RUN_VCPU once. */
void vcpu_run(struct tvm *t, u32 vcpu, struct exit *e);
/* ... again while a host interrupt ended it. */
void vcpu_resume(struct tvm *t, u32 vcpu, struct exit *e);
void exit_note(const struct exit *e);
static inline bool exit_is_putchar(const struct exit *e)
{
	return !e->error && e->scause == CAUSE_ECALL && e->a[7] == SBI_EXT_LEGACY_PUTCHAR;
}

/* --- the program's commands --- */
/* Makes the vCPU's program wait for an operation. */
bool tvm_sync(struct tvm *t, u32 vcpu);
/*
 * Gives it a command; *e is the first exit that this leads to, be it the result or the exit that
 * is tested.
 */
bool tvm_command(struct tvm *t, u32 vcpu, u64 op, u64 a, u64 b, struct exit *e);
/* Up to the third word, whose RUN the caller makes. */
bool tvm_command_begin(struct tvm *t, u32 vcpu, u64 op, u64 a, u64 b);
/* *e is the program's report; its result. Anything else breaks the TVM. */
u64 tvm_result(struct tvm *t, u32 vcpu, const struct exit *e);
u64 tvm_peek(struct tvm *t, u32 vcpu, u64 gpa);
void tvm_poke(struct tvm *t, u32 vcpu, u64 gpa, u64 value);
/*
 * Instructions for EXEC (an ebreak is added), and the registers that they start with and ended
 * with.
 */
void tvm_code(struct tvm *t, u32 vcpu, const u32 *code, u32 words);
void tvm_set(struct tvm *t, u32 vcpu, u32 x, u64 value);
u64 tvm_get(struct tvm *t, u32 vcpu, u32 x);
/*
 * EXEC; *e is the first exit. tvm_exec_done(): it ran through without one; the cause that ended
 * it, 3 for the ebreak.
 */
bool tvm_exec(struct tvm *t, u32 vcpu, struct exit *e);
u64 tvm_exec_done(struct tvm *t, u32 vcpu);
/* One instruction with a0 in and out; the cause. */
u64 tvm_insn(struct tvm *t, u32 vcpu, u32 insn, u64 *a0);
/* An ECALL that the TSM answers, and one whose exit is looked at. */
struct sbiret tvm_ecall(struct tvm *t, u32 vcpu, u64 eid, u64 fid, u64 a0, u64 a1, u64 a2);
/* The same with all six arguments. */
struct sbiret tvm_ecall_args(struct tvm *t, u32 vcpu, u64 eid, u64 fid, const u64 args[6]);
bool tvm_ecall_begin(struct tvm *t, u32 vcpu, u64 eid, u64 fid, const u64 args[6], struct exit *e);
/* After tvm_ecall_begin(): the TVM's a0 and a1, once it goes on. */
struct sbiret tvm_ecall_end(struct tvm *t, u32 vcpu);
/* A COVG call that only notifies the host, which absorbs the exit, if there is one. */
struct sbiret tvm_covg(struct tvm *t, u32 vcpu, u64 fid, u64 a0, u64 a1);
/* vCPU 0 starts another at the image's entry. */
bool tvm_start(struct tvm *t, u64 vcpu);
/* COVG ADD_MMIO. */
struct sbiret tvm_declare_mmio(struct tvm *t, u32 vcpu, u64 gpa, u64 size);

#define INSN_NOP	0x00000013
#define INSN_ECALL	0x00000073
#define INSN_EBREAK	0x00100073
#define INSN_WFI	0x10500073
#define INSN_SPIN	0x0000006f		/* j . */
#define CAUSE_BREAK	3
/* csrr a0, csr and csrw csr, a0 */
#define INSN_CSRR(csr)	((u32)(csr) << 20 | 0x2573)
#define INSN_CSRW(csr)	((u32)(csr) << 20 | 0x51073)

#endif
