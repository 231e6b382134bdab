/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>

#include "page/page.h"
#include "rv_arch.h"

#define FIRST	0x80000ULL
#define FRAMES	64ULL
#define SECOND	0x90000ULL

static struct rv_cpu cpu;
static u64 words[2][FRAMES];
static struct epoch_slot slots[2];

void __noreturn panic(const char *what, const char *file, int line)
{
	fprintf(stderr, "panic: %s (%s:%d)\n", what, file, line);
	abort();
}

static int group_setup(void **state)
{
	(void)state;
	rv_cpu = &cpu;
	rv_ram_create(FIRST << PAGE_SHIFT, FRAMES << PAGE_SHIFT);
	page_bank_add(&(struct page_bank){ FIRST, FRAMES, words[0], PAGE_KIND_RAM }, PAGE_HOST);
	page_bank_add(&(struct page_bank){ SECOND, FRAMES, words[1], PAGE_KIND_RAM }, PAGE_TSM);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	page_boot_set(PFN(FIRST), FRAMES, PAGE_HOST);
	memset(slots, 0, sizeof(slots));
	epoch_init(&host_epoch, slots, 2);
	return 0;
}

static u64 word(u64 i)
{
	return page_word(PFN(FIRST + i));
}

static void ranges_stay_in_one_bank(void **state)
{
	(void)state;
	assert_true(page_range_is_ram(PFN(FIRST), FRAMES));
	assert_true(page_range_is_ram(PFN(SECOND + FRAMES - 1), 1));
	assert_false(page_range_is_ram(PFN(FIRST), 0));
	assert_false(page_range_is_ram(PFN(FIRST - 1), 1));
	assert_false(page_range_is_ram(PFN(FIRST), FRAMES + 1));
	assert_false(page_range_is_ram(PFN(FIRST + FRAMES), 1));
	assert_false(page_range_is_ram(PFN(FIRST), SECOND - FIRST + 1));
	assert_false(page_range_is_ram(PFN(FIRST + 1), ~0ULL));
	assert_false(page_range_is_ram(PFN(~0ULL), 2));
	assert_int_equal(page_word(PFN(0)), 0);
}

static void claims_are_all_or_nothing(void **state)
{
	(void)state;
	page_boot_set(PFN(FIRST + 5), 1, PAGE_CONVERTED);
	assert_int_equal(page_claim(PFN(FIRST), 10, PAGE_HOST, 0), TSM_E_ADDRESS);
	for (u64 i = 0; i < 10; i++)
		assert_false(page_word_busy(word(i)));
	assert_int_equal(page_claim(PFN(FIRST), 5, PAGE_HOST, 0), TSM_OK);
	assert_int_equal(page_claim(PFN(FIRST + 4), 1, PAGE_HOST, 0), TSM_E_ADDRESS);
	assert_int_equal(page_claim(PFN(FIRST + FRAMES - 1), 2, PAGE_HOST, 0), TSM_E_ADDRESS);
	page_unclaim(PFN(FIRST), 5);
	assert_int_equal(word(4), page_word_make(PAGE_HOST, 0, 0));
}

static void claims_ask_for_state_and_owner(void **state)
{
	(void)state;
	assert_int_equal(page_claim(PFN(FIRST), 1, PAGE_HOST, 0), TSM_OK);
	page_commit(PFN(FIRST), 1, PAGE_TVM_DATA, 77, 0);
	assert_int_equal(page_claim(PFN(FIRST), 1, PAGE_TVM_DATA, 78), TSM_E_ADDRESS);
	assert_int_equal(page_claim(PFN(FIRST), 1, PAGE_TVM_TABLE, 77), TSM_E_ADDRESS);
	assert_int_equal(page_claim(PFN(FIRST), 1, PAGE_CONVERTED, 0), TSM_E_ADDRESS);
	assert_int_equal(page_claim(PFN(FIRST), 1, PAGE_HOST, 0), TSM_E_ADDRESS);
	assert_int_equal(page_claim(PFN(FIRST), 1, PAGE_TVM_DATA, 77), TSM_OK);
	page_commit(PFN(FIRST), 1, PAGE_HOST, 0, 0);
	assert_int_equal(word(0), page_word_make(PAGE_HOST, 0, 0));
}

