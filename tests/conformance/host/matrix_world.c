/* SPDX-License-Identifier: BSD-2-Clause */
/* What the calls of the matrix are made on. */
#include "matrix.h"

struct world_state w;

#define NR_PAGES 640

bool map_zero(u64 gpa, u64 n)
{
	bool good = !covh_add_zero(w.vm.id, w.pages, COVE_PAGE_4K, n, gpa).error;

	w.pages += n * PAGE_SIZE;
	return good;
}

/* The TVM asks for a shared range, and is answered when the request is not to stay pending. */
static bool share(u64 gpa, u64 size, bool answer)
{
	u64 args[6] = { gpa, size };
	struct exit e;

	if (!tvm_ecall_begin(&w.vm, 0, SBI_EXT_COVG, COVG_SHARE_MEMORY, args, &e) || e.error ||
	    e.a[7] != SBI_EXT_COVG)
		return false;
	if (!answer)
		return true;
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0;
	return !tvm_ecall_end(&w.vm, 0).error;
}

bool ini_build(u32 what)
{
	w.ini_mark = mem_mark();
	return tvm_outline(&w.ini, 1) &&
	       (!(what & INI_AIA) || !covi_call(COVI_INIT_AIA, w.ini.id, w.params, 32).error);
}

bool ini_rebuild(u32 what)
{
	return tvm_destroy_fast(&w.ini) && !mem_release(w.ini_mark) && ini_build(what);
}

bool block_2m(void)
{
	return !covh_invalidate(w.vm.id, FOLD_GPA, SIZE_2M).error && !covh_tvm_fence(w.vm.id).error;
}

static bool vm_build(u32 what)
{
	static const u32 wait[] = { INSN_NOP };

	if (!tvm_outline(&w.vm, 2) || ((what & WITH_AIA) && !aia_init(&w.vm)) ||
	    !tvm_finalize(&w.vm, 0))
		return false;
	w.at = UNBOUND;
	w.file = 1;
	if (what & WITH_AIA) {
		if (!aia_convert(0, 1) || !aia_convert(0, 2))
			return false;
		drive(BOUND);
	}
	if (!tvm_sync(&w.vm, 0) || !map_zero(MAPPED_GPA, 2) || !map_zero(BLOCKED_GPA, 2) ||
	    covh_invalidate(w.vm.id, BLOCKED_GPA, 2 * PAGE_SIZE).error)
		return false;
	tvm_code(&w.vm, 0, wait, 1);
	if ((what & WITH_AIA) && tvm_covg(&w.vm, 0, COVG_ALLOW_EXT_INTERRUPT, 5, 0).error)
		return false;
	if ((what & WITH_MMIO) && tvm_declare_mmio(&w.vm, 0, TVM_MMIO_GPA, 2 * PAGE_SIZE).error)
		return false;
	if ((what & WITH_SHARED) &&
	    (!share(SHARED_GPA, SHARED_PAGES * PAGE_SIZE, true) ||
	     covh_add_shared(w.vm.id, w.shared, COVE_PAGE_4K, 1, SHARED_GPA).error))
		return false;
	if (what & WITH_FOLD)
		return cove_convert(w.fold, 512) &&
		       !covh_add_zero(w.vm.id, w.fold, COVE_PAGE_4K, 512, FOLD_GPA).error &&
		       block_2m();
	if (what & WITH_PENDING)
		return map_zero(PENDING_GPA, 3) && share(PENDING_GPA, 6 * PAGE_SIZE, false) &&
		       !covh_invalidate(w.vm.id, PENDING_GPA, 2 * PAGE_SIZE).error &&
		       !covh_tvm_fence(w.vm.id).error;
	return true;
}

static void fill(u64 pa, u64 n)
{
	for (u64 at = pa; at < pa + n * PAGE_SIZE; at += 8)
		*(u64 *)at = at * 0x9e3779b97f4a7c15ULL;
}

static const struct cove_tvm_aia_params geometry = {
	.imsic_base_addr = TVM_IMSIC_GPA,
	.group_index_shift = 24,
	.hart_index_bits = TVM_IMSIC_HART_BITS,
};

bool raw_create(u64 pages, u64 *id)
{
	struct cove_tvm_create_params *p = (struct cove_tvm_create_params *)w.params;
	struct sbiret r;

	p->tvm_page_directory_addr = pages;
	p->tvm_state_addr = pages + COVE_PGD_SIZE;
	r = covh_create_tvm(w.params, sizeof(*p));
	*id = (u64)r.value;
	memcpy(p, &geometry, sizeof(geometry));
	return !r.error;
}

bool world_begin(u32 what)
{
	u64 n = ALIGN_UP(COVE_PGD_PAGES + tsm_info.tvm_state_pages, COVE_PGD_PAGES);

	nacl_setup(0);
	memset(&w, 0, sizeof(w));
	w.mark = mem_mark();
	w.host = pages_alloc(8, 4);
	w.spare = pages_alloc(4, 4);
	w.converted = pages_alloc(2 * n, COVE_PGD_PAGES);
	w.mix = pages_alloc(3, 1);
	w.fold = what & WITH_FOLD ? pages_alloc(512, 512) : 0;
	w.params = pages_alloc(1, 1);
	w.shared = pages_alloc(1, 1);
	w.pages = pages_alloc(NR_PAGES, 1);
	/* Never aligned to a larger page by chance */
	w.pages += (w.pages & (SIZE_2M - 1)) ? 0 : PAGE_SIZE;
	w.pages_end = mem_mark();
	w.gpa = FREE_GPA;
	w.sgpa = SHARED_GPA + PAGE_SIZE;
	w.region = REGION_GPA;
	w.vcpu = 1;
	fill(w.host, 8);
	fill(w.mix, 3);
	memset((void *)w.spare, 0, 4 * PAGE_SIZE);
	memset((void *)w.params, 0, PAGE_SIZE);
	memcpy((void *)w.params, &geometry, sizeof(geometry));
	if (covh_convert(w.pages, (w.pages_end - w.pages) / PAGE_SIZE).error ||
	    covh_convert(w.mix + PAGE_SIZE, 1).error || !cove_convert(w.converted, 2 * n))
		return false;
	if (!tvm_build(&w.plain) || !tvm_sync(&w.plain, 0) || !vm_build(what) || !ini_build(what))
		return false;
	return raw_create(w.converted + n * PAGE_SIZE, &w.stale) && !covh_destroy(w.stale).error;
}

