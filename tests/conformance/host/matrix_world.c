/* SPDX-License-Identifier: BSD-2-Clause */
/* What the calls of the matrix are made on, and a good call for each function. */
#include "matrix.h"

#include "cove/attest.h"

struct world_state w;

#define NR_PAGES 640

static bool map_zero(u64 gpa, u64 n)
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

static bool block_2m(void)
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

static bool raw_create(u64 pages, u64 *id)
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

static void swap_files(void)
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

/* --- good calls --- */

#define ARGS(...)                                                                                  \
	do {                                                                                       \
		const u64 v_[] = { __VA_ARGS__ };                                                  \
		memcpy(c->a, v_, sizeof(v_));                                                      \
	} while (0)
#define GOOD(f, ...)                                                                               \
	static void f(struct call *c)                                                              \
	{                                                                                          \
		ARGS(__VA_ARGS__);                                                                 \
	}
#define AFTER(f)		       static void f(struct call *c, u64 value)
#define FIXTURE(ext, name, g, a, what) const struct fixture fixture_##ext##_##name = { g, a, what };

static void nothing(struct call *c, u64 value)
{
	(void)c;
	(void)value;
}

GOOD(no_args, 0)
GOOD(get_info, w.params,
     numbering == NUMBERING_SPEC ? sizeof(struct cove_tsm_info_spec) : sizeof(struct cove_tsm_info))
FIXTURE(COVH, get_tsm_info, get_info, nothing, 0)

GOOD(convert, w.host, 2)
AFTER(converted)
{
	(void)value;
	covh_reclaim(c->a[0], c->a[1]);
}
FIXTURE(COVH, convert_pages, convert, converted, WITH_SHARED)

AFTER(used_2)
{
	(void)c;
	(void)value;
	w.pages += 2 * PAGE_SIZE;
}
GOOD(reclaim, w.pages, 2)
FIXTURE(COVH, reclaim_pages, reclaim, used_2, 0)

AFTER(fenced)
{
	(void)c;
	(void)value;
	run_on_all(local_fence, 0);
}
FIXTURE(COVH, global_fence, no_args, fenced, 0)
FIXTURE(COVH, local_fence, no_args, nothing, 0)

GOOD(create, w.params, sizeof(struct cove_tvm_create_params), 0, 0, 0, 0, w.converted,
     w.converted + COVE_PGD_SIZE)
AFTER(created)
{
	(void)c;
	covh_destroy(value);
}
FIXTURE(COVH, create_tvm, create, created, 0)

GOOD(finalize, w.ini.id, TVM_GPA, 0, 0)
AFTER(finalized)
{
	(void)value;
	measure_u64(w.ini.entry_mr, TVM_GPA);
	measure_u64(w.ini.entry_mr, 0);
	if (!world_measured(&w.ini) || !ini_rebuild(c->f->fixture->world))
		note("the finalized TVM is not what it should be");
}
FIXTURE(COVH, finalize_tvm, finalize, finalized, 0)
FIXTURE(COVH, promote_to_tvm, no_args, nothing, NEVER_GOOD)

static void destroy(struct call *c)
{
	if (!w.raw && !raw_create(w.converted, &w.raw))
		note("no TVM to destroy");
	ARGS(w.raw);
}
AFTER(destroyed)
{
	(void)c;
	(void)value;
	w.raw = 0;
}
FIXTURE(COVH, destroy_tvm, destroy, destroyed, 0)

GOOD(add_region, w.ini.id, w.region, 2 * PAGE_SIZE)
AFTER(added_region)
{
	(void)c;
	(void)value;
	w.region += 4 * PAGE_SIZE;
}
FIXTURE(COVH, add_tvm_memory_region, add_region, added_region, 0)
GOOD(add_pgt, w.vm.id, w.pages, 2)
FIXTURE(COVH, add_tvm_page_table_pages, add_pgt, used_2, 0)

GOOD(add_measured, w.ini.id, w.host, w.pages, COVE_PAGE_4K, 2, w.gpa)
AFTER(added_measured)
{
	measure_page(w.ini.pages_mr, w.gpa, (void *)w.host);
	measure_page(w.ini.pages_mr, w.gpa + PAGE_SIZE, (void *)(w.host + PAGE_SIZE));
	w.gpa += 2 * PAGE_SIZE;
	used_2(c, value);
}
FIXTURE(COVH, add_tvm_measured_pages, add_measured, added_measured, 0)

