/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>

#include "rv/csr_classes.h"
#include "rv/world.h"

enum class { SWAPPED, VIEW, CONSTANT, TRAPPED, SHARED };

struct row {
	u32 number;
	enum class host, tvm;
	const char *how;
};

#define ROW(name, number, host, tvm, how)	{ number, host, tvm, how },
#define ROW_TRAPPED(name, number)		{ number, TRAPPED, TRAPPED, "" },
static const struct row rows[] = {
	CSR_CLASSES(ROW) CSR_CLASSES_HPM(ROW_TRAPPED) CSR_CLASSES_HYPERVISOR(ROW_TRAPPED)
};

#define NUMBER(name, number)			number,
#define NUMBER_IF(name, number, has)		number,
static const u32 moved[] = { WORLD_CSRS_TOLD(NUMBER) WORLD_CSRS_SWAPPED(NUMBER) WORLD_CSRS_OPTIONAL(NUMBER_IF) CSR_VSATP };

/* VS mode's registers have the hypervisor's number less 0x100. */
static bool is_moved(u32 number)
{
	for (size_t i = 0; i < ARRAY_SIZE(moved); i++) {
		if (moved[i] == number || moved[i] == number + 0x100)
			return true;
	}
	return false;
}

static const struct row *row_of(u32 number)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].number == number)
			return &rows[i];
	}
	return NULL;
}

static void numbers_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_ptr_equal(row_of(rows[i].number), &rows[i]);
}

static bool moves_with_fp_and_vector(const struct row *r)
{
	return strstr(r->how, "fpv.c") || !strcmp(r->how, "fcsr") || !strcmp(r->how, "vcsr");
}

static void swapped_is_moved(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].tvm == SWAPPED)
			assert_true(is_moved(rows[i].number) || moves_with_fp_and_vector(&rows[i]));
		assert_int_equal(rows[i].host == SWAPPED, rows[i].tvm == SWAPPED);
		assert_int_not_equal(rows[i].tvm, SHARED);
	}
}

static void moved_is_swapped(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(moved); i++) {
		bool vs = moved[i] >= 0x200 && moved[i] < 0x300;
		const struct row *r = row_of(vs ? moved[i] - 0x100 : moved[i]);

		assert_non_null(r);
		if (moved[i] == CSR_HVIP)	/* behind sip */
			assert_int_equal(r->tvm, TRAPPED);
		else
			assert_int_equal(r->tvm, SWAPPED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("every CSR has one class", numbers_are_unique),
		SENTENCE("what is swapped is in a list of world.h or moved with FP and vector",
			 swapped_is_moved),
		SENTENCE("what world.h moves is classed as swapped", moved_is_swapped),
	};

	return cmocka_run_group_tests_name("csr_classes", tests, NULL, NULL);
}
