/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle/play.h"

#include "unit/unit.h"

#include <string.h>

#include "abi/abi.h"
#include "cove/covg.h"
#include "cove/covh.h"
#include "cove/covi.h"
#include "cove/nacl.h"
#include "cove/supd.h"
#include "host/space.h"
#include "oracle/watch.h"
#include "page/page.h"
#include <sbi.h>
#include "tvm/tvm.h"
#include "unit/rig.h"

enum { TVMS = 3, SMALL_PAGES = 240, PART_PAGES = 80 };

#define BASE		(RIG_HOST_BASE + SIZE_2M)
#define LARGE		(BASE + SIZE_2M)		/* two frames of 2 MiB */
#define SHMEM		(BASE + 480 * PAGE_SIZE)
#define PARAMS		(BASE + (500 + rig_hart()->index) * PAGE_SIZE)
#define RAM		0x80200000ULL
#define RAM_SIZE	(3 * SIZE_2M)
#define IMSIC_GPA	0x28000000ULL

bool play_alone = true;

static u64 ids[TVMS];		/* what the host believes */
static struct { u64 id, vcpu; } latest[RIG_HARTS];	/* what a hart has run */

static u32 byte(struct play *p)
{
	if (p->p != p->end)
		return *p->p++;
	return p->seed ? (u32)(unit_random(&p->seed) >> 33) & 255 : 0;
}

static u64 pick(struct play *p, u64 n)
{
	return n > 256 ? (byte(p) << 8 | byte(p)) % n : byte(p) % n;
}

static u64 small_page(struct play *p) { return BASE + pick(p, SMALL_PAGES) * PAGE_SIZE; }
static u64 part(u32 which) { return BASE + which * PART_PAGES * PAGE_SIZE; }

static u64 id_of(u32 which) { return __atomic_load_n(&ids[which], __ATOMIC_RELAXED); }
static void id_set(u32 which, u64 id) { __atomic_store_n(&ids[which], id, __ATOMIC_RELAXED); }

/* Mostly one that the host has made. */
static u64 some_id(struct play *p)
{
	u64 which = pick(p, 8 * TVMS);

	for (u32 i = 0; which >= TVMS && i < TVMS; i++)
		if (id_of((u32)(which + i) % TVMS))
			return id_of((u32)(which + i) % TVMS);
	return id_of((u32)which % TVMS);
}

static u64 some_gpa(struct play *p)
{
	u64 n = pick(p, 64);

	if (n < 56)
		return RAM + n % 14 * PAGE_SIZE;
	return RAM + (1 + n % 2) * SIZE_2M + (n & 4 ? PAGE_SIZE : 0);
}

/* An address or a number that a careless check lets through. */
static u64 odd(struct play *p)
{
	static const u64 values[] = { 0, 1, 2, 3, 255, 256, 511, 512, 0xfff, 0x1001, RIG_RAM_BASE, RIG_HOST_BASE,
				      RIG_HOST_END, RIG_HOST_END - PAGE_SIZE, RIG_FILES + 2 * PAGE_SIZE, 1ULL << 41,
				      (1ULL << 41) - PAGE_SIZE, 1ULL << 63, ~0ULL, ~PAGE_MASK, 1ULL << 18,
				      (1ULL << 18) + 1, RAM, RAM + RAM_SIZE - PAGE_SIZE, IMSIC_GPA };
	u64 i = pick(p, ARRAY_SIZE(values) + 8);

	return i < ARRAY_SIZE(values) ? values[i] : small_page(p) + (i & 1 ? pick(p, 4096) : 0);
}

/* A call that the host makes again as often as it is asked to, or (seldom) does not. */
static struct rig_ret ask(struct play *p, u64 eid, u64 fid, u64 *args, u32 count)
{
	struct rig_ret r = { .error = -1 };

