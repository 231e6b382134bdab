/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An exit, compared with ABI 9.4 to the byte: the whole NACL area is poisoned before the RUN and
 * looked at after it.
 */
#ifndef EXPECT_H
#define EXPECT_H

#include "tests.h"

struct expect {
	u64 scause, stval, htval, htinst;
	u32 args;		/* so many of a[] are written, the other registers are not */
	u64 a[8];
	s64 value;		/* of RUN */
	u64 vstimecmp;
	u64 vsie;
	bool irq;		/* a host interrupt: stval, htval and htinst are not written */
};

#define EXPECT(cause, ...)	{ .scause = (cause), .vstimecmp = ~0ULL, ##__VA_ARGS__ }

/*
 * RUNs the vCPU, whose answer in a0 (and a1) is already in the area, and says in three lines
 * whether the exit is what is expected. False: it is not, and the TVM is broken.
 */
bool expect_exit(struct tvm *t, u32 vcpu, const struct expect *x, const char *what);
/* The same for a command of the program: its third word and the exit that it leads to. */
bool expect_command(struct tvm *t, u32 vcpu, u64 op, u64 a, u64 b, const struct expect *x,
		    const char *what);

#endif
