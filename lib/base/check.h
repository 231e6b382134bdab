/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check(x) stays in release builds and means a bug of ours: host and guest input never reaches it. A failed check
 * stops the machine (panic), because a monitor whose invariants are broken protects nobody.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include "base/types.h"

/* Provided by trap/ on the target and by the test harness on the host. */
void __noreturn panic(const char *what, const char *file, int line);

#define check(x)	do { if (unlikely(!(x))) panic(#x, __FILE_NAME__, __LINE__); } while (0)

#endif
