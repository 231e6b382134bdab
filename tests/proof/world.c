/* SPDX-License-Identifier: BSD-2-Clause */
/* Page words in any state, and the contracts of page memory. */
#include "proof.h"
#include "rv_arch.h"

struct proof_ghost ghost;
struct tvm proof_tvm;
struct vcpu proof_vcpu;
u64 words[PROOF_WORDS], before[PROOF_WORDS];
struct hart *harts[MAX_HARTS];
struct epoch_slot host_epoch_slots[MAX_HARTS + 1];
struct hart_features hart_features;
u64 proof_tvm_word;
struct page_bank page_banks[PAGE_MAX_BANKS];
u32 hart_count = 1;

static struct hart hart;

u32 proof_refs(void) { return page_word_info(proof_tvm_word) - PROOF_OTHERS; }

void __noreturn panic(const char *what, const char *file, int line)
{
	(void)what;
	(void)file;
	(void)line;
	proof_check(false, "no check() of the monitor fails");
	proof_assume(false);
	__builtin_unreachable();
}

void *rv_tp(void) { return &hart; }

bool proof_touchable(u64 i)
{
	if (i >= PROOF_FRAMES)
		return false;
	if (page_word_busy(words[i]))
		return !page_word_busy(before[i]);
	return page_word_state(words[i]) == PAGE_HOST && page_word_info(words[i]) > 0;
}

bool proof_vcpus;

/* Handlers look at a TVM and its vCPUs only; frames are for the rooms below. */
void *proof_page(u64 spa)
{
	proof_check(proof_refs() > 0, "a TVM is looked at while a reference is held");
	if (proof_vcpus && spa == PROOF_VCPU << PAGE_SHIFT)
		return &proof_vcpu;
	proof_check(spa == PROOF_TVM << PAGE_SHIFT, "it is the TVM that was found");
	return &proof_tvm;
}

void *memcpy(void *dst, const void *src, size_t n)
{
	proof_check(__CPROVER_r_ok(src, n) && __CPROVER_w_ok(dst, n), "memcpy stays within its objects");
	if (n)
		__CPROVER_havoc_slice(dst, n);
	return dst;
}

/* A word that the invariant of page.h allows. Busy: another call's. */
static void any_word(u32 i)
{
	u64 word = nondet_u64();
	enum page_state state = page_word_state(word);

	/* Bit 31 is nothing's. */
	proof_assume(state < PAGE_STATE_COUNT && !(word & BIT(31)));
	if (i >= PROOF_FRAMES)
		proof_assume(state == PAGE_HOST || state == PAGE_CONVERTING || state == PAGE_CONVERTED ||
			     state == PAGE_TVM_BLOCKED || state == PAGE_TVM_DATA);
	/* CONVERT signs what it holds by the hart that makes the call: this one is 1. */
	if (state <= PAGE_CONVERTED)
		proof_assume(page_word_owner(word) == 0 || (state == PAGE_HOST && page_word_busy(word) &&
							    page_word_owner(word) != 1 && page_word_info(word) == 0));
	/* Fewer references than would wrap: page.c refuses the last one. */
	proof_assume(page_word_info(word) < UINT32_MAX);
	words[i] = word;
	before[i] = word;
	proof_fenced[i] = nondet_bool();
}

void proof_world(void)
{
	static struct epoch_slot slots[2];

	for (u32 i = 0; i < PROOF_WORDS; i++)
		any_word(i);
	epoch_init(&host_epoch, slots, 2);
	host_epoch.current = nondet_u64();
	proof_assume(host_epoch.current > 2 && host_epoch.current < ~0ULL - 2);
	for (u32 i = 0; i < 2; i++) {
		slots[i].active = nondet_bool();
		slots[i].version = nondet_u64();
		proof_assume(slots[i].version <= host_epoch.current && slots[i].version + 1 >= host_epoch.current);
	}
	proof_tvm_word = page_word_make(PAGE_TVM_STATE, PROOF_TVM, PROOF_OTHERS);
	proof_tvm.id = PROOF_TVM;
	proof_tvm.word = &proof_tvm_word;
	if (proof_vcpus) {
		u32 id = nondet_u32();

		proof_assume(id < TVM_MAX_VCPUS);
		proof_tvm.vcpu_pfn[id] = PROOF_VCPU;
	}
	proof_vcpu.tvm_id = PROOF_TVM;
	hart.epoch_slot = &slots[0];
	proof_tvm.state = (enum tvm_state)(nondet_u64() & 3);
	proof_tvm.aia.valid = nondet_bool();
	harts[0] = &hart;
	ghost = (struct proof_ghost){ 0 };
}

struct call proof_call(void)
{
	static u64 arg[6];

	for (u32 i = 0; i < ARRAY_SIZE(arg); i++)
		arg[i] = nondet_u64();
	return (struct call){ .hart = &hart, .arg = arg, .rfc = nondet_bool() };
}

bool proof_same(u32 i)
{
	u64 old = before[i], new = words[i];

	if (new == old)
		return true;
	if (page_word_busy(old))
		return false;
	if (page_word_state(old) == PAGE_CONVERTING)
		return proof_fenced[i] && (new == page_word_make(PAGE_CONVERTED, 0, 0) || new == page_word_make(PAGE_CONVERTED, 0, 1));
	return page_word_state(old) == PAGE_CONVERTED && i < PROOF_FRAMES && new == page_word_make(PAGE_CONVERTED, 0, 1);
}

bool proof_nothing_changed(void)
{
	for (u32 i = 0; i < PROOF_WORDS; i++)
		if (!proof_same(i))
			return false;
	return ghost.changes == 0;
}

void proof_end(struct reply r, bool may_fail)
{
	proof_check(r.err <= TSM_AGAIN, "the error is one of the monitor's");
	proof_check(proof_refs() == 0, "every reference to a TVM is given back");
	proof_check(ghost.builders == 0, "every call that built is over");
	proof_check(!ghost.reserved || ghost.paused, "no entry stays in flight");
	proof_check(!ghost.sweeping && !ghost.dying, "no call is left half open");
	if (r.err != TSM_OK && !ghost.paused)
		proof_check(proof_nothing_changed(), "a refusal changes nothing");
	for (u32 i = 0; i < PROOF_WORDS; i++) {
		bool left = page_word_busy(words[i]) && !page_word_busy(before[i]);

		proof_check(!left, "no claim is left behind");
		proof_check(!page_word_busy(before[i]) || words[i] == before[i], "what another call has claimed is not touched");
	}
	/* So that each of these is seen to happen. */
	proof_reach(r.err == TSM_OK);
	proof_reach(!may_fail || (r.err != TSM_OK && r.err != TSM_AGAIN));
}
