/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosted header for third-party code under -nostdinc. There is no heap, hence no malloc. */
#ifndef SHIM_STDLIB_H
#define SHIM_STDLIB_H

#include <stddef.h>

#define EXIT_SUCCESS	0
#define EXIT_FAILURE	1

#endif
