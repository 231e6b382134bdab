/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rv/world.h"
#include "rv_arch.h"

__thread struct rv_cpu *rv_cpu;
void (*rv_on_fence)(enum rv_fence_kind kind, u64 vmid);
char *rv_ram;
u64 rv_ram_base, rv_ram_size;

void rv_ram_create(u64 base, u64 size)
{
	rv_ram = aligned_alloc(PAGE_SIZE, size);
	if (!rv_ram)
		abort();
	memset(rv_ram, 0, size);
	rv_ram_base = base;
	rv_ram_size = size;
}

void rv_bad_address(u64 spa)
{
	fprintf(stderr, "physical address %llx is outside of the test's memory\n",
		(unsigned long long)spa);
	abort();
}

struct sbiret sbi_call(u64 ext, u64 fid, u64 arg0, u64 arg1, u64 arg2, u64 arg3, u64 arg4)
{
	const u64 args[] = { arg0, arg1, arg2, arg3, arg4 };

	rv_cpu->sbi_calls++;
	rv_cpu->sbi_ext = ext;
	rv_cpu->sbi_fid = fid;
	memcpy(rv_cpu->sbi_arg, args, sizeof(args));
	return rv_cpu->sbi_ret;
}

/* Word by word, as on the target: a table may be zeroed while a walker without a lock is in it. */
void rv_zero(char *p, u64 size)
{
	for (u64 i = 0; i < size / 8; i++)
		__atomic_store_n((u64 *)p + i, 0, __ATOMIC_RELAXED);
}

void rv_cbo_zero(char *p, u64 size, u64 block)
{
	(void)block;
	memset(p, 0, size);
}

void (*rv_mmio_model)(u64 spa, u32 bytes, bool store, u64 *value);

static u64 mmio(spa_t at, u32 bytes, bool store, u64 value)
{
	if (rv_mmio_model)
		rv_mmio_model(at.v, bytes, store, &value);
	return rv_mmio_model || store ? value : 0;
}

void rv_mmio_write8(spa_t at, u8 v) { mmio(at, 1, true, v); }
void rv_mmio_write16(spa_t at, u16 v) { mmio(at, 2, true, v); }
void rv_mmio_write32(spa_t at, u32 v) { mmio(at, 4, true, v); }
void rv_mmio_write64(spa_t at, u64 v) { mmio(at, 8, true, v); }
u8 rv_mmio_read8(spa_t at) { return (u8)mmio(at, 1, false, 0); }
u16 rv_mmio_read16(spa_t at) { return (u16)mmio(at, 2, false, 0); }
u32 rv_mmio_read32(spa_t at) { return (u32)mmio(at, 4, false, 0); }
u64 rv_mmio_read64(spa_t at) { return mmio(at, 8, false, 0); }

bool rv_csr_seed(u64 *value)
{
	*value = 0x80001234;
	return rv_cpu->seed_works;
}

bool rv_hlvx_hu(u64 addr, u16 *value)
{
	u64 i = (addr - rv_cpu->code_addr) / 2;

	if (addr < rv_cpu->code_addr || i >= rv_cpu->code_halves)
		return false;
	*value = rv_cpu->code[i];
	return true;
}

void rv_fp_save(struct fp_regs *r)
{
	memcpy(r->f, rv_cpu->f, sizeof(r->f));
	r->fcsr = rv_cpu->csr[CSR_FCSR];
}

void rv_fp_load(const struct fp_regs *r)
{
	memcpy(rv_cpu->f, r->f, sizeof(r->f));
	rv_cpu->csr[CSR_FCSR] = r->fcsr;
}

void rv_vector_save(struct vector_regs *r)
{
	r->vstart = rv_cpu->csr[CSR_VSTART];
	r->vcsr = rv_cpu->csr[CSR_VCSR];
	r->vl = rv_cpu->csr[CSR_VL];
	r->vtype = rv_cpu->csr[CSR_VTYPE];
	memcpy(r->v, rv_cpu->v, 32 * rv_cpu->vlenb);
}

void rv_vector_load(const struct vector_regs *r)
{
	rv_cpu->csr[CSR_VSTART] = r->vstart;
	rv_cpu->csr[CSR_VCSR] = r->vcsr;
	rv_cpu->csr[CSR_VL] = r->vl;
	rv_cpu->csr[CSR_VTYPE] = r->vtype;
	memcpy(rv_cpu->v, r->v, 32 * rv_cpu->vlenb);
}

bool rv_cas32(u32 *p, u32 old, u32 new)
{
	return __atomic_compare_exchange_n(p, &old, new, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}
