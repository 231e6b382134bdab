/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instructions that C has no words for, on the target. lib/rv/host/rv_arch.h offers the same names for the host-native
 * build. Nothing outside this folder holds inline assembly.
 */
#ifndef RV_ARCH_H
#define RV_ARCH_H

#include "base/types.h"
#include "rv/csr.h"

#define CSR_STR_(x)	#x
#define CSR_STR(x)	CSR_STR_(x)

#define csr_read(csr) ({							\
	u64 v_;									\
	__asm__ volatile("csrr %0, " CSR_STR(csr) : "=r"(v_) : : "memory");	\
	v_; })
#define csr_write(csr, val) ({							\
	u64 v_ = (val);								\
	__asm__ volatile("csrw " CSR_STR(csr) ", %0" : : "rK"(v_) : "memory"); })
#define csr_swap(csr, val) ({							\
	u64 v_ = (val);								\
	__asm__ volatile("csrrw %0, " CSR_STR(csr) ", %1"			\
			 : "=r"(v_) : "rK"(v_) : "memory");			\
	v_; })
#define csr_set(csr, val) ({							\
	u64 v_ = (val);								\
	__asm__ volatile("csrs " CSR_STR(csr) ", %0" : : "rK"(v_) : "memory"); })
#define csr_clear(csr, val) ({							\
	u64 v_ = (val);								\
	__asm__ volatile("csrc " CSR_STR(csr) ", %0" : : "rK"(v_) : "memory"); })

/*
 * Stores that are one access each, and those that are seen after everything before them. gcc 12 makes an AMO of an
 * __atomic store.
 */
#define rv_load(p)		(*(const volatile __typeof__(*(p)) *)(p))
#define rv_store(p, val)	((void)(*(volatile __typeof__(*(p)) *)(p) = (val)))
#define rv_store_release(p, val) ({						\
	__atomic_thread_fence(__ATOMIC_RELEASE);				\
	rv_store(p, val); })

/* The same value, of which the compiler knows nothing: it keeps it in a register. */
#define rv_opaque(val) ({							\
	__typeof__(val) v_ = (val);						\
	__asm__("" : "+r"(v_));							\
	v_; })

/* Compare and swap, acquire and release; true: done. Shorter than what gcc 12 makes of the builtin. */
static inline bool rv_cas64(u64 *p, u64 old, u64 new)
{
	u64 seen, failed;

	__asm__ volatile("1:	lr.d.aq	%0, (%2)\n"
			 "	bne	%0, %3, 2f\n"
			 "	sc.d.rl	%1, %4, (%2)\n"
			 "	bnez	%1, 1b\n"
			 "2:" : "=&r"(seen), "=&r"(failed) : "r"(p), "r"(old), "r"(new) : "memory");
	return seen == old;
}

static inline bool rv_cas32(u32 *p, u32 old, u32 new)
{
	u64 seen, failed;

	__asm__ volatile("1:	lr.w.aq	%0, (%2)\n"
			 "	bne	%0, %3, 2f\n"
			 "	sc.w.rl	%1, %4, (%2)\n"
			 "	bnez	%1, 1b\n"
			 "2:" : "=&r"(seen), "=&r"(failed) : "r"(p), "r"((s64)(s32)old), "r"(new) : "memory");
	return (u32)seen == old;
}

/* Adds; what was before. Seen after everything before it. */
static inline u64 rv_add_release(u64 *p, u64 n)
{
	u64 old;

	__asm__ volatile("amoadd.d.rl %0, %2, (%1)" : "=r"(old) : "r"(p), "r"(n) : "memory");
	return old;
}

struct sbiret {
	s64 error;
	s64 value;
};

static inline struct sbiret sbi_call(u64 ext, u64 fid, u64 arg0, u64 arg1, u64 arg2, u64 arg3, u64 arg4)
{
	register u64 a0 __asm__("a0") = arg0;
	register u64 a1 __asm__("a1") = arg1;
	register u64 a2 __asm__("a2") = arg2;
	register u64 a3 __asm__("a3") = arg3;
	register u64 a4 __asm__("a4") = arg4;
	register u64 a6 __asm__("a6") = fid;
	register u64 a7 __asm__("a7") = ext;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7) : "memory");
	return (struct sbiret){ (s64)a0, (s64)a1 };
}

/* hpmcounter3 to hpmcounter31 by number; 0 for any other. */
u64 rv_hpmcounter(u32 i);

/* Goes on at @to with three arguments, as if called there, for good. */
static inline void __noreturn rv_jump(const void *to, u64 arg0, u64 arg1, u64 arg2)
{
	register u64 a0 __asm__("a0") = arg0;
	register u64 a1 __asm__("a1") = arg1;
	register u64 a2 __asm__("a2") = arg2;

	__asm__ volatile("fence.i; jr %3" : : "r"(a0), "r"(a1), "r"(a2), "r"(to) : "memory");
	__builtin_unreachable();
}

/* RAM is mapped one to one (platform/). */
static inline void *spa_ptr(spa_t a) { return (void *)a.v; }
static inline spa_t ptr_spa(const void *p) { return SPA((u64)p); }

static inline void *rv_tp(void)
{
	void *p;

	__asm__ volatile("mv %0, tp" : "=r"(p));
	return p;
}

