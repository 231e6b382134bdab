/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosted header for third-party code under -nostdinc. */
#ifndef SHIM_STRING_H
#define SHIM_STRING_H

#include "base/string.h"

#endif
