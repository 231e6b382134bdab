/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls over more frames than one stretch can see to: the host takes its interrupts in between, nothing of them shows before
 * they are over, and whoever calls meanwhile, or never calls again, breaks nothing. The oracle looks after every stretch.
 */
#include "oracle/watch.h"
#include "unit/tvm_rig.h"

#define BASE		0x100000000ULL
#define N		2600ULL
#define POOL		12ULL
/* Measured pages are a long call however few they are. */
#define FEW		24ULL

static u64 pages, pool;
static struct rig_ret r, other;

#define CONVERT		SPEC(COVH_CONVERT_PAGES), pages, N
#define RECLAIM		COVH_RECLAIM_PAGES, pages, N
#define ADD_ZERO	COVH_RFC_ADD_ZERO_PAGES, t.id, pages, 0, N, BASE
#define ADD_MEASURED	COVH_RFC_ADD_MEASURED_PAGES, t.id, source, pages, 0, N, BASE
#define ADD_SHARED	COVH_RFC_ADD_SHARED_PAGES, t.id, pages, 0, N, BASE
#define ADD_PGT		COVH_RFC_ADD_PGT_PAGES, t.id, pages, N
#define INVALIDATE	COVH_RFC_INVALIDATE_PAGES, t.id, BASE, N * PAGE_SIZE
#define VALIDATE	COVH_RFC_VALIDATE_PAGES, t.id, BASE, N * PAGE_SIZE
#define REMOVE		COVH_RFC_REMOVE_PAGES, t.id, BASE, N * PAGE_SIZE

/* Made again until it is answered, with an interrupt of the host's pending throughout; how often that was. */
#define STRETCHES(...) ({						\
	u32 n_ = 1;							\
	rig_interrupt(true);						\
	for (; !COVH_TRY(&r, __VA_ARGS__); n_++)			\
		assert_true(n_ < 5000);					\
	rig_interrupt(false);						\
	n_; })

/* So many stretches of it, and then never again. False: it was over before. */
#define ABANDON(stretches, ...) ({					\
	bool left_ = true;						\
	rig_interrupt(true);						\
	for (u32 n_ = 0; left_ && n_ < (stretches); n_++)		\
		left_ = !COVH_TRY(&r, __VA_ARGS__);			\
	rig_interrupt(false);						\
	left_; })

static pfn_t page_at(u64 i)
{
	return PFN((pages >> PAGE_SHIFT) + i);
}

static void states_are(enum page_state state)
{
	for (u64 i = 0; i < N; i++) {
		assert_int_equal(page_word_state(page_word(page_at(i))), state);
		assert_false(page_word_busy(page_word(page_at(i))));
	}
}

static void all_zero(void)
{
	for (u64 i = 0; i < N * 512; i++)
		assert_int_equal(rig_word(pages)[i], 0);
}

/* --- the host's frames --------------------------------------------------------------------------------------------- */

static void convert_and_reclaim(void **state)
{
	(void)state;
	pages = rig_alloc(N, PAGE_SIZE);
	memset(rig_word(pages), 0x5a, N * PAGE_SIZE);
	assert_in_range(STRETCHES(CONVERT), 5, 8);
	assert_int_equal(r.value, N);
	states_are(PAGE_CONVERTING);
	assert_int_equal(*rig_word(pages), 0x5a5a5a5a5a5a5a5a);
	rig_fence();
	assert_in_range(STRETCHES(RECLAIM), N / 64, N / 64 + 12);
	assert_int_equal(r.value, N);
	all_zero();
	rig_all_returned();
}

static void a_late_refusal_changes_nothing(void **state)
{
	(void)state;
	pages = rig_alloc(N, PAGE_SIZE);
	assert_int_equal(COVH(COVH_CONVERT_PAGES, pages + (N - 1) * PAGE_SIZE, 1).error, 0);
	assert_in_range(STRETCHES(CONVERT), 4, 8);
	assert_int_equal(r.error, SBI_ERR_INVALID_ADDRESS);
	for (u64 i = 0; i + 1 < N; i++)
		assert_int_equal(page_word(page_at(i)), page_word_make(PAGE_HOST, 0, 0));
	/* Without an interrupt it is one call. */
	assert_int_equal(COVH(CONVERT).error, SBI_ERR_INVALID_ADDRESS);
	rig_reclaim(pages + (N - 1) * PAGE_SIZE, 1);
	rig_all_returned();
}

