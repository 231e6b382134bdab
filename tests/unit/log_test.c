/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>

#include "log/log.h"

static char written[1024];
static size_t written_len;
static int calls;

void platform_console_write(const char *s, size_t n)
{
	assert_true(n < sizeof(written));
	memcpy(written, s, n);
	written[n] = 0;
	written_len = n;
	calls++;
}

static void prefixes_lines(void **state)
{
	(void)state;
	calls = 0;
	log_info("%d harts", 4);
	assert_string_equal(written, "tsm: 4 harts\n");
	log_warn("slow");
	assert_string_equal(written, "tsm: warning: slow\n");
	log_error("no %s", "memory");
	assert_string_equal(written, "tsm: error: no memory\n");
	assert_int_equal(calls, 3);
}

static void cuts_long_lines(void **state)
{
	char text[600];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	log_info("%s", text);
	assert_int_equal(written_len, LOG_LINE_MAX);
	assert_int_equal(written[written_len - 1], '\n');
	assert_memory_equal(written, "tsm: xxx", 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("a line is prefixed, ended and written in one call", prefixes_lines),
		SENTENCE("a line that is too long is cut and still ends", cuts_long_lines),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
