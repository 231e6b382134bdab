/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/fmt.h"

struct out {
	char *buf;
	size_t size;
	size_t len;
};

struct spec {
	unsigned int width;
	bool zero;
	bool wide;	/* 64-bit argument */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len++] = c;
}

static void pad(struct out *o, char c, size_t have, size_t width)
{
	for (; have < width; have++)
		put(o, c);
}

static void put_string(struct out *o, const char *s, const struct spec *sp)
{
	size_t n = 0;

	if (!s)
		s = "(null)";
	while (n < o->size && s[n])
		n++;
	pad(o, ' ', n, sp->width);
	for (size_t i = 0; i < n; i++)
		put(o, s[i]);
}

static void put_number(struct out *o, u64 v, unsigned int base, bool negative,
		       const struct spec *sp)
{
	char digits[20];
	size_t n = 0, total;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	total = n + (negative ? 1 : 0);
	if (!sp->zero)
		pad(o, ' ', total, sp->width);
	if (negative)
		put(o, '-');
	if (sp->zero)
		pad(o, '0', total, sp->width);
	while (n)
		put(o, digits[--n]);
}

static void put_signed(struct out *o, s64 v, const struct spec *sp)
{
	put_number(o, v < 0 ? 0 - (u64)v : (u64)v, 10, v < 0, sp);
}

/*
 * Reads flags, width and length modifier behind a '%'; returns the place of the conversion letter.
 */
static const char *parse_spec(const char *f, struct spec *sp)
{
	*sp = (struct spec){ 0 };
	for (; *f == '0'; f++)
		sp->zero = true;
	for (; *f >= '0' && *f <= '9'; f++) {
		if (sp->width < 100)
			sp->width = sp->width * 10 + (unsigned int)(*f - '0');
	}
	for (; *f == 'l' || *f == 'z'; f++)
		sp->wide = true;
	return f;
}

/* False: the letter is none of ours, and nothing was taken from the arguments. */
static bool put_argument(struct out *o, char letter, struct spec *sp, va_list *ap)
{
	switch (letter) {
	case 's':
		put_string(o, va_arg(*ap, const char *), sp);
		return true;
	case 'c':
		put(o, (char)va_arg(*ap, int));
		return true;
	case 'd':
	case 'i':
		put_signed(o, sp->wide ? va_arg(*ap, s64) : va_arg(*ap, int), sp);
		return true;
	case 'u':
	case 'x':
		put_number(o, sp->wide ? va_arg(*ap, u64) : va_arg(*ap, unsigned int),
			   letter == 'u' ? 10 : 16, false, sp);
		return true;
	case 'p':
		put(o, '0');
		put(o, 'x');
		*sp = (struct spec){ .width = 16, .zero = true };
		put_number(o, (uintptr_t)va_arg(*ap, void *), 16, false, sp);
		return true;
	case '%':
		put(o, '%');
		return true;
	}
	return false;
}

size_t fmt_v(char *buf, size_t size, const char *f, va_list args)
{
	struct out o = { buf, size, 0 };
	struct spec sp;
	va_list ap;

	static_assert(sizeof(long) == 8 && sizeof(size_t) == 8, "l and z mean 64 bits");
	if (!size)
		return 0;
	va_copy(ap, args);
	while (*f) {
		const char *letter;

		if (*f != '%') {
			put(&o, *f++);
			continue;
		}
		letter = parse_spec(f + 1, &sp);
		if (put_argument(&o, *letter, &sp, &ap))
			f = letter + 1;
		else
			put(&o, *f++);
	}
	va_end(ap);
	buf[o.len] = 0;
	return o.len;
}

size_t fmt(char *buf, size_t size, const char *f, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, f);
	n = fmt_v(buf, size, f, ap);
	va_end(ap);
	return n;
}
