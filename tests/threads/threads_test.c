/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Four harts that are threads, under ThreadSanitizer: the hosts and TVMs of play.c, all at once. Locks are taken in the one
 * order there is; the threads yield at random wherever a lock or a claim is taken or let go; every few thousand steps all
 * stop, and the oracle looks. THREADS_CALLS asks for more calls, THREADS_SEED for others.
 */
#include "unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spinlock.h"
#include "check/check.h"
#include "oracle/play.h"
#include "oracle/watch.h"
#include "unit/rig.h"

enum { ROUND = 1000, MAX_HELD = 4 };

const char *threads_no_lock;

/* Outer first. A lock that stands alone has nothing inside and nothing around it. */
static const struct { const char *name; u32 rank; bool alone; } classes[] = {
	{ "&t->lock", 1, false },		/* a TVM */
	{ "&bl->lock", 2, false },		/* a block of the host's tables */
	{ "&g->lock", 3, false },		/* a GiB of them */
	{ "&v->irq.lock", 4, true },		/* a vCPU's interrupt state, by its four names */
	{ "&v->lock", 4, true },
	{ "&to->lock", 4, true },
	{ "&m->lock", 5, true },		/* a TVM's measurement */
	{ "&lock", 6, true },			/* the PMU's */
};

static __thread struct { const struct spinlock *lock; u32 class; } held[MAX_HELD];
static __thread u32 held_count;
static __thread u64 yield_seed;

void threads_yield(void)
{
	if (yield_seed && !(unit_random(&yield_seed) >> 58))
		sched_yield();
}

static void __attribute__((noreturn)) order(const char *name, const char *why)
{
	fprintf(stderr, "LOCK ORDER: %s %s\n", name, why);
	_exit(78);
}

void threads_lock(const struct spinlock *l, const char *name)
{
	u32 class = 0;

	while (class < ARRAY_SIZE(classes) && strcmp(classes[class].name, name))
		class++;
	if (class == ARRAY_SIZE(classes))
		order(name, "has no place in the order of locks");
	for (u32 i = 0; i < held_count; i++)
		if (held[i].lock == l || classes[held[i].class].rank >= classes[class].rank ||
		    classes[held[i].class].alone || classes[class].alone)
			order(name, classes[held[i].class].name);
	if (held_count == MAX_HELD)
		order(name, "is one too many");
	held[held_count].lock = l;
	held[held_count++].class = class;
}

void threads_unlock(const struct spinlock *l)
{
	if (!held_count || held[held_count - 1].lock != l)
		order("a lock", "is let go of that is not the innermost");
	held_count--;
}

/* Yields where page words are claimed and let go. */
enum tsm_err __real_page_claim(pfn_t pfn, u64 count, enum page_state from, u64 owner);
enum tsm_err __wrap_page_claim(pfn_t pfn, u64 count, enum page_state from, u64 owner);
void __real_page_commit(pfn_t pfn, u64 count, enum page_state to, u64 owner, u32 info);
void __wrap_page_commit(pfn_t pfn, u64 count, enum page_state to, u64 owner, u32 info);
void __real_tvm_build_end(struct tvm *t);
void __wrap_tvm_build_end(struct tvm *t);

enum tsm_err __wrap_page_claim(pfn_t pfn, u64 count, enum page_state from, u64 owner)
{
	enum tsm_err err;

	threads_yield();
	err = __real_page_claim(pfn, count, from, owner);
	threads_yield();
	return err;
}

void __wrap_page_commit(pfn_t pfn, u64 count, enum page_state to, u64 owner, u32 info)
{
	threads_yield();
	__real_page_commit(pfn, count, to, owner, info);
	threads_yield();
}

/* A seeded fault: a TVM's lock inside of another. */
static bool invert;

void __wrap_tvm_build_end(struct tvm *t)
{
	struct { struct spinlock lock; } block = { 0 }, *bl = &block;

	if (!invert) {
		__real_tvm_build_end(t);
		return;
	}
	spin_lock(&bl->lock);
	__real_tvm_build_end(t);
	spin_unlock(&bl->lock);
}

static u64 number(const char *name, u64 otherwise)
{
	const char *value = getenv(name);

	/* What make exports without a value is there and empty. */
	return value && *value ? strtoull(value, NULL, 0) : otherwise;
}

static pthread_barrier_t barrier;
static struct play plays[RIG_HARTS];
static u64 goal, looked;
static bool over;

/* Everybody stands still: the oracle looks, and this hart makes calls that are watched one by one. */
static void quiescent(struct play *p)
{
	u64 calls = 0;

	check_all();
	looked++;
	watch_on = true;
	for (u32 i = 0; i < 4; i++)
		play_step(p);
	watch_on = false;
	for (u32 i = 0; i < RIG_HARTS; i++)
		calls += plays[i].calls + plays[i].traps;
	over = calls >= goal;
}

static void *hart_main(void *arg)
{
	u32 index = (u32)(uintptr_t)arg;
	struct play *p = &plays[index];

	yield_seed = p->seed + 1;
	rig_on(index);
	for (u32 round = 0; !over; round++) {
		for (u32 i = 0; i < ROUND; i++)
			play_step(p);
		pthread_barrier_wait(&barrier);
		if (index == round % RIG_HARTS)
			quiescent(p);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void harts_at_once(void **state)
{
	u64 seed = number("THREADS_SEED", 1), calls = 0, entered = 0;
	pthread_t threads[RIG_HARTS];

	(void)state;
	goal = number("THREADS_CALLS", 200000);
	watch_only_check = true;
	watch_on = false;
	play_alone = false;
	rv_on_fence = NULL;
	for (u32 i = 0; i < RIG_HARTS; i++)
		plays[i] = (struct play){ .seed = (seed * RIG_HARTS + i + 1) * 0x9e3779b97f4a7c15ULL };
	play_begin(&plays[0]);
	rv_on_fence = NULL;
	pthread_barrier_init(&barrier, NULL, RIG_HARTS);
	for (u32 i = 0; i < RIG_HARTS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hart_main, (void *)(uintptr_t)i), 0);
	for (u32 i = 0; i < RIG_HARTS; i++)
		pthread_join(threads[i], NULL);
	for (u32 i = 0; i < RIG_HARTS; i++) {
		calls += plays[i].calls + plays[i].traps;
		entered += plays[i].entered;
	}
	print_message("# %llu calls and traps on %u harts at once, %llu entries, the oracle looked %llu times\n",
		      (unsigned long long)calls, RIG_HARTS, (unsigned long long)entered, (unsigned long long)looked);
	assert_true(goal && calls >= goal && entered > goal / 100);
	play_alone = true;
	check_all();
	play_end();
}

/* Runs the same with a fault in another process. */
static int status_with(const char *no_lock, bool inverted)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		threads_no_lock = no_lock;
		invert = inverted;
		harts_at_once(NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void races_are_found(void **state)
{
	int status = status_with("&t->lock", false);

	(void)state;
	/* What ThreadSanitizer exits with, or a broken invariant of the monitor's that the race led to first. */
	assert_int_equal(status, 66);
}

static void inversions_are_found(void **state)
{
	(void)state;
	assert_int_equal(status_with(NULL, true), 78);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("threads: a TVM's lock that is not taken is found", races_are_found),
		SENTENCE("threads: a lock out of order is found", inversions_are_found),
		SENTENCE("threads: four harts at once have no race, keep the lock order, and lose nothing", harts_at_once),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
