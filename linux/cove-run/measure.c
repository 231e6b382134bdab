// SPDX-License-Identifier: GPL-2.0-only
#include "measure.h"

#define CONFIG_VERSION	1

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

void measure_config(uint8_t reg[SHA384_SIZE], uint64_t base, uint64_t size, uint64_t vcpus)
{
	struct sha384 h;
	uint64_t i;

	sha384_init(&h);
	sha384_update(&h, reg, SHA384_SIZE);
	add(&h, CONFIG_VERSION);
	add(&h, 1);
	add(&h, base);
	add(&h, size);
	add(&h, vcpus);
	for (i = 0; i < vcpus; i++)
		add(&h, i);
	add(&h, 0);
	sha384_final(&h, reg);
}
