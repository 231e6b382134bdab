/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each part of a TVM's guest-physical space is: a list of regions, sorted by address,
 * disjoint, neighbours of one type joined, but not those that are about to change hands. Their
 * number is limited by memory alone: descriptors come in pages that the TVM's page-table pool
 * gives. So that a TVM with many regions costs nobody a long search, it is a skip list. The TVM's
 * lock guards a map, except where no one can change it (FINALIZE).
 */
#ifndef TVM_REGION_H
#define TVM_REGION_H

#include "base/types.h"

enum region_type {
	REGION_NONE,
	REGION_CONFIDENTIAL,
	REGION_CONFIDENTIAL_REMOVABLE,	/* a share request is pending */
	REGION_SHARED,
	REGION_SHARED_REMOVABLE,	/* an unshare request is pending */
	REGION_MMIO,
	REGION_IMSIC,
};

/* Each list holds about a sixteenth of the one below it. */
enum { REGION_LISTS = 4, REGION_LIST_SHIFT = 4 };

struct region {
	u64 base;		/* gpa */
	u64 size;		/* bytes, not 0 */
	enum region_type type;
	u32 height;				/* lists that it is in, 1 to REGION_LISTS */
	struct region *next[REGION_LISTS];	/* next[0]: of all regions */
};

enum { REGION_EMBEDDED = 16 };

struct region_map {
	struct region *first[REGION_LISTS];
	u32 random;
	struct region *spare;
	u32 spare_count;
	struct region embedded[REGION_EMBEDDED];
};

void region_map_init(struct region_map *m);

/* Makes @count descriptors at @r available. */
void region_map_refill(struct region_map *m, struct region *r, u64 count);

/* A change of the map needs at most this many spare descriptors. */
#define REGION_SPARE_NEEDED	2

/* The region that @gpa lies in, NULL when there is none. */
const struct region *region_find(const struct region_map *m, u64 gpa);

/*
 * The type of the one region that holds all of [gpa, gpa + size), REGION_NONE when there is no such
 * region.
 */
enum region_type region_of_range(const struct region_map *m, u64 gpa, u64 size);

bool region_overlaps(const struct region_map *m, u64 gpa, u64 size);
/* The first region of that type that overlaps the range, which does not wrap, or NULL. */
const struct region *region_overlapping(const struct region_map *m, u64 gpa, u64 size,
					enum region_type type);

/*
 * Gives [gpa, gpa + size) the type @type, whatever it was; REGION_NONE takes it out of the map. The
 * range does not wrap and is not empty. The caller has seen REGION_SPARE_NEEDED spare descriptors.
 */
void region_set(struct region_map *m, u64 gpa, u64 size, enum region_type type);

#endif
