/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ATST get_evidence: Salus's certificate for a PKCS #10 request (ABI.md 15.4, 15.5). As in Salus the challenge and the format
 * are not looked at: who wants a fresh answer asks by COVG.
 */
#include "abi/job.h"
#include "base/string.h"
#include "cove/attest.h"
#include "sbi.h"

static bool begin(const struct tvm_call *c)
{
	struct notary_request *q;
	gpa_t missing;

	job_begin(c);
	q = &job_mailbox(c)->request;
	q->op = NOTARY_PARSE_CSR;
	q->input.size = (u32)tvm_arg(c, 1);
	if (!tvm_read(c->tvm, GPA(tvm_arg(c, 0)), q->input.data, q->input.size, &missing))
		return tvm_need_page(c, CAUSE_LOAD_GUEST, missing);
	return job_step(c, JOB_CSR);
}

/* Who asks stays in the job while the TSM's identity is made. */
static bool ask(const struct tvm_call *c)
{
	struct notary_request *q = &job_mailbox(c)->request;
	const struct cove_handoff *h = identity();
	struct measure_reg reg;

	if (!h)
		return job_make_identity(c);
	q->op = NOTARY_SALUS;
	q->salus.applicant = c->vcpu->job.applicant;
	memcpy(q->salus.cdi, h->cdi, sizeof(q->salus.cdi));
	for (u32 i = 0; i < COVE_MR_COUNT; i++) {
		u8 fwid = measure_names[i].fwid;

		if (fwid >= NOTARY_FWIDS)
			continue;
		measure_read(&c->tvm->measurement, i, &reg);
		memcpy(q->salus.fwid[fwid], reg.value, sizeof(reg.value));
	}
	return job_step(c, JOB_SALUS);
}

static bool step_done(const struct tvm_call *c)
{
	const struct notary_reply *r = &job_mailbox(c)->reply;
	struct vcpu_job *job = &c->vcpu->job;

	if (job->step == JOB_SALUS)
		return job_deliver(c, GPA(tvm_arg(c, 4)), tvm_arg(c, 5));
	if (job->step == JOB_CSR) {
		job->applicant = r->applicant;
		return job->applicant.name_size <= NOTARY_NAME_MAX ? ask(c) : job_fail(c, SBI_ERR_FAILED);
	}
	if (job->step != JOB_IDENTITY)
		return job_fail(c, SBI_ERR_FAILED);
	identity_publish(&r->handoff);
	return ask(c);
}

/*
 * Refuses: no request's size, no output (-3); request or output not in confidential memory (-5); a request that is none,
 * or whose signature is not its key's, output too small (-3). Value: the certificate's size.
 */
bool atst_get_evidence(const struct tvm_call *c)
{
	u64 size = tvm_arg(c, 1), out = tvm_arg(c, 5);

	if (!size || size > NOTARY_INPUT_MAX || !out)
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	if (!tvm_is_confidential(c, GPA(tvm_arg(c, 0)), size) || !tvm_is_confidential(c, GPA(tvm_arg(c, 4)), out))
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	switch (job_look(c, SBI_ERR_INVALID_PARAM)) {
	case JOB_OTHER:
		return begin(c);
	case JOB_REPLIED:
		return step_done(c);
	case JOB_CARED_FOR:
		break;
	}
	return true;
}
