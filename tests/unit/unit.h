/* SPDX-License-Identifier: BSD-2-Clause */
/* What every unit test includes first. A test's name is a sentence that holds. */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/types.h"

#define SENTENCE(text, function)	{ text, function, NULL, NULL, NULL }

/* Numbers that look random and are the same in every run (xorshift64*). */
static inline u64 unit_random(u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ULL;
}

#endif
