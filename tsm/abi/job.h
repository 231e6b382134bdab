/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of a vCPU that the U-mode program works at, step by step (struct vcpu_job). The vCPU stands at
 * its ECALL, which is executed again after every run of the program; the handler begins the job, takes
 * the result of a step and asks for the next, and ends the job with the answer.
 */
#ifndef ABI_JOB_H
#define ABI_JOB_H

#include "abi/tvm_sbi.h"
#include "measure/identity.h"

enum job_look {
	JOB_OTHER,		/* there is none for this call */
	JOB_REPLIED,		/* the step is done, the reply is in the mailbox and its status is OK */
	JOB_CARED_FOR,		/* the task goes on, or has failed and the call is answered: the handler returns true */
};

/* @refusal: the call's error where the program refuses what it was given. */
enum job_look job_look(const struct tvm_call *c, s64 refusal);

struct notary_mailbox *job_mailbox(const struct tvm_call *c);

/* The job for this call; any other is over. Its request can be written. */
void job_begin(const struct tvm_call *c);
/* The request is in the mailbox. True, for the handler to return. */
bool job_step(const struct tvm_call *c, enum vcpu_job_step step);
/* The TSM's own identity is made first, as a step of its own. As job_step(). */
bool job_make_identity(const struct tvm_call *c);

/* The end of the job, whatever it came to: keys and intermediates are gone. */
void job_end(struct vcpu *v);
/* Likewise, with that error as the answer. */
bool job_fail(const struct tvm_call *c, s64 error);
/*
 * The end, with the reply's data as the answer: at most @max bytes to @gpa. Where a page is missing the
 * job goes on. Does not fit: -3.
 */
bool job_deliver(const struct tvm_call *c, gpa_t gpa, u64 max);

#endif
