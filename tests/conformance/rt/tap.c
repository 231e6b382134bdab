/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include "cove.h"
#include "tap.h"
#include "aia.h"
#include "tvm.h"

u32 tap_failed;
bool tsm_present;
static u32 tap_count;
static const char *group_name = "";

static bool line(bool good, const char *sentence, va_list args)
{
	tap_count++;
	if (!good)
		tap_failed++;
	print("%s %u - %s: ", good ? "ok" : "not ok", tap_count, group_name);
	vprint(sentence, args);
	print("\n");
	return good;
}

bool ok(bool condition, const char *sentence, ...)
{
	va_list args;

	va_start(args, sentence);
	line(condition, sentence, args);
	va_end(args);
	return condition;
}

bool eq(u64 got, u64 want, const char *sentence, ...)
{
	va_list args;

	va_start(args, sentence);
	if (!line(got == want, sentence, args))
		print("# got %lx, expected %lx\n", got, want);
	va_end(args);
	return got == want;
}

static bool sbi_line(bool good, struct sbiret r, const char *expected, const char *sentence,
		     va_list args)
{
	if (!line(good, sentence, args))
		print("# error %ld value %lx, expected %s\n", r.error, (u64)r.value, expected);
	return good;
}

bool sbi_ok(struct sbiret r, const char *sentence, ...)
{
	va_list args;
	bool good;

	va_start(args, sentence);
	good = sbi_line(r.error == 0, r, "success", sentence, args);
	va_end(args);
	return good;
}

bool sbi_err(struct sbiret r, s64 error, const char *sentence, ...)
{
	va_list args;
	bool good;

	va_start(args, sentence);
	good = sbi_line(r.error == error, r, "another error", sentence, args);
	if (!good)
		print("# expected error %ld\n", error);
	va_end(args);
	return good;
}

bool sbi_refused(struct sbiret r, const char *sentence, ...)
{
	va_list args;
	bool good;

	va_start(args, sentence);
	good = sbi_line(r.error < 0 && r.error >= SBI_ERR_INVALID_STATE, r, "an error", sentence,
			args);
	va_end(args);
	return good;
}

void skip(const char *why, const char *sentence, ...)
{
	va_list args;

	tap_count++;
	va_start(args, sentence);
	print("ok %u - %s: ", tap_count, group_name);
	vprint(sentence, args);
	print(" # SKIP %s\n", why);
	va_end(args);
}

void note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print("# ");
	vprint(fmt, args);
	print("\n");
	va_end(args);
}

/*
 * What a test left behind must not make the next one fail: TVMs are destroyed, pages are taken
 * back, no interrupt is enabled or pending.
 */
static void run_one(const struct test *t, bool tsm)
{
	u64 mark = mem_mark();
	u32 failed = tap_failed;
	u64 lost;

	t->run();
	if (tsm)
		tvm_destroy_all();
	csr_write(sie, 0);
	csr_clear(sip, BIT(IRQ_SSI) | BIT(13));
	lost = mem_release(mark);
	if (lost && tsm) {
		if (failed == tap_failed)
			ok(false, "%s leaves no page converted (%lu are)", t->name, lost);
		cove_recover(mark);
		lost = mem_release(mark);
	}
	if (lost)
		note("%s: %lu pages are lost", t->name, lost);
}

u64 test_times(void)
{
	const char *s = strstr(machine.bootargs, "times=");
	u64 n = 0;

	for (s += s ? 6 : 0; s && *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (u64)(*s - '0');
	return n ? n : 1;
}

/* only=NAME+NAME... on the command line runs these groups and tests. */
static bool wanted(const char *group, const char *test)
{
	const char *name = strstr(machine.bootargs, "only=");

	if (!name)
		return true;
	for (name += 5;; name++) {
		size_t n = 0;

		while (name[n] && name[n] != ' ' && name[n] != '+')
			n++;
		if ((!strncmp(name, group, n) && !group[n]) || (!strncmp(name, test, n) && !test[n]))
			return true;
		name += n;
		if (*name != '+')
			return false;
	}
}

void tap_run(const struct group *const *groups, u32 count, bool tsm)
{
	tsm_present = tsm;
	for (u32 g = 0; g < count; g++) {
		group_name = groups[g]->name;
		for (u32 i = 0; i < groups[g]->count; i++) {
			if (!wanted(group_name, groups[g]->tests[i].name))
				continue;
			if (groups[g]->needs_tsm && !tsm)
				skip("no TSM", "%s", groups[g]->tests[i].name);
			else if (groups[g]->harts > nr_harts)
				skip("needs more harts", "%s", groups[g]->tests[i].name);
			else if (groups[g]->files && groups[g]->files > host_files())
				skip("needs more guest files", "%s", groups[g]->tests[i].name);
			else
				run_one(&groups[g]->tests[i], tsm);
		}
	}
	print("1..%u\n", tap_count);
	print("# %u passed, %u failed\n", tap_count - tap_failed, tap_failed);
}