	if (!p->calm && !pick(p, 16))
		args[pick(p, count ? count : 1)] = odd(p);
	if (!p->calm && !pick(p, 16))
		rig_interrupt(true);
	for (u32 i = 0; i < 40; i++) {
		p->calls++;
		if (rig_try(eid, fid, args, count, &r))
			break;
		if (!pick(p, 3))
			rig_interrupt(false);
		if (!pick(p, 16))
			break;
	}
	p->entered += r.entered;
	p->refused += !r.entered && r.error;
	if (!r.error && fid < 32 && (eid == SBI_EXT_COVH || eid == SBI_EXT_COVI))
		p->done[eid == SBI_EXT_COVI][fid]++;
	if (!r.entered)
		rig_interrupt(false);
	return r;
}

#define ASK(p, eid, fid, ...) ({							\
	u64 args_[6] = { __VA_ARGS__ };							\
	ask(p, eid, fid, args_, 6); })
/* In RFC numbering, or the specification's, where a function has one number in both. */
#define ASK_COVH(p, fid, ...)	ASK(p, SBI_EXT_COVH, fid, __VA_ARGS__)

/* A call with no surprises. */
static s64 must(u64 eid, u64 fid, const u64 *args, u32 count)
{
	struct rig_ret r = { 0 };

	for (u32 i = 0; i < 4096; i++)
		if (rig_try(eid, fid, args, count, &r))
			return r.error;
	return -1;
}
#define MUST(eid, fid, ...) ({							\
	const u64 must_[6] = { __VA_ARGS__ };					\
	must(eid, fid, must_, 6); })

static void local_fences(void)
{
	u32 self = rig_hart()->index;

	for (u32 i = 0; play_alone && i < RIG_HARTS; i++) {
		rig_on(i);
		if (!rig_hart()->vcpu)
			MUST(SBI_EXT_COVH, COVH_LOCAL_FENCE);
	}
	rig_on(self);
}

/* The others flush when they come by; not for ever. */
static void fence_together(void)
{
	u32 stamp = epoch_stamp(&host_epoch);

	for (u32 i = 0; i < 50 && !epoch_passed(&host_epoch, stamp); i++) {
		MUST(SBI_EXT_COVH, COVH_GLOBAL_FENCE);
		MUST(SBI_EXT_COVH, COVH_LOCAL_FENCE);
		rv_relax();
	}
}

static void fence_all(void)
{
	if (!play_alone)
		return fence_together();
	local_fences();
	MUST(SBI_EXT_COVH, COVH_GLOBAL_FENCE);
	local_fences();
}

u64 play_build(struct play *p, u32 which, bool with_files)
{
	u64 base = part(which), id, vcpus = 1 + pick(p, 2), at = base + 16 * PAGE_SIZE;
	u64 create[2] = { base, base + 4 * PAGE_SIZE };
	bool calm = p->calm;
	struct cove_tvm_aia_params aia = { .imsic_base_addr = IMSIC_GPA, .hart_index_bits = 2, .group_index_shift = 24 };
	struct rig_ret r;

	assert_true(16 + 2 * vcpu_state_pages() <= 54 && 4 + TVM_STATE_PAGES <= 8);
	if (pick(p, 4)) {
		p->calm = true;
		ASK_COVH(p, COVH_RFC_DESTROY_TVM, id_of(which));
		ASK_COVH(p, COVH_RECLAIM_PAGES, base, PART_PAGES);
	}
	ASK_COVH(p, COVH_CONVERT_PAGES, base, PART_PAGES - 12);
	fence_all();
	memcpy(rig_word(PARAMS), create, sizeof(create));
	r = ASK_COVH(p, COVH_CREATE_TVM, PARAMS, sizeof(create));
	if (r.error) {
		p->calm = calm;
		return 0;
	}
	id = r.value;
	id_set(which, id);
	ASK_COVH(p, COVH_RFC_ADD_PGT_PAGES, id, base + 8 * PAGE_SIZE, 2 + pick(p, 6));
	ASK_COVH(p, COVH_RFC_ADD_MEMORY_REGION, id, RAM, RAM_SIZE);
	memcpy(rig_word(PARAMS), &aia, sizeof(aia));
	if (with_files)
		ASK(p, SBI_EXT_COVI, COVI_INIT_AIA, id, PARAMS, sizeof(aia));
	for (u64 i = 0; i < vcpus; i++, at += vcpu_state_pages() * PAGE_SIZE) {
		ASK_COVH(p, COVH_RFC_CREATE_VCPU, id, i, at);
		if (with_files)
			ASK(p, SBI_EXT_COVI, COVI_SET_CPU_IMSIC_ADDR, id, i, IMSIC_GPA + i * PAGE_SIZE);
	}
	ASK_COVH(p, COVH_RFC_ADD_MEASURED_PAGES, id, base + (PART_PAGES - 4) * PAGE_SIZE, base + 54 * PAGE_SIZE, 0,
		 1 + pick(p, 4), RAM);
	r = ASK_COVH(p, COVH_FINALIZE_TVM, id, RAM, 7, 0);
	p->calm = calm;
	return r.error ? 0 : id;
}