bool world_end(void)
{
	bool good = tvm_destroy(&w.ini) && tvm_destroy(&w.plain) && tvm_destroy(&w.vm);

	if (w.raw)
		covh_destroy(w.raw);
	good &= aia_give_back();
	cove_recover(w.mark);
	return good && !mem_release(w.mark);
}

static u64 mix(u64 h, u64 v)
{
	return (h ^ v) * 0x9e3779b97f4a7c15ULL + (h >> 29);
}

static u64 look(u64 h, u64 pa, u64 n)
{
	u64 v;

	for (u64 at = pa; at < pa + n * PAGE_SIZE; at += PAGE_SIZE) {
		bool ours = probe_load64(at, &v) == NO_TRAP;

		h = mix(h, ours);
		for (u64 i = 0; ours && i < PAGE_SIZE; i += 32)
			h = mix(h, *(u64 *)(at + i));
	}
	return h;
}

static u64 look_tvm(u64 h, const struct tvm *t)
{
	h = look(h, t->pgd, 1);
	h = look(h, t->state, 1);
	h = look(h, t->pool, 1);
	h = look(h, t->image, t->image_pages);
	return look(h, t->vcpu[0], 1);
}

u64 world_snapshot(bool area, bool files)
{
	u64 h = look(0, w.host, 8);

	h = look(h, w.spare, 4);
	h = look(h, w.converted, COVE_PGD_PAGES + 1);
	h = look(h, w.mix, 3);
	h = look(h, w.params, 1);
	h = look(h, w.shared, 1);
	h = look(h, w.pages, 4);
	h = look_tvm(look_tvm(h, &w.vm), &w.ini);
	if (area)
		h = look(h, this_hart()->shmem, NACL_SHMEM_PAGES);
	return files ? mix(h, files_snapshot()) : h;
}

static bool register_is(struct tvm *t, u64 index, const u8 want[SHA384_SIZE])
{
	u64 got[SHA384_SIZE / 8];

	if (tvm_ecall(t, 0, SBI_EXT_COVG, COVG_READ_MEASUREMENT, TVM_AREA(3), COVE_MR_SIZE, index)
		    .error)
		return false;
	for (u32 i = 0; i < ARRAY_SIZE(got); i++)
		got[i] = tvm_peek(t, 0, TVM_AREA(3) + 8 * i);
	return !memcmp(got, want, SHA384_SIZE);
}

bool world_measured(struct tvm *t)
{
	return tvm_sync(t, 0) && register_is(t, COVE_MR_TVM_PAGES, t->pages_mr) &&
	       register_is(t, COVE_MR_TVM_ENTRY, t->entry_mr);
}

/* --- the interrupt file of vCPU 0 --- */

static void step(u64 fid, u64 arg, enum bind_state to)
{
	struct sbiret r = covi_call(fid, w.vm.id, 0, arg);

	if (r.error)
		note("COVI function %lu: error %ld on the way", fid, r.error);
	w.at = to;
}

static void tvm_fence(enum bind_state to)
{
	if (covh_tvm_fence(w.vm.id).error)
		note("TVM_FENCE fails on the way");
	w.at = to;
}

void swap_files(void)
{
	w.file = 3 - w.file;
}

/* To where the vCPU is bound, or is not. */
static void settle(void)
{
	if (w.at == UNBINDING_OPEN)
		tvm_fence(UNBINDING);
	if (w.at == UNBINDING)
		step(COVI_UNBIND_END, 0, UNBOUND);
	if (w.at == REBINDING_OPEN)
		tvm_fence(REBINDING);
	if (w.at == REBINDING)
		step(COVI_REBIND_CLONE, 0, CLONED);
	if (w.at == CLONED) {
		step(COVI_REBIND_END, 0, BOUND);
		swap_files();
	}
}

void drive(enum bind_state to)
{
	if (w.at == to)
		return;
	settle();
	if (w.at == UNBOUND && to != UNBOUND)
		step(COVI_BIND, BIT(w.file), BOUND);
	switch (to) {
	case UNBOUND:
		if (w.at == BOUND) {
			step(COVI_UNBIND_BEGIN, 0, UNBINDING_OPEN);
			settle();
		}
		return;
	case BOUND: return;
	case UNBINDING_OPEN:
	case UNBINDING:
		step(COVI_UNBIND_BEGIN, 0, UNBINDING_OPEN);
		if (to == UNBINDING)
			tvm_fence(UNBINDING);
		return;
	case REBINDING_OPEN:
	case REBINDING:
	case CLONED:
		step(COVI_REBIND_BEGIN, BIT(3 - w.file), REBINDING_OPEN);
		if (to != REBINDING_OPEN)
			tvm_fence(REBINDING);
		if (to == CLONED)
			step(COVI_REBIND_CLONE, 0, CLONED);
	}
}
