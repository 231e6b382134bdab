/* SPDX-License-Identifier: BSD-2-Clause */
/* One proof for each handler of COVH, COVI and COVG: any arguments, any world. scripts/proof runs them. */
#include "proof.h"
#include "cove/covg.h"
#include "sbi.h"

#define HANDLER(name, ...)						\
void proof_##name(void)								\
{										\
	proof_world();								\
	struct call c = proof_call();					\
	struct reply r = name(&c);						\
										\
	proof_end(r, sizeof(#__VA_ARGS__) == 1);				\
}

/* covh_page.c */
HANDLER(covh_convert_pages)
HANDLER(covh_reclaim_pages)
HANDLER(covh_local_fence, never_fails)
HANDLER(covh_global_fence)
/* covh_tvm.c */
HANDLER(covh_create_tvm)
HANDLER(covh_finalize_tvm)
HANDLER(covh_destroy_tvm)
HANDLER(covh_add_memory_region)
HANDLER(covh_add_pgt_pages)
/* covh_add.c */
HANDLER(covh_add_measured_pages)
HANDLER(covh_add_zero_pages)
HANDLER(covh_add_shared_pages)
/* covh_block.c */
HANDLER(covh_invalidate_pages)
HANDLER(covh_validate_pages)
HANDLER(covh_remove_pages)
HANDLER(covh_promote_page)
HANDLER(covh_demote_page)
HANDLER(covh_tvm_fence)
/* covh_vcpu.c */
void proof_covh_create_vcpu(void)
{
	proof_vcpus = true;
	proof_world();
	struct call c = proof_call();

	proof_end(covh_create_vcpu(&c), true);
}

/* Where it can end in the vCPU's world, the reply is "again" and is not looked at. */
void proof_covh_run_vcpu(void)
{
	proof_world();
	struct call c = proof_call();
	struct reply r = covh_run_vcpu(&c);

	if (r.err == TSM_AGAIN && ghost.changes)
		r.err = TSM_OK;
	proof_end(r, true);
}

void proof_registers(struct world *w, u64 fid)
{
	for (u32 i = 0; i < ARRAY_SIZE(w->gpr); i++)
		w->gpr[i] = nondet_u64();
	w->gpr[REG_A6] = fid;
}

/* A call of a TVM: exactly one answer or exit, and an error without any change. */
static void covg(u64 fid)
{
	struct vcpu_exit e;

	proof_world();
	proof_registers(&proof_vcpu.world, fid);
	proof_tvm.aia.valid = nondet_bool();
	proof_vcpu.job.step = (enum vcpu_job_step)(nondet_u32() & 3);
	proof_vcpu.task.state = (enum task_state)(nondet_u32() & 3);
	for (u32 i = 0; i < ARRAY_SIZE(proof_vcpu.job.call); i++)
		proof_vcpu.job.call[i] = nondet_u64();
	/* RUN_VCPU holds it. */
	proof_tvm_word += BIT(32);
	struct tvm_call c = { .tvm = &proof_tvm, .vcpu = &proof_vcpu, .exit = &e };
	bool on = tvm_covg_call(&c);

	proof_check(ghost.replies == 1, "a call is answered once");
	proof_check(proof_refs() == 1, "the run's reference is left alone");
	for (u32 i = 0; i < PROOF_WORDS; i++)
		proof_check(words[i] == before[i], "no page word changes");
	proof_reach(on && ghost.refused);
	proof_reach(ghost.replies == 1 && !ghost.refused && (ghost.changes || fid == COVG_READ_MEASUREMENT));
}

#define COVG(name, fid)	void proof_covg_##name(void) { covg(fid); }

COVG(add_mmio_region, COVG_ADD_MMIO_REGION)
COVG(remove_mmio_region, COVG_REMOVE_MMIO_REGION)
COVG(share_memory, COVG_SHARE_MEMORY)
COVG(unshare_memory, COVG_UNSHARE_MEMORY)
COVG(allow_ext_interrupt, COVG_ALLOW_EXT_INTERRUPT)
COVG(deny_ext_interrupt, COVG_DENY_EXT_INTERRUPT)
COVG(get_attcaps, COVG_GET_ATTCAPS)
COVG(extend_measurement, COVG_EXTEND_MEASUREMENT)
COVG(read_measurement, COVG_READ_MEASUREMENT)
COVG(get_evidence, COVG_GET_EVIDENCE)
