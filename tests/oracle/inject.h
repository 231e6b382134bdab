/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fault injection: what a call reserves, looks up or copies from the host can be made to fail at its n-th use. The linker's
 * --wrap puts the faults between the monitor's files. What a call does once it has begun to change things cannot fail, and
 * is not made to.
 */
#ifndef ORACLE_INJECT_H
#define ORACLE_INJECT_H

#include "base/types.h"

/* The @n-th use from now on fails, counted from 1; the others do not. */
void inject_arm(u32 n);
/* No more; the name of the function that failed, NULL: there were not so many uses. */
const char *inject_disarm(void);

/* A seeded fault: claims that a failed call should give back stay. */
extern bool inject_leak;

#endif
