/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several vCPUs of several TVMs on one hart: as many at once as the hart has guest files, and more
 * than that by unbinding one for another. Each makes progress, and finds the interrupts that came
 * while it had no file. Groups: turns, no_files.
 */
#include "tests.h"
#include "../rt/aia.h"

#define TVMS	  3
#define PER_TVM	  3
#define VCPUS	  (TVMS * PER_TVM)
#define ROUNDS	  5
#define FIRST_ID  16
#define COUNT(n)  (TVM_FRESH_GPA + (u64)((n) % PER_TVM) * PAGE_SIZE)
#define MAX_FILES 7

static struct tvm tvms[TVMS];
/* Who has which file: vCPU number + 1, or 0; where a vCPU sits, or 0. */
static u32 holder[MAX_FILES + 1], seat_of[VCPUS];
static u32 next_file, evictions;

static struct tvm *tvm_of(u32 n)
{
	return &tvms[n / PER_TVM];
}

static bool give_up(u32 file)
{
	u32 n = holder[file] - 1;

	evictions++;
	seat_of[n] = holder[file] = 0;
	return aia_unbind(tvm_of(n), n % PER_TVM, 0);
}

/* The vCPU gets a file, the next one in turn, whoever has it. */
static bool seat(u32 n)
{
	if (seat_of[n])
		return true;
	next_file = next_file % host_files() + 1;
	if (holder[next_file] && !give_up(next_file))
		return false;
	holder[next_file] = n + 1;
	seat_of[n] = next_file;
	return aia_bind(tvm_of(n), n % PER_TVM, 0, next_file);
}

/* Each allows all for itself, enables all, and has a page where it counts. */
static bool start(u32 n)
{
	struct tvm *t = tvm_of(n);
	u32 v = n % PER_TVM;

	if (v && !(seat(n - v) && tvm_start(t, v)))
		return false;
	if (!seat(n) || !tvm_sync(t, v) || !tvm_add_zero(t, COUNT(n)))
		return false;
	vcpu_irq_on(t, v, ~0ULL);
	return !tvm_covg(t, v, COVG_ALLOW_EXT_INTERRUPT, ~0ULL, 0).error;
}

static bool begin(void)
{
	bool good = true;

	memset(holder, 0, sizeof(holder));
	memset(seat_of, 0, sizeof(seat_of));
	next_file = evictions = 0;
	nacl_setup(0);
	for (u32 i = 0; i < TVMS; i++)
		good = good && aia_build(&tvms[i], PER_TVM);
	for (u32 n = 0; n < VCPUS; n++)
		good = good && start(n);
	return ok(good, "%u vCPUs of %u TVMs run on one hart, which has %u guest files", VCPUS,
		  TVMS, host_files());
}

static void end(void)
{
	for (u32 i = 0; i < TVMS; i++)
		ok(tvm_destroy(&tvms[i]), "TVM %u is destroyed and all its pages come back as zero",
		   i);
	ok(aia_give_back(), "the files come back");
}

static bool inject(u32 n, u32 id)
{
	return !covi_call(COVI_INJECT, tvm_of(n)->id, n % PER_TVM, id).error;
}

/* What the vCPU has counted grows by one, in its own memory. */
static bool counts(u32 n, u64 expected)
{
	struct tvm *t = tvm_of(n);
	u64 got = tvm_peek(t, n % PER_TVM, COUNT(n));

	if (got != expected)
		note("vCPU %u has counted %lu, not %lu", n, got, expected);
	tvm_poke(t, n % PER_TVM, COUNT(n), got + 1);
	return got == expected;
}

