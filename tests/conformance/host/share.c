/* SPDX-License-Identifier: BSD-2-Clause */
#include "share.h"

bool share_begin(struct tvm *t)
{
	return ok(tvm_build(t) && tvm_sync(t, 0), "a TVM runs (%s)", numbering_name());
}

void share_end(struct tvm *t)
{
	ok(tvm_destroy(t), "the TVM is destroyed and all its pages come back as zero");
}

/* The TVM asks; the exit is looked at. */
bool share_ask(struct tvm *t, u64 fid, u64 gpa, u64 size)
{
	const u64 args[6] = { gpa, size };
	struct exit e = { 0 };
	bool good;

	good = tvm_ecall_begin(t, 0, SBI_EXT_COVG, fid, args, &e) && !e.error && !e.value &&
	       e.scause == CAUSE_ECALL && e.a[7] == SBI_EXT_COVG && e.a[6] == fid &&
	       e.a[0] == gpa && e.a[1] == size;
	if (!good)
		exit_note(&e);
	return good;
}

/* The host answers, and the TVM has this for its a0. */
s64 share_answer(struct tvm *t, u64 a0, u64 a1)
{
	shmem_gpr(10) = a0;
	shmem_gpr(11) = a1;
	return tvm_ecall_end(t, 0).error;
}

bool share_change(struct tvm *t, u64 fid, u64 gpa, u64 size)
{
	return share_ask(t, fid, gpa, size) && share_answer(t, 0, 0) == 0;
}

bool share_range(struct tvm *t, u64 gpa, u64 size)
{
	return share_change(t, COVG_SHARE_MEMORY, gpa, size);
}

struct sbiret share_add(struct tvm *t, u64 pa, u64 gpa)
{
	return covh_add_shared(t->id, pa, COVE_PAGE_4K, 1, gpa);
}

/* INVALIDATE, TVM_FENCE, REMOVE */
bool share_take_out(struct tvm *t, u64 gpa, u64 size)
{
	return !covh_invalidate(t->id, gpa, size).error && !covh_tvm_fence(t->id).error &&
	       !covh_remove(t->id, gpa, size).error;
}

u64 share_new_page(u64 word)
{
	u64 pa = pages_alloc(1, 1);

	memset((void *)pa, 0, PAGE_SIZE);
	*(volatile u64 *)pa = word;
	return pa;
}