static void owners_up_to_the_largest_frame_number(void **state)
{
	u64 owner = PAGE_OWNER_MASK;
	u64 w = page_word_make(PAGE_TVM_STATE, owner, UINT32_MAX);

	(void)state;
	assert_int_equal(page_word_state(w), PAGE_TVM_STATE);
	assert_int_equal(page_word_owner(w), owner);
	assert_int_equal(page_word_info(w), UINT32_MAX);
	assert_false(page_word_busy(w));
	assert_true(page_word_busy(w | PAGE_BUSY));
}

static void converting_is_not_converted_before_the_fence(void **state)
{
	u64 version;

	(void)state;
	assert_true(epoch_enter(&host_epoch, &slots[0], &version));
	epoch_flushed(&slots[0], version);
	assert_int_equal(page_claim(PFN(FIRST), 2, PAGE_HOST, 0), TSM_OK);
	page_commit(PFN(FIRST), 2, PAGE_CONVERTING, 0, epoch_stamp(&host_epoch));
	assert_int_equal(page_claim(PFN(FIRST), 2, PAGE_CONVERTED, 0), TSM_E_ADDRESS);
	assert_true(epoch_advance(&host_epoch));
	assert_int_equal(page_claim(PFN(FIRST), 2, PAGE_CONVERTED, 0), TSM_E_ADDRESS);
	assert_int_equal(page_word_state(word(0)), PAGE_CONVERTING);
	assert_true(epoch_enter(&host_epoch, &slots[0], &version));
	epoch_flushed(&slots[0], version);
	assert_int_equal(page_claim(PFN(FIRST), 2, PAGE_CONVERTED, 0), TSM_OK);
	assert_int_equal(word(1), page_word_make(PAGE_CONVERTED, 0, 0) | PAGE_BUSY);
	page_unclaim(PFN(FIRST), 2);
}

static void converting_can_be_claimed_as_itself(void **state)
{
	(void)state;
	assert_int_equal(page_claim(PFN(FIRST), 1, PAGE_HOST, 0), TSM_OK);
	page_commit(PFN(FIRST), 1, PAGE_CONVERTING, 0, epoch_stamp(&host_epoch));
	assert_int_equal(page_claim(PFN(FIRST), 1, PAGE_CONVERTING, 0), TSM_OK);
	page_commit(PFN(FIRST), 1, PAGE_HOST, 0, 0);
}

static void pinned_pages_are_not_claimed(void **state)
{
	(void)state;
	assert_int_equal(page_pin(PFN(FIRST), 3), TSM_OK);
	assert_int_equal(page_pin(PFN(FIRST), 1), TSM_OK);
	assert_int_equal(page_word_info(word(0)), 2);
	assert_int_equal(page_claim(PFN(FIRST + 2), 1, PAGE_HOST, 0), TSM_E_ADDRESS);
	page_unpin(PFN(FIRST), 3);
	assert_int_equal(page_claim(PFN(FIRST), 3, PAGE_HOST, 0), TSM_E_ADDRESS);
	page_unpin(PFN(FIRST), 1);
	assert_int_equal(page_claim(PFN(FIRST), 3, PAGE_HOST, 0), TSM_OK);
	/* And the other way round. */
	assert_int_equal(page_pin(PFN(FIRST + 2), 2), TSM_E_ADDRESS);
	assert_int_equal(page_word_info(word(3)), 0);
	page_unclaim(PFN(FIRST), 3);
	page_boot_set(PFN(FIRST + 4), 1, PAGE_CONVERTED);
	assert_int_equal(page_pin(PFN(FIRST + 3), 2), TSM_E_ADDRESS);
	assert_int_equal(word(3), page_word_make(PAGE_HOST, 0, 0));
}

static void pins_do_not_overflow(void **state)
{
	(void)state;
	assert_int_equal(page_claim(PFN(FIRST), 1, PAGE_HOST, 0), TSM_OK);
	page_commit(PFN(FIRST), 1, PAGE_HOST, 0, UINT32_MAX - 1);
	assert_int_equal(page_pin(PFN(FIRST), 1), TSM_OK);
	assert_int_equal(page_pin(PFN(FIRST), 1), TSM_E_ADDRESS);
	assert_int_equal(page_word_info(word(0)), UINT32_MAX);
}

