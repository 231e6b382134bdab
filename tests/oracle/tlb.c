/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hart's caches at their worst. Whatever the G-stage tables in hgatp say while a hart is in VS mode, it has cached, leaves
 * and tables, under the VMID in hgatp; whatever VS-stage translations its vCPU had, it has cached under that VMID; whatever
 * is executable, it has fetched. Only a fence takes anything out; what the tables say at that moment is cached again at once.
 */
#include "oracle/watch.h"

#include <stdlib.h>
#include <string.h>

#include "check/check.h"
#include "check/format.h"
#include "rv_arch.h"
#include "unit/rig.h"

enum { MAX_VMIDS = 8, SLOTS = 1 << 16 };

/* A cached step of a walk: a leaf (4 KiB of it) or a table. */
struct cached {
	u64 gpa;
	u64 frame;
	u32 vmid;
	bool table;
};

struct hart_caches {
	/* Host address to frame is one to one: the host's leaves are a flag a frame, by the tag they have. */
	u8 host[RIG_RAM_SIZE / PAGE_SIZE + RIG_HARTS * RIG_FILE_PAGES];
	struct cached *list;
	u32 count;
	u32 *hash;			/* index + 1 in list */
	u64 vs_owner[MAX_VMIDS];	/* whose VS-stage translations are cached under the tag: 0 nobody's */
	u64 fetched[RIG_RAM_SIZE / PAGE_SIZE];		/* whose content the instruction cache has of a frame, + 1; 0: nothing */
};

static struct hart_caches caches[RIG_HARTS];
u32 tlb_deaf;
static u64 fences;		/* that were executed so far */

static u8 host_map[RIG_RAM_SIZE / PAGE_SIZE + RIG_HARTS * RIG_FILE_PAGES];	/* what the host's tables say: E_X, E_R ... */

static u32 hash_of(const struct cached *x)
{
	u64 h = (x->gpa >> PAGE_SHIFT ^ x->frame << 20 ^ (u64)x->vmid << 50 ^ x->table) * 0x9e3779b97f4a7c15ULL;

	return (u32)(h >> 48);
}

/* The place of an equal one, or of nothing. */
static u32 *find(struct hart_caches *c, const struct cached *x)
{
	u32 i = hash_of(x);

	for (;; i = (i + 1) % SLOTS) {
		const struct cached *y = c->hash[i] ? &c->list[c->hash[i] - 1] : NULL;

		if (!y || (y->gpa == x->gpa && y->frame == x->frame && y->vmid == x->vmid && y->table == x->table))
			return &c->hash[i];
	}
}

static void insert(struct hart_caches *c, struct cached x)
{
	u32 *at = find(c, &x);

	if (*at)
		return;
	check_that(c->count < SLOTS / 2, "the model of the TLB is large enough", c->count, 0);
	c->list[c->count++] = x;
	*at = c->count;
}

static void flush_list(struct hart_caches *c, bool all, u32 vmid)
{
	u32 n = c->count;

	if (!n)
		return;
	memset(c->hash, 0, SLOTS * sizeof(*c->hash));
	c->count = 0;
	for (u32 i = 0; i < n && !all; i++)
		if (c->list[i].vmid != vmid)
			insert(c, c->list[i]);
}

static u64 root_of(u64 hgatp) { return hgatp & ((1ULL << 44) - 1); }
static u32 vmid_of(u64 hgatp) { return (u32)(hgatp >> 44 & 0x3fff); }

/* What the host's tables say now. */
static void host_map_read(void)
{
	struct check_walk w;
	struct check_entry e;

	memset(host_map, 0, sizeof(host_map));
	check_walk_begin(&w, check_root());
	while (check_walk_next(&w, &e))
		for (u64 i = 0; !e_is_table(e.pte) && i < e_frames(e.level); i++)
			if (check_word(e_frame(e.pte) + i))
				host_map[frame_index(e_frame(e.pte) + i)] = (u8)e.pte;
}

