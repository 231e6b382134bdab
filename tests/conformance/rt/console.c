/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include "rt.h"

struct sbiret sbi_call(u64 eid, u64 fid, u64 arg0, u64 arg1, u64 arg2, u64 arg3, u64 arg4, u64 arg5)
{
	register u64 a0 __asm__("a0") = arg0;
	register u64 a1 __asm__("a1") = arg1;
	register u64 a2 __asm__("a2") = arg2;
	register u64 a3 __asm__("a3") = arg3;
	register u64 a4 __asm__("a4") = arg4;
	register u64 a5 __asm__("a5") = arg5;
	register u64 a6 __asm__("a6") = fid;
	register u64 a7 __asm__("a7") = eid;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a6), "r"(a7)
			 : "memory");
	return (struct sbiret){ (s64)a0, (s64)a1 };
}

u64 sbi_probe(u64 eid)
{
	struct sbiret r = sbi(SBI_EXT_BASE, SBI_BASE_PROBE, eid);

	return r.error ? 0 : (u64)r.value;
}

void shutdown(bool failed)
{
	sbi(SBI_EXT_SRST, SBI_SRST_RESET, SBI_SRST_TYPE_SHUTDOWN,
	    failed ? SBI_SRST_REASON_FAILURE : SBI_SRST_REASON_NONE);
	for (;;)
		wfi();
}

struct text {
	char buf[512];
	u32 used;
};

static void put(struct text *t, char c)
{
	if (t->used < sizeof(t->buf))
		t->buf[t->used++] = c;
}

static void flush(struct text *t)
{
	const char *p = t->buf;

	while (t->used) {
		struct sbiret r = sbi(SBI_EXT_DBCN, SBI_DBCN_WRITE, t->used, (u64)p);

		if (r.error || r.value <= 0 || (u64)r.value > t->used) {
			for (; t->used; t->used--)
				sbi(SBI_EXT_LEGACY_PUTCHAR, 0, (u64)*p++);
			return;
		}
		p += r.value;
		t->used -= (u32)r.value;
	}
}

static void put_number(struct text *t, u64 v, u32 base, u32 width, char pad)
{
	char digits[24];
	u32 n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (width > n) {
		put(t, pad);
		width--;
	}
	while (n)
		put(t, digits[--n]);
}

/* Returns the place after the conversion. */
static const char *convert(struct text *t, const char *p, va_list *args)
{
	bool wide = false;
	char pad = ' ';
	u32 width = 0;

	if (*p == '0')
		pad = '0';
	while (*p >= '0' && *p <= '9')
		width = width * 10 + (u32)(*p++ - '0');
	while (*p == 'l') {
		wide = true;
		p++;
	}
	switch (*p) {
	case 'c':
		put(t, (char)va_arg(*args, int));
		break;
	case 's':
		for (const char *s = va_arg(*args, const char *); *s; s++)
			put(t, *s);
		break;
	case 'd': {
		s64 v = wide ? va_arg(*args, long) : va_arg(*args, int);

		if (v < 0)
			put(t, '-');
		put_number(t, v < 0 ? -(u64)v : (u64)v, 10, width, pad);
		break;
	}
	case 'u':
	case 'x': {
		u64 v = wide ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int);

		put_number(t, v, *p == 'x' ? 16 : 10, width, pad);
		break;
	}
	default:
		put(t, *p);
	}
	return p + 1;
}

void vprint(const char *fmt, va_list args)
{
	struct text t;
	va_list copy;

	t.used = 0;
	va_copy(copy, args);
	while (*fmt) {
		if (*fmt == '%')
			fmt = convert(&t, fmt + 1, &copy);
		else
			put(&t, *fmt++);
	}
	va_end(copy);
	flush(&t);
}

void print(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprint(fmt, args);
	va_end(args);
}
