/* SPDX-License-Identifier: BSD-2-Clause */
#include "bound.h"

bool bound_begin(struct tvm *t, u32 vcpus)
{
	bool good = aia_build(t, vcpus);

	for (u32 i = 0; good && i < vcpus; i++)
		good = aia_bind(t, i, 0, i + 1);
	return ok(good && tvm_sync(t, 0), "a TVM with %u bound vCPUs runs (%s)", vcpus,
		  numbering_name());
}

void bound_end(struct tvm *t)
{
	ok(tvm_destroy(t), "the TVM is destroyed and all its pages come back as zero");
	ok(aia_give_back(), "its files come back");
}

struct sbiret bound_inject(struct tvm *t, u32 vcpu, u64 id)
{
	return covi_call(COVI_INJECT, t->id, vcpu, id);
}

struct sbiret bound_allow(struct tvm *t, u32 vcpu, u64 id)
{
	return tvm_covg(t, vcpu, COVG_ALLOW_EXT_INTERRUPT, id, 0);
}

struct sbiret bound_deny(struct tvm *t, u32 vcpu, u64 id)
{
	return tvm_covg(t, vcpu, COVG_DENY_EXT_INTERRUPT, id, 0);
}

void bare_tvm_gone(struct tvm *t)
{
	ok(tvm_destroy(t), "the TVM is destroyed and all its pages come back as zero");
}
