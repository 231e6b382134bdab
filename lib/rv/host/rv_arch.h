/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host-native twin of lib/rv/target/rv_arch.h: the same names, for tests on the build machine.
 * A hart is a struct rv_cpu; the thread's current one is rv_cpu. CSRs are words, fences and firmware calls are counted, physical memory is one array.
 */
#ifndef RV_ARCH_H
#define RV_ARCH_H

#include <sched.h>
#include "base/types.h"
#include "rv/csr.h"

struct sbiret {
	s64 error;
	s64 value;
};

enum { RV_HOST_MAX_VLENB = 256, RV_HOST_FILES = 8 };

struct rv_cpu {
	u64 csr[4096];
	void *tp;

	u64 hfence_gvma_all;		/* how often each fence was executed */
	u64 hfence_gvma_vmid;
	u64 hfence_vvma_all;
	u64 fence_i;
	u64 sfence_vma;
	u64 sctrclr;
	u64 last_vmid;			/* of the latest hfence_gvma_vmid */

	u64 sbi_calls;
	u64 sbi_ext, sbi_fid, sbi_arg[5];	/* the latest */
	struct sbiret sbi_ret;			/* the answer to the next */

	u64 f[32];
	u8 v[32 * RV_HOST_MAX_VLENB];
	u64 vlenb;

	u64 file[RV_HOST_FILES][256];	/* registers of the guest interrupt files, by vsiselect */
	bool seed_works;		/* Zkr: seed reads as 0x80001234 */
	u64 relax_ticks;		/* by which the time advances while one waits */

	u64 code_addr;			/* what rv_hlvx_hu() finds in guest memory */
	u64 code_halves;
	const u16 *code;
};

extern __thread struct rv_cpu *rv_cpu;

/* Physical memory: [rv_ram_base, rv_ram_base + rv_ram_size). An access outside ends the test. */
extern char *rv_ram;
extern u64 rv_ram_base, rv_ram_size;
void rv_ram_create(u64 base, u64 size);
void rv_bad_address(u64 spa);

/* Fences, for who wants to know what they leave in the hart's caches. NULL: nobody. */
enum rv_fence_kind { RV_FENCE_GVMA_ALL, RV_FENCE_GVMA_VMID, RV_FENCE_VVMA_ALL, RV_FENCE_I };
extern void (*rv_on_fence)(enum rv_fence_kind kind, u64 vmid);

/* Words without side effects, but that vsireg is a register of the file that hstatus.VGEIN and vsiselect name. */
static inline u64 *rv_csr(u32 num)
{
	if (num == CSR_VSIREG)
		return &rv_cpu->file[rv_cpu->csr[CSR_HSTATUS] >> HSTATUS_VGEIN_SHIFT & (RV_HOST_FILES - 1)]
				    [rv_cpu->csr[CSR_VSISELECT] & 255];
	return &rv_cpu->csr[num];
}

#define csr_read(num)		(*rv_csr(num))
#define csr_write(num, val)	((void)(*rv_csr(num) = (val)))
#define csr_set(num, val)	((void)(*rv_csr(num) |= (val)))
#define csr_clear(num, val)	((void)(*rv_csr(num) &= ~(u64)(val)))
#define csr_swap(num, val) ({				\
	u64 old_ = *rv_csr(num);			\
	*rv_csr(num) = (val);				\
	old_; })

#define rv_opaque(val)			(val)
#define rv_load(p)			__atomic_load_n(p, __ATOMIC_RELAXED)
#define rv_store(p, val)		__atomic_store_n(p, val, __ATOMIC_RELAXED)
#define rv_store_release(p, val)	__atomic_store_n(p, val, __ATOMIC_RELEASE)

static inline bool rv_cas64(u64 *p, u64 old, u64 new)
{
	return __atomic_compare_exchange_n(p, &old, new, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

bool rv_cas32(u32 *p, u32 old, u32 new);

static inline u64 rv_add_release(u64 *p, u64 n)
{
	return __atomic_fetch_add(p, n, __ATOMIC_RELEASE);
}

static inline u64 rv_hpmcounter(u32 i) { return rv_cpu->csr[CSR_CYCLE + i]; }
struct sbiret sbi_call(u64 ext, u64 fid, u64 arg0, u64 arg1, u64 arg2, u64 arg3, u64 arg4);

static inline void *spa_ptr(spa_t a)
{
	if (a.v - rv_ram_base >= rv_ram_size)
		rv_bad_address(a.v);
	return rv_ram + (a.v - rv_ram_base);
}

static inline spa_t ptr_spa(const void *p)
{
	return SPA((u64)((const char *)p - rv_ram) + rv_ram_base);
}

static inline void *rv_tp(void) { return rv_cpu->tp; }
static inline void rv_set_tp(void *p) { rv_cpu->tp = p; }
static inline void rv_wfi(void) { }
static inline void rv_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void rv_fence_done(enum rv_fence_kind kind, u64 vmid)
{
	if (rv_on_fence)
		rv_on_fence(kind, vmid);
}
static inline void rv_fence_i(void) { rv_cpu->fence_i++; rv_fence_done(RV_FENCE_I, 0); }
static inline void rv_sctrclr(void) { rv_cpu->sctrclr++; }
static inline void rv_sfence_vma(void) { rv_cpu->sfence_vma++; }
static inline void rv_hfence_gvma_all(void) { rv_cpu->hfence_gvma_all++; rv_fence_done(RV_FENCE_GVMA_ALL, 0); }
static inline void rv_hfence_vvma_all(void) { rv_cpu->hfence_vvma_all++; rv_fence_done(RV_FENCE_VVMA_ALL, 0); }

static inline void rv_hfence_gvma_vmid(u64 vmid)
{
	rv_cpu->hfence_gvma_vmid++;
	rv_cpu->last_vmid = vmid;
	rv_fence_done(RV_FENCE_GVMA_VMID, vmid);
}

/* Lets the thread run that this one waits for; time passes. */
static inline void rv_relax(void)
{
	if (rv_cpu)
		rv_cpu->csr[CSR_TIME] += rv_cpu->relax_ticks ? rv_cpu->relax_ticks : 100;
	sched_yield();
}

void rv_zero(char *p, u64 size);
void rv_cbo_zero(char *p, u64 size, u64 block);
/* Device registers: a test's model answers, @bytes wide; without one, loads give 0. A store has *value. */
extern void (*rv_mmio_model)(u64 spa, u32 bytes, bool store, u64 *value);
void rv_mmio_write8(spa_t at, u8 v);
void rv_mmio_write16(spa_t at, u16 v);
void rv_mmio_write32(spa_t at, u32 v);
void rv_mmio_write64(spa_t at, u64 v);
u8 rv_mmio_read8(spa_t at);
u16 rv_mmio_read16(spa_t at);
u32 rv_mmio_read32(spa_t at);
u64 rv_mmio_read64(spa_t at);
bool rv_hlvx_hu(u64 addr, u16 *value);
bool rv_csr_seed(u64 *value);

struct fp_regs;
struct vector_regs;
void rv_fp_save(struct fp_regs *r);
void rv_fp_load(const struct fp_regs *r);
void rv_vector_save(struct vector_regs *r);
void rv_vector_load(const struct vector_regs *r);

#endif