static inline void rv_set_tp(void *p) { __asm__ volatile("mv tp, %0" : : "r"(p)); }
/* In a loop that waits for another hart: the pause hint (Zihintpause; no effect where it is unknown). */
static inline void rv_relax(void) { __asm__ volatile(".insn 0x0100000f" : : : "memory"); }
static inline void rv_wfi(void) { __asm__ volatile("wfi" : : : "memory"); }
static inline void rv_fence(void) { __asm__ volatile("fence iorw, iorw" : : : "memory"); }
static inline void rv_fence_i(void) { __asm__ volatile("fence.i" : : : "memory"); }
/* sctrclr (Ssctr): erases the control transfer records. */
static inline void rv_sctrclr(void) { __asm__ volatile(".insn 4, 0x10400073" : : : "memory"); }
static inline void rv_sfence_vma(void) { __asm__ volatile("sfence.vma" : : : "memory"); }

static inline void rv_hfence_gvma_all(void)
{
	__asm__ volatile(".option push\n.option arch, +h\nhfence.gvma\n.option pop" : : : "memory");
}

static inline void rv_hfence_gvma_vmid(u64 vmid)
{
	__asm__ volatile(".option push\n.option arch, +h\nhfence.gvma zero, %0\n.option pop"
			 : : "r"(vmid) : "memory");
}

/* All VS-stage translations of the VMID that is in hgatp now. */
static inline void rv_hfence_vvma_all(void)
{
	__asm__ volatile(".option push\n.option arch, +h\nhfence.vvma\n.option pop" : : : "memory");
}

/* @size: a multiple of 256. Larger steps than the compiler's memset takes: 560 instructions a page. */
static inline void rv_zero(char *p, u64 size)
{
	for (char *end = p + size; p < end; p += 256)
		__asm__ volatile(".set rv_zero_at, 0\n"
				 ".rept 32\n"
				 "sd zero, rv_zero_at(%0)\n"
				 ".set rv_zero_at, rv_zero_at + 8\n"
				 ".endr" : : "r"(p) : "memory");
}

/* @size: a multiple of 4 blocks. */
static inline void rv_cbo_zero(char *p, u64 size, u64 block)
{
	/* cbo.zero (p): MISC-MEM, funct3 2, imm 4; written as .insn because the base ISA of the build lacks Zicboz. */
	for (char *end = p + size; p < end;)
		__asm__ volatile(".rept 4\n"
				 ".insn i 0x0f, 2, x0, %0, 4\n"
				 "add %0, %0, %1\n"
				 ".endr" : "+r"(p) : "r"(block) : "memory");
}

/* Device registers of 8 to 64 bits: ordered behind earlier stores to memory, and before later loads from it. */
#define RV_MMIO(bits, load, store)							\
static inline void rv_mmio_write##bits(spa_t at, u##bits v)				\
{											\
	__asm__ volatile("fence w, o\n" store " %0, (%1)" : : "r"(v), "r"(at.v) : "memory");	\
}											\
											\
static inline u##bits rv_mmio_read##bits(spa_t at)					\
{											\
	u##bits v;									\
											\
	__asm__ volatile(load " %0, (%1)\nfence i, r" : "=r"(v) : "r"(at.v) : "memory");	\
	return v;									\
}

RV_MMIO(8, "lbu", "sb")
RV_MMIO(16, "lhu", "sh")
RV_MMIO(32, "lw", "sw")
RV_MMIO(64, "ld", "sd")

/*
 * The first word of struct hart: while non-zero, a fault in the TSM continues there instead of ending in a panic.
 * trap/world.S implements it; the functions below (rv_fault.S) are its only users.
 */
/* Fetches 16 bits of a VS-mode instruction at guest virtual @addr with execute permission. False: the fetch faulted. */
bool rv_hlvx_hu(u64 addr, u16 *value);
/* Reads a CSR that may not exist; false when the read trapped. The set of numbers is fixed in rv_fault.S. */
bool rv_csr_exists_stimecmp(void);
bool rv_csr_exists_hgatp(void);
bool rv_csr_exists_hgeie(void);
bool rv_csr_exists_hstateen0(void);
bool rv_csr_exists_hstateen1(void);
bool rv_csr_exists_hstateen2(void);
bool rv_csr_exists_hstateen3(void);
bool rv_csr_exists_fcsr(void);
bool rv_csr_exists_jvt(void);
bool rv_csr_exists_scontext(void);
bool rv_csr_exists_sctrstatus(void);
bool rv_csr_exists_vsiselect(void);
bool rv_csr_exists_vlenb(void);
bool rv_csr_seed(u64 *value);
/* An illegal instruction of VS mode that hedeleg does not give to it arrives in HS mode (rv_probe.S). */
bool rv_illegal_traps(void);
/* cbo.zero on @p (block-aligned): false when it trapped. */
bool rv_cbo_zero_works(void *p);

/* Floating-point and vector registers to and from memory; the caller has enabled FS or VS. */
struct fp_regs;
struct vector_regs;
void rv_fp_save(struct fp_regs *r);
void rv_fp_load(const struct fp_regs *r);
void rv_vector_save(struct vector_regs *r);
void rv_vector_load(const struct vector_regs *r);

#endif
