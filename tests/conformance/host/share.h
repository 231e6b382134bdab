/* SPDX-License-Identifier: BSD-2-Clause */
/* Sharing, as the TVM asks for it and its host does it: what the tests of it have in common. */
#ifndef SHARE_H
#define SHARE_H

#include "expect.h"

#define GPA TVM_FRESH_GPA
#define PING 0x676e6950ULL
#define PONG 0x676e6f50ULL

bool share_begin(struct tvm *t);
void share_end(struct tvm *t);
/* vCPU 0 asks; the exit is looked at. */
bool share_ask(struct tvm *t, u64 fid, u64 gpa, u64 size);
/* The host answers, and the TVM has this for its a0. */
s64 share_answer(struct tvm *t, u64 a0, u64 a1);
/* Both, answered with yes; share_range(): SHARE. */
bool share_change(struct tvm *t, u64 fid, u64 gpa, u64 size);
bool share_range(struct tvm *t, u64 gpa, u64 size);
/* One page of the host's. */
struct sbiret share_add(struct tvm *t, u64 pa, u64 gpa);
/* INVALIDATE, TVM_FENCE, REMOVE */
bool share_take_out(struct tvm *t, u64 gpa, u64 size);
/* A page that holds the word, and behind it what nobody has written. */
u64 share_new_page(u64 word);

#endif
