/* SPDX-License-Identifier: BSD-2-Clause */
#include "measure/measure.h"
#include "base/check.h"
#include "base/string.h"

static_assert(COVE_MR_SIZE == SHA384_SIZE, "registers hold one digest");

#define NONE	{ MEASURE_NO_FWID, COVE_PCR_UNMAPPED }

const struct measure_name measure_names[COVE_MR_COUNT] = {
	[COVE_MR_PLATFORM_FW]		= { 0, 0 },
	[COVE_MR_PLATFORM_CONFIG]	= { 1, 1 },
	[COVE_MR_TSM]			= NONE,
	[COVE_MR_TSM_MANIFEST]		= NONE,
	[COVE_MR_TVM_PAGES]		= { 2, 2 },
	[COVE_MR_TVM_ENTRY]		= { 3, 3 },
	[COVE_MR_TVM_CONFIG]		= NONE,
	[COVE_MR_INITIAL_COUNT]		= { 4, 17 }, { 5, 18 }, { 6, 19 }, { 7, 20 },
};

u32 measure_of_pcr(u64 pcr)
{
	u32 index = 0;

	while (index < COVE_MR_COUNT &&
	       (measure_names[index].pcr == COVE_PCR_UNMAPPED || measure_names[index].pcr != pcr))
		index++;
	return index;
}

void measure_read(struct measurement *m, u32 index, struct measure_reg *value)
{
	spin_lock(&m->lock);
	*value = m->reg[index];
	spin_unlock(&m->lock);
}

bool measure_extend(struct measurement *m, u32 index, const void *data, size_t size)
{
	struct measure_reg before, after;
	struct sha384_ctx ctx;
	bool same;

	check(measure_is_runtime(index));
	measure_read(m, index, &before);
	measure_begin(&ctx, &before);
	sha384_update(&ctx, data, size);
	measure_end(&ctx, &after);
	spin_lock(&m->lock);
	same = !memcmp(&m->reg[index], &before, sizeof(before));
	if (same)
		m->reg[index] = after;
	spin_unlock(&m->lock);
	return same;
}

void measure_begin(struct sha384_ctx *ctx, const struct measure_reg *r)
{
	sha384_init(ctx);
	sha384_update(ctx, r->value, sizeof(r->value));
}

void measure_add(struct sha384_ctx *ctx, u64 word)
{
	/* RISC-V is little-endian, and so are those who verify. */
	sha384_update(ctx, &word, sizeof(word));
}

void measure_end(struct sha384_ctx *ctx, struct measure_reg *r)
{
	sha384_finish(ctx, r->value);
}

void measure_page(struct measure_reg *r, gpa_t gpa, const void *page)
{
	struct sha384_ctx ctx;

	measure_begin(&ctx, r);
	measure_add(&ctx, gpa.v);
	sha384_update(&ctx, page, PAGE_SIZE);
	measure_end(&ctx, r);
}

void measure_word(struct measure_reg *r, u64 word)
{
	struct sha384_ctx ctx;

	measure_begin(&ctx, r);
	measure_add(&ctx, word);
	measure_end(&ctx, r);
}
