/* SPDX-License-Identifier: BSD-2-Clause */
#include "tvm/region.h"
#include "base/check.h"

void region_map_init(struct region_map *m)
{
	*m = (struct region_map){ .random = 1 };
	region_map_refill(m, m->embedded, REGION_EMBEDDED);
}

static void put(struct region_map *m, struct region *r)
{
	r->next[0] = m->spare;
	m->spare = r;
	m->spare_count++;
}

void region_map_refill(struct region_map *m, struct region *r, u64 count)
{
	for (u64 i = 0; i < count; i++)
		put(m, &r[i]);
}

static u64 end_of(const struct region *r)
{
	return r->base + r->size;
}

/* Where, in each list, the regions begin that end behind @gpa. */
struct place {
	struct region **link[REGION_LISTS];
};

static struct place place_of(struct region_map *m, u64 gpa)
{
	struct region **row = m->first;
	struct place p;

	for (u32 l = REGION_LISTS; l-- > 0;) {
		while (row[l] && end_of(row[l]) <= gpa)
			row = row[l]->next;
		p.link[l] = &row[l];
	}
	return p;
}

/* The first region that ends behind @gpa. */
static const struct region *first_behind(const struct region_map *m, u64 gpa)
{
	struct region *const *row = m->first;

	for (u32 l = REGION_LISTS; l-- > 0;)
		while (row[l] && end_of(row[l]) <= gpa)
			row = row[l]->next;
	return row[0];
}

/* Xorshift: how high a region stands decides only how long a search takes. */
static u32 random_height(struct region_map *m)
{
	u32 height = 1;

	m->random ^= m->random << 13;
	m->random ^= m->random >> 17;
	m->random ^= m->random << 5;
	for (u32 bits = m->random; height < REGION_LISTS && !(bits & (BIT(REGION_LIST_SHIFT) - 1));
	     bits >>= REGION_LIST_SHIFT)
		height++;
	return height;
}

/* A region where there is none, out of a spare descriptor. */
static struct region *insert(struct region_map *m, u64 base, u64 size, enum region_type type)
{
	struct place p = place_of(m, base);
	struct region *r = m->spare;

	check(r);
	m->spare = r->next[0];
	m->spare_count--;
	*r = (struct region){ .base = base, .size = size, .type = type, .height = random_height(m) };
	for (u32 l = 0; l < r->height; l++) {
		r->next[l] = *p.link[l];
		*p.link[l] = r;
	}
	return r;
}

/* Takes the first region at @p out. */
static void take_out(struct region_map *m, const struct place *p)
{
	struct region *r = *p->link[0];

	for (u32 l = 0; l < r->height; l++)
		*p->link[l] = r->next[l];
	put(m, r);
}

const struct region *region_find(const struct region_map *m, u64 gpa)
{
	const struct region *r = first_behind(m, gpa);

	return r && r->base <= gpa ? r : NULL;
}

enum region_type region_of_range(const struct region_map *m, u64 gpa, u64 size)
{
	const struct region *r = region_find(m, gpa);

	return r && size <= r->size - (gpa - r->base) ? r->type : REGION_NONE;
}

bool region_overlaps(const struct region_map *m, u64 gpa, u64 size)
{
	const struct region *r = first_behind(m, gpa);

	return r && r->base < gpa + size;
}

/* Cuts a region in two at @where, which lies inside it. */
static void cut(struct region_map *m, struct region *r, u64 where)
{
	u64 tail = end_of(r) - where;

	r->size = where - r->base;
	insert(m, where, tail, r->type);
}

/* Takes [gpa, end) out of the list. */
static void carve(struct region_map *m, u64 gpa, u64 end)
{
	struct place p = place_of(m, gpa);
	struct region *r = *p.link[0];

	if (r && r->base < gpa) {
		cut(m, r, gpa);
		p = place_of(m, gpa);
	}
	while ((r = *p.link[0]) != NULL && r->base < end) {
		if (end_of(r) > end)
			cut(m, r, end);
		take_out(m, &p);
	}
}

/* Each request stays a region of its own, so that its end needs no descriptor. */
static bool is_pending(enum region_type type)
{
	return type == REGION_CONFIDENTIAL_REMOVABLE || type == REGION_SHARED_REMOVABLE;
}

static void join_next(struct region_map *m, struct region *r)
{
	const struct region *next = r->next[0];
	struct place p;

	if (!next || next->base != end_of(r) || next->type != r->type || is_pending(r->type))
		return;
	p = place_of(m, next->base);
	r->size += next->size;
	take_out(m, &p);
}

void region_set(struct region_map *m, u64 gpa, u64 size, enum region_type type)
{
	struct region *previous;

	carve(m, gpa, gpa + size);
	if (type == REGION_NONE)
		return;
	join_next(m, insert(m, gpa, size, type));
	previous = gpa ? *place_of(m, gpa - 1).link[0] : NULL;
	if (previous && previous->base < gpa)
		join_next(m, previous);
}

const struct region *region_overlapping(const struct region_map *m, u64 gpa, u64 size,
					enum region_type type)
{
	for (const struct region *r = first_behind(m, gpa); r && r->base < gpa + size; r = r->next[0])
		if (r->type == type)
			return r;
	return NULL;
}
