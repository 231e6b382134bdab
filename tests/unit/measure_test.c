/* SPDX-License-Identifier: BSD-2-Clause */
/* Measurement registers: their names, and how they are extended. */
#include "unit/unit.h"

#include <pthread.h>
#include <string.h>

#include "measure/identity.h"
#include "measure/measure.h"

#define FIRST		COVE_MR_INITIAL_COUNT
#define EXTENDS		5000

void __noreturn panic(const char *what, const char *file, int line)
{
	fprintf(stderr, "panic: %s (%s:%d)\n", what, file, line);
	abort();
}

/* SHA384("helloworld"), and what zeros extended by it are with and without 16 zeros behind it */
static const char hello[] = "97982a5b1414b9078103a1c008c4e3526c27b41cdbcf80790560a40f2a9bf2ed"
			    "4427ab1428789915ed4b3dc07c454bd9";
static const char extended[] = "96c4ef47b5b70840706372472f80b355673b289d02e219e2b55f2d3727596c97"
			       "90adda77fa1b53bae481daa1113cc4b7";
static const char padded[] = "4d783cdfa8d6bc1293d0f1bfb58f9f0b05a8ef723cb8745d142d60ac3b9d213c"
			     "51f06aa1e9b92ff09f64e4a2d0c8fe87";

