/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory and string functions under their ordinary names, since compilers emit calls to them and
 * third-party code expects them. memcpy, memmove and memset move 64 bytes per loop where the
 * alignment of both sides allows it and 8 bytes per loop elsewhere; they never touch a byte outside
 * the given ranges. Memory of the host or of a TVM is not theirs to read: that goes through trap/'s
 * expected-fault copies.
 */
#ifndef BASE_STRING_H
#define BASE_STRING_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *find);
char *strncpy(char *dst, const char *src, size_t n);

#endif