/* A page of memory for a TVM: converted, fenced, added. */
static void add_zero(struct play *p)
{
	bool large = !pick(p, 6);
	u64 page = large ? LARGE + pick(p, 2) * SIZE_2M : small_page(p);
	u64 gpa = large ? RAM + (1 + pick(p, 2)) * SIZE_2M : some_gpa(p);

	if (pick(p, 4)) {
		ASK_COVH(p, COVH_CONVERT_PAGES, page, large ? 512 : 1);
		if (pick(p, 8))
			fence_all();
	}
	ASK_COVH(p, COVH_RFC_ADD_ZERO_PAGES, some_id(p), page, large, 1, gpa);
}

/* The sequence that takes pages from a TVM, whole or in part. */
static void take(struct play *p)
{
	u64 id = some_id(p), gpa = some_gpa(p), size = (1 + pick(p, 3)) * PAGE_SIZE;

	if (!pick(p, 5)) {
		gpa = RAM + (1 + pick(p, 2)) * SIZE_2M;
		size = SIZE_2M;
	}
	if (pick(p, 6))
		ASK_COVH(p, COVH_RFC_INVALIDATE_PAGES, id, gpa, size);
	if (pick(p, 4))
		ASK_COVH(p, COVH_RFC_TVM_FENCE, id);
	switch (pick(p, 6)) {
	case 0:
		ASK_COVH(p, COVH_RFC_PROMOTE_PAGE, id, gpa, 1);
		break;
	case 1:
		ASK_COVH(p, COVH_RFC_DEMOTE_PAGE, id, gpa, 0);
		break;
	case 2:
		ASK_COVH(p, COVH_RFC_VALIDATE_PAGES, id, gpa, size);
		break;
	case 3:
		break;
	default:
		ASK_COVH(p, COVH_RFC_REMOVE_PAGES, id, gpa, size);
	}
}

static u64 area(u64 offset)
{
	return __atomic_load_n(rig_word(rig_hart()->nacl_shmem + offset), __ATOMIC_RELAXED);
}

static void area_set(u64 offset, u64 value)
{
	__atomic_store_n(rig_word(rig_hart()->nacl_shmem + offset), value, __ATOMIC_RELAXED);
}

static void run(struct play *p)
{
	u64 id = some_id(p), vcpu = pick(p, 3) ? 0 : 1;

	/* The host's answers lie where the last exit left them; most of them are "yes". */
	if (rig_hart()->nacl_shmem && pick(p, 4))
		area_set(NACL_GPR_OFFSET(REG_A0), pick(p, 4) ? 0 : odd(p));
	if (!pick(p, 4)) {
		u64 n = 1 + pick(p, 2);

		ASK(p, SBI_EXT_COVI, COVI_CONVERT_IMSIC,
		    RIG_FILES + (rig_hart()->index * RIG_FILE_PAGES + 1 + n) * PAGE_SIZE);
		fence_all();
		ASK(p, SBI_EXT_COVI, COVI_BIND, id, vcpu, BIT(n));
	}
	latest[rig_hart()->index].id = id;
	latest[rig_hart()->index].vcpu = vcpu;
	/* What it does is for the steps to come. */
	if (ASK_COVH(p, COVH_RFC_RUN_VCPU, id, vcpu).entered)
		return;
	latest[rig_hart()->index].id = 0;
	/* It is off, for one: another takes its place. */
	if (!pick(p, 3))
		play_build(p, (u32)pick(p, TVMS), !pick(p, 3));
}

