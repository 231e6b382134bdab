/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ATST, the attestation extension that guests of Salus know (ABI.md 15.4): the same registers as
 * COVG's, named by PCR. Errors and their order are Salus's: a buffer that is too small is -9, an
 * address need not be aligned. Stricter than Salus: a buffer lies in confidential memory (-5).
 */
#include "abi/tvm_sbi.h"
#include "cove/attest.h"
#include "sbi.h"

/* Lists the registers that have a fwid; the others are COVG's alone. */
static void describe(struct atst_capabilities *caps)
{
	u32 n = 0;

	*caps = (struct atst_capabilities){
		.svn = COVE_TCB_SVN,
		.hash = ATST_HASH_SHA384,
		.evidence_formats = ATST_FORMAT_DICE_TCB_INFO,
	};
	for (u32 i = 0; i < COVE_MR_COUNT; i++) {
		bool runtime = measure_is_runtime(i);

		if (measure_names[i].fwid == MEASURE_NO_FWID)
			continue;
		caps->registers[n++] = (struct atst_descriptor){
			.fwid = measure_names[i].fwid,
			.pcr = measure_names[i].pcr,
			.runtime = runtime,
		};
		caps->runtime_count = (u8)(caps->runtime_count + runtime);
		caps->static_count = (u8)(caps->static_count + !runtime);
	}
}

/* Refuses: too small (-9); address (-5). Value: 0. */
static bool get_capabilities(const struct tvm_call *c)
{
	gpa_t gpa = GPA(tvm_arg(c, 0));
	struct atst_capabilities caps;

	if (tvm_arg(c, 1) < sizeof(caps))
		return tvm_reply(c, ATST_ERR_BUFFER, 0);
	if (!tvm_is_confidential(c, gpa, sizeof(caps)))
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	describe(&caps);
	return tvm_answer(c, gpa, &caps, sizeof(caps), 0);
}

/*
 * M' = SHA384(M || digest || 16 zeros). Refuses: no such PCR (-3); not a digest's size (-9);
 * address (-5); not a runtime register (-3).
 */
static bool extend_measurement(const struct tvm_call *c)
{
	gpa_t gpa = GPA(tvm_arg(c, 0));
	u32 index = measure_of_pcr(tvm_arg(c, 2));

	if (index == COVE_MR_COUNT)
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	if (tvm_arg(c, 1) != COVE_MR_SIZE)
		return tvm_reply(c, ATST_ERR_BUFFER, 0);
	if (!tvm_is_confidential(c, gpa, COVE_MR_SIZE))
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	if (!measure_is_runtime(index))
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	return tvm_extend(c, index, gpa, ATST_EXTEND_SIZE);
}

/* Refuses: no such PCR (-3); too small (-9); address (-5). Value: bytes written. */
static bool read_measurement(const struct tvm_call *c)
{
	gpa_t gpa = GPA(tvm_arg(c, 0));
	u32 index = measure_of_pcr(tvm_arg(c, 2));
	struct measure_reg reg;

	if (index == COVE_MR_COUNT)
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	if (tvm_arg(c, 1) < sizeof(reg))
		return tvm_reply(c, ATST_ERR_BUFFER, 0);
	if (!tvm_is_confidential(c, gpa, sizeof(reg)))
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	measure_read(&c->tvm->measurement, index, &reg);
	return tvm_answer(c, gpa, &reg, sizeof(reg), sizeof(reg));
}

bool tvm_atst_call(const struct tvm_call *c)
{
	switch (c->vcpu->world.gpr[REG_A6]) {
	case ATST_GET_CAPABILITIES:
		return get_capabilities(c);
	case ATST_GET_EVIDENCE:
		return atst_get_evidence(c);
	case ATST_EXTEND_MEASUREMENT:
		return extend_measurement(c);
	case ATST_READ_MEASUREMENT:
		return read_measurement(c);
	}
	return tvm_reply(c, SBI_ERR_NOT_SUPPORTED, 0);
}