static void fill_host(struct hart_caches *c)
{
	for (u32 i = 0; i < FRAMES + FILES; i++) {
		if (!host_map[i])
			continue;
		c->host[i] = 1;
		if ((host_map[i] & E_X) && !c->fetched[i])
			c->fetched[i] = shadow_holder[i] + 1;
	}
}

static void fill_tvm(struct hart_caches *c, u64 root, u32 vmid)
{
	struct check_walk w;
	struct check_entry e;

	check_walk_begin(&w, root);
	while (check_walk_next(&w, &e)) {
		if (!(e.pte & E_V))
			continue;
		if (e_is_table(e.pte)) {
			insert(c, (struct cached){ e.gpa, e_frame(e.pte), vmid, true });
			continue;
		}
		for (u64 i = 0; i < e_frames(e.level); i++)
			insert(c, (struct cached){ e.gpa + (i << PAGE_SHIFT), e_tvm_frame(e.pte) + i, vmid, false });
	}
}

/* Reads the tables in hgatp, as hardware that looks ahead does. */
static void fill(u32 index, u64 hgatp)
{
	struct hart_caches *c = &caches[index];

	if (root_of(hgatp) == check_root())
		fill_host(c);
	else if (root_of(hgatp))
		fill_tvm(c, root_of(hgatp), vmid_of(hgatp));
}

static void on_fence(enum rv_fence_kind kind, u64 vmid)
{
	u32 index = this_hart()->index;
	struct hart_caches *c = &caches[index];
	u64 hgatp = rv_cpu->csr[CSR_HGATP];

	fences++;
	if (tlb_deaf & BIT(kind))
		return;
	switch (kind) {
	case RV_FENCE_GVMA_ALL:
		flush_list(c, true, 0);
		memset(c->host, 0, sizeof(c->host));
		break;
	case RV_FENCE_GVMA_VMID:
		flush_list(c, false, (u32)vmid);
		if (vmid == HOST_VMID)
			memset(c->host, 0, sizeof(c->host));
		break;
	case RV_FENCE_VVMA_ALL:
		/* Translations of the current VMID alone. */
		c->vs_owner[vmid_of(hgatp) % MAX_VMIDS] = 0;
		return;
	case RV_FENCE_I:
		memset(c->fetched, 0, sizeof(c->fetched));
		return;
	}
	host_map_read();
	fill(index, hgatp);
}

void tlb_start(void)
{
	for (u32 i = 0; i < RIG_HARTS; i++) {
		struct hart_caches *c = &caches[i];

		free(c->list);
		free(c->hash);
		*c = (struct hart_caches){ 0 };
		c->list = malloc(SLOTS / 2 * sizeof(*c->list));
		c->hash = calloc(SLOTS, sizeof(*c->hash));
		if (!c->list || !c->hash)
			abort();
	}
	rv_on_fence = on_fence;
}

/* Whether every user that is inside has flushed since an entry was stamped with the low bits of an epoch. */
static bool passed(const struct epoch *e, u32 stamp, u32 mask)
{
	u64 min = e->current;

	for (u32 i = 0; i < e->slot_count; i++)
		if (e->slots[i].active && e->slots[i].version < min)
			min = e->slots[i].version;
	return e->current - (((u32)e->current - stamp) & mask) < min;
}

static void judge_host(u32 index, const struct hart_caches *c)
{
	for (u32 i = 0; i < FRAMES + FILES; i++) {
		u64 frame, word;

		if (!c->host[i])
			continue;
		frame = index_frame(i);
		word = i < FRAMES ? check_bank(0)->words[i] : check_word(frame);
		check_that(w_state(word) == W_HOST ||
			   (w_state(word) == W_CONVERTING && !passed(&host_epoch, w_info(word), ~0u)),
			   "no hart in the host has a translation cached that it must have lost", frame, word);
		if (i < FRAMES && (host_map[i] & E_X) && c->fetched[i])
			check_that(c->fetched[i] == shadow_holder[i] + 1,
				   "no hart in the host has instructions cached that a TVM wrote", frame, index);
	}
}