/* A page where the TVM lacks one. */
static void serve_fault(struct play *p, u64 id, u64 gpa)
{
	u64 page = small_page(p);

	if (!pick(p, 3)) {
		ASK_COVH(p, COVH_RFC_ADD_SHARED_PAGES, id, page, 0, 1, gpa);
		return;
	}
	ASK_COVH(p, COVH_CONVERT_PAGES, page, 1);
	fence_all();
	ASK_COVH(p, COVH_RFC_ADD_ZERO_PAGES, id, page, 0, 1, gpa);
}

/* What a TVM shares leaves it, mostly. */
static void serve_share(struct play *p, u64 id, u64 gpa, u64 size)
{
	if (pick(p, 4))
		ASK_COVH(p, COVH_RFC_INVALIDATE_PAGES, id, gpa, size);
	if (pick(p, 4))
		ASK_COVH(p, COVH_RFC_TVM_FENCE, id);
	if (pick(p, 4))
		ASK_COVH(p, COVH_RFC_REMOVE_PAGES, id, gpa, size);
}

/* The host answers the latest exit of this hart and goes on with the vCPU. */
static void react(struct play *p)
{
	u64 id = latest[rig_hart()->index].id, vcpu = latest[rig_hart()->index].vcpu;
	u64 cause = csr_read(CSR_VSCAUSE);

	if (!id)
		return run(p);
	if (rig_hart()->nacl_shmem && (cause == CAUSE_LOAD_GUEST || cause == CAUSE_STORE_GUEST)) {
		serve_fault(p, id, area(NACL_CSR_OFFSET(CSR_HTVAL)) << 2);
	} else if (rig_hart()->nacl_shmem && cause == CAUSE_ECALL_VS) {
		if (area(NACL_GPR_OFFSET(REG_A7)) == SBI_EXT_COVG)
			serve_share(p, id, area(NACL_GPR_OFFSET(REG_A0)), area(NACL_GPR_OFFSET(REG_A1)));
		if (pick(p, 6))
			area_set(NACL_GPR_OFFSET(REG_A0), 0);
	}
	if (!ASK_COVH(p, COVH_RFC_RUN_VCPU, id, vcpu).entered)
		latest[rig_hart()->index].id = 0;
}

/* Leaves of one size for leaves of another, and back. */
static void fold(struct play *p)
{
	u64 id = some_id(p), page = LARGE + pick(p, 2) * SIZE_2M, gpa = RAM + (1 + pick(p, 2)) * SIZE_2M;

	ASK_COVH(p, COVH_CONVERT_PAGES, page, 512);
	fence_all();
	ASK_COVH(p, COVH_RFC_ADD_ZERO_PAGES, id, page, pick(p, 2), 512, gpa);
	ASK_COVH(p, COVH_RFC_ADD_ZERO_PAGES, id, page, 1, 1, gpa);
	for (u32 i = 0; i < 2; i++) {
		ASK_COVH(p, COVH_RFC_INVALIDATE_PAGES, id, gpa, SIZE_2M);
		ASK_COVH(p, COVH_RFC_TVM_FENCE, id);
		ASK_COVH(p, COVH_RFC_PROMOTE_PAGE, id, gpa, 1);
		ASK_COVH(p, COVH_RFC_DEMOTE_PAGE, id, gpa, 0);
	}
}

