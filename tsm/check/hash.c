/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a refused call must leave as it was. Left out, each with its reason:
 *
 *   a0, a1, sepc of the caller			the answer itself
 *   locks					tickets count on; that they are free is checked elsewhere
 *   CONVERTING whose fence is complete		the same as CONVERTED: the first who looks writes it down
 *   the mark and the content of CONVERTED	a scrub that has been done stays done
 *   which pages of a TVM are pool, retired,	retired pages join the pool when a call asks for pages, and a page
 *     or hold spare region descriptors		of descriptors stays where a refused COVI init took it; their sum counts
 *   a TVM's epoch while no vCPU is inside	the fence that retired pages wait for is free then
 *   epoch.passed				a cache
 *   hstatus.VGEIN of a vCPU			every RUN computes it anew
 *   the record of a long call that is over	it is not active
 *   a TVM's data beyond its first 64 pages	time
 */
#include "check/check.h"
#include "rv_arch.h"

#define DATA_PAGES	64

static void mix(u64 *h, u64 x)
{
	*h = (*h ^ x) * 0x9fb21c651e98df25ULL;
	*h ^= *h >> 28;
}

/* All that is hashed is a multiple of 8 bytes long. */
static void mix_bytes(u64 *h, const void *from, const void *to)
{
	u64 x;

	for (const char *p = from; p < (const char *)to; p += sizeof(x)) {
		__builtin_memcpy(&x, p, sizeof(x));
		mix(h, x);
	}
}

#define MIX(h, x)	mix_bytes(h, &(x), &(x) + 1)

static void mix_frame(u64 *h, u64 frame)
{
	const char *p = spa_ptr(SPA(frame << PAGE_SHIFT));

	mix_bytes(h, p, p + PAGE_SIZE);
}

/* The oldest epoch of the host that a hart may still use. */
static u64 host_oldest(void)
{
	u64 min = host_epoch.current;

	for (u32 i = 0; i < hart_count; i++)
		if (host_epoch_slots[i].active && host_epoch_slots[i].version < min)
			min = host_epoch_slots[i].version;
	return min;
}

static u64 plain_word(u64 word, u64 oldest)
{
	u64 age = (u32)((u32)host_epoch.current - w_info(word));

	if (w_state(word) == W_CONVERTING && host_epoch.current - age < oldest)
		return W_CONVERTED;
	return w_state(word) == W_CONVERTED ? word & ~(0xffffffffULL << 32) : word;
}

static void hash_tables(u64 *h, u64 root, u64 contents)
{
	struct check_walk w;
	struct check_entry e;

	check_walk_begin(&w, root);
	while (check_walk_next(&w, &e)) {
		mix(h, e.gpa | e.level);
		mix(h, e.pte);
		if (e_is_table(e.pte) || !(e.pte & E_X) || e.pte & E_IN_FLIGHT)
			continue;
		for (u64 i = 0; i < e_frames(e.level) && contents; i++, contents--)
			mix_frame(h, e_tvm_frame(e.pte) + i);
	}
}

static u64 length(u64 frame, bool retired)
{
	u64 n = 0;

	for (; frame; n++) {
		u64 word = *(const u64 *)spa_ptr(SPA(frame << PAGE_SHIFT));

		frame = retired ? e_tvm_frame(word) : word;
	}
	return n;
}

/* The general registers and what follows them, up to hstatus; without the answer in the caller's. */
static void hash_gprs(u64 *h, const struct world *w, bool caller)
{
	mix_bytes(h, &w->gpr[0], &w->gpr[REG_A0]);
	if (!caller)
		mix_bytes(h, &w->gpr[REG_A0], &w->gpr[REG_A2]);
	mix_bytes(h, &w->gpr[REG_A2], &w->sepc);
	if (!caller)
		mix(h, w->sepc);
	mix(h, w->sstatus);
}