/* The TVM's entry for an address now; *@level where the walk ends. */
static u64 entry_at(const struct tvm *t, u64 gpa, u32 *level)
{
	const u64 *table = spa_ptr(SPA(t->gstage.root.v << PAGE_SHIFT));
	u64 e;

	for (*level = 2;; --*level) {
		e = table[gpa >> (PAGE_SHIFT + 9 * *level) & (*level == 2 ? 2047 : 511)];
		if (!*level || !e_is_table(e))
			return e;
		table = spa_ptr(SPA(e_frame(e) << PAGE_SHIFT));
	}
}

static void judge_leaf(const struct tvm *t, const struct cached *x)
{
	u64 word = check_word(x->frame);
	u32 level;
	u64 e = entry_at(t, x->gpa, &level);
	u64 frame = e_tvm_frame(e) + (x->gpa >> PAGE_SHIFT & (e_frames(level) - 1));

	/* A file that another has taken the place of goes by its word. */
	if (w_state(word) == W_BLOCKED && w_owner(word) == t->id) {
		check_that(!passed(&t->epoch, w_info(word), ~0u),
			   "no hart in a TVM has a translation cached that it must have lost", x->gpa, word);
		return;
	}
	check_that((e & (E_V | E_BLOCKED)) && frame == x->frame &&
		   (e & E_V || !passed(&t->epoch, e_stamp(e), E_STAMP_MASK)),
		   "no hart in a TVM has a translation cached that it must have lost", x->gpa, e);
	check_that(w_state(word) == W_HOST || w_owner(word) == t->id,
		   "no hart in a TVM has a frame cached that is not its own", x->gpa, word);
}

static bool in_pool(const struct tvm *t, u64 frame)
{
	for (u64 p = t->gstage.pool.v; p; p = *(const u64 *)spa_ptr(SPA(p << PAGE_SHIFT)))
		if (p == frame)
			return true;
	for (u64 p = t->region_pages.v; p; p = *(const u64 *)spa_ptr(SPA(p << PAGE_SHIFT)))
		if (p == frame)
			return true;
	return false;
}

static void judge_table(const struct tvm *t, const struct cached *x)
{
	u64 word = check_word(x->frame);

	check_that(w_state(word) == W_TABLE && w_owner(word) == t->id && !in_pool(t, x->frame),
		   "no hart in a TVM walks a table that serves for something else", x->gpa, word);
	for (u64 p = t->gstage.retired.v; p;) {
		u64 link = *(const u64 *)spa_ptr(SPA(p << PAGE_SHIFT));

		check_that(p != x->frame || !passed(&t->epoch, e_stamp(link), E_STAMP_MASK),
			   "no hart in a TVM walks a table that may be used anew", x->gpa, word);
		p = e_tvm_frame(link);
	}
}

static void judge_tvm(const struct hart_caches *c, const struct vcpu *v, u32 vmid)
{
	const struct tvm *t = spa_ptr(SPA(v->tvm_id << PAGE_SHIFT));

	for (u32 i = 0; i < c->count; i++) {
		if (c->list[i].vmid != vmid)
			continue;
		if (c->list[i].table)
			judge_table(t, &c->list[i]);
		else
			judge_leaf(t, &c->list[i]);
	}
	for (u32 i = 0; vmid == HOST_VMID && i < FRAMES + FILES; i++)
		check_that(!c->host[i], "no hart in a TVM uses translations of the host's", index_frame(i), vmid);
}