GOOD(add_zero, w.vm.id, w.pages, COVE_PAGE_4K, 2, w.gpa)
AFTER(added_zero)
{
	w.gpa += 2 * PAGE_SIZE;
	used_2(c, value);
}
FIXTURE(COVH, add_tvm_zero_pages, add_zero, added_zero, WITH_SHARED)

GOOD(add_shared, w.vm.id, w.host + 6 * PAGE_SIZE, COVE_PAGE_4K, 2, w.sgpa)
AFTER(used_sgpa)
{
	(void)c;
	(void)value;
	w.sgpa += 2 * PAGE_SIZE;
}
FIXTURE(COVH, add_tvm_shared_pages, add_shared, used_sgpa, WITH_SHARED)

GOOD(create_vcpu, w.ini.id, w.vcpu, w.pages)
AFTER(created_vcpu)
{
	(void)c;
	(void)value;
	w.vcpu++;
	w.pages += tsm_info.tvm_vcpu_state_pages * PAGE_SIZE;
}
FIXTURE(COVH, create_tvm_vcpu, create_vcpu, created_vcpu, 0)

/* The program takes a command of three words; the first is the one of this RUN. */
static void run(struct call *c)
{
	tvm_sync(&w.vm, 0);
	shmem_gpr(10) = OP_NOP;
	ARGS(w.vm.id, 0);
}
AFTER(ran)
{
	struct exit e;

	(void)c;
	(void)value;
	for (u32 i = 0; i < 2; i++) {
		shmem_gpr(10) = 0;
		vcpu_resume(&w.vm, 0, &e);
	}
}
FIXTURE(COVH, run_tvm_vcpu, run, ran, 0)
GOOD(fence_tvm, w.vm.id)
FIXTURE(COVH, tvm_fence, fence_tvm, nothing, 0)

GOOD(invalidate, w.vm.id, MAPPED_GPA, 2 * PAGE_SIZE)
AFTER(invalidated)
{
	(void)value;
	covh_validate(w.vm.id, c->a[1], c->a[2]);
}
FIXTURE(COVH, tvm_invalidate_pages, invalidate, invalidated, 0)
GOOD(validate, w.vm.id, BLOCKED_GPA, 2 * PAGE_SIZE)
AFTER(validated)
{
	(void)value;
	covh_invalidate(w.vm.id, c->a[1], c->a[2]);
}
FIXTURE(COVH, tvm_validate_pages, validate, validated, 0)
GOOD(remove, w.vm.id, PENDING_GPA, 2 * PAGE_SIZE)
AFTER(removed)
{
	(void)value;
	if (!map_zero(PENDING_GPA, 2) || covh_invalidate(w.vm.id, c->a[1], c->a[2]).error ||
	    covh_tvm_fence(w.vm.id).error)
		note("other pages can not take the place of those that were removed");
}
FIXTURE(COVH, tvm_remove_pages, remove, removed, WITH_PENDING)

#define TO_4K 0
#define TO_2M 1

/* Each undoes the other. */
static void fold(enum covh_fn fn, u64 type)
{
	if (!block_2m() || covh_call(fn, w.vm.id, FOLD_GPA, type, 0, 0, 0).error || !block_2m())
		note("a page's size can not be changed back");
}
GOOD(promote, w.vm.id, FOLD_GPA, TO_2M)
AFTER(promoted)
{
	nothing(c, value);
	fold(FN_DEMOTE_PAGE, TO_4K);
}
FIXTURE(COVH, promote_page, promote, promoted, WITH_FOLD)
static void demote(struct call *c)
{
	/* Once, at the first call: leaves of 4 KiB are what the world begins with. */
	if (!w.folded && !covh_call(FN_PROMOTE_PAGE, w.vm.id, FOLD_GPA, TO_2M, 0, 0, 0).error)
		w.folded = block_2m();
	ARGS(w.vm.id, FOLD_GPA, TO_4K);
}
AFTER(demoted)
{
	nothing(c, value);
	fold(FN_PROMOTE_PAGE, TO_2M);
}
FIXTURE(COVH, demote_page, demote, demoted, WITH_FOLD)

