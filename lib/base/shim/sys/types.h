/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosted header for third-party code under -nostdinc. */
#ifndef SHIM_SYS_TYPES_H
#define SHIM_SYS_TYPES_H

#include <stddef.h>

#endif
