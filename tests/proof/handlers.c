/* SPDX-License-Identifier: BSD-2-Clause */
/* One proof for each handler of COVH, COVI and COVG: any arguments, any world. scripts/proof runs them. */
#include "proof.h"
#include "cove/covg.h"
#include "cove/covi.h"
#include "sbi.h"

#define HANDLER(name, arity, ...)						\
void proof_##name(void)								\
{										\
	proof_world();								\
	struct call c = proof_call(arity);					\
	struct reply r = name(&c);						\
										\
	proof_end(r, sizeof(#__VA_ARGS__) == 1);				\
}

/* covh_page.c */
HANDLER(covh_convert_pages, 2)
HANDLER(covh_reclaim_pages, 2)
HANDLER(covh_local_fence, 0, never_fails)
HANDLER(covh_global_fence, 0)
/* covh_tvm.c */
HANDLER(covh_create_tvm, 2)
HANDLER(covh_finalize_tvm, 4)
HANDLER(covh_destroy_tvm, 1)
HANDLER(covh_add_memory_region, 3)
HANDLER(covh_add_pgt_pages, 3)
/* covh_add.c */
HANDLER(covh_add_measured_pages, 6)
HANDLER(covh_add_zero_pages, 5)
HANDLER(covh_add_shared_pages, 5)
/* covh_block.c */
HANDLER(covh_invalidate_pages, 3)
HANDLER(covh_validate_pages, 3)
HANDLER(covh_remove_pages, 3)
HANDLER(covh_promote_page, 3)
HANDLER(covh_demote_page, 3)
HANDLER(covh_tvm_fence, 1)
/* covh_vcpu.c */
HANDLER(covh_create_vcpu, 3)
HANDLER(covh_run_vcpu, 2)

/* The gate of COVH and COVI: from registers of any value to a handler, or none. */
#define ANY_REGISTERS(w, fid) do {						\
	for (u32 i_ = 0; i_ < 32; i_++)						\
		(w).gpr[i_] = nondet_u64();					\
	(w).gpr[REG_A6] = fid;							\
} while (0)

#define COVI(name, fid)								\
void proof_covi_##name(void)							\
{										\
	bool fail_entry = false;						\
										\
	struct world w;								\
										\
	proof_world();								\
	ANY_REGISTERS(w, fid);							\
	struct reply r = covi_call(this_hart(), &w, &fail_entry);		\
										\
	proof_end(r, true);								\
}

COVI(init_aia, COVI_INIT_AIA)
COVI(set_cpu_imsic_addr, COVI_SET_CPU_IMSIC_ADDR)
COVI(convert_imsic, COVI_CONVERT_IMSIC)
COVI(reclaim_imsic, COVI_RECLAIM_IMSIC)
COVI(bind, COVI_BIND)
COVI(unbind_begin, COVI_UNBIND_BEGIN)
COVI(unbind_end, COVI_UNBIND_END)
COVI(inject, COVI_INJECT)
COVI(rebind_begin, COVI_REBIND_BEGIN)
COVI(rebind_clone, COVI_REBIND_CLONE)
COVI(rebind_end, COVI_REBIND_END)

/* No handler runs for a function number that has none, whatever the other bits of a6 are. */
void proof_covh_get_tsm_info(void)
{
	bool fail_entry = false;

	struct world w;

	proof_world();
	ANY_REGISTERS(w, 0);
	struct reply r = covh_call(this_hart(), &w, &fail_entry);

	proof_end(r, true);
}

void proof_covi_unknown(void)
{
	u64 fid = nondet_u64();
	bool fail_entry = false;
	struct world w;

	proof_world();
	proof_assume((fid & 0x3ffffff) > COVI_REBIND_END);
	ANY_REGISTERS(w, fid);
	struct reply r = covi_call(this_hart(), &w, &fail_entry);

	proof_check(r.err == TSM_E_NOT_SUPPORTED && proof_nothing_changed(), "what no function means is refused");
	proof_reach(r.err == TSM_E_NOT_SUPPORTED);
}

/* A call of a TVM: exactly one answer or exit, and an error without any change. */
static void covg(u64 fid)
{
	struct vcpu_exit e;

	proof_world();
	ANY_REGISTERS(proof_vcpu.world, fid);
	proof_tvm.aia.valid = nondet_bool();
	proof_vcpu.job.step = (enum vcpu_job_step)(nondet_u32() & 3);
	proof_vcpu.task.state = (enum task_state)(nondet_u32() & 3);
	for (u32 i = 0; i < ARRAY_SIZE(proof_vcpu.job.call); i++)
		proof_vcpu.job.call[i] = nondet_u64();
	/* RUN_VCPU holds it. */
	ghost.refs = 1;
	struct tvm_call c = { .tvm = &proof_tvm, .vcpu = &proof_vcpu, .exit = &e };
	bool on = tvm_covg_call(&c);

	proof_check(ghost.replies == 1, "a call is answered once");
	proof_check(ghost.refs == 1, "the run's reference is left alone");
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
