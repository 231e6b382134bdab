// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "measure.h"

#define CONFIG_VERSION	1
#define GROUP_SHIFT	24	/* cove.ko's, where nobody sets another */

static void le64(uint8_t out[8], uint64_t x)
{
	int i;

	for (i = 0; i < 8; i++, x >>= 8)
		out[i] = (uint8_t)x;
}

static void extend(uint8_t reg[SHA384_SIZE], uint64_t number, const void *data, size_t n)
{
	struct sha384 h;
	uint8_t bytes[8];

	le64(bytes, number);
	sha384_init(&h);
	sha384_update(&h, reg, SHA384_SIZE);
	sha384_update(&h, bytes, sizeof(bytes));
	sha384_update(&h, data, n);
	sha384_final(&h, reg);
}

void measure_pages(uint8_t reg[SHA384_SIZE], uint64_t gpa, const void *pages, size_t size)
{
	const uint8_t *page = pages;
	size_t at;

	for (at = 0; at < size; at += MEASURE_PAGE)
		extend(reg, gpa + at, page + at, MEASURE_PAGE);
}

void measure_entry(uint8_t reg[SHA384_SIZE], uint64_t entry, uint64_t arg)
{
	extend(reg, entry, NULL, 0);
	extend(reg, arg, NULL, 0);
}

static void add(struct sha384 *h, uint64_t number)
{
	uint8_t bytes[8];

	le64(bytes, number);
	sha384_update(h, bytes, sizeof(bytes));
}

void measure_written(uint8_t reg[SHA384_SIZE], uint64_t gpa, const void *pages, size_t size)
{
	static const uint8_t zero[MEASURE_PAGE];
	const uint8_t *page = pages;
	size_t at;

	for (at = 0; at < size; at += MEASURE_PAGE)
		if (memcmp(page + at, zero, MEASURE_PAGE))
			measure_pages(reg, gpa + at, page + at, MEASURE_PAGE);
}

void measure_config(uint8_t reg[SHA384_SIZE], const struct measure_shape *shape)
{
	struct sha384 h;
	uint64_t i;

	sha384_init(&h);
	sha384_update(&h, reg, SHA384_SIZE);
	add(&h, CONFIG_VERSION);
	add(&h, 1);
	add(&h, shape->base);
	add(&h, shape->size);
	add(&h, shape->vcpus);
	for (i = 0; i < shape->vcpus; i++)
		add(&h, i);
	add(&h, shape->files != 0);
	if (shape->files) {
		add(&h, shape->files);
		add(&h, 0);
		add(&h, GROUP_SHIFT);
		add(&h, shape->hart_bits);
		add(&h, 0);
		for (i = 0; i < shape->vcpus; i++)
			add(&h, shape->files + i * MEASURE_PAGE);
	}
	sha384_final(&h, reg);
}
