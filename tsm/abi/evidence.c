/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COVG get_evidence (ABI.md 15.2, docs/attestation.md): a job of the vCPU's. What it needs of the
 * TVM's memory is copied once, when it begins; its answer is written when all is done. In between
 * the vCPU stands at its ECALL.
 */
#include "abi/tvm_sbi.h"
#include "base/string.h"
#include "cove/attest.h"
#include "measure/identity.h"
#include "sbi.h"

static struct notary_mailbox *mailbox(const struct tvm_call *c)
{
	return task_mailbox(vcpu_arena(c->vcpu));
}

/* The vCPU's registers name the call that the job is for. */
static bool job_is_for(const struct vcpu_job *job, const struct world *w)
{
	return job->step != JOB_NONE && !memcmp(job->call, &w->gpr[REG_A0], sizeof(job->call));
}

/* The end of the job, whatever it came to: keys and intermediates are gone. */
static void job_end(struct vcpu *v)
{
	task_clear(&v->task, vcpu_arena(v));
	memset(&v->job, 0, sizeof(v->job));
}

static bool job_fail(const struct tvm_call *c, s64 error)
{
	job_end(c->vcpu);
	return tvm_reply(c, error, 0);
}

/* The request is in the mailbox. The task is entered when the call has been served. */
static bool job_step(const struct tvm_call *c, enum vcpu_job_step step)
{
	struct vcpu *v = c->vcpu;

	v->job.step = step;
	task_start(&v->task, vcpu_arena(v));
	v->job.enter = true;
	return true;
}

/* Reads key and challenge. False: a page is missing, and nothing has begun. */
static bool begin(const struct tvm_call *c, gpa_t *missing)
{
	struct vcpu *v = c->vcpu;
	struct notary_request *q = &mailbox(c)->request;

	job_end(v);
	q->op = NOTARY_PARSE_KEY;
	q->input.size = (u32)tvm_arg(c, 1);
	if (!tvm_read(c->tvm, GPA(tvm_arg(c, 0)), q->input.data, q->input.size, missing) ||
	    !tvm_read(c->tvm, GPA(tvm_arg(c, 2)), v->job.challenge, sizeof(v->job.challenge), missing))
		return false;
	memcpy(v->job.call, &v->world.gpr[REG_A0], sizeof(v->job.call));
	return true;
}

static bool ask_evidence(const struct tvm_call *c, const struct cove_handoff *h)
{
	struct notary_request *q = &mailbox(c)->request;
	struct notary_evidence *e = &q->evidence;
	struct measure_reg reg;

	q->op = NOTARY_EVIDENCE;
	e->format = (u32)tvm_arg(c, 3);
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

/* The TSM's own identity first, where it is not known yet. */
static bool next_step(const struct tvm_call *c)
{
	struct notary_request *q = &mailbox(c)->request;
	const struct cove_handoff *h = identity();

	if (h)
		return ask_evidence(c, h);
	q->op = NOTARY_HANDOFF;
	q->svn = COVE_TCB_SVN;
	return job_step(c, JOB_IDENTITY);
}

static bool deliver(const struct tvm_call *c, const struct notary_reply *r)
{
	u64 size = r->size;
	gpa_t missing;

	if (size > sizeof(r->data))
		return job_fail(c, SBI_ERR_FAILED);
	if (size > tvm_arg(c, 5))
		return job_fail(c, SBI_ERR_INVALID_PARAM);
	/* Until the last page is there the call goes on, and nobody expects anything in the others. */
	if (!tvm_write(c->tvm, GPA(tvm_arg(c, 4)), r->data, size, &missing))
		return tvm_need_page(c, CAUSE_STORE_GUEST, missing);
	job_end(c->vcpu);
	return tvm_reply(c, SBI_SUCCESS, size);
}

/* The task is done with a step. Nothing that it wrote is believed but what is checked here. */
static bool step_done(const struct tvm_call *c)
{
	const struct notary_reply *r = &mailbox(c)->reply;
	struct vcpu_job *job = &c->vcpu->job;

	if (r->status == NOTARY_REFUSED)
		return job_fail(c, SBI_ERR_INVALID_PARAM);
	if (r->status != NOTARY_OK)
		return job_fail(c, SBI_ERR_FAILED);
	switch (job->step) {
	case JOB_NONE:
		break;
	case JOB_KEY:
		job->key = r->key;
		if (job->key.curve >= DICE_CURVES)
			break;
		return next_step(c);
	case JOB_IDENTITY:
		identity_publish(&r->handoff);
		return next_step(c);
	case JOB_EVIDENCE:
		return deliver(c, r);
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
	struct vcpu *v = c->vcpu;
	gpa_t missing;

	if (!buffers_valid(c))
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	if (!sizes_valid(c))
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	if (!job_is_for(&v->job, &v->world)) {
		if (!begin(c, &missing))
			return tvm_need_page(c, CAUSE_LOAD_GUEST, missing);
		return job_step(c, JOB_KEY);
	}
	switch (v->task.state) {
	case TASK_READY:
		v->job.enter = true;
		return true;
	case TASK_DONE:
		return step_done(c);
	case TASK_NONE:
	case TASK_FAILED:
		break;
	}
	return job_fail(c, SBI_ERR_FAILED);
}
