/* SPDX-License-Identifier: BSD-2-Clause */
#include "abi/job.h"
#include "base/string.h"
#include "cove/attest.h"
#include "sbi.h"

struct notary_mailbox *job_mailbox(const struct tvm_call *c)
{
	return task_mailbox(vcpu_arena(c->vcpu));
}

/* The vCPU's registers name the call that the job is for. */
static bool is_for(const struct vcpu_job *job, const struct world *w)
{
	return job->step != JOB_NONE && !memcmp(job->call, &w->gpr[REG_A0], sizeof(job->call));
}

enum job_look job_look(const struct tvm_call *c, s64 refusal)
{
	struct vcpu *v = c->vcpu;

	if (!is_for(&v->job, &v->world))
		return JOB_OTHER;
	if (v->task.state == TASK_READY) {
		v->job.enter = true;
		return JOB_CARED_FOR;
	}
	/* Nothing that the program wrote is believed but what is checked, here and by the caller. */
	if (v->task.state != TASK_DONE) {
		job_fail(c, SBI_ERR_FAILED);
		return JOB_CARED_FOR;
	}
	switch (job_mailbox(c)->reply.status) {
	case NOTARY_OK:
		return JOB_REPLIED;
	case NOTARY_REFUSED:
		job_fail(c, refusal);
		return JOB_CARED_FOR;
	}
	job_fail(c, SBI_ERR_FAILED);
	return JOB_CARED_FOR;
}

void job_begin(const struct tvm_call *c)
{
	struct vcpu *v = c->vcpu;

	job_end(v);
	memcpy(v->job.call, &v->world.gpr[REG_A0], sizeof(v->job.call));
}

bool job_step(const struct tvm_call *c, enum vcpu_job_step step)
{
	struct vcpu *v = c->vcpu;

	v->job.step = step;
	task_start(&v->task, vcpu_arena(v));
	v->job.enter = true;
	return true;
}

bool job_make_identity(const struct tvm_call *c)
{
	struct notary_request *q = &job_mailbox(c)->request;

	q->op = NOTARY_HANDOFF;
	q->svn = COVE_TCB_SVN;
	return job_step(c, JOB_IDENTITY);
}

void job_end(struct vcpu *v)
{
	task_clear(&v->task, vcpu_arena(v));
	memset(&v->job, 0, sizeof(v->job));
}

bool job_fail(const struct tvm_call *c, s64 error)
{
	job_end(c->vcpu);
	return tvm_reply(c, error, 0);
}

bool job_deliver(const struct tvm_call *c, gpa_t gpa, u64 max)
{
	const struct notary_reply *r = &job_mailbox(c)->reply;
	u64 size = r->size;
	gpa_t missing;

	if (size > sizeof(r->data))
		return job_fail(c, SBI_ERR_FAILED);
	if (size > max)
		return job_fail(c, SBI_ERR_INVALID_PARAM);
	/* Until the last page is there the call goes on, and nobody expects anything in the others. */
	if (!tvm_write(c->tvm, gpa, r->data, size, &missing))
		return tvm_need_page(c, CAUSE_STORE_GUEST, missing);
	job_end(c->vcpu);
	return tvm_reply(c, SBI_SUCCESS, size);
}