/* Two to each in every round, in an order that changes, before it has a file and after. */
static void round_of(u32 round, u32 *lost, u32 *stuck)
{
	for (u32 n = 0; n < VCPUS; n++)
		*lost += !inject(n, FIRST_ID + n);
	for (u32 i = 0; i < VCPUS; i++) {
		u32 n = (i * 4 + round) % VCPUS, v = n % PER_TVM;
		struct tvm *t = tvm_of(n);

		if (!seat(n)) {
			(*stuck)++;
			continue;
		}
		*lost += !inject(n, FIRST_ID + VCPUS + round);
		*lost += vcpu_take(t, v) != FIRST_ID + n;
		*lost += vcpu_take(t, v) != FIRST_ID + VCPUS + round;
		*lost += vcpu_take(t, v) != 0;
		*stuck += !counts(n, round);
	}
}

static void take_turns(void)
{
	u32 lost = 0, stuck = 0, before;

	if (!begin())
		return;
	before = evictions;
	for (u32 round = 0; round < ROUNDS; round++)
		round_of(round, &lost, &stuck);
	eq(stuck, 0, "each vCPU goes on where it was, every time that it is bound again");
	eq(lost, 0, "each finds every interrupt that came while it had no file, and no other");
	ok(evictions - before >= ROUNDS, "files changed hands %u times", evictions - before);
	end();
}

/* Those that hold all files at once are independent of each other: messages among them. */
static void all_files(void)
{
	u32 files = host_files(), wrong = 0;

	if (!begin())
		return;
	for (u32 n = 0; n < MIN(files, VCPUS); n++)
		wrong += !seat(n);
	for (u32 n = 0; n < MIN(files, VCPUS); n++) {
		u32 peer = n / PER_TVM * PER_TVM + (n + 1) % PER_TVM;

		if (seat_of[n] && seat_of[peer])
			vcpu_send(tvm_of(n), n % PER_TVM, TVM_FILE(peer % PER_TVM), 40 + n);
	}
	for (u32 n = 0; n < MIN(files, VCPUS); n++) {
		u32 peer = n / PER_TVM * PER_TVM + (n + 1) % PER_TVM;

		if (seat_of[n] && seat_of[peer])
			wrong += vcpu_take(tvm_of(peer), peer % PER_TVM) != 40 + n;
	}
	for (u32 n = 0; n < MIN(files, VCPUS); n++)
		wrong += seat_of[n] && vcpu_take(tvm_of(n), n % PER_TVM) != 0;
	eq(wrong, 0, "messages among the vCPUs that have files arrive at the right ones, and once");
	end();
}

static const struct test turns_tests[] = { TEST(take_turns), TEST(all_files) };

GROUP_FILES(turns, 1, 1);

/* --- a hart that has none to give --- */

static void without_files(void)
{
	struct tvm *t = &tvms[0];
	u32 refused = 0;

	if (host_files())
		return skip("this hart has guest files",
			    "a TVM can not be bound on a hart without guest files");
	sbi_probe(SBI_EXT_BASE);
	sbi_probe(SBI_EXT_NACL);
	csr_write(0x607, ~0ULL);
	eq(csr_read(0x607), 0, "hgeie shows no guest files");
	if (!ok(aia_build(t, 1), "a TVM whose vCPU has the address of a file is built"))
		return;
	for (u32 n = 1; n < 64; n++)
		refused += covi_call(COVI_BIND, t->id, 0, BIT(n)).error == SBI_ERR_INVALID_PARAM;
	eq(refused, 63, "BIND is refused for every mask of one bit");
	nacl_setup(0);
	sbi_err(covh_run(t->id, 0), SBI_ERR_INVALID_PARAM, "RUN of the unbound vCPU is refused");
	sbi_err(covi_call(COVI_CONVERT_IMSIC, file_page(0, 0), 0, 0), SBI_ERR_INVALID_ADDRESS,
		"CONVERT_IMSIC of the host's own file is refused");
	ok(tvm_destroy(t), "the TVM is destroyed and all its pages come back as zero");
	ok(tvm_build(t) && tvm_sync(t, 0), "a TVM without interrupt files runs there");
	ok(tvm_destroy(t), "and is destroyed");
}

static const struct test no_files_tests[] = { TEST(without_files) };

GROUP(no_files, true, 1);
