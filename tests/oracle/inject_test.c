/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a TVM, call by call. For every call, and for every reservation, lookup and copy in it: that one fails. Then the
 * call is refused, nothing has changed, and made once more it succeeds; in the end every page comes back.
 */
#include "unit/tvm_rig.h"

#include <sys/wait.h>
#include <unistd.h>

#include "cove/covi.h"
#include "oracle/inject.h"
#include "oracle/watch.h"

/* Which call of the life has a failure, and which of its uses fails. */
static struct {
	u32 call, use;
	bool over;		/* the call has fewer uses */
	u32 count;		/* calls so far */
	u32 failures, passed;	/* failures; of those, with a way round */
} job;

#define LARGE_GPA	(RAM + SIZE_2M)
#define FILES_GPA	0x28000000ULL

static bool is_its_turn(void)
{
	return job.count++ == job.call && !job.over;
}

/* What became of the call whose turn it was. */
static void judge(const char *failed, bool done, s64 error)
{
	if (!failed) {
		assert_true(done);
		assert_int_equal(error, 0);
		job.over = true;
		return;
	}
	job.failures++;
	/* Where there is another way (RECLAIM page by page, a retry) it may be taken. */
	job.passed += done && !error;
}

/* A call of the host that succeeds, in the end. */
static u64 host(u64 eid, u64 fid, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	const u64 args[] = { a0, a1, a2, a3, a4, a5 };
	struct rig_ret r = { 0 };

	if (is_its_turn()) {
		bool done;
		const char *failed;

		inject_arm(job.use);
		done = rig_try(eid, fid, args, 6, &r);
		failed = inject_disarm();
		judge(failed, done, r.error);
		if (done && !r.error)
			return r.value;
	}
	for (u32 i = 0; i < 64 && !rig_try(eid, fid, args, 6, &r); i++)
		;
	if (r.error)
		fail_msg("call %u (%llx %llu), after use %u failed: %lld", job.count - 1, (unsigned long long)eid,
			 (unsigned long long)fid, job.use, (long long)r.error);
	return r.value;
}

#define H6(eid, fid, a, b, c, d, e, f, ...)	host(eid, fid, a, b, c, d, e, f)
#define HOST(fid, ...)	H6(SBI_EXT_COVH, fid, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define STRICT(fid, ...)	H6(SBI_EXT_COVH, SPEC(fid), __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define COVI(fid, ...)	H6(SBI_EXT_COVI, fid, __VA_ARGS__, 0, 0, 0, 0, 0, 0)

static void enter(u64 vcpu)
{
	HOST(COVH_RFC_RUN_VCPU, t.id, vcpu);
	assert_non_null(rig_hart()->vcpu);
}

/*
 * A call of the TVM that is answered with success, or ends the run with an exit. A failed lookup may be an exit for a page
 * that is missing: the host runs the vCPU again.
 */
static void guest(u64 eid, u64 fid, u64 a0, u64 a1, u64 a2, bool exits)
{
	const u64 args[] = { a0, a1, a2 };
	struct rig_ret r;

	if (is_its_turn()) {
		const char *failed;
		bool in;

		inject_arm(job.use);
		in = rig_tvm_ecall(eid, fid, args, 3, &r);
		failed = inject_disarm();
		judge(failed, true, failed ? -1 : 0);
		if (!failed || (in && !rig_world()->gpr[REG_A0]) ||
		    (!in && exits && csr_read(CSR_VSCAUSE) == CAUSE_ECALL_VS))
			return;
		if (!in)
			assert_true(COVH(COVH_RFC_RUN_VCPU, t.id, 0).entered);
	}
	assert_int_equal(rig_tvm_ecall(eid, fid, args, 3, &r), !exits);
	if (!exits)
		assert_int_equal(rig_world()->gpr[REG_A0], 0);
}

static void fences(void)
{
	for (u32 i = 0; i < RIG_HARTS; i++) {
		rig_on(i);
		HOST(COVH_LOCAL_FENCE, 0);
	}
	rig_on(0);
	HOST(COVH_GLOBAL_FENCE, 0);
	for (u32 i = 0; i < RIG_HARTS; i++) {
		rig_on(i);
		HOST(COVH_LOCAL_FENCE, 0);
	}
	rig_on(0);
}