static void files(struct play *p)
{
	u64 id = some_id(p), vcpu = pick(p, 2), mask = BIT(1 + pick(p, 2));
	u64 file = RIG_FILES + (rig_hart()->index * RIG_FILE_PAGES + 2 + pick(p, 2)) * PAGE_SIZE;

	if (pick(p, 4) && latest[rig_hart()->index].id) {
		id = latest[rig_hart()->index].id;
		vcpu = latest[rig_hart()->index].vcpu;
	}
	switch (pick(p, 8)) {
	case 0:
		ASK(p, SBI_EXT_COVI, COVI_CONVERT_IMSIC, file);
		if (pick(p, 4))
			fence_all();
		return;
	case 1:
		ASK(p, SBI_EXT_COVI, COVI_RECLAIM_IMSIC, file);
		return;
	case 2:
		ASK(p, SBI_EXT_COVI, COVI_BIND, id, vcpu, mask);
		return;
	case 3:
		ASK(p, SBI_EXT_COVI, COVI_UNBIND_BEGIN, id, vcpu);
		ASK_COVH(p, COVH_RFC_TVM_FENCE, id);
		ASK(p, SBI_EXT_COVI, COVI_UNBIND_END, id, vcpu);
		return;
	case 4:
		ASK(p, SBI_EXT_COVI, COVI_CONVERT_IMSIC, file);
		fence_all();
		ASK(p, SBI_EXT_COVI, COVI_REBIND_BEGIN, id, vcpu, mask);
		ASK_COVH(p, COVH_RFC_TVM_FENCE, id);
		if (pick(p, 2))
			return;
		ASK(p, SBI_EXT_COVI, COVI_REBIND_CLONE, id, vcpu);
		ASK(p, SBI_EXT_COVI, COVI_REBIND_END, id, vcpu);
		return;
	case 5:
		ASK(p, SBI_EXT_COVI, COVI_REBIND_CLONE, id, vcpu);
		return;
	case 6:
		ASK(p, SBI_EXT_COVI, COVI_REBIND_END, id, vcpu);
		return;
	case 7:
		ASK(p, SBI_EXT_COVI, COVI_INJECT, id, vcpu, 1 + pick(p, 64));
		return;
	}
}

/* Any function of any extension with any numbers. */
static void wild(struct play *p)
{
	static const u64 eids[] = { SBI_EXT_COVH, SBI_EXT_COVH, SBI_EXT_COVH, SBI_EXT_COVI, SBI_EXT_NACL, SBI_EXT_SUPD,
				    SBI_EXT_COVG, SBI_EXT_BASE };
	u64 args[6], eid = eids[pick(p, ARRAY_SIZE(eids))], fid = pick(p, 24);

	for (u32 i = 0; i < 6; i++)
		args[i] = pick(p, 3) ? odd(p) : small_page(p);
	if (pick(p, 3))
		args[0] = some_id(p);
	/* A GET_INFO of the longer layout changes the numbering for good. */
	if (eid == SBI_EXT_COVH && !fid)
		return;
	if (pick(p, 3) == 0)
		fid |= (u64)SUPD_TSM_DOMAIN << SUPD_SDID_SHIFT;
	ask(p, eid, fid, args, 6);
}

/*
 * The standard extensions. Not those that wait for another hart or end the machine: HSM stop and suspend, and a reset of a kind that
 * exists.
 */
static void standard(struct play *p)
{
	static const struct { u64 eid, fids; } calls[] = {
		{ SBI_EXT_BASE, 8 }, { SBI_EXT_TIME, 2 }, { SBI_EXT_IPI, 2 }, { SBI_EXT_RFENCE, 8 }, { SBI_EXT_DBCN, 4 },
		{ SBI_EXT_DBCN, 2 }, { SBI_EXT_PMU, 8 }, { SBI_EXT_HSM, 4 }, { SBI_EXT_SRST, 2 }, { SBI_EXT_LEGACY_PUTCHAR, 1 },
		{ SBI_EXT_LEGACY_GETCHAR, 1 },
	};
	u64 i = pick(p, ARRAY_SIZE(calls)), eid = calls[i].eid, fid = pick(p, calls[i].fids);
	u64 args[6] = { pick(p, 2) ? odd(p) : pick(p, 16), pick(p, 2) ? odd(p) : pick(p, 16) };

	if (eid == SBI_EXT_HSM)
		fid = fid & 1 ? SBI_HSM_STATUS : SBI_HSM_START;
	if (eid == SBI_EXT_SRST)
		args[0] = SBI_SRST_TYPE_WARM_REBOOT + 1 + pick(p, 200);
	if (eid == SBI_EXT_DBCN && fid < 2)
		args[0] = pick(p, 8) ? pick(p, 4096) : odd(p);
	if (eid == SBI_EXT_DBCN && fid < 2 && pick(p, 4))
		args[1] = small_page(p) + pick(p, 4096);
	if (pick(p, 4))
		args[2] = 0;
	/* Not ask(): another number in an argument could make a reset of it. */
	p->calls++;
	p->refused += rig_call(eid, fid, args, 6).error != 0;
}

