/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines on the console: "tsm: " and the text, one newline, formatted in a buffer on the stack and
 * written in one call, so that lines of several harts do not mix where the platform writes a buffer
 * at once. A longer text is cut.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include "base/types.h"

enum { LOG_LINE_MAX = 256 };	/* bytes, prefix and newline included */

/* Provided by platform/, and by the harness in host-native tests. Must not log. */
void platform_console_write(const char *s, size_t n);

void log_info(const char *f, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *f, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *f, ...) __attribute__((format(printf, 1, 2)));

#endif
