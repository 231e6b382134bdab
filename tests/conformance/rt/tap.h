/* SPDX-License-Identifier: BSD-2-Clause */
/* Test Anything Protocol: one line a check, each a sentence that is true when all is well. */
#ifndef RT_TAP_H
#define RT_TAP_H

#include "rt.h"

struct test {
	const char *name;
	void (*run)(void);
};

#define TEST(fn)	{ #fn, fn }

struct group {
	const char *name;
	const struct test *tests;
	u32 count;
	bool needs_tsm;		/* makes no sense directly on OpenSBI */
	u32 harts;		/* at least so many, else it is skipped */
	u32 files;		/* so many guest files a hart that the host can give away */
};

/* Defines g_group from g_tests[]. */
#define GROUP(g, tsm, n)							\
	const struct group g##_group = { #g, g##_tests, ARRAY_SIZE(g##_tests), tsm, n, 0 }
/* The same beneath the TSM, with guest files. */
#define GROUP_FILES(g, n, files)						\
	const struct group g##_group = { #g, g##_tests, ARRAY_SIZE(g##_tests), true, n, files }

/* Each prints one line and says whether the check held. */
__attribute__((format(printf, 2, 3))) bool ok(bool condition, const char *sentence, ...);
/* got == want */
__attribute__((format(printf, 3, 4))) bool eq(u64 got, u64 want, const char *sentence, ...);
/* The call succeeded / was refused with this error. */
__attribute__((format(printf, 2, 3))) bool sbi_ok(struct sbiret r, const char *sentence, ...);
__attribute__((format(printf, 3, 4))) bool sbi_err(struct sbiret r, s64 error, const char *sentence,
						   ...);
/* It was refused with any error. */
__attribute__((format(printf, 2, 3))) bool sbi_refused(struct sbiret r, const char *sentence, ...);
__attribute__((format(printf, 2, 3))) void skip(const char *why, const char *sentence, ...);
/* A line that explains. */
__attribute__((format(printf, 1, 2))) void note(const char *fmt, ...);

/* times=N on the command line: long tests do so many times their usual rounds. */
u64 test_times(void);

extern u32 tap_failed;
extern bool tsm_present;
void tap_run(const struct group *const *groups, u32 count, bool tsm);

#endif