static void host_step(struct play *p)
{
	u32 which = (u32)pick(p, TVMS);
	u64 shmem = SHMEM + rig_hart()->index * 3 * PAGE_SIZE;

	switch (pick(p, 56)) {
	case 0:
		ASK_COVH(p, COVH_CONVERT_PAGES, small_page(p), 1 + pick(p, 6));
		return;
	case 1:
		fence_all();
		return;
	case 2:
		ASK_COVH(p, COVH_GLOBAL_FENCE);
		return;
	case 3:
		ASK_COVH(p, COVH_LOCAL_FENCE);
		return;
	case 4:
		ASK_COVH(p, COVH_RECLAIM_PAGES, small_page(p), 1 + pick(p, 6));
		return;
	case 5:
		ASK_COVH(p, COVH_RECLAIM_PAGES, part(which), PART_PAGES);
		return;
	case 6:
		if (!pick(p, 6) && !ASK_COVH(p, COVH_RFC_DESTROY_TVM, id_of(which)).error)
			id_set(which, 0);
		return;
	case 7:
	case 8:
		if (!id_of(which) || !pick(p, 6))
			play_build(p, which, !pick(p, 3));
		return;
	case 9:
		ASK(p, SBI_EXT_NACL, NACL_SET_SHMEM, pick(p, 4) || !play_alone ? shmem : small_page(p));
		return;
	case 10:
		ASK(p, SBI_EXT_NACL, NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE);
		return;
	case 11:
		ASK_COVH(p, COVH_RFC_ADD_PGT_PAGES, id_of(which), small_page(p), 1 + pick(p, 2));
		return;
	case 12:
		ASK_COVH(p, COVH_RFC_ADD_MEMORY_REGION, id_of(which), RAM + RAM_SIZE + pick(p, 4) * PAGE_SIZE, PAGE_SIZE);
		return;
	case 13:
		ASK_COVH(p, COVH_RFC_ADD_MEASURED_PAGES, id_of(which), small_page(p), small_page(p), 0, 1 + pick(p, 3),
			 some_gpa(p));
		return;
	case 14:
		ASK_COVH(p, COVH_RFC_CREATE_VCPU, id_of(which), pick(p, 3), small_page(p));
		return;
	case 15:
		ASK_COVH(p, COVH_FINALIZE_TVM, id_of(which), RAM, 1, 0);
		return;
	case 16:
	case 17:
	case 18:
		add_zero(p);
		return;
	case 19:
	case 20:
		ASK_COVH(p, COVH_RFC_ADD_SHARED_PAGES, some_id(p), small_page(p), 0, 1, RAM + pick(p, 6) * PAGE_SIZE);
		return;
	case 21:
	case 22:
	case 23:
		take(p);
		return;
	case 24:
		fold(p);
		return;
	case 25:
	case 26:
		files(p);
		return;
	case 27:
	case 28:
		wild(p);
		return;
	case 29:
		ASK_COVH(p, COVH_RFC_TVM_FENCE, id_of(which));
		return;
	case 30:
	case 31:
	case 32:
	case 33:
		run(p);
		return;
	case 34:
		standard(p);
		return;
	}
	react(p);
}

