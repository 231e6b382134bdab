/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosted header for third-party code under -nostdinc: mbedTLS's platform.h asks for it and uses
 * nothing of it.
 */
#ifndef SHIM_STDIO_H
#define SHIM_STDIO_H

#include <stddef.h>

#endif