GOOD(init_aia, w.ini.id, w.params, 32, 0, 0, 0, TVM_IMSIC_GPA, 0, 24, TVM_IMSIC_HART_BITS, 0, 0)
AFTER(fresh)
{
	(void)value;
	if (!ini_rebuild(c->f->fixture->world))
		note("the TVM can not be made anew");
}
FIXTURE(COVI, init_tvm_aia, init_aia, fresh, WITH_AIA)
GOOD(set_addr, w.ini.id, 0, TVM_FILE(1))
FIXTURE(COVI, set_tvm_aia_cpu_imsic_addr, set_addr, fresh, WITH_AIA | INI_AIA)
GOOD(convert_file, file_page(0, 3))
AFTER(converted_file)
{
	(void)value;
	covi_call(COVI_RECLAIM_IMSIC, c->a[0], 0, 0);
}
FIXTURE(COVI, convert_aia_imsic, convert_file, converted_file, WITH_AIA)
GOOD(reclaim_file, file_page(0, 3 - w.file))
AFTER(reclaimed_file)
{
	(void)c;
	(void)value;
	aia_convert(0, 3 - w.file);
}
FIXTURE(COVI, reclaim_tvm_aia_imsic, reclaim_file, reclaimed_file, WITH_AIA)

#define BINDING(g, state, a, ...)                                                                  \
	static void g(struct call *c)                                                              \
	{                                                                                          \
		drive(state);                                                                      \
		ARGS(w.vm.id, 0, ##__VA_ARGS__);                                                   \
	}                                                                                          \
	static void a(struct call *c, u64 value)
BINDING(bind, UNBOUND, bound, BIT(w.file))
{
	(void)c;
	(void)value;
	w.at = BOUND;
}
FIXTURE(COVI, bind_aia_imsic, bind, bound, WITH_AIA)
BINDING(unbind_begin, BOUND, unbind_began)
{
	(void)c;
	(void)value;
	w.at = UNBINDING_OPEN;
}
FIXTURE(COVI, unbind_aia_imsic_begin, unbind_begin, unbind_began, WITH_AIA)
BINDING(unbind_end, UNBINDING, unbound)
{
	(void)c;
	(void)value;
	w.at = UNBOUND;
}
FIXTURE(COVI, unbind_aia_imsic_end, unbind_end, unbound, WITH_AIA)
BINDING(inject, BOUND, injected, 5)
{
	nothing(c, value);
}
FIXTURE(COVI, inject_tvm_cpu, inject, injected, WITH_AIA)
BINDING(rebind_begin, BOUND, rebind_began, BIT(3 - w.file))
{
	(void)c;
	(void)value;
	w.at = REBINDING_OPEN;
}
FIXTURE(COVI, rebind_aia_imsic_begin, rebind_begin, rebind_began, WITH_AIA)
BINDING(rebind_clone, REBINDING, rebind_cloned)
{
	(void)c;
	(void)value;
	w.at = CLONED;
}
FIXTURE(COVI, rebind_aia_imsic_clone, rebind_clone, rebind_cloned, WITH_AIA)
BINDING(rebind_end, CLONED, rebound)
{
	(void)c;
	(void)value;
	w.at = BOUND;
	swap_files();
}
FIXTURE(COVI, rebind_aia_imsic_end, rebind_end, rebound, WITH_AIA)

FIXTURE(NACL, probe_feature, no_args, nothing, 0)
/* The area that the hart has already. */
GOOD(set_shmem, this_hart()->shmem)
FIXTURE(NACL, set_shmem, set_shmem, nothing, 0)
FIXTURE(NACL, sync_csr, no_args, nothing, NEVER_GOOD)
FIXTURE(NACL, sync_hfence, no_args, nothing, NEVER_GOOD)
FIXTURE(NACL, sync_sret, no_args, nothing, NEVER_GOOD)
FIXTURE(SUPD, get_active_domains, no_args, nothing, 0)

#define TVM_WORLD (WITH_AIA | WITH_SHARED | WITH_MMIO)
GOOD(add_mmio, w.region, 2 * PAGE_SIZE)
FIXTURE(COVG, add_mmio_region, add_mmio, added_region, TVM_WORLD)
GOOD(remove_mmio, TVM_MMIO_GPA, 2 * PAGE_SIZE)
AFTER(removed_mmio)
{
	(void)value;
	tvm_declare_mmio(&w.vm, 0, c->a[0], c->a[1]);
}
FIXTURE(COVG, remove_mmio_region, remove_mmio, removed_mmio, TVM_WORLD)
GOOD(share_region, w.gpa, 2 * PAGE_SIZE)
AFTER(used_gpa)
{
	(void)c;
	(void)value;
	w.gpa += 2 * PAGE_SIZE;
}
FIXTURE(COVG, share_memory_region, share_region, used_gpa, TVM_WORLD)
GOOD(unshare_region, w.sgpa, 2 * PAGE_SIZE)
FIXTURE(COVG, unshare_memory_region, unshare_region, used_sgpa, TVM_WORLD)
GOOD(interrupt, 5)
FIXTURE(COVG, allow_external_interrupt, interrupt, nothing, TVM_WORLD)
FIXTURE(COVG, deny_external_interrupt, interrupt, nothing, TVM_WORLD)
GOOD(get_attcaps, MAPPED_GPA, 2 * PAGE_SIZE)
FIXTURE(COVG, get_attcaps, get_attcaps, nothing, TVM_WORLD)
GOOD(extend, MAPPED_GPA, COVE_MR_SIZE, COVE_MR_INITIAL_COUNT)
FIXTURE(COVG, extend_measurement, extend, nothing, TVM_WORLD)
/* An Ed25519 key in COSE, the challenge as it is. */
static void get_evidence(struct call *c)
{
	static const u64 key[] = { 0x20582106200101a3, 1, 2, 3, 4 };

	ARGS(MAPPED_GPA, sizeof(key), MAPPED_GPA, COVE_CERT_CBOR, MAPPED_GPA, 2 * PAGE_SIZE);
	for (u32 i = 0; i < ARRAY_SIZE(key); i++)
		tvm_poke(&w.vm, 0, MAPPED_GPA + 8 * i, key[i]);
}
FIXTURE(COVG, get_evidence, get_evidence, nothing, TVM_WORLD)
GOOD(retrieve_secret, MAPPED_GPA, PAGE_SIZE)
FIXTURE(COVG, retrieve_secret, retrieve_secret, nothing, TVM_WORLD | NEVER_GOOD)
GOOD(read_mr, MAPPED_GPA, 2 * PAGE_SIZE, COVE_MR_TVM_PAGES)
FIXTURE(COVG, read_measurement, read_mr, nothing, TVM_WORLD)

/* Salus's: by PCR; the first that a TVM may extend is 17, 2 is that of the pages. */
GOOD(get_capabilities, MAPPED_GPA + 8, sizeof(struct atst_capabilities))
FIXTURE(ATST, get_capabilities, get_capabilities, nothing, TVM_WORLD)
/* A PKCS #10 request of 157 bytes, signed by the first key of RFC 8032, 7.1. */
static void atst_evidence(struct call *c)
{
	static const u64 csr[] = {
		0x0001024e309a8130, 0x0306173019311b30, 0x672061100c030455, 0x20666f2074736575, 0x302a3073756c6153,
		0x210370652b030605, 0x0ab18201985ad700, 0x0764c9d3fe4bd5b7, 0x23a6daf372e10e3a, 0x5107f7681a02af25,
		0x2b0306053000a01a, 0x148e220041037065, 0x719ba6eed52dbd23, 0x20f35b154e28a458, 0x20ba77bfdc70bef4,
		0xc8ba2f9463c25ade, 0xca6def50921c8a12, 0x02b2d33971499002, 0xfc75103907bdf2ff, 0x00000000d99cd2e1,
	};

	ARGS(MAPPED_GPA, 157, MAPPED_GPA, 0, MAPPED_GPA, 2 * PAGE_SIZE);
	for (u32 i = 0; i < ARRAY_SIZE(csr); i++)
		tvm_poke(&w.vm, 0, MAPPED_GPA + 8 * i, csr[i]);
}
FIXTURE(ATST, get_evidence, atst_evidence, nothing, TVM_WORLD)
GOOD(atst_extend, MAPPED_GPA + 8, COVE_MR_SIZE, 17)
FIXTURE(ATST, extend_measurement, atst_extend, nothing, TVM_WORLD)
GOOD(atst_read, MAPPED_GPA + 8, 2 * PAGE_SIZE, 2)
FIXTURE(ATST, read_measurement, atst_read, nothing, TVM_WORLD)