static void is(const u8 *value, const char *hex)
{
	char text[2 * COVE_MR_SIZE + 1];

	for (u32 i = 0; i < COVE_MR_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", value[i]);
	assert_string_equal(text, hex);
}

static void known_answers(void **state)
{
	u8 digest[ATST_EXTEND_SIZE] = { 0 };
	struct measurement m = { 0 };
	struct measure_reg value;

	(void)state;
	sha384("helloworld", 10, digest);
	is(digest, hello);
	assert_true(measure_extend(&m, FIRST, digest, COVE_MR_SIZE));
	measure_read(&m, FIRST, &value);
	is(value.value, extended);
	assert_true(measure_extend(&m, FIRST + 1, digest, ATST_EXTEND_SIZE));
	measure_read(&m, FIRST + 1, &value);
	is(value.value, padded);
	/* Nothing else has changed. */
	for (u32 i = 0; i < COVE_MR_COUNT; i++)
		for (u32 k = 0; k < COVE_MR_SIZE && i != FIRST && i != FIRST + 1; k++)
			assert_int_equal(m.reg[i].value[k], 0);
}

static void one_table(void **state)
{
	static const u8 pcr[] = { 0, 1, 2, 3, 17, 18, 19, 20 };
	static const u8 index[] = { COVE_MR_PLATFORM_FW, COVE_MR_PLATFORM_CONFIG, COVE_MR_TVM_PAGES,
				    COVE_MR_TVM_ENTRY, 7, 8, 9, 10 };
	u32 fwid = 0, found = 0;

	(void)state;
	for (u64 i = 0; i < 300; i++)
		found += measure_of_pcr(i) != COVE_MR_COUNT;
	assert_int_equal(found, ARRAY_SIZE(pcr));
	for (u32 i = 0; i < ARRAY_SIZE(pcr); i++)
		assert_int_equal(measure_of_pcr(pcr[i]), index[i]);
	assert_int_equal(measure_of_pcr(~0ULL), COVE_MR_COUNT);
	assert_int_equal(measure_of_pcr(COVE_PCR_UNMAPPED), COVE_MR_COUNT);
	assert_int_equal(measure_of_pcr((1ULL << 32) + 17), COVE_MR_COUNT);
	for (u32 i = 0; i < COVE_MR_COUNT; i++) {
		const struct measure_name *n = &measure_names[i];

		assert_int_equal(n->fwid == MEASURE_NO_FWID, n->pcr == COVE_PCR_UNMAPPED);
		if (n->fwid != MEASURE_NO_FWID)
			assert_int_equal(n->fwid, fwid++);
		assert_int_equal(measure_is_runtime(i), i >= 7);
	}
	assert_int_equal(fwid, ARRAY_SIZE(pcr));
	assert_false(measure_is_runtime(COVE_MR_COUNT));
	assert_false(measure_is_runtime(~0ULL));
}

static pthread_barrier_t together;

static void *extend_often(void *m)
{
	static const u8 digest[COVE_MR_SIZE] = { 1 };

	pthread_barrier_wait(&together);
	for (u32 i = 0; i < EXTENDS; i++)
		while (!measure_extend(m, FIRST, digest, sizeof(digest)))
			;
	return NULL;
}

/* The same digest from all sides: whatever the order, the result is the same chain. */
static void no_extend_is_lost(void **state)
{
	struct measurement m = { 0 }, alone = { 0 };
	pthread_t thread[4];

	(void)state;
	pthread_barrier_init(&together, NULL, ARRAY_SIZE(thread));
	for (u32 i = 0; i < ARRAY_SIZE(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, extend_often, &m), 0);
	for (u32 i = 0; i < ARRAY_SIZE(thread); i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&together);
	pthread_barrier_init(&together, NULL, 1);
	for (u32 i = 0; i < ARRAY_SIZE(thread); i++)
		extend_often(&alone);
	pthread_barrier_destroy(&together);
	assert_memory_equal(m.reg, alone.reg, sizeof(m.reg));
}

/* The page that firmware leaves: as it has to be, then with each thing wrong in turn. */
static void identities(void **state)
{
	static struct cove_handoff h;
	struct measurement m = { 0 };
	u64 seed = 3;

	(void)state;
	assert_true(identity_init(NULL));
	identity_measure(&m);
	for (u32 i = 0; i < COVE_MR_COUNT; i++)
		assert_memory_equal(m.reg[i].value, i < COVE_HANDOFF_MRS ? "debug\0\0\0" : "\0\0\0\0\0\0\0\0", 8);
	assert_null(identity());

	for (u32 i = 0; i < 10000; i++) {
		for (size_t k = 0; k < sizeof(h) / 8; k++)
			((u64 *)&h)[k] = unit_random(&seed);
		if (i % 2) {
			h.magic = COVE_HANDOFF_MAGIC;
			h.version = COVE_HANDOFF_VERSION;
		}
		/* A state is one of four numbers. */
		assert_false(identity_init(&h));
	}
	memset(&h, 0, sizeof(h));
	h.magic = COVE_HANDOFF_MAGIC;
	h.version = COVE_HANDOFF_VERSION;
	h.platform_state = COVE_STATE_SECURED;
	for (u32 i = 0; i < COVE_HANDOFF_PIECES; i++)
		h.piece[i] = (struct cove_handoff_piece){ 0, sizeof(h.tail) };
	for (u32 i = 0; i < COVE_HANDOFF_PIECES; i++) {
		h.piece[i].size++;
		assert_false(identity_init(&h));
		h.piece[i].size = 0;
		assert_false(identity_init(&h));
		h.piece[i] = (struct cove_handoff_piece){ sizeof(h.tail) + 1, 1 };
		assert_false(identity_init(&h));
		h.piece[i] = (struct cove_handoff_piece){ sizeof(h.tail) - 1, 2 };
		assert_false(identity_init(&h));
		h.piece[i].size = 1;
	}
	assert_null(identity());
	memset(h.mr, 0x77, sizeof(h.mr));
	assert_true(identity_init(&h));
	identity_measure(&m);
	assert_memory_equal(m.reg[3].value, h.mr[3], COVE_MR_SIZE);
	assert_memory_equal(identity(), &h, sizeof(h));
	/* Nobody replaces it. */
	h.mr[0][0]++;
	identity_publish(&h);
	assert_int_equal(identity()->mr[0][0], 0x77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("identity: a page from firmware is taken whole or not at all, once", identities),
		SENTENCE("measure: an extend hashes 48 bytes for COVG and 64 for ATST",
			 known_answers),
		SENTENCE("measure: index, fwid and PCR name the same registers", one_table),
		SENTENCE("measure: extends from several harts at once all count",
			 no_extend_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
