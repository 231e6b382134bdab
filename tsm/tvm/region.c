/* SPDX-License-Identifier: BSD-2-Clause */
#include "tvm/region.h"
#include "base/check.h"

void region_map_init(struct region_map *m)
{
	m->first = NULL;
	m->spare = NULL;
	m->spare_count = 0;
	region_map_refill(m, m->embedded, REGION_EMBEDDED);
}

static void put(struct region_map *m, struct region *r)
{
	r->next = m->spare;
	m->spare = r;
	m->spare_count++;
}

void region_map_refill(struct region_map *m, struct region *r, u64 count)
{
	for (u64 i = 0; i < count; i++)
		put(m, &r[i]);
}

static struct region *get(struct region_map *m, u64 base, u64 size, enum region_type type)
{
	struct region *r = m->spare;

	check(r);
	m->spare = r->next;
	m->spare_count--;
	*r = (struct region){ .base = base, .size = size, .type = type };
	return r;
}

static u64 end_of(const struct region *r)
{
	return r->base + r->size;
}

const struct region *region_find(const struct region_map *m, u64 gpa)
{
	for (const struct region *r = m->first; r && r->base <= gpa; r = r->next)
		if (gpa - r->base < r->size)
			return r;
	return NULL;
}

enum region_type region_of_range(const struct region_map *m, u64 gpa, u64 size)
{
	const struct region *r = region_find(m, gpa);

	return r && size <= r->size - (gpa - r->base) ? r->type : REGION_NONE;
}

bool region_overlaps(const struct region_map *m, u64 gpa, u64 size)
{
	for (const struct region *r = m->first; r && r->base < gpa + size; r = r->next)
		if (ranges_overlap(gpa, size, r->base, r->size))
			return true;
	return false;
}

/* Cuts a region in two at @where, which lies inside it. */
static void cut(struct region_map *m, struct region *r, u64 where)
{
	struct region *tail = get(m, where, end_of(r) - where, r->type);

	tail->next = r->next;
	r->next = tail;
	r->size = where - r->base;
}

/* Takes [gpa, end) out of the list; returns the link where a region at @gpa belongs. */
static struct region **carve(struct region_map *m, u64 gpa, u64 end)
{
	struct region **link = &m->first;

	while (*link && end_of(*link) <= gpa)
		link = &(*link)->next;
	if (*link && (*link)->base < gpa) {
		cut(m, *link, gpa);
		link = &(*link)->next;
	}
	while (*link && (*link)->base < end) {
		struct region *r = *link;

		if (end_of(r) > end)
			cut(m, r, end);
		*link = r->next;
		put(m, r);
	}
	return link;
}

/* Each request stays a region of its own, so that its end needs no descriptor. */
static bool is_pending(enum region_type type)
{
	return type == REGION_CONFIDENTIAL_REMOVABLE || type == REGION_SHARED_REMOVABLE;
}

static void join_next(struct region_map *m, struct region *r)
{
	struct region *next = r->next;

	if (!next || next->base != end_of(r) || next->type != r->type || is_pending(r->type))
		return;
	r->size += next->size;
	r->next = next->next;
	put(m, next);
}

void region_set(struct region_map *m, u64 gpa, u64 size, enum region_type type)
{
	struct region **link = carve(m, gpa, gpa + size);
	struct region *r;

	if (type == REGION_NONE)
		return;
	r = get(m, gpa, size, type);
	r->next = *link;
	*link = r;
	join_next(m, r);
	for (struct region *p = m->first; p != r; p = p->next)
		if (p->next == r) {
			join_next(m, p);
			break;
		}
}

const struct region *region_overlapping(const struct region_map *m, u64 gpa, u64 size,
					enum region_type type)
{
	for (const struct region *r = m->first; r && r->base < gpa + size; r = r->next)
		if (r->type == type && ranges_overlap(gpa, size, r->base, r->size))
			return r;
	return NULL;
}