/* What it takes back may be of every kind, and one that is not the host's is found at the end. */
static void reclaim_takes_a_mixture(void **state)
{
	u64 last = (N - 1) * PAGE_SIZE;

	(void)state;
	pages = rig_alloc(N, PAGE_SIZE);
	memset(rig_word(pages), 0x33, N * PAGE_SIZE);
	rig_convert(pages, 700);
	assert_int_equal(COVH(COVH_CONVERT_PAGES, pages + 900 * PAGE_SIZE, 900).error, 0);
	rig_convert(pages + last, 1);
	watch_on = false;
	assert_int_equal(page_claim(page_at(N - 1), 1, PAGE_CONVERTED, 0), TSM_OK);
	page_commit(page_at(N - 1), 1, PAGE_TVM_DATA, 77, 0);
	assert_in_range(STRETCHES(RECLAIM), 4, 60);
	assert_int_equal(r.error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(rig_state(pages), PAGE_CONVERTED);
	assert_int_equal(rig_state(pages + 800 * PAGE_SIZE), PAGE_HOST);
	page_disown(page_at(N - 1), 1, PAGE_TVM_DATA, 77);
	watch_on = true;
	STRETCHES(RECLAIM);
	assert_int_equal(r.error, 0);
	/* What was fenced is zero, what was always the host's is as it was. */
	for (u64 i = 0; i < 700 * 512; i++)
		assert_int_equal(rig_word(pages)[i], 0);
	assert_int_equal(*rig_word(pages + 800 * PAGE_SIZE), 0x3333333333333333);
	states_are(PAGE_HOST);
	rig_all_returned();
}

static void an_abandoned_convert_holds_its_frames(void **state)
{
	u64 apart, held;

	(void)state;
	pages = rig_alloc(N, PAGE_SIZE);
	apart = rig_alloc(1, PAGE_SIZE);
	for (u32 n = 1; n < 8; n++) {
		if (!ABANDON(n, CONVERT))
			break;
		rig_on(1);
		/* Nobody gets them, nobody waits for them. They come out at the front first. */
		held = rig_state(pages) == PAGE_HOST ? pages : pages + (N - 4) * PAGE_SIZE;
		assert_int_equal(COVH(SPEC(COVH_CONVERT_PAGES), held, 4).error, SBI_ERR_INVALID_ADDRESS);
		assert_int_equal(COVH(SPEC(COVH_CONVERT_PAGES), pages, N - 1).error, SBI_ERR_INVALID_ADDRESS);
		assert_int_equal(COVH(COVH_CONVERT_PAGES, held, 4).error, SBI_ERR_INVALID_ADDRESS);
		/* They are the host's still, so there is nothing to reclaim. */
		assert_int_equal(COVH(COVH_RECLAIM_PAGES, held, 4).error, 0);
		assert_int_equal(COVH(COVH_RECLAIM_PAGES, pages, N).error, SBI_ERR_INVALID_ADDRESS);
		assert_int_equal(COVH(COVH_GET_TSM_INFO, held, 32).error, SBI_ERR_INVALID_ADDRESS);
		rig_convert(apart, 1);
		rig_reclaim(apart, 1);
		/* Another hart's call with the same arguments is the same call. */
		assert_int_equal(COVH(CONVERT).error, 0);
		rig_on(0);
		states_are(PAGE_CONVERTING);
		assert_int_equal(COVH(CONVERT).error, SBI_ERR_INVALID_ADDRESS);
		rig_reclaim(pages, N);
	}
	rig_reclaim(pages, N);
	rig_all_returned();
}

static void two_at_once_meet(void **state)
{
	(void)state;
	pages = rig_alloc(N, PAGE_SIZE);
	assert_true(ABANDON(1, CONVERT));
	rig_on(1);
	/* One that begins elsewhere and runs into it is refused and has changed nothing; the first goes on. */
	rig_interrupt(true);
	while (!COVH_TRY(&other, SPEC(COVH_CONVERT_PAGES), pages + PAGE_SIZE, N - 1)) {
		rig_on(0);
		rig_interrupt(true);
		assert_false(COVH_TRY(&r, CONVERT));
		rig_interrupt(false);
		rig_on(1);
	}
	rig_interrupt(false);
	assert_int_equal(other.error, SBI_ERR_INVALID_ADDRESS);
	rig_on(0);
	assert_int_equal(COVH(CONVERT).error, 0);
	rig_reclaim(pages, N);
	rig_all_returned();
}

/* --- a TVM --------------------------------------------------------------------------------------------------------- */

static void build(void)
{
	tvm_build();
	pool = rig_alloc(POOL, PAGE_SIZE);
	rig_convert(pool, POOL);
	assert_int_equal(COVH(COVH_RFC_ADD_PGT_PAGES, t.id, pool, POOL).error, 0);
	assert_int_equal(COVH(COVH_RFC_ADD_MEMORY_REGION, t.id, BASE, 8 * SIZE_2M).error, 0);
	pages = rig_alloc(N, PAGE_SIZE);
	memset(rig_word(pages), 0x77, N * PAGE_SIZE);
}

static void start(void)
{
	build();
	rig_convert(pages, N);
	tvm_finalize_call();
}

static void zero_pages_are_added(void **state)
{
	(void)state;
	start();
	assert_in_range(STRETCHES(ADD_ZERO), N / 64, N / 64 + 20);
	assert_int_equal(r.error, 0);
	assert_int_equal(r.value, N);
	states_are(PAGE_TVM_DATA);
	all_zero();
	tvm_end();
}

/* The last place is taken: found after all the others are in flight. */
static void a_late_refusal_of_an_add_changes_nothing(void **state)
{
	const struct tvm *tvm;
	u64 more, left;

	(void)state;
	start();
	tvm = spa_ptr(SPA(t.tvm_state));
	more = rig_alloc(1, PAGE_SIZE);
	rig_convert(more, 1);
	assert_int_equal(ZERO(more, 0, 1, BASE + (N - 1) * PAGE_SIZE), 0);
	left = tvm->gstage.pool_count;
	STRETCHES(ADD_ZERO);
	assert_int_equal(r.error, SBI_ERR_INVALID_ADDRESS);
	states_are(PAGE_CONVERTED);
	for (u64 i = 0; i + 1 < N; i++)
		assert_int_equal(gstage_lookup(&tvm->gstage, GPA(BASE + i * PAGE_SIZE)).kind, GSTAGE_EMPTY);
	/* The tables that it had taken come back: the same pages again, elsewhere. */
	assert_int_equal(COVH(COVH_RFC_ADD_ZERO_PAGES, t.id, pages, 0, N, BASE).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(COVH(COVH_RFC_ADD_ZERO_PAGES, t.id, pages, 0, 2048, BASE).error, 0);
	assert_true(left >= 4);
	tvm_end();
}

static void others_wait_or_are_refused(void **state)
{
	u64 more;

	(void)state;
	start();
	more = rig_alloc(1, PAGE_SIZE);
	rig_convert(more, 1);
	assert_true(ABANDON(N / 64 + 6, ADD_ZERO));
	rig_on(1);
	/* Its frames, its places; then something else of the TVM's. */
	assert_int_equal(ZERO(pages, 0, 1, RAM + 0x10000), SBI_ERR_INVALID_ADDRESS);
	assert_false(COVH_TRY(&other, COVH_RFC_ADD_ZERO_PAGES, t.id, more, 0, 1, BASE));
	assert_false(COVH_TRY(&other, COVH_RFC_ADD_ZERO_PAGES, t.id, pages, 0, N, BASE + PAGE_SIZE));
	assert_int_equal(ZERO(more, 0, 1, RAM + 0x10000), 0);
	run(0);
	kick();
	assert_int_equal(COVH(ADD_ZERO).error, 0);
	rig_on(0);
	assert_int_equal(COVH(ADD_ZERO).error, SBI_ERR_INVALID_ADDRESS);
	states_are(PAGE_TVM_DATA);
	tvm_end();
}

static void destroyed_at_every_stretch(void **state)
{
	u64 source;
	u32 n;

	(void)state;
	for (n = 1;; n += n < 4 || n > N / 64 ? 1 : 17) {
		start();
		if (!ABANDON(n, ADD_ZERO))
			break;
		tvm_end();
	}
	tvm_end();
	assert_in_range(n, N / 64 + 8, N / 64 + 20);
	for (n = 1;; n++) {
		build();
		source = rig_alloc(FEW, PAGE_SIZE);
		rig_convert(pages, FEW);
		if (!ABANDON(n, COVH_RFC_ADD_MEASURED_PAGES, t.id, source, pages, 0, FEW, BASE))
			break;
		tvm_end();
	}
	tvm_end();
	assert_in_range(n, FEW, FEW + 4);
}

static void measured_pages_are_added(void **state)
{
	const struct tvm *tvm;
	struct measure_reg expected;
	u64 source;

	(void)state;
	build();
	tvm = spa_ptr(SPA(t.tvm_state));
	source = rig_alloc(N, PAGE_SIZE);
	memset(rig_word(source), 0x21, N * PAGE_SIZE);
	rig_convert(pages, N);
	expected = tvm->measurement.reg[COVE_MR_TVM_PAGES];
	for (u64 i = 0; i < N; i++)
		measure_page(&expected, GPA(BASE + i * PAGE_SIZE), rig_word(source));
	assert_in_range(STRETCHES(ADD_MEASURED), N, N + 30);
	assert_int_equal(r.error, 0);
	assert_memory_equal(&expected, &tvm->measurement.reg[COVE_MR_TVM_PAGES], sizeof(expected));
	assert_memory_equal(rig_word(pages), rig_word(source), N * PAGE_SIZE);
	states_are(PAGE_TVM_DATA);
	tvm_end();
}

static void pool_pages_are_added(void **state)
{
	const struct tvm *tvm;
	u64 before;

	(void)state;
	for (u32 n = 1; n < N / 64; n += 19) {
		start();
		assert_true(ABANDON(n, ADD_PGT));
		tvm_end();
	}
	start();
	tvm = spa_ptr(SPA(t.tvm_state));
	before = tvm->gstage.pool_count;
	assert_in_range(STRETCHES(ADD_PGT), N / 64, N / 64 + 12);
	assert_int_equal(r.error, 0);
	assert_int_equal(tvm->gstage.pool_count, before + N);
	states_are(PAGE_TVM_TABLE);
	tvm_end();
}

/* --- a TVM's leaves ------------------------------------------------------------------------------------------------ */

/* vCPU 0 asks for @fid over the range, and is out; the pages are there. */
static void ask_for(u64 fid)
{
	run(0);
	assert_false(TVM_ECALL(&r, SBI_EXT_COVG, fid, BASE, 8 * SIZE_2M));
}

static void answer(void)
{
	struct world *w;

	shmem_set(NACL_GPR_OFFSET(10), 0);
	w = run(0);
	assert_int_equal(w->gpr[REG_A0], 0);
	kick();
}

static void shared_pages_come_and_go(void **state)
{
	(void)state;
	build();
	tvm_finalize_call();
	ask_for(COVG_SHARE_MEMORY);
	answer();
	for (u32 n = 1; ABANDON(n, ADD_SHARED); n++)
		assert_int_equal(COVH(ADD_SHARED).error, 0), assert_int_equal(COVH(INVALIDATE).error, 0),
			assert_int_equal(COVH(COVH_RFC_TVM_FENCE, t.id).error, 0), ask_for(COVG_UNSHARE_MEMORY),
			assert_int_equal(COVH(REMOVE).error, 0), answer(), ask_for(COVG_SHARE_MEMORY), answer();
	for (u64 i = 0; i < N; i++)
		assert_int_equal(page_word(page_at(i)), page_word_make(PAGE_HOST, 0, 1));
	tvm_end();
}

static void destroyed_while_shared_pages_come(void **state)
{
	bool left = true;

	(void)state;
	for (u32 n = 1; left; n++) {
		build();
		tvm_finalize_call();
		ask_for(COVG_SHARE_MEMORY);
		answer();
		left = ABANDON(n, ADD_SHARED);
		tvm_end();
	}
}

static void leaves_are_blocked_and_removed(void **state)
{
	(void)state;
	start();
	assert_int_equal(COVH(ADD_ZERO).error, 0);
	assert_in_range(STRETCHES(INVALIDATE), 5, 14);
	assert_int_equal(r.error, 0);
	STRETCHES(INVALIDATE);
	assert_int_equal(r.error, SBI_ERR_INVALID_ADDRESS);
	STRETCHES(VALIDATE);
	assert_int_equal(r.error, 0);
	STRETCHES(INVALIDATE);
	assert_int_equal(r.error, 0);
	assert_int_equal(COVH(COVH_RFC_TVM_FENCE, t.id).error, 0);
	STRETCHES(REMOVE);
	assert_int_equal(r.error, SBI_ERR_INVALID_ADDRESS);
	ask_for(COVG_SHARE_MEMORY);
	assert_in_range(STRETCHES(REMOVE), 5, 14);
	assert_int_equal(r.error, 0);
	states_are(PAGE_CONVERTED);
	answer();
	tvm_end();
}

/* While a long call is at some leaves, other calls for them wait; those for others do not. */
static void nobody_else_changes_the_leaves(void **state)
{
	(void)state;
	start();
	assert_int_equal(COVH(ADD_ZERO).error, 0);
	assert_true(ABANDON(3, INVALIDATE));
	rig_on(1);
	assert_false(COVH_TRY(&other, COVH_RFC_INVALIDATE_PAGES, t.id, BASE + 8 * PAGE_SIZE, PAGE_SIZE));
	assert_false(COVH_TRY(&other, COVH_RFC_VALIDATE_PAGES, t.id, BASE, PAGE_SIZE));
	assert_false(COVH_TRY(&other, COVH_RFC_PROMOTE_PAGE, t.id, BASE, 1));
	assert_false(COVH_TRY(&other, COVH_RFC_INVALIDATE_PAGES, t.id, BASE, (N - 1) * PAGE_SIZE));
	assert_int_equal(COVH(COVH_RFC_INVALIDATE_PAGES, t.id, RAM, PAGE_SIZE).error, 0);
	assert_int_equal(COVH(COVH_RFC_VALIDATE_PAGES, t.id, RAM, PAGE_SIZE).error, 0);
	assert_int_equal(COVH(COVH_RFC_TVM_FENCE, t.id).error, 0);
	assert_int_equal(COVH(INVALIDATE).error, 0);
	rig_on(0);
	/* And one that nobody ends goes with its TVM. */
	assert_true(ABANDON(3, VALIDATE));
	tvm_end();
	start();
	assert_int_equal(COVH(ADD_ZERO).error, 0);
	assert_int_equal(COVH(INVALIDATE).error, 0);
	assert_int_equal(COVH(COVH_RFC_TVM_FENCE, t.id).error, 0);
	ask_for(COVG_SHARE_MEMORY);
	assert_true(ABANDON(5, REMOVE));
	tvm_end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "sweep: long CONVERT and RECLAIM let the host take its interrupts", convert_and_reclaim, NULL, NULL, NULL },
		{ "sweep: a page at the end that cannot be converted leaves all as it was", a_late_refusal_changes_nothing,
		  NULL, NULL, NULL },
		{ "sweep: a long RECLAIM takes what is fenced, what is not, and what is the host's", reclaim_takes_a_mixture,
		  NULL, NULL, NULL },
		{ "sweep: a CONVERT that is never made again holds its frames, and no hart", an_abandoned_convert_holds_its_frames,
		  NULL, NULL, NULL },
		{ "sweep: of two that overlap one is refused", two_at_once_meet, NULL, NULL, NULL },
		{ "sweep: zero pages by the thousand", zero_pages_are_added, NULL, NULL, NULL },
		{ "sweep: a place at the end that is taken leaves all as it was", a_late_refusal_of_an_add_changes_nothing,
		  NULL, NULL, NULL },
		{ "sweep: meanwhile other calls wait, are refused, or have nothing to do with it", others_wait_or_are_refused,
		  NULL, NULL, NULL },
		{ "sweep: DESTROY takes an add back wherever it stopped", destroyed_at_every_stretch, NULL, NULL, NULL },
		{ "sweep: measured pages by the thousand", measured_pages_are_added, NULL, NULL, NULL },
		{ "sweep: pool pages by the thousand", pool_pages_are_added, NULL, NULL, NULL },
		{ "sweep: shared pages come and go by the thousand", shared_pages_come_and_go, NULL, NULL, NULL },
		{ "sweep: DESTROY takes shared pages back wherever their add stopped", destroyed_while_shared_pages_come,
		  NULL, NULL, NULL },
		{ "sweep: leaves are blocked, unblocked and removed by the thousand", leaves_are_blocked_and_removed,
		  NULL, NULL, NULL },
		{ "sweep: nobody else changes leaves that a long call is at", nobody_else_changes_the_leaves, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
