/* SPDX-License-Identifier: BSD-2-Clause */
/* Base types. An address of one space cannot be passed for one of another: each is a struct of its own. */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

/* Supervisor physical address: what the memory bus sees. */
typedef struct { u64 v; } spa_t;
/* Host physical address: the host VM's guest-physical address. Untrusted until page/ or host/ resolved it. */
typedef struct { u64 v; } hpa_t;
/* Guest physical address of a TVM. */
typedef struct { u64 v; } gpa_t;
/* Number of a 4 KiB frame: spa / 4096. */
typedef struct { u64 v; } pfn_t;

#define SPA(x)			((spa_t){ (x) })
#define HPA(x)			((hpa_t){ (x) })
#define GPA(x)			((gpa_t){ (x) })
#define PFN(x)			((pfn_t){ (x) })

#define PAGE_SHIFT		12
#define PAGE_SIZE		(1ULL << PAGE_SHIFT)
#define PAGE_MASK		(PAGE_SIZE - 1)
#define SIZE_2M			(1ULL << 21)
#define SIZE_1G			(1ULL << 30)
#define PAGES_PER_2M		512

static inline pfn_t spa_pfn(spa_t a) { return PFN(a.v >> PAGE_SHIFT); }
static inline spa_t pfn_spa(pfn_t p) { return SPA(p.v << PAGE_SHIFT); }
static inline pfn_t pfn_add(pfn_t p, u64 n) { return PFN(p.v + n); }

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define BIT(n)			(1ULL << (n))
#define ALIGN_DOWN(x, a)	((x) & ~((a) - 1))
#define ALIGN_UP(x, a)		(((x) + (a) - 1) & ~((a) - 1))
#define IS_ALIGNED(x, a)	(((x) & ((a) - 1)) == 0)
#define MIN(a, b)		((a) < (b) ? (a) : (b))
#define MAX(a, b)		((a) > (b) ? (a) : (b))

#ifndef static_assert
#define static_assert		_Static_assert
#endif

#define __packed		__attribute__((packed))
#define __aligned(n)		__attribute__((aligned(n)))
#define __noreturn		__attribute__((noreturn))
#define __noinline		__attribute__((noinline))
#define __must_check		__attribute__((warn_unused_result))
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)

/* True when [base, base + size) does not wrap. An empty range does not. */
static inline bool range_ok(u64 base, u64 size)
{
	return size <= ~0ULL - base;
}

static inline bool ranges_overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a_size && b_size && a < b + b_size && b < a + a_size;
}

#endif
