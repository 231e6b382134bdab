/* SPDX-License-Identifier: BSD-2-Clause */
/* COVG retrieve_secret (ABI.md 15.2): the secret of the payload that the TVM was started with. */
#include "abi/job.h"
#include "base/string.h"
#include "sbi.h"

static bool ask(const struct tvm_call *c)
{
	struct notary_request *q = &job_mailbox(c)->request;
	const struct cove_handoff *h = identity();
	struct measure_reg reg;

	if (!h)
		return job_make_identity(c);
	q->op = NOTARY_UNSEAL;
	memcpy(q->unseal.sealing_cdi, h->sealing_cdi, sizeof(q->unseal.sealing_cdi));
	for (u32 i = 0; i < COVE_PAYLOAD_MRS; i++) {
		measure_read(&c->tvm->measurement, COVE_MR_TVM_PAGES + i, &reg);
		memcpy(q->unseal.mr[i], reg.value, sizeof(reg.value));
	}
	q->unseal.payload = *tvm_payload(c->tvm);
	return job_step(c, JOB_SECRET);
}

static bool step_done(const struct tvm_call *c)
{
	if (c->vcpu->job.step == JOB_SECRET)
		return job_deliver(c, GPA(tvm_arg(c, 0)), tvm_arg(c, 1));
	if (c->vcpu->job.step != JOB_IDENTITY)
		return job_fail(c, SBI_ERR_FAILED);
	identity_publish(&job_mailbox(c)->reply.handoff);
	return ask(c);
}

/*
 * Refuses: destination unaligned or out of range (-5); size 0 or above a page, not confidential, secret
 * does not fit (-3); no payload, not for this TVM or this platform, not genuine (-4). Value: bytes written.
 */
bool covg_retrieve_secret(const struct tvm_call *c)
{
	u64 gpa = tvm_arg(c, 0), size = tvm_arg(c, 1);

	if (!IS_ALIGNED(gpa, PAGE_SIZE) || gpa >= GSTAGE_GPA_END)
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	if (!size || size > PAGE_SIZE || !tvm_is_confidential(c, GPA(gpa), size))
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	if (!tvm_payload(c->tvm)->magic)
		return tvm_reply(c, SBI_ERR_DENIED, 0);
	switch (job_look(c, SBI_ERR_DENIED)) {
	case JOB_OTHER:
		job_begin(c);
		return ask(c);
	case JOB_REPLIED:
		return step_done(c);
	case JOB_CARED_FOR:
		break;
	}
	return true;
}