static void references_keep_an_object(void **state)
{
	(void)state;
	assert_int_equal(page_claim(PFN(FIRST), 1, PAGE_HOST, 0), TSM_OK);
	page_commit(PFN(FIRST), 1, PAGE_TVM_STATE, FIRST, 0);
	assert_false(page_ref(PFN(FIRST), PAGE_TVM_STATE, FIRST + 1));
	assert_false(page_ref(PFN(FIRST), PAGE_VCPU_STATE, FIRST));
	assert_false(page_ref(PFN(1), PAGE_TVM_STATE, 1));
	assert_true(page_ref(PFN(FIRST), PAGE_TVM_STATE, FIRST));
	assert_int_equal(page_claim_unreferenced(PFN(FIRST), PAGE_TVM_STATE, FIRST), TSM_E_ADDRESS);
	page_unref(page_word_at(PFN(FIRST)));
	assert_int_equal(page_claim_unreferenced(PFN(FIRST), PAGE_TVM_STATE, FIRST + 1),
			 TSM_E_ADDRESS);
	assert_int_equal(page_claim_unreferenced(PFN(FIRST), PAGE_TVM_STATE, FIRST), TSM_OK);
	assert_false(page_ref(PFN(FIRST), PAGE_TVM_STATE, FIRST));
	page_commit(PFN(FIRST), 1, PAGE_HOST, 0, 0);
}

static void scrub_zeroes_whole_frames(void **state)
{
	u8 *p = spa_ptr(SPA(FIRST << PAGE_SHIFT));

	(void)state;
	for (u32 block = 0; block <= 64; block += 64) {
		page_scrub_init(block);
		memset(p, 0xa5, 4 * PAGE_SIZE);
		page_scrub(PFN(FIRST + 1), 2);
		assert_int_equal(p[PAGE_SIZE - 1], 0xa5);
		for (u64 i = PAGE_SIZE; i < 3 * PAGE_SIZE; i++)
			assert_int_equal(p[i], 0);
		assert_int_equal(p[3 * PAGE_SIZE], 0xa5);
	}
	page_scrub_init(0);
}

static void a_reset_leaves_nothing_confidential(void **state)
{
	static const enum page_state taken[] = { PAGE_CONVERTING, PAGE_CONVERTED, PAGE_TVM_DATA, PAGE_TVM_BLOCKED,
						 PAGE_TVM_TABLE, PAGE_TVM_STATE, PAGE_VCPU_STATE };
	u8 *p = spa_ptr(SPA(FIRST << PAGE_SHIFT));

	(void)state;
	assert_true(ARRAY_SIZE(taken) + 1 <= FRAMES);
	memset(p, 0xa5, (ARRAY_SIZE(taken) + 1) * PAGE_SIZE);
	for (u64 i = 0; i < ARRAY_SIZE(taken); i++)
		page_boot_set(PFN(FIRST + 1 + i), 1, taken[i]);
	page_scrub_confidential();
	assert_int_equal(p[0], 0xa5);
	assert_int_equal(p[PAGE_SIZE - 1], 0xa5);
	for (u64 i = PAGE_SIZE; i < (ARRAY_SIZE(taken) + 1) * PAGE_SIZE; i++)
		assert_int_equal(p[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("page: a range lies in one bank and does not wrap",
			 ranges_stay_in_one_bank),
		SENTENCE("page: a claim takes all of its pages or none", claims_are_all_or_nothing),
		SENTENCE("page: a claim asks for the state and the owner",
			 claims_ask_for_state_and_owner),
		SENTENCE("page: a word holds any owner and any count",
			 owners_up_to_the_largest_frame_number),
		SENTENCE("page: a converting page is not converted before every hart has flushed",
			 converting_is_not_converted_before_the_fence),
		SENTENCE("page: a converting page can be taken back",
			 converting_can_be_claimed_as_itself),
		SENTENCE("page: a pinned page cannot be claimed, a claimed one not pinned",
			 pinned_pages_are_not_claimed),
		SENTENCE("page: the count of pins does not overflow", pins_do_not_overflow),
		SENTENCE("page: an object with references cannot be claimed",
			 references_keep_an_object),
		SENTENCE("page: scrub zeroes its frames and nothing else",
			 scrub_zeroes_whole_frames),
		SENTENCE("page: before a reset every page that was taken from the host is zeroed",
			 a_reset_leaves_nothing_confidential),
	};

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		((struct CMUnitTest *)&tests[i])->setup_func = setup;
	return cmocka_run_group_tests(tests, group_setup, NULL);
}
