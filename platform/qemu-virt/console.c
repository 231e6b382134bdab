/* SPDX-License-Identifier: BSD-2-Clause */
#include "platform.h"
#include "rv_arch.h"
#include <sbi.h>

/* Firmware before SBI 2.0 has the legacy console only. */
static bool dbcn;

void platform_console_init(void)
{
	struct sbiret r = sbi_call(SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_DBCN, 0, 0, 0, 0);

	dbcn = !r.error && r.value > 0;
}

void platform_console_write(const char *s, size_t n)
{
	while (n) {
		struct sbiret r = { 0, 1 };

		if (dbcn)
			r = sbi_call(SBI_EXT_DBCN, SBI_DBCN_WRITE, n, ptr_spa(s).v, 0, 0, 0);
		else
			sbi_call(SBI_EXT_LEGACY_PUTCHAR, 0, (u8)*s, 0, 0, 0, 0);
		/* A console that takes nothing loses the rest rather than holding the hart. */
		if (r.error || r.value <= 0 || (u64)r.value > n)
			return;
		s += r.value;
		n -= (u64)r.value;
	}
}

size_t platform_console_read(char *s, size_t n)
{
	struct sbiret r;

	if (!n)
		return 0;
	if (dbcn) {
		r = sbi_call(SBI_EXT_DBCN, SBI_DBCN_READ, n, ptr_spa(s).v, 0, 0, 0);
		return !r.error && r.value > 0 && (u64)r.value <= n ? (u64)r.value : 0;
	}
	r = sbi_call(SBI_EXT_LEGACY_GETCHAR, 0, 0, 0, 0, 0, 0);
	if (r.error < 0)
		return 0;
	*s = (char)r.error;
	return 1;
}

void __noreturn platform_fail(void)
{
	sbi_call(SBI_EXT_SRST, SBI_SRST_RESET, SBI_SRST_TYPE_SHUTDOWN, SBI_SRST_REASON_FAILURE, 0, 0, 0);
	for (;;)
		rv_wfi();
}