/* An ECALL of a TVM, or nonsense. */
static void tvm_ecall(struct play *p)
{
	static const struct { u64 eid, fid; } calls[] = {
		{ SBI_EXT_COVG, COVG_SHARE_MEMORY }, { SBI_EXT_COVG, COVG_SHARE_MEMORY },
		{ SBI_EXT_COVG, COVG_SHARE_MEMORY }, { SBI_EXT_COVG, COVG_SHARE_MEMORY },
		{ SBI_EXT_COVG, COVG_UNSHARE_MEMORY }, { SBI_EXT_COVG, COVG_UNSHARE_MEMORY },
		{ SBI_EXT_COVG, COVG_UNSHARE_MEMORY }, { SBI_EXT_COVG, COVG_ADD_MMIO_REGION },
		{ SBI_EXT_COVG, COVG_REMOVE_MMIO_REGION }, { SBI_EXT_COVG, COVG_ALLOW_EXT_INTERRUPT },
		{ SBI_EXT_COVG, COVG_DENY_EXT_INTERRUPT }, { SBI_EXT_COVG, COVG_READ_MEASUREMENT },
		{ SBI_EXT_COVG, COVG_EXTEND_MEASUREMENT }, { SBI_EXT_COVG, COVG_GET_ATTCAPS },
		{ SBI_EXT_ATST, 0 }, { SBI_EXT_ATST, 2 }, { SBI_EXT_ATST, 3 },
		{ SBI_EXT_DBCN, SBI_DBCN_WRITE }, { SBI_EXT_DBCN, SBI_DBCN_READ },
		{ SBI_EXT_HSM, SBI_HSM_START }, { SBI_EXT_HSM, SBI_HSM_STATUS }, { SBI_EXT_HSM, SBI_HSM_STOP },
		{ SBI_EXT_IPI, SBI_IPI_SEND }, { SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA },
		{ SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I }, { SBI_EXT_TIME, 0 },
		{ SBI_EXT_LEGACY_PUTCHAR, 0 }, { SBI_EXT_BASE, SBI_BASE_PROBE }, { SBI_EXT_PMU, 0 },
		{ SBI_EXT_PMU, 2 }, { SBI_EXT_COVH, 5 }, { SBI_EXT_SRST, 0 },
	};
	u64 i = pick(p, ARRAY_SIZE(calls)), gpa = pick(p, 3) ? some_gpa(p) : odd(p);
	u64 args[6] = { gpa, (1 + pick(p, 3)) * PAGE_SIZE, pick(p, 12) };
	struct rig_ret r;

	switch (calls[i].eid) {
	case SBI_EXT_COVG:
		if (calls[i].fid == COVG_SHARE_MEMORY || calls[i].fid == COVG_UNSHARE_MEMORY) {
			args[0] = RAM + pick(p, 6) * PAGE_SIZE;
			args[1] = (1 + pick(p, 2)) * PAGE_SIZE;
		}
		if (calls[i].fid == COVG_ADD_MMIO_REGION && pick(p, 2))
			args[0] = 0x10000000 + pick(p, 4) * PAGE_SIZE;
		if (calls[i].fid == COVG_ALLOW_EXT_INTERRUPT)
			args[0] = pick(p, 2) ? ~0ULL : pick(p, 70);
		if (calls[i].fid == COVG_EXTEND_MEASUREMENT)
			args[1] = 48;
		break;
	case SBI_EXT_DBCN:
		args[0] = pick(p, 40);
		args[1] = gpa + 4080;
		args[2] = 0;
		break;
	case SBI_EXT_HSM:
		args[0] = pick(p, 3);
		args[1] = RAM;
		break;
	case SBI_EXT_IPI:
	case SBI_EXT_RFENCE:
		args[0] = pick(p, 8);
		args[1] = pick(p, 2) ? 0 : ~0ULL;
		break;
	}
	if (!pick(p, 10))
		args[pick(p, 3)] = odd(p);
	if (rig_tvm_ecall(calls[i].eid, pick(p, 24) ? calls[i].fid : pick(p, 256), args, 6, &r))
		p->done[2][calls[i].fid % 32] += calls[i].eid == SBI_EXT_COVG && !rig_world()->gpr[REG_A0];
	else
		p->done[2][calls[i].fid % 32] += calls[i].eid == SBI_EXT_COVG;
}

