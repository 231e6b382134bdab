/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Not an error: something that passes by itself is in the way (another hart's call is at work on
 * the same object, or the host has an interrupt to take). The TSM returns to the ECALL itself with
 * its registers unchanged, so the call is made again; the caller never sees it
 * (reference/DECISIONS.md 5). The gate in abi/ is the only place that acts on it.
 */
#ifndef GSTAGE_AGAIN_H
#define GSTAGE_AGAIN_H

#include "base/err.h"

#define TSM_AGAIN	TSM_ERR_COUNT

#endif
