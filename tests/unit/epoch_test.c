/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>

#include "page/epoch.h"

static struct epoch e;
static struct epoch_slot slots[3];

static int setup(void **state)
{
	(void)state;
	memset(slots, 0, sizeof(slots));
	epoch_init(&e, slots, 3);
	return 0;
}

static bool enter(u32 i)
{
	u64 version;
	bool flush = epoch_enter(&e, &slots[i], &version);

	epoch_flushed(&slots[i], version);
	return flush;
}

static void first_entry_flushes(void **state)
{
	(void)state;
	assert_true(enter(0));
	assert_false(enter(0));
	epoch_leave(&slots[0]);
	assert_false(enter(0));
}

static void stamp_needs_a_fence(void **state)
{
	u32 stamp = epoch_stamp(&e);

	(void)state;
	assert_false(epoch_passed(&e, stamp));
	assert_true(epoch_advance(&e));
	assert_true(epoch_passed(&e, stamp));
	assert_false(epoch_passed(&e, epoch_stamp(&e)));
}

static void active_users_hold_a_stamp(void **state)
{
	u32 stamp;

	(void)state;
	enter(0);
	enter(1);
	stamp = epoch_stamp(&e);
	assert_true(epoch_advance(&e));
	assert_false(epoch_passed(&e, stamp));
	assert_true(enter(0));
	assert_false(epoch_passed(&e, stamp));
	epoch_leave(&slots[1]);
	assert_true(epoch_passed(&e, stamp));
	assert_true(enter(1));
	assert_true(epoch_passed(&e, stamp));
}

static void two_fences_at_once_are_refused(void **state)
{
	(void)state;
	enter(0);
	assert_true(epoch_advance(&e));
	assert_false(epoch_advance(&e));
	enter(0);
	assert_true(epoch_advance(&e));
}

static void entering_without_flush_holds_the_stamp(void **state)
{
	u64 version, stamp;

	(void)state;
	enter(0);
	stamp = epoch_stamp(&e);
	assert_true(epoch_advance(&e));
	/* Entered but not flushed yet: the old translations may still be there. */
	assert_true(epoch_enter(&e, &slots[0], &version));
	assert_false(epoch_passed(&e, stamp));
	epoch_flushed(&slots[0], version);
	assert_true(epoch_passed(&e, stamp));
}

static void numbers_wrap(void **state)
{
	u32 stamp;

	(void)state;
	e.current = UINT32_MAX;
	e.passed = UINT32_MAX - 5;
	for (u32 i = 0; i < 3; i++)
		enter(i);
	stamp = epoch_stamp(&e);
	assert_true(epoch_advance(&e));
	assert_int_equal(e.current, 1ULL << 32);
	assert_false(epoch_passed(&e, stamp));
	for (u32 i = 0; i < 3; i++)
		assert_true(enter(i));
	assert_true(epoch_passed(&e, stamp));
	assert_false(epoch_passed(&e, epoch_stamp(&e)));
}

static void a_passed_stamp_stays_passed(void **state)
{
	u32 stamp = epoch_stamp(&e);

	(void)state;
	for (u32 i = 0; i < 100; i++) {
		assert_true(epoch_advance(&e));
		assert_true(enter(i % 3));
		assert_true(epoch_passed(&e, stamp));
		epoch_leave(&slots[i % 3]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "epoch: the first entry flushes, another one in the same epoch does not",
		  first_entry_flushes, setup, NULL, NULL },
		{ "epoch: a stamp passes with a fence, not before", stamp_needs_a_fence, setup,
		  NULL, NULL },
		{ "epoch: a user that is inside and has not flushed holds a stamp back",
		  active_users_hold_a_stamp, setup, NULL, NULL },
		{ "epoch: a fence is refused while a user is in the previous epoch",
		  two_fences_at_once_are_refused, setup, NULL, NULL },
		{ "epoch: to have entered is not to have flushed",
		  entering_without_flush_holds_the_stamp, setup, NULL, NULL },
		{ "epoch: numbers wrap", numbers_wrap, setup, NULL, NULL },
		{ "epoch: what has passed stays passed", a_passed_stamp_stays_passed, setup, NULL,
		  NULL },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