/* A fault, an interrupt, an instruction that traps; and what stands where the pc is. */
static void tvm_trap(struct play *p)
{
	static const u64 causes[] = { CAUSE_FETCH_GUEST, CAUSE_LOAD_GUEST, CAUSE_LOAD_GUEST, CAUSE_STORE_GUEST,
				      CAUSE_STORE_GUEST, CAUSE_VIRTUAL_INST, CAUSE_IRQ | IRQ_STI,
				      CAUSE_IRQ | IRQ_SSI, CAUSE_IRQ | IRQ_SGEI };
	static u16 code[RIG_HARTS][2];
	u16 *c = code[rig_hart()->index];
	u64 i = pick(p, 32) ? pick(p, ARRAY_SIZE(causes)) : ARRAY_SIZE(causes), gpa = some_gpa(p), stval = pick(p, 4096);
	struct rig_ret r;

	if (!pick(p, 16))
		gpa = odd(p) & ((1ULL << 56) - 1);
	if (!pick(p, 8))
		gpa = 0x10000000 + pick(p, 4) * PAGE_SIZE + pick(p, 16);
	c[0] = (u16)(byte(p) << 8 | byte(p));
	c[1] = (u16)(byte(p) << 8 | byte(p));
	rv_cpu->code = c;
	rv_cpu->code_addr = rig_world()->sepc;
	rv_cpu->code_halves = pick(p, 8) ? 2 : pick(p, 2);
	if (i < ARRAY_SIZE(causes) && causes[i] == CAUSE_VIRTUAL_INST)
		stval = pick(p, 2) ? 0x10500073 : (u32)c[0] | (u32)c[1] << 16;
	rig_trap(i < ARRAY_SIZE(causes) ? causes[i] : pick(p, 32), stval, gpa, &r);
}

void play_begin(struct play *p)
{
	static const u64 vmids[] = { 6, 6, 2, 0 };

	rig_harts_reset();
	hart_features.vmid_max = vmids[pick(p, ARRAY_SIZE(vmids))];
	memset(ids, 0, sizeof(ids));
	memset(latest, 0, sizeof(latest));
	tlb_start();
	watch_all();
	/* RFC numbering for those who name no domain. */
	MUST(SBI_EXT_COVH, COVH_GET_TSM_INFO, PARAMS, 32);
	for (u32 i = 0; i < RIG_HARTS; i++) {
		rig_on(i);
		MUST(SBI_EXT_NACL, NACL_SET_SHMEM, SHMEM + i * 3 * PAGE_SIZE);
	}
	play_build(p, 0, !pick(p, 3));
}

bool play_step(struct play *p)
{
	u64 where = pick(p, 2 * RIG_HARTS);

	if (play_alone && where < RIG_HARTS)
		rig_on((u32)where);
	else if (!play_alone && !rig_hart()->vcpu)
		MUST(SBI_EXT_COVH, COVH_LOCAL_FENCE);
	if (rig_hart()->vcpu) {
		p->traps++;
		if (pick(p, 2))
			tvm_ecall(p);
		else
			tvm_trap(p);
	} else {
		host_step(p);
	}
	return p->seed || p->p != p->end;
}

static void hart_end(u32 index)
{
	struct rig_ret r;

	rig_on(index);
	if (rig_hart()->vcpu)
		rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	rig_interrupt(false);
	MUST(SBI_EXT_NACL, NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE);
}

void play_end(void)
{
	for (u32 i = 0; i < RIG_HARTS; i++)
		hart_end(i);
	rig_on(0);
	fence_all();
	for (u64 hpa = RIG_HOST_BASE; hpa < RIG_HOST_END; hpa += PAGE_SIZE)
		if (rig_state(hpa) == PAGE_TVM_STATE)
			assert_int_equal(MUST(SBI_EXT_COVH, COVH_RFC_DESTROY_TVM, hpa >> PAGE_SHIFT), 0);
	assert_int_equal(MUST(SBI_EXT_COVH, COVH_RECLAIM_PAGES, RIG_HOST_BASE,
			      (RIG_HOST_END - RIG_HOST_BASE) >> PAGE_SHIFT), 0);
	for (u32 i = 0; i < RIG_HARTS; i++) {
		rig_on(i);
		for (u64 f = 2; f <= RIG_GEILEN; f++) {
			pfn_t file = PFN((RIG_FILES >> PAGE_SHIFT) + i * RIG_FILE_PAGES + f);

			MUST(SBI_EXT_COVI, COVI_RECLAIM_IMSIC, pfn_spa(file).v);
			assert_int_equal(page_word(file), page_word_make(PAGE_HOST, 0, 0));
		}
	}
	rig_on(0);
	rig_all_returned();
}
