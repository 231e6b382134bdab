/* SPDX-License-Identifier: BSD-2-Clause */
/* A TVM's measurement registers: COVG functions 6, 7 and 10 (ABI.md 15.2). */
#include "abi/tvm_sbi.h"
#include "cove/attest.h"
#include "sbi.h"

bool tvm_is_confidential(const struct tvm_call *c, gpa_t gpa, u64 size)
{
	return gpa.v < GSTAGE_GPA_END && size <= GSTAGE_GPA_END - gpa.v &&
	       tvm_range_type(c->tvm, gpa, size) == REGION_CONFIDENTIAL;
}

bool tvm_answer(const struct tvm_call *c, gpa_t gpa, const void *src, u64 size, u64 value)
{
	gpa_t missing;
	u8 last;

	/* It may cross into a second page, which must be there before the first is written. */
	if (!tvm_read(c->tvm, GPA(gpa.v + size - 1), &last, 1, &missing) ||
	    !tvm_write(c->tvm, gpa, src, size, &missing))
		return tvm_need_page(c, CAUSE_STORE_GUEST, missing);
	return tvm_reply(c, SBI_SUCCESS, value);
}

bool tvm_extend(const struct tvm_call *c, u32 index, gpa_t gpa, u64 size)
{
	u8 data[ATST_EXTEND_SIZE] = { 0 };
	gpa_t missing;

	if (!tvm_read(c->tvm, gpa, data, COVE_MR_SIZE, &missing))
		return tvm_need_page(c, CAUSE_LOAD_GUEST, missing);
	/* Where another vCPU was faster, the ECALL is executed again. */
	if (!measure_extend(&c->tvm->measurement, index, data, size))
		return true;
	return tvm_reply(c, SBI_SUCCESS, 0);
}

/* COVG's rule for a buffer in a0 and a1: its address is a whole page's. */
static bool address_valid(const struct tvm_call *c)
{
	return IS_ALIGNED(tvm_arg(c, 0), PAGE_SIZE) && tvm_arg(c, 0) < GSTAGE_GPA_END;
}

static void describe(struct cove_attcaps *caps)
{
	*caps = (struct cove_attcaps){
		.tcb_svn = COVE_TCB_SVN,
		.hash = COVE_HASH_SHA384,
		.certificate_formats = COVE_CERT_CBOR | COVE_CERT_X509,
		.initial_count = COVE_MR_INITIAL_COUNT,
		.runtime_count = COVE_MR_RUNTIME_COUNT,
	};
	for (u32 i = 0; i < COVE_MR_COUNT; i++)
		caps->registers[i] = (struct cove_mr_descriptor){
			.hash = COVE_HASH_SHA384,
			.type = measure_is_runtime(i) ? COVE_MR_TYPE_RUNTIME : COVE_MR_TYPE_INITIAL,
			.tcg_pcr = measure_names[i].pcr,
		};
}

/*
 * Refuses: destination unaligned (-5); too small, not confidential (-3). The specification wants
 * the size to be whole pages; any that is large enough will do. Value: bytes written.
 */
bool covg_get_attcaps(const struct tvm_call *c)
{
	gpa_t gpa = GPA(tvm_arg(c, 0));
	u64 size = tvm_arg(c, 1);
	struct cove_attcaps caps;

	if (!address_valid(c))
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	if (size < sizeof(caps) || !tvm_is_confidential(c, gpa, size))
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	describe(&caps);
	return tvm_answer(c, gpa, &caps, sizeof(caps), sizeof(caps));
}

/*
 * M' = SHA384(M || digest). Refuses: buffer unaligned (-5); not a digest's size, no runtime
 * register, not confidential (-3).
 */
bool covg_extend_measurement(const struct tvm_call *c)
{
	gpa_t gpa = GPA(tvm_arg(c, 0));
	u64 index = tvm_arg(c, 2);

	if (!address_valid(c))
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	if (tvm_arg(c, 1) != COVE_MR_SIZE || !measure_is_runtime(index) ||
	    !tvm_is_confidential(c, gpa, COVE_MR_SIZE))
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	return tvm_extend(c, (u32)index, gpa, COVE_MR_SIZE);
}

/*
 * Refuses: destination unaligned (-5); too small, not confidential, no such register (-3). Value:
 * bytes written.
 */
bool covg_read_measurement(const struct tvm_call *c)
{
	gpa_t gpa = GPA(tvm_arg(c, 0));
	u64 size = tvm_arg(c, 1);
	u64 index = tvm_arg(c, 2);
	struct measure_reg reg;

	if (!address_valid(c))
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	if (size < sizeof(reg) || index >= COVE_MR_COUNT || !tvm_is_confidential(c, gpa, size))
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	measure_read(&c->tvm->measurement, (u32)index, &reg);
	return tvm_answer(c, gpa, &reg, sizeof(reg), sizeof(reg));
}