/* The vCPU has just been entered: what it finds in the instruction cache. */
static void judge_fetched(const struct hart_caches *c, const struct tvm *t)
{
	struct check_walk w;
	struct check_entry e;

	check_walk_begin(&w, t->gstage.root.v);
	while (check_walk_next(&w, &e)) {
		if (e_is_table(e.pte) || (e.pte & (E_V | E_X)) != (E_V | E_X))
			continue;
		for (u64 i = 0; i < e_frames(e.level); i++) {
			u64 frame = e_tvm_frame(e.pte) + i, f = c->fetched[frame_index(frame)];

			check_that(!f || f == shadow_holder[frame_index(frame)] + 1,
				   "no TVM is entered with instructions cached that are not its own", e.gpa, frame);
		}
	}
}

/*
 * While it runs it fetches what it can: a page that was added meanwhile is data to it until it has written code there and
 * executed fence.i itself.
 */
static void fetch_tvm(struct hart_caches *c, const struct tvm *t)
{
	struct check_walk w;
	struct check_entry e;

	check_walk_begin(&w, t->gstage.root.v);
	while (check_walk_next(&w, &e))
		for (u64 i = 0; !e_is_table(e.pte) && (e.pte & (E_V | E_X)) == (E_V | E_X) &&
				i < e_frames(e.level); i++) {
			u32 n = frame_index(e_tvm_frame(e.pte) + i);

			c->fetched[n] = shadow_holder[n] + 1;
		}
}

static void vs_stage(struct hart_caches *c, u32 vmid, u64 user)
{
	u32 i = vmid % MAX_VMIDS;

	check_that(!c->vs_owner[i] || c->vs_owner[i] == user,
		   "no hart uses another's VS-stage translations", vmid, user);
	c->vs_owner[i] = user;
}

/* All that the host's side of the model depends on: when it is as it was, so is what was found. */
static bool host_side_changed(void)
{
	static u64 last;
	struct check_walk w;
	struct check_entry e;
	u64 h = shadow_changes + fences + host_epoch.current;

	check_walk_begin(&w, check_root());
	while (check_walk_next(&w, &e))
		h = (h ^ e.pte ^ e.gpa) * 0x9fb21c651e98df25ULL;
	for (u32 i = 0; i < hart_count; i++) {
		h = (h ^ host_epoch_slots[i].active) * 0x9fb21c651e98df25ULL + host_epoch_slots[i].version;
		h = (h ^ (u64)harts[i]->vcpu) * 0x9fb21c651e98df25ULL + rig_cpu(i)->csr[CSR_HGATP];
	}
	if (h == last)
		return false;
	last = h;
	host_map_read();
	return true;
}

static void hart_step(u32 index, bool changed)
{
	static const struct vcpu *was[RIG_HARTS];
	const struct hart *h = harts[index];
	struct hart_caches *c = &caches[index];
	u64 hgatp = rig_cpu(index)->csr[CSR_HGATP];
	u64 user = h->vcpu ? shadow_serial[frame_index(ptr_spa(h->vcpu).v >> PAGE_SHIFT)] : 1;

	if (changed || h->vcpu)
		fill(index, hgatp);
	vs_stage(c, vmid_of(hgatp), user);
	if (!h->vcpu) {
		check_that(root_of(hgatp) == check_root() && vmid_of(hgatp) == HOST_VMID,
			   "a hart in the host uses the host's tables", index, hgatp);
		if (changed)
			judge_host(index, c);
	} else {
		const struct tvm *t = spa_ptr(SPA(h->vcpu->tvm_id << PAGE_SHIFT));

		check_that(root_of(hgatp) == t->gstage.root.v, "a hart in a TVM uses its tables", index, hgatp);
		judge_tvm(c, h->vcpu, vmid_of(hgatp));
		if (was[index] != h->vcpu)
			judge_fetched(c, t);
		fetch_tvm(c, t);
	}
	was[index] = h->vcpu;
}

void tlb_step(void)
{
	bool changed = host_side_changed();

	for (u32 i = 0; i < hart_count; i++)
		hart_step(i, changed);
}