static void born(void)
{
	struct cove_tvm_create_params params = { t.pgd, t.tvm_state };
	struct cove_tvm_aia_params aia = { .imsic_base_addr = FILES_GPA, .hart_index_bits = 2, .group_index_shift = 24 };

	memcpy(rig_word(t.params), &params, sizeof(params));
	t.id = HOST(COVH_CREATE_TVM, t.params, sizeof(params));
	HOST(COVH_RFC_ADD_PGT_PAGES, t.id, t.pool, POOL_PAGES);
	HOST(COVH_RFC_ADD_MEMORY_REGION, t.id, RAM, 2 * SIZE_2M);
	memcpy(rig_word(t.params), &aia, sizeof(aia));
	COVI(COVI_INIT_AIA, t.id, t.params, sizeof(aia));
	for (u32 i = 0; i < 2; i++) {
		HOST(COVH_RFC_CREATE_VCPU, t.id, i, t.vcpu[i]);
		COVI(COVI_SET_CPU_IMSIC_ADDR, t.id, i, FILES_GPA + i * PAGE_SIZE);
	}
	HOST(COVH_RFC_ADD_MEASURED_PAGES, t.id, t.source, t.image, 0, 4, RAM);
	HOST(COVH_FINALIZE_TVM, t.id, ENTRY, ENTRY_ARG, t.source);
	H6(SBI_EXT_NACL, NACL_SET_SHMEM, t.shmem, 0, 0, 0, 0, 0);
}

static void bound(void)
{
	u64 file = RIG_FILES + 2 * PAGE_SIZE;

	COVI(COVI_CONVERT_IMSIC, file);
	COVI(COVI_CONVERT_IMSIC, file + PAGE_SIZE);
	fences();
	COVI(COVI_BIND, t.id, 0, 2);
	COVI(COVI_REBIND_BEGIN, t.id, 0, 4);
	HOST(COVH_RFC_TVM_FENCE, t.id);
	COVI(COVI_REBIND_CLONE, t.id, 0);
	COVI(COVI_REBIND_END, t.id, 0);
	COVI(COVI_UNBIND_BEGIN, t.id, 0);
	HOST(COVH_RFC_TVM_FENCE, t.id);
	COVI(COVI_UNBIND_END, t.id, 0);
	COVI(COVI_BIND, t.id, 0, 2);
}

static void asks(void)
{
	enter(0);
	guest(SBI_EXT_COVG, COVG_ALLOW_EXT_INTERRUPT, 5, 0, 0, true);
	COVI(COVI_INJECT, t.id, 0, 5);
	enter(0);
	guest(SBI_EXT_COVG, COVG_ADD_MMIO_REGION, 0x10000000, PAGE_SIZE, 0, true);
	enter(0);
	guest(SBI_EXT_COVG, COVG_REMOVE_MMIO_REGION, 0x10000000, PAGE_SIZE, 0, true);
	enter(0);
	guest(SBI_EXT_COVG, COVG_READ_MEASUREMENT, RAM, 4096, 4, false);
	guest(SBI_EXT_COVG, COVG_EXTEND_MEASUREMENT, RAM, COVE_MR_SIZE, COVE_MR_INITIAL_COUNT, false);
	guest(SBI_EXT_COVG, COVG_GET_ATTCAPS, RAM, 4096, 0, false);
	guest(SBI_EXT_DBCN, SBI_DBCN_WRITE_BYTE, 'x', 0, 0, true);
	enter(0);
	guest(SBI_EXT_HSM, SBI_HSM_START, 1, RAM, 0, true);
}

