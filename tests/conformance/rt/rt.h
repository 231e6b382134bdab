/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runtime of the bare-metal host programs: they run in VS mode beneath the TSM, and (without CoVE)
 * in S mode directly on OpenSBI. No paging: every address is physical. Interrupts stay disabled in
 * sstatus, and what is pending is looked at, but where a test has a handler for them.
 */
#ifndef RT_H
#define RT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asm.h"
#include "fpv.h"
#include "sbi.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define BIT(n)			(1ULL << (n))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a)		(((x) + (a) - 1) & ~((u64)(a) - 1))
#define MIN(a, b)		((a) < (b) ? (a) : (b))
#define MAX(a, b)		((a) > (b) ? (a) : (b))
#define PAGE_SIZE		4096ULL
#define SIZE_2M			0x200000ULL

#define MAX_HARTS		64

/* --- CSRs --- */
#define csr_read(csr)							\
	({ u64 v_; __asm__ volatile("csrr %0, " #csr : "=r"(v_) : : "memory"); v_; })
#define csr_write(csr, v)						\
	__asm__ volatile("csrw " #csr ", %0" : : "rK"((u64)(v)) : "memory")
#define csr_set(csr, v)							\
	__asm__ volatile("csrs " #csr ", %0" : : "rK"((u64)(v)) : "memory")
#define csr_clear(csr, v)						\
	__asm__ volatile("csrc " #csr ", %0" : : "rK"((u64)(v)) : "memory")
#define wfi()			__asm__ volatile("wfi" : : : "memory")
#define fence()			__asm__ volatile("fence rw, rw" : : : "memory")
#define fence_i()		__asm__ volatile("fence.i" : : : "memory")

#define SSTATUS_SIE		BIT(1)
#define SSTATUS_SPIE		BIT(5)
#define SSTATUS_SPP		BIT(8)
#define SSTATUS_VS_INITIAL	BIT(9)
#define SSTATUS_VS		(3ULL << 9)
#define SSTATUS_FS_INITIAL	BIT(13)
#define SSTATUS_FS		(3ULL << 13)

#define IRQ_SSI			1
#define IRQ_STI			5
#define IRQ_SEI			9
#define IRQ_SGEI		12
#define CAUSE_IRQ		BIT(63)
#define CAUSE_FETCH_ACCESS	1
#define CAUSE_ILLEGAL		2
#define CAUSE_LOAD_ACCESS	5
#define CAUSE_STORE_ACCESS	7
#define CAUSE_ECALL_U		8
#define CAUSE_ECALL		10
#define CAUSE_FETCH_GUEST	20
#define CAUSE_LOAD_GUEST	21
#define CAUSE_VIRTUAL		22
#define CAUSE_STORE_GUEST	23

/* --- string.c --- */
void *memset(void *p, int c, size_t n);
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
/* The place of a character or a text in another, or NULL. */
const char *strchr(const char *s, int c);
const char *strstr(const char *s, const char *what);

/* --- console.c --- */
/*
 * Understands %s %c %d %u %x %lx %lu %ld %% and widths with leading zeros. One line, or a part of
 * one, per call.
 */
__attribute__((format(printf, 1, 2))) void print(const char *fmt, ...);
void vprint(const char *fmt, __builtin_va_list args);

/* --- SBI --- */
struct sbiret {
	s64 error;
	s64 value;
};

struct sbiret sbi_call(u64 eid, u64 fid, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);
/* Arguments that are not given are 0. */
#define SBI_6(a, b, c, d, e, f, ...)	a, b, c, d, e, f
#define sbi(eid, fid, ...) \
	sbi_call((eid), (fid), SBI_6(__VA_ARGS__ __VA_OPT__(, ) 0, 0, 0, 0, 0, 0, 0))
u64 sbi_probe(u64 eid);
void __attribute__((noreturn)) shutdown(bool failed);

/* --- harts (hart.c, trap.c) --- */
struct hart {
	u64 stack, trap_stack, trap_tmp;
	u64 resume;			/* where a fault that is expected goes on */
	u64 entry_a0, entry_satp, entry_sstatus;
	u64 user_return;		/* where the first trap from user mode goes on */
	u64 id;				/* hart id; index is its place in harts[] */
	u32 index;
	bool online;
	u64 (*fn)(u64);			/* work for it, and its result */
	u64 arg, result;
	u32 busy;
	bool in_trap;
	u64 fault_cause, fault_tval;	/* of the last expected fault */
	u64 imsic;			/* page of its interrupt file */
	u64 shmem;			/* NACL area, 0 = none */
	u64 starts;			/* how often hart_entry was reached */
	void (*irq)(u64 scause);	/* handles interrupts, where a test enables them */
};

_Static_assert(offsetof(struct hart, stack) == HART_STACK, "asm.h");
_Static_assert(offsetof(struct hart, trap_stack) == HART_TRAP_STACK, "asm.h");
_Static_assert(offsetof(struct hart, trap_tmp) == HART_TRAP_TMP, "asm.h");
_Static_assert(offsetof(struct hart, resume) == HART_RESUME, "asm.h");
_Static_assert(offsetof(struct hart, entry_a0) == HART_ENTRY_A0, "asm.h");
_Static_assert(offsetof(struct hart, entry_satp) == HART_ENTRY_SATP, "asm.h");
_Static_assert(offsetof(struct hart, entry_sstatus) == HART_ENTRY_SSTATUS, "asm.h");
_Static_assert(offsetof(struct hart, user_return) == HART_USER_RETURN, "asm.h");

struct frame {
	u64 gpr[32];
	u64 sepc, scause, stval, sstatus;
};

_Static_assert(sizeof(struct frame) == FRAME_SIZE, "asm.h");

extern struct hart harts[MAX_HARTS];
extern u32 nr_harts;			/* in the device tree, at most MAX_HARTS */

static inline struct hart *this_hart(void)
{
	struct hart *h;

	__asm__("mv %0, tp" : "=r"(h));
	return h;
}

void harts_init(u64 boot_id);
/*
 * HSM start of a hart, and wait until it is there. False: the call failed or it did not come
 * within a second.
 */
bool hart_start(struct hart *h);
/* Runs fn(arg) on another hart (or this one) and waits for the result. */
u64 run_on(u32 index, u64 (*fn)(u64), u64 arg);
/* The same in two steps. */
void run_begin(u32 index, u64 (*fn)(u64), u64 arg);
bool run_done(u32 index);
/* Waits until it is done, at most so many ticks; false: it is not. */
bool run_wait(u32 index, u64 ticks, u64 *result);
/* On every hart that is online and idle, this one last; the results are or-ed. */
u64 run_on_all(u64 (*fn)(u64), u64 arg);
extern const char hart_entry[];

/* --- probes (probe.S) --- */
#define NO_TRAP			(~0ULL)
u64 probe_load64(u64 address, u64 *value);
u64 probe_load32(u64 address, u64 *value);
u64 probe_load8(u64 address, u64 *value);
u64 probe_store64(u64 address, u64 value);
u64 probe_store32(u64 address, u64 value);
u64 probe_amo(u64 address, u64 value);
u64 probe_fetch(u64 address);
u64 probe_exec(const void *code, u64 *a0);
u64 user_load(u64 address);
/* Executes one 32-bit instruction that may use a0; same result as probe_exec(). */
u64 probe_insn(u32 insn, u64 *a0);

/* --- registers (regs.S) --- */
struct cross {
	u64 in[32], out[32];
	u64 save[20];
};

_Static_assert(offsetof(struct cross, save) == CROSS_SAVE && sizeof(struct cross) == CROSS_SIZE,
	       "asm.h");
void cross(struct cross *c);
void fp_load(const u64 regs[33]);
void fp_store(u64 regs[33]);
void v_load(const void *regs);
/* fpv.h. fpv_check() leaves FS and VS on. */
void fpv_put(u64 registers, u64 what);
u64 fpv_check(u64 registers, u64 what);
void v_store(void *regs, u64 csrs[4]);
/* See regs.S. */
#define RESUMED			100
s64 hart_suspend(u64 type);
#define V_BYTES_MAX		(32 * 1024 / 8)

/* --- time --- */
static inline u64 now(void)
{
	return csr_read(time);
}

extern u64 ticks_per_second;
/* How long what must happen may take: the machine may be starved of processor time. */
#define LONG_ENOUGH		(5 * ticks_per_second)
/* The same for what all harts do at once: the more they are, the less of the machine each has. */
#define ALL_HARTS_TIME	(20 * ticks_per_second * MAX(1, nr_harts / 8))
/* Waits until *word is value, within that time. */
bool wait_u64(const u64 *word, u64 value);
void delay(u64 ticks);

/* --- machine description (fdt.c) --- */
struct range {
	u64 base, size;
};

#define MAX_RANGES		16

struct machine {
	const void *fdt;
	struct range ram[MAX_RANGES];
	u32 nr_ram;
	struct range reserved[MAX_RANGES];
	u32 nr_reserved;
	u64 hart_ids[MAX_HARTS];
	u64 imsic[MAX_HARTS];		/* interrupt file of each of them */
	u64 imsic_ids;
	bool has_v, has_h, has_d;
	char isa[512];
	char bootargs[256];
};

extern struct machine machine;
bool machine_read(const void *fdt);
/* Whether any node says that it is compatible with this. */
bool machine_has_compatible(const char *what);
/* Whether [base, base + size) is RAM of ours, wholly. */
bool machine_is_ram(u64 base, u64 size);

/* --- memory (mem.c) --- */
void mem_init(void);
/*
 * Pages in one piece, aligned to so many pages; zero or not is not said. Never fails: the machine
 * is too small otherwise.
 */
u64 pages_alloc(u64 count, u64 align);
u64 mem_mark(void);
/*
 * Gives back all that was allocated after the mark; returns how many of these pages the host can
 * not reach.
 */
u64 mem_release(u64 mark);
u64 mem_free_pages(void);
/* An address that no device and no RAM has. */
#define NOWHERE			0x3f00000000ULL

/* --- interrupts (imsic.c) --- */
#define EIID_TEST		7
#define EIID_OTHER		8
void imsic_init_hart(void);
void imsic_send(u32 index, u32 eiid);
/* The highest pending enabled interrupt, taken; 0 = none. */
u32 imsic_take(void);

/* The program. */
void rt_main(void);

#endif
