/* SPDX-License-Identifier: BSD-2-Clause */
/* TVMs with interrupt files on one hart: what the tests of them have in common. */
#ifndef BOUND_H
#define BOUND_H

#include "tests.h"
#include "../rt/aia.h"

/* vCPU i is bound to file i + 1 of this hart, and vCPU 0 runs. Is one check. */
bool bound_begin(struct tvm *t, u32 vcpus);
/* The TVM goes, and all files come back. */
void bound_end(struct tvm *t);
struct sbiret bound_inject(struct tvm *t, u32 vcpu, u64 id);
struct sbiret bound_allow(struct tvm *t, u32 vcpu, u64 id);
struct sbiret bound_deny(struct tvm *t, u32 vcpu, u64 id);

/* A TVM without files is destroyed, and its pages come back. Is one check. */
void bare_tvm_gone(struct tvm *t);

#endif
