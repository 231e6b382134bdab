/* SPDX-License-Identifier: BSD-2-Clause */
#include "check/check.h"
#include "rv_arch.h"

#define MAX_TVMS	256

static struct page_bank banks[PAGE_MAX_BANKS];
static u32 bank_count;
static u64 host_root;
static u64 zero_budget;

static struct tvm_view views[MAX_TVMS];
static u32 view_count;

void check_add_bank(const struct page_bank *bank)
{
	banks[bank_count++] = *bank;
}

void check_set_root(u64 spa)
{
	host_root = spa >> PAGE_SHIFT;
}

u64 check_root(void)
{
	return host_root;
}

void check_zero_budget(u64 frames)
{
	zero_budget = frames;
}

const struct page_bank *check_bank(u32 i)
{
	return i < bank_count ? &banks[i] : NULL;
}

const u64 *check_words(u64 frame, u64 count)
{
	for (u32 i = 0; i < bank_count; i++)
		if (banks[i].kind == PAGE_KIND_RAM && frame >= banks[i].first &&
		    frame - banks[i].first + count <= banks[i].count)
			return &banks[i].words[frame - banks[i].first];
	return NULL;
}

bool check_overlaps(u64 frame, u64 count)
{
	for (u32 i = 0; i < bank_count; i++)
		if (frame < banks[i].first + banks[i].count && banks[i].first < frame + count)
			return true;
	return false;
}

static const struct page_bank *bank_of(u64 frame)
{
	static u32 latest;

	if (frame - banks[latest].first < banks[latest].count)
		return &banks[latest];
	for (u32 i = 0; i < bank_count; i++)
		if (frame - banks[i].first < banks[i].count)
			return &banks[latest = i];
	return NULL;
}

u64 check_word(u64 frame)
{
	const struct page_bank *b = bank_of(frame);

	return b ? __atomic_load_n(&b->words[frame - b->first], __ATOMIC_RELAXED) : 0;
}

bool check_is_file(u64 frame)
{
	const struct page_bank *b = bank_of(frame);

	return b && b->kind == PAGE_KIND_IMSIC;
}

bool check_zero(u64 frame, u64 from)
{
	const u64 *p = spa_ptr(SPA(frame << PAGE_SHIFT));

	for (u64 i = from / 8; i < PAGE_SIZE / 8; i++)
		if (__atomic_load_n(&p[i], __ATOMIC_RELAXED))
			return false;
	return true;
}

static struct tvm_view *view_of(u64 id)
{
	static u32 latest;

	if (latest < view_count && views[latest].id == id)
		return &views[latest];
	for (u32 i = 0; i < view_count; i++)
		if (views[i].id == id)
			return &views[latest = i];
	check_that(view_count < MAX_TVMS, "the oracle knows as many TVMs as there are", id, view_count);
	views[view_count] = (struct tvm_view){ .id = id };
	return &views[view_count++];
}

/* File 1 of a hart is the host's for good: one pin keeps it so. */
static bool is_hosts_own_file(u64 frame)
{
	for (u32 i = 0; i < hart_count; i++)
		if (frame == (harts[i]->imsic.v >> PAGE_SHIFT) + 1)
			return true;
	return false;
}

/* A word of the host's, converted or not: what may stand in it. */
static void host_word(const struct page_bank *b, u64 frame, u64 word, struct check_sums *s)
{
	u32 state = w_state(word), info = w_info(word);
	bool file = b->kind == PAGE_KIND_IMSIC;

	check_that(!w_owner(word), "a frame of the host's has no owner", frame, word);
	if (w_busy(word))
		tally_add(&s->busy_words, frame, 1);
	if (state == W_HOST) {
		s->host_frames++;
		if (file)
			check_that(info == is_hosts_own_file(frame), "only the host's own file is pinned", frame,
				   word);
		else
			tally_add(&s->pins_words, frame, info);
		return;
	}
	if (state == W_CONVERTED)
		check_that(!info || info == (file ? W_INFO_DIRTY : W_INFO_CLEAN),
			   "a converted frame has one of its marks", frame, word);
}

static void tvm_word(const struct page_bank *b, u64 frame, u64 word)
{
	struct tvm_view *v = view_of(w_owner(word));
	u32 state = w_state(word);
	bool first = state == W_STATE && frame == v->id;

	check_that(!w_busy(word), "no claim outlives its call", frame, word);
	check_that(first || state == W_BLOCKED || !w_info(word), "a frame of a TVM has no info", frame, word);
	check_that(state != W_BLOCKED || b->kind == PAGE_KIND_IMSIC, "only interrupt files have blocked words",
		   frame, word);
	check_that(b->kind == PAGE_KIND_RAM || state == W_DATA || state == W_BLOCKED,
		   "an interrupt file holds no table and no state", frame, word);
	tally_add(&v->words[state], frame, 1);
	if (first) {
		v->state_seen = true;
		v->refs = w_info(word);
	}
}

