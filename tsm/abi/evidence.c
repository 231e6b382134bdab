/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COVG get_evidence (ABI.md 15.2, docs/attestation.md): a job of the vCPU's. What it needs of the
 * TVM's memory is copied once, when it begins; its answer is written when all is done.
 */
#include "abi/job.h"
#include "base/string.h"
#include "cove/attest.h"
#include "io/policy.h"
#include "sbi.h"

/* Reads key and challenge. A page is missing: nothing has begun. */
static bool begin(const struct tvm_call *c)
{
	struct vcpu *v = c->vcpu;
	struct notary_request *q;
	gpa_t missing;

	job_begin(c);
	q = &job_mailbox(c)->request;
	q->op = NOTARY_PARSE_KEY;
	q->input.size = (u32)tvm_arg(c, 1);
	if (!tvm_read(c->tvm, GPA(tvm_arg(c, 0)), q->input.data, q->input.size, &missing) ||
	    !tvm_read(c->tvm, GPA(tvm_arg(c, 2)), v->job.challenge, sizeof(v->job.challenge), &missing))
		return tvm_need_page(c, CAUSE_LOAD_GUEST, missing);
	return job_step(c, JOB_KEY);
}

/* The TSM's own identity first, where it is not known yet. */
static bool ask(const struct tvm_call *c)
{
	struct notary_request *q = &job_mailbox(c)->request;
	struct notary_evidence *e = &q->evidence;
	const struct cove_handoff *h = identity();
	struct measure_reg reg;

	if (!h)
		return job_make_identity(c);
	q->op = NOTARY_EVIDENCE;
	e->format = (u32)tvm_arg(c, 3);
	e->devices = policy_protection();
	e->subject = c->vcpu->job.key;
	memcpy(e->challenge, c->vcpu->job.challenge, sizeof(e->challenge));
	memcpy(e->identity, c->tvm->identity, sizeof(e->identity));
	for (u32 i = 0; i < COVE_MR_COUNT; i++) {
		measure_read(&c->tvm->measurement, i, &reg);
		memcpy(e->mr[i], reg.value, sizeof(e->mr[i]));
	}
	e->handoff = *h;
	/* The notary signs; it derives nothing here. */
	memset(e->handoff.cdi, 0, sizeof(e->handoff.cdi));
	memset(e->handoff.sealing_cdi, 0, sizeof(e->handoff.sealing_cdi));
	return job_step(c, JOB_EVIDENCE);
}

static bool step_done(const struct tvm_call *c)
{
	const struct notary_reply *r = &job_mailbox(c)->reply;
	struct vcpu_job *job = &c->vcpu->job;

	switch (job->step) {
	case JOB_NONE:
	case JOB_SECRET:
	case JOB_CSR:
	case JOB_SALUS:
		break;
	case JOB_KEY:
		job->key = r->key;
		if (job->key.curve >= DICE_CURVES)
			break;
		return ask(c);
	case JOB_IDENTITY:
		identity_publish(&r->handoff);
		return ask(c);
	case JOB_EVIDENCE:
		return job_deliver(c, GPA(tvm_arg(c, 4)), tvm_arg(c, 5));
	}
	return job_fail(c, SBI_ERR_FAILED);
}

static bool buffers_valid(const struct tvm_call *c)
{
	static const u8 addresses[] = { 0, 2, 4 };

	for (u32 i = 0; i < ARRAY_SIZE(addresses); i++) {
		u64 gpa = tvm_arg(c, addresses[i]);

		if (!IS_ALIGNED(gpa, PAGE_SIZE) || gpa >= GSTAGE_GPA_END)
			return false;
	}
	return true;
}

static bool sizes_valid(const struct tvm_call *c)
{
	u64 key = tvm_arg(c, 1), format = tvm_arg(c, 3), out = tvm_arg(c, 5);

	return key && key <= NOTARY_KEY_MAX && out &&
	       (format == COVE_CERT_CBOR || format == COVE_CERT_X509) &&
	       tvm_is_confidential(c, GPA(tvm_arg(c, 0)), key) &&
	       tvm_is_confidential(c, GPA(tvm_arg(c, 2)), COVE_CHALLENGE_SIZE) &&
	       tvm_is_confidential(c, GPA(tvm_arg(c, 4)), out);
}

/*
 * Refuses: an address unaligned or out of range (-5); key or output size, format, a buffer not all in
 * one confidential region, a key that is none, output too small (-3). Value: bytes written.
 */
bool covg_get_evidence(const struct tvm_call *c)
{
	if (!buffers_valid(c))
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	if (!sizes_valid(c))
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
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