static void hash_vcpu(u64 *h, const struct vcpu *v, const struct world *caller)
{
	const char *end = (const char *)v + check_vcpu_frames() * PAGE_SIZE;

	hash_gprs(h, &v->world, caller == &v->world);
	mix_bytes(h, &v->world.hstatus + 1, &v->irq.lock);
	mix_bytes(h, &v->irq.lock + 1, end);
}

static void hash_tvm(u64 *h, const struct tvm *t, const struct world *caller)
{
	bool inside = false;

	mix(h, t->id);
	mix(h, t->state | (u64)t->builders << 32);
	if (t->sweep.active) {
		mix(h, t->sweep.call.pfn.v ^ (u64)t->sweep.call.kind << 48 ^ (u64)t->sweep.phase << 56);
		mix(h, t->sweep.done);
	}
	mix(h, t->removing.count);
	mix(h, t->code_version);
	mix(h, t->gstage.root.v);
	mix(h, t->gstage.pool_count + length(t->gstage.retired.v, true) + length(t->region_pages.v, false));
	for (const struct region *r = t->regions.first[0]; r; r = r->next[0]) {
		mix(h, r->base);
		mix(h, r->size);
		mix(h, r->type);
	}
	mix(h, t->htimedelta);
	MIX(h, t->measurement.reg);
	MIX(h, t->aia);
	MIX(h, t->identity);
	MIX(h, t->slots);
	MIX(h, t->vcpu_pfn);
	for (u32 i = 0; i < TVM_MAX_VCPUS; i++) {
		inside |= t->slots[i].active;
		if (t->vcpu_pfn[i])
			hash_vcpu(h, spa_ptr(SPA((u64)t->vcpu_pfn[i] << PAGE_SHIFT)), caller);
	}
	if (inside)
		mix(h, t->epoch.current);
	hash_tables(h, t->gstage.root.v, DATA_PAGES);
}

static void hash_words(u64 *h, const struct page_bank *b, const struct world *caller)
{
	u64 oldest = host_oldest();
	const struct tvm *t;

	for (u64 i = 0; i < b->count; i++) {
		u64 word;

		i += check_plain(&b->words[i], b->count - i);
		word = i < b->count ? b->words[i] : W_TSM;
		if (word == W_TSM)
			continue;
		mix(h, plain_word(word, oldest) ^ i << 40);
		if (w_state(word) != W_STATE || w_owner(word) != b->first + i)
			continue;
		t = spa_ptr(SPA((b->first + i) << PAGE_SHIFT));
		/* One that is being taken apart has tables which name frames that have gone. */
		if (t->state != TVM_DYING)
			hash_tvm(h, t, caller);
	}
}

u64 check_paused(void)
{
	const struct page_bank *b;
	const struct sweep *s;
	u64 n = 0;

	for (u32 i = 0; (s = sweep_host_at(i)) != NULL; i++)
		n += s->active;
	for (u32 k = 0; (b = check_bank(k)) != NULL; k++)
		for (u64 i = check_plain(b->words, b->count); i < b->count; i += 1 + check_plain(&b->words[i + 1], b->count - i - 1))
			if (w_state(b->words[i]) == W_STATE && w_owner(b->words[i]) == b->first + i)
				n += ((const struct tvm *)spa_ptr(SPA((b->first + i) << PAGE_SHIFT)))->sweep.active;
	return n;
}

static void hash_hart(u64 *h, const struct hart *hart, const struct world *caller)
{
	mix_bytes(h, hart, &hart->host);
	hash_gprs(h, &hart->host, caller == &hart->host);
	mix_bytes(h, &hart->host.hstatus, hart + 1);
}

u64 check_hash(const struct world *caller)
{
	u64 h = 0;

	for (u32 i = 0; check_bank(i); i++)
		hash_words(&h, check_bank(i), caller);
	hash_tables(&h, check_root(), 0);
	mix(&h, host_epoch.current);
	for (u32 i = 0; i < hart_count; i++) {
		MIX(&h, host_epoch_slots[i]);
		hash_hart(&h, harts[i], caller);
	}
	return h;
}