/* A page is shared and taken back. */
static void shares(void)
{
	shmem_set(NACL_GPR_OFFSET(REG_A0), 0);
	enter(0);
	guest(SBI_EXT_COVG, COVG_SHARE_MEMORY, RAM, PAGE_SIZE, 0, true);
	STRICT(COVH_SPEC_INVALIDATE_PAGES, t.id, RAM, PAGE_SIZE);
	STRICT(COVH_SPEC_VALIDATE_PAGES, t.id, RAM, PAGE_SIZE);
	STRICT(COVH_SPEC_INVALIDATE_PAGES, t.id, RAM, PAGE_SIZE);
	STRICT(COVH_SPEC_TVM_FENCE, t.id);
	STRICT(COVH_SPEC_REMOVE_PAGES, t.id, RAM, PAGE_SIZE);
	shmem_set(NACL_GPR_OFFSET(REG_A0), 0);
	enter(0);
	kick();
	STRICT(COVH_SPEC_ADD_SHARED_PAGES, t.id, t.source, 0, 1, RAM);
	enter(0);
	guest(SBI_EXT_COVG, COVG_UNSHARE_MEMORY, RAM, PAGE_SIZE, 0, true);
	STRICT(COVH_SPEC_INVALIDATE_PAGES, t.id, RAM, PAGE_SIZE);
	STRICT(COVH_SPEC_TVM_FENCE, t.id);
	STRICT(COVH_SPEC_REMOVE_PAGES, t.id, RAM, PAGE_SIZE);
	shmem_set(NACL_GPR_OFFSET(REG_A0), 0);
	enter(0);
	kick();
}

static void folds(u64 large)
{
	STRICT(COVH_CONVERT_PAGES, large, 512);
	fences();
	STRICT(COVH_SPEC_ADD_ZERO_PAGES, t.id, large, 0, 512, LARGE_GPA);
	HOST(COVH_RFC_INVALIDATE_PAGES, t.id, LARGE_GPA, SIZE_2M);
	HOST(COVH_RFC_TVM_FENCE, t.id);
	HOST(COVH_RFC_PROMOTE_PAGE, t.id, LARGE_GPA, 1);
	HOST(COVH_RFC_INVALIDATE_PAGES, t.id, LARGE_GPA, SIZE_2M);
	HOST(COVH_RFC_TVM_FENCE, t.id);
	HOST(COVH_RFC_DEMOTE_PAGE, t.id, LARGE_GPA, 0);
}

static void life(void)
{
	u64 large;

	job.count = 0;
	tvm_alloc();
	large = rig_alloc(512, SIZE_2M);
	HOST(COVH_GET_TSM_INFO, t.params, 32);
	STRICT(COVH_CONVERT_PAGES, t.pgd, (t.source - t.pgd) >> PAGE_SHIFT);
	fences();
	born();
	bound();
	asks();
	shares();
	folds(large);
	HOST(COVH_RFC_DESTROY_TVM, t.id);
	H6(SBI_EXT_NACL, NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE, 0, 0, 0, 0);
	HOST(COVH_RECLAIM_PAGES, t.pgd, (t.source - t.pgd) >> PAGE_SHIFT);
	HOST(COVH_RECLAIM_PAGES, large, 512);
	COVI(COVI_RECLAIM_IMSIC, RIG_FILES + 2 * PAGE_SIZE);
	COVI(COVI_RECLAIM_IMSIC, RIG_FILES + 3 * PAGE_SIZE);
	rig_all_returned();
}

static void every_use_of_every_call(void **state)
{
	u32 calls;

	(void)state;
	shadow_secrets = false;
	job.call = ~0u;
	life();
	calls = job.count;
	for (job.call = 0; job.call < calls; job.call++) {
		job.over = false;
		for (job.use = 1; !job.over; job.use++)
			life();
	}
	print_message("# %u calls, %u failures, %u of them with a way round\n", calls, job.failures, job.passed);
	assert_true(job.failures > calls);
}

/* A monitor that forgets to give a claim back when a call fails. */
static void leaks_are_found(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		setenv("ORACLE_STATUS", "77", 1);
		inject_leak = true;
		every_use_of_every_call(NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("inject: a call of which anything fails is refused, changes nothing, and succeeds the next time",
			 every_use_of_every_call),
		SENTENCE("inject: a claim that a failed call keeps is found", leaks_are_found),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