static void words_pass(const struct page_bank *b, struct check_sums *s)
{
	for (u64 i = 0; i < b->count; i++) {
		u64 plain = check_plain(&b->words[i], b->count - i), word;

		s->host_frames += plain;
		i += plain;
		if (i == b->count)
			return;
		word = __atomic_load_n(&b->words[i], __ATOMIC_RELAXED);
		switch (w_state(word)) {
		case W_RESERVED:
		case W_TSM:
			check_that(word == w_state(word), "a frame that never moves has a plain word",
				   b->first + i, word);
			break;
		case W_HOST:
		case W_CONVERTING:
		case W_CONVERTED:
			host_word(b, b->first + i, word, s);
			break;
		case W_DATA:
		case W_BLOCKED:
		case W_TABLE:
		case W_STATE:
		case W_VCPU:
			tvm_word(b, b->first + i, word);
			break;
		default:
			check_violation("a word is in a state that exists", b->first + i, word);
		}
	}
}

/* Frames that are marked as zero, as many as the budget allows, going round. */
static void clean_pass(void)
{
	static u64 bank, at;
	u64 left = zero_budget, total = bank_count;

	for (u32 i = 0; i < bank_count; i++)
		total += banks[i].count;
	for (u64 steps = 0; left && steps < total; steps++) {
		const struct page_bank *b = &banks[bank];
		u64 word;

		if (b->kind != PAGE_KIND_RAM || at >= b->count) {
			bank = (bank + 1) % bank_count;
			at = 0;
			continue;
		}
		word = b->words[at];
		if (w_state(word) == W_CONVERTED && w_info(word) == W_INFO_CLEAN && !w_busy(word)) {
			check_that(check_zero(b->first + at, 0), "a frame that is marked as zero is zero",
				   b->first + at, word);
			left--;
		}
		at++;
	}
}

static const char *const owned[W_STATES] = {
	[W_DATA]	= "a TVM's data frames are those in its tables, each once",
	[W_BLOCKED]	= "a TVM's blocked interrupt files are those of its vCPUs",
	[W_TABLE]	= "a TVM's table frames are its tables, its pool and its lists, each once",
	[W_STATE]	= "a TVM's state frames are at its id",
	[W_VCPU]	= "a TVM's vCPU frames are those of its vCPUs, each once",
};

static void views_compare(void)
{
	for (u32 i = 0; i < view_count; i++)
		for (u32 k = W_DATA; k < W_STATES; k++)
			check_that(tally_same(&views[i].words[k], &views[i].found[k]), owned[k], views[i].id,
				   views[i].words[k].count << 32 | views[i].found[k].count);
}

/* CONVERT and RECLAIM that are paused. */
static void host_sweeps(struct check_sums *s)
{
	const struct sweep *w;

	for (u32 i = 0; (w = sweep_host_at(i)) != NULL; i++) {
		const struct sweep_holds h = sweep_holds(w);

		if (w->active)
			tally_range(&s->busy_found, w->call.pfn.v + h.claimed_first, h.claimed_end - h.claimed_first);
	}
}

void check_all(void)
{
	struct check_sums s = { 0 };

	view_count = 0;
	for (u32 i = 0; i < bank_count; i++)
		words_pass(&banks[i], &s);
	for (u32 i = 0; i < view_count; i++) {
		check_that(views[i].state_seen, "a frame's owner exists", views[i].id, 0);
		views[i].t = spa_ptr(SPA(views[i].id << PAGE_SHIFT));
		check_tvm(&views[i], &s);
	}
	views_compare();
	host_sweeps(&s);
	check_host(host_root, &s);
	check_devices(&s);
	check_harts(&s);
	check_that(s.host_frames == s.host_mapped, "the host reaches all that is its own", s.host_frames,
		   s.host_mapped);
	check_that(tally_same(&s.pins_words, &s.pins_found),
		   "pins are NACL areas, shared pages and sources of measured pages", s.pins_words.count,
		   s.pins_found.count);
	check_that(tally_same(&s.busy_words, &s.busy_found), "claims are those of paused calls",
		   s.busy_words.count, s.busy_found.count);
	clean_pass();
}
