/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounded formatting for the console: %s %c %d %i %u %x %p %%, with l, ll, z, a width and zero
 * padding. %p is 0x and 16 digits. Anything else is printed as it stands. The result always ends in
 * NUL when size is not 0.
 */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include "base/types.h"

/*
 * Both return the length of the text in buf, without the NUL: less than size, even if the text was
 * cut.
 */
size_t fmt_v(char *buf, size_t size, const char *f, va_list args)
	__attribute__((format(printf, 3, 0)));
size_t fmt(char *buf, size_t size, const char *f, ...)
	__attribute__((format(printf, 3, 4)));

#endif
