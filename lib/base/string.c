/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/types.h"
#include "base/string.h"

/*
 * Loops that look like memcpy or memset must not become a call to the function that they implement.
 * gcc decides that per file, clang per function.
 */
#ifdef __clang__
#define NO_CALLS	__attribute__((no_builtin))
#else
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#define NO_CALLS
#endif

#define WORD		sizeof(word_t)
#define BLOCK		(8 * WORD)
/* Below this the alignment work costs more than it saves. */
#define WORDWISE_MIN	16

typedef u64 __attribute__((may_alias)) word_t;

static inline size_t misalignment(const void *p)
{
	return (uintptr_t)p % WORD;
}

/*
 * Both sides aligned. All loads of a block come before its stores, so that dst may lie below an
 * overlapping src.
 */
NO_CALLS static size_t copy_words(unsigned char *dst, const unsigned char *src, size_t n)
{
	word_t *d = (word_t *)(void *)dst;
	const word_t *s = (const word_t *)(const void *)src;
	size_t left = n;

	for (; left >= BLOCK; left -= BLOCK, d += 8, s += 8) {
		word_t a = s[0], b = s[1], c = s[2], e = s[3];
		word_t f = s[4], g = s[5], h = s[6], i = s[7];

		d[0] = a;
		d[1] = b;
		d[2] = c;
		d[3] = e;
		d[4] = f;
		d[5] = g;
		d[6] = h;
		d[7] = i;
	}
	for (; left >= WORD; left -= WORD)
		*d++ = *s++;
	return n - left;
}

/*
 * Only dst aligned: every word is put together from two aligned words of src. Only words that lie
 * wholly inside src are loaded; the bytes before the first are gathered one by one. Little-endian.
 */
NO_CALLS static size_t copy_shifted(unsigned char *dst, const unsigned char *src, size_t n)
{
	size_t skew = misalignment(src);
	unsigned int down = (unsigned int)(8 * skew);
	unsigned int up = (unsigned int)(8 * (WORD - skew));
	const word_t *s = (const word_t *)(const void *)(src - skew + WORD);
	size_t words = (n + skew - WORD) / WORD;	/* whole words of src from s on */
	word_t *d = (word_t *)(void *)dst;
	const word_t *end = d + words;
	word_t low = 0;

	for (size_t i = 0; i < WORD - skew; i++)
		low |= (word_t)src[i] << (8 * (skew + i));
	while (d != end) {
		word_t high = *s++;

		*d++ = low >> down | high << up;
		low = high;
	}
	return words * WORD;
}

NO_CALLS static void copy_forward(unsigned char *d, const unsigned char *s, size_t n)
{
	if (n >= WORDWISE_MIN) {
		size_t done;

		for (; misalignment(d); n--)
			*d++ = *s++;
		done = misalignment(s) ? copy_shifted(d, s, n) : copy_words(d, s, n);
		d += done;
		s += done;
		n -= done;
	}
	while (n--)
		*d++ = *s++;
}

NO_CALLS static void copy_backward(unsigned char *d, const unsigned char *s, size_t n)
{
	d += n;
	s += n;
	if (n >= WORDWISE_MIN && misalignment(d) == misalignment(s)) {
		for (; misalignment(d); n--)
			*--d = *--s;
		for (; n >= WORD; n -= WORD) {
			d -= WORD;
			s -= WORD;
			*(word_t *)(void *)d = *(const word_t *)(const void *)s;
		}
	}
	while (n--)
		*--d = *--s;
}

NO_CALLS void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	copy_forward(dst, src, n);
	return dst;
}

NO_CALLS void *memmove(void *dst, const void *src, size_t n)
{
	if ((uintptr_t)dst - (uintptr_t)src >= n)	/* dst below src, or no overlap */
		copy_forward(dst, src, n);
	else
		copy_backward(dst, src, n);
	return dst;
}

NO_CALLS void *memset(void *dst, int c, size_t n)
{
	unsigned char byte = (unsigned char)c;
	unsigned char *p = dst;

	if (n >= WORDWISE_MIN) {
		word_t v = byte;
		word_t *w;

		v |= v << 8;
		v |= v << 16;
		v |= v << 32;
		for (; misalignment(p); n--)
			*p++ = byte;
		w = (word_t *)(void *)p;
		for (; n >= BLOCK; n -= BLOCK, w += 8) {
			w[0] = v;
			w[1] = v;
			w[2] = v;
			w[3] = v;
			w[4] = v;
			w[5] = v;
			w[6] = v;
			w[7] = v;
		}
		for (; n >= WORD; n -= WORD)
			*w++ = v;
		p = (unsigned char *)w;
	}
	while (n--)
		*p++ = byte;
	return dst;
}

NO_CALLS int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	if (n >= WORDWISE_MIN && !misalignment(x) && !misalignment(y)) {
		for (; n >= WORD; n -= WORD, x += WORD, y += WORD) {
			if (*(const word_t *)(const void *)x != *(const word_t *)(const void *)y)
				break;
		}
	}
	for (; n; n--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

NO_CALLS void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (; n; n--, p++) {
		if (*p == (unsigned char)c)
			return (void *)(uintptr_t)p;
	}
	return NULL;
}

NO_CALLS size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}

NO_CALLS size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

NO_CALLS int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (unsigned char)*a - (unsigned char)*b;
}

NO_CALLS int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; a++, b++, n--)
		;
	return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

NO_CALLS char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++) {
		if (!*s)
			return NULL;
	}
	return (char *)(uintptr_t)s;
}

NO_CALLS char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	do {
		if (*s == (char)c)
			last = s;
	} while (*s++);
	return (char *)(uintptr_t)last;
}

NO_CALLS char *strstr(const char *s, const char *find)
{
	size_t n = strlen(find);

	for (; *s; s++) {
		if (!strncmp(s, find, n))
			return (char *)(uintptr_t)s;
	}
	return n ? NULL : (char *)(uintptr_t)s;
}

NO_CALLS char *strncpy(char *dst, const char *src, size_t n)
{
	size_t i;

	for (i = 0; i < n && src[i]; i++)
		dst[i] = src[i];
	for (; i < n; i++)
		dst[i] = 0;
	return dst;
}
