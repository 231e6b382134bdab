/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/fmt.h"
#include "log/log.h"

static void log_line(const char *prefix, const char *f, va_list ap)
{
	char line[LOG_LINE_MAX];
	size_t n = fmt(line, sizeof(line), "%s", prefix);

	n += fmt_v(line + n, sizeof(line) - n, f, ap);
	line[n++] = '\n';	/* takes the place of the NUL */
	platform_console_write(line, n);
}

void log_info(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	log_line("tsm: ", f, ap);
	va_end(ap);
}

void log_warn(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	log_line("tsm: warning: ", f, ap);
	va_end(ap);
}

void log_error(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	log_line("tsm: error: ", f, ap);
	va_end(ap);
}
